"""What exceptions of Keras and TensorFlow say about shapes."""

from __future__ import annotations

import pytest

from tb_inputdiag.rules.support.shape_errors import (
    AxisError,
    CardinalityError,
    InputShapeError,
    LabelCountError,
    MissingInputError,
    OperationError,
    OutputShapeError,
    RankError,
    ReshapeError,
    ShapeError,
    read_shape_error,
)
from tb_inputdiag.rules.support.shapes import output_fix, rank_fix, target_fix

TEXTS: dict[str, ShapeError | None] = {
    "Invalid input shape for input Tensor(...). Expected shape (None, 28, 28, 1), but input has "
    "incompatible shape (16, 784)": InputShapeError("", (None, 28, 28, 1), (16, 784)),
    "Input 0 with name 'x' of layer 'functional' is incompatible with the layer: expected shape=(None, 8), found "
    "shape=(32, 7)": InputShapeError("x", (None, 8), (32, 7)),
    "Input 0 with name 'None' of layer 'conv2d' is incompatible with the layer: expected axis -1 of input shape "
    "to have value 1, but received input with shape (16, 1, 28, 28)": AxisError("conv2d", -1, 1, (16, 1, 28, 28)),
    "Input 0 with name 'None' of layer 'lstm' is incompatible with the layer: expected ndim=3, found ndim=2. "
    "Full shape received: (16, 15)": RankError("lstm", "", 3, (16, 15)),
    "Input 0 with name 'None' of layer 'conv2d' is incompatible with the layer: expected min_ndim=4, found "
    "ndim=3. Full shape received: (16, 28, 28)": RankError("conv2d", "at least ", 4, (16, 28, 28)),
    "logits and labels must have the same first dimension, got logits shape [32,10] and labels shape [320]": (
        LabelCountError(labels=320, predictions=32)
    ),
    "Arguments `target` and `output` must have the same shape. Received: target.shape=(8, 64, 64, 1), output.shape="
    "(8, 32, 32, 1)": OutputShapeError((8, 64, 64, 1), (8, 32, 32, 1)),
    "Arguments `target` and `output` must have the same shape. Received: target.shape=(8, 3), "
    "output.shape=(8, 4)": None,
    "Dimensions must be equal, but are 3 and 10 for '{{node compile_loss/mse/sub}} = Sub[T=DT_FLOAT](a, b)' with input "
    "shapes: [?,3], [?,10].": OperationError(
        "{{node compile_loss/mse/sub}} = Sub[T=DT_FLOAT](a, b)", "[?,3]", "[?,10]"
    ),
    "Incompatible shapes: [16] vs. [16,3]\n\t [[{{node compile_loss/mse/sub}}]] [Op:__inference_1260]": OperationError(
        "compile_loss/mse/sub", "[16]", "[16,3]"
    ),
    "Input to reshape is a tensor with 3136 values, but the requested shape has 1568 [Op:Reshape]": ReshapeError(
        3136, 1568
    ),
    "Dimension size must be evenly divisible by 98 but is 3136 for '{{node Reshape}}'": ReshapeError(3136, 98),
    "Missing data for input \"b\". You passed a data dictionary with keys ['a']. Expected keys": MissingInputError(
        "b", "['a']"
    ),
    "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples.'x' sizes: 64\n'y' "
    "sizes: 32\n": (CardinalityError("64", "32")),
    "Invalid dtype: str1024": None,
    "": None,
}


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_an_exception_says(text: str) -> None:
    assert read_shape_error(text) == TEXTS[text]


def test_operations_of_the_loss_are_distinguished_from_others() -> None:
    assert OperationError("compile_loss/mse/sub", "[16]", "[16,3]").in_loss
    other = OperationError("{{node model/add/add}} = AddV2[T=DT_FLOAT](a, b)", "[?,3]", "[?,4]")
    assert not other.in_loss
    assert other.operation == "model/add/add"
    assert OperationError("", "[1]", "[2]").operation == "unknown"


def test_code_for_another_number_of_axes() -> None:
    assert rank_fix("x", (16, 28, 28), 4).startswith("x = x[..., None]")
    assert "reshape(-1, n_steps, n_features)" in rank_fix("x", (16, 15), 3)
    assert rank_fix("x", (16, 28, 28), 2) == "x = x.reshape(-1, 28)"
    assert rank_fix("x", (16, 4, 28, 28), 3).startswith("x = x[..., 0]")
    assert rank_fix("x", (16,), 4).startswith("x = x.reshape(-1, ..., ..., ...)")


def test_code_for_outputs_and_targets() -> None:
    assert output_fix((8, 64, 64, 1), (8, 32, 32, 1)).startswith("keras.layers.UpSampling2D(2)")
    assert output_fix((8, 60, 64, 1), (8, 32, 32, 1)).startswith("# Make the output")
    assert target_fix("y", (16, 3), (16, 10), whole=False).startswith("keras.layers.Dense(3)")
    assert "sparse_categorical_crossentropy" in target_fix("y", (16,), (16, 3), whole=True)
    assert target_fix("y", (16,), (16, 3), whole=False).startswith("keras.layers.Dense(1)")
    assert target_fix("y", (16, 3, 1), (16, 3), whole=False) == "y = y.reshape(-1, 3)"
