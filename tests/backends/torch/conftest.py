"""Leaves these tests to a process of their own; `tests/backends/test_torch.py` starts it."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("KERAS_BACKEND") == "torch" else ["test_*.py"]
