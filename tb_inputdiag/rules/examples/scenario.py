"""Made-up sessions: the examples that each rule brings, and a way for users to try rules of their own.

>>> import numpy as np
>>> from tb_inputdiag.rules import judge
>>> from tb_inputdiag.rules.examples import Scenario
>>> scenario = Scenario().train(x=np.full((8, 28, 28, 1), 200.0), steps=3)
>>> [alert.rule for alert in judge(scenario.records) if alert.rule == "unnormalized-input"]
['unnormalized-input']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import (
    COLUMNS,
    EpochEnd,
    Failure,
    LayerFacts,
    LayerTable,
    Layout,
    Losses,
    ModelFacts,
    Record,
    Role,
    Sample,
    SessionEnd,
    SessionStart,
    Severity,
    Split,
    TensorLayout,
    WeightFacts,
    WeightTable,
)
from tb_inputdiag.rules.examples.arrays import kept_features, tensor_table

__all__ = [
    "BINARY",
    "CLASSIFIER",
    "REGRESSOR",
    "Example",
    "Scenario",
    "class_ids",
    "columns",
    "fires",
    "layer",
    "pixels",
    "probabilities",
    "silent",
]

Arrays = NDArray[Any] | Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Example:
    """A run on which a rule must fire, or stay silent."""

    name: str
    build: Callable[[], Scenario]
    fires: bool
    subject: str = ""
    severity: Severity | None = None


def fires(name: str, build: Callable[[], Scenario], subject: str, severity: Severity | None = None) -> Example:
    """Returns an example on which the rule fires about `subject`."""
    return Example(name, build, True, subject, severity)


def silent(name: str, build: Callable[[], Scenario]) -> Example:
    """Returns an example on which the rule does not fire."""
    return Example(name, build, False)


def layer(name: str, class_name: str, **facts: Any) -> LayerFacts:
    """Returns facts of a layer; what `LayerFacts` has no field for goes into its config."""
    own = {key: facts.pop(key) for key in [*facts] if key in LayerFacts.__dataclass_fields__}
    params = 0 if class_name in _WITHOUT_WEIGHTS else 100
    own.setdefault("n_params", params)
    own.setdefault("n_trainable_params", params if own.get("trainable", True) else 0)
    own.setdefault("module", "keras.src.layers")
    return LayerFacts(name=name, class_name=class_name, config=facts, **own)


_WITHOUT_WEIGHTS = frozenset(
    [
        *("InputLayer", "Rescaling", "Normalization", "Flatten", "MaxPooling2D", "GlobalAveragePooling2D", "Dropout"),
        *("Activation", "ReLU", "Softmax", "Reshape", "Permute", "Resizing", "RandomFlip", "Add", "Concatenate"),
    ]
)

CLASSIFIER = (
    layer("conv2d", "Conv2D", activation="relu", filters=32, input_shape=(None, 28, 28, 1)),
    layer("max_pooling2d", "MaxPooling2D"),
    layer("flatten", "Flatten"),
    layer("dense", "Dense", activation="softmax", units=10),
)
REGRESSOR = (layer("dense", "Dense", activation="relu", units=32), layer("dense_1", "Dense", units=1))
BINARY = (REGRESSOR[0], layer("dense_1", "Dense", units=1, activation="sigmoid"))


def pixels(high: float = 1.0, dtype: str = "float32", shape: Sequence[int] = (16, 28, 28, 1)) -> NDArray[Any]:
    """Returns images with values from 0 to `high`."""
    return (np.random.default_rng(1).random(shape) * high).astype(dtype)


def columns(scale: float = 1.0, offset: float = 0.0, *, rows: int = 32, n: int = 8, seed: int = 1) -> NDArray[Any]:
    """Returns a table of normal values with this standard deviation and mean."""
    return (np.random.default_rng(seed).normal(size=(rows, n)) * scale + offset).astype(np.float32)


def class_ids(n: int = 10, *, rows: int = 16, first: int = 0, seed: int = 1) -> NDArray[Any]:
    """Returns integer labels ``first .. first + n - 1``, all of which occur."""
    ids = np.arange(rows) % n + first
    shuffled: NDArray[Any] = np.random.default_rng(seed).permutation(ids)
    return shuffled.astype(np.int64)


def probabilities(n: int = 10, *, rows: int = 16, seed: int = 1) -> NDArray[Any]:
    """Returns rows that sum to 1."""
    values: NDArray[Any] = np.random.default_rng(seed).random((rows, n)) + 0.1
    return np.asarray(values / values.sum(axis=1, keepdims=True), np.float32)


class Scenario:
    """Builds the records of a session from arrays and a few numbers; what is not said is as in a healthy run.

    Args:
        layers: The model; a small image classifier by default.
        loss: Its loss, as `ModelFacts.loss` has it or just the name.
        facts: Further fields of `ModelFacts`.
    """

    def __init__(
        self, layers: Sequence[LayerFacts] = CLASSIFIER, *, loss: Any = "sparse_categorical_crossentropy", **facts: Any
    ) -> None:
        self.layers = tuple(layers)
        head = self.layers[-1] if self.layers else layer("none", "Dense")
        weights = tuple(
            WeightFacts(
                name=f"{item.name}/{part}",
                shape=(10, 10) if part == "kernel" else (10,),
                dtype="float32",
                trainable=item.trainable,
                layer=item.name,
                initial_constant=part == "bias",
                initial_std=0.1 if part == "kernel" else 0.0,
                initializer="GlorotUniform" if part == "kernel" else "Zeros",
            )
            for item in self.layers
            if item.n_params
            for part in ("kernel", "bias")
        )
        facts.setdefault("kind", "sequential")
        facts.setdefault("optimizer", {"name": "Adam", "learning_rate": 1e-3})
        facts.setdefault("output_activations", {"y_pred": head.config.get("activation", "linear")})
        facts.setdefault("output_units", {"y_pred": head.config.get("units", 1)})
        facts.setdefault("weights", weights)
        if isinstance(loss, str):
            loss = {"name": loss, "from_logits": False, "reduction": "sum_over_batch_size", "custom": False}
        self.facts = ModelFacts(name="model", class_name="Sequential", layers=self.layers, loss=loss, **facts)
        self.records: list[Record] = [SessionStart(session="example", wall_time=0.0), self.facts]
        self.step = 0
        self.epoch = 0
        self._random = np.random.default_rng(7)
        self._layouts: dict[Any, Layout] = {}

    def train(self, steps: int = 1, **batch: Any) -> Scenario:
        """Adds training steps, each sampled: see `_sample` for what a batch may hold."""
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

    def losses(self, values: Sequence[float] | NDArray[Any]) -> Scenario:
        """Adds training steps of which the loss alone is known."""
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

    def end(self, status: Any = "finished") -> Scenario:
        """Ends the session."""
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
        sample_weight: NDArray[Any] | None = None,
        loss: float = 2.0,
        gradients: Mapping[str, Mapping[str, float]] | None = None,
        activations: Mapping[str, Mapping[str, float]] | None = None,
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
            loss: The batch's loss.
            gradients: Weight or "*" -> columns of `WeightTable`.
            activations: Layer or "*" -> columns of `LayerTable`.
            batch_size: By default that of `x`.
            values: Further fields of `Sample`.
        """
        if x is None:
            x = self._random.normal(size=(16, 28, 28, 1)).astype(np.float32)
        named: list[tuple[TensorLayout, NDArray[Any]]] = []
        for name, array in _named(x, "x").items():
            named.append((_tensor_layout(name, "input", array), array))
        first = next((item for item in self.layers if item.n_trainable_params), None)
        for name, array in _named(x if entry is None else entry, "x").items():
            reader = self.facts.layer((entry_layers or {}).get(name, "")) or first
            if reader is not None:
                tensor = _tensor_layout(name, "input", array)
                tensor = replace(
                    tensor,
                    stage="entry",
                    layer=reader.name,
                    layer_class=reader.class_name,
                    sources=(name,),
                    same_as_fed=entry is None,
                )
                named.append((tensor, array))
        roles: tuple[tuple[Role, Arrays | None, str], ...] = (
            ("target", y, "y"),
            ("prediction", y_pred, "y_pred"),
            ("sample_weight", sample_weight, "sample_weight"),
        )
        for role, arrays, default in roles:
            for name, array in _named(arrays, default).items() if arrays is not None else ():
                named.append((_tensor_layout(name, role, array, self.facts), array))
        tensors = tuple(tensor for tensor, _ in named)
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
        weights = _table(WeightTable, "weights", layout.weights, _HEALTHY_WEIGHT, gradients or {})
        norm = float(np.sqrt(np.sum(np.square(weights.gradient_norm, dtype=np.float64))))
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
                batch_size=len(named[0][1]) if batch_size is None else batch_size,
                tensors=tensor_table(tensors, dict(enumerate(array for _, array in named))),
                weights=weights if split == "train" else None,
                layers=_table(LayerTable, "layers", layout.layers, _HEALTHY_LAYER, activations or {}),
                **fields,
            )
        )


_HEALTHY_WEIGHT = {
    "gradient_norm": 0.1,
    "gradient_max_abs": 0.02,
    "gradient_zero_fraction": 0.0,
    "gradient_nonfinite_count": 0.0,
    "clipped_gradient_norm": 0.1,
    "weight_norm": 3.0,
    "weight_nonfinite_count": 0.0,
    "update_ratio": 1e-3,
}
_HEALTHY_LAYER = {
    "mean": 0.1,
    "std": 0.8,
    "max_abs": 4.0,
    "zero_fraction": 0.3,
    "nonfinite_count": 0.0,
    "dead_fraction": float("nan"),
    "saturated_fraction": float("nan"),
}


def _table(
    cls: Any, table: str, rows: Sequence[str], healthy: Mapping[str, float], said: Mapping[str, Mapping[str, float]]
) -> Any:
    merged = [{**healthy, **said.get("*", {}), **said.get(row, {})} for row in rows]
    return cls(
        **{name: np.asarray([row[name] for row in merged], dtype) for name, (dtype, _) in COLUMNS[table].items()}
    )


def _named(arrays: Arrays, default: str) -> dict[str, NDArray[Any]]:
    if isinstance(arrays, Mapping):
        return {name: np.asarray(array) for name, array in arrays.items()}
    return {default: np.asarray(arrays)}


def _tensor_layout(name: str, role: Role, array: NDArray[Any], facts: ModelFacts | None = None) -> TensorLayout:
    axis = array.ndim - 1 if array.ndim > 1 else None
    units = facts.output_units.get("y_pred", 0) if facts is not None else 0
    counted = role == "target" and (array.dtype.kind in "iu" or (axis and array.shape[-1] == units > 1))
    return TensorLayout(
        name=name,
        role=role,
        shape=(None, *array.shape[1:]),
        dtype=str(array.dtype),
        feature_axis=axis,
        features=kept_features(array, axis),
        n_features=array.shape[axis] if axis is not None else 0,
        n_classes=min(max(units, 2), 128) if counted else 0,
    )
