"""In a notebook: alerts and runs as cards, and ``%load_ext tb_inputdiag``."""
