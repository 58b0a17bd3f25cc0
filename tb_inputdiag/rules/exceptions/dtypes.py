"""Dtypes that an operation cannot compute with, and memory that is not enough."""

from __future__ import annotations

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]


def _float_ids(case: Case) -> Finding | None:
    name = case.variable("x") if case.argument("x") is not None else case.variable("args/0")
    name = "x" if "/" in name else name
    return case.finding(
        f"Ids of a lookup must be integers, and '{name}' is {case['dtype'] or 'float'}.",
        f'{name} = {name}.astype("int32")  # inside of a model: keras.ops.cast({name}, "int32")',
        seen=case["dtype"] or "float",
        expected="int32 or int64",
        subject="input:x",
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
            Words(
                "TensorFlow",
                "cannot compute {op} as input #{n}(zero-based) was expected to be a {wanted} tensor but "
                "is a {got} tensor",
            ),
            Words("PyTorch", "expected m1 and m2 to have the same dtype"),
            Words("PyTorch", "expected scalar type {wanted} but found {got}"),
            Words("JAX", "lax.dot_general requires arguments to have same dtypes"),
        ),
        cause="TensorFlow does not convert dtypes by itself: NumPy makes float64, Keras computes in float32.",
        failing=_MODEL,
        mended=mend(_MODEL, "tf.constant(2.0, tf.float64)", "tf.constant(2.0)"),
        explain=None,
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
