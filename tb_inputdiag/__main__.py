"""``python -m tb_inputdiag``."""

from __future__ import annotations

import sys

from tb_inputdiag.cli.entry import main

sys.exit(main())
