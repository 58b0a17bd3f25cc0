"""Where the values of a traced step come from: from which inputs, and whether through learned weights."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from tb_inputdiag.capture.jax.evaluation import Jaxpr, called_by, read
from tb_inputdiag.capture.jax.tags import tag_p
from tb_inputdiag.capture.origins import Origin

__all__ = ["follow"]

_TRANSPARENT = {
    "broadcast_in_dim",
    "convert_element_type",
    "copy",
    "copy_p",
    "device_put",
    "expand_dims",
    "optimization_barrier",
    "reduce_precision",
    "reshape",
    "sharding_constraint",
    "squeeze",
    "stop_gradient",
    tag_p.name,
}
"""Operations that change no value, if they keep the number of values. A cast may round."""


_NOWHERE = Origin()


def follow(jaxpr: Jaxpr, args: Sequence[Origin], tagged: dict[int, Origin]) -> list[Origin]:
    """Walks a program forwards; returns the origins of its results.

    Args:
        jaxpr: The program.
        args: The origins of its arguments.
        tagged: Receives the origins of tagged values, by their keys.
    """
    known: dict[Any, Origin] = dict(zip(jaxpr.invars, args, strict=True))
    for equation in jaxpr.eqns:
        origins = [read(known, operand, _NOWHERE) for operand in equation.invars]
        if equation.primitive is tag_p:
            tagged.setdefault(equation.params["key"], origins[0])
        called = called_by(equation)
        if called is not None and len(called.jaxpr.invars) == len(origins):
            results = follow(called.jaxpr, origins, tagged)
        else:
            results = [_joined(equation, origins)] * len(equation.outvars)
        known.update(zip(equation.outvars, results, strict=True))
    return [read(known, result, _NOWHERE) for result in jaxpr.outvars]


def _joined(equation: Any, origins: list[Origin]) -> Origin:
    """Returns the origin of what an operation makes of its operands."""
    return Origin(
        sources=frozenset().union(*(origin.sources for origin in origins)),
        weighted=any(origin.weighted for origin in origins),
        untouched=bool(origins) and origins[0].untouched and _keeps_values(equation),
    )


def _keeps_values(equation: Any) -> bool:
    return equation.primitive.name in _TRANSPARENT and prod(equation.invars[0].aval.shape) == prod(
        equation.outvars[0].aval.shape
    )
