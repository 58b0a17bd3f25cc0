"""Shapes, lists and names as text, and the layout of code in fixes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from tb_inputdiag.records import ModelFacts

__all__ = ["join", "shape_text", "variable", "wrap_comments"]

_CODE_WIDTH = 69
"""Columns left for a fix in a terminal of 80 columns."""


def shape_text(shape: Sequence[int | None]) -> str:
    """Returns ``(None, 28, 28, 1)``."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def join(items: Sequence[object], limit: int = 5) -> str:
    """Returns ``a, b and c``; of more than `limit` items the first ones and ``and 3 more``."""
    words = [str(item) for item in items]
    if len(words) > limit:
        return f"{', '.join(words[:limit])} and {len(words) - limit} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def variable(name: str, role: str = "input", facts: ModelFacts | None = None) -> str:
    """Returns the likely name of a tensor in the user's code: ``x``, ``y``, ``x["image"]``, ``x[0]``."""
    letter = {"input": "x", "target": "y", "prediction": "y_pred"}.get(role, role)
    if name == letter or not name:
        return letter
    head, _, rest = name.partition("/")
    if head == letter and rest:
        return letter + "".join(f"[{part}]" if part.isdigit() else f'["{part}"]' for part in rest.split("/"))
    several = facts is not None and len(facts.inputs if role == "input" else facts.output_units) > 1
    return f'{letter}["{name}"]' if several else letter


def wrap_comments(code: str, width: int = _CODE_WIDTH) -> str:
    """Returns code in which a comment that makes its line too long stands on lines of its own.

    It goes above the line of code. A comment that begins with "or" is an alternative and goes below.
    """
    lines: list[str] = []
    for line in code.split("\n"):
        if len(line) <= width:
            lines.append(line)
            continue
        indent = line[: len(line) - len(line.lstrip())]
        body, _, comment = ("", "", line.lstrip()[1:]) if line.lstrip().startswith("#") else line.partition("  # ")
        room = width - len(indent) - len("# ")
        pieces = textwrap.wrap(comment.strip(), room, break_long_words=False, break_on_hyphens=False)
        remark = [f"{indent}# {piece}" for piece in pieces]
        rest = [body.rstrip()] if body.strip() else []
        lines += rest + remark if comment.startswith("or ") else remark + rest
    return "\n".join(lines)
