"""Keras' losses: what kind of targets each compares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from tb_inputdiag.records import JSON

__all__ = ["CLASS_LOSSES", "LossForm", "LossKind", "loss_form", "loss_kind", "loss_of_output"]

LossKind: TypeAlias = Literal[
    "",
    "sparse",
    "categorical",
    "binary",
    "divergence",
    "poisson",
    "hinge",
    "categorical_hinge",
    "regression",
    "percentage",
    "logarithmic",
    "cosine",
]
"""``sparse``: class ids. ``categorical``: one-hot rows. ``binary``: 0 and 1. Empty: unknown."""

_KINDS: dict[str, LossKind] = {
    "sparsecategoricalcrossentropy": "sparse",
    "categoricalcrossentropy": "categorical",
    "categoricalfocalcrossentropy": "categorical",
    "binarycrossentropy": "binary",
    "binaryfocalcrossentropy": "binary",
    "kldivergence": "divergence",
    "kldiv": "divergence",
    "poisson": "poisson",
    "hinge": "hinge",
    "squaredhinge": "hinge",
    "categoricalhinge": "categorical_hinge",
    "meansquarederror": "regression",
    "mse": "regression",
    "meanabsoluteerror": "regression",
    "mae": "regression",
    "meanabsolutepercentageerror": "percentage",
    "mape": "percentage",
    "meansquaredlogarithmicerror": "logarithmic",
    "msle": "logarithmic",
    "cosinesimilarity": "cosine",
    "huber": "regression",
    "huberloss": "regression",
    "logcosh": "regression",
}

CLASS_LOSSES: dict[LossKind, str] = {
    "sparse": "SparseCategoricalCrossentropy",
    "categorical": "CategoricalCrossentropy",
    "binary": "BinaryCrossentropy",
}
"""Kinds that compare probabilities of classes -> class in `keras.losses`; they have `from_logits`."""


def loss_kind(name: str) -> LossKind:
    """Returns what kind of targets a loss of Keras compares; an empty string for other losses.

    Args:
        name: As written in ``compile(loss=...)`` or as the class or function is called: ``"mse"``,
            ``"sparse_categorical_crossentropy"``, ``"BinaryCrossentropy"``.
    """
    return _KINDS.get(_plain(name), "")


def _plain(name: str) -> str:
    return name.replace("_", "").replace(" ", "").lower()


LossForm: TypeAlias = Literal["", "squares", "magnitudes", "sparse", "categorical", "binary"]
"""What the loss of an example is made of. Empty: unknown."""

_FORMS: dict[str, LossForm] = {
    "sparsecategoricalcrossentropy": "sparse",
    "categoricalcrossentropy": "categorical",
    "binarycrossentropy": "binary",
    "meansquarederror": "squares",
    "mse": "squares",
    "meanabsoluteerror": "magnitudes",
    "mae": "magnitudes",
    "huber": "magnitudes",
    "huberloss": "magnitudes",
    "logcosh": "magnitudes",
}


def loss_form(name: str) -> LossForm:
    """Returns what the loss of an example is made of, for losses of Keras that are a mean over examples.

    Args:
        name: As for `loss_kind`.
    """
    return _FORMS.get(_plain(name), "")


def loss_of_output(loss: JSON, name: str, index: int, n_outputs: int) -> Mapping[str, object] | None:
    """Returns how an output's loss was compiled, or None if that is not known.

    Args:
        loss: The model's loss, see `ModelFacts.loss`.
        name: The output's or target's name.
        index: Its position.
        n_outputs: Number of outputs.
    """
    if isinstance(loss, Mapping) and "name" in loss and not isinstance(loss["name"], (Mapping, list)):
        return loss if n_outputs == 1 else None
    spec: object = None
    if isinstance(loss, Mapping):
        spec = loss.get(name)
    elif isinstance(loss, (list, tuple)):
        spec = loss[index] if index < len(loss) else None
    return spec if isinstance(spec, Mapping) else None
