"""Made-up sessions: the examples of each rule, and a way for users to try rules of their own.

>>> import numpy as np
>>> from tb_inputdiag.rules import judge
>>> from tb_inputdiag.rules.examples import Scenario
>>> scenario = Scenario().train(x=np.full((8, 28, 28, 1), 200.0), steps=3)
>>> [alert.rule for alert in judge(scenario.records) if alert.rule == "unnormalized-input"]
['unnormalized-input']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import (
    Baseline,
    CallStart,
    EpochEnd,
    Failure,
    LayerFacts,
    Layout,
    Losses,
    ModelFacts,
    Part,
    Record,
    Role,
    Sample,
    SessionEnd,
    SessionStart,
    Split,
    TensorLayout,
)
from tb_inputdiag.rules.examples.batches import Arrays, entries, inputs, outputs
from tb_inputdiag.rules.examples.models import CLASSIFIER, layer, weights_of
from tb_inputdiag.rules.examples.tables import Overrides, layer_table, weight_table
from tb_inputdiag.rules.examples.whole_data import data_summary
from tb_inputdiag.statistics.gradients import global_norm
from tb_inputdiag.statistics.reference import tensor_table

__all__ = ["Scenario"]


class Scenario:
    """Builds the records of a session from arrays and a few numbers. Everything else is as in a healthy run.

    Args:
        layers: The model; a small image classifier by default.
        loss: Its loss, in the form of `ModelFacts.loss`, or just the name.
        params: Keras' ``epochs`` and ``steps``, if the rule needs to know how long the run will be.
        facts: Other fields of `ModelFacts`.
    """

    def __init__(
        self,
        layers: Sequence[LayerFacts] = CLASSIFIER,
        *,
        loss: Any = "sparse_categorical_crossentropy",
        params: Any = None,
        **facts: Any,
    ) -> None:
        self.layers = tuple(layers)
        head = self.layers[-1] if self.layers else layer("none", "Dense")
        facts.setdefault("kind", "sequential")
        facts.setdefault("optimizer", {"name": "Adam", "learning_rate": 1e-3})
        facts.setdefault("output_activations", {"y_pred": head.config.get("activation", "linear")})
        facts.setdefault("output_units", {"y_pred": head.config.get("units", 1)})
        facts.setdefault("weights", tuple(weight for item in self.layers for weight in weights_of(item)))
        if isinstance(loss, str):
            loss = {"name": loss, "from_logits": False, "reduction": "sum_over_batch_size", "custom": False}
        self.facts = ModelFacts(name="model", class_name="Sequential", layers=self.layers, loss=loss, **facts)
        self.records: list[Record] = [
            SessionStart(session="example", wall_time=0.0, params=params or {}),
            self.facts,
        ]
        self.step = 0
        self.epoch = 0
        self._random = np.random.default_rng(7)
        self._parts: dict[Part, dict[tuple[Role, str], NDArray[Any]]] = {}
        self._layouts: dict[tuple[Split, tuple[TensorLayout, ...]], Layout] = {}

    def with_params(self, **params: int) -> Scenario:
        """Sets Keras' parameters of the run: ``epochs``, ``steps``."""
        self.records[0] = SessionStart(session="example", wall_time=0.0, params=params)
        return self

    def on_backend(self, backend: str) -> Scenario:
        """Sets the backend of Keras, as `KERAS_BACKEND` names it."""
        self.records[0] = SessionStart(session="example", wall_time=0.0, versions={backend: "1.0"})
        return self

    def train(self, steps: int = 1, **batch: Any) -> Scenario:
        """Adds training steps, each of them sampled. `_sample` lists what a batch may hold."""
        for _ in range(steps):
            loss = batch.get("loss", 2.3 * 0.99**self.step)
            values = {key: value(self.step) if callable(value) else value for key, value in batch.items()}
            values["loss"] = loss(self.step) if callable(loss) else loss
            self._sample("train", **values)
            self.losses([values["loss"]])
        return self

    def validate(self, **batch: Any) -> Scenario:
        """Adds a validation sample."""
        self._sample("validation", **{"loss": 2.0, **batch})
        return self

    def data(
        self,
        part: Part = "train",
        *,
        columns: Mapping[str, Sequence[str]] | None = None,
        facts: Mapping[str, Any] | None = None,
        **arrays: Any,
    ) -> Scenario:
        """Adds a part of a data set that is checked as a whole.

        Args:
            part: Which one.
            columns: Tensor -> names of its columns.
            facts: Other fields of its `DataSummary`.
            arrays: ``y`` and ``sample_weight``; everything else is an input.
        """
        if not self._parts:
            self.records[0] = replace(self.records[0], mode="data")  # type: ignore[arg-type]  # it is a SessionStart
        roles: dict[str, Role] = {"y": "target", "sample_weight": "sample_weight"}
        tensors = {(roles.get(name, "input"), name): np.asarray(array) for name, array in arrays.items()}
        self.records.append(data_summary(part, tensors, columns or {}, self._parts, **(facts or {})))
        self._parts[part] = tensors
        return self

    def compared_with(self, baseline: Baseline) -> Scenario:
        """Compares the run with a baseline."""
        self.records.insert(1, baseline)
        return self

    def losses(self, values: Sequence[float] | NDArray[Any]) -> Scenario:
        """Adds training steps that are not sampled: only their losses are known."""
        steps = np.arange(self.step, self.step + len(values), dtype=np.int64)
        self.records.append(Losses(step=steps, loss=np.asarray(values, np.float32), epoch=self.epoch))
        self.step += len(values)
        return self

    def epoch_end(self, **logs: float) -> Scenario:
        """Ends an epoch with these logs."""
        self.records.append(EpochEnd(epoch=self.epoch, step=self.step - 1, wall_time=float(self.step), logs=logs))
        self.epoch += 1
        return self

    def fail(self, exception: str, message: str, **facts: Any) -> Scenario:
        """Ends the run with an exception."""
        facts = {"split": "train", **facts}
        self.records.append(
            Failure(step=self.step, wall_time=float(self.step), exception=exception, message=message, **facts)
        )
        return self.end("failed")

    def call(self, mode: Any = "fit", **params: Any) -> Scenario:
        """Ends the call, and begins another one in the same session."""
        self.end()
        calls = sum(isinstance(record, CallStart) for record in self.records) + 1
        self.records.append(
            CallStart(
                number=calls, wall_time=float(self.step), step=self.step, epoch=self.epoch, mode=mode, params=params
            )
        )
        return self

    def end(self, status: Any = "finished") -> Scenario:
        """Ends the call, and the session if no other call follows."""
        self.records.append(SessionEnd(wall_time=float(self.step), step=self.step, status=status))
        return self

    def _sample(
        self,
        split: Split,
        *,
        x: Arrays | None = None,
        entry: Arrays | None = None,
        entry_layers: Mapping[str, str] | None = None,
        y: Arrays | None = None,
        y_pred: Arrays | None = None,
        sample_weight: Arrays | None = None,
        unread_weights: bool = False,
        broadcast_to: tuple[int | None, ...] | None = None,
        loss: float = 2.0,
        gradients: Overrides | None = None,
        activations: Overrides | None = None,
        batch_size: int | None = None,
        **values: Any,
    ) -> None:
        """Adds a sample.

        Args:
            split: Training or validation.
            x: The inputs as fed, by name or a single one.
            entry: What the first trainable layer reads; as fed by default.
            entry_layers: Input name -> the layer that reads it.
            y: The targets.
            y_pred: The predictions.
            sample_weight: The sample weights.
            unread_weights: Whether no operation of the step reads them.
            broadcast_to: The shape of an operation that pairs all targets with all predictions.
            loss: The batch's loss.
            gradients: Weight or "*" -> columns of `WeightTable`.
            activations: Layer or "*" -> columns of `LayerTable`.
            batch_size: By default that of `x`.
            values: Other fields of `Sample`.
        """
        if x is None:
            x = self._random.normal(size=(16, 28, 28, 1)).astype(np.float32)
        batch = inputs(x) + entries(x if entry is None else entry, self.facts, entry_layers or {}, entry is None)
        batch += outputs(y, y_pred, sample_weight, self.facts, unread_weights, broadcast_to)
        layout = self._layout(split, tuple(tensor for tensor, _ in batch))
        weights = weight_table(layout.weights, gradients or {})
        norm = global_norm(weights.gradient_norm)
        fields = {
            "penalty": 0.0,
            "learning_rate": 1e-3,
            "step_time_s": 0.01,
            "cost_s": 0.001,
            "loss_scale": 1.0,
            "gradient_norm": norm,
            "clipped_gradient_norm": norm,
            "skipped": False,
            **values,
        }
        self.records.append(
            Sample(
                layout=layout.id,
                split=split,
                step=self.step,
                epoch=self.epoch,
                wall_time=float(self.step),
                loss=loss,
                batch_size=len(batch[0][1]) if batch_size is None else batch_size,
                tensors=tensor_table(layout.tensors, [array for _, array in batch], self.facts.loss),
                weights=weights if split == "train" and layout.weights else None,
                layers=layer_table(layout.layers, activations or {}),
                **fields,
            )
        )

    def _layout(self, split: Split, tensors: tuple[TensorLayout, ...]) -> Layout:
        """Returns the layout of a sample; it becomes a record when it is needed for the first time."""
        layout = self._layouts.get((split, tensors))
        if layout is None:
            trainable = tuple(weight.name for weight in self.facts.weights if weight.trainable)
            layout = Layout(
                id=len(self._layouts),
                split=split,
                tensors=tensors,
                weights=trainable if split == "train" else (),
                layers=tuple(item.name for item in self.layers),
            )
            self._layouts[split, tensors] = layout
            self.records.append(layout)
        return layout
