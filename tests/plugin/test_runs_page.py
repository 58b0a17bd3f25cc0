"""Parts of the list of runs."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest

from tensorboard_plugin.inputdiag import session_cache
from tensorboard_plugin.inputdiag.payload_types import RunRow
from tensorboard_plugin.inputdiag.provider import ListedSession, LogProvider
from tensorboard_plugin.inputdiag.queries import BadQuery, Query
from tensorboard_plugin.inputdiag.runs_page import RunsPage, cut_page
from tensorboard_plugin.inputdiag.session_cache import SessionCache

ALLOWED = ("since", "filter", "sort", "offset", "limit")


def row(run: str, *order: int, started: float = 0.0) -> RunRow:
    return cast(RunRow, {"id": f"{run}/{started}", "run": run, "order": list(order), "started": started})


ROWS = [
    row("run-10", 1, 0, -1, 0, started=3.0),
    row("run-9", 0, -1, 0, 0, started=1.0),
    row("Run-2", 1, 0, -4, 0, started=2.0),
    row("other", 4, 0, 0, 0, started=4.0),
    row("run-9", 4, 0, 0, 0, started=5.0),
]


@pytest.mark.parametrize(
    ("page", "expected", "matching"),
    [
        (RunsPage(), ["other 4", "Run-2 2", "run-9 5", "run-9 1", "run-10 3"], 5),
        (RunsPage(sort="time"), ["run-9 5", "other 4", "run-10 3", "Run-2 2", "run-9 1"], 5),
        (RunsPage(sort="worst"), ["run-9 1", "Run-2 2", "run-10 3", "run-9 5", "other 4"], 5),
        (RunsPage(filter="RUN-"), ["Run-2 2", "run-9 5", "run-9 1", "run-10 3"], 4),
        (RunsPage(filter="run 10"), ["run-10 3"], 1),
        (RunsPage(filter="nothing"), [], 0),
        (RunsPage(offset=1, limit=2), ["Run-2 2", "run-9 5"], 5),
        (RunsPage(offset=9), [], 5),
    ],
)
def test_a_page(page: RunsPage, expected: list[str], matching: int) -> None:
    rows, n = cut_page(ROWS, page)
    assert ([f"{item['run']} {item['started']:.0f}" for item in rows], n) == (expected, matching)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sort": "best"}, "'sort' must be one of name, time, worst. Received: 'best'"),
        ({"limit": "0"}, "'limit' must be a whole number from 1 to 1000. Received: '0'"),
        ({"limit": "1001"}, "'limit' must be a whole number from 1 to 1000"),
        ({"offset": "-1"}, "'offset' must be a whole number from 0"),
        ({"offset": "x"}, "'offset' must be a whole number from 0"),
        ({"filter": "x" * 5000}, "'filter' is longer than 4096 characters"),
        ({"since": "3", "limit": "5"}, "'since' cannot be combined with filter, sort, offset, limit"),
    ],
)
def test_wrong_parameters_are_clear_errors(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(BadQuery, match=message):
        Query({name: [value] for name, value in parameters.items()}, ALLOWED).page()


def test_without_parameters_there_is_no_page() -> None:
    assert Query({"since": ["3"]}, ALLOWED).page() is None
    assert Query({"filter": [""]}, ALLOWED).page() == RunsPage()


class SlowProvider:
    """Lists two sessions, when it is let."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.scans = 0

    def scan(self) -> dict[str, ListedSession]:
        self.go.wait(20)
        self.scans += 1
        return {f"{n}/s": ListedSession(str(n), "s") for n in range(self.scans)}


def test_a_slow_listing_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_cache, "_SLOW_SCAN_S", -1.0)
    now = 0.0
    cache, provider = SessionCache(clock=lambda: now), SlowProvider()
    cache.scan(cast(LogProvider, provider))
    assert len(cache.sessions) == 1
    provider.go.clear()
    now = 10.0
    cache.scan(cast(LogProvider, provider))  # would wait here for ever
    cache.scan(cast(LogProvider, provider))
    provider.go.set()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and getattr(thread, "_target", None) == cache._scan_quietly:
            thread.join(20)
    assert len(cache.sessions) == 2
    assert provider.scans == 2


def test_a_listing_that_fails_in_the_background_is_tried_by_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(SlowProvider):
        def scan(self) -> dict[str, ListedSession]:
            if self.scans:
                raise OSError("no")
            return super().scan()

    now = 0.0
    cache, provider = SessionCache(clock=lambda: now), cast(Any, Failing())
    cache.scan(provider)
    now, cache._scan_took = 10.0, 1.0
    cache._scan_quietly(provider)
    with pytest.raises(OSError, match="no"):
        cache.scan(provider)
