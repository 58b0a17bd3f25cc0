"""Layers, models and losses of the user's own."""

from __future__ import annotations

import re

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.text import join

__all__ = ["KINDS"]

_SUPER = """\
class Net(keras.Model):
    def __init__(self, units):
        self.dense = keras.layers.Dense(units)

    def call(self, x):
        return self.dense(x)

y = Net(3)(np.ones((2, 4)))
"""
_CALL = """\
class Twice(keras.layers.Layer):
    def forward(self, x):
        return x * 2

y = Twice()(np.ones((2, 3)))
"""
_BUILD = """\
class Scale(keras.layers.Layer):
    def build(self, input_shape):
        self.w = self.add_weight("w", (3,))

    def call(self, x):
        return x * self.w

y = Scale()(np.ones((2, 3)))
"""
_THREE = """\
def weighted(y_true, y_pred, weight):
    return weight * keras.ops.mean(keras.ops.square(y_true - y_pred))

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss=weighted)
model.fit(np.ones((8, 4)), np.ones((8, 1)))
"""
_OUTPUT = """\
class Twice(keras.layers.Layer):
    def call(self, x):
        return tf.py_function(lambda t: t * 2, [x], tf.float32)

model = keras.Sequential([keras.Input((4,)), Twice(), keras.layers.Dense(1)])
"""
_NOTHING = """\
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x):
        self.dense(x)

model = Net()
model.compile(optimizer="adam", loss="mse")
model.fit(np.ones((8, 4)), np.ones(8))
"""
_LOSS = """\
def loss(y_true, y_pred):
    keras.ops.mean(keras.ops.square(y_true - y_pred))

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss=loss)
model.fit(np.ones((8, 4)), np.ones(8))
"""
_LAMBDA = "inputs = keras.Input((4,))\nx = keras.layers.Lambda(lambda t: np.asarray(t) * 2)(inputs)\n"
_OTHER_CAUSE = re.compile(
    r"that does not match type|Dimensions must be equal|[Ii]ncompatible shapes|requested dtype|same dtype|[Mm]atMul|"
    r"not in the list of allowed|must be evenly divisible|must match the size of tensor|contracting dimension"
)
"""Words of an exception that says itself why `call` failed."""
_NONE = (
    Words("TensorFlow", "None values not supported"),
    Words("TensorFlow", "Attempt to convert a value (None) with an unsupported type (<class 'NoneType'>) to a Tensor"),
    Words("Keras", "Tried to convert 'x' to a tensor and failed. Error: None values not supported"),
    Words("JAX", "None is not a valid value for jnp.array"),
    Words("JAX", "Gradient only defined for scalar-output functions. Output was: None"),
    Words("PyTorch", "'NoneType' object has no attribute 'backward'"),
    Words("PyTorch", "Invalid dtype: object"),
    Words("Python", "unsupported operand type(s) for *: 'NoneType' and"),
)


def _returns_none(case: Case) -> Finding | None:
    facts = case.facts
    own_model = facts is not None and facts.kind == "subclassed"
    loss = facts.loss if facts is not None else None
    own_loss = isinstance(loss, dict) and bool(loss.get("custom"))
    if case.failure.arguments and not own_model and not own_loss:
        return None
    of_data = any(a.element_types or a.text_columns for a in case.arguments.values())
    if "Invalid dtype" in case.text and (of_data or not (own_model or own_loss)):
        return None
    if own_loss and not own_model:
        what, subject, fix = "loss", "loss", "return keras.ops.mean(keras.ops.square(y_true - y_pred))"
    elif own_model and not own_loss:
        what, subject, fix = "method `call` of the model", "model", "return x  # the last line of `call`"
    else:
        what, subject, fix = "loss, or the method `call` of the model,", "loss", "return ...  # the last line"
    return case.finding(
        f"The {what} returns None: its `return` is missing.",
        f"{fix}\n# or the targets are missing: {case.model}.{case.method}(x, y)" if not case.failure.arguments else fix,
        seen="None",
        expected="a tensor",
        subject=subject,
    )


def _arguments_of_a_loss(case: Case) -> Finding | None:
    """A loss or metric that is a function of something else than y_true and y_pred."""
    name = case["name"].rpartition(" ")[2].rpartition(".")[2]
    trains = case.method in ("fit", "evaluate", "train_on_batch", "test_on_batch")
    if "." in case["name"].replace("<locals>.", "") or not name.isidentifier() or not trains:
        return None
    names = re.findall(r"'(\w+)'", case["names"])
    if not names or "y_pred" in names:
        fix = f"def {name}(y_true, y_pred):  # a loss or metric takes these two, in this order\n    ..."
    else:
        words = ", ".join(names)
        fix = (
            f"def make({words}):\n    def of_two(y_true, y_pred):\n        return {name}(y_true, y_pred, {words})\n"
            f"    return of_two\n\n{case.model}.compile(..., loss=make(...))  # with a value for {words}"
        )
    return case.finding(
        f"Keras calls a loss or metric with y_true and y_pred, and {name} takes other arguments"
        f"{f', such as {join(names)}' if names else ''}.",
        fix,
        seen=f"{name}({', '.join(names) or '...'})",
        expected=f"{name}(y_true, y_pred)",
        subject="loss",
    )


KINDS = (
    Kind(
        id="arguments-of-a-loss",
        title="A loss or metric of your own takes other arguments than y_true and y_pred",
        words=(
            Words("Python", "TypeError: {name}() missing {n} required positional argument{}: {names}\n"),
            Words("Python", "TypeError: {name}() takes {n} positional argument{}but {m} were given\n"),
        ),
        cause="Keras calls a loss and a metric with the targets and the predictions.",
        failing=_THREE,
        mended=mend(_THREE, "y_pred, weight)", "y_pred, weight=2.0)"),
        explain=_arguments_of_a_loss,
        subject="loss",
    ),
    Kind(
        id="returns-none",
        title="A loss or `call` returns nothing",
        words=_NONE,
        cause="A Python function without `return` returns None.",
        failing=_LOSS,
        mended=mend(_LOSS, "    keras.ops.mean", "    return keras.ops.mean"),
        explain=_returns_none,
        subject="loss",
    ),
    Kind(
        id="super-init-missing",
        title="A layer or model does not call super().__init__()",
        words=(
            Words("Keras", "you forgot to call `super().__init__()`"),
            Words("Keras", "It looks like you are subclassing `Model` and you forgot to call `super().__init__()`"),
            Words("PyTorch", "cannot assign module before Module.__init__() call"),
            Words("Python", "object has no attribute '_tracker'"),
            Words("Python", "object has no attribute '_auto_config'"),
        ),
        cause="`Layer.__init__` keeps the list of weights and layers, so it comes before the first attribute.",
        failing=_SUPER,
        mended=mend(_SUPER, "        self.dense", "        super().__init__()\n        self.dense"),
        explain=plainly(
            "A class of your own has an __init__ that does not call that of its base class.",
            "def __init__(self, ..., **kwargs):\n    super().__init__(**kwargs)  # the first line",
            seen="no super().__init__()",
            expected="super().__init__(**kwargs)",
        ),
    ),
    Kind(
        id="call-missing",
        title="A layer or model has no method `call`",
        words=(
            Words("Keras", "does not have a `call()` method implemented"),
            Words("Keras", "does not have a `call` method implemented"),
            Words("Keras", "Unimplemented `tf.keras.Model.call()`"),
            Words("Keras", "When subclassing the `Model` class, you should implement a `call` method"),
        ),
        cause="Keras computes a layer's output with its method `call`. PyTorch's name is `forward`.",
        failing=_CALL,
        mended=mend(_CALL, "forward", "call"),
        explain=plainly(
            "A layer or model of your own has no method `call`.",
            "def call(self, inputs):  # indented in the class; not `forward`, not `__call__`\n    return ...",
            seen="no `call`",
            expected="def call(self, inputs)",
        ),
    ),
    Kind(
        id="weight-name-first",
        title="add_weight gets the name first",
        words=(
            Words("Keras", "`name` must be passed as a keyword argument"),
            Words("Keras", "add_weight() got multiple values for argument 'shape'"),
            Words("Keras", "add_weight() got multiple values for argument"),
        ),
        cause="The first argument of add_weight is the shape since Keras 3.",
        failing=_BUILD,
        mended=mend(_BUILD, 'add_weight("w", (3,))', 'add_weight(shape=(3,), name="w")'),
        explain=plainly(
            "add_weight got the name as its first argument, which is the shape in Keras 3.",
            'self.w = self.add_weight(shape=(3,), name="w")',
            seen="add_weight(name, shape)",
            expected="add_weight(shape=..., name=...)",
        ),
    ),
    Kind(
        id="lambda-output-shape",
        title="Keras cannot find out what a Lambda returns",
        words=(
            Words("Keras", "We could not automatically infer the shape of the Lambda's output"),
            Words("Keras", "We could not automatically infer the static shape of the Lambda's output"),
        ),
        cause="A Lambda runs once on a placeholder. A function that needs values, such as one of NumPy, fails there.",
        failing=_LAMBDA,
        mended=mend(_LAMBDA, "np.asarray(t) * 2", "t * 2"),
        explain=plainly(
            "The function of a Lambda layer fails on a symbolic tensor, so the shape of its output is not known.",
            "keras.layers.Lambda(lambda x: keras.ops.exp(x))  # functions of keras.ops\n"
            "# or say the shape: keras.layers.Lambda(function, output_shape=(4,))",
            seen="a function that needs values",
            expected="keras.ops, or output_shape",
        ),
    ),
    Kind(
        id="output-shape-unknown",
        title="Keras cannot find out the output shape of a layer",
        words=(
            Words("Keras", "Could not automatically infer the output shape / dtype of '{layer}'"),
            Words("Keras", "should implement `def compute_output_shape(self, input_shape)`"),
            Words("Keras", "Cannot iterate over a shape with unknown rank"),
            Words("TensorFlow", "as_list() is not defined on an unknown TensorShape"),
        ),
        cause="While the model is built, `call` runs on placeholders. If that fails, the layer has to say its shape.",
        failing=_OUTPUT,
        mended=mend(
            _OUTPUT,
            "    def call",
            "    def compute_output_shape(self, input_shape):\n        return input_shape\n\n    def call",
        ),
        explain=lambda case: (
            None
            if _OTHER_CAUSE.search(case.text)
            else plainly(
                "The output shape of layer '{layer}' is not known, because its `call` fails on "
                "placeholders or drops the "
                "shape.",
                "def compute_output_shape(self, input_shape):\n"
                "    return input_shape  # the shape of what `call` returns\n"
                "# and use keras.ops in `call`; after tf.py_function: y.set_shape(x.shape)",
                seen="an unknown shape",
                expected="compute_output_shape",
            )(case)
        ),
    ),
)
"""Kinds of this family."""
