"""The rule `label-loss-mismatch`."""

from __future__ import annotations

import re

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import Failure, Severity
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
from tb_inputdiag.rules.support.failures import essential_text
from tb_inputdiag.rules.support.shapes import parse_shape
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import shape_text, variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair, loss_kind, loss_of

__all__ = ["LabelLossMismatch"]

_SHAPES = re.compile(
    r"(?:must have rank \(ndim\) `target\.ndim - 1`|must have the same (?:rank \(ndim\)|shape))\. "
    r"Received: target\.shape=(\([^)]*\)), output\.shape=(\([^)]*\))"
)
_SPARSE = '"sparse_categorical_crossentropy"'


class LabelLossMismatch(Rule):
    """The labels are written in another way than the loss reads them.

    ## What it does
    Compares the labels seen with what the compiled loss wants: class ids for sparse categorical cross-entropy, one-hot
    rows for categorical, 0 and 1 for binary cross-entropy. It also reads the exceptions that Keras raises for these.

    ## Why is this bad?
    Where Keras notices, `fit` fails. Where it does not, the loss is a number without meaning: with labels of -1 or 9,
    binary cross-entropy has no lower bound and falls for ever.

    ## Example
    ```python
    model.compile(loss="categorical_crossentropy")
    model.fit(x, y)            # y holds 0..9
    ```

    ## What to do
    Ids: `sparse_categorical_crossentropy`. One-hot rows: `categorical_crossentropy`. Two classes: labels 0 and 1,
    `Dense(1, activation="sigmoid")` and `binary_crossentropy`.

    ## References
    - https://keras.io/api/losses/probabilistic_losses/
    """

    id = "label-loss-mismatch"
    severity = Severity.ERROR
    explains = (*SYMPTOMS, "constant-target")
    supersedes = ("shape-mismatch", "label-out-of-range", "target-out-of-range", "target-shape-broadcast")
    why = "The loss reads the labels in another way than they are meant: it fails, or falls without meaning anything."

    def on_sample(self, context: Context) -> Findings:
        """Judges labels that Keras takes without a word."""
        return [found for pair in context.pairs if (found := self._judge(context, pair)) is not None]

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads Keras' exceptions about the shapes of targets and outputs."""
        match = _SHAPES.search(essential_text(failure.message))
        target, output = (parse_shape(match[1]), parse_shape(match[2])) if match is not None else (None, None)
        if target is None or output is None or _other_places(target, output):
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
            fires("one-hot, sparse loss", lambda: Scenario().fail("ValueError", one_hot), "target:y", Severity.ERROR),
            fires("ids, categorical loss", lambda: categorical().fail("ValueError", ids), "target:y"),
            fires("1 and 2, binary loss", lambda: binary(1), "target:y"),
            fires("fractions, sparse loss", lambda: Scenario().train(y=columns(n=1), steps=2), "target:y"),
            silent("0 and 1, binary loss", lambda: binary(0)),
            silent("ids, sparse loss", lambda: Scenario().train(y=class_ids(), steps=2)),
            silent("a custom loss", lambda: categorical("contrastive").train(y=columns(), steps=2)),
        )

    def _judge(self, context: Context, pair: Pair) -> Finding | None:
        view = pair.target
        if not view.count or view.nan_count or not view.max >= view.min:
            return None
        name = variable(view.name, "target", context.facts)
        whole = view.value("whole_fraction") == 1
        if pair.kind == "binary" and whole and (view.min < 0 or view.max > 1):
            many = view.max > 2 or (view.min >= 0 and view.max == 2 and view.min == 0)
            if many:
                n = int(view.max) + 1
                what = f"labels from {format_number(view.min)} to {format_number(view.max)}, but binary cross-entropy wants 0 and 1"
                fix = f'keras.layers.Dense({n}, activation="softmax")\nmodel.compile(..., loss={_SPARSE})'
            elif view.min < 0:
                what = f"labels of {format_number(view.min)} and {format_number(view.max)}, but binary cross-entropy wants 0 and 1"
                fix = f'{name} = ({name} > 0).astype("float32")'
            else:
                what = f"labels of {format_number(view.min)} and {format_number(view.max)}, but binary cross-entropy wants 0 and 1"
                fix = f"{name} = {name} - {format_number(view.min)}"
        elif pair.kind == "sparse" and not whole:
            what = f"fractions ({format_number(view.min)} to {format_number(view.max)}), but sparse cross-entropy wants whole class ids"
            fix = 'model.compile(..., loss="mse")  # for measured targets, with Dense(1) as last layer\n'
            fix += f"classes, {name} = np.unique({name}, return_inverse=True)  # for classes"
        elif pair.kind == "categorical" and whole and view.value("row_sum_max") > 1 and view.min >= 0 and view.max <= 1:
            what = f"up to {format_number(view.value('row_sum_max'))} classes an example, but categorical cross-entropy wants one"
            fix = 'activation="sigmoid"  # of the last layer\nmodel.compile(..., loss="binary_crossentropy")'
        elif pair.kind == "categorical" and whole and (view.max > 1 or view.min < 0):
            what = (
                f"numbers from {format_number(view.min)} to {format_number(view.max)}, but categorical cross-entropy wants "
                f"one-hot rows"
            )
            fix = f"model.compile(..., loss={_SPARSE})  # with class ids in {name}"
        else:
            return None
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
        )


def _other_places(target: tuple[int | None, ...], output: tuple[int | None, ...]) -> bool:
    """Whether both have one entry for each place of a map or sequence, but not the same places: no matter of labels."""
    return len(target) == len(output) > 2 and target[1:-1] != output[1:-1]


def _by_shapes(context: Context, name: str, target: tuple[int | None, ...], output: tuple[int | None, ...]) -> Finding:
    kind = loss_kind(loss_of(context.facts, name, 0, 1))
    code = variable(name, "target", context.facts)
    units = output[-1] if output else None
    if len(target) == len(output) and target == output:
        what = "rows of one number for each class, but sparse cross-entropy wants one class id an example"
        fix = f'model.compile(..., loss="categorical_crossentropy")\n# or: {code} = {code}.argmax(axis=-1)'
    elif kind == "sparse":
        what = "labels for other positions than the output has"
        fix = (
            f"# The output has shape {shape_text(output)}: {code} needs shape {shape_text(output[:-1])}, one id each;\n"
        )
        fix += (
            "# for one label an example put Flatten, GlobalAveragePooling or return_sequences=False before the "
            "last layer"
        )
    elif target and target[-1] is not None and len(target) == len(output) and target[-1] > 1:
        what = f"{target[-1]} numbers an example, but the output has {units} units"
        fix = f"keras.layers.Dense({target[-1]}, ...)  # as last layer"
        if units == 1 and kind == "binary" and target[-1] == 2:
            fix = f"{code} = {code}[:, 1]  # one number an example: the second class or not\n# or: {fix}"
    elif kind == "binary" and units is not None and units > 1:
        what = f"one label an example, but the output has {units} units"
        fix = 'keras.layers.Dense(1, activation="sigmoid")  # as last layer, for two classes\n'
        fix += f"model.compile(..., loss={_SPARSE})  # for {units} classes, with softmax"
    else:
        what = f"one class id an example, but the loss wants {units} numbers an example (one-hot)"
        fix = f"model.compile(..., loss={_SPARSE})\n# or: {code} = keras.utils.to_categorical({code}, {units})"
    return Finding(
        subject=f"target:{name}",
        message=f"'{name}' has shape {shape_text(target)}, the output {shape_text(output)}: {what}.",
        evidence={"shape": list(target), "prediction_shape": list(output), "loss": kind or "unknown"},
        fix=fix,
    )
