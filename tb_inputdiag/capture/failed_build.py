"""The batch of a `fit` that raised before it called any callback."""

from __future__ import annotations

import keras

from tb_inputdiag.capture import keras_internals
from tb_inputdiag.capture.model_graph import input_names
from tb_inputdiag.capture.names import named_leaves
from tb_inputdiag.capture.tensor_layout import tensor_layout
from tb_inputdiag.records import Role, TensorLayout

__all__ = ["failed_batch"]


def failed_batch(exc: BaseException, model: keras.Model) -> tuple[TensorLayout, ...]:
    """Returns names, shapes and dtypes of the batch that Keras was building a model for; empty if it was not.

    Under a distribution strategy Keras builds the model before it constructs its callbacks. The exception's traceback
    still leads to the batch.
    """
    batch = keras_internals.batch_being_built(exc)
    if batch is None:
        return ()
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
    groups: tuple[tuple[Role, list[tuple[str, keras_internals.Tensor]]], ...] = (
        ("input", named_leaves(x, "x", input_names(model))),
        ("target", named_leaves(y, "y")),
        ("sample_weight", named_leaves(sample_weight, "sample_weight")),
    )
    return tuple(tensor_layout(name, role, leaf) for role, leaves in groups for name, leaf in leaves)
