"""What the first trainable layers read of the data, where a model is given or none is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from numpy.typing import NDArray

from tb_inputdiag.datacheck.part_tally import PartTally, TensorKey
from tb_inputdiag.datacheck.samples import Described
from tb_inputdiag.datacheck.tensor_tally import TensorTally
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.records import JSON, ModelFacts, TensorLayout

__all__ = ["UNKNOWN_READER", "ModelReader", "as_fed", "loss_facts", "read_model"]

_EXAMPLES = 1024
"""Sampled examples that are sent through the preprocessing layers of a model."""

UNKNOWN_READER = (
    "The layers between the inputs and the first layer with weights are not known: the model is subclassed, or not "
    "built. A training run with InputDiagnostics sees what they make of the data."
)


@dataclass(frozen=True)
class ModelReader:
    """A model, as far as it says what becomes of the data."""

    facts: ModelFacts
    preprocess: Callable[[Sequence[NDArray[Any]]], list[tuple[TensorLayout, NDArray[Any]]]] | None
    """Returns what the first trainable layers read of a few examples of the inputs; None: not known."""

    def entries(self, tally: PartTally) -> Described:
        """Returns the tensors that the first trainable layers read."""
        if self.preprocess is None:
            return []
        fed = {key: tensor for key, tensor in tally.tensors.items() if key.role == "input"}
        rows = tally.sample.rows()
        found: Described = []
        for layout, values in self.preprocess([rows[key][:_EXAMPLES] for key in fed if key in rows]):
            source = fed.get(TensorKey("input", layout.sources[0])) if layout.sources else None
            if layout.same_as_fed and isinstance(source, TensorTally):
                found.append((_entry_of(source.layout, layout), source))
                continue
            entry = TensorTally(layout.name, "input", values)
            entry.add(values, 0)
            entry.rows = values
            found.append((_entry_of(entry.layout, layout), entry))
        return found


def _entry_of(described: TensorLayout, entry: TensorLayout) -> TensorLayout:
    return replace(
        described,
        name=entry.name,
        stage="entry",
        layer=entry.layer,
        layer_class=entry.layer_class,
        sources=entry.sources,
        same_as_fed=entry.same_as_fed,
    )


def as_fed(tensors: Described) -> Described:
    """Returns the numeric inputs as a layer with weights reads them if nothing comes before it."""
    return [
        (replace(layout, stage="entry", sources=(layout.name,), same_as_fed=True), tensor)
        for layout, tensor in tensors
        if layout.role == "input" and isinstance(tensor, TensorTally)
    ]


def read_model(model: Any) -> ModelReader:
    """Returns what a Keras model says of the data.

    Raises:
        ConfigurationError: if it is not a Keras model.
    """
    if not hasattr(model, "layers") or not hasattr(model, "compiled"):
        raise ConfigurationError(f"model must be a Keras model, or None. Received: {type(model).__name__}.")
    # by its name: whoever gives no model need not have Keras
    preprocessing: Any = import_module("tb_inputdiag.capture.preprocessing")
    facts, preprocess = preprocessing.read(model)
    return ModelReader(facts, preprocess)


def loss_facts(loss: Any) -> JSON:
    """Returns a loss as `ModelFacts.loss` describes it.

    Raises:
        ConfigurationError: if it is neither a name nor a loss of Keras.
    """
    if loss is None:
        return None
    if isinstance(loss, str):
        return {"name": loss, "from_logits": None, "reduction": None, "custom": False}
    if not (callable(loss) or hasattr(loss, "call")):
        raise ConfigurationError(f"loss must be the name of a loss, or a loss of Keras. Received: {loss!r}.")
    compile_facts: Any = import_module("tb_inputdiag.capture.compile_facts")
    found: JSON = compile_facts.describe_loss(loss)
    return found
