"""The TensorFlow backend: hooks, trace, lineage and probe of a compiled step."""
