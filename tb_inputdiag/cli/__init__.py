"""The command line ``tb-inputdiag``: what a log holds, in a terminal or for other programs."""

from __future__ import annotations

from tb_inputdiag.cli.entry import main

__all__ = ["main"]
