"""Arguments of calls that are observed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["as_lists"]


def as_lists(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """Returns the arguments of a call with lists in place of iterators, because both we and Keras go through them."""
    kept = {name: list(value) if isinstance(value, Iterator) else value for name, value in kwargs.items()}
    return tuple(list(value) if isinstance(value, Iterator) else value for value in args), kept
