"""The rule `label-loss-mismatch`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

from tb_inputdiag.numbers import format_number, interval, literal, shape_text
from tb_inputdiag.records import (
    ExpectedRange,
    Failure,
    LimitPicture,
    Picture,
    Severity,
    ShapesPicture,
    TensorView,
    WordsPicture,
)
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import (
    BINARY,
    CLASSIFIER,
    Example,
    Scenario,
    class_ids,
    columns,
    fires,
    silent,
)
from tb_inputdiag.rules.exceptions import findings_for
from tb_inputdiag.rules.support.curves import named_tensor_curves, tensor_curves
from tb_inputdiag.rules.support.failures import essential_text
from tb_inputdiag.rules.support.kept_axes import has_extra_axes
from tb_inputdiag.rules.support.pictures import range_picture, span_of
from tb_inputdiag.rules.support.shapes import parse_shape
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair, loss_kind, loss_of

__all__ = ["LabelLossMismatch"]

_SHAPES = re.compile(
    r"(?:must have rank \(ndim\) `target\.ndim - 1`|must have the same (?:rank \(ndim\)|shape))\. "
    r"Received: target\.shape=(\([^)]*\)), output\.shape=(\([^)]*\))"
)
_SPARSE = '"sparse_categorical_crossentropy"'
_NAMES = {"binary": "binary cross-entropy", "categorical": "categorical cross-entropy"}


class LabelLossMismatch(Rule):
    """The labels do not have the form that the loss expects.

    ## What it does
    Compares the labels with the form that the compiled loss expects: class ids for sparse categorical cross-entropy,
    one-hot rows for categorical cross-entropy, 0 and 1 for binary cross-entropy. It also reads the exceptions that
    Keras raises for such labels.

    ## Why is this bad?
    If Keras notices, `fit` fails. If not, the loss has no meaning: with labels of -1 or 9, binary cross-entropy has no
    lower bound and falls forever.

    ## Example
    ```python
    model.compile(loss="categorical_crossentropy")
    model.fit(x, y)            # y holds 0..9
    ```

    ## What to do
    Use `sparse_categorical_crossentropy` for ids and `categorical_crossentropy` for one-hot rows. For two classes use
    labels 0 and 1, `Dense(1, activation="sigmoid")` and `binary_crossentropy`.

    ## References
    - https://keras.io/api/losses/probabilistic_losses/
    """

    id = "label-loss-mismatch"
    severity = Severity.ERROR
    explains = (*SYMPTOMS, "constant-target")
    supersedes = ("shape-mismatch", "label-out-of-range", "target-out-of-range", "target-shape-broadcast")
    why = "The loss misreads the labels: the step fails, or the loss falls without any meaning."

    def on_sample(self, context: Context) -> Findings:
        """Judges labels that Keras accepts silently."""
        return [found for pair in context.pairs if (found := self._judge(context, pair)) is not None]

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads Keras' exceptions about the shapes of targets and outputs."""
        found = findings_for(self.id, context, failure)
        if found is not None:
            return found
        match = _SHAPES.search(essential_text(failure.message))
        target, output = (parse_shape(match[1]), parse_shape(match[2])) if match is not None else (None, None)
        if target is None or output is None or _other_places(target, output):
            return []
        if _is_sequence(context, target, output):
            return []
        targets = [t for t in failure.fed if t.role == "target"]
        fitting = [t.name for t in targets if t.shape is not None and tuple(t.shape[1:]) == tuple(target[1:])]
        name = fitting[0] if len(fitting) == 1 else (targets[0].name if len(targets) == 1 else "y")
        return [_by_shapes(context, name, target, output)]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        one_hot = "Argument `output` must have rank (ndim) `target.ndim - 1`. Received: "
        one_hot += "target.shape=(16, 10), output.shape=(16, 10)"
        ids = "Arguments `target` and `output` must have the same rank (ndim). Received: "
        ids += "target.shape=(16,), output.shape=(16, 10)"

        def binary(first: int) -> Scenario:
            return Scenario(BINARY, loss="binary_crossentropy").train(y=class_ids(2, first=first) * 1.0, steps=2)

        def categorical(loss: str = "categorical_crossentropy") -> Scenario:
            return Scenario(CLASSIFIER, loss=loss)

        return (
            fires(
                "one-hot rows, sparse loss", lambda: Scenario().fail("ValueError", one_hot), "target:y", Severity.ERROR
            ),
            fires("ids, categorical loss", lambda: categorical().fail("ValueError", ids), "target:y"),
            fires("1 and 2, binary loss", lambda: binary(1), "target:y"),
            fires("fractions, sparse loss", lambda: Scenario().train(y=columns(n=1), steps=2), "target:y"),
            silent("0 and 1, binary loss", lambda: binary(0)),
            silent("ids, sparse loss", lambda: Scenario().train(y=class_ids(), steps=2)),
            silent("a custom loss", lambda: categorical("contrastive").train(y=columns(), steps=2)),
        )

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Labels of binary and categorical cross-entropy lie between 0 and 1."""
        for pair in context.pairs:
            if pair.kind in _NAMES:
                reason = f"{_NAMES[pair.kind].capitalize()} compares numbers from 0 to 1."
                subject = pair.target.subject
                yield ExpectedRange(rule=self.id, subject=subject, low=0.0, high=1.0, reason=reason)

    def _judge(self, context: Context, pair: Pair) -> Finding | None:
        view = pair.target
        if not view.count or view.nan_count or not view.max >= view.min:
            return None
        name = variable(view.name, "target", context.facts)
        whole = view.value("whole_fraction") == 1
        misread: _Misread | None = None
        if pair.kind == "binary" and whole and (view.min < 0 or view.max > 1):
            misread = _not_binary(view, name)
        elif pair.kind == "sparse" and not whole:
            misread = _fractions(view, name)
        elif pair.kind == "categorical" and whole:
            misread = _not_one_hot(view, name)
        if misread is None:
            return None
        what, fix, picture = misread
        return Finding(
            subject=view.subject,
            message=f"'{view.name}' holds {what}.",
            evidence={
                "min": view.min,
                "max": view.max,
                "shape": list(view.shape),
                "loss": str((pair.loss or {}).get("name")),
            },
            fix=fix,
            picture=picture,
            curves=tensor_curves(context, view),
        )


_Misread: TypeAlias = tuple[str, str, Picture]
"""What the labels are and what the loss expects, as text; the fix; the picture."""


def _not_binary(view: TensorView, name: str) -> _Misread:
    low, high = view.min, view.max
    if high > 2 or (low == 0 and high == 2):
        what = f"labels from {interval(low, high)}"
        fix = f'keras.layers.Dense({int(high) + 1}, activation="softmax")\nmodel.compile(..., loss={_SPARSE})'
    else:
        what = f"labels of {format_number(low)} and {format_number(high)}"
        fix = f'{name} = ({name} > 0).astype("float32")' if low < 0 else f"{name} = {name} - {literal(low)}"
    return f"{what}, but {_NAMES['binary']} expects 0 and 1", fix, range_picture(span_of(view), 0.0, 1.0)


def _fractions(view: TensorView, name: str) -> _Misread:
    what = f"fractions ({interval(view.min, view.max)}), but sparse categorical cross-entropy expects whole class ids"
    fix = 'model.compile(..., loss="mse")  # for measured targets, with Dense(1) as last layer\n'
    fix += f"classes, {name} = np.unique({name}, return_inverse=True)  # for classes"
    return what, fix, WordsPicture(seen="fractions", expected="whole class ids")


def _not_one_hot(view: TensorView, name: str) -> _Misread | None:
    if view.max > 1 or view.min < 0:
        what = f"numbers from {interval(view.min, view.max)}, but {_NAMES['categorical']} expects one-hot rows"
        fix = f"model.compile(..., loss={_SPARSE})  # with class ids in {name}"
        return what, fix, range_picture(span_of(view), 0.0, 1.0)
    most = view.value("row_sum_max")
    if most > 1:
        what = f"up to {format_number(most)} classes for one example, but {_NAMES['categorical']} expects one"
        fix = 'activation="sigmoid"  # of the last layer\nmodel.compile(..., loss="binary_crossentropy")'
        return what, fix, LimitPicture(label="classes of one example", value=most, limit=1)
    return None


def _other_places(target: tuple[int | None, ...], output: tuple[int | None, ...]) -> bool:
    """Whether both have an entry for each place of a map or sequence, but for different ones: the labels are fine."""
    return len(target) == len(output) > 2 and target[1:-1] != output[1:-1]


def _is_sequence(context: Context, target: tuple[int | None, ...], output: tuple[int | None, ...]) -> bool:
    """Whether the output has an entry for each step or place and the target does not: `target-shape-broadcast`."""
    facts = context.facts
    built = facts.outputs[0].shape if facts is not None and len(facts.outputs) == 1 else None
    if built is not None and len(output) + 1 == len(built) and built[-1] == 1:
        output = (*output, 1)
    return has_extra_axes(target, output, sparse=loss_kind(loss_of(facts, "y", 0, 1)) == "sparse")


def _by_shapes(context: Context, name: str, target: tuple[int | None, ...], output: tuple[int | None, ...]) -> Finding:
    kind = loss_kind(loss_of(context.facts, name, 0, 1))
    code = variable(name, "target", context.facts)
    units = output[-1] if output else None
    expected = output
    if len(target) == len(output) and target == output:
        what = "one number for each class, but sparse categorical cross-entropy expects one class id for each example"
        fix = f'model.compile(..., loss="categorical_crossentropy")\n# or: {code} = {code}.argmax(axis=-1)'
        expected = output[:-1]
    elif kind == "sparse":
        what = "the labels belong to other positions than those of the output"
        fix = f"# The output has shape {shape_text(output)}, so {code} needs shape {shape_text(output[:-1])}.\n"
        fix += (
            "# If each example has one label, put Flatten, GlobalAveragePooling or return_sequences=False before the "
        )
        fix += "last layer."
        expected = output[:-1]
    elif target and target[-1] is not None and len(target) == len(output) and target[-1] > 1:
        what = f"{target[-1]} numbers for each example, but the output has {units} units"
        fix = f"keras.layers.Dense({target[-1]}, ...)  # as last layer"
        if units == 1 and kind == "binary" and target[-1] == 2:
            fix = f"{code} = {code}[:, 1]  # one number for each example: 1 for the second class\n# or: {fix}"
    elif kind == "binary" and units is not None and units > 1:
        what = f"one label for each example, but the output has {units} units"
        fix = 'keras.layers.Dense(1, activation="sigmoid")  # as last layer, for two classes\n'
        fix += f"model.compile(..., loss={_SPARSE})  # for {units} classes, with softmax"
    else:
        what = f"one class id for each example, but the loss expects {units} numbers for each (one-hot)"
        fix = f"model.compile(..., loss={_SPARSE})\n# or: {code} = keras.utils.to_categorical({code}, {units})"
    return Finding(
        subject=f"target:{name}",
        message=f"'{name}' has shape {shape_text(target)} and the output has shape {shape_text(output)}: {what}.",
        evidence={"shape": list(target), "prediction_shape": list(output), "loss": kind or "unknown"},
        fix=fix,
        picture=ShapesPicture(seen=target, expected=expected, seen_label="labels"),
        curves=named_tensor_curves("target", name),
    )
