"""The end of a training run, which a later `evaluate` or `predict` is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tb_inputdiag.records import Layout, ModelFacts, Record, Sample

__all__ = ["Baseline"]

_SAMPLES = 3


@dataclass(slots=True)
class Baseline:
    """The model's facts and the latest training samples, with their layout."""

    facts: ModelFacts | None = None
    layout: Layout | None = None
    samples: list[Sample] = field(default_factory=list)

    def add(self, layout: Layout, sample: Sample) -> None:
        """Receives a sample of training."""
        self.layout = layout
        self.samples = [*self.samples[1 - _SAMPLES :], sample]

    def records(self) -> Iterator[Record]:
        """Returns the records that put it at the beginning of another session, so that its log can be judged alone."""
        if self.layout is None:
            return
        if self.facts is not None:
            yield self.facts
        yield replace(self.layout, id=0)
        for sample in self.samples:
            yield replace(sample, layout=0)
