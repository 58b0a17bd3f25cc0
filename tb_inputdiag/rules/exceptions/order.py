"""Inputs and targets in another order than the model's."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import TensorLayout
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.datasets import SHAPE_WORDS
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.target_and_output import OUTPUT_WORDS, is_target_of
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import examples_fit
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["INPUTS_IN_ANOTHER_ORDER", "TARGETS_IN_ANOTHER_ORDER"]

_MOST = 4
"""Of more tensors, there are too many orders to try."""


def _inputs(case: Case) -> Finding | None:
    own = case.facts.inputs if case.facts is not None else ()
    return _in_another_order(
        case,
        case.fed("input"),
        own,
        examples_fit,
        f"The inputs stand in another order than the model's: {', '.join(t.name for t in own)}.",
        lambda names: f"{case.called}([{names}], ...)",
    )


def _targets(case: Case) -> Finding | None:
    own = case.facts.outputs if case.facts is not None else ()
    return _in_another_order(
        case,
        case.fed("target"),
        own,
        is_target_of,
        f"The targets stand in another order than the model's outputs: {join([t.name for t in own])}.",
        lambda names: f"{case.called}({case.variable('x')}, [{names}], ...)",
    )


def _in_another_order(
    case: Case,
    fed: Sequence[TensorLayout],
    own: Sequence[TensorLayout],
    fits: Callable[[Shape, Shape], bool],
    message: str,
    fix: Callable[[str], str],
) -> Finding | None:
    """Returns a finding if what was fed does not fit the model's own tensors as it is, but in another order."""
    if not 2 <= len(fed) == len(own) <= _MOST:
        return None

    def fit(order: Sequence[TensorLayout]) -> bool:
        pairs = ((a.shape, b.shape) for a, b in zip(order, own, strict=True))
        return all(a is not None and b is not None and fits(a, b) for a, b in pairs)

    # the order as it is comes first
    order = next(filter(fit, itertools.permutations(fed)), None)
    if order is None or order == tuple(fed):
        return None
    return case.finding(
        message,
        fix(", ".join(case.code(t) for t in order)),
        seen=", ".join(shape_text(t.shape) for t in fed if t.shape),
        expected=", ".join(shape_text(t.shape) for t in own if t.shape),
        subject=fed[0].subject,
    )


_INPUTS = """\
age, place = keras.Input((4,), name="age"), keras.Input((2,), name="place")
model = keras.Model([age, place], keras.layers.Dense(1)(keras.layers.Concatenate()([age, place])))
model.compile(optimizer="adam", loss="mse")
ages, places = np.random.rand(8, 4), np.random.rand(8, 2)
model.fit([places, ages], np.zeros(8))
"""
_TARGETS = """\
inputs = keras.Input((4,))
animal = keras.layers.Dense(3, activation="softmax", name="animal")(inputs)
box = keras.layers.Dense(4, name="box")(inputs)
model = keras.Model(inputs, [animal, box])
model.compile(optimizer="adam", loss=["sparse_categorical_crossentropy", "mse"])
x, labels, boxes = np.random.rand(6, 4), np.array([0, 1, 2, 0, 1, 2]), np.random.rand(6, 4)
model.fit(x, [boxes, labels])
"""
INPUTS_IN_ANOTHER_ORDER = Kind(
    id="inputs-in-another-order",
    title="Inputs stand in another order than the model's",
    words=SHAPE_WORDS,
    cause="A list of inputs is read in the order of `Model(inputs=[...])`. A dict with the names is safer.",
    failing=_INPUTS,
    mended=mend(_INPUTS, "[places, ages]", "[ages, places]"),
    explain=_inputs,
    rule="shape-mismatch",
)
TARGETS_IN_ANOTHER_ORDER = Kind(
    id="targets-in-another-order",
    title="The targets stand in another order than the outputs",
    words=(
        *OUTPUT_WORDS,
        Words("TensorFlow", "Dimensions must be equal, but are {} for '{}compile_loss"),
        Words("TensorFlow", "Incompatible shapes: {target} vs. {output}\n"),
        Words("JAX", "Incompatible shapes for broadcasting: shapes=[({target}), ({output})]\n"),
        Words("JAX", "got incompatible shapes for broadcasting: ({target}), ({output}).\n"),
        Words("PyTorch", "tensor a ({target}) must match the size of tensor b ({output}) at"),
    ),
    cause="A list of targets is read in the order of `model.outputs`.",
    failing=_TARGETS,
    mended=mend(_TARGETS, "[boxes, labels]", "[labels, boxes]"),
    explain=_targets,
    rule="label-loss-mismatch",
)
