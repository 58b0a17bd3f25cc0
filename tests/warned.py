"""The warnings of this project among those that a test caught."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from tb_inputdiag.console import InputDiagWarning


def warned(caught: Iterable[warnings.WarningMessage]) -> list[str]:
    """The texts of our own warnings.

    Others come at any time, such as Python's about a file that an object left open.
    """
    return [str(item.message) for item in caught if issubclass(item.category, InputDiagWarning)]
