"""One of two processes of PyTorch that train together, and assert. Its last line says ``fine``.

    KERAS_BACKEND=torch python -m tests.modes.program_torch_workers INDEX PORT LOG_DIR

Keras has no distribution of its own on PyTorch. A model's step can call `DistributedDataParallel`, as here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import torch
from keras import layers as L
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from tb_inputdiag import InputDiagnostics, read
from tb_inputdiag.records import Sample
from tests.modes.harness import assert_same_history, assert_same_weights, fresh, weights_of
from tests.modes.models import tape_norms
from tests.modes.oracle import assert_batch
from tests.modes.rows import dense

INDEX, PORT, LOG_DIR = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
BATCH, STEPS = 4, 5


class Network(torch.nn.Module):
    """Two layers of Keras, as PyTorch's wrapper wants them."""

    def __init__(self) -> None:
        super().__init__()
        self.a = L.Dense(5, activation="relu", name="a")
        self.b = L.Dense(1, name="b")
        self.a.build((None, 3))
        self.b.build((None, 5))

    def forward(self, x: Any) -> Any:
        """Runs both."""
        return self.b(self.a(x))


class Distributed(keras.Model):
    """A model whose step averages gradients over all processes."""

    def __init__(self) -> None:
        super().__init__()
        network = Network()
        self.a, self.b = network.a, network.b
        # hidden from Keras, which tracks modules
        self.__dict__["wrapped"] = DistributedDataParallel(network)

    def call(self, x: Any) -> Any:
        """Runs the layers in this process."""
        return self.b(self.a(x))

    def train_step(self, data: Any) -> Any:
        """Runs a step whose backward pass waits for the other process."""
        x, y = data
        self.zero_grad()
        y_pred = self.wrapped(x)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        loss.backward()
        weights = list(self.trainable_weights)
        with torch.no_grad():
            self.optimizer.apply([weight.value.grad for weight in weights], weights)
        return {"loss": loss.detach()}


def table() -> tuple[np.ndarray, np.ndarray]:
    """Returns this process's examples."""
    return dense((BATCH * STEPS, 3), 10 + INDEX), dense((BATCH * STEPS, 1), 20 + INDEX)


def fit(model: Any, callbacks: list[Any]) -> Any:
    """Trains for two epochs, in order."""
    x, y = table()
    return dict(model.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, verbose=0, callbacks=callbacks).history)


def built() -> Any:
    """Returns the model, the same one in every call and process."""
    fresh()
    model = Distributed()
    model.compile("sgd", "mse", jit_compile=False)
    return model


def gradients_by_hand() -> dict[str, float]:
    """Returns the norms of the gradients of both processes' first batches together."""
    parts = [(dense((BATCH * STEPS, 3), 10 + i)[:BATCH], dense((BATCH * STEPS, 1), 20 + i)[:BATCH]) for i in (0, 1)]
    x, y = (np.concatenate(both) for both in zip(*parts, strict=True))
    return tape_norms(built(), torch.tensor(x), torch.tensor(y))


def main() -> None:
    """The same result as without the callback; each process has a log of its own part."""
    distributed.init_process_group("gloo", f"tcp://127.0.0.1:{PORT}", world_size=2, rank=INDEX)
    plain = built()
    history = fit(plain, [])
    expected = weights_of(plain)
    model = built()
    callback = InputDiagnostics(LOG_DIR, every=2, verbose=0)
    assert_same_history(history, fit(model, [callback]))
    assert_same_weights(expected, weights_of(model))
    (mine,) = (run for run in read(LOG_DIR).runs if run.name.endswith(f"worker-{INDEX}"))
    (session,) = mine.sessions
    samples = [record for record in session.records() if isinstance(record, Sample)]
    assert [sample.step for sample in samples] == [0, 2, 4, 6, 8]
    x, y = table()
    for sample in samples:
        start = sample.step % STEPS * BATCH
        batch = {"input:x": x[start : start + BATCH], "target:y": y[start : start + BATCH]}
        assert_batch(sample, session.layouts[sample.layout], batch)
    assert samples[0].weights is not None
    layout = session.layouts[samples[0].layout]
    assert layout.layers == ("a", "b")
    found = samples[0].weights.gradient_norm
    np.testing.assert_allclose(sorted(found), sorted(gradients_by_hand().values()), rtol=2e-3)
    print("fine", flush=True)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
