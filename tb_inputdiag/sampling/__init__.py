"""Which steps are sampled, what each step lost, and what sampling cost."""
