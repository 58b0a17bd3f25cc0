"""`compile` was forgotten, or left something out."""

from __future__ import annotations

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.data_arguments import only_numbers
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import REGRESSION, mend, program
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]


def _loss_name(case: Case) -> str:
    """Returns the loss that suits the model's last activation."""
    activations = list(case.facts.output_activations.values()) if case.facts is not None else []
    suited = {"softmax": "sparse_categorical_crossentropy", "sigmoid": "binary_crossentropy"}
    return suited.get(activations[0], "mse") if activations else "mse"


def _not_compiled(case: Case) -> Finding | None:
    return case.finding(
        f"The model was not compiled before {case.method}.",
        f'{case.model}.compile(\n    optimizer="adam", loss="{_loss_name(case)}"\n)  # before {case.method}',
        seen="no compile",
        expected="compile(optimizer, loss)",
    )


def _no_loss(case: Case) -> Finding | None:
    return case.finding(
        "compile got no loss, so there is nothing to minimize.",
        f'{case.model}.compile(..., loss="{_loss_name(case)}")',
        seen="no loss",
        expected="a loss",
        subject="loss",
    )


def _metrics_as_weights(case: Case) -> Finding | None:
    with_metrics = case.facts is not None and bool(set(case.facts.metrics) - {"loss"})
    if with_metrics or not (case["metric"] or not case.arguments or only_numbers(case)):
        return None
    metric = case["metric"] or "accuracy"
    return case.finding(
        "The third argument of compile is loss_weights, and it got the names of metrics.",
        f'{case.model}.compile(optimizer, loss, metrics=["{metric}"])',
        seen="metrics as loss_weights",
        expected="metrics=[...]",
    )


_UNCOMPILED = "model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])\n"
_FIT = "model.fit(np.ones((8, 4)), np.ones(8))\n"
_SHARED = (
    "optimizer = keras.optimizers.Adam()\n"
    "first = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])\n"
    'first.compile(optimizer, "mse")\nfirst.fit(np.ones((8, 4)), np.ones(8))\n'
    'model.compile(optimizer, "mse")\n' + _FIT
)
KINDS = (
    Kind(
        id="not-compiled",
        title="The model is not compiled",
        words=(
            Words("Keras", "You must call `compile()` before"),
            Words("Keras", "You must compile your model before training/testing"),
            Words("Keras", "model.compile() before"),
        ),
        cause="`fit` and `evaluate` need a loss, and `fit` an optimizer. A cloned model lacks both.",
        failing=_UNCOMPILED + _FIT,
        mended=_UNCOMPILED + 'model.compile(optimizer="adam", loss="mse")\n' + _FIT,
        explain=_not_compiled,
    ),
    Kind(
        id="no-loss",
        title="compile got no loss",
        words=(
            Words("Keras", "No loss to compute. Provide a `loss` argument in `compile()`"),
            Words("Keras", "The model cannot be compiled because it has no loss to optimize"),
            Words("Keras", "No loss found. You may have forgotten to provide a `loss` argument"),
        ),
        cause="Training minimizes a loss.",
        failing=_UNCOMPILED + 'model.compile(optimizer="adam")\n' + _FIT,
        mended=_UNCOMPILED + 'model.compile(optimizer="adam", loss="mse")\n' + _FIT,
        explain=_no_loss,
        subject="loss",
    ),
    Kind(
        id="metrics-as-loss-weights",
        title="compile got its metrics in the place of loss_weights",
        words=(
            Words("Keras", "dtype='string' is not a valid dtype for Keras type promotion"),
            Words(
                "Keras",
                "Expected `loss_weights` argument to be a float (single output case) or a list, tuple, or dict "
                "(multiple output case). Received instead: loss_weights={metric} of type <class 'str'>",
            ),
            Words("JAX", "Value '{metric}' with dtype <U{} is not a valid JAX array type"),
            Words("PyTorch", "Invalid dtype: str{}"),
        ),
        cause="Since Keras 3 the order is `compile(optimizer, loss, loss_weights, ...)`. Before, metrics were third.",
        failing=_UNCOMPILED + 'model.compile("adam", "mse", ["mae"])\n' + _FIT,
        mended=_UNCOMPILED + 'model.compile("adam", "mse", metrics=["mae"])\n' + _FIT,
        explain=_metrics_as_weights,
    ),
    Kind(
        id="optimizer-of-another-model",
        title="An optimizer is used for a second model",
        words=(
            Words("Keras", "This optimizer can only be called for the variables it was originally built with"),
            Words("Keras", "Unknown variable: {variable}. This optimizer can only be called for"),
            Words("Keras", "The optimizer cannot recognize variable {variable}"),
            Words(
                "Keras", "Invalid variable value in StatelessScope: all values in argument `mapping` must be tensors"
            ),
        ),
        cause="An optimizer keeps a state for each variable. Another model, or new layers, need another one.",
        failing=program(REGRESSION, _SHARED),
        mended=program(REGRESSION, mend(_SHARED, "model.compile(optimizer,", "model.compile(keras.optimizers.Adam(),")),
        explain=plainly(
            "The optimizer was built for the variables of another model, or of this one before it changed.",
            "{model}.compile(optimizer=keras.optimizers.Adam(), ...)  # a new one for each model",
            seen="a used optimizer",
            expected="a new optimizer",
            subject="optimizer",
        ),
    ),
)
"""Kinds of this family."""
