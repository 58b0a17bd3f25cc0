"""Records to the JSON of the runs list and of the overview; pure."""

from __future__ import annotations

import math

from tb_inputdiag.records import Alert, EpochEnd, ModelFacts, Severity, TensorLayout
from tensorboard_plugin.inputdiag.encoding import number
from tensorboard_plugin.inputdiag.payload_types import (
    AlertRow,
    Completeness,
    ModelAnswer,
    RunAnswer,
    RunRow,
    Verdict,
)
from tensorboard_plugin.inputdiag.source import display_run
from tensorboard_plugin.inputdiag.store import Facts, SessionStore

__all__ = ["completeness", "format_model", "format_row", "format_run", "open_alerts", "severity_name"]

_NAMES = {Severity.INFO: "info", Severity.WARNING: "warning", Severity.ERROR: "error"}


def severity_name(severity: Severity) -> Verdict:
    """Returns the word that the frontend uses."""
    return _NAMES[severity]  # type: ignore[return-value]  # the values are literals of Verdict


def open_alerts(facts: Facts) -> list[Alert]:
    """Returns the alerts that stand, worst first, then in the order of their steps."""
    alerts = [item.record for item in facts.alerts.values() if isinstance(item.record, Alert)]
    standing = [alert for alert in alerts if alert.state == "open" and alert.caused_by is None]
    return sorted(standing, key=lambda alert: (-alert.severity, alert.first_step, alert.id))


def _samples_logged(store: SessionStore) -> int:
    facts = store.facts
    logged = facts.head.rows.get("samples", 0) if facts.head else 0
    if not logged and facts.cost:
        logged = facts.cost.samples
    table = store.tables.get("samples")
    return max(logged, table.rows_read if table else 0)


def _progress(store: SessionStore) -> tuple[int, int, float | None]:
    """Returns (step, epoch, loss), from whatever tells it; no loss if nothing does."""
    facts = store.facts
    step = max((facts.cost.step if facts.cost else 0), (facts.end.step if facts.end else 0))
    ends = [item.record for item in facts.epochs if isinstance(item.record, EpochEnd)]
    epoch = ends[-1].epoch if ends else 0
    loss = ends[-1].logs.get("loss") if ends else None
    if ends:
        step = max(step, ends[-1].step)
    table = store.tables.get("samples")
    group = table.groups.get("train") if table else None
    if group is not None and group.pyramid.samples:
        newest = int(group.pyramid.read([], group.pyramid.capacity).last[-1])
        if newest >= step:
            step, loss = newest, group.last_loss
        epoch = max(epoch, group.epoch)
    return step, epoch, loss


def format_row(store: SessionStore) -> RunRow:
    """Returns the line of a session."""
    facts, tags = store.facts, store.tags
    standing = open_alerts(facts)
    count = {name: sum(severity_name(a.severity) == name for a in standing) for name in ("error", "warning", "info")}
    samples = _samples_logged(store)
    verdict: Verdict = "waiting"
    if facts.failures:
        verdict = "error"
    elif standing:
        verdict = severity_name(standing[0].severity)
    elif samples:
        verdict = "healthy"
    step, epoch, loss = _progress(store)
    epochs = facts.start.params.get("epochs") if facts.start else None
    cost = facts.cost
    alerts = [item.record for item in facts.alerts.values() if isinstance(item.record, Alert)]
    return RunRow(
        id=tags.id,
        run=display_run(tags.run),
        session=tags.session,
        mode=facts.start.mode if facts.start else "fit",
        host=facts.start.host if facts.start else "",
        worker=facts.start.worker if facts.start else 0,
        workers=facts.start.workers if facts.start else 1,
        started=facts.start.wall_time if facts.start else 0.0,
        heard=tags.heard,
        end=facts.end.status if facts.end else "",
        verdict=verdict,
        errors=count["error"],
        warnings=count["warning"],
        infos=count["info"],
        resolved=sum(a.state == "resolved" and a.caused_by is None for a in alerts),
        top=standing[0].message if standing else "",
        failure=facts.failures[-1].exception if facts.failures else "",
        step=step,
        epoch=epoch,
        epochs=epochs if isinstance(epochs, int) else None,
        loss="NaN" if loss is not None and not math.isfinite(loss) else number(loss),
        spent_s=cost.spent_s if cost else 0.0,
        setup_s=cost.setup_s if cost else 0.0,
        elapsed_s=cost.elapsed_s if cost else 0.0,
        cost_is_least=cost is not None and cost.is_least,
        every=cost.every if cost else 0.0,
        log_bytes=cost.log_bytes if cost else 0,
        samples=samples,
        problem=store.problem,
        revision=store.revision,
    )


def completeness(store: SessionStore) -> Completeness:
    """Returns how much of the log has been read."""
    facts, head = store.facts, store.facts.head
    samples, losses = store.tables.get("samples"), store.tables.get("losses")
    read = samples.rows_read if samples else 0
    return Completeness(
        samples_read=read,
        samples_logged=head.rows.get("samples", 0) if head else read,
        alerts_read=facts.alert_records,
        alerts_logged=head.rows.get("alerts", 0) if head else facts.alert_records,
        losses_read=losses.rows_read if losses else 0,
        losses_logged=head.rows.get("losses", 0) if head else 0,
        proven=head is not None,
    )


def format_run(store: SessionStore, *, since: int, server: str, now: float) -> RunAnswer:
    """Returns what the overview shows.

    Args:
        store: The session.
        since: Leave out alerts and epochs that the client has since this revision.
        server: See `RunsAnswer`.
        now: The server's clock.
    """
    facts = store.facts
    changed = [item for item in facts.alerts.values() if item.revision > since]
    return RunAnswer(
        id=store.tags.id,
        server=server,
        revision=store.revision,
        now=now,
        row=format_row(store),
        start=facts.start,
        end=facts.end,
        failures=facts.failures,
        cost=facts.cost,
        alerts=[
            AlertRow(alert=item.record, severity=severity_name(item.record.severity), revision=item.revision)  # type: ignore[typeddict-item]  # narrower than Verdict
            for item in changed
            if isinstance(item.record, Alert)
        ],
        epochs=[i.record for i in facts.epochs if i.revision > since and isinstance(i.record, EpochEnd)],
        completeness=completeness(store),
    )


def format_model(store: SessionStore, *, since: int) -> ModelAnswer:
    """Returns the static facts of the model; nothing but the revision if the client has them since `since`."""
    model: ModelFacts | None = store.facts.model
    revision = max(store.facts.model_revision, store.facts.layout_revision)
    if 0 < revision <= since:
        return ModelAnswer(id=store.tags.id, revision=revision, unchanged=True, model=None, entries=[])
    entries: dict[str, TensorLayout] = {}
    for layout in store.facts.layouts.values():
        for tensor in layout.tensors:
            if tensor.stage == "entry":
                entries.setdefault(tensor.name, tensor)
    return ModelAnswer(
        id=store.tags.id, revision=revision, unchanged=False, model=model, entries=list(entries.values())
    )
