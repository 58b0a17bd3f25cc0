"""Text that is safe and readable in a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["COLOURS", "clean", "paint"]

COLOURS: Mapping[str, str] = {
    "ERROR": "1;31",
    "WARNING": "1;33",
    "INFO": "1;36",
    "strong": "1",
    "dim": "2",
    "code": "32",
    "bad": "31",
    "good": "32",
}
"""Style -> ANSI SGR parameters. Only the 16 colours that every terminal theme keeps readable."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def clean(text: object) -> str:
    """Returns text without control characters. Names in a log can hold anything and must not control a terminal."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", str(text).replace("\r\n", "\n").expandtabs(4))


def paint(text: str, style: str, color: bool) -> str:
    """Returns the text in a style of `COLOURS`, if `color`."""
    return f"\x1b[{COLOURS[style]}m{text}\x1b[0m" if color else text
