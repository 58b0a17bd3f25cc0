"""What only PyTorch has: its loaders, its optimizers, its compiler, and training steps as Keras has them there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest import mock

import keras
import numpy as np
import pytest
from keras import layers as L

from tests.modes.models import BATCH, STEPS, compiled, fit_table, regressor, table, table_batches
from tests.modes.rows import EVERYTHING, Row, Seen

GROUP = "How the step runs"


class AppliesGradients(keras.Model):
    """The step of Keras' guide to custom training on PyTorch."""

    def __init__(self) -> None:
        super().__init__()
        self.a = L.Dense(5, activation="relu", name="a")
        self.b = L.Dense(1, name="b")

    def call(self, x: Any) -> Any:
        return self.b(self.a(x))

    def train_step(self, data: Any) -> Any:
        import torch

        x, y = data
        self.zero_grad()
        y_pred = self(x, training=True)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        loss.backward()
        weights = list(self.trainable_weights)
        with torch.no_grad():
            self.optimizer.apply([weight.value.grad for weight in weights], weights)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


class NativeStep(AppliesGradients):
    """A step with a loss and an optimizer of PyTorch."""

    def train_step(self, data: Any) -> Any:
        import torch

        x, y = data
        self.native = getattr(self, "native", None) or torch.optim.SGD(self.parameters(), lr=0.01, momentum=0.9)
        self.native.zero_grad()
        loss = torch.nn.functional.mse_loss(self(x), y)
        loss.backward()
        self.native.step()
        return {"loss": loss.detach()}


def _custom(seen: Seen) -> None:
    assert seen.facts.custom_train_step


def _native(seen: Seen) -> None:
    sample = seen.samples()[0]
    assert sample.learning_rate == pytest.approx(0.01)
    assert sample.weights is not None
    assert (sample.weights.update_ratio[np.asarray(sample.weights.gradient_norm) > 0] > 0).all()


def _says_what_is_hidden(seen: Seen) -> None:
    assert "torch_compile" in [item.accessor for item in seen.facts.degraded]


def _fit_loader(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    import torch

    tensors = [torch.tensor(values) for values in table().values()]
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*tensors), batch_size=BATCH)
    return dict(model.fit(data, epochs=2, verbose=0, callbacks=callbacks, validation_data=data).history)


def _fit_compiled(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    # to compile takes minutes on small machines, and does not change who calls whom
    with mock.patch("torch.compile", lambda function: function):
        return _two_epochs(model, callbacks)


def _two_epochs(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    return fit_table(model, callbacks, epochs=2)


def row(row_id: str, mode: str, build: Any, fit: Any = _two_epochs, group: str = GROUP, **more: Any) -> Row:
    """Returns a row that trains on the table for two epochs."""
    return Row(row_id, group, mode, build, fit, table_batches, steps=2 * STEPS, on=("torch",), **more)


ROWS = [
    row(
        "torch-loader",
        "`torch.utils.data.DataLoader`",
        regressor,
        _fit_loader,
        group="Data",
        splits=frozenset({"train", "validation"}),
    ),
    row(
        "torch-custom-step",
        "`train_step` of your own with `apply_gradients` or `apply`",
        lambda: compiled(AppliesGradients()),
        expect=_custom,
    ),
    row(
        "torch-native",
        "`train_step` that never calls `compute_loss`",
        lambda: compiled(NativeStep()),
        expect=_native,
        note="PyTorch: also with `torch.optim`",
    ),
    row(
        "torch-compiled",
        "`jit_compile=True`",
        lambda: regressor(jit_compile=True),
        _fit_compiled,
        sees=EVERYTHING - {"outputs", "entry", "layers", "loss"},
        expect=_says_what_is_hidden,
        note="PyTorch's compiler runs the step as a whole, so it is seen from outside",
    ),
]
