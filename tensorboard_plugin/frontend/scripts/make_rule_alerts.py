"""Prints one alert for each firing example of each rule, as the route ``run`` sends them, and the keys of its curves.

The frontend's tests show every one of them. They run it from the root of the repository::

    python -m tensorboard_plugin.frontend.scripts.make_rule_alerts
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TypedDict

from tb_inputdiag.records import Alert, Curve, Quantity
from tb_inputdiag.rules import all_rules, judge
from tensorboard_plugin.inputdiag.encoding import dump
from tensorboard_plugin.inputdiag.payload_runs import format_alert_row
from tensorboard_plugin.inputdiag.payload_types import AlertRow
from tensorboard_plugin.inputdiag.series_keys import series_key


class RuleAlert(TypedDict):
    """An alert that a rule's own example raises."""

    example: str
    row: AlertRow
    keys: list[tuple[Quantity, str]]
    """The quantities of its curves with their keys."""


def rule_alerts() -> Iterator[RuleAlert]:
    """Yields the first alert of each example."""
    for rule in all_rules():
        for example in rule.examples():
            if not example.fires:
                continue
            alert = next(found for found in judge(example.build().records, [rule.id]) if found.rule == rule.id)
            yield RuleAlert(
                example=f"{rule.id}: {example.name}",
                row=format_alert_row(alert, revision=1),
                keys=[(quantity, series_key(quantity)) for quantity in quantities(alert)],
            )


def quantities(alert: Alert) -> list[Quantity]:
    """Returns every quantity that the curves of an alert are made of."""
    return [quantity for curve in alert.curves for quantity in _parts(curve)]


def _parts(curve: Curve) -> list[Quantity]:
    return [part for part in (curve.quantity, curve.low, curve.high, curve.beside) if part is not None]


if __name__ == "__main__":
    sys.stdout.buffer.write(dump(list(rule_alerts())))
