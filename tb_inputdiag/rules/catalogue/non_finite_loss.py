"""The rule `non-finite-loss`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.records import Losses, Role, Sample, SessionEnd, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.good_rows import keep_finite
from tb_inputdiag.rules.support.optimizer import gentler
from tb_inputdiag.rules.support.text import join, number
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.kernel_rows import lost_before

__all__ = ["NonFiniteLoss"]

_NAN = float("nan")


class NonFiniteLoss(Rule):
    """The loss is NaN or infinite.

    ## What it does
    Watches the loss of every step. On a sampled step it walks the way of the data, weights before the step, input,
    target, activations in forward order, prediction, loss, and names what went bad first. Where the step was not
    sampled it names the interval in which it happened.

    ## Why is this bad?
    Gradients of a NaN loss are NaN, and so are all weights after the update. Nothing brings them back: the model has to
    be restored or trained anew.

    ## Example
    ```python
    loss = -keras.ops.mean(keras.ops.log(y_pred))     # log(0) as soon as one prediction is 0
    ```

    ## What to do
    Begin with what went bad first. For an operation in the loss, add a small constant or use Keras' own losses; for
    large activations or gradients lower the learning rate or clip; for data, remove the bad examples.

    ## References
    - https://github.com/keras-team/keras/issues/6921
    - https://github.com/keras-team/keras/issues/17604
    """

    id = "non-finite-loss"
    severity = Severity.ERROR
    judges = "batch"
    splits = ("train", "validation")
    why = (
        "The gradients of such a loss are not finite either, and after one update neither are the weights: the "
        "model is "
        "lost, and every further step is wasted."
    )

    def start(self) -> None:
        """Forgets the last sample that was fine."""
        self._good_sample: int | None = None
        self._good_step: int | None = None
        self._pending: Finding | None = None
        self._seen_bad = False

    def on_sample(self, context: Context) -> Findings:
        """Judges a sampled step."""
        sample = context.sample
        if math.isfinite(sample.loss):
            if sample.split == "train":
                self._good_sample = self._good_step = sample.step
            return []
        own_step = context.facts is not None and context.facts.custom_train_step
        unknown = math.isnan(sample.loss) and (sample.split != "train" or own_step)
        if unknown and not _lost(sample):
            return None  # NaN also stands for "not known", as in validation without targets
        self._pending, self._seen_bad = None, True
        place, words, fix, layer = self._first_bad(context)
        before = "" if self._good_sample is None else f" (last finite sample: step {self._good_sample})"
        return [
            Finding(
                subject="loss",
                message=f"The {'' if sample.split == 'train' else 'validation '}loss of step {sample.step} is "
                f"{number(sample.loss)}. What went bad first: {words}{before}.",
                evidence={
                    "loss": sample.loss,
                    "went_bad_first": place,
                    "layer": layer,
                    "step": sample.step,
                    "last_finite_step": self._good_step,
                },
                fix=fix,
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
        since = f"after step {self._good_step}" if self._good_step is not None else "on the first step"
        value = float(losses.loss[bad[0]])
        if self._seen_bad:
            return None
        self._seen_bad = True
        self._pending = self._unsampled(first, value, since)
        if bad[0] == len(losses.step) - 1:
            return None  # the sample of this very step may follow, and knows more
        return self._told()

    def on_session_end(self, context: Context, end: SessionEnd) -> Findings:
        """Tells what no sample has explained."""
        return self._told()

    def _told(self) -> list[Finding] | None:
        pending, self._pending = self._pending, None
        return None if pending is None else [pending]

    def _unsampled(self, first: int, value: float, since: str) -> Finding:
        return Finding(
            subject="loss",
            message=f"The loss of step {first} is {number(value)}, {since}; that step was not sampled, so what went "
            "bad first is not known.",
            evidence={
                "loss": value,
                "step": first,
                "last_finite_step": self._good_step,
                "went_bad_first": "unknown",
            },
            fix="InputDiagnostics(..., every=1)  # samples every step: the next run names the culprit\n"
            "keras.callbacks.TerminateOnNaN()  # stops at once",
            step=first,
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        bad_layer = {"dense": {"nonfinite_count": 5.0}}
        lost = {"*": {"weight_nonfinite_count": 3.0, "weight_norm": _NAN, "gradient_nonfinite_count": 10.0}}
        return (
            fires("an activation", lambda: Scenario().train(loss=_NAN, activations=bad_layer), "loss", Severity.ERROR),
            fires("the loss itself", lambda: Scenario().train(steps=3).train(loss=math.inf), "loss"),
            fires("weights that were lost before", lambda: Scenario().train(loss=_NAN, gradients=lost), "loss"),
            fires("between samples", lambda: Scenario().train(steps=2).losses([2.0, 1.9, _NAN, _NAN]), "loss"),
            silent("finite", lambda: Scenario().train(steps=5)),
            silent("no loss in validation", lambda: Scenario().train(steps=2).validate(loss=_NAN)),
        )

    def _first_bad(self, context: Context) -> tuple[str, str, str, str]:
        """Returns the place, words for it, the fix and the layer."""
        sample = context.sample
        clip = f"optimizer = {gentler(context)}"
        weights, layers = sample.weights, sample.layers
        if weights is not None and lost_before(weights).any():
            rows = np.flatnonzero(lost_before(weights))
            names = [context.layout.weights[row] for row in rows]
            words = f"{len(names)} of {len(context.layout.weights)} weights ({join(names, 2)}), before this step"
            fix = (
                f"InputDiagnostics(..., every=1)  # the step that broke them was not sampled\n{clip}  # or a lower rate"
            )
            return "weight", words, fix, ""
        roles: tuple[Role, ...] = ("input", "target", "sample_weight")
        for role in roles:
            for view in context.fed(role):
                if view.nan_count or view.inf_count:
                    fix = f"{keep_finite(context, view, role)}  # leaves these examples out"
                    examples = f", examples {join(view.bad_examples)}" if view.bad_examples else ""
                    return role, f"the {role.replace('_', ' ')} '{view.name}'{examples}", fix, ""
        if layers is not None:
            rows = np.flatnonzero(np.nan_to_num(layers.nonfinite_count) > 0)
            if len(rows):
                name = context.layout.layers[rows[0]]
                count = int(layers.nonfinite_count[rows[0]])
                previous = context.layout.layers[rows[0] - 1] if rows[0] else ""
                size = float(layers.max_abs[rows[0] - 1]) if rows[0] else _NAN
                behind = f", behind '{previous}' with values up to {number(size)}" if previous else ""
                return (
                    "activation",
                    f"the output of layer '{name}' ({count} values{behind})",
                    f"{clip}  # if values grew from layer to layer\n"
                    f"# if '{name}' divides, takes a logarithm or a root: add a small constant inside of it",
                    name,
                )
        words = "the loss itself: inputs, targets and activations are finite"
        fix = (
            "# In a loss of your own keep arguments of log and division away from 0:\n"
            "keras.ops.log(keras.ops.clip(y_pred, 1e-7, 1.0))\n"
            "# or let Keras work on logits: loss=keras.losses.BinaryCrossentropy(from_logits=True)"
        )
        return "loss", words, fix, ""


def _lost(sample: Sample) -> bool:
    """Whether activations or weights are lost as well."""
    layers, weights = sample.layers, sample.weights
    return (layers is not None and bool(np.nansum(layers.nonfinite_count) > 0)) or (
        weights is not None and bool(lost_before(weights).any())
    )
