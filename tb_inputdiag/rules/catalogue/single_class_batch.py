"""The rule `single-class-batch`."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np

from tb_inputdiag.numbers import format_number, percent, whole
from tb_inputdiag.records import F8, JSON, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, class_ids, fires, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.labels import class_counts_of, has_one_label_each
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import join, variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair

__all__ = ["SingleClassBatch"]


class SingleClassBatch(Rule):
    """Each batch holds a single class or few, because the data is sorted and not shuffled, or not enough.

    ## What it does
    Counts the classes in each batch. It fires when most of the last 32 batches hold a single class, and not always the
    same one. It stays silent if the batches of two classes take turns within an epoch, as a GAN's discriminator gets
    real and generated examples: sorted data has long runs of one class. It also fires if the batches hold at most half
    as many classes as shuffled ones would, and the classes come in order, as after `shuffle` with a small buffer.

    ## Why is this bad?
    Each batch pulls the model towards its own class and the next one towards another, so it forgets as fast as it
    learns. Batch normalization sees one class at a time and fails at inference.

    ## Example
    ```python
    ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)     # files were read class by class
    ```

    ## What to do
    Call `ds.shuffle(len(x))` before `batch`. For arrays, use `fit(shuffle=True)`, which is the default. Shuffle once
    before `validation_split`.

    ## References
    - https://www.tensorflow.org/guide/data#randomly_shuffling_input_data
    """

    id = "single-class-batch"
    severity = Severity.WARNING
    explains = (*SYMPTOMS, "overfitting", "input-drift", "train-validation-skew", "validation-at-chance")
    why = "Each batch pulls the model towards one class and the next towards another: it forgets as fast as it learns."

    min_share = Threshold(
        0.8,
        "Fraction of the last batches with a single class from which on the rule fires.",
        source="In sorted data, batches at the border between two classes hold both.",
        high=1.0,
    )
    min_batches = Threshold(
        8,
        "Batches before the rule judges.",
        source="Fewer may be the end of one class and the beginning of the next.",
    )
    max_chance = Threshold(
        1e-6,
        "Largest probability that shuffled data would give as many batches of a single class.",
        source="One false alert in a million. Small batches therefore need more of them.",
        high=1.0,
    )

    max_variety = Threshold(
        0.5,
        "Classes in a batch over those of a shuffled batch, on average, up to which the rule fires.",
        source="Over 8 batches of shuffled data the ratio is within a few percent of 1.",
        high=1.0,
    )

    def start(self) -> None:
        """Resets the last batches."""
        self._last: dict[str, deque[tuple[F8, bool]]] = {}
        self._turns: dict[str, _Turns] = {}
        self._orders: dict[str, _Order] = {}

    def on_sample(self, context: Context) -> Findings:
        """Judges the last batches."""
        found = []
        for pair in context.pairs:
            counts = class_counts_of(pair)
            if counts is None or not has_one_label_each(pair) or counts.sum() < 2:
                continue
            last = self._last.setdefault(pair.target.name, deque(maxlen=32))
            if last and len(last[-1][0]) != len(counts):
                last.clear()
            last.append((counts, bool(counts.max() == counts.sum())))
            turns = self._turns.setdefault(pair.target.name, _Turns())
            turns.add(context.sample.epoch, context.step, counts)
            self._orders.setdefault(pair.target.name, _Order()).add(context.sample.epoch, counts)
            if len(last) >= self.min_batches and not turns.are_taken:
                item = self._few_classes(context, pair) or self._one_class(context, pair)
                found += [item] if item is not None else []
        return found

    def _one_class(self, context: Context, pair: Pair) -> Finding | None:
        last = self._last[pair.target.name]
        pure = [counts for counts, is_pure in last if is_pure]
        share = len(pure) / len(last)
        classes = sorted({int(counts.argmax()) for counts in pure})
        if share < self.min_share or len(classes) < 2:
            return None
        if _chance(np.stack([counts for counts, _ in last]), len(pure)) > self.max_chance:
            return None
        return _finding(
            context,
            pair,
            f"{percent(share)} of the last {len(last)} batches hold a single class each (classes {join(classes)} in "
            "turn), so the data is not shuffled.",
            {"share": share, "batches": len(last), "classes": classes, "expected_max_share": self.min_share},
            LimitPicture(label="batches of a single class", value=share, limit=self.min_share, unit="fraction"),
        )

    def _few_classes(self, context: Context, pair: Pair) -> Finding | None:
        if not self._orders[pair.target.name].is_kept:
            return None
        batches = np.stack([counts for counts, _ in self._last[pair.target.name]])
        shares = batches.sum(axis=0) / batches.sum()
        sizes = batches.sum(axis=1)
        shuffled = float(np.mean((1 - (1 - shares[None, :]) ** sizes[:, None]).sum(axis=1)))
        held = float((batches > 0).sum(axis=1).mean())
        pure = float(((batches > 0).sum(axis=1) == 1).mean())
        if shuffled < _MANY or held > self.max_variety * shuffled or pure >= self.min_share:
            return None
        return _finding(
            context,
            pair,
            f"The last {len(batches)} batches hold {format_number(held, 2)} classes each, in the order of the classes. "
            f"Shuffled batches of {whole(round(float(sizes.mean())))} would hold {format_number(shuffled, 2)}.",
            {"classes_per_batch": held, "shuffled_classes_per_batch": shuffled, "batches": len(batches)},
            LimitPicture(
                label="classes in a batch over those of a shuffled one",
                value=held / shuffled,
                limit=self.max_variety,
                bound="at least",
            ),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        return (
            fires(
                "sorted labels",
                lambda: Scenario().train(y=lambda step: class_ids(1, first=step // 5), steps=20),
                "target:y",
                Severity.WARNING,
            ),
            fires("a buffer that is too small", lambda: Scenario().train(y=_neighbours, steps=24), "target:y"),
            silent("three classes at random, as episodes have", lambda: Scenario().train(y=_episode, steps=24)),
            silent("shuffled", lambda: Scenario().train(y=class_ids(), steps=20)),
            silent("one class throughout", lambda: Scenario().train(y=class_ids(1), steps=20)),
            fires(
                "sorted labels in batches of two",
                lambda: Scenario().train(y=lambda step: np.full(2, step // 9), steps=30),
                "target:y",
            ),
            silent("batches of one example", lambda: Scenario().train(y=lambda step: np.full(1, step % 3), steps=40)),
            silent(
                "batches of two that are equal by chance",
                lambda: Scenario().train(y=lambda step: np.full(2, step % 2), steps=9),
            ),
            silent("real and generated examples in turn", lambda: Scenario().train(y=_in_turn, steps=30)),
            fires("epochs of two batches, one for each class", _short_epochs, "target:y"),
            silent("a rare class", lambda: Scenario().train(y=_rare, steps=20)),
        )


_MANY = 3.0
"""Classes that a shuffled batch must hold for few to be remarkable."""


class _Order:
    """Whether the mean class id of the batches only goes up within an epoch."""

    def __init__(self) -> None:
        self._before: tuple[int, float] | None = None
        self._up = self._down = 0.0

    def add(self, epoch: int, counts: F8) -> None:
        """Adds a batch."""
        now = float(counts @ np.arange(len(counts)) / counts.sum())
        if self._before is not None and self._before[0] == epoch:
            self._up += max(now - self._before[1], 0.0)
            self._down += max(self._before[1] - now, 0.0)
        self._before = epoch, now

    @property
    def is_kept(self) -> bool:
        """Whether it rises by two classes or more, and falls by little."""
        return self._up >= max(2.0, 5 * self._down)


def _finding(
    context: Context, pair: Pair, message: str, evidence: Mapping[str, JSON], picture: LimitPicture
) -> Finding:
    name = variable(pair.target.name, "target", context.facts)
    return Finding(
        subject=pair.target.subject,
        message=message,
        evidence=evidence,
        fix=f"order = np.random.permutation(len({name}))\nx, {name} = x[order], {name}[order]\n"
        "ds = ds.shuffle(len(x))  # for a tf.data.Dataset: before .batch()",
        picture=picture,
        curves=tensor_curves(context, pair.target),
    )


class _Turns:
    """Whether batches of two classes take turns: one class at even steps, the other at odd ones."""

    def __init__(self) -> None:
        self._classes: dict[int, int] = {}
        self._first_steps: dict[int, int] = {}
        self._regular = True

    def add(self, epoch: int, step: int, counts: F8) -> None:
        """Adds a batch."""
        only = int(counts.argmax())
        if counts.max() < counts.sum() or self._classes.setdefault(step % 2, only) != only:
            self._regular = False
        self._first_steps.setdefault(epoch, step)

    @property
    def are_taken(self) -> bool:
        """Whether they do so without exception, in epochs of more than two batches."""
        firsts = [*self._first_steps.values()]
        # In epochs of two batches each, sorted data looks the same.
        long = len(firsts) < 2 or max(np.diff(firsts)) > 2
        return bool(self._regular and long) and len(set(self._classes.values())) == 2


def _neighbours(step: int) -> np.ndarray:
    return np.sort(np.random.default_rng(step).integers(0, 2, 32) + step * 8 // 24)


def _episode(step: int) -> np.ndarray:
    rng = np.random.default_rng(step)
    return rng.choice(rng.choice(10, 3, replace=False), 32)


def _in_turn(step: int) -> np.ndarray:
    return np.full(16, step % 2)


def _short_epochs() -> Scenario:
    scenario = Scenario()
    for _ in range(16):
        scenario.train(y=_in_turn, steps=2).epoch_end(loss=0.7)
    return scenario


def _chance(batches: F8, pure: int) -> float:
    """Returns the probability that as many batches of shuffled examples hold a single class."""
    shares = batches.sum(axis=0) / batches.sum()
    one = float(np.mean((shares[None, :] ** batches.sum(axis=1)[:, None]).sum(axis=1)))
    n = len(batches)
    return sum(math.comb(n, k) * one**k * (1 - one) ** (n - k) for k in range(pure, n + 1))


def _rare(step: int) -> np.ndarray:
    labels = class_ids(1)
    labels[0] = 1 if step % 7 == 0 else 0
    return labels
