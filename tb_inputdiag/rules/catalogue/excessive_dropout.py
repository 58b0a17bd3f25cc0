"""The rule `excessive-dropout`."""

from __future__ import annotations

from tb_inputdiag.numbers import literal, percent
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import CLASSIFIER, Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import layer_curve
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["ExcessiveDropout"]


class ExcessiveDropout(Rule):
    """A dropout layer drops nearly all of its input.

    ## What it does
    Checks the rates of all dropout layers.

    ## Why is this bad?
    `rate` is the fraction that is dropped, not kept. The rest is scaled up. At 0.9 each step trains a tenth of the
    units, on values ten times as large, so training is slow and noisy.

    ## Example
    ```python
    keras.layers.Dropout(0.9)          # meant: keep 90 %
    ```

    ## What to do
    Use 0.1 to 0.5. If you meant the fraction to keep, use `1 - rate`.

    ## References
    - Srivastava et al.: Dropout (2014): 0.5 for hidden units, 0.2 for inputs.
    """

    id = "excessive-dropout"
    severity = Severity.INFO
    explains = ("stalled-loss", "oscillating-loss", "unfinished-training")
    why = "The rate is the fraction dropped, not kept. Each step trains only the rest, on values scaled up to match."

    max_rate = Threshold(
        0.8,
        "Largest dropout rate that is fine.",
        source="The experiments of the dropout paper use at most 0.8.",
        high=1.0,
    )

    def on_model(self, context: Context) -> Findings:
        """Judges the rates."""
        if context.facts is None:
            return None
        strong = []
        for item in context.facts.layers:
            rate = item.config.get("rate")
            if "Dropout" in item.class_name and isinstance(rate, (int, float)) and rate > self.max_rate:
                strong.append((item.name, float(rate)))
        if not strong:
            return []
        name, rate = strong[0]
        return [
            Finding(
                subject=f"layer:{name}",
                message=f"'{name}' drops {percent(rate)} of its input"
                f"{f' (also {join([n for n, _ in strong[1:]])})' if len(strong) > 1 else ''}.",
                evidence={"rate": rate, "expected_max_rate": self.max_rate, "layers": [n for n, _ in strong]},
                fix=f"keras.layers.Dropout({literal(1 - rate, 2)})  # if you meant to keep {percent(rate)}",
                picture=LimitPicture(label="dropout rate", value=rate, limit=self.max_rate, unit="fraction"),
                curves=(layer_curve(name, "zero_fraction"),),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(rate: float) -> Scenario:
            return Scenario((*CLASSIFIER[:3], layer("dropout", "Dropout", rate=rate), CLASSIFIER[3]))

        return (
            fires("a rate of 0.95", lambda: run(0.95), "layer:dropout", Severity.INFO),
            silent("a rate of 0.5", lambda: run(0.5)),
        )
