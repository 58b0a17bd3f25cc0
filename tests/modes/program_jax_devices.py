"""A process with four virtual devices of JAX: trains on all of them and asserts. Its last line says ``fine``.

KERAS_BACKEND=jax XLA_FLAGS=--xla_force_host_platform_device_count=4 python -m tests.modes.program_jax_devices
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import keras
import numpy as np
from keras import layers as L

from tests.modes.harness import run_row
from tests.modes.models import BATCH, compiled, table
from tests.modes.rows import Row, Seen, split

DEVICES = 4


def data() -> dict[str, np.ndarray]:
    """Returns the table but for its last, smaller batch, which four devices cannot share."""
    return {name: values[:20] for name, values in table().items()}


def fit_whole(model: Any, callbacks: list[Any]) -> Any:
    """Trains on five batches of equal size, twice."""
    x, y = data().values()
    return dict(model.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, verbose=0, callbacks=callbacks).history)


def distributed(make: Callable[[], keras.distribution.Distribution]) -> Callable[[], Any]:
    """Returns a function that builds a model on all devices."""

    def build() -> Any:
        keras.distribution.set_distribution(make())
        model = compiled(
            keras.Sequential([L.Input((3,)), L.Dense(4, activation="relu", name="a"), L.Dense(1, name="b")]),
            optimizer="adam",
        )
        weights = model.layers[0].kernel.value
        assert len(weights.sharding.device_set) == DEVICES
        return model

    return build


def data_parallel() -> keras.distribution.Distribution:
    """Returns one that gives each device a part of the batch."""
    return keras.distribution.DataParallel(devices=keras.distribution.list_devices())


def model_parallel() -> keras.distribution.Distribution:
    """Returns one that also cuts the first layer's weights in two."""
    mesh = keras.distribution.DeviceMesh((2, 2), ("batch", "model"), keras.distribution.list_devices())
    layouts = keras.distribution.LayoutMap(mesh)
    layouts["a/kernel"] = (None, "model")
    layouts["b/kernel"] = ("model", None)
    return keras.distribution.ModelParallel(layout_map=layouts, batch_dim_name="batch")


def _one_row(seen: Seen) -> None:
    assert seen.facts.replicas == 1


def main() -> None:
    """Runs all of it."""
    assert jax.device_count() == DEVICES
    batches = functools.partial(split, data(), BATCH)
    for name, make in (("data-parallel", data_parallel), ("model-parallel", model_parallel)):
        row = Row(name, "Distribution", "", distributed(make), fit_whole, batches, steps=10, expect=_one_row)
        run_row(row, Path(tempfile.mkdtemp()))
        print(name, "passed", flush=True)
    print("fine")


if __name__ == "__main__":
    main()
