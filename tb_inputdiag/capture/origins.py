"""Where a value of a step comes from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value of a step comes from."""

    weighted: bool = False
    """A learned weight was read on the way."""
    sources: frozenset[int] = frozenset()
    """Indices of the inputs it comes from."""
    untouched: bool = False
    """Between it and its one input there are only casts and changes of shape."""
