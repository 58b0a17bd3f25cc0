"""One sample with its layout; what several rules need of it is computed once."""

from __future__ import annotations

from functools import cached_property

from tb_inputdiag.records import Layout, ModelFacts, Role, Sample, Stage, TensorView
from tb_inputdiag.rules.views.pairs import Pair, pair_up

__all__ = ["Moment"]


class Moment:
    """One sample with its layout.

    Args:
        sample: The sample.
        layout: Names the rows of its tables.
        facts: What is known of the model.
    """

    def __init__(self, sample: Sample, layout: Layout, facts: ModelFacts | None) -> None:
        self.sample = sample
        self.layout = layout
        self.facts = facts
        self.known: dict[str, bool] = {}
        """What helpers that several rules share have found out about the sample, so that they do it once."""

    @cached_property
    def views(self) -> tuple[TensorView, ...]:
        """All tensors."""
        return tuple(self.sample.views(self.layout))

    @cached_property
    def by_role(self) -> dict[tuple[Role, Stage], tuple[TensorView, ...]]:
        """(role, stage) -> tensors."""
        found: dict[tuple[Role, Stage], tuple[TensorView, ...]] = {}
        for view in self.views:
            key = (view.layout.role, view.layout.stage)
            found[key] = (*found.get(key, ()), view)
        return found

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every target with the prediction and the loss that it is compared by."""
        return pair_up(self.by_role.get(("target", "fed"), ()), self.by_role.get(("prediction", "fed"), ()), self.facts)
