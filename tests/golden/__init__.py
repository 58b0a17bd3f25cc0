"""A log of each schema version, made once by `tests.golden.make` and never changed."""
