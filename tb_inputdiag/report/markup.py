"""Text in HTML."""

from __future__ import annotations

from html import escape

from tb_inputdiag.report.ansi import clean

__all__ = ["html_text"]


def html_text(text: object) -> str:
    """Returns text that is only text in HTML, whatever it contains; also within the quotes of an attribute."""
    return escape(clean(text), quote=True)
