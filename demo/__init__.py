"""Programs on real data, each with one planted problem. ``python -m demo`` runs the first four."""
