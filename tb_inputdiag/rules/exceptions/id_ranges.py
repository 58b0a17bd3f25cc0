"""Class ids beyond the units of the output, and ids beyond the rows of an Embedding."""

from __future__ import annotations

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import CLASSIFIER, TEXTS, mend, program
from tb_inputdiag.rules.exceptions.target_and_output import target_name
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]


def _beyond(case: Case) -> Finding | None:
    """A class id in PyTorch's words. The rule itself reads those of TensorFlow, which list all ids of the batch."""
    if not case["value"].removeprefix("-").isdigit():
        return None
    y, value = target_name(case), int(case["value"])
    fix = (
        f"{y} = {y} - 1  # if classes count from 1\n# or a unit for each class: keras.layers.Dense({value + 1})"
        if value >= 0
        else f"classes, {y} = np.unique({y}, return_inverse=True)  # ids 0, 1, 2, ...\n"
        f"# or, if {value} means 'no label':\n"
        f"keras.losses.SparseCategoricalCrossentropy(ignore_class={value})"
    )
    units = next(iter(case.facts.output_units.values()), None) if case.facts is not None else None
    return case.finding(
        f"'{y}' holds the class id {value}, "
        + (
            f"but the output has {units} units: ids must be 0 to {units - 1}." if units else "which no unit stands for."
        ),
        fix,
        seen=str(value),
        expected=f"0 to {units - 1}" if units else "below the number of units",
        subject="target:y",
    )


def _no_row(case: Case) -> Finding | None:
    """An id without a row in PyTorch's words. The rule itself reads those of TensorFlow, which name it."""
    layers = case.facts.layers if case.facts is not None else ()
    rows = next((x.config.get("input_dim") for x in layers if x.class_name == "Embedding"), None)
    inputs = case.fed("input")
    x = case.code(inputs[0]) if len(inputs) == 1 else "x"
    return case.finding(
        f"The model looks up an id that the Embedding does not have{f': it has {rows} rows' if rows else ''}.",
        f"keras.layers.Embedding(input_dim=int({x}.max()) + 1, ...)  # the largest id + 1",
        seen="a larger id",
        expected=f"below {rows}" if rows else "below input_dim",
        subject=f"input:{inputs[0].name if inputs else 'x'}",
    )


KINDS = (
    Kind(
        id="label-out-of-range",
        title="A class id is larger than the output has units",
        words=(
            Words("TensorFlow", "Received a label value of {value} which is outside the valid range of"),
            Words("PyTorch", "Target {value} is out of bounds"),
            Words("PyTorch", "device-side assert triggered"),
        ),
        cause="Class ids count from 0, so n units take the ids 0 to n - 1.",
        failing=program(CLASSIFIER, "x, y = np.random.rand(6, 4), np.array([1, 2, 3, 1, 2, 3])\nmodel.fit(x, y)"),
        mended=program(CLASSIFIER, "x, y = np.random.rand(6, 4), np.array([1, 2, 3, 1, 2, 3])\nmodel.fit(x, y - 1)"),
        explain=_beyond,
        by_rule=lambda case: "is out of bounds" not in case.text,
        rule="label-out-of-range",
    ),
    Kind(
        id="token-out-of-range",
        title="An id is larger than an Embedding has rows",
        words=(
            Words("TensorFlow", "= {id} is not in [0, {rows})"),
            Words("PyTorch", "index out of range in self"),
        ),
        cause="An Embedding of n rows takes the ids 0 to n - 1. Id 0 is often padding, so words begin at 1.",
        failing=program(TEXTS, "x = np.array([[1, 2, 50]] * 4)\nmodel.fit(x, np.zeros(4))"),
        mended=program(
            mend(TEXTS, "Embedding(50", "Embedding(51"), "x = np.array([[1, 2, 50]] * 4)\nmodel.fit(x, np.zeros(4))"
        ),
        explain=_no_row,
        by_rule=lambda case: "index out of range in self" not in case.text,
        rule="token-out-of-range",
    ),
)
"""Kinds of this family."""
