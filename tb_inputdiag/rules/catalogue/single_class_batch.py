"""The rule `single-class-batch`."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from tb_inputdiag.numbers import percent
from tb_inputdiag.records import F8, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, class_ids, fires, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.labels import class_counts_of, has_one_label_each
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import join, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["SingleClassBatch"]


class SingleClassBatch(Rule):
    """Each batch holds a single class, because the data is sorted and not shuffled.

    ## What it does
    Counts the classes in each batch. It fires when most of the last 32 batches hold a single class, and not always the
    same one. It stays silent if the batches of two classes take turns within an epoch, as a GAN's discriminator gets
    real and generated examples: sorted data has long runs of one class.

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

    def start(self) -> None:
        """Resets the last batches."""
        self._last: dict[str, deque[tuple[F8, bool]]] = {}
        self._turns: dict[str, _Turns] = {}

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
            pure = [counts for counts, is_pure in last if is_pure]
            share = len(pure) / len(last)
            if len(last) < self.min_batches or share < self.min_share:
                continue
            if turns.are_taken:
                continue
            classes = sorted({int(counts.argmax()) for counts in pure})
            if len(classes) < 2 or _chance(np.stack([counts for counts, _ in last]), len(pure)) > self.max_chance:
                continue
            name = variable(pair.target.name, "target", context.facts)
            found.append(
                Finding(
                    subject=pair.target.subject,
                    message=f"{percent(share)} of the last {len(last)} batches hold a single class each (classes "
                    f"{join(classes)} in turn), so the data is not shuffled.",
                    evidence={
                        "share": share,
                        "batches": len(last),
                        "classes": classes,
                        "expected_max_share": self.min_share,
                    },
                    fix=f"order = np.random.permutation(len({name}))\nx, {name} = x[order], {name}[order]\n"
                    "ds = ds.shuffle(10_000)  # for a tf.data.Dataset: before .batch()",
                    picture=LimitPicture(
                        label="batches of a single class", value=share, limit=self.min_share, unit="fraction"
                    ),
                    curves=tensor_curves(context, pair.target),
                )
            )
        return found

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
