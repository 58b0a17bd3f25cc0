"""Dtypes that an operation cannot compute with, and memory that is not enough."""

from __future__ import annotations

import re

from tb_inputdiag.records import TensorLayout
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]


_LOOKUPS = re.compile(
    r"\b(?:gather|gather_nd|embedding_lookup|take|take_along_axis|one_hot)\((?:(?:[^,()]+,\s*)?)(?:indices=|ids=)?"
    r"([A-Za-z_][\w.]*)\s*[,)]|\w\[([A-Za-z_]\w*)\]"
)
"""A table and the ids that are looked up in it: ``tf.gather(table, ids)``, ``table[ids]``, ``tf.one_hot(ids, 3)``."""


def _in_own_function(case: Case) -> Finding | None:
    """Ids inside of a loss, metric or layer that the user wrote."""
    code = case.failure.lines[-1].partition(": ")[2] if len(case.failure.lines) > 1 else ""
    found = _LOOKUPS.search(code)
    if found is None:
        return None
    ids = found[1] or found[2]
    place = found.span(1) if found[1] else found.span(2)
    target = ids.startswith(("y_true", "target", "label"))
    because = ": Keras casts targets to the dtype of the predictions before a loss" if target else ""
    targets = case.fed("target")
    return case.finding(
        f"Ids of a lookup must be integers, and '{ids}' is {case['dtype'] or 'float'}{because}.",
        f'{code[: place[0]]}keras.ops.cast({ids}, "int32"){code[place[1] :]}',
        seen=case["dtype"] or "float",
        expected="int32 or int64",
        subject=f"target:{targets[0].name if targets else 'y'}" if target else "model",
        evidence={"line": case.failure.lines[-1]},
    )


def _float_ids(case: Case) -> Finding | None:
    inside = _in_own_function(case)
    if inside is not None:
        return inside
    name = case.variable("x") if case.argument("x") is not None else case.variable("args/0")
    name = "x" if "/" in name else name
    return case.finding(
        f"Ids of a lookup must be integers, and '{name}' is {case['dtype'] or 'float'}.",
        f'{name} = {name}.astype("int32")  # inside of a model: keras.ops.cast({name}, "int32")',
        seen=case["dtype"] or "float",
        expected="int32 or int64",
        subject="input:x",
    )


_HALF = {"float16", "half", "bfloat16"}
_PLAIN = {"double": "float64", "float": "float32", "half": "float16"}
_OPERATION = re.compile(r"(?:node |cannot compute |of ')(\w+)")


def _dtype(text: str) -> str:
    name = text.strip(" '`.,").removeprefix("tf.").removeprefix("torch.").lower()
    return _PLAIN.get(name, name)


def _better(one: str, other: str) -> str:
    """Returns the dtype that both operands should have: floats before integers, and float32 before float64."""
    floats = [name for name in (one, other) if "float" in name]
    if len(floats) == 1:
        return floats[0]
    return "float32" if floats else "int64"


def _fed_with(case: Case, dtype: str) -> TensorLayout | None:
    """Returns the input or target that was fed with this dtype."""
    return next((tensor for tensor in case.failure.fed if _dtype(tensor.dtype) == dtype), None)


def _named_with(case: Case, dtype: str) -> str:
    """Returns the variable of a dtype: in the line that raised, or among the arguments; empty if it is unknown."""
    inside = (v.name for operand in case.failure.operands for v in operand.variables if _dtype(v.dtype) == dtype)
    given = (a.variable for a in case.arguments.values() if a.variable and _dtype(a.dtype) == dtype)
    return next(inside, "") or next(given, "")


def _mixed(case: Case) -> Finding | None:
    got, wanted = _dtype(case["got"]), _dtype(case["wanted"])
    if not got or not wanted:
        return None
    half = next((name for name in (got, wanted) if name in _HALF), "")
    lines = case.failure.lines
    own = lines[-1] if len(lines) > 1 or (lines and "call()" in case.text) else ""
    if half and "float32" in (got, wanted):
        return case.finding(
            f"An operation gets {half}, the dtype that the layer computes in, and float32, that of a constant or "
            "variable.",
            "x = inputs * keras.ops.cast(constant, inputs.dtype)  # the dtype of the layer's inputs",
            seen=f"{got} and {wanted}",
            expected=half,
            evidence={"line": own} if own else None,
        )
    if case.failure.call and case.method in ("fit", "evaluate", "predict") and not own:
        return None
    if "string" in (got, wanted):
        return case.finding(
            f"An operation gets text and numbers ({got} and {wanted}).",
            "x = tf.strings.to_number(x)  # text -> numbers; the other way round: tf.strings.as_string(x)",
            seen=f"{got} and {wanted}",
            expected="one dtype",
        )
    right = _better(got, wanted)
    wrong = wanted if right == got else got
    if {got, wanted} == {"float32", "float64"}:
        wrong = "float64"
    fed = None if own else _fed_with(case, wrong)
    name = _named_with(case, wrong) or (fed.name if fed is not None else "x")
    operation = _OPERATION.search(case.text)
    return case.finding(
        f"{operation[1] if operation is not None else 'An operation'} gets {got} and {wanted}, and takes "
        "one dtype only.",
        f'{name.rpartition(".")[2]} = keras.ops.cast({name}, "{right}")'
        f"  # the one that is {wrong}, before the operation",
        seen=f"{got} and {wanted}",
        expected=right,
        subject=fed.subject if fed is not None else "",
        evidence={"line": own} if own else None,
    )


def _unsuitable(case: Case) -> Finding | None:
    got, allowed = _dtype(case["dtype"]), case["allowed"]
    names = [_dtype(word) for word in re.findall(r"\w+", allowed.partition(";")[0])]
    right = next((name for name in ("float32", "int32", "int64", "string", "bool") if name in names), "")
    of_step = bool(case.failure.call) and case.method in ("fit", "evaluate", "predict") and len(case.failure.lines) < 2
    if not right or of_step:
        return None
    held = [a for a in case.arguments.values() if a.variable and _dtype(a.dtype) == got]
    fed = _fed_with(case, got)
    name = held[0].variable if held else fed.name if fed is not None else "x"
    operation = case["op"] or "The operation"
    return case.finding(
        f"{operation} computes with {'floats' if 'float' in right else right}, and gets {got}.",
        f'{name} = keras.ops.cast({name}, "{right}")',
        seen=got,
        expected=right,
        subject=fed.subject if fed is not None and not held else "",
        evidence={"line": case.failure.lines[-1]} if case.failure.lines else None,
    )


_MODEL = """\
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x):
        return self.dense(x) * tf.constant(2.0, tf.float64)

model = Net()
model.compile(optimizer="adam", loss="mse")
model.fit(np.ones((8, 4)), np.ones(8))
"""
_LOOKUP = "table = tf.Variable(np.random.rand(10, 4))\nrows = tf.nn.embedding_lookup(table, np.ones((2, 3)))\n"
_SOFTMAX = "x = tf.constant([1, 2, 3])\ny = tf.nn.softmax(x)\n"
_LARGE = "x = tf.zeros((4, 4))\nbig = tf.tile(x, (400_000, 400_000))\n"
KINDS = (
    Kind(
        id="float-ids",
        title="Ids are floats",
        words=(
            Words("TensorFlow", "Value for attr 'Tindices' of {dtype} is not in the list of allowed values"),
            Words("TensorFlow", "Value passed to parameter 'indices' has DataType {dtype} not in list of allowed"),
            Words("PyTorch", "Expected tensor for argument #1 'indices' to have one of the following scalar types"),
            Words("JAX", "Indexer must have integer or boolean type, got indexer with type {dtype}"),
            Words("JAX", "indices must have an integer type"),
        ),
        cause="An id says which row of a table is meant, so it is a whole number.",
        failing=_LOOKUP,
        mended=mend(_LOOKUP, "np.ones((2, 3))", 'np.ones((2, 3), "int32")'),
        explain=_float_ids,
        rule="dtype-mismatch",
    ),
    Kind(
        id="unknown-dtype",
        title="A dtype that Keras does not know",
        words=(
            Words("Keras", "Cannot convert '{name}' to a mixed precision DTypePolicy"),
            Words("Keras", "Cannot interpret `dtype` argument. {}Received: dtype={name}"),
        ),
        cause='`dtype` is "float32", "float16", "bfloat16", "float64", "mixed_float16" or "mixed_bfloat16".',
        failing='layer = keras.layers.Dense(3, dtype="float23")\n',
        mended='layer = keras.layers.Dense(3, dtype="float32")\n',
        explain=plainly(
            "Keras has no dtype '{name}'.",
            'dtype="float32"  # or "mixed_float16"',
            seen="{name}",
            expected="float32, mixed_float16, ...",
        ),
    ),
    Kind(
        id="mixed-dtypes",
        title="An operation gets tensors of two dtypes",
        words=(
            Words("TensorFlow", "Op has type {got} that does not match type {wanted} of argument"),
            Words("TensorFlow", "`x` and `y` must have the same dtype, got {got} != {wanted}.\n"),
            Words("TensorFlow", "Tensor conversion requested dtype {wanted} for Tensor with dtype {got}:"),
            Words(
                "TensorFlow",
                "cannot compute {op} as input #{n}(zero-based) was expected to be a {wanted} tensor but "
                "is a {got} tensor",
            ),
            Words("PyTorch", "expected m1 and m2 to have the same dtype, but got: {got} != {wanted}\n"),
            Words("PyTorch", "expected scalar type {wanted} but found {got}\n"),
            Words("JAX", "requires arguments to have {}same dtypes, got {got}, {wanted}. "),
            Words("JAX", "lax.dot_general requires arguments to have same dtypes"),
        ),
        cause="TensorFlow does not convert dtypes by itself: NumPy makes float64, Keras computes in float32.",
        failing=_MODEL,
        mended=mend(_MODEL, "tf.constant(2.0, tf.float64)", "tf.constant(2.0)"),
        explain=_mixed,
        rule="dtype-mismatch",
    ),
    Kind(
        id="dtype-of-an-operation",
        title="An operation does not compute with a dtype",
        words=(
            Words(
                "TensorFlow",
                "Value for attr '{}' of {dtype} is not in the list of allowed values: {allowed} ; "
                "NodeDef: {{node {op}}}",
            ),
            Words("TensorFlow", "Value for attr '{}' of {dtype} is not in the list of allowed values: {allowed}\n"),
            Words(
                "TensorFlow",
                "Value passed to parameter '{}' has DataType {dtype} not in list of allowed values: {allowed}\n",
            ),
            Words("PyTorch", "\"{op}\" not implemented for '{dtype}'"),
            Words("JAX", "{op} requires {}inexact dtype{}got {dtype}"),
            Words("JAX", "{op} does not accept dtype {dtype}. Accepted dtypes are subtypes of {allowed}\n"),
        ),
        cause="Functions such as softmax, log and sqrt take floats. Class ids, and indices, are integers.",
        failing=_SOFTMAX,
        mended=mend(_SOFTMAX, "[1, 2, 3]", "[1.0, 2.0, 3.0]"),
        explain=_unsuitable,
        rule="dtype-mismatch",
    ),
    Kind(
        id="out-of-memory",
        title="The memory of the device is not enough",
        words=(
            Words("TensorFlow", "OOM when allocating tensor with shape"),
            Words("TensorFlow", "ResourceExhaustedError"),
            Words("JAX", "RESOURCE_EXHAUSTED: Out of memory"),
            Words("PyTorch", "CUDA out of memory"),
            Words("PyTorch", "DefaultCPUAllocator: can't allocate memory"),
        ),
        cause="The outputs of the layers take most of the memory, and they grow with the batch.",
        failing=_LARGE,
        mended=mend(_LARGE, "400_000, 400_000", "4, 4"),
        explain=None,
        rule="out-of-memory",
    ),
)
"""Kinds of this family."""
