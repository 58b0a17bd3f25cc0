"""The examples with the largest losses, as each backend and the reference find them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from tb_inputdiag.capture.compile_facts import mean_loss
from tb_inputdiag.capture.jax.namespace import JAX, wide
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.torch.namespace import TORCH
from tb_inputdiag.records import JSON, Role, TensorLayout
from tb_inputdiag.statistics import largest_losses
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY

RNG = np.random.default_rng(5)
LOGITS = RNG.normal(size=(12, 4)).astype("float32") * 3
CHANCES = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
ONE_HOT = np.eye(4, dtype="float32")[RNG.integers(0, 4, 12)]
CASES: dict[str, tuple[JSON, Any, Any]] = {
    "a number": ("mse", RNG.normal(size=12), RNG.normal(size=(12, 1)).astype("float32")),
    "several numbers": ("mae", RNG.normal(size=(12, 3)), RNG.normal(size=(12, 3))),
    "pixels": ("huber", RNG.normal(size=(12, 5, 5, 1)), RNG.normal(size=(12, 5, 5, 1)).astype("float16")),
    "ids": ("sparse_categorical_crossentropy", RNG.integers(0, 4, 12), CHANCES),
    "ids in a column": ("SparseCategoricalCrossentropy", RNG.integers(0, 4, (12, 1)).astype("float32"), CHANCES),
    "one-hot rows": ("categorical_crossentropy", ONE_HOT, CHANCES),
    "flags": ("binary_crossentropy", RNG.integers(0, 2, (12, 4)), CHANCES),
    "an impossible class": ("categorical_crossentropy", ONE_HOT, ONE_HOT[::-1].copy()),
}


def spec(name: JSON, **fields: JSON) -> JSON:
    return {"name": name, "from_logits": False, "custom": False, **fields}


def layouts(y: np.ndarray, p: np.ndarray) -> list[TensorLayout]:
    roles: tuple[tuple[Role, np.ndarray], ...] = (("target", y), ("prediction", p))
    return [TensorLayout(name=r, role=r, shape=(None, *x.shape[1:]), dtype=x.dtype.name) for r, x in roles]


def found(loss: JSON, y: np.ndarray, p: np.ndarray, xp: Namespace | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns examples and shares of the target, by the reference or by a backend."""
    if xp is None:
        table = largest_losses.reference(layouts(y, p), loss, [y, p])
    else:
        pairs = largest_losses.loss_pairs(layouts(y, p), loss)
        tensors = [xp.constant(x, x.dtype.name) for x in (y, p)]
        rows = [np.asarray(largest_losses.reduce(xp, pair, *tensors)) for pair in pairs]
        table = largest_losses.columns(np.reshape(rows, (len(pairs), largest_losses.WIDTH)), pairs, 2)
    assert np.isnan(table["worst_examples"][1]).all()
    return table["worst_examples"][0], table["worst_shares"][0]


BACKENDS = pytest.mark.parametrize("xp", [NUMPY, TENSORFLOW, JAX, TORCH], ids=["numpy", "tensorflow", "jax", "torch"])


@pytest.fixture(autouse=True)
def _float64_for_jax() -> Iterator[None]:
    with wide():
        yield


@BACKENDS
@pytest.mark.parametrize("case", CASES)
def test_it_is_as_the_reference(xp: Namespace, case: str) -> None:
    name, y, p = CASES[case]
    for mine, theirs in zip(found(spec(name), y, p, xp), found(spec(name), y, p), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)
    assert np.isfinite(found(spec(name), y, p)[0]).all()


@pytest.mark.parametrize("case", ["a number", "several numbers", "ids", "one-hot rows", "flags"])
def test_it_is_as_keras(case: str) -> None:
    name, y, p = CASES[case]
    assert isinstance(name, str)
    y = y.reshape(len(y), -1) if case == "a number" else y
    losses = np.asarray(keras.losses.get(name)(y.astype("float32"), p.astype("float32")), np.float64)
    examples, shares = found(spec(name), y, p)
    np.testing.assert_array_equal(examples, np.argsort(-losses)[:3])
    np.testing.assert_allclose(shares, np.sort(losses)[::-1][:3] / losses.sum(), rtol=1e-4)


@BACKENDS
def test_logits_that_are_far_on_the_wrong_side_dominate(xp: Namespace) -> None:
    logits = LOGITS.copy()
    logits[7, 2] = 900.0
    ids = np.where(np.arange(12) == 7, 1, logits.argmax(1))
    one_hot = np.eye(4)[ids]
    for name, y in (("sparse_categorical_crossentropy", ids), ("categorical_crossentropy", one_hot)):
        examples, shares = found(spec(name, from_logits=True), y, logits, xp)
        assert (examples[0], shares[0]) == (7, pytest.approx(1))
    examples, shares = found(spec("binary_crossentropy", from_logits=True), one_hot, logits, xp)
    losses = np.logaddexp(0, logits.astype("float64")) - one_hot * logits
    assert (examples[0], shares[0]) == (7, pytest.approx(losses[7].sum() / losses.sum(), abs=0.05))


@BACKENDS
@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_batch_may_be_small(xp: Namespace, n: int) -> None:
    examples, shares = found(spec("mse"), np.arange(n) + 1.0, np.zeros((n, 1)), xp)
    assert examples[:n].tolist() == [*range(n)][::-1]
    assert np.isnan(examples[n:]).all()
    assert np.isnan(shares[n:]).all()
    assert shares[:n].sum() == pytest.approx(min(n, 1))


@BACKENDS
def test_losses_that_are_not_finite_or_0_are_left_out(xp: Namespace) -> None:
    y = np.array([1.0, np.nan, 3.0, np.inf, 2.0])
    examples, shares = found(spec("mse"), y, np.zeros((5, 1)), xp)
    assert examples.tolist() == [2, 4, 0]
    np.testing.assert_allclose(shares, [9 / 14, 4 / 14, 1 / 14])
    assert np.isnan(found(spec("mse"), np.zeros(5), np.zeros((5, 1)), xp)[0]).all()


def test_replicas_are_merged_as_one_batch() -> None:
    y, p = RNG.normal(size=16), np.zeros((16, 1))
    pairs = largest_losses.loss_pairs(layouts(y, p), spec("mse"))
    parts = [largest_losses.reduce(NUMPY, pairs[0], y[part], p[part])[None] for part in (slice(6), slice(6, 16))]
    table = largest_losses.columns(largest_losses.merge(parts, [6, 10]), pairs, 2)
    expected = largest_losses.reference(layouts(y, p), spec("mse"), [y, p])
    for name in largest_losses.COLUMNS:
        np.testing.assert_allclose(table[name], expected[name])


@pytest.mark.parametrize(
    ("loss", "y", "p"),
    [
        (spec("mse", custom=True), np.zeros(4), np.zeros((4, 1))),
        (spec("poisson"), np.zeros(4), np.zeros((4, 1))),
        (None, np.zeros(4), np.zeros((4, 1))),
        (spec("mse"), np.zeros((4, 3)), np.zeros((4, 1))),
        (spec("mse"), np.zeros((4, 2000)), np.zeros((4, 2000))),
        (spec("sparse_categorical_crossentropy"), np.zeros((4, 7)), np.zeros((4, 7, 9))),
        (spec("mse"), np.zeros(4, "str"), np.zeros((4, 1))),
    ],
)
def test_other_losses_have_none(loss: JSON, y: np.ndarray, p: np.ndarray) -> None:
    assert largest_losses.loss_pairs(layouts(y, p), loss) == ()


def test_each_output_has_its_own_loss() -> None:
    pair = layouts(np.zeros(4), np.zeros((4, 1)))
    both = [replace(layout, name=f"{layout.name}/{name}") for layout in pair for name in "ab"]
    assert [p.target for p in largest_losses.loss_pairs(both, [spec("poisson"), spec("mae")])] == [1]
    assert [p.form for p in largest_losses.loss_pairs(both, {"prediction/a": spec("mse")})] == ["squares"]
    assert largest_losses.loss_pairs(both, spec("mse")) == ()


class OwnStep(keras.Model):  # type: ignore[misc]  # Keras ships no types
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def test_a_step_of_the_users_own_has_none() -> None:
    for kind, expected in ((keras.Model, True), (OwnStep, False)):
        inputs = keras.Input((2,))
        model = kind(inputs, keras.layers.Dense(1)(inputs))
        model.compile(loss="mse")
        assert (mean_loss(model) is not None) == expected
        model.compute_loss = lambda *args, **kwargs: 0.0
        assert mean_loss(model) is None
