"""The rule `label-out-of-range`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tb_inputdiag.numbers import count, format_number, interval, literal
from tb_inputdiag.records import (
    MAX_BAD_EXAMPLES,
    ExpectedRange,
    Failure,
    LayerFacts,
    Severity,
    Span,
    Split,
    TensorLayout,
)
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import (
    BINARY,
    CLASSIFIER,
    Example,
    Scenario,
    class_ids,
    fires,
    layer,
    probabilities,
    silent,
)
from tb_inputdiag.rules.exceptions import findings_for
from tb_inputdiag.rules.support.curves import named_tensor_curves
from tb_inputdiag.rules.support.pictures import range_picture
from tb_inputdiag.rules.support.single_examples import examples_at, extreme_examples
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair, loss_kind, loss_of

__all__ = ["LabelOutOfRange"]

_MESSAGE = re.compile(
    r"Received a label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)\.\s*Label values: ([-\d ]*)"
)
_IGNORED = (-1.0, -100.0, 255.0)
"""Usual values of `ignore_class`."""


class LabelOutOfRange(Rule):
    """A class id lies outside the range of the output's units.

    ## What it does
    Compares the class ids in a target with the number of units of the output, for sparse categorical cross-entropy. It
    also reads the exception that TensorFlow raises for such labels on a CPU. Ids that usually mean "no label" (-1,
    -100, 255) pass if they seem to be ignored: by `ignore_class`, by a loss or a mask of the model, by weights of 0,
    or, on TensorFlow, where the loss is finite.

    ## Why is this bad?
    An output with n units has the classes 0 to n-1. With TensorFlow, the step fails for other ids on a CPU. On a GPU,
    or compiled with XLA, the loss of such an example is NaN without any message. On JAX its loss is 0: nothing is
    learned from the example, and the mean of the losses is too low.

    ## Example
    ```python
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.fit(x, y)              # y holds 1..10
    ```

    ## What to do
    Count classes from 0: use `y - 1` for 1..n, and `np.unique(y, return_inverse=True)[1]` for ids with gaps. Or give
    the last layer one unit more than the largest id.

    ## References
    - https://www.tensorflow.org/api_docs/python/tf/nn/sparse_softmax_cross_entropy_with_logits
    """

    id = "label-out-of-range"
    severity = Severity.ERROR
    splits = ("train", "validation")
    explains = SYMPTOMS
    why = (
        "An output with n units has the classes 0 to n-1. For any other id, a step of TensorFlow fails on a CPU, and "
        "its loss is NaN on a GPU. On JAX the loss of such an example is 0, so nothing is learned from it."
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges the targets of sparse losses."""
        return [found for pair in context.pairs if (found := self._judge(context, pair)) is not None]

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads TensorFlow's exception."""
        found = findings_for(self.id, context, failure)
        if found is not None:
            return found
        match = _MESSAGE.search(failure.message)
        if match is None:
            return []
        value, units = int(match[1]), int(match[2])
        seen = [int(word) for word in match[3].split()] or [value]
        targets = [t for t in failure.fed if t.role == "target"]
        name = targets[0].name if targets else "y"
        finding = _finding(context, name, min(seen), max(seen), units, failure.split)
        if not targets or not _is_one_an_example(targets[0]):
            return [finding]
        wrong = [place for place, seen_value in enumerate(seen) if not 0 <= seen_value < units][:MAX_BAD_EXAMPLES]
        return [replace(finding, examples=examples_at(context, finding.subject, failure.step, wrong))]

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Class ids of a sparse loss count the output's units."""
        for pair in context.pairs:
            if pair.kind == "sparse" and pair.units > 1:
                reason = f"The output has {pair.units} units, so class ids are 0 to {pair.units - 1}."
                subject, high = pair.target.subject, pair.units - 1.0
                yield ExpectedRange(rule=self.id, subject=subject, low=0.0, high=high, reason=reason)

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        message = "Received a label value of 10 which is outside the valid range of [0, 10).  Label values: 6 6 2 10"
        y_pred = probabilities()
        return (
            fires("1..10 for ten units", lambda: Scenario().train(y=class_ids(first=1), y_pred=y_pred), "target:y"),
            fires(
                "the exception", lambda: Scenario().fail("InvalidArgumentError", message), "target:y", Severity.ERROR
            ),
            fires(
                "-1 and a loss of NaN", lambda: Scenario().train(y=class_ids(5, first=-1), loss=math.nan), "target:y"
            ),
            fires(
                "255 around the objects of a mask",
                lambda: Scenario().train(y=np.where(class_ids() == 9, 255, class_ids()), y_pred=y_pred, loss=math.nan),
                "target:y",
            ),
            fires("-1 on JAX, where its loss is 0", lambda: _unlabelled("jax"), "target:y", Severity.ERROR),
            fires("-1 on PyTorch", lambda: _unlabelled("torch"), "target:y", Severity.ERROR),
            fires("0 and 1 for one unit", _one_unit, "target:y", Severity.ERROR),
            silent("0..9", lambda: Scenario().train(y=class_ids(), y_pred=y_pred)),
            silent("an ignored class", lambda: Scenario().train(y=class_ids(5, first=-1), y_pred=y_pred)),
            silent("ignore_class on JAX", lambda: _unlabelled("jax", ignore_class=-1)),
            silent("-100 on PyTorch, which ignores it", lambda: _unlabelled("torch", first=-100)),
            silent("a loss of the user's own on JAX", lambda: _unlabelled("jax", overridden=True)),
            silent(
                "-1 with a weight of 0 on JAX",
                lambda: _unlabelled("jax", sample_weight=(class_ids(5, first=-1) >= 0).astype(np.float32)),
            ),
            silent(
                "-1 behind a mask on JAX", lambda: _unlabelled("jax", layers=(layer("mask", "Masking"), *CLASSIFIER))
            ),
            silent("regression", lambda: Scenario(loss="mse").train(y=class_ids(50, rows=50))),
            silent(
                "another exception", lambda: Scenario().fail("ValueError", "Received a label value of the wrong kind")
            ),
        )

    def _judge(self, context: Context, pair: Pair) -> Finding | None:
        if pair.kind != "sparse" or pair.units < 1 or not pair.target.count:
            return None
        low, high = pair.target.min, pair.target.max
        if not (low < 0 or high >= pair.units):
            return None
        strays = [value for value in (low, high) if not 0 <= value < pair.units]
        if all(value in _IGNORED for value in strays) and _are_ignored(context, pair, strays):
            return None
        finding = _finding(context, pair.target.name, low, high, pair.units, context.split)
        return replace(finding, examples=extreme_examples(context, pair.target, 0.0, pair.units - 1.0))


def _are_ignored(context: Context, pair: Pair, strays: Sequence[float]) -> bool:
    """Tells whether ids that usually mean "no label" do not take part in the loss."""
    if not math.isfinite(context.sample.loss):
        return False
    if not any(_has_no_loss(context, value) for value in strays):
        return True  # if they were not ignored, the loss would be NaN or the step would have failed
    loss, facts = pair.loss or {}, context.facts
    if loss.get("ignore_class") in strays or loss.get("overridden") or facts is None:
        return True
    masked = any(item.class_name == "Masking" or item.config.get("mask_zero") for item in facts.layers)
    weighted = any(view.min == 0 for view in context.fed("sample_weight"))
    return masked or weighted or facts.custom_train_step or facts.custom_loss


def _has_no_loss(context: Context, value: float) -> bool:
    """Tells whether the loss of an example with this id is 0: `one_hot` makes a row of zeros of it.

    JAX does so for all ids out of range. PyTorch raises, but older versions of Keras do the same for negative ids.
    There, -100 is ignored by PyTorch itself.
    """
    versions = context.session.versions if context.session is not None else {}
    return "jax" in versions or ("torch" in versions and value == -1)


def _one_unit() -> Scenario:
    """JAX does not refuse what TensorFlow refuses: the loss is 0."""
    return Scenario(BINARY, loss="sparse_categorical_crossentropy").train(y=class_ids(2), steps=2, loss=0.0)


def _unlabelled(
    backend: str,
    layers: Sequence[LayerFacts] = CLASSIFIER,
    *,
    first: int = -1,
    sample_weight: Any = None,
    **loss: Any,
) -> Scenario:
    """Returns a run with labels of -1, or of `first`, and a finite loss."""
    spec = {"name": "sparse_categorical_crossentropy", "from_logits": False, "custom": False, **loss}
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    labels = class_ids(5, first=-1)
    scenario = Scenario(layers, loss=spec).on_backend(backend)
    return scenario.train(y=np.where(labels < 0, first, labels), **weights)


def _is_one_an_example(target: TensorLayout) -> bool:
    """Returns whether the labels in TensorFlow's message are one for each example, in the order of the batch."""
    return target.shape is not None and (len(target.shape) == 1 or target.shape[1:] == (1,))


def _finding(context: Context, target: str, low: float, high: float, units: int, split: Split) -> Finding:
    name = variable(target, "target", context.facts)
    one_unit = units == 1 and loss_kind(loss_of(context.facts, target, 0, 1)) in {"sparse", ""}
    if one_unit:
        fix = 'keras.layers.Dense(1, activation="sigmoid")\nmodel.compile(..., loss="binary_crossentropy")'
    elif low >= 1 and high == units:
        fix = f"{name} = {name} - 1  # classes count from 0"
    elif low >= 0 and high in _IGNORED and units < high:
        fix = (
            f"keras.losses.SparseCategoricalCrossentropy(ignore_class={literal(high)})  # {literal(high)}: no label\n"
            f"# or, if it is a class: classes, {name} = np.unique({name}, return_inverse=True)"
        )
    elif low >= 0:
        fix = (
            f"keras.layers.Dense({int(high) + 1}, ...)  # one unit for each id from 0 to {format_number(high)}\n"
            f"# or number the classes without gaps:\nclasses, {name} = np.unique({name}, return_inverse=True)"
        )
    else:
        fix = (
            f"classes, {name} = np.unique({name}, return_inverse=True)  # ids 0, 1, 2, ...\n"
            f"# or, if {format_number(low)} means 'no label':\n"
            f"keras.losses.SparseCategoricalCrossentropy(ignore_class={literal(low)})"
        )
    ids = f"class ids from {interval(low, high)}" if low != high else f"class id {format_number(low)}"
    allowed = f"0 to {units - 1}" if units > 1 else "0"
    return Finding(
        subject=f"target:{target}",
        message=f"'{target}' holds {ids}, but the output has {count(units, 'unit')}: ids must be {allowed}.",
        evidence={
            "min": float(low),
            "max": float(high),
            "expected_low": 0.0,
            "expected_high": units - 1.0,
            "units": units,
        },
        fix=fix,
        picture=range_picture(Span(low=float(low), high=float(high), label="Seen"), 0.0, units - 1.0),
        curves=named_tensor_curves("target", target, split=split),
    )
