"""The rule `constant-input`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number, whole
from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, columns, fires, pixels, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.pictures import single_value_picture
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["ConstantInput"]


class ConstantInput(Rule):
    """A whole input never changes.

    ## What it does
    Compares the smallest and the largest value of every input over many batches. It fires when all values of 64
    examples or more are the same number: in batches of one, three samples are three examples, and may agree by chance.
    One of several inputs that is always 0 or always 1, such as a mask without padding or an initial state, is
    only an INFO.

    ## Why is this bad?
    A constant input cannot tell one example from another, so the model can only learn the average answer.

    ## Example
    ```python
    x = np.zeros((1000, 28, 28, 1))      # allocated but never filled: the loader failed silently
    ```

    ## What to do
    Check what the loader returns. Usual causes are a wrong path, a failed decode, a buffer that is never filled, and a
    column that was overwritten.

    ## References
    - https://www.tensorflow.org/tfx/data_validation/anomalies
    """

    id = "constant-input"
    severity = Severity.WARNING
    scope = "session"
    persistence = 3
    persistence_examples = 64
    explains = (*SYMPTOMS, "duplicate-examples", "repeated-batch", "train-validation-overlap")
    supersedes = ("unnormalized-input", "constant-feature", "integer-input")
    why = "A constant cannot tell one example from another, so the model can only learn the average answer."

    min_values = Threshold(
        64,
        "Values to see before the rule judges.",
        source="In a few values of flags, all may be equal by chance.",
    )

    def start(self) -> None:
        """Clears the ranges."""
        self._seen: dict[str, tuple[float, float, int]] = {}

    def on_sample(self, context: Context) -> Findings:
        """Judges every dense input over all batches so far."""
        found = []
        views = context.fed("input")
        for view in views:
            low, high, count = self._seen.get(view.name, (view.min, view.max, 0))
            low, high, count = min(low, view.min), max(high, view.max), count + view.count
            self._seen[view.name] = low, high, count
            if low != high or count < self.min_values or view.layout.dtype == "bool" or view.layout.kind != "dense":
                continue
            name = variable(view.name, "input", context.facts)
            flag = len(views) > 1 and low in (0.0, 1.0)
            found.append(
                Finding(
                    subject=view.subject,
                    message=f"All {whole(count)} values of '{view.name}' sampled so far are {format_number(low)}.",
                    evidence={"value": low, "count": count, "shape": list(view.shape), "dtype": view.layout.dtype},
                    fix=f"print({name}.min(), {name}.max(), {name}.shape)  # was it ever filled?",
                    picture=single_value_picture(view.name),
                    curves=tensor_curves(context, view),
                    severity=Severity.INFO if flag else None,
                )
            )
        return found

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        flags = {"x": columns(), "mask": columns(0, 1)}
        return (
            fires("never filled", lambda: Scenario().train(x=pixels(0), steps=4), "input:x", Severity.WARNING),
            fires("a mask of ones", lambda: Scenario().train(x=flags, steps=4), "input:mask", Severity.INFO),
            silent("images", lambda: Scenario().train(x=pixels(), steps=4)),
            silent("two patterns, one example at a time", lambda: Scenario().train(x=_pattern, steps=40)),
            fires(
                "never filled, one example at a time", lambda: Scenario().train(x=pixels(0)[:1], steps=70), "input:x"
            ),
            silent("one black batch", lambda: Scenario().train(x=pixels()).train(x=pixels(0), steps=4)),
        )


def _pattern(step: int) -> np.ndarray:
    """Returns one example that is all 0 or all 1; the first three are the same."""
    return np.full((1, 64), float(step > 2 and step % 3 == 0), np.float32)
