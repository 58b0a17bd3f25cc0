"""Steps that PyTorch runs: watched."""
