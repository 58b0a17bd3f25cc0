"""Reads the exceptions of Keras 3 and its backends."""

from __future__ import annotations

import re

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import Failure, TensorLayout

__all__ = ["essential_text", "fed_text", "find_fed"]

_COLOURS = re.compile(r"\x1b?\[\d+m")
_FUNCTION = re.compile(r"\{\{function_node [^}]*\}\} ?")
_TORCH_SIZE = re.compile(r"torch\.Size\((\[[\d, ]*\])\)")


def essential_text(message: str) -> str:
    """Returns an exception's text without colours, the stack frames that graph errors list, and names of kernels and of
    shapes' types. The unknown size of JAX becomes None."""
    text = _TORCH_SIZE.sub(r"\1", _FUNCTION.sub("", _COLOURS.sub("", message)))
    text = text.replace("dynamic_dimension", "None")
    lines = [line for line in text.splitlines() if not line.startswith('  File "')]
    return "\n".join(line for line in lines if line.strip())


def find_fed(failure: Failure, role: str, name: str, shape: tuple[int | None, ...]) -> TensorLayout | None:
    """Returns the fed tensor of a role that an exception is about, or None if several fit or none does.

    Args:
        failure: The exception with what was fed.
        role: ``input``, ``target``, ...
        name: The tensor's name; it decides if one tensor has it.
        shape: The tensor's shape with the batch axis, which is not compared.
    """
    fed = [t for t in failure.fed if t.role == role]
    named = [t for t in fed if t.name == name]
    alike = [t for t in fed if t.shape is not None and tuple(t.shape[1:]) == tuple(shape[1:])]
    for found in (named, alike):
        if len(found) == 1:
            return found[0]
    return None


def fed_text(failure: Failure) -> str:
    """Returns what was fed as text: ``x (16, 784) float32, y (16,) int64``."""
    return ", ".join(f"{t.name} {shape_text(t.shape) if t.shape is not None else '?'} {t.dtype}" for t in failure.fed)
