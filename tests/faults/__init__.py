"""What happens when things go wrong around a training: `python -m tests.faults` makes docs/faults.md."""
