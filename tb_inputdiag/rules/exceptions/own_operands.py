"""The two operands of a line of the user's program, as that line names them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import Failure, OperandFacts, SizeFacts
from tb_inputdiag.rules.support.operands import broadcast_fix
from tb_inputdiag.rules.support.shapes import Shape

__all__ = ["OperandPair", "operand_pair"]

_SIMPLE = re.compile(r"[A-Za-z_][\w.]*")
_DRAWN = re.compile(r"(.*\brandom\.\w+\(\s*(?:shape\s*=\s*)?)[\[(][^()\[\]]*")
"""A random tensor, up to a size in its shape."""


@dataclass(frozen=True, slots=True)
class OperandPair:
    """Two operands that do not fit.

    Attributes:
        left: The first one.
        right: The second one.
    """

    left: OperandFacts
    right: OperandFacts

    def shown(self, left: Shape, right: Shape) -> str:
        """Returns both operands as the line names them, with their shapes.

        Args:
            left: Shape of the first one as the exception gives it: PyTorch gives one axis only.
            right: That of the second one.
        """
        return (
            f"{self.left.code} {_shape_text(self.left, left)} with {self.right.code} {_shape_text(self.right, right)}"
        )

    def fix(self, left: Shape, right: Shape) -> str:
        """Returns code that makes the operands fit."""
        written = self.size_fix(left, right)
        if written:
            return written
        a, b = _shape(self.left, left), _shape(self.right, right)
        if a is None or b is None:
            return self._sizes_fix(left, right)
        names = _name(self.left, "left"), _name(self.right, "right")
        found = broadcast_fix(a, b, names)
        made = [
            f"{name} = {operand.code}"
            for name, operand in zip(names, (self.left, self.right), strict=True)
            if name != operand.code and re.search(rf"\b{name}\b", found)
        ]
        return "\n".join([*made, found])

    def _sizes_fix(self, left: Shape, right: Shape) -> str:
        """Returns what has to be changed where the exception gives one axis only."""
        m, n = _sizes(left, right) or (left[-1], right[-1])
        made = self.right.made or f"other = {self.right.code}"
        return f"{made}\n# needs {m} values in place of {n} on that axis, as {_short(self.left.code)} has"

    def size_fix(self, left: Shape, right: Shape) -> str:
        """Returns the line where the wrong size is written, with the right one; empty if it is not known."""
        sizes = _sizes(left, right)
        if sizes is None:
            return ""
        m, n = sizes
        ways = ((self.right, n, self.left, m), (self.left, m, self.right, n))
        found = (_written(operand, own, other, wanted) for operand, own, other, wanted in ways)
        return next(filter(None, found), "")


def operand_pair(failure: Failure) -> OperandPair | None:
    """Returns the operands of the innermost line, if they are known, and the line is not the call of Keras itself."""
    if len(failure.operands) != 2 or len(failure.lines) < 2:
        return None
    return OperandPair(*failure.operands)


def _sizes(left: Shape, right: Shape) -> tuple[int, int] | None:
    """Returns the sizes of the last axis on which two shapes differ."""
    pairs = zip(reversed(left), reversed(right), strict=False)
    return next(((m, n) for m, n in pairs if m and n and m != n and 1 not in (m, n)), None)


def _shape(operand: OperandFacts, given: Shape) -> Shape | None:
    """Returns the shape of an operand: the exception's if it has several axes; None if only one axis is known."""
    own = next((v.shape for v in operand.variables if v.name == operand.code and v.shape), None)
    return given if len(given) > 1 else own


def _shape_text(operand: OperandFacts, given: Shape) -> str:
    shape = _shape(operand, given)
    return shape_text(shape) if shape is not None else f"(..., {given[-1]}, ...)"


def _name(operand: OperandFacts, default: str) -> str:
    return operand.code if _SIMPLE.fullmatch(operand.code) else default


def _written(operand: OperandFacts, own: int, other: OperandFacts, wanted: int) -> str:
    size = next((size for size in operand.sizes if size.size == own), None)
    if size is None:
        return ""
    model = next((v.name for v in other.variables if v.shape and v.shape[-1] == wanted), "")
    drawn = _drawn(size, model)
    code = drawn or f"{size.before}{wanted}{size.after}"
    return f"{code}\n# in line {size.line}: {wanted} in place of {own}, as {_short(other.code)} has"


def _drawn(size: SizeFacts, model: str) -> str:
    """Returns code that draws a random tensor in the shape of a variable."""
    found = _DRAWN.fullmatch(size.before)
    rest = re.match(r"[^()\[\]]*[\])](.*)", size.after)
    return f"{found[1]}keras.ops.shape({model}){rest[1]}" if found is not None and rest is not None and model else ""


def _short(code: str) -> str:
    return code if len(code) <= 30 else "the other tensor"
