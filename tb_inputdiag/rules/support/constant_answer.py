"""The loss that the best constant answer reaches, from the targets that were sampled. Each loss has its own."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.records import F4, F8, ModelFacts
from tb_inputdiag.rules.support.configured import number
from tb_inputdiag.rules.support.running_moments import RunningMoments
from tb_inputdiag.rules.views.pairs import Pair

__all__ = ["ConstantAnswer", "Level"]

_MEAN_REDUCTIONS = (None, "auto", "mean", "sum_over_batch_size", "mean_with_sample_weight")
_LEAST_ENTROPY = 0.05
"""If a constant answer loses no more than that, nearly all labels are the same: there is too little left to learn."""
_FEW, _ENOUGH = 2, 16
"""Quantiles of 2 to 15 values are mostly interpolated: they show values that no target has."""


@dataclass(frozen=True, slots=True)
class Level:
    """What a loss amounts to without any knowledge of the input, and with full knowledge of the target."""

    constant: float
    """The loss of the best answer that is the same for every example."""
    perfect: float
    """The loss if every answer is the target itself. Not 0 for soft labels: their own entropy is left."""
    what: str
    """What `constant` is, for messages."""


class ConstantAnswer:
    """Gathers the targets of one loss, in constant memory."""

    def __init__(self) -> None:
        self._spec: Mapping[str, object] = {}
        self._moments = RunningMoments()
        self._batches: deque[tuple[F4, int, float]] = deque(maxlen=64)
        """Quantiles, number and mean of the targets of the latest batches."""
        self._counts = np.zeros(0)
        self._values = 0
        self._low, self._high = math.inf, -math.inf
        self._whole = self._one_hot = self._exact = True
        self._known = False

    def add(self, pair: Pair, facts: ModelFacts | None) -> None:
        """Adds the targets of one batch."""
        view = pair.target
        self._spec = pair.loss or {}
        self._known = _is_plain_mean(pair, facts) and not _may_be_masked(pair, facts)
        if not self._known or not view.count or view.nan_count or view.inf_count:
            return
        self._values += view.count
        self._low, self._high = min(self._low, view.min), max(self._high, view.max)
        self._whole &= view.value("whole_fraction") == 1
        self._one_hot &= view.value("one_hot_fraction") == 1
        features = len(view.feature_mean) > 0
        mean, std = (view.feature_mean, view.feature_std) if features else (_one(view.mean), _one(view.std))
        self._moments.add(mean, std)
        self._batches.append((view.quantiles, view.count, view.mean))
        self._exact &= not _FEW <= view.count < _ENOUGH
        if view.layout.n_classes:
            counts = view.class_counts.astype(np.float64)
            self._counts = counts + self._counts if self._counts.shape == counts.shape else counts

    def level(self) -> Level | None:
        """Returns what the loss can be compared with; None for losses, or targets, whose level is not known."""
        name = str(self._spec.get("name")).replace("_", "").lower()
        compute = _LEVELS.get(name)
        if compute is None or not self._known or self._values < 32:
            return None
        level = compute(self)
        least = _LEAST_ENTROPY if "crossentropy" in name else 0.0
        return level if level is not None and level.constant - level.perfect > least else None

    @property
    def largest_share(self) -> float:
        """The share of the most frequent class; 0 if the targets are not classes."""
        total = float(self._counts.sum())
        return float(self._counts.max() / total) if total > 0 else 0.0

    @property
    def _smoothing(self) -> float:
        return number(self._spec, "label_smoothing", 0.0)

    @property
    def _is_single(self) -> bool:
        return len(self._moments.mean) == 1

    @property
    def _shares(self) -> F8 | None:
        """The share of ones in each column of targets that are all 0 or 1, or else -1 and 1; None for others."""
        if not self._whole or self._high != 1 or self._low not in (0, -1):
            return None
        mean = self._moments.mean
        return mean if self._low == 0 else (mean + 1) / 2

    def _distribution(self) -> tuple[F8, F8]:
        """Returns values that stand for the targets, and their weights, which sum to 1; none if they are not known."""
        if not self._exact:
            return np.zeros(0), np.zeros(0)
        values, weights = np.concatenate([_points(*batch) for batch in self._batches], axis=1)
        return values, weights / weights.sum()

    def squared(self) -> Level | None:
        """Mean squared error."""
        # The relative standard error of a variance is sqrt(2 / n): 18 % for 64 values.
        if self._moments.count < 2 or self._values < 64:
            return None
        return Level(float(np.mean(self._moments.std**2)), 0.0, "variance of the target")

    def absolute(self) -> Level | None:
        """Mean absolute error: the best constant is the median, of each column."""
        what = "mean distance from the median of the target"
        if (shares := self._shares) is not None and self._low == 0:
            return Level(float(np.mean(np.minimum(shares, 1 - shares))), 0.0, what)
        return self._numeric(np.abs, what)

    def huber(self) -> Level | None:
        """Huber loss with its own `delta`."""
        delta = number(self._spec, "delta", 1.0)

        def loss(errors: F8) -> F8:
            size = np.abs(errors)
            result: F8 = np.where(size <= delta, 0.5 * errors**2, delta * (size - 0.5 * delta))
            return result

        return self._numeric(loss, "Huber loss around the best constant")

    def log_cosh(self) -> Level | None:
        """Logarithm of the hyperbolic cosine."""
        return self._numeric(lambda e: np.logaddexp(e, -e) - math.log(2), "logarithm of cosh around the best constant")

    def logarithmic(self) -> Level | None:
        """Mean squared logarithmic error."""
        values, weights = self._distribution()
        if not self._is_single or self._low < 0 or not len(values):
            return None
        logs = np.log1p(values)
        return Level(float(weights @ (logs - weights @ logs) ** 2), 0.0, "variance of log(1 + target)")

    def _numeric(self, loss: Callable[[F8], F8], what: str) -> Level | None:
        """Minimizes over the constants; for a single column only, as the others are not known value by value."""
        if not self._is_single:
            return None
        values, weights = self._distribution()
        if self._shares is not None and self._low == 0:
            share = float(self._moments.mean[0])
            values, weights = np.array([0.0, 1.0]), np.array([1 - share, share])
        if not len(values):
            return None
        constants = np.concatenate([np.quantile(values, np.linspace(0, 1, 65)), self._moments.mean])
        return Level(min(float(weights @ loss(values - constant)) for constant in constants), 0.0, what)

    def binary(self) -> Level | None:
        """Binary cross-entropy, of labels or of soft labels such as gray values."""
        if self._low < 0 or self._high > 1:
            return None
        smoothing = self._smoothing
        mean = self._moments.mean * (1 - smoothing) + smoothing / 2
        values, weights = self._distribution()
        if not (self._whole or len(values)):
            return None
        values = values * (1 - smoothing) + smoothing / 2
        perfect = float(_entropy2(np.array([smoothing / 2]))[0] if self._whole else weights @ _entropy2(values))
        return Level(float(np.mean(_entropy2(mean))), perfect, "entropy of the classes" if self._whole else _SOFT)

    def categorical(self) -> Level | None:
        """Categorical cross-entropy of rows that sum to 1."""
        total, n = float(self._counts.sum()), len(self._counts)
        rows = self._values / max(n, 1)
        if n < 2 or self._low < 0 or rows < 32 or abs(total - rows) > 1e-3 * rows:
            return None
        smoothing = self._smoothing
        shares = self._counts / total * (1 - smoothing) + smoothing / n
        if self._one_hot:
            row = np.full(n, smoothing / n)
            row[0] += 1 - smoothing
            return Level(_entropy(shares), _entropy(row), "entropy of the classes")
        values, weights = self._distribution()
        if not len(values):
            return None
        values = values * (1 - smoothing) + smoothing / n
        return Level(_entropy(shares), n * float(weights @ _minus_x_log_x(values)), _SOFT)

    def sparse(self) -> Level | None:
        """Sparse categorical cross-entropy. Ids outside the classes, such as ids to ignore, are not counted."""
        counts = self._counts.copy()
        ignored = self._spec.get("ignore_class")
        if isinstance(ignored, int) and 0 <= ignored < len(counts):
            counts[ignored] = 0.0
        return Level(_entropy(counts / counts.sum()), 0.0, "entropy of the classes") if counts.sum() >= 32 else None

    def poisson(self) -> Level | None:
        """Poisson loss: answer - target * log(answer)."""
        mean = self._moments.mean
        if self._low < 0 or not (mean > 0).all():
            return None
        values, weights = self._distribution()
        if not len(values):
            return None
        constant = float(np.mean(mean - mean * np.log(mean)))
        return Level(constant, float(weights @ (values + _minus_x_log_x(values))), "Poisson loss of the mean count")

    def hinge(self) -> Level | None:
        """Hinge loss of labels -1 and 1, or 0 and 1, which Keras converts."""
        if (shares := self._shares) is None or not self._is_signed:
            return None
        return Level(float(np.mean(2 * np.minimum(shares, 1 - shares))), 0.0, "hinge loss of the more frequent label")

    def squared_hinge(self) -> Level | None:
        """The same, squared."""
        if (shares := self._shares) is None or not self._is_signed:
            return None
        return Level(float(np.mean(4 * shares * (1 - shares))), 0.0, "squared hinge loss of the mean label")

    @property
    def _is_signed(self) -> bool:
        """Whether labels from -1 to 1 are never 0 in between."""
        if self._low == 0:
            return True
        mean, std = self._moments.mean, self._moments.std
        return bool(np.allclose(std**2 + mean**2, 1.0, atol=1e-3))


_SOFT = "entropy of the mean label"
_LEVELS: dict[str, Callable[[ConstantAnswer], Level | None]] = {
    **dict.fromkeys(("mse", "meansquarederror"), ConstantAnswer.squared),
    **dict.fromkeys(("mae", "meanabsoluteerror"), ConstantAnswer.absolute),
    **dict.fromkeys(("msle", "meansquaredlogarithmicerror"), ConstantAnswer.logarithmic),
    **dict.fromkeys(("huber", "huberloss"), ConstantAnswer.huber),
    "logcosh": ConstantAnswer.log_cosh,
    "binarycrossentropy": ConstantAnswer.binary,
    "categoricalcrossentropy": ConstantAnswer.categorical,
    "sparsecategoricalcrossentropy": ConstantAnswer.sparse,
    "poisson": ConstantAnswer.poisson,
    "hinge": ConstantAnswer.hinge,
    "squaredhinge": ConstantAnswer.squared_hinge,
}


def _is_plain_mean(pair: Pair, facts: ModelFacts | None) -> bool:
    """Whether the loss is Keras' own, and the mean over the targets without a factor."""
    spec = pair.loss or {}
    plain = bool(pair.kind) and spec.get("reduction") in _MEAN_REDUCTIONS and spec.get("weight") in (None, 1, 1.0)
    return plain and not (facts is not None and facts.custom_train_step)


def _may_be_masked(pair: Pair, facts: ModelFacts | None) -> bool:
    """Whether a mask may reach the loss: a layer makes one, and there is an answer for each place of a sequence."""
    places = pair.prediction is None or len(pair.prediction.shape) > 2
    if facts is None or not places:
        return False
    return any(layer.class_name == "Masking" or layer.config.get("mask_zero") for layer in facts.layers)


def _points(of_batch: F4, n: int, mean: float) -> F8:
    """Returns values that stand for a batch, and their weights: ``[2, 34]``.

    Between quantiles values are interpolated, which gives the smallest and the largest one half of their weight. They
    get the other half here.

    Args:
        of_batch: Quantiles of the values.
        n: How many values there are.
        mean: Their mean.
    """
    quantiles = of_batch.astype(np.float64)
    values = np.concatenate([quantiles[:1], (quantiles[1:] + quantiles[:-1]) / 2, quantiles[-1:]])
    inner = len(quantiles) - 1
    weights = np.full(len(values), (n - 1) / n / inner)
    weights[[0, -1]] = 0.5 / n
    # The outermost stretches are the longest, and few values lie near their far ends. The mean is known exactly.
    error = float(mean - weights @ values)
    place, low, high = (-2, quantiles[-2], quantiles[-1]) if error < 0 else (1, quantiles[0], quantiles[1])
    values[place] = np.clip(values[place] + error / max(weights[place], 1e-9), low, high)
    return np.stack([values, weights])


def _one(value: float) -> F8:
    return np.array([value], np.float64)


def _minus_x_log_x(values: F8) -> F8:
    with np.errstate(divide="ignore", invalid="ignore"):
        result: F8 = np.where(values > 0, -values * np.log(values), 0.0)
    return result


def _entropy(shares: F8) -> float:
    return float(_minus_x_log_x(shares).sum())


def _entropy2(shares: F8) -> F8:
    """Returns the entropy of each of these shares and its rest."""
    return _minus_x_log_x(shares) + _minus_x_log_x(1 - shares)
