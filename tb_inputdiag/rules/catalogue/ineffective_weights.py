"""The rule `ineffective-weights`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np

from tb_inputdiag.numbers import format_number, times, whole
from tb_inputdiag.records import F4, JSON, Severity, TensorView, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import BINARY, Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["IneffectiveWeights"]

_Key: TypeAlias = int | float | str
"""A key of class_weight."""


class IneffectiveWeights(Rule):
    """Class weights or sample weights were given and have no effect, leave out a class, or favour the frequent class.

    ## What it does
    Compares the keys of `fit(class_weight=...)` with the classes of the targets, and reads the sample weights of each
    batch. It fires if no class has a key, if the weights that reach the step are all equal although they were meant to
    differ, if no operation of the step reads them, if a class that occurs has the weight 0, and if the most frequent
    class has a larger weight than the rarest. It is an INFO if all weights are equal by themselves, if several classes
    are left besides those with weight 0, and if the larger weight is not in proportion to the counts, as it is where
    a formula is upside down.

    ## Why is this bad?
    The model trains as if there were no weights, and hardly ever predicts the rare class. Keras does not complain: a
    class without a key has weight 1.

    ## Example
    ```python
    class_weight = json.load(file)                 # the keys are text: "0", "1"
    class_weight = {0: n // (2 * n0), 1: ...}      # rounds down to 0
    x, y = data[0], data[1]                        # in a train_step of one's own: data[2] holds the weights
    ```

    ## What to do
    Use whole numbers as keys, one for each class id. In a `train_step` of your own, hand `sample_weight` to
    `compute_loss`.

    ## References
    - https://keras.io/api/models/model_training_apis/
    - https://github.com/keras-team/keras/issues/23220
    """

    id = "ineffective-weights"
    severity = Severity.WARNING
    explains = ("class-imbalance", "constant-output", "stalled-loss", "unfinished-training")
    why = "The model trains as if there were no weights, so what they were meant to balance stays unbalanced."

    min_examples = Threshold(
        256,
        "Examples after which weights that were all equal are reported.",
        source="A value in 2 % of the examples appears among 256 with 99 % probability.",
        low=1,
    )
    min_imbalance = Threshold(
        3.0,
        "How many times as frequent a class must be for a larger weight to be reported.",
        source="Counts of 256 examples vary by less.",
        low=1.0,
    )

    def start(self) -> None:
        """Forgets the classes and weights that were seen."""
        self._counts: F4 | None = None
        self._range: dict[str, tuple[float, float, int]] = {}

    def on_sample(self, context: Context) -> Findings:
        """Judges class weights by the classes that occur, and each sample weight."""
        pairs, weights = context.pairs, context.fed("sample_weight")
        if len(pairs) == 1 and pairs[0].target.layout.n_classes:
            counts, before = pairs[0].target.class_counts, self._counts
            self._counts = counts + before if before is not None and len(before) == len(counts) else counts
        if not weights:
            return None
        class_weight = _class_weight(context.session.params if context.session is not None else {})
        found = [item for view in weights if (item := self._judge_sample_weight(context, view, bool(class_weight)))]
        if class_weight and not found:
            found = list(self._judge_class_weight(context, weights[0], class_weight))
        return found

    def _judge_sample_weight(self, context: Context, view: TensorView, of_classes: bool) -> Finding | None:
        low, high, examples = self._range.get(view.name, (np.inf, -np.inf, 0))
        low, high, examples = min(low, view.min), max(high, view.max), examples + context.sample.batch_size
        self._range[view.name] = low, high, examples
        if view.layout.unread and high > low:
            own = "the model's own train_step" if context.facts and context.facts.custom_train_step else "the step"
            return Finding(
                subject=view.subject,
                message=f"The weights '{view.name}' ({format_number(low)} to {format_number(high)}) have no effect: "
                f"no operation of {own} reads them.",
                evidence={"min": low, "max": high},
                fix="x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)\n"
                "loss = self.compute_loss(x, y, y_pred, sample_weight)",
                picture=WordsPicture(seen="weights that nothing reads", expected="weights in the loss"),
                curves=tensor_curves(context, view),
            )
        # beside weights of another output that differ, 1 stands for "no weights"
        differ = any(other_low < other_high for other_low, other_high, _ in self._range.values())
        if of_classes or differ or not low == high > 0 or examples < self.min_examples:
            return None
        return Finding(
            subject=view.subject,
            message=f"All {whole(examples)} weights '{view.name}' so far are {format_number(low)}, so they have no "
            "effect.",
            evidence={"weight": low, "examples": examples},
            fix="# Leave sample_weight out, or check how it is computed:\nprint(np.unique(sample_weight))",
            severity=Severity.INFO,
            picture=WordsPicture(seen=f"all {format_number(low)}", expected="weights that differ"),
            curves=tensor_curves(context, view),
        )

    def _judge_class_weight(
        self, context: Context, view: TensorView, class_weight: list[tuple[_Key, float]]
    ) -> Iterator[Finding]:
        if self._counts is None:
            return
        seen = np.flatnonzero(self._counts > 0).tolist()
        keys = [key for key, _ in class_weight]
        weights = {int(key): weight for key, weight in class_weight if not isinstance(key, str) and _is_whole(key)}
        given = {weight for _, weight in class_weight}
        if len(given) == 1 and given == {1.0}:
            message, severity = "All weights in class_weight are 1, so they have no effect.", Severity.INFO
            seen_word, expected = "all 1", "weights that differ"
            fix = "weights = len(y) / (n_classes * np.bincount(y))\nclass_weight = dict(enumerate(weights))"
        elif len(seen) > 1 and not any(c in weights for c in seen):
            shown = join([repr(key) for key in keys], 4)
            message = f"class_weight has no effect: its keys are {shown}, and the classes are {join(seen, 4)}"
            message += ", so every example keeps weight 1."
            severity, seen_word = None, f"keys {shown}"
            expected = f"keys {join(seen, 4)}"
            fix = "class_weight = {int(key): w for key, w in class_weight.items()}"
            if not all(isinstance(key, str) for key in keys):
                fix = "class_weight = dict(enumerate(class_weight.values()))  # ids as in y"
        elif dropped := [c for c in seen if weights.get(c, 1.0) == 0]:
            left = [c for c in seen if c not in dropped]
            message = f"class_weight leaves out class {join(dropped, 4)}: the weight is 0"
            message += f", so only class {join(left, 4)} is trained." if left else ", so nothing is trained."
            severity = Severity.INFO if len(left) > 1 else None
            seen_word, expected = f"weight 0 of class {join(dropped, 4)}", "weights above 0"
            fix = "class_weight = {c: n / (n_classes * counts[c]) for c in counts}  # not //"
        elif (favoured := self._favoured(seen, weights)) is not None:
            frequent, rare, times_counted, times_weighted = favoured
            message = f"class_weight favours the frequent class: {frequent} occurs {times(times_counted)} times as "
            message += f"often as {rare}, and has {times(times_weighted)} times its weight."
            in_proportion = 0.5 < times_weighted / times_counted < 2
            severity = None if in_proportion else Severity.INFO
            seen_word = f"{times(times_weighted)} times the weight for the frequent class"
            expected = "the larger weight for the rare class"
            fix = "class_weight = {c: n / (n_classes * counts[c]) for c in counts}"
        else:
            return
        yield Finding(
            subject=view.subject,
            message=message,
            evidence={"keys": keys[:16], "weights": [w for _, w in class_weight][:16], "classes": seen[:16]},
            fix=fix,
            severity=severity,
            picture=WordsPicture(seen=seen_word, expected=expected),
            curves=tensor_curves(context, view),
        )

    def _favoured(self, seen: list[int], weights: Mapping[int, float]) -> tuple[int, int, float, float] | None:
        """Returns the most frequent and the rarest class, and how often the first has the counts and the weight.

        None if it does not have the larger weight, or if too few examples are known.
        """
        counts = self._counts
        if counts is None or len(seen) < 2 or counts.sum() < self.min_examples:
            return None
        frequent, rare = max(seen, key=lambda c: counts[c]), min(seen, key=lambda c: counts[c])
        counted, rest = float(counts[frequent] / counts[rare]), weights.get(rare, 1.0)
        weighted = weights.get(frequent, 1.0) / rest if rest > 0 else 0.0
        if counted < self.min_imbalance or weighted < 1.5:
            return None
        return frequent, rare, counted, weighted

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        subject = "sample_weight:sample_weight"
        return (
            fires("keys that are text", lambda: _weighted({"0": 0.5, "1": 12.0}), subject, Severity.WARNING),
            fires("keys of other classes", lambda: _weighted({2: 0.5, 3: 12.0}), subject, Severity.WARNING),
            fires("weights that are all 1", lambda: _weighted({0: 1.0, 1: 1.0}), subject, Severity.INFO),
            fires("a weight that was rounded to 0", lambda: _weighted({0: 0.0, 1: 12.0}), subject),
            fires("weights that nothing reads", _unread, subject, Severity.WARNING),
            fires("sample weights that are all equal", lambda: _weighted(None, steps=20), subject, Severity.INFO),
            fires("weights in proportion to the counts", lambda: _weighted({0: 0.75, 1: 0.25}, steps=20), subject),
            silent("weights against the counts", lambda: _weighted({0: 0.5, 1: 2.0}, steps=20)),
            silent("class weights", lambda: _weighted({0: 0.5, 1: 12.0})),
            silent("a weight for the rare class only", lambda: _weighted({1: 12.0})),
            silent("sample weights that differ", lambda: Scenario().train(sample_weight=_ramp(), steps=20)),
            silent("weights of 1 for one of two outputs", _of_one_output),
            silent("no weights", lambda: Scenario().train(steps=20)),
        )


def _class_weight(params: Mapping[str, JSON]) -> list[tuple[_Key, float]]:
    """Returns key and weight of each class; empty if `fit` got none."""
    pairs = params.get("class_weight")
    if not isinstance(pairs, list):
        return []
    known = [(key, weight) for key, weight in pairs if isinstance(weight, int | float)]
    return [(key, float(weight)) for key, weight in known if isinstance(key, int | float | str)]


def _is_whole(key: float) -> bool:
    """Returns whether Keras finds a key by a class id: 1, 1.0 and True are equal."""
    return float(key).is_integer()


def _ramp() -> F4:
    return np.linspace(0.5, 2, 16, dtype=np.float32)


def _weighted(class_weight: dict[_Key, float] | None, steps: int = 3) -> Scenario:
    y = np.tile([[0], [1], [0], [0]], (4, 1))
    weights = np.asarray([(class_weight or {}).get(c, 1.0) for c in y[:, 0].tolist()], np.float32)
    params = None if class_weight is None else {"class_weight": [list(pair) for pair in class_weight.items()]}
    scenario = Scenario(BINARY, loss="binary_crossentropy", params=params)
    return scenario.train(y=y, sample_weight=weights, steps=steps)


def _of_one_output() -> Scenario:
    ones = np.ones(16, np.float32)
    return Scenario().train(sample_weight={"a": _ramp(), "b": ones}, steps=20)


def _unread() -> Scenario:
    return Scenario(custom_train_step=True).train(sample_weight=_ramp(), unread_weights=True, steps=3)
