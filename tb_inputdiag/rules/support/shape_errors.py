"""Reads from exceptions of Keras 3 and TensorFlow which shapes did not fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tb_inputdiag.rules.support.shapes import parse_shape
from tb_inputdiag.statistics.namespace import Shape

__all__ = [
    "AxisError",
    "CardinalityError",
    "InputShapeError",
    "LabelCountError",
    "MissingInputError",
    "OperationError",
    "OutputShapeError",
    "RankError",
    "ReshapeError",
    "ShapeError",
    "read_shape_error",
]


_SHAPE = r"(\([^()]*\)|\[[^\[\]]*\])"
_LAYER = "['\"]?([^'\" ]*)['\"]?"
"""A layer's name; versions of Keras differ in the quotes around it."""
_CHECKED = re.compile(
    rf"Error when checking input: expected (\w+) to have shape {_SHAPE} but got array with shape {_SHAPE}"
)
_CHECKED_RANK = re.compile(
    rf"Error when checking input: expected (\w+) to have (\d+) dimensions, but got array with shape {_SHAPE}"
)
_EXPECTED_SHAPE = re.compile(rf"Expected shape {_SHAPE}, but input has incompatible shape {_SHAPE}")
_FOUND_SHAPE = re.compile(rf"with name '([^']*)' of layer '[^']*' .*expected shape={_SHAPE}, found shape={_SHAPE}")
_AXIS = re.compile(
    rf"of layer {_LAYER} .*expected axis (-?\d+) of input shape to have value (\d+), but received input with "
    rf"shape {_SHAPE}"
)
_NDIM = re.compile(
    rf"of layer {_LAYER} .*expected (min_|max_)?ndim=(\d+), found ndim=\d+\. Full shape received: {_SHAPE}"
)
_FIRST_AXIS = re.compile(r"same first dimension, got logits shape \[(\d+),\d+\] and labels shape \[(\d+)\]")
_OUTPUT = re.compile(rf"must have the same shape\. Received: target\.shape={_SHAPE}, output\.shape={_SHAPE}")
_MISSING = re.compile(r'Missing data for input "([^"]*)"\. You passed a data dictionary with keys (\[.*?\])')
_SIZES = re.compile(r"Data cardinality is ambiguous.*?'x' sizes: ([\d, ]+).*?'y' sizes: ([\d, ]+)", re.DOTALL)
_DIMENSIONS = re.compile(
    rf"Dimensions must be equal, but are \d+ and \d+ for '(.*?)' with input shapes: {_SHAPE}, {_SHAPE}"
)
_INCOMPATIBLE = re.compile(rf"Incompatible shapes: {_SHAPE} vs\. {_SHAPE}(?:[^{{]*\{{\{{node ([^}}]*)\}}\}})?")
_DIVISIBLE = re.compile(r"evenly divisible by (\d+) but is (\d+) for")
_RESHAPE = re.compile(
    r"reshape is a tensor with (\d+) values, but the requested shape (?:has|requires a multiple of) (\d+)"
)


@dataclass(frozen=True, slots=True)
class InputShapeError:
    """An input of the model has the wrong shape."""

    name: str
    """Of the input; empty or ``None`` if the exception does not name it."""
    expected: Shape
    got: Shape


@dataclass(frozen=True, slots=True)
class AxisError:
    """One axis of what a layer reads has the wrong size."""

    layer: str
    axis: int
    """An axis of `got`, negative from the end."""
    size: int
    """That the axis must have."""
    got: Shape


@dataclass(frozen=True, slots=True)
class RankError:
    """What a layer reads has the wrong number of axes."""

    layer: str
    bound: str
    """``at least ``, ``at most `` or empty: exactly."""
    rank: int
    """The number of axes that it must have."""
    got: Shape


@dataclass(frozen=True, slots=True)
class LabelCountError:
    """There is not one class id for each prediction."""

    labels: int
    predictions: int


@dataclass(frozen=True, slots=True)
class OutputShapeError:
    """The output and the target differ in their places: steps, height, width."""

    target: Shape
    output: Shape


@dataclass(frozen=True, slots=True)
class OperationError:
    """The shapes of the two operands of an operation do not fit."""

    node: str
    """Name of the operation in the graph; may be empty."""
    left: str
    right: str

    @property
    def in_loss(self) -> bool:
        """Whether the loss compares the operands."""
        return "compile_loss" in self.node or "/loss" in self.node

    @property
    def operation(self) -> str:
        """The operation's name for people."""
        return self.node.partition("=")[0].strip("{} ").removeprefix("node ") or "unknown"


@dataclass(frozen=True, slots=True)
class ReshapeError:
    """A reshape gets a number of values that does not fill its shape."""

    values: int
    wanted: int
    """Number of values of the shape, or a number that `values` must be a multiple of."""


@dataclass(frozen=True, slots=True)
class MissingInputError:
    """The data has no entry for an input of the model."""

    name: str
    received: str
    """The keys of the data."""


@dataclass(frozen=True, slots=True)
class CardinalityError:
    """Inputs and targets hold different numbers of examples."""

    x: str
    y: str


ShapeError: TypeAlias = (
    InputShapeError
    | AxisError
    | RankError
    | LabelCountError
    | OutputShapeError
    | OperationError
    | ReshapeError
    | MissingInputError
    | CardinalityError
)


def read_shape_error(text: str) -> ShapeError | None:
    """Returns what an exception says about shapes, or None if it is about something else.

    Args:
        text: From `failures.essential_text`.
    """
    return next((found for reader in _READERS if (found := reader(text)) is not None), None)


def _input_shape(text: str) -> InputShapeError | None:
    checked = _CHECKED.search(text)
    if checked is not None:
        expected, got = parse_shape(checked[2]), parse_shape(checked[3])
        return InputShapeError(checked[1], (None, *expected), (None, *got)) if expected and got else None
    match, name = _EXPECTED_SHAPE.search(text), ""
    if match is not None:
        shapes = match[1], match[2]
    else:
        match = _FOUND_SHAPE.search(text)
        if match is None:
            return None
        name, shapes = match[1], (match[2], match[3])
    expected, got = parse_shape(shapes[0]), parse_shape(shapes[1])
    return InputShapeError(name, expected, got) if expected is not None and got is not None else None


def _axis(text: str) -> AxisError | None:
    match = _AXIS.search(text)
    got = parse_shape(match[4]) if match is not None else None
    if match is None or got is None or not -len(got) <= int(match[2]) < len(got):
        return None
    return AxisError(match[1], int(match[2]), int(match[3]), got)


def _rank(text: str) -> RankError | None:
    checked = _CHECKED_RANK.search(text)
    received = parse_shape(checked[3]) if checked is not None else None
    if checked is not None and received is not None:
        return RankError(checked[1].removesuffix("_input"), "", int(checked[2]), (None, *received[1:]))
    match = _NDIM.search(text)
    got = parse_shape(match[4]) if match is not None else None
    if match is None or got is None:
        return None
    bound = {"min_": "at least ", "max_": "at most "}.get(match[2] or "", "")
    return RankError(match[1], bound, int(match[3]), got)


def _label_count(text: str) -> LabelCountError | None:
    match = _FIRST_AXIS.search(text)
    return LabelCountError(labels=int(match[2]), predictions=int(match[1])) if match is not None else None


def _output_shape(text: str) -> OutputShapeError | None:
    match = _OUTPUT.search(text)
    target, output = (parse_shape(match[1]), parse_shape(match[2])) if match is not None else (None, None)
    if not target or not output or len(target) != len(output) or target[1:-1] == output[1:-1]:
        return None
    return OutputShapeError(target, output)


def _operation(text: str) -> OperationError | None:
    match = _DIMENSIONS.search(text)
    if match is not None:
        return OperationError(match[1], match[2], match[3])
    # A dimension that is unknown while tracing is found wrong by the operation itself.
    match = _INCOMPATIBLE.search(text)
    return OperationError(match[3] or "", match[1], match[2]) if match is not None else None


def _reshape(text: str) -> ReshapeError | None:
    match = _DIVISIBLE.search(text)
    if match is not None:
        return ReshapeError(values=int(match[2]), wanted=int(match[1]))
    match = _RESHAPE.search(text)
    return ReshapeError(values=int(match[1]), wanted=int(match[2])) if match is not None else None


def _missing_input(text: str) -> MissingInputError | None:
    match = _MISSING.search(text)
    return MissingInputError(match[1], match[2]) if match is not None else None


def _cardinality(text: str) -> CardinalityError | None:
    match = _SIZES.search(text)
    return CardinalityError(match[1].strip(), match[2].strip()) if match is not None else None


_READERS: tuple[Callable[[str], ShapeError | None], ...] = (
    *(_input_shape, _axis, _rank, _label_count, _output_shape, _operation, _reshape, _missing_input, _cardinality),
)
