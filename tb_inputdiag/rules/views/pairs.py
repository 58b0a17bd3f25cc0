"""Pairs targets with predictions, and finds the kind of loss that compares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tb_inputdiag import keras_vocabulary
from tb_inputdiag.keras_vocabulary import LossKind
from tb_inputdiag.records import JSON, ModelFacts, TensorView

__all__ = ["Pair", "loss_kind", "loss_name", "loss_of", "pair_up"]


def loss_name(spec: JSON) -> str:
    """Returns the name of a loss in the user's spelling, or an empty string."""
    return str(spec.get("name") or "") if isinstance(spec, Mapping) else ""


def loss_kind(spec: JSON) -> LossKind:
    """Returns ``sparse, categorical, binary, regression, ...``; empty for losses that are not Keras' own."""
    if not isinstance(spec, Mapping) or spec.get("custom"):
        return ""
    return keras_vocabulary.loss_kind(loss_name(spec))


def loss_of(facts: ModelFacts | None, name: str, index: int, n_outputs: int) -> Mapping[str, object] | None:
    """Returns how an output's loss was compiled, or None if that is not known.

    Args:
        facts: The model.
        name: The output's or target's name.
        index: Its position.
        n_outputs: Number of outputs.
    """
    return None if facts is None else keras_vocabulary.loss_of_output(facts.loss, name, index, n_outputs)


@dataclass(frozen=True, slots=True)
class Pair:
    """A target and the prediction that it is compared with."""

    target: TensorView
    prediction: TensorView | None
    loss: Mapping[str, object] | None
    kind: LossKind
    """See `loss_kind`."""
    units: int
    """Size of the prediction's last axis; 0 if unknown."""
    activation: str
    """Activation that makes the prediction; empty if unknown."""
    from_logits: bool


def pair_up(
    targets: Sequence[TensorView], predictions: Sequence[TensorView], facts: ModelFacts | None
) -> tuple[Pair, ...]:
    """Returns the pairs: by name where names agree, else by position where the numbers agree."""
    by_name = {view.name: view for view in predictions}
    pairs = []
    for i, target in enumerate(targets):
        prediction = by_name.get(target.name)
        if prediction is None and len(predictions) == len(targets):
            prediction = predictions[i]
        name = prediction.name if prediction is not None else target.name
        # Without predictions in the sample, a model with a single output leaves no choice.
        names = {name, *(facts.output_units if facts is not None and len(facts.output_units) == 1 else ())}
        units = next((facts.output_units[n] for n in names if facts is not None and n in facts.output_units), 0)
        if not units and prediction is not None and len(prediction.shape) > 1:
            units = prediction.shape[-1]
        activations = facts.output_activations if facts is not None else {}
        loss = loss_of(facts, name, i, len(targets)) or loss_of(facts, target.name, i, len(targets))
        pairs.append(
            Pair(
                target=target,
                prediction=prediction,
                loss=loss,
                kind=loss_kind(loss),
                units=units,
                activation=next((activations[n] for n in names if n in activations), ""),
                from_logits=bool(loss is not None and loss.get("from_logits")),
            )
        )
    return tuple(pairs)
