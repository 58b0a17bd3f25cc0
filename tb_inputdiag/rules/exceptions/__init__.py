"""The kinds of exceptions that Keras programs raise: one module for each family.

A kind is found by its words, and decided by facts: the arguments of the call that raised, and the model. The rules
that report exceptions ask `diagnose`, and so do `tb-inputdiag explain` and the page docs/errors.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from tb_inputdiag.errors import ExplanationError
from tb_inputdiag.records import Failure, ModelFacts
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions import (
    arguments,
    array_elements,
    batches,
    between_layers,
    callbacks,
    channel_order,
    compiling,
    ctc,
    data_types,
    datasets,
    dtypes,
    embedding_inputs,
    example_counts,
    gradients,
    id_ranges,
    images,
    invalid_values,
    kernel_ranks,
    layer_arguments,
    layer_calls,
    layers,
    loss_values,
    merging,
    names,
    old_names,
    order,
    own_layers,
    pipelines,
    preprocessing,
    results,
    saving,
    several_inputs,
    shapes,
    symbolic,
    tables,
    target_counts,
    target_shapes,
    tensor_axes,
    tensor_calls,
    tensor_shapes,
    text_data,
    unbatched,
)
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.words import match, text_of
from tb_inputdiag.rules.views.context import Context

__all__ = ["FAMILIES", "Diagnosis", "all_kinds", "diagnose", "findings_for"]

FAMILIES: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("Results of calls", results.KINDS),
    ("Batches", (*batches.KINDS, *unbatched.KINDS)),
    ("Data sets and generators", datasets.KINDS),
    ("Elements of data sets", pipelines.KINDS),
    ("Functions called in the wrong way", tensor_calls.KINDS),
    ("Preprocessing and metrics", preprocessing.KINDS),
    ("Several inputs or outputs", several_inputs.KINDS),
    (
        "Arrays, lists and tables",
        (*example_counts.KINDS, *array_elements.KINDS, *tables.KINDS, *text_data.KINDS, *data_types.KINDS),
    ),
    (
        "Targets and the loss",
        (*ctc.KINDS, order.TARGETS_IN_ANOTHER_ORDER, *target_counts.KINDS, *target_shapes.KINDS, *id_ranges.KINDS),
    ),
    ("Values that the loss does not take", loss_values.KINDS),
    ("Tensors that are joined", merging.KINDS),
    ("Functions that combine tensors", tensor_shapes.KINDS),
    ("Axes and indices", tensor_axes.KINDS),
    ("Shapes of the data", (*channel_order.KINDS, *shapes.KINDS)),
    # its messages quote those of layers and functions
    ("Saving and loading", saving.KINDS),
    ("What a layer is called with", layer_calls.KINDS),
    ("Inside of your own layers", own_layers.KINDS),
    ("Shapes between layers", (*embedding_inputs.KINDS, *kernel_ranks.KINDS, *between_layers.KINDS)),
    ("Putting a model together", layer_arguments.KINDS),
    ("Symbolic tensors and graphs", symbolic.KINDS),
    ("Names that Keras does not know", names.KINDS),
    ("Names that have changed", old_names.KINDS),
    ("Compiling", compiling.KINDS),
    ("Callbacks", callbacks.KINDS),
    ("Arguments of fit", arguments.KINDS),
    ("Layers and losses of your own", layers.KINDS),
    ("Gradients", gradients.KINDS),
    ("Ready-made models and helpers", images.KINDS),
    ("Dtypes and memory", dtypes.KINDS),
    ("Values of arguments", invalid_values.KINDS),
)
"""Heading -> its kinds. A kind comes before those that its words include."""


@cache
def all_kinds() -> tuple[Kind, ...]:
    """Returns all kinds, in the order in which they are tried."""
    return tuple(kind for _, kinds in FAMILIES for kind in kinds)


class Diagnosis(NamedTuple):
    """What an exception is."""

    kind: Kind
    finding: Finding | None
    """None: the rule of the kind makes it."""


def diagnose(
    failure: Failure, facts: ModelFacts | None, on_error: Callable[[ExplanationError], None] | None = None
) -> Diagnosis | None:
    """Returns the kind of an exception with its finding, or None if it is of none.

    Args:
        failure: The exception.
        facts: What is known of the model.
        on_error: Called for each kind whose explanation raises; the next kinds are still tried.
    """
    text = text_of(failure)
    for kind in all_kinds():
        found = match(kind.words, text)
        if found is None:
            continue
        case = Case(failure, facts, found, text, kind)
        try:
            diagnosis = _explained(case, kind)
        except Exception as error:  # a bug in one explanation must not take the others with it
            if on_error is not None:
                on_error(ExplanationError(f"{kind.id}: {type(error).__name__}: {error}"))
            continue
        if diagnosis is not None:
            return diagnosis
    return None


def _explained(case: Case, kind: Kind) -> Diagnosis | None:
    if kind.explain is None or (kind.by_rule is not None and kind.by_rule(case)):
        return Diagnosis(kind, None)
    finding = kind.explain(case)
    return None if finding is None else Diagnosis(kind, finding)


def findings_for(rule: str, context: Context, failure: Failure) -> list[Finding] | None:
    """Returns what a rule reports about an exception; None if it has to read the exception itself.

    Args:
        rule: Id of the rule.
        context: What is known of the model.
        failure: The exception.
    """
    found = diagnose(failure, context.facts, context.report)
    if found is None or found.finding is None:
        return None
    return [found.finding] if found.kind.rule == rule else []
