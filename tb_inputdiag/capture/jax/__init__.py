"""Steps that JAX runs: shadowed."""
