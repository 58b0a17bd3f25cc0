"""Replaces an attribute of a class or object, and puts back what was there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["replace"]


def replace(owner: Any, name: str, value: object) -> Callable[[], None]:
    """Sets an attribute. Returns a function that puts the former one back.

    An attribute that was inherited is inherited again. If somebody else has replaced ours since, theirs stays: it calls
    ours, which by then must do nothing but call the original.
    """
    own = vars(owner)
    had, before = name in own, own.get(name)
    setattr(owner, name, value)

    def put_back() -> None:
        if vars(owner).get(name) is not value:
            return
        if had:
            setattr(owner, name, before)
        else:
            delattr(owner, name)

    return put_back
