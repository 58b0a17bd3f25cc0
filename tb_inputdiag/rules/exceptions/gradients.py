"""Steps that cannot train."""

from __future__ import annotations

from tb_inputdiag.records import LimitPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import REGRESSION, mend
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]


def _none(case: Case) -> Finding | None:
    frozen = case.facts is not None and bool(case.facts.weights) and not any(w.trainable for w in case.facts.weights)
    if frozen:
        fix = f"{case.model}.trainable = True  # then compile again"
        message = "No weight of the model is trainable, so there are no gradients."
    elif case.failure.place == "other" or case.method.startswith("apply"):
        fix = (
            "with tf.GradientTape() as tape:\n    loss = loss_fn(y, model(x, training=True))  # all of it inside of "
            "the tape, without .numpy(), float() or np\n"
            "gradients = tape.gradient(loss, model.trainable_variables)"
        )
        message = "The loss does not depend on the weights, as far as the tape has seen, so all gradients are None."
    else:
        fix = (
            "return keras.ops.mean(keras.ops.square(y_true - y_pred))  # a loss that is computed from y_pred without "
            "argmax, round, sign, comparisons, or a cast to integers"
        )
        message = "The loss has no gradient with respect to any weight: something in it cannot be differentiated."
    return case.finding(
        message,
        fix,
        seen="None for every weight",
        expected="gradients",
        subject="model",
        picture=LimitPicture(label="weights with a gradient", value=0, limit=1, bound="at least"),
    )


_ARGMAX = (
    "def loss(y_true, y_pred):\n"
    '    guess = keras.ops.cast(keras.ops.argmax(y_pred, axis=-1), "float32")\n'
    "    return keras.ops.mean(keras.ops.square(y_true - guess))\n\n"
    + mend(REGRESSION, 'loss="mse"', "loss=loss")
    + "model.fit(np.ones((8, 4)), np.ones(8))\n"
)
_FLOAT = (
    "model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])\n"
    "with tf.GradientTape() as tape:\n    loss = float(keras.ops.mean(model(np.ones((8, 4)))))\n"
    "gradients = tape.gradient(loss, model.trainable_variables)\n"
)
KINDS = (
    Kind(
        id="no-gradients",
        title="No weight gets a gradient",
        words=(
            Words("TensorFlow", "No gradients provided for any variable"),
            Words("Keras", "No gradients provided for any variable"),
            Words("PyTorch", "element 0 of tensors does not require grad and does not have a grad_fn"),
        ),
        cause="argmax, round and comparisons have no gradient, and neither has what is computed outside of the tape.",
        failing=_ARGMAX,
        mended=mend(
            _ARGMAX,
            '    guess = keras.ops.cast(keras.ops.argmax(y_pred, axis=-1), "float32")\n',
            "    guess = keras.ops.mean(y_pred, axis=-1)\n",
        ),
        explain=_none,
        rule="zero-gradient",
    ),
    Kind(
        id="loss-is-a-number",
        title="The tape is asked for the gradient of a Python number",
        words=(
            Words("TensorFlow", "Cannot convert the argument `type_value`: {value} to a TensorFlow DType"),
            Words("TensorFlow", "'float' object has no attribute 'dtype'"),
        ),
        cause="float(), .numpy() and NumPy leave the tape: the number does not know what it was computed from.",
        failing=_FLOAT,
        mended=mend(_FLOAT, "float(keras.ops.mean(model(np.ones((8, 4)))))", "keras.ops.mean(model(np.ones((8, 4))))"),
        explain=plainly(
            "The loss is the number {value}, not a tensor that the tape has seen.",
            "loss = keras.ops.mean(...)  # without float(), .numpy() and np inside of the tape",
            seen="a number",
            expected="a tensor",
            subject="loss",
        ),
        subject="loss",
    ),
)
"""Kinds of this family."""
