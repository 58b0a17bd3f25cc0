"""The correlation of predictions with their targets, in models that compare two inputs."""

from __future__ import annotations

import numpy as np
import pytest

from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.records import Role, TensorLayout
from tb_inputdiag.statistics import target_copies
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.pair_predictions import compares_pairs, is_single_number

BACKENDS = pytest.mark.parametrize("xp", [NUMPY, TENSORFLOW], ids=["numpy", "tensorflow"])
RNG = np.random.default_rng(5)
LEFT, RIGHT = RNG.normal(size=(2, 40, 8)).astype("float32")
SAME = (RNG.random((40, 1)) < 0.5).astype("float32")
DISTANCE = (1 - 0.3 * SAME + 0.2 * RNG.normal(size=(40, 1))).astype("float32")


def layout(name: str, role: Role, x: np.ndarray) -> TensorLayout:
    return TensorLayout(name=name, role=role, shape=(None, *x.shape[1:]), dtype=x.dtype.name)


def layouts(y: np.ndarray, prediction: np.ndarray, *inputs: np.ndarray) -> list[TensorLayout]:
    of_inputs = [layout(f"x/{i}", "input", x) for i, x in enumerate(inputs)]
    return [*of_inputs, layout("y", "target", y), layout("y_pred", "prediction", prediction)]


def rows(xp: Namespace, y: np.ndarray, prediction: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
    """Returns what one replica computes, ``float64[comparisons, numbers]``."""
    arrays = [xp.constant(array, array.dtype.name) for array in (*inputs, y, prediction)]
    compared = target_copies.comparisons(layouts(y, prediction, *inputs))
    with np.errstate(all="ignore"):
        found = [np.asarray(target_copies.reduce(xp, c, arrays[c.target], arrays[c.source])) for c in compared]
    return np.stack(found)


def correlation(xp: Namespace, y: np.ndarray, prediction: np.ndarray, *inputs: np.ndarray) -> float:
    """Returns the column of the target, and makes sure that the reference says the same."""
    inputs = inputs or (LEFT, RIGHT)
    described = layouts(y, prediction, *inputs)
    compared = target_copies.comparisons(described)
    found = target_copies.columns(rows(xp, y, prediction, *inputs), compared, len(described))["pair_correlation"]
    expected = target_copies.reference(described, [*inputs, y, prediction])["pair_correlation"]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert np.isnan(np.delete(found, len(inputs))).all(), "only the target has one"
    return float(found[len(inputs)])


@BACKENDS
def test_the_correlation_of_a_distance_with_labels(xp: Namespace) -> None:
    expected = np.corrcoef(SAME.ravel(), DISTANCE.ravel())[0, 1]
    assert correlation(xp, SAME, DISTANCE) == pytest.approx(expected)
    assert correlation(xp, SAME[:, 0].astype("int64"), DISTANCE) == pytest.approx(expected)
    assert correlation(xp, 1 - SAME, DISTANCE) == pytest.approx(-expected)


@BACKENDS
def test_nothing_varies_or_something_is_not_finite(xp: Namespace) -> None:
    assert np.isnan(correlation(xp, np.ones_like(SAME), DISTANCE))
    assert np.isnan(correlation(xp, SAME, np.full_like(DISTANCE, 0.1)))
    assert np.isnan(correlation(xp, SAME, np.full_like(DISTANCE, np.nan)))
    some = DISTANCE.copy()
    some[:4] = np.nan
    assert correlation(xp, SAME, some) == pytest.approx(np.corrcoef(SAME[4:].ravel(), DISTANCE[4:].ravel())[0, 1])


def test_replicas_are_added_up() -> None:
    halves = [rows(NUMPY, SAME[part], DISTANCE[part], LEFT[part], RIGHT[part]) for part in (slice(20), slice(20, 40))]
    described = layouts(SAME, DISTANCE, LEFT, RIGHT)
    compared = target_copies.comparisons(described)
    found = target_copies.columns(target_copies.merge(halves), compared, len(described))["pair_correlation"][2]
    y, p = (np.r_[x[:20] - x[:20].mean(), x[20:] - x[20:].mean()].ravel() for x in (SAME, DISTANCE))
    assert found == pytest.approx(y @ p / np.sqrt((y @ y) * (p @ p)))


@pytest.mark.parametrize(
    ("shapes", "pairs"),
    [
        ([(None, 64), (None, 64)], True),
        ([(None, 28, 28, 1), (None, 28, 28, 1), (None, 3)], True),
        ([(None, None), (None, None)], True),
        ([(None, 2, 64)], True),
        ([(None, 64)], False),
        ([(None, 2)], False),
        ([(None, 64), (None, 32)], False),
        ([(None, 1), (None, 1)], False),
        ([(None,), (None,)], False),
        ([], False),
    ],
)
def test_which_inputs_are_pairs(shapes: list[tuple[int | None, ...]], pairs: bool) -> None:
    assert compares_pairs(shapes) == pairs


def test_what_is_not_compared() -> None:
    assert is_single_number((None,))
    assert not is_single_number((None, 10))
    assert not is_single_number(None)
    classes = np.zeros((40, 10), "float32")
    assert not any(c.predicted for c in target_copies.comparisons(layouts(classes, classes, LEFT, RIGHT)))
    assert not any(c.predicted for c in target_copies.comparisons(layouts(SAME, DISTANCE, LEFT)))
