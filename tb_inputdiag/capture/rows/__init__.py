"""The row of a step: what each backend observed, reduced in the same way."""
