"""Names values of a step while JAX traces it.

`tag_p` is an identity. It is bound only while our own trace of a step is made, never in the user's program. After
`jax.make_jaxpr` has applied derivatives and batching, the tags are equations of one flat program, which
`evaluation` runs. Values that are kept from a trace in another way are of no use in a nested `jit`, `vmap` or
`checkpoint`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from tb_inputdiag.capture.keras_internals import copy_mask

__all__ = ["Array", "Tags", "ValueTag", "is_array", "tag_p"]

Array: TypeAlias = Any
"""A `jax.Array`: of numbers, or one that stands for them in a trace."""

tag_p = Primitive("tb_inputdiag_tag")
tag_p.def_impl(lambda x, *, key: x)
tag_p.def_abstract_eval(lambda x, *, key: x)
ad.primitive_jvps[tag_p] = lambda primals, tangents, *, key: (tag_p.bind(*primals, key=key), *tangents)
batching.primitive_batchers[tag_p] = lambda args, axes, *, key: (tag_p.bind(*args, key=key), *axes)
mlir.register_lowering(tag_p, lambda context, x, *, key: [x])


@dataclass(frozen=True, slots=True)
class ValueTag:
    """Stands for a tagged value until the program is evaluated."""

    key: int
    shape: tuple[int, ...]
    dtype: Any


class Tags:
    """Hands out the tags of one trace."""

    def __init__(self) -> None:
        self._n = 0

    def put(self, x: Array) -> tuple[Array, ValueTag]:
        """Returns an array to be used in the place of `x`, and its tag."""
        tag = ValueTag(self._n, tuple(x.shape), x.dtype)
        self._n += 1
        tagged = tag_p.bind(x, key=tag.key)
        copy_mask(x, tagged)
        return tagged, tag


def is_array(leaf: Any) -> bool:
    """Tells whether a leaf is an array of JAX."""
    return isinstance(leaf, jax.Array)
