"""Programs on real data, each with one planted problem. ``python -m demo`` runs four of them, ``--all`` all."""
