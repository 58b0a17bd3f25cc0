"""The rule `target-shape-broadcast`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import Severity, ShapesPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, layer, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair

__all__ = ["TargetShapeBroadcast"]

_ELEMENTWISE = frozenset({"regression", "percentage", "logarithmic", "hinge", "poisson"})


class TargetShapeBroadcast(Rule):
    """The loss broadcasts prediction and target to a shape that neither of them has.

    ## What it does
    Compares the shapes of targets and predictions for losses that work element by element. A missing last axis of
    length 1 is fine with the losses of Keras, which add it. For your own loss it compares the value with the mean
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
    Give the target the shape of the prediction, with `y[:, None]` or with one unit for each column of the target.

    ## References
    - https://numpy.org/doc/stable/user/basics.broadcasting.html
    """

    id = "target-shape-broadcast"
    severity = Severity.ERROR
    splits = ("train", "validation")
    persistence = 2
    explains = SYMPTOMS
    why = "Each prediction is compared with targets of other examples or columns, so the model learns only an average."

    def on_sample(self, context: Context) -> Findings:
        """Judges the shapes of targets and predictions."""
        return [found for pair in context.pairs if (found := self._judge(context, pair)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        ten = (layer("dense", "Dense", activation="linear", units=10),)
        own = {"name": "MyLoss", "from_logits": None, "custom": True}

        def run(y: np.ndarray, y_pred: np.ndarray, **batch: float) -> Scenario:
            return Scenario(REGRESSOR, loss=own).train(steps=2, y=y, y_pred=y_pred, **batch)

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
            if not self._is_all_pairs(context, pair):
                # The user's own loss may bring both to one shape. Only a `Loss` class receives them as they are.
                named = str((pair.loss or {}).get("name"))[:1].isupper()
                if not named or (facts is not None and facts.custom_train_step):
                    return None
                severity = Severity.INFO
        elif pair.kind not in _ELEMENTWISE or squeezed:
            return None
        try:
            together = np.broadcast_shapes(have, want)
        except ValueError:
            return None  # such shapes raise an exception anyway
        name = variable(pair.target.name, "target", facts)
        if own:
            fix = f"{name} = {name}[:, None]  # shape {shape_text((None, *want[1:]))}, like the prediction"
        elif len(have) == len(want):
            fix = f"keras.layers.Dense({have[-1]})  # last layer: one unit for each column of {name}"
        else:
            fix = f"{name} = {name}.reshape(-1, {', '.join(map(str, want[1:]))})  # the shape of the prediction"
        return Finding(
            subject=pair.target.subject,
            message=f"'{pair.target.name}' has shape {shape_text(have)} and the prediction {shape_text(want)}, so "
            "the loss "
            f"broadcasts both to {shape_text(together)}.",
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
