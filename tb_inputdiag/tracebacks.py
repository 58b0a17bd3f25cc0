"""Tracebacks without the frames of this package: they hide what the user should read."""

from __future__ import annotations

import types

__all__ = ["hide_own_frames", "user_frames"]

_PACKAGE = __name__.partition(".")[0]


def user_frames(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """Returns a traceback without the frames of this package; None if no other frame is in it."""
    kept = []
    while traceback is not None:
        if str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0] != _PACKAGE:
            kept.append(traceback)
        traceback = traceback.tb_next
    result = None
    for entry in reversed(kept):
        result = types.TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result


def hide_own_frames(exc: BaseException) -> None:
    """Takes the frames of this package out of an exception, and out of those that led to it.

    A traceback that has only frames of this package stays as it is: the fault is ours.
    """
    seen: set[int] = set()
    chain: list[BaseException | None] = [exc]
    while chain:
        link = chain.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        kept = user_frames(link.__traceback__)
        if kept is not None:
            link.__traceback__ = kept
        chain += [link.__cause__, link.__context__]
