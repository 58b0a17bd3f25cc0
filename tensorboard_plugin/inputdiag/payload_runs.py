"""Records to the JSON of the runs list and of the overview; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tb_inputdiag import alerts
from tb_inputdiag.jsonable import json_number
from tb_inputdiag.records import Alert, EpochEnd, ModelFacts, Severity, TensorLayout
from tensorboard_plugin.inputdiag.cached_session import CachedSession, SessionRecords
from tensorboard_plugin.inputdiag.encoding import number
from tensorboard_plugin.inputdiag.payload_types import (
    AlertRow,
    InputAlert,
    ModelAnswer,
    ReadProgress,
    RunAnswer,
    RunRow,
    SeverityName,
)
from tensorboard_plugin.inputdiag.provider import display_run

__all__ = [
    "completeness",
    "format_alert_row",
    "format_model",
    "format_row",
    "format_run",
    "severity_name",
    "short_alert",
    "standing_alerts",
]

_MOST_MARKS = 64
"""More marks in a chart would be a pattern of their own."""
_SEVERITIES: Mapping[Severity, SeverityName] = {
    Severity.INFO: "info",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
}


def severity_name(severity: Severity) -> SeverityName:
    """Returns the name that the frontend uses."""
    return _SEVERITIES[severity]


def standing_alerts(records: SessionRecords) -> list[Alert]:
    """Returns the standing alerts, worst first."""
    return sorted(filter(alerts.is_standing, _alerts(records)), key=alerts.worst_first)


def short_alert(alert: Alert) -> InputAlert:
    """Returns an alert without its details."""
    return InputAlert(
        id=alert.id,
        rule=alert.rule,
        severity=severity_name(alert.severity),
        split=alert.split,
        message=alert.message,
    )


def _alerts(records: SessionRecords) -> list[Alert]:
    return [item.record for item in records.alerts.values() if isinstance(item.record, Alert)]


def _samples_logged(session: CachedSession) -> int:
    records = session.records
    logged = records.head.rows.get("samples", 0) if records.head else 0
    if not logged and records.cost:
        logged = records.cost.samples
    table = session.tables.get("samples")
    return max(logged, table.rows_read if table else 0)


def _progress(session: CachedSession) -> tuple[int, int, float | None]:
    """Returns the newest (step, epoch, loss) in any record; the loss is None if none was logged."""
    records = session.records
    step = max((records.cost.step if records.cost else 0), (records.end.step if records.end else 0))
    ends = [item.record for item in records.epochs if isinstance(item.record, EpochEnd)]
    epoch = ends[-1].epoch if ends else 0
    loss = ends[-1].logs.get("loss") if ends else None
    if ends:
        step = max(step, ends[-1].step)
    table = session.tables.get("samples")
    group = table.groups.get("train") if table else None
    if group is not None and group.pyramid.samples:
        newest = int(group.pyramid.read([], group.pyramid.capacity).last[-1])
        if newest >= step:
            step, loss = newest, group.last_loss
        epoch = max(epoch, group.epoch)
    return step, epoch, loss


def _planned_epochs(records: SessionRecords) -> int | None:
    """Returns how many epochs there will be; None if that is not known, as when `fit` is called again and again."""
    planned = records.start.params.get("epochs") if records.start else None
    return planned if isinstance(planned, int) and _fits(records) <= 1 else None


def _fits(records: SessionRecords) -> int:
    first = records.start is not None and records.start.mode == "fit"
    return first + sum(call.mode == "fit" for call in records.calls)


def _fit_steps(records: SessionRecords) -> list[int]:
    steps = [call.step for call in records.calls if call.mode == "fit"]
    return steps if len(steps) <= _MOST_MARKS else []


def format_row(session: CachedSession) -> RunRow:
    """Returns the row of a session in the list of runs."""
    records, listed = session.records, session.listed
    standing = standing_alerts(records)
    count = alerts.count_by_severity(standing)
    samples = _samples_logged(session)
    step, epoch, loss = _progress(session)
    epochs = _planned_epochs(records)
    cost = records.cost
    verdict = alerts.verdict(standing, failed=bool(records.failures), sampled=samples > 0)
    return RunRow(
        id=listed.id,
        run=display_run(listed.run),
        session=listed.session,
        mode=records.start.mode if records.start else "fit",
        host=records.start.host if records.start else "",
        worker=records.start.worker if records.start else 0,
        workers=records.start.workers if records.start else 1,
        started=records.start.wall_time if records.start else 0.0,
        last_event_time=listed.last_event_time,
        silent_after_s=alerts.silent_after_s(records.head.interval_s if records.head else 1.0),
        end=records.end.status if records.end else "died" if records.died else "",
        verdict=verdict,
        order=list(alerts.worst_session_first(verdict, standing)),
        errors=count[Severity.ERROR],
        warnings=count[Severity.WARNING],
        infos=count[Severity.INFO],
        resolved=sum(_group(alert) == "resolved" for alert in _alerts(records)),
        top=standing[0].message if standing else "",
        failure=records.failures[-1].exception if records.failures else "",
        step=step,
        epoch=epoch,
        epochs=epochs,
        fits=_fits(records),
        loss=None if loss is None else json_number(loss),
        cost_share=number(cost.share) if cost else None,
        setup_s=cost.setup_s if cost else 0.0,
        cost_is_least=cost is not None and cost.is_least,
        every=cost.every if cost else 0.0,
        log_bytes=cost.log_bytes if cost else 0,
        samples=samples,
        problem=session.problem,
        revision=session.revision,
    )


def completeness(session: CachedSession) -> ReadProgress:
    """Returns how much of the log has been read."""
    records, head = session.records, session.records.head
    samples, losses = session.tables.get("samples"), session.tables.get("losses")
    read = samples.rows_read if samples else 0
    return ReadProgress(
        samples_read=read,
        samples_logged=head.rows.get("samples", 0) if head else read,
        alerts_read=records.alert_records,
        alerts_logged=head.rows.get("alerts", 0) if head else records.alert_records,
        losses_read=losses.rows_read if losses else 0,
        losses_logged=head.rows.get("losses", 0) if head else 0,
        proven=head is not None,
    )


def format_run(session: CachedSession, *, since: int, server: str, now: float) -> RunAnswer:
    """Returns what the overview shows.

    Args:
        session: The session.
        since: Leave out alerts and epochs that the client has since this revision.
        server: See `RunsAnswer`.
        now: The server's clock.
    """
    records = session.records
    changed = [item for item in records.alerts.values() if item.revision > since]
    return RunAnswer(
        id=session.listed.id,
        server=server,
        revision=session.revision,
        now=now,
        row=format_row(session),
        start=records.start,
        end=records.end,
        fit_steps=_fit_steps(records),
        failures=records.failures,
        cost=records.cost,
        alerts=[
            format_alert_row(item.record, revision=item.revision) for item in changed if isinstance(item.record, Alert)
        ],
        epochs=[i.record for i in records.epochs if i.revision > since and isinstance(i.record, EpochEnd)],
        completeness=completeness(session),
        not_judged=list(records.not_judged.values()),
        degraded=list(records.model.degraded) if records.model else [],
    )


def format_alert_row(alert: Alert, *, revision: int) -> AlertRow:
    """Returns an alert with its place on the page."""
    return AlertRow(
        alert=alert,
        severity=severity_name(alert.severity),
        group=_group(alert),
        order=list(alerts.worst_first(alert)),
        revision=revision,
    )


def _group(alert: Alert) -> Literal["standing", "resolved", "symptom"]:
    if alerts.is_symptom(alert):
        return "symptom"
    return "standing" if alerts.is_standing(alert) else "resolved"


def format_model(session: CachedSession, *, since: int) -> ModelAnswer:
    """Returns the static facts of the model, or only the revision if they have not changed after `since`."""
    model: ModelFacts | None = session.records.model
    revision = max(session.records.model_revision, session.records.layout_revision)
    if 0 < revision <= since:
        return ModelAnswer(id=session.listed.id, revision=revision, unchanged=True, model=None, entries=[])
    entries: dict[str, TensorLayout] = {}
    for layout in session.records.layouts.values():
        for tensor in layout.tensors:
            if tensor.stage == "entry":
                entries.setdefault(tensor.name, tensor)
    return ModelAnswer(
        id=session.listed.id, revision=revision, unchanged=False, model=model, entries=list(entries.values())
    )
