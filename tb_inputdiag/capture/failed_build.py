"""What a `fit` was given that raised before it called any callback."""

from __future__ import annotations

from typing import Any

import keras

from tb_inputdiag.capture import names
from tb_inputdiag.capture.facts import input_names
from tb_inputdiag.capture.tensorflow.observations import static_shape
from tb_inputdiag.records import TensorLayout


def failed_batch(exc: BaseException, model: Any) -> tuple[TensorLayout, ...]:
    """Returns names, shapes and dtypes of the batch that Keras was building a model for; empty if it was not.

    Under a distribution strategy Keras builds the model before it constructs its callbacks. The batch is in the frame
    of that function, which the exception's traceback leads to.
    """
    traceback = exc.__traceback__
    batch: Any = None
    while traceback is not None:
        variables = traceback.tb_frame.f_locals
        if traceback.tb_frame.f_code.co_name in ("_symbolic_build", "_maybe_symbolic_build"):
            batch = variables.get("data_batch") if variables.get("data_batch") is not None else batch
        traceback = traceback.tb_next
    if batch is None:
        return ()
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
    found: list[TensorLayout] = []
    for structure, default, role in ((x, "x", "input"), (y, "y", "target"), (sample_weight, "sample_weight", None)):
        for name, leaf in names.named_leaves(structure, default, input_names(model) if default == "x" else ()):
            dtype = getattr(leaf, "dtype", None)
            found.append(
                TensorLayout(
                    name=name,
                    role=role or "sample_weight",  # type: ignore[arg-type]  # one of three literals
                    shape=static_shape(leaf),
                    dtype=getattr(dtype, "name", None) or str(dtype),
                )
            )
    return tuple(found)
