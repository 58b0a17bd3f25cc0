"""The examples of a batch with the largest losses, for losses of Keras that are a mean over the examples.

`worst_examples` are the indices of at most `MOST` examples, the largest loss first, and `worst_shares` the parts 0..1
of the sum of all losses of the batch that they have. Examples whose loss is not finite are left out. Sample weights,
class weights and label smoothing are ignored. Both are NaN for tensors that are not targets, and for targets of other
losses, of sequences of classes, and with more than `MAX_VALUES` values in an example, and if a step is not Keras' own.

What counts as the loss of an example, where y is the target and p the prediction:

- *squares*: the sum of ``(y - p) ** 2``;
- *magnitudes*: the sum of ``|y - p|``. Huber and log-cosh losses are those of large errors;
- *sparse* and *categorical*: ``-log(p)`` of the class. For logits, the largest one minus that of the class, which is at
  most the logarithm of the number of classes below the loss;
- *binary*: the sum of ``-log`` of the probability of what was right. For logits, how far they are on the wrong side,
  which is at most ``log(2)`` for each below the loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.keras_vocabulary import LossForm, loss_form, loss_of_output
from tb_inputdiag.records import F8, JSON, MAX_WORST_EXAMPLES, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace, is_numeric, static_size

__all__ = ["COLUMNS", "MAX_VALUES", "WIDTH", "LossPair", "columns", "loss_pairs", "merge", "reduce", "reference"]

MOST = MAX_WORST_EXAMPLES
MAX_VALUES = 1024
"""Values of an example: as many as `extreme_examples` looks at."""
COLUMNS = ("worst_examples", "worst_shares")
WIDTH = 2 * MOST + 1
"""Numbers of a pair: the indices, their losses, and the sum over the batch."""
_TINY = 1e-7
"""Keras' epsilon: smaller probabilities count as this."""


@dataclass(frozen=True, slots=True)
class LossPair:
    """A target and the prediction that its loss compares it with.

    Attributes:
        target: Index of the target among the tensors.
        prediction: Index of the prediction.
        form: How the loss of an example is computed.
        logits: Whether the prediction is one of logits.
        size: Values of the prediction in an example.
    """

    target: int
    prediction: int
    form: LossForm
    logits: bool
    size: int


def loss_pairs(layouts: Sequence[TensorLayout], loss: JSON) -> tuple[LossPair, ...]:
    """Returns the targets whose examples have losses that are known.

    Args:
        layouts: Of all tensors.
        loss: The compiled loss, see `ModelFacts.loss`.
    """
    targets = [i for i, layout in enumerate(layouts) if layout.role == "target"]
    predictions = [i for i, layout in enumerate(layouts) if layout.role == "prediction"]
    if len(targets) != len(predictions):
        return ()
    found = []
    for number, (target, prediction) in enumerate(zip(targets, predictions, strict=True)):
        spec = loss_of_output(loss, layouts[prediction].name, number, len(targets))
        pair = _pair(target, layouts[target], prediction, layouts[prediction], spec)
        if pair is not None:
            found.append(pair)
    return tuple(found)


def _pair(
    j: int, target: TensorLayout, i: int, prediction: TensorLayout, spec: Mapping[str, object] | None
) -> LossPair | None:
    if spec is None or spec.get("custom"):
        return None
    form = loss_form(str(spec.get("name")))
    of_target, size = _example_size(target), _example_size(prediction)
    if not form or of_target is None or size is None:
        return None
    if form in ("sparse", "categorical") and len(prediction.shape or ()) != 2:
        return None
    if of_target != (1 if form == "sparse" else size):
        return None
    return LossPair(j, i, form, bool(spec.get("from_logits")), size)


def _example_size(layout: TensorLayout) -> int | None:
    """Returns how many values an example has; None if they are not known, no numbers or too many."""
    if layout.kind != "dense" or not is_numeric(layout.dtype) or not layout.shape:
        return None
    size = static_size(layout.shape[1:])
    return size if size is not None and 0 < size <= MAX_VALUES else None


def reduce(xp: Namespace, pair: LossPair, target: Array, prediction: Array) -> Array:
    """Returns the numbers of one pair, ``float64[WIDTH]``.

    Args:
        xp: The backend's functions.
        pair: Which one.
        target: The target of the batch.
        prediction: The prediction of the batch.
    """
    y = xp.reshape(xp.cast(target, "float64"), (-1, 1 if pair.form == "sparse" else pair.size))
    p = xp.reshape(xp.cast(prediction, "float64"), (-1, pair.size))
    losses = _losses(xp, pair, y, p)
    # some more, so that a small batch has examples to choose
    losses = xp.concat([losses, xp.fill((MOST,), -np.inf, "float64")])
    known = xp.is_finite(losses)
    worst = xp.places_of_largest(xp.where(known, losses, xp.constant(-np.inf, "float64")), MOST)
    total = xp.sum(xp.where(known, losses, xp.constant(0.0, "float64")))
    return xp.concat([xp.cast(worst, "float64"), xp.take(losses, worst), xp.reshape(total, (1,))])


def _losses(xp: Namespace, pair: LossPair, y: Array, p: Array) -> Array:
    """Returns the loss of each example, ``float64[examples]``."""
    if pair.form == "squares":
        return xp.sum(xp.squared_difference(y, p), (1,))
    if pair.form == "magnitudes":
        return xp.sum(xp.absolute(y - p), (1,))
    if pair.form == "binary":
        return xp.sum(_of_binary(xp, pair, y, p), (1,))
    if pair.form == "sparse":
        y = xp.cast(xp.equal(y, xp.constant(np.arange(pair.size, dtype=np.float64)[None], "float64")), "float64")
    right = xp.sum(y * (p if pair.logits else _log(xp, p)), (1,))
    return xp.sum(y, (1,)) * xp.max(p, (1,)) - right if pair.logits else -right


def _of_binary(xp: Namespace, pair: LossPair, y: Array, p: Array) -> Array:
    if pair.logits:
        return xp.maximum(p, xp.constant(0.0, "float64")) - y * p
    one = xp.constant(1.0, "float64")
    return -(y * _log(xp, p) + (one - y) * _log(xp, one - p))


def _log(xp: Namespace, p: Array) -> Array:
    return xp.log(xp.maximum(p, xp.constant(_TINY, "float64")))


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns ``float64[n, WIDTH]`` of the global batch: the examples of later replicas come after earlier ones.

    Args:
        parts: The same of each replica.
        batch_sizes: Examples of each replica.
    """
    offsets = np.cumsum([0.0, *batch_sizes[:-1]])
    places = np.concatenate([part[:, :MOST] + offset for part, offset in zip(parts, offsets, strict=True)], 1)
    losses = np.concatenate([part[:, MOST : 2 * MOST] for part in parts], 1)
    order = np.argsort(-losses, 1, kind="stable")[:, :MOST]
    total = np.sum([part[:, -1:] for part in parts], 0)
    return np.concatenate([np.take_along_axis(places, order, 1), np.take_along_axis(losses, order, 1), total], 1)


def columns(numbers: F8, pairs: Sequence[LossPair], n_tensors: int) -> dict[str, F8]:
    """Returns the columns of this module's docstring, ``[n_tensors, MOST]`` each.

    Args:
        numbers: ``[len(pairs), WIDTH]``.
        pairs: What was reduced.
        n_tensors: Rows of the table.
    """
    found = {name: np.full((n_tensors, MOST), np.nan) for name in COLUMNS}
    for pair, row in zip(pairs, numbers, strict=True):
        places, losses, total = row[:MOST], row[MOST : 2 * MOST], row[-1]
        known = np.isfinite(losses) & (total > 0)
        found["worst_examples"][pair.target, known] = places[known]
        found["worst_shares"][pair.target, known] = losses[known] / total
    return found


def reference(layouts: Sequence[TensorLayout], loss: JSON, arrays: Sequence[NDArray[Any]]) -> dict[str, F8]:
    """Returns the columns by NumPy, an example at a time.

    Args:
        layouts: What each array is.
        loss: The compiled loss.
        arrays: The values, in the same order.
    """
    pairs = loss_pairs(layouts, loss)
    table = np.full((len(pairs), WIDTH), np.nan)
    for row, pair in zip(table, pairs, strict=True):
        y, p = (np.asarray(arrays[index], np.float64) for index in (pair.target, pair.prediction))
        losses = [_loss(pair, y[k].ravel(), p[k].ravel()) for k in range(min(len(y), len(p)))]
        finite = sorted((-loss, k) for k, loss in enumerate(losses) if np.isfinite(loss))
        for number, (negative, k) in enumerate(finite[:MOST]):
            row[number], row[MOST + number] = k, -negative
        row[-1] = -sum(negative for negative, _ in finite)
    return columns(table, pairs, len(layouts))


def _loss(pair: LossPair, y: F8, p: F8) -> float:
    if pair.form == "squares":
        return float(((y - p) ** 2).sum())
    if pair.form == "magnitudes":
        return float(np.abs(y - p).sum())
    if pair.form == "binary":
        sides = np.where(p > 0, p, 0.0) - y * p
        return float(sides.sum() if pair.logits else _entropy(y, p) + _entropy(1 - y, 1 - p))
    if pair.form == "sparse":
        y = (np.arange(pair.size) == y[0]).astype(np.float64)
    return float((y * (p.max() - p)).sum() if pair.logits else _entropy(y, p))


def _entropy(y: F8, p: F8) -> float:
    return -float((y * np.log(np.maximum(p, _TINY))).sum())
