"""Functions that name an axis, an index or a part that a tensor does not have."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text, whole
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.tensor_shapes import of_a_function, tensors
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import parse_shape

__all__ = ["KINDS"]


def _tensor(case: Case) -> tuple[str, tuple[int | None, ...] | None]:
    """Returns the name and the shape of the tensor that a function was called with."""
    found = tensors(case)
    return (found[0].variable or "x", found[0].shape) if found else ("x", None)


def _number(text: str) -> int | None:
    text = text.strip(" ()[],'")
    return int(text) if text.lstrip("-").isdigit() else None


def _axis(case: Case) -> Finding | None:
    name, shape = _tensor(case)
    rank = _number(case["rank"])
    shape = parse_shape(case["shape"]) or shape if rank is None else shape
    rank = rank if rank is not None else (len(shape) if shape is not None else None)
    axis = case["axis"].strip("() ")
    if rank is None or not of_a_function(case):
        return None
    known = f" {shape_text(shape)}" if shape is not None and len(shape) == rank else ""
    return case.finding(
        f"'{name}'{known} has {rank} {'axis' if rank == 1 else 'axes'}, 0 to {rank - 1}, and axis {axis} is asked for.",
        f"axis=-1  # the last axis; axes count from 0, and {name} has no more than {rank}",
        seen=f"axis {axis}",
        expected=f"0 to {rank - 1}, or -{rank} to -1" if rank else "no axis",
        evidence={"axis": axis, "rank": rank},
    )


def _permutation(case: Case) -> Finding | None:
    name, shape = _tensor(case)
    rank = _number(case["rank"]) or (len(shape) if shape is not None else 0)
    if not rank:
        return None
    order = [0, *range(2, rank), 1] if rank > 2 else [1, 0]
    given = next((a.value for a in case.arguments.values() if isinstance(a.value, list)), None)
    known = f" {shape_text(shape)}" if shape is not None and len(shape) == rank else ""
    return case.finding(
        f"'{name}'{known} has {rank} axes, and the order {given if given is not None else ''} does not name each of "
        "them once.".replace("  ", " "),
        f"keras.ops.transpose({name}, {order})  # each axis once, the batch first: here 1 moves to the end",
        seen=str(given or case["length"] or "?"),
        expected=f"{rank} axes",
        evidence={"rank": rank},
    )


def _squeeze(case: Case) -> Finding | None:
    name, shape = _tensor(case)
    axis = next((str(a.value) for a in case.arguments.values() if a.name in ("axis", "dim")), case["axis"] or "?")
    ones = [i for i, n in enumerate(shape or ()) if n == 1]
    fix = (
        f"{name} = keras.ops.squeeze({name}, axis={ones[0]})"
        if ones
        else f"{name} = {name}[..., 0]  # takes one of the values; or .mean(axis={axis})"
    )
    known = f" {shape_text(shape)}" if shape is not None else ""
    return case.finding(
        f"squeeze drops axes of length 1 only, and axis {axis} of '{name}'{known} is longer.",
        fix,
        seen=case["size"] or f"axis {axis}",
        expected="an axis of length 1",
    )


def _index(case: Case) -> Finding | None:
    name, shape = _tensor(case)
    line = case.failure.lines[-1] if case.failure.lines else ""
    index, size = _number(case["index"]), _number(case["size"])
    axis = _number(case["axis"]) or 0
    if size is None and shape is not None and axis < len(shape):
        size = shape[axis]
    of_classes = case.method == "to_categorical" or (not case.failure.call and not case.failure.lines and axis == 1)
    if not of_a_function(case) or of_classes or index is None:
        return None
    what = f"The index {index}" + (f" of axis {axis}" if axis or case["axis"] else "")
    most = f"0 to {whole(size - 1)}" if size else "of what is there"
    return case.finding(
        f"{what} is too large: the tensor has {whole(size)} there, {most}."
        if size
        else f"{what} lies beyond the end of the tensor.",
        f"{name}[{(size or index) - 1}]  # the last one, also {name}[-1]; indices count from 0",
        seen=str(index),
        expected=most,
        evidence={"line": line} if line else None,
    )


def _too_many(case: Case) -> Finding | None:
    name, shape = _tensor(case)
    rank = _number(case["rank"].removesuffix("-dimensional")) or (len(shape) if shape is not None else None)
    if rank is None or not of_a_function(case):
        return None
    return case.finding(
        f"More axes are indexed than the {rank} of the tensor{f' {shape_text(shape)}' if shape else ''}.",
        f"print({name}.shape)\n{name}[{', '.join(['i', 'j', 'k', 'l'][:rank] or ['...'])}]  # at most one index for "
        "each axis",
        seen=case["n"] or "more indices",
        expected=f"{rank} {'index' if rank == 1 else 'indices'}",
    )


def _slice(case: Case) -> Finding | None:
    axis, most = _number(case["axis"]), _number(case["most"])
    name = _tensor(case)[0]
    return case.finding(
        f"A slice of {case['size']} values is asked for on axis {axis}, and from there on only {most} are left.",
        f"{name}[begin:begin + size]  # Python's slices stop at the end; or tf.slice with a size of -1: "
        "all that is left",
        seen=case["size"],
        expected=f"at most {most}",
    )


def _split(case: Case) -> Finding | None:
    name, shape = _tensor(case)
    ways, size = _number(case["ways"]), _number(case["size"])
    given = [a.value for a in case.arguments.values() if isinstance(a.value, int) and not isinstance(a.value, bool)]
    ways = ways if ways is not None else next((n for n in given if n > 1), None)
    rest = size % ways if size and ways else None
    wanted = f"{whole(size)} values" if size else f"The axis of '{name}'{f' {shape_text(shape)}' if shape else ''}"
    fix = (
        f"keras.ops.split({name}, {list(range(-(-size // ways), size, -(-size // ways)))}, axis=...)  # where to cut"
        if size and ways
        else f"np.array_split({name}, {ways or 3})  # the last part is shorter"
    )
    return case.finding(
        f"{wanted} cannot be cut into {ways or '?'} equal parts" + (f": {rest} would be left." if rest else "."),
        fix,
        seen=f"{ways or '?'} parts",
        expected="a divisor of the size",
    )


def _per_axis(case: Case) -> Finding | None:
    name, shape = _tensor(case)
    rank = len(shape) if shape is not None else (_number(case["rank"]) or 0)
    if not rank:
        return None
    pad = "pad" in case.text.lower()
    entries = ", ".join(["(0, 0)"] * (rank - 1) + ["(1, 1)"]) if pad else ", ".join(["1"] * (rank - 1) + ["2"])
    call = f"keras.ops.pad({name}, [{entries}])" if pad else f"keras.ops.tile({name}, [{entries}])"
    return case.finding(
        f"'{name}'{f' {shape_text(shape)}' if shape else ''} has {rank} axes, and another number of entries is given.",
        f"{call}  # one entry for each axis, the batch axis too",
        seen="another number of entries",
        expected=f"{rank} entries",
    )


_MEAN = "x = tf.ones((3, 4))\ny = tf.reduce_mean(x, axis=2)\n"
_TRANSPOSE = "x = np.ones((3, 4, 5))\ny = keras.ops.transpose(x, [1, 0])\n"
_SQUEEZE = "x = np.ones((3, 1, 5))\ny = keras.ops.squeeze(x, axis=2)\n"
_INDEX = "x = tf.ones((3, 4))\ny = x[3]\n"
_MANY = "x = keras.ops.ones((3,))\ny = x[0, 1]\n"
_SLICE = "x = tf.ones((3, 4))\ny = tf.slice(x, [0, 2], [3, 4])\n"
_SPLIT = "x = tf.ones((3, 7))\nparts = tf.split(x, 3, axis=1)\n"
_TILE = "x = tf.ones((3, 4))\ny = tf.tile(x, [2])\n"
KINDS = (
    Kind(
        id="axis-out-of-range",
        title="An axis that the tensor does not have",
        words=(
            Words("TensorFlow", "Invalid reduction dimension ({axis} for input with {rank} dimension(s)"),
            Words("TensorFlow", "Invalid reduction dimension {axis} for input with {rank} dimension(s)"),
            Words("TensorFlow", "Expected dimension in the range [-{rank}, {}), but got {axis} ["),
            Words("TensorFlow", "Tried to expand dim index {axis} for tensor with {rank} dimensions."),
            Words("TensorFlow", "concat_dim must be in [-{rank}, {}) but got {axis}\n"),
            Words(
                "TensorFlow",
                "ConcatOp : Expected concatenating dimensions in the range [-{rank}, {}), but got {axis} [",
            ),
            Words("Keras", "axis {axis} is out of bounds for an array with dimension {rank}."),
            Words("Keras", "Axis {axis} is out of bounds for input shape {shape}. Received"),
            Words("Keras", "Invalid axis: {axis} for input rank: {rank}\n"),
            Words("JAX", "axis {axis} is out of bounds for array of dimension {rank}\n"),
            Words("PyTorch", "Dimension out of range (expected to be in range of [-{rank}, {}], but got {axis})"),
            Words("NumPy", "axis {axis} is out of bounds for array of dimension {rank}"),
            Words("NumPy", "axis {axis} is out of bounds for array of dimension {rank}\n"),
        ),
        cause="A tensor with n axes has the axes 0 to n - 1. Negative ones count from the end.",
        failing=_MEAN,
        mended=mend(_MEAN, "axis=2", "axis=1"),
        explain=_axis,
        rule="shape-mismatch",
    ),
    Kind(
        id="order-of-axes",
        title="transpose does not name each axis once",
        words=(
            Words(
                "TensorFlow", "transpose expects a vector of size {rank}. But input(1) is a vector of size {length} ["
            ),
            Words("TensorFlow", "Dimension must be {rank} but is {length} for '{}transpose"),
            Words(
                "Keras",
                "axis must be a list of the same length as the input shape, expected {rank}, but received {length}.",
            ),
            Words("Keras", "must be a valid permutation of the input dimensions"),
            Words("JAX", "transpose permutation isn't a permutation of operand dimensions"),
            Words(
                "PyTorch", "number of dimensions in the tensor input does not match the length of the desired ordering"
            ),
            Words("NumPy", "axes don't match array"),
        ),
        cause="transpose needs the new order of all axes, with that of the batch.",
        failing=_TRANSPOSE,
        mended=mend(_TRANSPOSE, "[1, 0]", "[0, 2, 1]"),
        explain=_permutation,
        rule="shape-mismatch",
    ),
    Kind(
        id="squeeze-of-a-longer-axis",
        title="squeeze is asked to drop an axis that is longer than 1",
        words=(
            Words("TensorFlow", "Can not squeeze dim[{axis}], expected a dimension of 1, got {size} ["),
            Words("TensorFlow", "Can not squeeze dim[{axis}], expected a dimension of 1, got {size} for"),
            Words("Keras", "Cannot squeeze axis={axis}, because the dimension is not 1"),
            Words("Keras", "Cannot squeeze axis {axis}, because the dimension is not 1"),
            Words("NumPy", "cannot select an axis to squeeze out which has size not equal to one"),
        ),
        cause="squeeze drops axes of length 1. A longer one holds values, which would be lost.",
        failing=_SQUEEZE,
        mended=mend(_SQUEEZE, "axis=2", "axis=1"),
        explain=_squeeze,
        rule="shape-mismatch",
    ),
    Kind(
        id="index-out-of-range",
        title="An index lies beyond the end",
        words=(
            Words("TensorFlow", "slice index {index} of dimension {axis} out of bounds"),
            Words("TensorFlow", "indices[{}] = [{index}] does not index into shape [{size}]"),
            Words("PyTorch", "index {index} is out of bounds for dimension {axis} with size {size}\n"),
            Words("NumPy", "index {index} is out of bounds for axis {axis} with size {size}\n"),
            Words("Keras", "but out-of-bounds index {index} was requested"),
        ),
        cause="Indices count from 0, so the last of n is n - 1.",
        failing=_INDEX,
        mended=mend(_INDEX, "x[3]", "x[2]"),
        explain=_index,
        rule="shape-mismatch",
    ),
    Kind(
        id="too-many-indices",
        title="More indices than a tensor has axes",
        words=(
            Words("TensorFlow", "Index out of range using input dim {}; input has only {rank} dims"),
            Words("Keras", "but slice has to many indices. Received"),
            Words("JAX", "Too many indices: array is {rank}-dimensional, but {n} were indexed"),
            Words("JAX", "Too many indices: {rank}-dimensional array indexed with {n} regular"),
            Words("PyTorch", "too many indices for tensor of dimension {rank}\n"),
            Words("NumPy", "too many indices for array: array is {rank}-dimensional, but {n} were indexed"),
        ),
        cause="A tensor takes one index for each axis at most.",
        failing=_MANY,
        mended=mend(_MANY, "x[0, 1]", "x[0]"),
        explain=_too_many,
        rule="shape-mismatch",
    ),
    Kind(
        id="slice-beyond-the-end",
        title="A slice is longer than what is left",
        words=(Words("TensorFlow", "Expected size[{axis}] in [0, {most}], but got {size} ["),),
        cause="tf.slice takes the first index and the number of values. Both together must not exceed the axis.",
        failing=_SLICE,
        mended=mend(_SLICE, "[3, 4])", "[3, 2])"),
        explain=_slice,
        rule="shape-mismatch",
    ),
    Kind(
        id="unequal-parts",
        title="An axis cannot be split into equal parts",
        words=(
            Words(
                "TensorFlow",
                "Number of ways to split should evenly divide the split dimension, but got split_dim {axis} (size = "
                "{size}) and num_split {ways} [",
            ),
            Words("TensorFlow", "Dimension size must be evenly divisible by {ways} but is {size} for '{}split"),
            Words("Keras", "must be divisible by `indices_or_sections` when `indices_or_sections` is an int"),
            Words("JAX", "array split does not result in an equal division"),
            Words("NumPy", "array split does not result in an equal division"),
        ),
        cause="Equal parts need a size that the number of parts divides.",
        failing=_SPLIT,
        mended=mend(_SPLIT, "tf.ones((3, 7))", "tf.ones((3, 6))"),
        explain=_split,
        rule="shape-mismatch",
    ),
    Kind(
        id="one-entry-for-each-axis",
        title="tile or pad gets too few or too many entries",
        words=(
            Words("TensorFlow", "Expected multiples argument to be a vector of length {rank} but got length"),
            Words("TensorFlow", "The first dimension of paddings must be the rank of inputs"),
            Words("Keras", "`pad_width` must have the same length as `x.shape`"),
            Words(
                "PyTorch", "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
            ),
        ),
        cause="These functions take one entry for each axis, that of the batch included.",
        failing=_TILE,
        mended=mend(_TILE, "[2]", "[2, 1]"),
        explain=_per_axis,
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
