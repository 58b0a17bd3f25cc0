"""Tests of steps that PyTorch runs: ``KERAS_BACKEND=torch python -m pytest tests/backends/torch``."""
