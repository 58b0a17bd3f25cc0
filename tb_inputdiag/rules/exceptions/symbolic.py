"""Symbolic tensors: placeholders of a model that is being built, and tensors of a function that is being traced."""

from __future__ import annotations

import re

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.keras_functions import keras_name
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import REGRESSION, mend
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]


_ASSIGNED = re.compile(r"(\w+\s*=\s*)?tf\.[\w.]+\((\w+)(,.*)?\)$")
"""A line that is a call of a TensorFlow function on one variable."""


_DRAWN = re.compile(r"(.*\b(?:keras\.)?random\.(?!SeedGenerator)\w+)\(")
"""A line, up to the arguments of the function that draws."""


def _unseeded(case: Case) -> Finding:
    line = case.failure.lines[-1].partition(": ")[2] if case.failure.lines else ""
    layer = re.search(r"Exception encountered when calling (\w+)\.call\(\)", case.text)
    owner = layer[1] if layer is not None else "the layer"
    return case.finding(
        f"{layer[1] if layer is not None else 'A line of the program'} draws random numbers without a seed generator"
        f"{f': {line}' if line else ''}.",
        f"self.seed_generator = keras.random.SeedGenerator()  # in __init__ of {owner}\n{_with_seed(line)}",
        seen="no seed",
        expected="seed=self.seed_generator",
    )


def _with_seed(line: str) -> str:
    """Returns the line with a seed as last argument of the function that draws."""
    drawn = _DRAWN.match(line)
    depth, end = 0, 0
    for place in range(drawn.end() - 1 if drawn is not None else len(line), len(line)):
        depth += {"(": 1, ")": -1}.get(line[place], 0)
        if not depth:
            end = place
            break
    if not end:
        return "keras.random.normal(shape, seed=self.seed_generator)  # in call"
    return f"{line[:end]}, seed=self.seed_generator{line[end:]}"


def _tensorflow_function(case: Case) -> Finding | None:
    line = case.failure.lines[-1].partition(": ")[2] if case.failure.lines else ""
    called = line.partition("tf.")[2].partition("(")[0]
    return case.finding(
        f"{f'tf.{called}' if called else 'A TensorFlow function'} got a KerasTensor, which holds no values: it stands "
        f"for what the model will compute.",
        _in_keras(line, called) if called else "keras.ops.square(x)  # keras.ops in place of tf",
        seen="a KerasTensor",
        expected="a tensor, inside of a layer",
    )


def _in_keras(line: str, called: str) -> str:
    """Returns the line with Keras' own function in place of TensorFlow's, or with a layer around it."""
    same = keras_name(called)
    if same is None:
        found = _ASSIGNED.match(line)
        given, tensor, rest = found.groups("") if found is not None else ("", "inputs", ", ...")
        layer = f"{given}keras.layers.Lambda(lambda x: tf.{called}(x{rest}))({tensor})"
        return f"{layer}  # a layer around it: keras.ops has none like it"
    direct = line.replace(f"tf.{called}(", f"{same}(") if line.count("(") == line.count(")") else f"{same}(...)"
    for old, new in (("keep_dims=", "keepdims="), ("perm=", "axes="), ("depth=", "num_classes=")):
        direct = direct.replace(old, new)
    return f"{direct}  # Keras' own function in place of tf.{called}"


def _loss(body: str) -> str:
    return (
        f"def loss(y_true, y_pred):\n{body}\n\n"
        + mend(REGRESSION, 'loss="mse"', "loss=loss")
        + "model.fit(np.ones((8, 4)), np.ones(8))\n"
    )


_METRICS = {
    "f1_score": "F1Score(threshold=0.5)",
    "fbeta_score": "FBetaScore(threshold=0.5)",
    "precision_score": "Precision()",
    "recall_score": "Recall()",
    "roc_auc_score": "AUC()",
    "average_precision_score": 'AUC(curve="PR")',
    "r2_score": "R2Score()",
    "mean_squared_error": "MeanSquaredError()",
    "mean_absolute_error": "MeanAbsoluteError()",
    "root_mean_squared_error": "RootMeanSquaredError()",
    "log_loss": "BinaryCrossentropy()",
}
"""Function of scikit-learn -> the metric of Keras that computes the same."""


def _numpy_in_graph(case: Case) -> Finding | None:
    line = case.failure.lines[-1].partition(": ")[2] if case.failure.lines else ""
    names = [name for name in re.findall(r"\b(\w+)\(", line) if name in _METRICS]
    if names:
        name = names[0]
        return case.finding(
            f"{name} of scikit-learn is called inside of the training step, where tensors have no values yet.",
            f"{case.model}.compile(..., metrics=[keras.metrics.{_METRICS[name]}])  # in place of {name}",
            seen=name,
            expected=f"keras.metrics.{_METRICS[name]}",
        )
    return case.finding(
        "NumPy is called inside of the training step, where tensors have no values yet.",
        "keras.ops.mean(keras.ops.abs(y_true - y_pred))  # keras.ops in place of np: it has the same functions",
        seen="np",
        expected="keras.ops",
        subject="loss",
    )


def _condition(case: Case) -> Finding | None:
    layer = re.search(r"Exception encountered when calling (\w+)\.call\(\)", case.text)
    if layer is not None and layer[1] in _ACTIVATED and len(case.failure.lines) == 1:
        return case.finding(
            f"The activation of {layer[1]} asks a tensor for its value, as a class such as LeakyReLU does that was "
            "given in place of an instance.",
            f"keras.layers.{layer[1]}(..., activation=keras.layers.LeakyReLU())  # an instance, not the class",
            seen="a class",
            expected="an instance, or a name",
        )
    if "more than one" in case.text:  # of any array, also outside of a model
        return None
    return case.finding(
        "Python asks a tensor for its value while the training step is traced, where it has none.",
        "keras.ops.where(condition, a, b)  # in place of `if`; keras.ops.maximum(a, b) in place of max",
        seen="if, max, for",
        expected="keras.ops.where, keras.ops.maximum",
        subject="loss",
    )


_ACTIVATED = ("Dense", "Activation", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D", "EinsumDense")
"""Layers of Keras that call an activation."""
_NUMPY = _loss("    return np.mean(np.abs(y_true - y_pred))")
_METHOD = _loss("    print(y_pred.numpy())\n    return keras.ops.mean(keras.ops.abs(y_true - y_pred))")
_IF = _loss("    error = keras.ops.mean(keras.ops.abs(y_true - y_pred))\n    return max(error, 0.1)")
_UNSEEDED = """\
class Noise(keras.layers.Layer):
    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x))

x, y = np.random.rand(8, 4), np.zeros(8)
model = keras.Sequential([Noise(), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y)
"""
_SEEDED = """\
class Noise(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x), seed=self.seed_generator)

x, y = np.random.rand(8, 4), np.zeros(8)
model = keras.Sequential([Noise(), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y)
"""
KINDS = (
    Kind(
        id="random-numbers-without-a-seed",
        title="A layer of your own draws random numbers without a seed generator",
        words=(Words("Keras", "[JAX RNG] When tracing a JAX function, you should only use seeded random ops"),),
        cause="JAX traces the step once. Without a SeedGenerator, each batch would get the numbers of the first one.",
        failing=_UNSEEDED,
        mended=_SEEDED,
        explain=_unseeded,
        backend="jax",
    ),
    Kind(
        id="tensorflow-function-of-symbolic",
        title="A TensorFlow function gets a KerasTensor",
        words=(
            Words("Keras", "A KerasTensor cannot be used as input to a TensorFlow function"),
            Words("Keras", "KerasTensor{}cannot be converted to a tensor"),
            Words("JAX", "Cannot interpret value of type {}KerasTensor{} as an abstract array"),
        ),
        cause="While a Functional model is built, its tensors are placeholders. Only layers and `keras.ops` take them.",
        failing="inputs = keras.Input((4,))\nx = tf.square(inputs)\n",
        mended="inputs = keras.Input((4,))\nx = keras.ops.square(inputs)\n",
        explain=_tensorflow_function,
    ),
    Kind(
        id="numpy-function-of-symbolic",
        title="A NumPy function gets a KerasTensor",
        words=(Words("Keras", "A KerasTensor is symbolic: it's a placeholder for a shape an"),),
        cause="While a Functional model is built, its tensors are placeholders. NumPy would need their values.",
        failing="inputs = keras.Input((4,))\nx = np.exp(inputs)\n",
        mended="inputs = keras.Input((4,))\nx = keras.ops.exp(inputs)\n",
        explain=plainly(
            "A NumPy function got a KerasTensor, which holds no values: it stands for what the model will compute.",
            "x = keras.ops.exp(x)  # keras.ops has the functions of NumPy; for the values: model.predict(x)",
            seen="a KerasTensor",
            expected="an array, or a function of keras.ops",
        ),
    ),
    Kind(
        id="condition-on-symbolic",
        title="`if` asks a KerasTensor for its value",
        words=(
            Words("Keras", "A symbolic KerasTensor cannot be used as a boolean"),
            Words("Keras", "Iterating over a symbolic KerasTensor is not supported"),
        ),
        cause="The model is built once, before there is data. Python cannot choose by values that come later.",
        failing="inputs = keras.Input((4,))\nx = inputs * 2 if keras.ops.sum(inputs) > 0 else inputs\n",
        mended="inputs = keras.Input((4,))\nx = keras.ops.where(keras.ops.sum(inputs) > 0, inputs * 2, inputs)\n",
        explain=plainly(
            "Python asks a KerasTensor for its value, and it has none while the model is built.",
            "x = keras.ops.where(condition, a, b)  # or keras.ops.cond; in place of `if`",
            seen="if, while, for",
            expected="keras.ops.where, keras.ops.cond",
        ),
    ),
    Kind(
        id="numpy-function-in-graph",
        title="A NumPy function in a loss, metric or layer",
        words=(
            Words("TensorFlow", "Cannot convert a symbolic tf.Tensor ({}) to a numpy array"),
            Words("TensorFlow", "Cannot convert a symbolic Tensor"),
            Words("TensorFlow", "NumPy array conversion of a symbolic"),
            Words("JAX", "TracerArrayConversionError"),
            Words("PyTorch", "Can't call numpy() on Tensor that requires grad"),
            Words("PyTorch", "received an invalid combination of arguments - got (axis="),
            Words("PyTorch", "got an unexpected keyword argument 'axis'"),
            Words("PyTorch", "can't convert cuda:0 device type tensor to numpy"),
        ),
        cause="`fit` traces the step into a graph. Its tensors have no values that NumPy could read.",
        failing=_NUMPY,
        mended=mend(_NUMPY, "np.mean(np.abs(y_true - y_pred))", "keras.ops.mean(keras.ops.abs(y_true - y_pred))"),
        explain=_numpy_in_graph,
    ),
    Kind(
        id="numpy-method-in-graph",
        title="`.numpy()` in a loss, metric or layer",
        words=(
            Words("TensorFlow", "'SymbolicTensor' object has no attribute 'numpy'"),
            Words("TensorFlow", "'Tensor' object has no attribute 'numpy'"),
            Words("TensorFlow", "numpy() is only available when eager execution is enabled"),
            Words("Keras", "'KerasTensor' object has no attribute 'numpy'"),
            Words("JAX", "object has no attribute 'numpy'"),
            Words("JAX", "Tracer has no attribute numpy"),
        ),
        cause="`fit` traces the step into a graph. Its tensors have no values until the graph runs.",
        failing=_METHOD,
        mended=mend(_METHOD, "y_pred.numpy()", "y_pred.shape"),
        explain=plainly(
            "`.numpy()` is called inside of the training step, where tensors have no values yet.",
            "keras.ops.mean(y_pred)  # keras.ops in place of .numpy() and NumPy\n"
            "# to look at values, slowly, on TensorFlow: {model}.compile(..., run_eagerly=True)",
            seen=".numpy()",
            expected="keras.ops",
            subject="loss",
        ),
    ),
    Kind(
        id="condition-in-graph",
        title="`if`, `max` or `for` asks a tensor for its value while the step is traced",
        words=(
            Words("TensorFlow", "Using a symbolic `tf.Tensor` as a Python `bool` is not allowed"),
            Words("TensorFlow", "using a `tf.Tensor` as a Python `bool` is not allowed"),
            Words("TensorFlow", "Iterating over a symbolic `tf.Tensor` is not allowed"),
            Words("TensorFlow", "iterating over `tf.Tensor` is not allowed"),
            Words("JAX", "TracerBoolConversionError"),
            Words("JAX", "ConcretizationTypeError"),
            Words("JAX", "The truth value of an array with more than one element is ambiguous"),
            Words("PyTorch", "Boolean value of Tensor with more than one value is ambiguous"),
        ),
        cause="The step is traced once, without values. Python's `if`, `max` and `for` need them at once.",
        failing=_IF,
        mended=mend(_IF, "max(error", "keras.ops.maximum(error"),
        explain=_condition,
    ),
    Kind(
        id="variable-in-traced-function",
        title="A tf.function creates a variable in each call",
        words=(
            Words("TensorFlow", "tf.function only supports singleton tf.Variables created on the first call"),
            Words("TensorFlow", "tf.function-decorated function tried to create variables on non-first call"),
        ),
        cause="A traced function runs many times, and a variable is to be made once.",
        failing="@tf.function\ndef step(x):\n    w = tf.Variable(2.0)\n    return w * x\n\nprint(step(1.0))\n",
        mended="w = tf.Variable(2.0)\n\n@tf.function\ndef step(x):\n    return w * x\n\nprint(step(1.0))\n",
        explain=plainly(
            "A function under tf.function, or the training step, creates variables each time it is called.",
            "# Create layers, optimizers and variables once, outside of the function:\n"
            "w = tf.Variable(2.0)\n\n@tf.function\ndef step(x): ...",
            seen="variables made inside",
            expected="variables made before",
        ),
    ),
    Kind(
        id="operation-without-xla",
        title="XLA cannot compile an operation of the model",
        words=(
            Words(
                "TensorFlow",
                "Detected unsupported operations when trying to compile graph {graph} on {device}: {operations}\n",
            ),
            Words("TensorFlow", "{}is not supported by XLA"),
            Words("TensorFlow", "(No registered '{operations}' OpKernel for XLA_"),
            Words("JAX", "is not a valid JAX type"),
        ),
        cause="`jit_compile=True` compiles the whole step with XLA, which has no strings and no Python functions.",
        failing=(
            "class Parse(keras.layers.Layer):\n    def call(self, x):\n"
            "        return tf.strings.to_number(tf.as_string(x))\n\n"
            "model = keras.Sequential([keras.Input((4,)), Parse(), keras.layers.Dense(1)])\n"
            'model.compile(optimizer="adam", loss="mse", jit_compile=True)\nmodel.fit(np.ones((8, 4)), np.ones(8))\n'
        ),
        mended=(
            "class Parse(keras.layers.Layer):\n    def call(self, x):\n"
            "        return tf.strings.to_number(tf.as_string(x))\n\n"
            "model = keras.Sequential([keras.Input((4,)), Parse(), keras.layers.Dense(1)])\n"
            'model.compile(optimizer="adam", loss="mse", jit_compile=False)\nmodel.fit(np.ones((8, 4)), np.ones(8))\n'
        ),
        explain=plainly(
            "XLA cannot compile a part of the step: {operations}",
            "{model}.compile(..., jit_compile=False)\n"
            "# or do it before training: dataset.map(...) runs outside of the compiled step",
            seen="{operations}",
            expected="operations that XLA has",
        ),
    ),
)
"""Kinds of this family."""
