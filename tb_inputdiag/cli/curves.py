"""The curves of an alert, as charts of what a session has logged."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.log.quantities import SCALARS, SplitQuantities
from tb_inputdiag.log.series import Series
from tb_inputdiag.log.stored_session import StoredSession
from tb_inputdiag.log.subjects import SubjectGroup
from tb_inputdiag.records import COLUMNS, Alert, Curve, Quantity
from tb_inputdiag.report.charts import Band, Chart, Line

__all__ = ["alert_chart", "band_of", "series_of"]

_SPREAD_OF_A_LOGARITHM = 50.0
"""Largest over smallest value from which a curve is drawn logarithmically."""


def alert_chart(session: StoredSession, alert: Alert) -> Chart | None:
    """Returns the first curve of an alert that the session has at least two values of; None if it has none."""
    for curve in alert.curves:
        series = series_of(session, curve.quantity)
        if series is not None and np.isfinite(series.values).sum() >= 2:
            return _chart(session, alert, curve, series)
    return None


def _chart(session: StoredSession, alert: Alert, curve: Curve, series: Series) -> Chart:
    ends = [series_of(session, quantity) for quantity in (curve.low, curve.high) if quantity is not None]
    low, high = ends if len(ends) == 2 else (None, None)
    bands = [band_of(low, high)] if low is not None and high is not None and len(low) else []
    lines = [Line("mean" if bands else curve.label, series.step, series.values)]
    beside = series_of(session, curve.beside) if curve.beside is not None else None
    if beside is not None and len(beside):
        lines.append(Line(curve.beside_label or "for comparison", beside.step, beside.values))
    step = alert.last_step if curve.quantity.stream == "epochs" else alert.first_step
    return Chart(
        curve.label,
        lines,
        bands,
        log=not bands and _spans_decades(lines),
        marks=[(step, alert.rule)] if step > 0 else [],
        expected=(curve.expected.low, curve.expected.high) if curve.expected is not None else None,
    )


def band_of(low: Series, high: Series) -> Band:
    """Returns the range between two series, at the steps that both have: a damaged log may lack a part of one."""
    if np.array_equal(low.step, high.step):
        return Band("min to max", low.step, low.values, high.values)
    steps, at_low, at_high = np.intersect1d(low.step, high.step, return_indices=True)
    return Band("min to max", steps, low.values[at_low], high.values[at_high])


def _spans_decades(lines: list[Line]) -> bool:
    values = np.concatenate([np.asarray(line.values, np.float64) for line in lines])
    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    return bool(
        len(positive) and len(positive) == len(finite) and positive.max() > _SPREAD_OF_A_LOGARITHM * positive.min()
    )


def series_of(session: StoredSession, quantity: Quantity) -> Series | None:
    """Returns the logged values of a quantity; None if the session does not have it."""
    values = session.split(quantity.split)
    match quantity.stream:
        case "losses":
            return session.loss
        case "samples":
            return values.scalar(quantity.column) if quantity.column in SCALARS else None
        case "epochs":
            return _epoch_series(session, quantity.column)
        case "tensors":
            return _column(_tensors(values, quantity), quantity, "tensors")
        case "weights":
            return _column(values.weights, quantity, "weights")
        case "layers":
            return _column(values.activations, quantity, "layers")


def _tensors(values: SplitQuantities, quantity: Quantity) -> SubjectGroup:
    if quantity.stage == "entry":
        return values.entries
    match quantity.role:
        case "input":
            return values.inputs
        case "target":
            return values.targets
        case "prediction":
            return values.predictions
        case "sample_weight":
            return values.sample_weights


def _column(group: SubjectGroup, quantity: Quantity, table: str) -> Series | None:
    known = quantity.name in group and quantity.column in COLUMNS[table]
    found = group.series(quantity.name, quantity.column) if known else None
    return found if found is not None and found.values.ndim == 1 else None


def _epoch_series(session: StoredSession, name: str) -> Series:
    epochs = [epoch for epoch in session.epochs if name in epoch.logs]
    steps = np.asarray([epoch.step for epoch in epochs], np.int64)
    return Series(name, steps, np.asarray([epoch.logs[name] for epoch in epochs], np.float64))
