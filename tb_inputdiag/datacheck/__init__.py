"""Whole data sets, checked before training: one pass over all of it, judged by the rules.

Reads arrays, frames, data sets and files without importing the packages they come from.
"""

from __future__ import annotations

from tb_inputdiag.datacheck.check import check_data
from tb_inputdiag.datacheck.result import DataCheck

__all__ = ["DataCheck", "check_data"]
