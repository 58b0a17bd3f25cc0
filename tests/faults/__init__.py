"""What happens when things go wrong around a training run: `python -m tests.faults` makes docs/faults.md."""
