"""Names of losses, optimizers, metrics, activations, ... that Keras does not know."""

from __future__ import annotations

import re

from tb_inputdiag.errors import did_you_mean
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Explanation, Kind
from tb_inputdiag.rules.exceptions.programs import REGRESSION, mend, program
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]

_LOSSES = (
    *("mse", "mae", "mape", "msle", "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("mean_squared_logarithmic_error", "binary_crossentropy", "categorical_crossentropy", "huber", "hinge"),
    *("sparse_categorical_crossentropy", "binary_focal_crossentropy", "categorical_focal_crossentropy", "log_cosh"),
    *("poisson", "kl_divergence", "cosine_similarity", "squared_hinge", "categorical_hinge", "ctc", "dice", "tversky"),
)
_OPTIMIZERS = (
    *("adam", "sgd", "rmsprop", "adamw", "adagrad", "adadelta", "adamax", "nadam", "ftrl", "adafactor", "lion"),
    *("lamb", "muon"),
)
_METRICS = (
    *("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy", "mse", "mae"),
    *("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy", "mean_squared_error", "mean_absolute_error"),
    *("AUC", "Precision", "Recall", "F1Score", "R2Score", "MeanIoU", "RootMeanSquaredError"),
)
_ACTIVATIONS = (
    *("relu", "sigmoid", "softmax", "tanh", "linear", "elu", "selu", "gelu", "swish", "silu", "softplus", "softsign"),
    *("leaky_relu", "relu6", "exponential", "hard_sigmoid", "mish", "log_softmax", "hard_swish", "hard_tanh"),
)
_INITIALIZERS = (
    *("glorot_uniform", "glorot_normal", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "zeros", "ones"),
    *("random_normal", "random_uniform", "truncated_normal", "variance_scaling", "orthogonal", "identity"),
)
_REGULARIZERS = ("l1", "l2", "l1_l2", "orthogonal_regularizer")
_ALSO = {
    "xavier": "glorot_uniform",
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
    "kaiming": "he_normal",
    "normal": "random_normal",
    "uniform": "random_uniform",
    "cross_entropy": "categorical_crossentropy",
    "crossentropy": "categorical_crossentropy",
    "cross-entropy": "categorical_crossentropy",
    "bce": "binary_crossentropy",
    "cce": "categorical_crossentropy",
    "rmse": "mse",
    "logloss": "binary_crossentropy",
    "lrelu": "leaky_relu",
    "leakyrelu": "leaky_relu",
    "f1": "F1Score",
    "f1_score": "F1Score",
    "auc": "AUC",
    "precision": "Precision",
    "recall": "Recall",
    "r2": "R2Score",
}
_CALLS = {"optimizer": "optimizers", "loss": "losses", "metric": "metrics"}


def _unknown(what: str, known: tuple[str, ...], code: str) -> Explanation:
    """Returns the explanation for a name of a sort.

    Args:
        what: The sort.
        known: Names that Keras knows.
        code: Code with ``{}`` for the right name.
    """

    def explain(case: Case) -> Finding | None:
        name = case["name"].strip("'\" ").split("\n")[0].rstrip(".")
        kind = re.search(r"<class '([\w.]+)'>", name)
        if kind is not None:
            short = kind[1].rpartition(".")[2]
            fix = code.format(f"keras.{_CALLS.get(what, 'layers')}.{short}()").replace('"', "")
            text, seen = f"The {what} is the class {short}, not an object of it: the brackets are missing.", short
        elif name.startswith("<"):
            found = re.search(r"<([\w.]+)", name)
            seen = found[1] if found else name
            short = seen.rpartition(".")[2].removesuffix("Optimizer")
            fix = code.format(f"keras.{_CALLS.get(what, 'layers')}.{short}()").replace('"', "")
            text = f"The {what} is an object of another library, {seen}, and Keras needs its own."
        else:
            lower = name.lower().replace(" ", "_").replace("-", "_")
            near = lower if lower in known else _ALSO.get(lower) or _ALSO.get(name.lower())
            hint = did_you_mean(lower, known)
            right = near or hint.partition("'")[2].rpartition("'")[0] or known[0]
            fix, seen = code.format(right), name
            text = f"Keras has no {what} named '{name}'."
        return case.finding(
            text,
            fix.replace("{model}", case.model),
            seen=seen,
            expected=f"a name of Keras, e.g. {known[0]}",
            evidence={"name": name},
        )

    return explain


def _padding(case: Case) -> Finding | None:
    received = case["name"].split("\n")[0].strip()
    if received in _ACTIVATIONS:
        fix = f'keras.layers.Conv2D(32, (3, 3), activation="{received}")  # the fourth argument is padding'
        text = f"`padding` got '{received}', which is an activation: the arguments stand in another order."
    else:
        fix, text = 'padding="same"  # or "valid"', f"`padding` must be 'same' or 'valid' and got '{received}'."
    return case.finding(text, fix, seen=received, expected="'same' or 'valid'")


def _kind(
    what: str, known: tuple[str, ...], code: str, failing: str, mended: str, extra: tuple[Words, ...] = ()
) -> Kind:
    article = "An" if what[0] in "aeiou" else "A"
    return Kind(
        id=f"unknown-{what}",
        title=f"{article} {what} that Keras does not know",
        words=(
            Words("Keras", f"Could not interpret {what} identifier: {{name}}"),
            Words("Keras", f"Could not interpret {what} function identifier: {{name}}"),
            Words("Keras", f"Unknown {what}: {{name}}"),
            Words("Keras", f"Unknown {what} function: '{{name}}'"),
            *extra,
        ),
        cause=f"Names are looked up among those of `keras.{what.rstrip('s')}s`."
        if what != "loss"
        else "Names are looked up among those of `keras.losses`.",
        failing=failing,
        mended=mended,
        explain=_unknown(what, known, code),
    )


_ACTIVATION = 'layer = keras.layers.Dense(10, activation="relU")\n'
_INITIALIZER = 'layer = keras.layers.Dense(10, kernel_initializer="xavier")\n'
_FIT = "model.fit(np.ones((8, 4)), np.ones(8))"
KINDS = (
    _kind(
        "optimizer",
        _OPTIMIZERS,
        '{{model}}.compile(optimizer="{}", ...)',
        mend(REGRESSION, '"adam"', '"adamm"'),
        REGRESSION,
    ),
    _kind(
        "loss",
        _LOSSES,
        '{{model}}.compile(..., loss="{}")',
        program(mend(REGRESSION, '"mse"', '"mean_square_error"'), _FIT),
        program(REGRESSION, _FIT),
    ),
    _kind(
        "metric",
        _METRICS,
        '{{model}}.compile(..., metrics=["{}"])',
        program(mend(REGRESSION, 'loss="mse"', 'loss="mse", metrics=["acuracy"]'), _FIT),
        program(mend(REGRESSION, 'loss="mse"', 'loss="mse", metrics=["mae"]'), _FIT),
    ),
    _kind("activation", _ACTIVATIONS, 'activation="{}"', _ACTIVATION, mend(_ACTIVATION, "relU", "relu")),
    _kind(
        "initializer",
        _INITIALIZERS,
        'kernel_initializer="{}"',
        _INITIALIZER,
        mend(_INITIALIZER, "xavier", "glorot_uniform"),
    ),
    _kind(
        "regularizer",
        _REGULARIZERS,
        'kernel_regularizer="{}"',
        'layer = keras.layers.Dense(10, kernel_regularizer="l3")\n',
        'layer = keras.layers.Dense(10, kernel_regularizer="l2")\n',
    ),
    Kind(
        id="unknown-padding",
        title="A padding that Keras does not know",
        words=(
            Words("Keras", "The `padding` argument must be {}. Received: {name}"),
            Words("Keras", "Invalid padding: {name}"),
        ),
        cause='`padding` is "same" or "valid". Arguments without names are read in their order: filters, '
        "kernel_size, strides, padding.",
        failing='layer = keras.layers.Conv2D(32, 3, 3, "relu")\n',
        mended='layer = keras.layers.Conv2D(32, (3, 3), activation="relu")\n',
        explain=_padding,
    ),
)
"""Kinds of this family."""
