"""Examples that have no batch axis: one that is given to `predict`, and those that a generator yields."""

from __future__ import annotations

import ast

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ArgumentFacts, ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.datasets import SHAPE_WORDS
from tb_inputdiag.rules.exceptions.generator_code import (
    BATCH_OF_ONE,
    giver_of,
    giving_word,
    holds_one,
    with_batch_axis,
    yielded_parts,
)
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import REGRESSION, mend, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shape_errors import InputShapeError, RankError, read_shape_error
from tb_inputdiag.rules.support.shapes import Shape, fits

__all__ = ["KINDS"]

_ARRAYS = ("array", "tensor", "series", "frame")


def _given(case: Case) -> list[ArgumentFacts]:
    """Returns the arrays that were given as inputs, in the order of the model's inputs; empty if that is unknown."""
    whole = case.argument("x") or case.argument("args/0")
    if whole is None or case.facts is None:
        return []
    parts = [whole]
    if whole.kind in ("list", "dict"):
        parts = [argument for argument in case.arguments.values() if argument.name.rpartition("/")[0] == whole.name]
    if whole.kind == "dict":
        by_key = {argument.name.rpartition("/")[2]: argument for argument in parts}
        parts = [by_key[tensor.name] for tensor in case.facts.inputs if tensor.name in by_key]
    known = len(parts) == len(case.facts.inputs) and all(part.kind in _ARRAYS for part in parts)
    return parts if known else []


def _is_one(shape: Shape | None, built: Shape | None) -> bool:
    """Tells whether a shape is that of one example of what the model was built for."""
    return bool(shape and built) and fits(shape or (), (built or ())[1:]) and any((built or ())[1:])


def _counts_examples(case: Case, parts: list[ArgumentFacts]) -> bool:
    """Tells whether there is a target for each entry of the first axis, so that this axis counts examples."""
    y = case.argument("y")
    firsts = {part.shape[0] for part in parts if part.shape}
    return y is not None and bool(y.shape) and len(firsts) == 1 and (y.shape or ())[0] in firsts and y.shape != (1,)


def _example(case: Case) -> Finding | None:
    parts, facts = _given(case), case.facts
    built = [tensor.shape for tensor in facts.inputs] if facts is not None else []
    if not parts or not all(_is_one(part.shape, shape) for part, shape in zip(parts, built, strict=True)):
        return None
    if _counts_examples(case, parts):
        return None
    names = [part.variable or f"x{number if len(parts) > 1 else ''}" for number, part in enumerate(parts, 1)]
    shape, expected = parts[0].shape or (), built[0] or ()
    comment = "  # adds the batch axis: the model expects batches, this is one example"
    lines = [_batched(part, name) for part, name in zip(parts, names, strict=True)]
    return case.finding(
        f"'{names[0]}' is one example, {shape_text(shape)}, and the model reads batches, {shape_text(expected)}"
        f"{': the first axis is cut into batches' if case.method == 'predict' and len(shape) > 1 else ''}.",
        "\n".join([lines[0] + comment, *lines[1:]]),
        seen=shape_text(shape),
        expected=shape_text(expected),
        subject=f"input:{facts.inputs[0].name}" if facts is not None else "input:x",
        evidence={"shape": list(shape), "expected_shape": list(expected)},
        picture=ShapesPicture(seen=tuple(shape), expected=tuple(expected)),
    )


def _batched(argument: ArgumentFacts, name: str) -> str:
    if argument.kind == "series":
        return f"{name} = {name}.to_frame().T"
    return f"{name} = {name}.to_numpy()[None]" if argument.kind == "frame" else f"{name} = {name}[None]"


def _generator(case: Case) -> Finding | None:
    x, facts = case.argument("x"), case.facts
    error = read_shape_error(case.text)
    fed: list[Shape | None] = [tensor.shape for tensor in case.fed("input")]
    if not fed and isinstance(error, InputShapeError | RankError):  # no callback has seen the batch
        fed = [error.got]
    if x is None or not x.yields_batches or x.kind == "dataset" or not fed:
        return None
    yielded = yielded_parts(x)
    built = [tensor.shape for tensor in facts.inputs] if facts is not None else []
    expected: Shape | None = None
    if len(built) == len(fed):
        expected = built[0] if all(_is_one(got, want) for got, want in zip(fed, built, strict=True)) else None
    elif not built and isinstance(error, RankError) and _is_single(yielded):
        expected = (None,) * error.rank if error.rank == len(fed[0] or ()) + 1 else None
    if expected is None:
        return None
    example = expected[1:] if any(expected) else fed[0] or ()
    batches = shape_text(expected) if any(expected) else f"with {len(expected)} axes"
    return case.finding(
        f"{giver_of(x)} yields single examples{f' of shape {shape_text(example)}' if None not in example else ''}, and "
        f"the model reads batches{',' if any(expected) else ''} {batches}.",
        _batched_yield(case, x, yielded),
        seen=shape_text(example),
        expected=shape_text(expected),
        subject=f"input:{case.fed('input')[0].name if case.fed('input') else 'x'}",
        evidence={"shape": list(fed[0] or ()), "expected_shape": list(expected)},
        picture=ShapesPicture(seen=tuple(fed[0] or ()), expected=tuple(expected)),
    )


def _is_single(yielded: list[ast.expr]) -> bool:
    """Tells whether the target that a generator yields is written as an array of one element."""
    return len(yielded) > 1 and holds_one(yielded[1])


def _batched_yield(case: Case, x: ArgumentFacts, yielded: list[ast.expr]) -> str:
    if x.kind == "loader":
        return "torch.utils.data.DataLoader(..., batch_size=32)  # collects 32 examples"
    if not yielded:
        return f"{giving_word(x)} x[None], y  {BATCH_OF_ONE}"
    inputs, target, *weights = yielded
    parts = [with_batch_axis(inputs), _target(case, target), *(_target(case, weight) for weight in weights)]
    return f"yield {', '.join(parts)}  {BATCH_OF_ONE}"


def _target(case: Case, code: ast.expr) -> str:
    """Returns the code of a target with a batch axis; it has one already if it is an array of one number."""
    outputs = [tensor.shape for tensor in case.facts.outputs] if case.facts is not None else []
    targets = [tensor.shape for tensor in case.fed("target")]
    loss = str(case.facts.loss) if case.facts is not None else ""
    one_number = not targets or (len(targets) == 1 and targets[0] is not None and len(targets[0]) == 1)
    units = outputs[0][-1] if len(outputs) == 1 and outputs[0] else None
    if holds_one(code) or (one_number and (units == 1 or "sparse" in loss)):
        return ast.unparse(code)
    return with_batch_axis(code)


_GENERATOR = """
def rows():
    while True:
        x, y = np.random.rand(4), 3.0
        yield x, np.array([y])

model.fit(rows(), steps_per_epoch=2)
"""
KINDS = (
    Kind(
        id="example-without-batch-axis",
        title="One example is given where the model reads batches",
        words=(
            *SHAPE_WORDS,
            Words("Keras", "Data cardinality is ambiguous"),
            Words("Keras", "'str' object has no attribute 'shape'"),  # it counts the examples of the arrays of a dict
        ),
        cause="The first axis of what a model reads counts examples. One image, or one row, is a batch of one.",
        failing=program(REGRESSION, "row = np.random.rand(4)\nmodel.predict(row)"),
        mended=program(REGRESSION, "row = np.random.rand(4)\nmodel.predict(row[None])"),
        explain=_example,
        rule="shape-mismatch",
        subject="input:x",
    ),
    Kind(
        id="generator-without-batch-axis",
        title="A generator yields single examples",
        words=SHAPE_WORDS,
        cause="`fit` uses what a generator yields as a batch. It does not collect examples.",
        failing=program(REGRESSION, _GENERATOR),
        mended=program(REGRESSION, mend(_GENERATOR, "yield x,", "yield x[None],")),
        explain=_generator,
        rule="shape-mismatch",
        subject="data",
    ),
)
"""Kinds of this family."""
