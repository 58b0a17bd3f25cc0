"""A process with two virtual devices: trains under MirroredStrategy and asserts. Its last line says ``fine``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.records import Failure
from tests.modes.harness import fresh, records_of, run_row
from tests.modes.models import BATCH, STEPS, N, convolutional, fit_pictures, fit_table, regressor, table, tape_norms
from tests.modes.rows import EVERYTHING, Row, Seen, split

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
# one for all: two strategies in a process use the same keys for their collective ops
STRATEGY = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def mirrored(build: Any) -> Any:
    """Returns a function that builds a model under a strategy of two replicas."""

    def inside() -> Any:
        with STRATEGY.scope():
            return build()

    return inside


def whole() -> list[Any]:
    """Returns the batches of the table but for the last, smaller one."""
    return split({k: v[:20] for k, v in table().items()}, BATCH)


def fit_whole(model: Any, callbacks: list[Any]) -> Any:
    """Trains on five batches of equal size, twice."""
    return fit_table(model, callbacks, epochs=2, steps_per_epoch=None)


def norms_by_hand(_: Any) -> Any:
    """The same model without a strategy, on the global batch."""
    fresh()
    found = tape_norms(regressor())
    fresh()
    return found


def _scaled() -> Any:
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=1024.0)
    return regressor(optimizer)


def _clips(seen: Seen) -> None:
    """Each replica clips its own gradients to 0.02 / 2, then they are summed."""
    for sample in seen.samples():
        assert 0 < sample.clipped_gradient_norm <= 0.020001 < sample.gradient_norm


def _row(name: str, build: Any, **more: Any) -> Row:
    settings: dict[str, Any] = {"batches": lambda: split(table(), BATCH), "steps": 2 * STEPS, **more}
    return Row(name, "Distribution", "", mirrored(build), fit_whole, **settings)


ROWS = [
    _row("sgd", regressor, gradients=norms_by_hand),
    _row(
        "global-clipnorm",
        lambda: regressor(keras.optimizers.SGD(global_clipnorm=0.01)),
        expect=_clips,
        gradients=norms_by_hand,
    ),
    _row("loss-scaled", _scaled, gradients=norms_by_hand),
    Row(
        "pictures",
        "",
        "",
        mirrored(convolutional),
        # four steps of 4 pictures, 5 to validate: no replica is left without a picture, which Keras' Dropout can't take
        lambda m, c: fit_pictures(m, c, validation_split=0.2, steps_per_epoch=4),
        sees=EVERYTHING,
        splits=frozenset({"train", "validation"}),
    ),
]


def shape_error() -> None:
    """Keras builds the model before it calls a callback: `watch` has the diagnosis all the same."""
    fresh()
    folder = tempfile.mkdtemp()
    model = mirrored(convolutional)()
    notes: list[str] = []
    try:
        with InputDiagnostics(folder, verbose=0).watch(model):
            model.fit(np.zeros((N, 64), np.float32), np.zeros(N), verbose=0)
    except ValueError as exc:
        notes = getattr(exc, "__notes__", [])
    assert "shape-mismatch" in "".join(notes), notes
    assert [r.exception for r in records_of(folder) if isinstance(r, Failure)] == ["ValueError"]


def main() -> None:
    """Runs all of it."""
    chosen = sys.argv[1:]
    for row in ROWS:
        if not chosen or row.id in chosen:
            run_row(row, Path(tempfile.mkdtemp()))
            print(row.id, "passed", flush=True)
    if not chosen:
        shape_error()
    print("fine")


if __name__ == "__main__":
    main()
