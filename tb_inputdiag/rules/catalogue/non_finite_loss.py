"""The rule `non-finite-loss`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.numbers import count, format_number
from tb_inputdiag.records import (
    Curve,
    Examples,
    Failure,
    Losses,
    Role,
    Sample,
    SessionEnd,
    Severity,
    WordsPicture,
)
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.exceptions import findings_for
from tb_inputdiag.rules.support.curves import layer_curve, loss_curve, validation_loss_curve
from tb_inputdiag.rules.support.finite_rows import keep_finite_code
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.support.single_examples import bad_examples, names_all
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.kernel_rows import lost_before

__all__ = ["NonFiniteLoss"]

_NAN = float("nan")
_FED: tuple[Role, ...] = ("input", "target", "sample_weight")


class NonFiniteLoss(Rule):
    """The loss is NaN or infinite.

    ## What it does
    Checks the loss of every step. On a sampled step it checks the weights before the step, the inputs, the targets, the
    outputs of the layers in forward order and the loss itself, and names what went bad first. For a step that was not
    sampled it names the steps between which it happened.

    ## Why is this bad?
    The gradients of a NaN loss are NaN, and so are all weights after the update. The model must be restored from a
    checkpoint or trained again.

    ## Example
    ```python
    loss = -keras.ops.mean(keras.ops.log(y_pred))     # log(0) if one prediction is 0
    ```

    ## What to do
    Start with what went bad first. Data: remove the bad examples. Large activations or gradients: lower the learning
    rate or clip the gradients. An operation in the loss: add a small constant, or use a loss of Keras.

    ## References
    - https://github.com/keras-team/keras/issues/6921
    - https://github.com/keras-team/keras/issues/17604
    """

    id = "non-finite-loss"
    severity = Severity.ERROR
    scope = "session"
    judges = "batch"
    splits = ("train", "validation")
    why = "The gradients become NaN, and after one update so do the weights: every further step is wasted."

    def start(self) -> None:
        """Resets the last finite step."""
        self._good_sample: int | None = None
        self._good_step: int | None = None
        self._pending: Finding | None = None
        self._seen_bad = False

    def on_sample(self, context: Context) -> Findings:
        """Judges a sampled step."""
        sample = context.sample
        if context.whole_data:
            return None  # nothing was trained
        if math.isfinite(sample.loss):
            if sample.split == "train":
                self._good_sample = self._good_step = sample.step
            return []
        own_step = context.facts is not None and context.facts.custom_train_step
        unknown = math.isnan(sample.loss) and (sample.split != "train" or own_step)
        if unknown and not _lost(sample):
            return None  # NaN also means "unknown", for example in validation without targets
        self._pending, self._seen_bad = None, True
        place, words, fix, layer = self._first_bad(context)
        before = "" if self._good_sample is None else f" (the sample of step {self._good_sample} was finite)"
        return [
            Finding(
                subject="loss",
                message=f"The {'' if sample.split == 'train' else 'validation '}loss of step {sample.step} is "
                f"{format_number(sample.loss)}; {words}{before}.",
                evidence={
                    "loss": sample.loss,
                    "went_bad_first": place,
                    "layer": layer,
                    "step": sample.step,
                    "last_finite_step": self._good_step,
                },
                fix=fix,
                picture=_picture(sample.loss),
                curves=_curves(sample.split == "train", layer),
                examples=_examples(context, place),
            )
        ]

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Judges steps that were not sampled."""
        bad = np.flatnonzero(~np.isfinite(losses.loss))
        pending, self._pending = self._pending, None
        if not len(bad):
            self._good_step = int(losses.step[-1])
            self._seen_bad = False
            return [] if pending is None else [pending]
        if pending is not None:
            return [pending]
        first = int(losses.step[bad[0]])
        if bad[0] > 0:
            self._good_step = int(losses.step[bad[0] - 1])
        since = f"since step {first}" if self._good_step is not None else "from the first step on"
        value = float(losses.loss[bad[0]])
        if self._seen_bad:
            return None
        self._seen_bad = True
        self._pending = self._unsampled(first, value, since)
        if bad[0] == len(losses.step) - 1:
            return None  # the sample of this very step may follow, and says more
        return self._take_pending()

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads PyTorch's exceptions about predictions that are NaN."""
        return findings_for(self.id, context, failure)

    def on_session_end(self, context: Context, end: SessionEnd) -> Findings:
        """Reports a loss that no sample explained."""
        return self._take_pending()

    def _take_pending(self) -> list[Finding] | None:
        pending, self._pending = self._pending, None
        return None if pending is None else [pending]

    def _unsampled(self, first: int, value: float, since: str) -> Finding:
        return Finding(
            subject="loss",
            message=f"The loss is {format_number(value)} {since}. Step {first} was not sampled, so the cause is "
            "unknown.",
            evidence={
                "loss": value,
                "step": first,
                "last_finite_step": self._good_step,
                "went_bad_first": "unknown",
            },
            fix="InputDiagnostics(..., every=1)  # samples every step, so the next run names the cause\n"
            "keras.callbacks.TerminateOnNaN()  # stops at once",
            step=first,
            picture=_picture(value),
            curves=_curves(True, ""),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        bad_layer = {"dense": {"nonfinite_count": 5.0}}
        lost = {"*": {"weight_nonfinite_count": 3.0, "weight_norm": _NAN, "gradient_nonfinite_count": 10.0}}
        return (
            fires(
                "NaN in an activation",
                lambda: Scenario().train(loss=_NAN, activations=bad_layer),
                "loss",
                Severity.ERROR,
            ),
            fires("NaN in the loss alone", lambda: Scenario().train(steps=3).train(loss=math.inf), "loss"),
            fires("weights that were NaN before", lambda: Scenario().train(loss=_NAN, gradients=lost), "loss"),
            fires(
                "a step between two samples", lambda: Scenario().train(steps=2).losses([2.0, 1.9, _NAN, _NAN]), "loss"
            ),
            silent("finite", lambda: Scenario().train(steps=5)),
            silent("no loss in validation", lambda: Scenario().train(steps=2).validate(loss=_NAN)),
        )

    def _first_bad(self, context: Context) -> tuple[str, str, str, str]:
        """Returns the place that went bad first, a clause about it, the fix and the layer."""
        sample = context.sample
        clip = f"optimizer = {gentler_optimizer(context)}"
        weights, layers = sample.weights, sample.layers
        if weights is not None and lost_before(weights).any():
            rows = np.flatnonzero(lost_before(weights))
            names = [context.layout.weights[row] for row in rows]
            words = (
                f"{len(names)} of {len(context.layout.weights)} weights were NaN or infinite before this step "
                f"({join(names, 2)})"
            )
            fix = (
                f"InputDiagnostics(..., every=1)  # the step that broke them was not sampled\n{clip}  # or a lower rate"
            )
            return "weight", words, fix, ""
        for role in _FED:
            for view in context.fed(role):
                if view.nan_count or view.inf_count:
                    fix = f"{keep_finite_code(context, view, role)}  # drops these examples"
                    examples = f" in example {join(view.bad_examples)}" if view.bad_examples else ""
                    words = f"the {role.replace('_', ' ')} '{view.name}' holds NaN or infinities{examples}"
                    return role, words, fix, ""
        if layers is not None:
            rows = np.flatnonzero(np.nan_to_num(layers.nonfinite_count) > 0)
            if len(rows):
                name = context.layout.layers[rows[0]]
                bad = count(int(layers.nonfinite_count[rows[0]]), "output")
                previous = context.layout.layers[rows[0] - 1] if rows[0] else ""
                size = float(layers.max_abs[rows[0] - 1]) if rows[0] else _NAN
                behind = f" (the layer in front of it reaches {format_number(size)})" if previous else ""
                return (
                    "activation",
                    f"layer '{name}' is the first with NaN or infinities: {bad}{behind}",
                    f"{clip}  # if values grew from layer to layer\n"
                    f"# If '{name}' divides or takes a log or a root, add a small constant to the argument.",
                    name,
                )
        words = "inputs, targets and activations are finite, so the loss function itself makes it"
        fix = (
            "# In your own loss, keep the arguments of log and division away from 0:\n"
            "keras.ops.log(keras.ops.clip(y_pred, 1e-7, 1.0))\n"
            "# or let Keras work on logits: loss=keras.losses.BinaryCrossentropy(from_logits=True)"
        )
        return "loss", words, fix, ""


def _picture(loss: float) -> WordsPicture:
    return WordsPicture(seen=format_number(loss), expected="a finite number", seen_label="loss")


def _examples(context: Context, place: str) -> Examples | None:
    """Returns the examples that went bad first; None if all did, or if the weights did."""
    if place == "weight":
        return None
    views = [view for role in _FED if role == place for view in context.fed(role)] or context.fed("prediction")
    for view in views:
        if view.bad_examples:
            return None if names_all(context, view) else bad_examples(context, view)
    return None


def _curves(training: bool, layer: str) -> tuple[Curve, ...]:
    inside = (layer_curve(layer, "nonfinite_count"),) if layer else ()
    return (loss_curve() if training else validation_loss_curve(), *inside)


def _lost(sample: Sample) -> bool:
    """Whether activations or weights are not finite either."""
    layers, weights = sample.layers, sample.weights
    return (layers is not None and bool(np.nansum(layers.nonfinite_count) > 0)) or (
        weights is not None and bool(lost_before(weights).any())
    )
