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


def _newest(row: RunRow) -> Any:
    return -row["started"], row["id"]


def _by_name(row: RunRow) -> Any:
    return _natural(row["run"]), _newest(row)


def _by_worst(row: RunRow) -> Any:
    return row["order"], _newest(row)


SORTS: Mapping[str, Callable[[RunRow], Any]] = {"name": _by_name, "time": _newest, "worst": _by_worst}
"""``time``: what began last comes first, as it does among runs that the other orders find equal. ``worst``: see
`RunRow.order`."""


def cut_page(rows: Iterable[RunRow], page: RunsPage) -> tuple[list[RunRow], int]:
    """Returns the rows of a page, and how many rows match its filter."""
    words = page.filter.lower().split()
    found = [row for row in rows if all(word in row["run"].lower() for word in words)]
    found.sort(key=SORTS[page.sort])
    return found[page.offset : page.offset + page.limit], len(found)
