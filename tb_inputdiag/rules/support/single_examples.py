"""Single examples as evidence: their place in the batch and, where the order is known, in the arrays given to `fit`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.numbers import percent
from tb_inputdiag.records import MAX_BAD_EXAMPLES, Examples, TensorView
from tb_inputdiag.rules.support.configured import number
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["DominantExamples", "bad_examples", "dominant_examples", "examples_at", "extreme_examples", "names_all"]

_DOMINANT = 0.9
"""Part of a batch's loss that few examples must have to be named."""


@dataclass(frozen=True, slots=True)
class DominantExamples:
    """The examples that have nearly all of a batch's loss.

    Attributes:
        target: The target that the loss is about.
        examples: Which ones.
        share: The part 0..1 of the loss that they have.
    """

    target: TensorView
    examples: Examples
    share: float

    @property
    def words(self) -> str:
        """Returns a clause: which examples have which part of the loss."""
        places = self.examples.batch
        who = f"example {places[0]} has" if len(places) == 1 else f"examples {join([*places])} have"
        return f"{who} {percent(self.share)} of it"


def dominant_examples(context: Context) -> DominantExamples | None:
    """Returns the one to three examples that have nearly all of the sampled batch's loss; None without any.

    Args:
        context: Of the sample that is being judged.
    """
    for view in context.fed("target"):
        places: list[int] = []
        share = 0.0
        for place, part in view.worst_examples:
            places.append(place)
            share += part
            if share >= _DOMINANT:
                named = examples_at(context, view.subject, context.sample.step, places)
                return None if named is None else DominantExamples(view, named, share)
    return None


def bad_examples(context: Context, view: TensorView) -> Examples | None:
    """Returns the examples with NaN and infinities; None if they are not known."""
    return examples_at(context, view.subject, context.sample.step, view.bad_examples)


def names_all(context: Context, view: TensorView) -> bool:
    """Returns whether all examples of the batch are likely to have NaN or infinities.

    Only the first eight such examples are logged. If those are the first eight of the batch, all are likely bad.
    """
    seen = len(view.bad_examples)
    return seen == min(MAX_BAD_EXAMPLES, context.sample.batch_size) and view.bad_examples == tuple(range(seen))


def extreme_examples(context: Context, view: TensorView, low: float, high: float) -> Examples | None:
    """Returns the examples that hold the smallest and the largest value, where they lie outside of a range.

    Args:
        context: Of the sample that is being judged.
        view: The tensor.
        low: Smallest value that is fine.
        high: Largest value that is fine.
    """
    wrong = [("min_example", view.min < low), ("max_example", view.max > high)]
    places = [view.value(column) for column, is_wrong in wrong if is_wrong]
    return examples_at(
        context, view.subject, context.sample.step, sorted({int(place) for place in places if np.isfinite(place)})
    )


def examples_at(context: Context, subject: str, step: int, places: Iterable[int]) -> Examples | None:
    """Returns examples by their places in the batch of the present step; None without any.

    Args:
        context: Of the sample or failure that is being judged.
        subject: The tensor.
        step: The present step.
        places: Their places in the batch.
    """
    batch = tuple(places)
    if not batch:
        return None
    start = _first_row(context)
    rows = () if start is None else tuple(start + place for place in batch)
    return Examples(subject=subject, step=step, batch=batch, rows=rows)


def _first_row(context: Context) -> int | None:
    """Returns the row of the arrays at which a training batch begins; None if the order is not known."""
    params = context.session.params if context.session is not None else {}
    if params.get("shuffle") is not False or context.split != "train":
        return None
    steps, size = number(params, "steps", 0), number(params, "batch_size", 0)
    if not steps > 0 or not size > 0 or context.calls > 1:
        return None
    return int(context.age % steps * size)
