"""Reads a value of the user's step without changing what TensorFlow computes in it, down to the last bit.

The last bits of a result may depend on what else reads its intermediate values. There are two reasons:

- Grappler reorders chains of sums and chains of products (`AddOpsRewrite` and `MinimizeBroadcasts` of its arithmetic
  optimizer), but only through results that are read once. An example is ``learning_rate * (rsqrt(variance) * g)``, the
  update of a BatchNormalization's scale: it came out differently when the gradient in the brackets was also read.
  So if a value is in the middle of a chain, the probe computes the chain up to there once more. These are elementwise
  operations, and few.
- TensorFlow adds up three or more tensors in the memory of the first term that nobody else needs any more, and begins
  with that term. While a probe was still reading it, the sum began with another one. So the terms that nobody else
  needs are held until the sum is done. The sum then begins with its first two terms. TensorFlow does the same by
  itself if all terms, or all but one, are free. If fewer are, the probe does not read the free ones (`can_be_read`).
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture.tensorflow import ops
from tb_inputdiag.capture.tensorflow.ops import SCOPE, Tensor

__all__ = ["can_be_read", "readable"]

_CHAINS = {"Mul": "product", "Add": "sum", "AddV2": "sum", "AddN": "sum"}
_PASSES = ("Identity", "IdentityN", "StopGradient")
_NEUTRAL = {"Add": 0, "AddV2": 0, "Mul": 1}
_SHARE_MEMORY = ("Reshape", "ExpandDims", "Squeeze", "Slice", "StridedSlice", "Split", "SplitV", "Unpack", "Bitcast")
_READ_NO_VALUES = ("Shape", "ShapeN", "Size", "Rank")
_ORDER_MATTERS = 3
"""Terms of a sum: ``a + b`` is ``b + a`` to the last bit."""


def readable(x: Tensor, late: Tensor = None) -> Tensor:
    """Returns a tensor of the same values that can be read without changing the user's step.

    To be called when all operations of the step that read `x` exist. The result is `x` itself where reading it does no
    harm.

    Args:
        x: A tensor of the graph that is being built. Anything else is returned as it is.
        late: A floating scalar that the user's step computes after all sums of the forward pass: its loss.
    """
    if tf.executing_eagerly() or not isinstance(x, tf.Tensor):
        return x
    source = _source(x)
    chain = _CHAINS.get(source.op.type)
    # Operations that Keras makes for us, inside our scope, are merged with the same ones that it made for the step.
    if chain is not None and (SCOPE in source.op.name or _is_inside(source, chain)):
        again = _recomputed(source, chain, late)
        return ops.remembered(("without axis", source.ref()), lambda: tf.raw_ops.Squeeze(input=again, axis=[0]))
    held = _held(source, late)
    return x if held is source else held


def can_be_read(x: Tensor) -> bool:
    """Tells whether `readable` keeps its promise for a tensor of the forward pass; see above."""
    if tf.executing_eagerly() or not isinstance(x, tf.Tensor):
        return True
    source = _source(x)
    read = _leaves(source)[0] if _is_inside(source, "sum") else [source]
    return all(total.begins_with_the_first for leaf in read for total in _sums(leaf))


def _source(x: Tensor) -> Tensor:
    """Returns the tensor that `x` is a copy of, looking through operations that change nothing."""
    while (place := _passed_on(x.op, x.value_index)) is not None:
        x = x.op.inputs[place]
    return x


def _passed_on(op: tf.Operation, output: int) -> int | None:
    """Returns the index of the operand that an operation returns unchanged; None if there is none.

    Grappler removes sums with zero and products with one, such as Rescaling without an offset.
    """
    if op.type in _PASSES:
        return output
    if op.type in _NEUTRAL and len(op.inputs) == 2:
        for place, operand in enumerate(op.inputs):
            if operand.shape.rank == 0 and tf.get_static_value(operand) == _NEUTRAL[op.type]:
                return 1 - place
    return None


def _readers(x: Tensor) -> list[tf.Operation]:
    """Returns the user's operations that read the values of `x`, each as often as it does."""
    found: list[tf.Operation] = []
    behind: dict[str, tf.Operation] = {}
    origin = _source(x).name
    for reader in {operation.name: operation for operation in x.consumers()}.values():
        if SCOPE in reader.name or reader.type in _READ_NO_VALUES:
            continue
        passed = [output for output in reader.outputs if _passed_on(reader, output.value_index) is not None]
        for output in passed:
            if _source(output).name == origin:
                # there may be several ways to the same reader: Keras' optimizers make one for values, one for gradients
                behind |= {further.name: further for further in _readers(output)}
        if not passed:
            found += [reader for operand in reader.inputs if operand.name == x.name]
    return [*found, *behind.values()]


def _only_reader(x: Tensor) -> str | None:
    """Returns the kind of chain that the only operation that reads `x` belongs to; None if there are several."""
    readers = _readers(x)
    return _CHAINS.get(readers[0].type) if len(readers) == 1 else None


def _is_inside(x: Tensor, chain: str) -> bool:
    """Tells whether `x` is in the middle of a chain of this kind."""
    return _CHAINS.get(x.op.type) == chain and _only_reader(x) == chain


def _operands(x: Tensor, chain: str) -> list[tuple[Tensor, bool]]:
    """Returns the sources of an operation's operands, each with whether it is inside the chain, too."""
    sources = [_source(operand) for operand in x.op.inputs]
    return [(source, _is_inside(source, chain)) for source in sources]


def _leaves(x: Tensor) -> tuple[list[Tensor], set[str]]:
    """Returns the terms of the chain of sums that ends in `x`, and the names of its operations."""
    found: list[Tensor] = []
    links: set[str] = set()
    left = [x]
    while left:
        links.add((link := left.pop()).op.name)
        for operand, inside in _operands(link, "sum"):
            (left if inside else found).append(operand)
    return found, links


class _Sum(NamedTuple):
    """A sum of so many terms of one shape that their order matters."""

    free: list[Tensor]
    """The terms in whose memory it may be added up: all their other readers were made before it."""
    begins_with_the_first: bool
    """Whether it begins with one of its first two terms, in whatever order the optimizer puts them."""


def _sums(x: Tensor) -> list[_Sum]:
    """Returns the sums that may be added up in the memory of `x`."""
    found: list[_Sum] = []
    if not x.shape.rank:
        return found
    for reader in _readers(x):
        if _CHAINS.get(reader.type) == "sum":
            end = reader.outputs[0]
            while _only_reader(end) == "sum":
                end = _readers(end)[0].outputs[0]
            total: _Sum = ops.remembered(("sum", end.ref(), str(x.shape)), partial(_sum_up_to, end, x.shape))
            if any(term.name == x.name for term in total.free):
                found.append(total)
    return found


def _sum_up_to(end: Tensor, shape: tf.TensorShape) -> _Sum:
    terms, links = _leaves(end)
    alike = [term for term in terms if term.shape.rank and term.shape.as_list() == shape.as_list()]
    free = [term for term in alike if _is_free(term, end, links)] if len(alike) >= _ORDER_MATTERS else []
    return _Sum(free, len(free) >= len(alike) - 1)


def _is_free(term: Tensor, end: Tensor, links: set[str]) -> bool:
    """Tells whether nobody else needs a term any more when the sum that ends in `end` is added up.

    Operations are made in an order in which they can run. So operations that are made later, such as those of the
    gradients, are assumed to run later.
    """
    reads = [reader.name for reader in _readers(term)]
    order = _order(term.graph)
    return _last_use(term, order) <= order.get(end.op.name, len(order)) and sum(name in links for name in reads) == 1


def _last_use(x: Tensor, order: dict[str, int]) -> int:
    """Returns the position in `order` of the last operation that reads the memory of `x`."""
    last = 0
    for reader in _readers(x):
        last = max(last, order.get(reader.name, len(order)))
        if reader.type in _SHARE_MEMORY:
            last = max([last, *(_last_use(output, order) for output in reader.outputs)])
    return last


def _order(graph: tf.Graph) -> dict[str, int]:
    """Returns name of an operation -> its position among those of the graph."""
    order: dict[str, int] = ops.remembered(
        ("order", id(graph)), lambda: {op.name: position for position, op in enumerate(graph.get_operations())}
    )
    return order


def _recomputed(x: Tensor, chain: str, late: Tensor) -> Tensor:
    """Returns the value of an operation of the chain, computed once more.

    The operands get one more axis in front. Identical operations would be merged with the first ones.
    """

    def make() -> Tensor:
        operands = [
            _recomputed(operand, chain, late) if inside else _with_front_axis(operand, late if chain == "sum" else None)
            for operand, inside in _operands(x, chain)
        ]
        if x.op.type == "AddN":
            return tf.raw_ops.AddN(inputs=operands)
        return (tf.raw_ops.Mul if chain == "product" else tf.raw_ops.AddV2)(x=operands[0], y=operands[1])

    return ops.remembered((chain, x.ref()), make)


def _with_front_axis(x: Tensor, late: Tensor) -> Tensor:
    held, axis = _held(x, late), ops.constant(0, tf.int32)
    return ops.remembered(("wrapped", x.ref()), lambda: tf.raw_ops.ExpandDims(input=held, axis=axis))


def _held(x: Tensor, late: Tensor) -> Tensor:
    """Returns `x` without a copy, but not before `late`. Until then no term of its sums can be overwritten."""
    terms = [] if late is None else [term for total in _sums(x) if total.begins_with_the_first for term in total.free]
    if not terms:
        return x

    def hold() -> Tensor:
        never = ops.remembered(("never", late.ref()), lambda: ops.cast(_is_beyond_infinity(late), tf.int32))
        slices = {}
        for term in terms:
            slices[term.ref()] = ops.remembered(("all of", term.ref()), partial(_all_from, term, never))
        with tf.control_dependencies(list(slices.values())):
            return tf.raw_ops.Identity(input=slices[x.ref()])

    return ops.remembered(("held", x.ref()), hold)


def _all_from(x: Tensor, begin: Tensor) -> Tensor:
    """Returns the slice of `x` from `begin` on, on every axis. `begin` is 0, so the slice shares the memory of `x`."""
    rank = x.shape.rank
    begins = tf.raw_ops.Fill(dims=ops.constant((rank,), tf.int32), value=begin)
    return tf.raw_ops.Slice(input=x, begin=begins, size=ops.constant((-1,) * rank, tf.int32))


def _is_beyond_infinity(x: Tensor) -> Tensor:
    """Returns False, in a way that no optimizer of TensorFlow can simplify."""
    return tf.raw_ops.Greater(x=ops.cast(ops.highest(x), tf.float32), y=ops.constant(np.inf, tf.float32))
