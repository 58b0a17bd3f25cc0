"""Observes a model while it trains. What knows Keras is here; each backend has a package of its own."""
