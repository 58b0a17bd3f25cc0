"""Small rules and records for tests of the engine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import ClassVar

from tb_inputdiag.records import Alert, Record, Severity
from tb_inputdiag.rules import Context, Finding, Findings, Rule, RuleEngine, Threshold
from tb_inputdiag.rules.examples import Scenario

__all__ = ["Cause", "LossAbove", "Symptom", "alerts_of", "feed_all", "steps"]


class LossAbove(Rule):
    """Fires about the loss wherever it is above a limit; NaN means no verdict."""

    id = "loss-above"
    why = "Because the test says so."
    limit = Threshold(1.0, "The limit.", source="The test.", low=-1e9)

    def on_sample(self, context: Context) -> Findings:
        loss = context.sample.loss
        if math.isnan(loss):
            return None
        if loss <= self.limit:
            return []
        return [Finding(subject="loss", message=f"It is {loss:g}.", evidence={"loss": loss}, fix="Lower it.")]


class Symptom(LossAbove):
    """Fires above 10."""

    id = "symptom"
    limit = Threshold(10.0, "The limit.", source="The test.")


class Cause(LossAbove):
    """Fires above 100 and explains the symptom."""

    id = "cause"
    explains: ClassVar[tuple[str, ...]] = ("symptom",)
    limit = Threshold(100.0, "The limit.", source="The test.")


class Loud(Symptom):
    """A symptom that is certain harm."""

    id = "loud"
    severity = Severity.ERROR


def steps(losses: Iterable[float]) -> Sequence[Record]:
    """Returns a session with these losses, one sample each; everything else is healthy."""
    scenario = Scenario()
    for loss in losses:
        scenario.train(loss=loss)
    return scenario.records


def feed_all(engine: RuleEngine, records: Iterable[Record]) -> list[list[str]]:
    """Feeds the records and returns, for each, what came back as ``rule:state``."""
    return [[f"{alert.rule}:{alert.state}" for alert in alerts_of(engine, record)] for record in records]


def alerts_of(engine: RuleEngine, record: Record) -> list[Alert]:
    """Feeds a record and returns the alerts that came of it."""
    return [found for found in engine.feed(record) if isinstance(found, Alert)]
