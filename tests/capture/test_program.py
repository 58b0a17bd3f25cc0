"""A probed step looks at a part of a large weight, and still finds a bad value in the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.records import Layout, Sample
from tests.modes.harness import fresh, records_of


class WithUnused(L.Layer):
    """Has a large weight that does not influence the loss."""

    def build(self, input_shape: Any) -> None:
        self.large = self.add_weight(shape=(300, 300), name="large")

    def call(self, x: Any) -> Any:
        return x


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(("place", "value", "bad"), [(3, np.nan, 1), (3, 1.0, 0), (4, np.inf, 1)])
def test_one_bad_value_of_a_large_weight_is_found(
    tmp_path: Path, jit: bool, place: int, value: float, bad: int
) -> None:
    fresh()
    model = keras.Sequential([L.Input((3,)), WithUnused(name="odd"), L.Dense(1)])
    model.compile("sgd", "mse", jit_compile=jit)
    large = np.ones(90_000, np.float32)
    # of 90,000 elements 65,536 evenly spaced ones are looked at: the fourth is not among them, the fifth is
    large[place] = value
    model.layers[0].large.assign(large.reshape(300, 300))
    model.fit(np.ones((4, 3)), np.ones(4), verbose=0, callbacks=[InputDiagnostics(tmp_path, every=1, verbose=0)])
    records = records_of(tmp_path)
    layout = next(r for r in records if isinstance(r, Layout))
    sample = next(r for r in records if isinstance(r, Sample))
    row = layout.weights.index("odd/large")
    assert sample.weights is not None
    assert sample.weights.weight_nonfinite_count[row] == bad
    assert sample.weights.gradient_zero_fraction[row] == 1
