"""Explains an exception, wherever in a Keras program it was raised."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence

from tb_inputdiag.capture.facts import model_facts
from tb_inputdiag.capture.failed_call import FailedCall, failed_call
from tb_inputdiag.capture.model_probes import clients_left
from tb_inputdiag.capture.names import layer_paths, weight_names
from tb_inputdiag.capture.plain_values import attempt
from tb_inputdiag.console import say, say_warning
from tb_inputdiag.errors import InputDiagError
from tb_inputdiag.log.codec import new_session_id
from tb_inputdiag.log.open_log import open_log
from tb_inputdiag.recording.failures import add_notes, failure_of, takes_notes, warn_of_rule
from tb_inputdiag.recording.session_start import start_record
from tb_inputdiag.records import Alert, Mode, ModelFacts, Record, SessionEnd, SessionStart, Split
from tb_inputdiag.report import format_alert
from tb_inputdiag.rules import RuleEngine
from tb_inputdiag.settings import Settings
from tb_inputdiag.urls import redact

__all__ = ["end_recordings", "explain_exception", "explained", "keep_explained"]

_MARK = "__tb_inputdiag_alerts__"
"""Attribute of an exception that holds its alerts, so that nobody explains it twice."""
_MODES: dict[str, tuple[Mode, Split]] = {
    "fit": ("fit", "train"),
    "evaluate": ("evaluate", "validation"),
    "predict": ("predict", "predict"),
}


def explained(exc: BaseException) -> list[Alert] | None:
    """Returns the alerts of an exception that was explained already; None if it was not."""
    found = vars(exc).get(_MARK)
    return None if found is None else list(found)


def keep_explained(exc: BaseException, alerts: Sequence[Alert]) -> None:
    """Notes that an exception was explained."""
    attempt(lambda: setattr(exc, _MARK, tuple(alerts)))


def explain_exception(
    exc: BaseException, *, log_dir: str | None = None, settings: Settings | None = None
) -> list[Alert]:
    """Explains an exception: what came, what was expected, and the line that mends it.

    Reads the exception's traceback for the call of Keras that raised it, judges it with the rules, and adds what they
    find as notes below the traceback. Call it while the exception is handled, in an ``except`` block or in
    `sys.excepthook`. An exception is explained once: the second call returns the same alerts, and adds and writes
    nothing. So a callback, a patched function and a hook may all call it. On Python 3.10, whose exceptions take no
    notes, the alerts are printed instead.

    >>> try:                                                      # doctest: +SKIP
    ...     model.fit(x, y)
    ... except Exception as exc:
    ...     explain_exception(exc, log_dir="logs")
    ...     raise

    Args:
        exc: Any raised exception. `KeyboardInterrupt`, `SystemExit`, exceptions of this package, and those of programs
            that have nothing to do with Keras get no alerts.
        log_dir: Folder that gets a run (its start, the model's facts, the exception, the alerts, its end), which the
            dashboard, the report and the command line show. None: nothing is written.
        settings: The callback's arguments: its rules judge, its `on_alert` is called, its `verbose` of 0 adds no notes.
            None: the default rules.

    Returns:
        The alerts about the exception, worst first; empty if nothing is known about it. Never raises: a failure of the
        explanation itself is reported once, as a warning.
    """
    if not isinstance(exc, Exception) or isinstance(exc, InputDiagError):
        return []
    known = explained(exc)
    if known is not None:
        return known
    if end_recordings(exc):
        return explained(exc) or []
    keep_explained(exc, ())
    try:
        alerts = _explain(exc, log_dir, settings or _default_settings(log_dir))
    except Exception as trouble:
        say_warning(f"an exception could not be explained ({type(trouble).__name__}: {trouble}). Please report this.")
        return []
    keep_explained(exc, alerts)
    return alerts


def end_recordings(exc: BaseException) -> bool:
    """Ends the recordings of the call that an exception has left, and has them log and explain it.

    A step that raises is seen at once. What raises between two steps is not: another callback, an interruption or, on
    PyTorch, the data. Never raises.

    Returns:
        Whether there was one.
    """

    def end() -> bool:
        call = failed_call(exc)
        _, split = _MODES.get(call.call.rpartition(".")[2], (None, None))
        clients = clients_left(call.model) if split is not None and call.model is not None else []
        for client in clients:
            assert split is not None
            client.failed(split, exc, None, ())
        return bool(clients)

    return bool(attempt(end, False))


def _default_settings(log_dir: str | None) -> Settings:
    return Settings(
        log_dir=log_dir or "",
        every="auto",
        overhead_budget=0.01,
        rules=None,
        on_alert=None,
        stop_on=None,
        images=0,
        save_bad_batches=False,
        verbose=1,
    )


def _explain(exc: Exception, log_dir: str | None, settings: Settings) -> list[Alert]:
    call = failed_call(exc)
    method = call.call.rpartition(".")[2]
    mode, split = _MODES.get(method, ("call", "train"))
    start = start_record(new_session_id(), mode, settings, 0, 1, {})
    failure = failure_of(exc, split, 0, None, (), call)
    records: list[Record] = [start, *_facts(call), failure]
    engine = RuleEngine(settings.rules, on_error=warn_of_rule)
    judged: list[Record] = []
    opened: list[Alert] = []
    for record in records:
        found = engine.feed(record)
        judged += [record, *found]
        if record is failure:
            opened = [item for item in found if isinstance(item, Alert)]
    if not opened:
        return []
    reason = f"{type(exc).__name__}: {failure.message}"
    end = SessionEnd(wall_time=time.time(), step=0, status="failed", reason=reason)
    written = log_dir is not None and _write(log_dir, start, [*judged, *engine.feed(end), end], settings)
    ids = {alert.id for alert in opened}
    alerts = [alert for alert in engine.alerts if alert.id in ids]
    _tell(exc, alerts, settings, redact(log_dir) if written and log_dir else None, steps=failure.place == "step")
    return alerts


def _facts(call: FailedCall) -> list[ModelFacts]:
    """Returns the facts of the model whose call raised, as far as it can be read."""
    model = call.model
    if model is None:
        return []
    paths = attempt(lambda: layer_paths(model), {id(model): ""})
    facts = attempt(lambda: model_facts(model, paths, weight_names(model, paths)))
    return [] if facts is None else [facts]


def _write(log_dir: str, start: SessionStart, records: Sequence[Record], settings: Settings) -> bool:
    """Writes a run that holds only an exception. Returns whether it could be written."""
    troubles: list[Exception] = []
    try:
        writer = open_log(
            log_dir,
            session=start.session,
            mirror_scalars=settings.mirror_scalars,
            verbose=settings.verbose > 0,
            on_error=troubles.append,
        )
        for record in records:
            writer.write(record)
        writer.close()
    except (InputDiagError, OSError) as trouble:
        troubles.append(trouble)
    if troubles:
        say_warning(f"the explanation of an exception could not be written to {redact(log_dir)}: {troubles[0]}")
    return not troubles


def _tell(exc: Exception, alerts: Sequence[Alert], settings: Settings, log_dir: str | None, *, steps: bool) -> None:
    if settings.verbose and takes_notes(exc):
        add_notes(exc, alerts, log_dir, steps=steps)
    elif settings.verbose:
        for alert in alerts:
            say(functools.partial(_text, alert, steps=steps))
    if settings.on_alert is None:
        return
    for alert in alerts:
        try:
            settings.on_alert(alert)
        except Exception as trouble:
            say_warning(f"on_alert raised {type(trouble).__name__}: {trouble}.")


def _text(alert: Alert, width: int, color: bool, *, steps: bool) -> str:
    return format_alert(alert, width=width, color=color, steps=steps)
