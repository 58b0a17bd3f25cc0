"""What a rule is shown: the current record and the past of its own run."""
