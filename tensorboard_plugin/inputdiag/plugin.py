"""The routes of the plugin: parse the query, look it up, format the answer. See `http_api.md`."""

from __future__ import annotations

import logging
import mimetypes
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tensorboard import errors, plugin_util
from tensorboard.backend import http_util
from tensorboard.plugins import base_plugin
from werkzeug import wrappers

from tb_inputdiag.log.codec import PLUGIN_NAME
from tb_inputdiag.records import Quantity
from tensorboard_plugin.inputdiag.cached_session import CachedSession
from tensorboard_plugin.inputdiag.decimated import CHARTED_COLUMNS, DecimatedTable, SplitSeries
from tensorboard_plugin.inputdiag.encoding import dump
from tensorboard_plugin.inputdiag.payload_compare import comparable_inputs, format_differences
from tensorboard_plugin.inputdiag.payload_data import format_data
from tensorboard_plugin.inputdiag.payload_inputs import format_cards, format_images
from tensorboard_plugin.inputdiag.payload_runs import format_model, format_row, format_run
from tensorboard_plugin.inputdiag.payload_series import HeldBuckets, format_epochs, format_grid, format_group
from tensorboard_plugin.inputdiag.payload_types import (
    DataAnswer,
    DifferencesAnswer,
    GridAnswer,
    ImageAnswer,
    InputsAnswer,
    RunsAnswer,
    SeriesAnswer,
    SeriesGroup,
)
from tensorboard_plugin.inputdiag.provider import LogProvider
from tensorboard_plugin.inputdiag.queries import BadQuery, Query
from tensorboard_plugin.inputdiag.runs_page import cut_page
from tensorboard_plugin.inputdiag.series_keys import row_of, series_key, split_of
from tensorboard_plugin.inputdiag.session_cache import SessionCache

__all__ = ["InputDiagPlugin"]

_LOGGER = logging.getLogger("tensorboard")
_STATIC = Path(__file__).parent / "static"
_READ_S = 0.4
"""Seconds that a request may spend on reading more of a long log. The client asks again for the rest."""
_GLANCE_S = 0.05
"""The same for the answer that the page shows first."""


class InputDiagPlugin(base_plugin.TBPlugin):  # type: ignore[misc]  # TensorBoard ships no types
    """The tab "Input Diagnostics"."""

    plugin_name = PLUGIN_NAME

    def __init__(self, context: Any) -> None:
        self._provider = context.data_provider
        self._caches: dict[str, SessionCache] = {}

    def get_plugin_apps(self) -> dict[str, Any]:
        """Returns route -> WSGI application."""
        routes: dict[str, tuple[Callable[[wrappers.Request, Query], Any], Sequence[str]]] = {
            "/runs": (self._runs, ("since", "filter", "sort", "offset", "limit")),
            "/run": (self._run, ("id", "since")),
            "/model": (self._model, ("id", "since")),
            "/series": (self._series, ("id", "q", "points", "have", "from", "to")),
            "/grid": (self._grid, ("id", "table", "column", "split", "points", "have", "from", "to")),
            "/inputs": (self._inputs, ("id",)),
            "/data": (self._data, ("id", "since")),
            "/images": (self._images, ("id", "since")),
            "/differences": (self._differences, ("first", "second")),
        }
        apps = {path: _json_app(work, allowed) for path, (work, allowed) in routes.items()}
        apps.update({f"/{path.name}": _file_app(path) for path in sorted(_STATIC.glob("*.js*"))})
        return apps

    def is_active(self) -> bool:
        """Returns False: TensorBoard asks only while it has no data of this plugin."""
        return False

    def frontend_metadata(self) -> Any:
        """Returns the page of the tab."""
        return base_plugin.FrontendMetadata(
            es_module_path="/index.js", tab_name="Input Diagnostics", disable_reload=True
        )

    # ----------------------------------------------------------------------------------------------

    def _open(self, request: wrappers.Request) -> tuple[SessionCache, LogProvider]:
        experiment = plugin_util.experiment_id(request.environ)
        provider = LogProvider(self._provider, experiment, plugin_util.context(request.environ))
        cache = self._caches.setdefault(experiment, SessionCache())
        cache.scan(provider)
        return cache, provider

    @contextmanager
    def _session(
        self, request: wrappers.Request, query: Query, parameter: str = "id"
    ) -> Iterator[tuple[SessionCache, CachedSession]]:
        key = query.text(parameter)
        cache, provider = self._open(request)
        with cache.using(key, provider) as session:
            if session is None:
                raise BadQuery(f"There is no session {key!r:.200}; see the route 'runs'.", 404)
            yield cache, session

    def _runs(self, request: wrappers.Request, query: Query) -> RunsAnswer:
        since, page = query.since(), query.page()
        cache, provider = self._open(request)
        revision = cache.revision
        rows, busy = [], []
        for key in tuple(cache.sessions):
            with cache.glancing_at(key, provider) as session:
                if session is not None:
                    session.row = format_row(session)
                known = cache.sessions.get(key)
                if known is None or known.row is None:
                    continue
                if session is None:
                    busy.append(known.row["revision"])
                if known.row["revision"] > since:
                    rows.append(known.row)
        revision = max([revision, *(row["revision"] for row in rows)])
        total = matching = len(cache.sessions)
        if page is not None:
            rows, matching = cut_page(rows, page)
        return RunsAnswer(
            server=cache.server,
            # The news of a busy session come with the next answer, so they must count as not yet sent.
            revision=min([revision, *busy]),
            now=time.time(),
            complete=since == 0 and (page is None or len(rows) == total),
            total=total,
            matching=matching,
            runs=rows,
            gone=[key for key, when in cache.gone.items() if when > since],
        )

    def _run(self, request: wrappers.Request, query: Query) -> Any:
        since = query.since()
        with self._session(request, query) as (cache, session):
            session.read_table("samples", cache.deadline(_GLANCE_S))
            return format_run(session, since=since, server=cache.server, now=time.time())

    def _model(self, request: wrappers.Request, query: Query) -> Any:
        since = query.since()
        with self._session(request, query) as (_, session):
            return format_model(session, since=since)

    def _series(self, request: wrappers.Request, query: Query) -> SeriesAnswer:
        quantities, points, held, steps = query.quantities(), query.points(1000), query.held(), query.steps()
        with self._session(request, query) as (cache, session):
            in_time = cache.deadline(_READ_S)
            groups: list[SeriesGroup] = []
            pending, unknown = False, []
            if epochs := {series_key(q): q.column for q in quantities if q.stream == "epochs"}:
                logs = session.records.epoch_logs
                unknown += [key for key, name in epochs.items() if name not in logs]
                if known := {key: name for key, name in epochs.items() if name in logs}:
                    groups.append(format_epochs(session, known, points))
            for stream in dict.fromkeys(quantity.stream for quantity in quantities if quantity.stream != "epochs"):
                wanted = [quantity for quantity in quantities if quantity.stream == stream]
                table, more = _table(session, stream, steps, in_time)
                pending |= more
                for split in dict.fromkeys(map(split_of, wanted)):
                    asked = {series_key(quantity): quantity for quantity in wanted if split_of(quantity) == split}
                    group = table.groups.get(split)
                    found = _find(group, asked)
                    unknown += [key for key in asked if key not in found]
                    if group is not None and found:
                        have = held.get(f"{stream}:{split}", HeldBuckets()) if steps is None else HeldBuckets()
                        groups.append(format_group(session, table, group, found, points, have))
            return SeriesAnswer(
                id=session.listed.id, server=cache.server, pending=pending, groups=groups, unknown=unknown
            )

    def _grid(self, request: wrappers.Request, query: Query) -> GridAnswer:
        stream = query.choice("table", ("weights", "layers"))
        column = query.choice("column", CHARTED_COLUMNS[stream])
        split = query.choice("split", ("train", "validation", "predict"), "train")
        points, steps, have = query.points(240), query.steps(), query.held()
        held = have.get(f"{stream}:{split}", HeldBuckets()) if steps is None else HeldBuckets()
        with self._session(request, query) as (cache, session):
            table, pending = _table(session, stream, steps, cache.deadline(_READ_S))
            group = table.groups.get(split)
            rows = list(group.rows) if group else []
            grid = format_grid(session, table, group, rows, column, points, held) if group else None
            return GridAnswer(
                id=session.listed.id,
                server=cache.server,
                pending=pending,
                table=stream,
                column=column,
                split=split,
                rows=rows,
                grid=grid,
            )

    def _inputs(self, request: wrappers.Request, query: Query) -> InputsAnswer:
        with self._session(request, query) as (cache, session):
            table, pending = session.read_table("tensors", cache.deadline(_READ_S))
            records = session.records
            return InputsAnswer(
                id=session.listed.id,
                server=cache.server,
                pending=pending,
                samples_read=table.rows_read,
                samples_logged=max(records.head.rows.get("tensors", 0) if records.head else 0, table.rows_read),
                cards=format_cards(table.stats, records),
            )

    def _data(self, request: wrappers.Request, query: Query) -> DataAnswer:
        since = query.since()
        with self._session(request, query) as (_, session):
            return format_data(session, since=since)

    def _differences(self, request: wrappers.Request, query: Query) -> DifferencesAnswer:
        tensors, pending, server = [], False, ""
        for parameter in ("first", "second"):
            with self._session(request, query, parameter) as (cache, session):
                table, more = session.read_table("tensors", cache.deadline(_READ_S))
                tensors.append(comparable_inputs(table.stats))
                pending, server = pending or more, cache.server
        return format_differences(*tensors, server=server, pending=pending)

    def _images(self, request: wrappers.Request, query: Query) -> ImageAnswer:
        since = query.since()
        with self._session(request, query) as (_, session):
            revision = session.images_revision
            unchanged = 0 < revision <= since
            if not unchanged:
                session.read_images()
            images = [] if unchanged else format_images(session.images.values())
            return ImageAnswer(id=session.listed.id, revision=revision, unchanged=unchanged, images=images)


def _table(
    session: CachedSession, stream: str, steps: tuple[int, int] | None, in_time: Callable[[], bool]
) -> tuple[DecimatedTable, bool]:
    if steps is None:
        return session.read_table(stream, in_time)
    return session.read_detail(stream, *steps, in_time)


def _find(group: SplitSeries | None, asked: Mapping[str, Quantity]) -> dict[str, int]:
    """Returns key -> number of the series, for those that the group has."""
    if group is None:
        return {}
    series = {key: group.series(row_of(quantity), quantity.column) for key, quantity in asked.items()}
    return {key: number for key, number in series.items() if number is not None}


def _json_app(work: Callable[[wrappers.Request, Query], Any], allowed: Sequence[str]) -> Any:
    """Returns a WSGI application that answers GET requests with JSON, and all others with an error."""

    @wrappers.Request.application  # type: ignore[untyped-decorator]  # werkzeug is not followed
    def serve(request: wrappers.Request) -> Any:
        if request.method not in ("GET", "HEAD"):
            return _error(request, 405, f"{request.method} is not allowed; use GET.", [("Allow", "GET, HEAD")])
        try:
            parameters = {name: request.args.getlist(name) for name in request.args}
            content = dump(work(request, Query(parameters, allowed)))
        except BadQuery as error:
            return _error(request, error.code, str(error))
        except errors.PublicError as error:
            return _error(request, error.http_code, str(error))
        except Exception:
            _LOGGER.exception("Input Diagnostics could not answer %s", request.path)
            return _error(request, 500, "The log could not be read; the reason is in TensorBoard's terminal.")
        return http_util.Respond(request, content, "application/json")

    return serve


def _error(request: wrappers.Request, code: int, message: str, headers: Sequence[tuple[str, str]] = ()) -> Any:
    return http_util.Respond(request, dump({"error": message}), "application/json", code=code, headers=list(headers))


def _file_app(path: Path) -> Any:
    content_type = mimetypes.types_map.get(path.suffix, "application/octet-stream")

    @wrappers.Request.application  # type: ignore[untyped-decorator]  # werkzeug is not followed
    def serve(request: wrappers.Request) -> Any:
        if request.method not in ("GET", "HEAD"):
            return _error(request, 405, f"{request.method} is not allowed; use GET.", [("Allow", "GET, HEAD")])
        return http_util.Respond(request, path.read_bytes(), content_type)

    return serve
