"""A part of the list of runs: filtered, sorted, from one row to another; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tensorboard_plugin.inputdiag.payload_types import RunRow

__all__ = ["MAX_PAGE", "SORTS", "RunsPage", "cut_page"]

MAX_PAGE = 1000
"""Most rows of one answer."""
_VERDICTS = {"error": 0, "warning": 1, "info": 2, "healthy": 3, "waiting": 4}


@dataclass(frozen=True)
class RunsPage:
    """Which rows a client wants."""

    filter: str = ""
    """A part of the run's name; upper and lower case are the same. Several words: all of them."""
    sort: str = "name"
    """One of `SORTS`."""
    offset: int = 0
    limit: int = MAX_PAGE


def _natural(name: str) -> list[tuple[int, str]]:
    """Returns a key by which ``run-9`` comes before ``run-10``."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.lower())]


def _by_name(row: RunRow) -> Any:
    return _natural(row["run"]), row["session"]


def _by_time(row: RunRow) -> Any:
    return -row["last_event_time"], row["id"]


def _by_worst(row: RunRow) -> Any:
    return (
        _VERDICTS[row["verdict"]],
        -row["errors"],
        -row["warnings"],
        -row["infos"],
        -row["last_event_time"],
        row["id"],
    )


SORTS: Mapping[str, Callable[[RunRow], Any]] = {"name": _by_name, "time": _by_time, "worst": _by_worst}
"""``time``: the newest event first. ``worst``: the worst verdict first, then the most findings, then the newest."""


def cut_page(rows: Iterable[RunRow], page: RunsPage) -> tuple[list[RunRow], int]:
    """Returns the rows of a page, and how many rows match its filter."""
    words = page.filter.lower().split()
    found = [row for row in rows if all(word in row["run"].lower() for word in words)]
    found.sort(key=SORTS[page.sort])
    return found[page.offset : page.offset + page.limit], len(found)
