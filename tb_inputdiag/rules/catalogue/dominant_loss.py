"""The rule `dominant-loss`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tb_inputdiag.numbers import format_number, whole
from tb_inputdiag.records import EpochEnd, ModelFacts, Severity, SizesPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.configured import number
from tb_inputdiag.rules.support.constant_answer import ConstantAnswer
from tb_inputdiag.rules.support.curves import epoch_curve
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import loss_of

__all__ = ["DominantLoss"]


class DominantLoss(Rule):
    """One of several losses is so much larger than another that the shared layers serve it alone.

    ## What it does
    Compares the losses of the outputs at the end of an epoch, each multiplied by its weight. It fires if the largest is
    more than 100 times another one, which the model has not learned yet, and if the layers before both outputs are
    trained by both. Where the gradients of the last layers are known, they must differ as well. It is an INFO if the
    weights given to `compile` make the difference, and where the layers that the outputs share are not known.

    ## Why is this bad?
    The gradients of all losses are added up. A loss that is 100 times smaller moves the shared layers by about 1 % of
    each step, so its output has to make do with what the layers learn for the other one.

    ## Example
    ```python
    model.compile(loss={"price": "mse", "sold": "binary_crossentropy"})      # 90,000 and 0.7
    ```

    ## What to do
    Standardise the target of the large loss, or give `loss_weights`.

    ## References
    - Kendall, Gal, Cipolla: Multi-Task Learning Using Uncertainty to Weigh Losses (CVPR 2018).
    """

    id = "dominant-loss"
    severity = Severity.WARNING
    needs = (
        "loss_weights",
        "function_nodes",
        "producer",
        "own_trainable_variables",
    )
    explains = ("stalled-loss", "unfinished-training", "initial-loss-off", "constant-output")
    why = "The gradients are added up, so the layers that the outputs share learn what the largest loss needs."

    max_ratio = Threshold(
        100.0,
        "Largest ratio of two losses that is fine.",
        source="The smaller one then has a share of 1 % of the gradient.",
        low=1.0,
    )
    min_gradient_ratio = Threshold(
        10.0,
        "Ratio of the gradients of the outputs' last layers that is needed besides, where it is known.",
        source="A squared error of 100 has a gradient of about 10.",
        low=1.0,
    )
    max_learned = Threshold(
        0.5,
        "Part of the way from the best constant answer to a perfect one from which on an output counts as learned.",
        source="A small loss is no fault where it is small because the task is solved.",
        high=1.0,
    )
    max_fall = Threshold(
        0.3,
        "Part of its first value by which a loss may have fallen, where the best constant answer is not known.",
        source="A loss that has fallen by a third is being learned.",
        high=1.0,
    )

    def start(self) -> None:
        """Forgets the targets and the first losses."""
        self._answers: dict[str, ConstantAnswer] = {}
        self._gradients: dict[str, list[float]] = {}
        self._first: Mapping[str, float] | None = None

    def on_sample(self, context: Context) -> Findings:
        """Keeps what a constant answer of each output loses, and the gradients of the last layers."""
        if len(context.pairs) < 2:
            return None
        for pair in context.pairs:
            name = pair.prediction.name if pair.prediction is not None else pair.target.name
            self._answers.setdefault(name, ConstantAnswer()).add(pair, context.facts)
            layer_name = pair.prediction.layout.layer if pair.prediction is not None else ""
            self._add_gradient(context, name, layer_name or name)
        return None

    def _add_gradient(self, context: Context, name: str, layer_name: str) -> None:
        table, layers = context.sample.weights, context.kernels.layers
        rows = [row for row in context.kernels.rows if layers[row] == layer_name]
        if table is not None and rows:
            self._gradients.setdefault(name, []).append(float(table.gradient_norm[rows[-1]]))
            del self._gradients[name][:-32]

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Compares the losses of the epoch."""
        names = [name for name in self._answers if np.isfinite(end.logs.get(f"{name}_loss", np.nan))]
        if len(names) < 2 or context.facts is None:
            return None
        plain = {name: abs(end.logs[f"{name}_loss"]) for name in names}
        if self._first is None:
            self._first = plain
        weights = {
            name: number(loss_of(context.facts, name, i, len(self._answers)) or {}, "weight", 1.0)
            for i, name in enumerate(self._answers)
        }
        losses = {name: plain[name] * weights[name] for name in names}
        largest = max(losses, key=lambda name: losses[name])
        small = [name for name in names if self._is_drowned(context.facts, largest, name, losses, plain)]
        if not small:
            return []
        by_weight = all(plain[largest] <= self.max_ratio * plain[name] for name in small)
        known = all(_shared(context.facts, largest, name) for name in small)
        return [self._finding(largest, small, losses, Severity.INFO if by_weight or not known else None)]

    def _is_drowned(
        self, facts: ModelFacts, largest: str, name: str, losses: Mapping[str, float], plain: Mapping[str, float]
    ) -> bool:
        if losses[largest] <= self.max_ratio * losses[name] or losses[name] <= 0:
            return False
        if _shared(facts, largest, name) is False or self._is_learned(name, plain[name]):
            return False
        large, small = (np.median(self._gradients.get(n, [np.nan])) for n in (largest, name))
        return not large < self.min_gradient_ratio * small

    def _is_learned(self, name: str, loss: float) -> bool:
        level = self._answers[name].level()
        if level is not None:
            return loss < level.constant - self.max_learned * (level.constant - level.perfect)
        first = (self._first or {}).get(name, loss)
        return first == loss or loss < (1 - self.max_fall) * first

    def _finding(
        self, largest: str, small: list[str], losses: Mapping[str, float], severity: Severity | None
    ) -> Finding:
        least = min(small, key=lambda name: losses[name])
        ratio = losses[largest] / losses[least]
        gradients = {name: float(np.median(self._gradients[name])) for name in losses if name in self._gradients}
        others = join([f"'{name}' ({format_number(losses[name])})" for name in small])
        return Finding(
            subject="loss",
            message=f"The loss of '{largest}' is {format_number(losses[largest])}, {whole(round(ratio))} times that of "
            f"{others}, so the layers that they share learn for '{largest}' alone.",
            evidence={"losses": dict(losses), "gradient_norms": gradients},
            fix=f'y["{largest}"] = (y["{largest}"] - mean) / std  # if it is a number\n'
            f'model.compile(..., loss_weights={{"{largest}": {format_number(1 / ratio)}}})  # or this',
            severity=severity,
            picture=SizesPicture(
                label="loss of each output, with its weight",
                names=tuple(losses),
                sizes=tuple(losses.values()),
                marked=(list(losses).index(largest),),
                largest_ratio=self.max_ratio,
            ),
            curves=(epoch_curve(f"{largest}_loss", f"Loss of {largest}", beside=f"{least}_loss", beside_label=least),),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        return (
            fires("a price in thousands", lambda: _two(90_000.0, 0.69), "loss", Severity.WARNING),
            fires("weights that drown a loss", lambda: _two(0.9, 0.69, weight=1000.0), "loss", Severity.INFO),
            silent("losses of one size", lambda: _two(0.9, 0.69)),
            silent("the small one is learned", lambda: _two(90_000.0, 0.05)),
            silent("weights that balance the losses", lambda: _two(90_000.0, 0.69, weight=1e-5)),
            silent("outputs that share no layer", lambda: _two(90_000.0, 0.69, shared=False)),
            silent("equal gradients", lambda: _two(90_000.0, 0.69, gradient=0.1)),
        )


def _shared(facts: ModelFacts, one: str, other: str) -> bool | None:
    """Returns whether two outputs have a trainable layer before both of them; None if the graph is not known."""
    if facts.layer(one) is None or facts.layer(other) is None or facts.kind == "subclassed":
        return None
    return any(
        item.n_trainable_params for item in facts.layers if item.name in _before(facts, one) & _before(facts, other)
    )


def _before(facts: ModelFacts, name: str) -> set[str]:
    """Returns the layers that an output comes from, without its own."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        item = facts.layer(waiting.pop())
        new = set(item.inbound) - found if item is not None else set()
        found |= new
        waiting += new
    return found


def _two(large: float, small: float, weight: float = 1.0, shared: bool = True, gradient: float = 100.0) -> Scenario:
    trunk = layer("trunk", "Dense", units=8), layer("other", "Dense", units=8)
    price = layer("price", "Dense", units=1, inbound=("trunk",))
    sold = layer("sold", "Dense", units=1, activation="sigmoid", inbound=("trunk" if shared else "other",))
    losses = {
        "price": {"name": "mean_squared_error", "custom": False, "weight": weight},
        "sold": {"name": "binary_crossentropy", "from_logits": False, "custom": False},
    }
    units = {"price": 1, "sold": 1}
    scenario = Scenario((*trunk, price, sold), loss=losses, kind="functional", output_units=units)
    rng = np.random.default_rng(5)
    target = {"price": rng.normal(300, 100, (64, 1)), "sold": (rng.random((64, 1)) < 0.5) * 1.0}
    predicted = {name: np.full((64, 1), 0.5, np.float32) for name in target}
    slopes = {"price/kernel": {"gradient_norm": gradient}, "sold/kernel": {"gradient_norm": 0.05}}
    scenario.train(y=target, y_pred=predicted, gradients=slopes, steps=3)
    return scenario.epoch_end(loss=large + small, price_loss=large, sold_loss=small)
