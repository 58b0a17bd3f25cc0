"""The routes of the plugin: parse the query, look it up, format the answer. See `http_api.md`."""

from __future__ import annotations

import logging
import mimetypes
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tensorboard import errors, plugin_util
from tensorboard.backend import http_util
from tensorboard.plugins import base_plugin
from werkzeug import wrappers

from tb_inputdiag.log.codec import PLUGIN_NAME
from tensorboard_plugin.inputdiag.encoding import dump
from tensorboard_plugin.inputdiag.hub import Hub
from tensorboard_plugin.inputdiag.payload_inputs import format_cards, format_images
from tensorboard_plugin.inputdiag.payload_series import Held, Quantity, format_grid, format_group
from tensorboard_plugin.inputdiag.payload_types import (
    GridAnswer,
    ImageAnswer,
    InputsAnswer,
    RunsAnswer,
    SeriesAnswer,
    SeriesGroup,
)
from tensorboard_plugin.inputdiag.payloads import format_model, format_row, format_run
from tensorboard_plugin.inputdiag.queries import BadQuery, Query
from tensorboard_plugin.inputdiag.source import Source
from tensorboard_plugin.inputdiag.store import SessionStore
from tensorboard_plugin.inputdiag.tables import COLUMNS, Group, Table

__all__ = ["InputDiagPlugin"]

_LOGGER = logging.getLogger("tensorboard")
_STATIC = Path(__file__).parent / "static"
_READ_S = 0.4
"""Time that a request may spend on reading more of a long log; the client asks again for the rest."""
_GLANCE_S = 0.05
"""The same, for what must be on the screen first."""


class InputDiagPlugin(base_plugin.TBPlugin):  # type: ignore[misc]  # TensorBoard ships no types
    """The tab "Input Diagnostics"."""

    plugin_name = PLUGIN_NAME

    def __init__(self, context: Any) -> None:
        self._provider = context.data_provider
        self._hubs: dict[str, Hub] = {}

    def get_plugin_apps(self) -> dict[str, Any]:
        """Returns route -> WSGI application."""
        routes: dict[str, tuple[Callable[[wrappers.Request, Query], Any], Sequence[str]]] = {
            "/runs": (self._runs, ("since",)),
            "/run": (self._run, ("id", "since")),
            "/model": (self._model, ("id", "since")),
            "/series": (self._series, ("id", "q", "points", "have", "from", "to")),
            "/grid": (self._grid, ("id", "table", "column", "split", "points", "have", "from", "to")),
            "/inputs": (self._inputs, ("id",)),
            "/images": (self._images, ("id", "since")),
        }
        apps = {path: _json_app(work, allowed) for path, (work, allowed) in routes.items()}
        apps.update({f"/{path.name}": _file_app(path) for path in sorted(_STATIC.glob("*.js*"))})
        return apps

    def is_active(self) -> bool:
        """Returns False: TensorBoard asks only while there is no data of ours, and finds data by itself."""
        return False

    def frontend_metadata(self) -> Any:
        """Returns how the tab is made."""
        return base_plugin.FrontendMetadata(
            es_module_path="/index.js", tab_name="Input Diagnostics", disable_reload=True
        )

    # ----------------------------------------------------------------------------------------------

    def _open(self, request: wrappers.Request) -> tuple[Hub, Source]:
        experiment = plugin_util.experiment_id(request.environ)
        source = Source(self._provider, experiment, plugin_util.context(request.environ))
        hub = self._hubs.setdefault(experiment, Hub())
        hub.scan(source)
        return hub, source

    @contextmanager
    def _session(self, request: wrappers.Request, query: Query) -> Iterator[tuple[Hub, SessionStore]]:
        key = query.text("id")
        hub, source = self._open(request)
        with hub.using(key, source) as store:
            if store is None:
                raise BadQuery(f"There is no session {key!r:.200}; see the route 'runs'.", 404)
            yield hub, store

    def _runs(self, request: wrappers.Request, query: Query) -> RunsAnswer:
        since = query.since()
        hub, source = self._open(request)
        revision = hub.revision
        rows, busy = [], []
        for key in list(hub.sessions):
            with hub.glancing_at(key, source) as store:
                if store is not None:
                    store.row = format_row(store)
                known = hub.sessions.get(key)
                if known is None or known.row is None:
                    continue
                if store is None:
                    busy.append(known.row["revision"])
                if known.row["revision"] > since:
                    rows.append(known.row)
        revision = max([revision, *(row["revision"] for row in rows)])
        return RunsAnswer(
            server=hub.server,
            # What a busy session has to tell comes with the next answer: it must count as not yet sent.
            revision=min([revision, *busy]),
            now=time.time(),
            complete=since == 0,
            runs=rows,
            gone=[key for key, when in hub.gone.items() if when > since],
        )

    def _run(self, request: wrappers.Request, query: Query) -> Any:
        since = query.since()
        with self._session(request, query) as (hub, store):
            store.read_table("samples", hub.deadline(_GLANCE_S))
            return format_run(store, since=since, server=hub.server, now=time.time())

    def _model(self, request: wrappers.Request, query: Query) -> Any:
        since = query.since()
        with self._session(request, query) as (_, store):
            return format_model(store, since=since)

    def _series(self, request: wrappers.Request, query: Query) -> SeriesAnswer:
        quantities, points, held, steps = query.quantities(), query.points(1000), query.held(), query.steps()
        with self._session(request, query) as (hub, store):
            in_time = hub.deadline(_READ_S)
            groups: list[SeriesGroup] = []
            pending, unknown = False, []
            for stream in dict.fromkeys(quantity.stream for quantity in quantities):
                wanted = [quantity for quantity in quantities if quantity.stream == stream]
                table, more = _table(store, stream, steps, in_time)
                pending |= more
                for split in dict.fromkeys(quantity.split for quantity in wanted):
                    asked = [quantity for quantity in wanted if quantity.split == split]
                    group = table.groups.get(split)
                    found = _find(group, asked)
                    unknown += [quantity.text for quantity in asked if quantity.text not in found]
                    if group is not None and found:
                        have = held.get(f"{stream}:{split}", Held()) if steps is None else Held()
                        groups.append(format_group(store, table, group, found, points, have))
            return SeriesAnswer(id=store.tags.id, server=hub.server, pending=pending, groups=groups, unknown=unknown)

    def _grid(self, request: wrappers.Request, query: Query) -> GridAnswer:
        stream = query.choice("table", ("weights", "layers"))
        column = query.choice("column", COLUMNS[stream])
        split = query.choice("split", ("train", "validation", "predict"), "train")
        points, steps, have = query.points(240), query.steps(), query.held()
        held = have.get(f"{stream}:{split}", Held()) if steps is None else Held()
        with self._session(request, query) as (hub, store):
            table, pending = _table(store, stream, steps, hub.deadline(_READ_S))
            group = table.groups.get(split)
            rows = list(group.rows) if group else []
            grid = format_grid(store, table, group, rows, column, points, held) if group else None
            return GridAnswer(
                id=store.tags.id,
                server=hub.server,
                pending=pending,
                table=stream,
                column=column,
                split=split,
                rows=rows,
                grid=grid,
            )

    def _inputs(self, request: wrappers.Request, query: Query) -> InputsAnswer:
        with self._session(request, query) as (hub, store):
            table, pending = store.read_table("tensors", hub.deadline(_READ_S))
            facts = store.facts
            fed = [tensor for failure in facts.failures for tensor in failure.fed]
            known = [tensor for layout in facts.layouts.values() for tensor in layout.tensors] or fed
            return InputsAnswer(
                id=store.tags.id,
                server=hub.server,
                pending=pending,
                samples_read=table.rows_read,
                samples_logged=max(facts.head.rows.get("tensors", 0) if facts.head else 0, table.rows_read),
                cards=format_cards(table.stats, known, facts.model),
            )

    def _images(self, request: wrappers.Request, query: Query) -> ImageAnswer:
        since = query.since()
        with self._session(request, query) as (_, store):
            revision = store.images_revision
            unchanged = 0 < revision <= since
            if not unchanged:
                store.read_images()
            images = [] if unchanged else format_images(store.images.values())
            return ImageAnswer(id=store.tags.id, revision=revision, unchanged=unchanged, images=images)


def _table(
    store: SessionStore, stream: str, steps: tuple[int, int] | None, in_time: Callable[[], bool]
) -> tuple[Table, bool]:
    if steps is None:
        return store.read_table(stream, in_time)
    return store.read_detail(stream, *steps, in_time)


def _find(group: Group | None, asked: Sequence[Quantity]) -> dict[str, int]:
    if group is None:
        return {}
    series = {quantity.text: group.series(quantity.row, quantity.column) for quantity in asked}
    return {text: number for text, number in series.items() if number is not None}


def _json_app(work: Callable[[wrappers.Request, Query], Any], allowed: Sequence[str]) -> Any:
    """Returns a WSGI application that answers GET with JSON, and with a clear error whatever else comes."""

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
