"""The rule `excessive-dropout`."""

from __future__ import annotations

from tb_inputdiag.numbers import percent
from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import CLASSIFIER, Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["ExcessiveDropout"]


class ExcessiveDropout(Rule):
    """Dropout leaves the network next to nothing.

    ## What it does
    Looks at the rates of all dropout layers.

    ## Why is this bad?
    `rate` is the part that is dropped, not the part that is kept. At 0.9 each step trains a tenth of the units on
    values ten times as large: slow and noisy.

    ## Example
    ```python
    keras.layers.Dropout(0.9)          # meant: keep 90 %
    ```

    ## What to do
    0.1 to 0.5; where a rate to keep was meant, `1 - rate`.

    ## References
    - Srivastava et al.: Dropout (2014): 0.5 for hidden units, 0.2 for inputs.
    """

    id = "excessive-dropout"
    severity = Severity.INFO
    explains = ("stalled-loss", "oscillating-loss", "unfinished-training")
    why = "The rate is the part that is dropped: each step trains only what is left, on values blown up accordingly."

    max_rate = Threshold(
        0.8, "Largest rate that is fine.", source="The paper's experiments reach 0.8 at most.", high=1.0
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
                fix=f"keras.layers.Dropout({1 - rate:.2g})  # if {rate:.2g} was to be kept",
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(rate: float) -> Scenario:
            return Scenario((*CLASSIFIER[:3], layer("dropout", "Dropout", rate=rate), CLASSIFIER[3]))

        return (
            fires("0.95", lambda: run(0.95), "layer:dropout", Severity.INFO),
            silent("0.5", lambda: run(0.5)),
        )
