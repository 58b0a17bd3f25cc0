"""Evaluates the traced program of a step and hands out the values that are tagged in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from tb_inputdiag.capture.jax.tags import Array, tag_p

__all__ = ["Found", "called_by", "evaluate"]

Jaxpr: TypeAlias = Any
"""A `jax.extend.core.Jaxpr`."""
_Equation: TypeAlias = Any
_Variable: TypeAlias = Any

_CALLS = ("jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call")
_CHECKPOINTS = ("checkpoint", "remat", "remat2")
_PRINTS = ("debug_callback", "debug_print")
"""Equations without results whose effect the user must not see twice."""


class Found(NamedTuple):
    """What an evaluation met."""

    values: dict[int, Array]
    """Key of a tag -> value."""
    hidden: set[int]
    """Keys of tags inside loops and branches, which are evaluated as a whole."""


class Called(NamedTuple):
    """A program that an equation calls."""

    jaxpr: Jaxpr
    consts: Sequence[Array]


def evaluate(jaxpr: Jaxpr, consts: Sequence[Array], args: Sequence[Array], found: Found) -> list[Array]:
    """Returns the results of a program.

    Args:
        jaxpr: The program.
        consts: Its constants.
        args: Its arguments.
        found: Receives what is tagged.
    """
    known: dict[_Variable, Array] = dict(zip(_constants(jaxpr), consts, strict=True))
    known.update(zip(jaxpr.invars, args, strict=True))
    for equation in jaxpr.eqns:
        operands = [read(known, operand) for operand in equation.invars]
        if equation.primitive is tag_p:
            found.values.setdefault(equation.params["key"], operands[0])
            results = operands
        elif equation.primitive.name in _PRINTS and not equation.outvars:
            continue
        else:
            results = _results(equation, operands, found)
        known.update(zip(equation.outvars, results, strict=True))
    return [read(known, result) for result in jaxpr.outvars]


def _results(equation: _Equation, operands: list[Array], found: Found) -> list[Array]:
    inside = set(_tags_inside(equation))
    called = called_by(equation) if inside else None
    if called is not None:
        return evaluate(called.jaxpr, called.consts, operands, found)
    found.hidden.update(inside)
    with equation.ctx.manager:
        results = equation.primitive.bind(*operands, **equation.primitive.get_bind_params(equation.params))
    return list(results) if equation.primitive.multiple_results else [results]


def read(known: dict[_Variable, Any], operand: Any, default: Any = None) -> Any:
    """Returns what is known of an operand of an equation: a variable, or a literal, which has a value of its own."""
    if hasattr(operand, "val"):
        return operand.val if default is None else default
    return known[operand] if default is None else known.get(operand, default)


def called_by(equation: _Equation) -> Called | None:
    """Returns the program that an equation does nothing but call; None for any other equation."""
    name, params = equation.primitive.name, equation.params
    if name in _CALLS:
        inner = params.get("jaxpr", params.get("call_jaxpr"))
    elif name in _CHECKPOINTS and not params.get("differentiated"):
        inner = params["jaxpr"]  # the forward pass; what is computed again in the backward pass stays together
    else:
        return None
    return Called(inner.jaxpr, inner.consts) if hasattr(inner, "consts") else Called(inner, ())


def _constants(jaxpr: Jaxpr) -> list[_Variable]:
    return list(getattr(jaxpr, "constvars", ()))


def _tags_inside(equation: _Equation) -> Iterator[int]:
    """Yields the keys of all tags in the programs that belong to an equation."""
    for jaxpr in _programs(equation):
        for inner in jaxpr.eqns:
            if inner.primitive is tag_p:
                yield inner.params["key"]
            else:
                yield from _tags_inside(inner)


def _programs(equation: _Equation) -> Iterator[Jaxpr]:
    for param in equation.params.values():
        for value in param if isinstance(param, tuple | list) else (param,):
            if hasattr(value, "eqns"):
                yield value
            elif hasattr(value, "jaxpr") and hasattr(value.jaxpr, "eqns"):
                yield value.jaxpr
