"""The rule `target-shape-broadcast`."""

from __future__ import annotations

import math
import re

import numpy as np

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import Failure, Severity, ShapesPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, layer, silent
from tb_inputdiag.rules.exceptions import findings_for
from tb_inputdiag.rules.support.curves import named_tensor_curves, tensor_curves
from tb_inputdiag.rules.support.failures import essential_text
from tb_inputdiag.rules.support.kept_axes import collapse_fix, has_extra_axes, last_sequence_layer
from tb_inputdiag.rules.support.shapes import parse_shape
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair, loss_kind, loss_of

__all__ = ["TargetShapeBroadcast"]

_ELEMENTWISE = frozenset(
    {"regression", "percentage", "logarithmic", "hinge", "categorical_hinge", "poisson", "divergence", "cosine"}
)
_SHAPES = (
    re.compile(r"Received: target\.shape=(\([^)]*\)), output\.shape=(\([^)]*\))"),
    re.compile(r"with input shapes: (\[[^\]]*\]), (\[[^\]]*\])"),
)
"""Target and output in exceptions: of Keras' cross-entropies, and of TensorFlow's operations."""


class TargetShapeBroadcast(Rule):
    """The loss broadcasts prediction and target to a shape that neither of them has.

    ## What it does
    Compares the shapes of targets and predictions for losses that work element by element. A missing last axis of
    length 1 is fine with the losses of Keras, which add it. A prediction for each step or place against one target for
    each example is not, whether Keras broadcasts it or raises. For your own loss it compares the value with the mean
    square over all pairs of a prediction and a target. If they agree, the loss compares all pairs.

    ## Why is this bad?
    The difference of shapes (B,) and (B, 1) has shape (B, B). Each prediction is compared with the targets of all
    examples, so the model learns their average. No error is raised.

    ## Example
    ```python
    class MyLoss(keras.losses.Loss):
        def call(self, y_true, y_pred):               # (32,) and (32, 1)
            return keras.ops.mean((y_true - y_pred) ** 2)
    ```

    ## What to do
    Give the target the shape of the prediction, with `y[:, None]` or with one unit for each column of the target. For
    one answer for each example, leave out `return_sequences=True` in the last recurrent layer, or put
    `GlobalAveragePooling` or `Flatten` before the last layer.

    ## References
    - https://numpy.org/doc/stable/user/basics.broadcasting.html
    """

    id = "target-shape-broadcast"
    severity = Severity.ERROR
    splits = ("train", "validation")
    persistence = 2
    explains = SYMPTOMS
    supersedes = ("shape-mismatch",)
    why = "Each prediction is compared with targets of other examples or columns, so the model learns only an average."

    def on_sample(self, context: Context) -> Findings:
        """Judges the shapes of targets and predictions."""
        return [found for pair in context.pairs if (found := self._judge(context, pair)) is not None]

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads the exceptions about predictions for each step or place of an example."""
        own = self._of_places(context, failure)
        return own or findings_for(self.id, context, failure) or []

    @staticmethod
    def _of_places(context: Context, failure: Failure) -> list[Finding]:
        shapes = _failed_shapes(failure)
        targets = [fed for fed in failure.fed if fed.role == "target"]
        facts = context.facts
        if shapes is None or len(targets) > 1 or facts is None or len(facts.outputs) > 1:
            return []
        name = targets[0].name if targets else "y"
        kind = loss_kind(loss_of(facts, name, 0, 1))
        have, want = shapes
        # Keras drops a last axis of 1 before it compares.
        built = facts.outputs[0].shape if facts.outputs else None
        if built is not None and len(want) + 1 == len(built) and built[-1] == 1:
            want = (*want, 1)
        if not kind or not has_extra_axes(have, want, sparse=kind == "sparse"):
            return []
        return [
            Finding(
                subject=f"target:{name}",
                message=f"'{name}' has shape {shape_text(have)} and the prediction {shape_text(want)}: "
                f"one target for each example, but {_places(context, want)}.",
                evidence={"shape": list(have), "prediction_shape": list(want), "loss": kind},
                fix=collapse_fix(facts, len(want)),
                why="The loss cannot compare one target with many predictions, so the step fails.",
                picture=ShapesPicture(seen=have, expected=want, seen_label="target", expected_label="prediction"),
                curves=named_tensor_curves("target", name),
                at_once=True,
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        lstm = layer("lstm", "LSTM", units=12, return_sequences=True)
        steps = columns(n=12)[..., None]
        received = "Arguments `target` and `output` must have the same rank (ndim). Received: "
        received += "target.shape=(32, 10), output.shape=(32, 5, 5, 10)"
        ten = (layer("dense", "Dense", activation="linear", units=10),)
        own = {"name": "MyLoss", "from_logits": None, "custom": True}

        def run(y: np.ndarray, y_pred: np.ndarray, **batch: float) -> Scenario:
            return Scenario(REGRESSOR, loss=own).train(steps=2, y=y, y_pred=y_pred, **batch)

        def subtracted() -> Scenario:
            scenario = Scenario(REGRESSOR, loss=None, custom_train_step=True)
            return scenario.train(steps=2, y=flat, y_pred=column, broadcast_to=(None, None))

        flat, column, wide = columns(n=1)[:, 0], columns(n=1), columns(n=10)
        pairs = float(np.mean((flat - column) ** 2))
        return (
            fires(
                "one column for ten",
                lambda: Scenario(ten, loss="mse").train(steps=2, y=column, y_pred=wide),
                "target:y",
            ),
            fires("(B,) in your own Loss class", lambda: run(flat, column), "target:y", Severity.INFO),
            fires("a loss over all pairs", lambda: run(flat, column, loss=pairs), "target:y", Severity.ERROR),
            fires("(B,) subtracted in a train_step", subtracted, "target:y", Severity.ERROR),
            fires(
                "a prediction for each step",
                lambda: Scenario((lstm, *REGRESSOR[1:]), loss="mse").train(steps=2, y=column, y_pred=steps),
                "target:y",
                Severity.ERROR,
            ),
            fires(
                "no pooling before the last layer",
                lambda: Scenario(loss="categorical_crossentropy").fail("ValueError", received),
                "target:y",
            ),
            silent(
                "a target for each step",
                lambda: Scenario((lstm, *REGRESSOR[1:]), loss="mse").train(steps=2, y=steps[..., 0], y_pred=steps),
            ),
            silent("(B,) in a loss of Keras", lambda: Scenario(REGRESSOR, loss="mse").train(y=flat, y_pred=column)),
            silent("equal shapes", lambda: Scenario(ten, loss="mse").train(y=wide, y_pred=wide)),
            silent("class ids", lambda: Scenario(ten).train(y=flat, y_pred=wide)),
        )

    def _judge(self, context: Context, pair: Pair) -> Finding | None:
        if pair.prediction is None:
            return None
        have, want = pair.target.shape, pair.prediction.shape
        if have == want or not have or not want:
            return None
        squeezed = abs(len(have) - len(want)) == 1 and (max(have, want, key=len)[-1] == 1)
        facts = context.facts
        own = not pair.kind
        severity = self.severity
        if own:
            if not (squeezed and have[0] > 1 and {len(have), len(want)} == {1, 2} and have[0] == want[0]):
                return None
            if pair.target.layout.broadcast_to is None and not self._is_all_pairs(context, pair):
                # The user's own loss may bring both to one shape. Only a `Loss` class receives them as they are.
                named = str((pair.loss or {}).get("name"))[:1].isupper()
                if not named or (facts is not None and facts.custom_train_step):
                    return None
                severity = Severity.INFO
        elif pair.kind not in _ELEMENTWISE or _squeezed(have, want) == _squeezed(want, have):
            return None
        try:
            together = np.broadcast_shapes(*((have, want) if own else (_squeezed(have, want), _squeezed(want, have))))
        except ValueError:
            return None  # such shapes raise an exception anyway
        name = variable(pair.target.name, "target", facts)
        places = ""
        if has_extra_axes(have, want):
            fix = collapse_fix(facts, len(want))
            places = f", because {_places(context, want)}"
        elif own:
            fix = f"{name} = {name}[:, None]  # shape {shape_text((None, *want[1:]))}, like the prediction"
        elif len(have) == len(want):
            fix = f"keras.layers.Dense({have[-1]})  # last layer: one unit for each column of {name}"
        else:
            fix = f"{name} = {name}.reshape(-1, {', '.join(map(str, want[1:]))})  # the shape of the prediction"
        return Finding(
            subject=pair.target.subject,
            message=f"'{pair.target.name}' has shape {shape_text(have)} and the prediction {shape_text(want)}, so "
            "the loss "
            f"broadcasts both to {shape_text(together)}{places}.",
            evidence={"shape": list(have), "prediction_shape": list(want), "broadcast_shape": list(together)},
            fix=fix,
            severity=severity,
            picture=ShapesPicture(seen=have, expected=want, seen_label="target", expected_label="prediction"),
            curves=tensor_curves(context, pair.target),
        )

    def _is_all_pairs(self, context: Context, pair: Pair) -> bool:
        """Whether the loss is the mean square of all differences between any target and any prediction.

        That is var(y) + var(p) + (mean(y) - mean(p))^2. The mean square of matching pairs equals it only by chance.
        """
        assert pair.prediction is not None
        y, p = pair.target, pair.prediction
        penalty = context.sample.penalty if math.isfinite(context.sample.penalty) else 0.0
        expected = y.std**2 + p.std**2 + (y.mean - p.mean) ** 2
        return math.isclose(context.sample.loss - penalty, expected, rel_tol=1e-3)


def _squeezed(shape: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape as Keras' losses see it: they drop a last axis of 1 that the other shape does not have.

    A target of shape (B,) gets one instead; the result is the same.
    """
    return shape[:-1] if len(shape) == len(other) + 1 and shape[-1] == 1 else shape


def _failed_shapes(failure: Failure) -> tuple[tuple[int | None, ...], tuple[int | None, ...]] | None:
    """Returns the shapes of target and output that an exception names, or None."""
    text = essential_text(failure.message)
    for pattern in _SHAPES if "target" in text or "compile_loss" in text else ():
        match = pattern.search(text)
        shapes = (parse_shape(match[1]), parse_shape(match[2])) if match is not None else (None, None)
        if shapes[0] is not None and shapes[1] is not None:
            return shapes[0], shapes[1]
    return None


def _places(context: Context, prediction: tuple[int | None, ...]) -> str:
    """Returns why there are several predictions for each example, as a clause."""
    layer = last_sequence_layer(context.facts)
    if layer is not None:
        return f"'{layer.name}' returns one output for each step (return_sequences=True)"
    return f"the last layer makes one prediction for each of {shape_text(prediction[1:-1])} places"
