"""Loss, gradient norm and alerts as TensorBoard's own tabs show them, for people who do not open the dashboard.

The events go into the session's own event file. They belong to other plugins, so readers of the log leave them out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2, types_pb2

from tb_inputdiag.log.codec import Numbered
from tb_inputdiag.records import Alert, Losses, Sample

__all__ = ["GROUP", "ScalarMirror"]

GROUP = "input_diagnostics"
"""The first part of each tag: TensorBoard puts them into one group."""
_POINTS = 4
"""Points of the loss in one write, so that a day of training has at most 35,000 and TensorBoard keeps its shape."""


class ScalarMirror:
    """Makes events of records. Steps of a tag never go back: TensorBoard would drop what it has."""

    def __init__(self) -> None:
        self._steps: dict[str, int] = {}
        self._states: dict[int, tuple[str, int]] = {}

    def events(self, records: Sequence[Numbered], wall_time: float) -> Iterator[Any]:
        """Yields the events of records that are written together.

        Args:
            records: The records, in order.
            wall_time: Seconds since the epoch.
        """
        losses = [item.record for item in records if isinstance(item.record, Losses)]
        if losses:
            yield from self._losses(losses, wall_time)
        for item in records:
            record = item.record
            if isinstance(record, Sample) and record.split == "train" and not math.isnan(record.gradient_norm):
                yield from self._scalar("gradient_norm", record.step, record.gradient_norm, record.wall_time)
            elif isinstance(record, Alert):
                yield from self._alert(record, wall_time)

    def _losses(self, losses: Sequence[Losses], wall_time: float) -> Iterator[Any]:
        steps = np.concatenate([np.asarray(item.step) for item in losses])
        values = np.concatenate([np.asarray(item.loss, np.float64) for item in losses])
        parts = min(_POINTS, len(steps))
        for part_steps, part in zip(np.array_split(steps, parts), np.array_split(values, parts), strict=True):
            with np.errstate(all="ignore"):
                yield from self._scalar("loss", int(part_steps[-1]), float(part.mean()), wall_time)

    def _scalar(self, name: str, step: int, value: float, wall_time: float) -> Iterator[Any]:
        tag = f"{GROUP}/{name}"
        event = self._event(tag, step, wall_time, "scalars", summary_pb2.DATA_CLASS_SCALAR)
        if event is not None:
            tensor = event.summary.value[0].tensor
            tensor.dtype = types_pb2.DT_FLOAT
            tensor.tensor_shape.SetInParent()
            tensor.float_val.append(value)
            yield event

    def _alert(self, alert: Alert, wall_time: float) -> Iterator[Any]:
        state = (alert.state, alert.reopened)
        known = self._states.get(alert.id)
        self._states[alert.id] = state
        if state == known or (known is None and alert.state != "open"):
            return
        step = alert.first_step if known is None else alert.last_step
        if alert.state == "resolved" and alert.resolved_step is not None:
            step = alert.resolved_step
        tag = f"{GROUP}/{alert.rule}/{alert.subject}"
        step = max(step, self._steps.get(tag, -1) + 1)
        event = self._event(tag, step, wall_time, "text", summary_pb2.DATA_CLASS_TENSOR)
        if event is not None:
            tensor = event.summary.value[0].tensor
            tensor.dtype = types_pb2.DT_STRING
            tensor.tensor_shape.SetInParent()
            tensor.string_val.append(_markdown(alert).encode())
            yield event

    def _event(self, tag: str, step: int, wall_time: float, plugin: str, data_class: int) -> Any:
        """Returns an event without its value; None if the tag has a later step already."""
        latest = self._steps.get(tag)
        if latest is not None and step <= latest:
            return None
        self._steps[tag] = step
        event = event_pb2.Event(wall_time=wall_time, step=step)
        value = event.summary.value.add()
        value.tag = tag
        if latest is None:  # TensorBoard reads the metadata of a tag's first event
            value.metadata.plugin_data.plugin_name = plugin
            value.metadata.data_class = data_class
        return event


def _markdown(alert: Alert) -> str:
    """Returns an alert as TensorBoard's Text tab shows it, which knows Markdown and removes HTML."""
    state = " (resolved)" if alert.state == "resolved" else ""
    parts = [f"**{alert.severity.name} {alert.rule}**{state}: {alert.message}", alert.why]
    if alert.fix and alert.state == "open":
        parts.append("\n".join(f"    {line}" for line in alert.fix.split("\n")))
    return "\n\n".join(part for part in parts if part)
