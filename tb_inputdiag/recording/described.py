"""What a session has said so far about model and samples: facts and layouts are logged when they are new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tb_inputdiag.records import Layout, ModelFacts, Record, Split, WeightFacts
from tb_inputdiag.statistics.program import Program

__all__ = ["DescribedModel"]


class DescribedModel:
    """Logs `ModelFacts` and `Layout` records.

    Args:
        read_facts: Reads the facts of the model as it is now.
        record: Logs a record.
    """

    def __init__(self, read_facts: Callable[[], ModelFacts], record: Callable[[Record], None]) -> None:
        self.facts: ModelFacts | None = None
        self._read_facts = read_facts
        self._record = record
        self._layouts: dict[tuple[object, ...], Layout] = {}

    def update(self, program: Program | None = None, *, untrained: bool = False) -> None:
        """Reads the model's facts, and logs them if they changed.

        Args:
            program: What a traced step shows of the model.
            untrained: Whether the weights are as they were before training.
        """
        facts, earlier = self._read_facts(), self.facts
        if earlier is not None or not untrained:
            initial = {w.name: w for w in earlier.weights} if earlier is not None else {}
            facts = replace(facts, weights=tuple(_keep_initial(w, initial.get(w.name)) for w in facts.weights))
        if earlier is not None:
            # on JAX, what a step adds to its loss is seen while it is traced, and cannot be read from the model
            facts = replace(facts, entries=earlier.entries, custom_loss=facts.custom_loss or earlier.custom_loss)
        if program is not None:
            facts = _with_program(facts, program, traced_wins=earlier is not None)
        if facts != earlier:
            self.facts = facts
            self._record(facts)

    def layout(self, program: Program, split: Split) -> Layout:
        """Returns the layout of a program's samples; a new one is logged."""
        key = (split, program.tensors, program.weights, program.layers)
        found = self._layouts.get(key)
        if found is None:
            self.update(program)
            found = Layout(
                id=len(self._layouts),
                split=split,
                tensors=program.tensors,
                weights=program.weights,
                layers=program.layers,
            )
            self._layouts[key] = found
            self._record(found)
        return found


def _with_program(facts: ModelFacts, program: Program, traced_wins: bool) -> ModelFacts:
    """Adds to facts what a traced step shows: activations and sizes of the outputs, and who reads the data."""
    read, traced = facts.output_activations, program.output_activations
    predictions = [t for t in program.tensors if t.role == "prediction"]
    units = {t.name: t.shape[-1] for t in predictions if t.shape and t.shape[-1] is not None}
    return replace(
        facts,
        custom_loss=facts.custom_loss or program.has_penalty,
        output_activations={**read, **traced} if traced_wins else {**traced, **read},
        output_units={**units, **facts.output_units},
        entries={**facts.entries, **program.entries},
    )


def _keep_initial(weight: WeightFacts, earlier: WeightFacts | None) -> WeightFacts:
    """Returns a weight's facts with what was read before training began."""
    if earlier is None:
        return replace(weight, initial_std=None, initial_mean=None, initial_constant=False)
    return replace(
        weight,
        initial_std=earlier.initial_std,
        initial_mean=earlier.initial_mean,
        initial_constant=earlier.initial_constant,
    )
