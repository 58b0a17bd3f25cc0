"""Reading a value of the user's step so that TensorFlow computes the step as it does when nobody reads.

Two things depend on who reads a value, and with them the last bits of what is computed from it:

- Grappler reorders chains of sums and chains of products (`AddOpsRewrite` and `MinimizeBroadcasts` of its arithmetic
  optimizer), but only through results that are read once. ``learning_rate * (rsqrt(variance) * g)``, the update of a
  BatchNormalization's scale, came out otherwise when the gradient in the brackets was read as well. So where a value is
  the middle of a chain, the chain up to there is made again for the probe: elementwise operations, and few.
- A sum of three or more tensors is added up in the memory of the first term that nobody else needs any more, beginning
  with that one. When a probe was still busy with it, the sum began with another. So those of its terms that nobody
  needs any more are held until it is done: it begins with the first two then, as it does by itself if it can have the
  memory of all terms or of all but one. Where it can't, those that it can have are left alone (`can_be_read`).
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture.tensorflow import ops
from tb_inputdiag.capture.tensorflow.ops import SCOPE

__all__ = ["aside", "can_be_read"]

_CHAINS = {"Mul": "product", "Add": "sum", "AddV2": "sum", "AddN": "sum"}
_PASSES = ("Identity", "IdentityN", "StopGradient")
_NEUTRAL = {"Add": 0, "AddV2": 0, "Mul": 1}
_SHARE_MEMORY = ("Reshape", "ExpandDims", "Squeeze", "Slice", "StridedSlice", "Split", "SplitV", "Unpack", "Bitcast")
_READ_NO_VALUES = ("Shape", "ShapeN", "Size", "Rank")
_ORDER_MATTERS = 3
"""Terms of a sum: ``a + b`` is ``b + a`` to the last bit."""


def aside(x: Any, late: Any = None) -> Any:
    """Returns a tensor of the same values, which can be read without any effect on the user's step.

    To be called when those operations of the step are there that read `x`. It is `x` itself where reading does no
    harm.

    Args:
        x: A tensor of the graph that is built; anything else is returned as it is.
        late: A floating scalar that the user's step computes after all sums of the forward pass: its loss.
    """
    if tf.executing_eagerly() or not isinstance(x, tf.Tensor):
        return x
    source = _source(x)
    chain = _CHAINS.get(source.op.type)
    # What Keras makes on our behalf, inside of our scope, is merged with what it made for the step.
    if chain is not None and (SCOPE in source.op.name or _goes_on(source, chain)):
        again = _again(source, chain, late)
        return ops.remembered(("without axis", source.ref()), lambda: tf.raw_ops.Squeeze(input=again, axis=[0]))
    held = _held(source, late)
    return x if held is source else held


def can_be_read(x: Any) -> bool:
    """Tells whether `aside` keeps what it says for a tensor of the forward pass; see above."""
    if tf.executing_eagerly() or not isinstance(x, tf.Tensor):
        return True
    source = _source(x)
    read = _leaves(source)[0] if _goes_on(source, "sum") else [source]
    return all(total.begins_with_the_first for leaf in read for total in _sums(leaf))


def _source(x: Any) -> Any:
    """Returns where a tensor comes from, through operations that change nothing."""
    while (place := _passed_on(x.op, x.value_index)) is not None:
        x = x.op.inputs[place]
    return x


def _passed_on(op: Any, output: int) -> int | None:
    """Returns the place of the operand that an operation returns as it is; None if it changes it.

    Grappler removes sums with zero and products with one, such as Rescaling without an offset.
    """
    if op.type in _PASSES:
        return output
    if op.type in _NEUTRAL and len(op.inputs) == 2:
        for place, operand in enumerate(op.inputs):
            if operand.shape.rank == 0 and tf.get_static_value(operand) == _NEUTRAL[op.type]:
                return 1 - place
    return None


def _readers(x: Any) -> list[Any]:
    """Returns the user's operations that read the values of `x`, as often as they do."""
    found: list[Any] = []
    behind: dict[str, Any] = {}
    origin = _source(x).name
    for reader in {operation.name: operation for operation in x.consumers()}.values():
        if SCOPE in reader.name or reader.type in _READ_NO_VALUES:
            continue
        passed = [output for output in reader.outputs if _passed_on(reader, output.value_index) is not None]
        for output in passed:
            if _source(output).name == origin:
                # by several ways, of which Keras' optimizers make two: one for values, one for gradients
                behind |= {further.name: further for further in _readers(output)}
        if not passed:
            found += [reader for operand in reader.inputs if operand.name == x.name]
    return [*found, *behind.values()]


def _next(x: Any) -> str | None:
    """Returns which chain the only operation that reads `x` belongs to; None if others read it as well."""
    readers = _readers(x)
    return _CHAINS.get(readers[0].type) if len(readers) == 1 else None


def _goes_on(x: Any, chain: str) -> bool:
    """Tells whether `x` is the middle of such a chain."""
    return _CHAINS.get(x.op.type) == chain and _next(x) == chain


def _operands(x: Any, chain: str) -> list[tuple[Any, bool]]:
    """Returns the sources of an operation's operands, and of each whether the chain goes on there."""
    sources = [_source(operand) for operand in x.op.inputs]
    return [(source, _goes_on(source, chain)) for source in sources]


def _leaves(x: Any) -> tuple[list[Any], set[str]]:
    """Returns what the chain of sums that ends in `x` sums up, and the names of its operations."""
    found: list[Any] = []
    links: set[str] = set()
    left = [x]
    while left:
        links.add((link := left.pop()).op.name)
        for operand, goes_on in _operands(link, "sum"):
            (left if goes_on else found).append(operand)
    return found, links


class _Sum(NamedTuple):
    """A sum of enough terms of one shape for their order to matter."""

    free: list[Any]
    """Those terms in whose memory it may be added up: everything else that reads them was made before it."""
    begins_with_the_first: bool
    """Whether it is one of the first two that it begins with, in whatever order the optimizer puts the terms."""


def _sums(x: Any) -> list[_Sum]:
    """Returns the sums that may be added up in the memory of `x`."""
    found: list[_Sum] = []
    if not x.shape.rank:
        return found
    for reader in _readers(x):
        if _CHAINS.get(reader.type) == "sum":
            end = reader.outputs[0]
            while _next(end) == "sum":
                end = _readers(end)[0].outputs[0]
            total: _Sum = ops.remembered(("sum", end.ref(), str(x.shape)), partial(_sum_up_to, end, x.shape))
            if any(term.name == x.name for term in total.free):
                found.append(total)
    return found


def _sum_up_to(end: Any, shape: Any) -> _Sum:
    terms, links = _leaves(end)
    alike = [term for term in terms if term.shape.rank and term.shape.as_list() == shape.as_list()]
    free = [term for term in alike if _is_free(term, end, links)] if len(alike) >= _ORDER_MATTERS else []
    return _Sum(free, len(free) >= len(alike) - 1)


def _is_free(term: Any, end: Any, links: set[str]) -> bool:
    """Tells whether nobody needs a term any more when the sum that ends in `end` is added up.

    Operations are made in an order in which they can run. What is made later, such as all that belongs to gradients,
    is taken to run later.
    """
    reads = [reader.name for reader in _readers(term)]
    order = _order(term.graph)
    return _last_use(term, order) <= order.get(end.op.name, len(order)) and sum(name in links for name in reads) == 1


def _last_use(x: Any, order: dict[str, int]) -> int:
    """Returns the place in `order` of the last operation that reads the memory of `x`."""
    last = 0
    for reader in _readers(x):
        last = max(last, order.get(reader.name, len(order)))
        if reader.type in _SHARE_MEMORY:
            last = max([last, *(_last_use(output, order) for output in reader.outputs)])
    return last


def _order(graph: Any) -> dict[str, int]:
    order: dict[str, int] = ops.remembered(
        ("order", id(graph)), lambda: {op.name: place for place, op in enumerate(graph.get_operations())}
    )
    return order


def _again(x: Any, chain: str, late: Any) -> Any:
    """Returns the value of an operation of the chain, made again.

    The operands get one more axis in front: the very same operations would be found and merged with the first.
    """

    def make() -> Any:
        operands = [
            _again(operand, chain, late) if goes_on else _wrapped(operand, late if chain == "sum" else None)
            for operand, goes_on in _operands(x, chain)
        ]
        if x.op.type == "AddN":
            return tf.raw_ops.AddN(inputs=operands)
        return (tf.raw_ops.Mul if chain == "product" else tf.raw_ops.AddV2)(x=operands[0], y=operands[1])

    return ops.remembered((chain, x.ref()), make)


def _wrapped(x: Any, late: Any) -> Any:
    held, axis = _held(x, late), ops.constant(0, tf.int32)
    return ops.remembered(("wrapped", x.ref()), lambda: tf.raw_ops.ExpandDims(input=held, axis=axis))


def _held(x: Any, late: Any) -> Any:
    """Returns `x` itself, without a copy, but not before `late`: until then no term of its sums can be overwritten."""
    terms = [] if late is None else [term for total in _sums(x) if total.begins_with_the_first for term in total.free]
    if not terms:
        return x

    def hold() -> Any:
        never = ops.remembered(("never", late.ref()), lambda: ops.cast(_is_beyond_infinity(late), tf.int32))
        slices = {}
        for term in terms:
            slices[term.ref()] = ops.remembered(("all of", term.ref()), partial(_all_from, term, never))
        with tf.control_dependencies(list(slices.values())):
            return tf.raw_ops.Identity(input=slices[x.ref()])

    return ops.remembered(("held", x.ref()), hold)


def _all_from(x: Any, begin: Any) -> Any:
    """Returns a slice of `x` that begins with `begin` on every axis, which is 0, and so shares its memory."""
    rank = x.shape.rank
    begins = tf.raw_ops.Fill(dims=ops.constant((rank,), tf.int32), value=begin)
    return tf.raw_ops.Slice(input=x, begin=begins, size=ops.constant((-1,) * rank, tf.int32))


def _is_beyond_infinity(x: Any) -> Any:
    """Returns False, in a way that no optimizer sees through."""
    return tf.raw_ops.Greater(x=ops.cast(ops.highest(x), tf.float32), y=ops.constant(np.inf, tf.float32))
