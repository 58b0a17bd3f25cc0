"""Facts of a model: layers, connections, activations, and how it was compiled."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

from tb_inputdiag.capture.compile_facts import describe_loss, describe_optimizer
from tb_inputdiag.capture.facts import model_facts
from tb_inputdiag.capture.failed_build import failed_batch
from tb_inputdiag.capture.layer_facts import is_preprocessing, layer_facts
from tb_inputdiag.capture.names import layer_paths, weight_names
from tb_inputdiag.capture.plain_values import plain
from tb_inputdiag.capture.tensorflow.model_overrides import without_xla
from tb_inputdiag.records import ModelFacts
from tests.modes.harness import fresh


def facts_of(model: keras.Model) -> ModelFacts:
    paths = layer_paths(model)
    return model_facts(model, paths, weight_names(model, paths))


def nested() -> keras.Model:
    """Returns a Functional model with a Sequential one inside, a layer called twice, and outputs with names."""
    fresh()
    image, number = keras.Input((8, 8, 3), name="image"), keras.Input((2,), name="number")
    body = keras.Sequential([L.Conv2D(4, 3, name="conv"), L.Flatten(), L.Dense(5, "relu", name="inner")], name="body")
    shared = L.Dense(5, name="shared")
    total = L.Add(name="total")([shared(body(image)), shared(L.Dense(5, name="lift")(number))])
    scores = L.Reshape((5, 1), name="scores")(L.Dense(5, "softmax", name="head")(total))
    side = keras.Sequential([L.Dense(1), L.Activation("tanh")], name="side")(total)
    return keras.Model({"image": image, "number": number}, {"scores": scores, "side": side})


def test_layers_have_paths_and_inbound_layers() -> None:
    facts = facts_of(nested())
    inbound = {layer.name: layer.inbound for layer in facts.layers}
    assert inbound["body"] == ("image",)
    assert inbound["shared"] == ("body", "lift")
    assert inbound["total"] == ("shared",)
    assert inbound["body/inner"] == ("body/flatten",)
    assert {layer.parent for layer in facts.layers if layer.name.startswith("body/")} == {"body"}
    assert facts.kind == "functional"


def _attend(*masks: Any, layer: str = "MultiHeadAttention", **named: Any) -> Any:
    """Returns whether facts say that self-attention, called with these masks, reads all steps."""
    x = keras.Input((4, 6))
    makers = {"MultiHeadAttention": lambda: keras.layers.MultiHeadAttention(1, 2)(x, x, *masks, **named)}
    makers["Attention"] = lambda: keras.layers.Attention()([x, x], **named)
    makers["cross"] = lambda: keras.layers.MultiHeadAttention(1, 2)(x, keras.layers.Dense(6)(x), **named)
    made = keras.Model(x, makers[layer]())
    return next(item.config.get("reads_all_steps") for item in facts_of(made).layers if "ttention" in item.class_name)


def test_self_attention_reads_all_steps_unless_a_mask_is_given() -> None:
    triangle = np.tril(np.ones((1, 4, 4), bool))
    assert _attend() is True
    assert _attend(use_causal_mask=False) is True
    assert _attend(layer="Attention") is True
    assert _attend(use_causal_mask=True) is False
    assert _attend(use_causal_mask=True, layer="Attention") is False
    assert _attend(attention_mask=triangle) is False
    assert _attend(layer="cross") is False, "what it reads may be another sequence"
    assert "reads_all_steps" not in layer_facts(keras.layers.MultiHeadAttention(1, 2), "mha", ()).config


def test_weights_belong_to_the_layer_that_made_them() -> None:
    facts = facts_of(nested())
    assert {weight.name: weight.layer for weight in facts.weights}["body/conv/kernel"] == "body/conv"
    kernel = next(weight for weight in facts.weights if weight.name == "head/kernel")
    assert (kernel.shape, kernel.initializer, kernel.initial_constant) == ((5, 5), "GlorotUniform", False)
    bias = next(weight for weight in facts.weights if weight.name == "head/bias")
    assert (bias.initializer, bias.initial_constant) == ("Zeros", True)


def test_outputs_have_names_units_and_activations() -> None:
    facts = facts_of(nested())
    assert [tensor.name for tensor in facts.inputs] == ["image", "number"]
    assert facts.output_activations == {"scores": "softmax", "side": "tanh"}
    assert facts.output_units == {"scores": 1, "side": 1}


def test_a_model_without_a_graph_has_layers_in_the_order_in_which_it_made_them() -> None:
    class Two(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = L.Dense(3, name="first"), L.Dense(2, name="second")

        def call(self, x: Any) -> Any:
            return self.second(self.first(x))

    fresh()
    model = Two()
    model(np.ones((1, 4), np.float32))
    facts = facts_of(model)
    assert (facts.kind, [layer.name for layer in facts.layers]) == ("subclassed", ["first", "second"])
    assert facts.inputs == facts.outputs == ()
    assert [weight.name for weight in facts.weights] == ["first/kernel", "first/bias", "second/kernel", "second/bias"]


@pytest.mark.parametrize(
    ("loss", "name", "from_logits", "custom"),
    [
        ("binary_crossentropy", "binary_crossentropy", False, False),
        ("mse", "mean_squared_error", None, False),
        (keras.losses.BinaryCrossentropy(from_logits=True), "binary_crossentropy", True, False),
        (keras.losses.SparseCategoricalCrossentropy(), "sparse_categorical_crossentropy", False, False),
        (lambda y, y_pred: keras.ops.mean(y_pred), "<lambda>", None, True),
    ],
)
def test_loss(loss: Any, name: str, from_logits: bool | None, custom: bool) -> None:
    found = describe_loss(loss)
    assert isinstance(found, dict)
    assert (found["name"], found["from_logits"], found["custom"]) == (name, from_logits, custom)


def test_a_loss_that_overrides_call_says_so() -> None:
    class Masked(keras.losses.SparseCategoricalCrossentropy):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return super().call(keras.ops.maximum(y_true, 0), y_pred) * keras.ops.cast(y_true >= 0, y_pred.dtype)

    found, plain = describe_loss(Masked()), describe_loss(keras.losses.SparseCategoricalCrossentropy())
    assert isinstance(found, dict)
    assert isinstance(plain, dict)
    assert found["overridden"]
    assert "overridden" not in plain


def test_losses_keep_the_structure_of_the_outputs() -> None:
    mse, mae = describe_loss("mse"), describe_loss("mae")
    assert describe_loss({"a": "mse", "b": ["mae", None]}) == {"a": mse, "b": [mae, None]}
    assert mse != mae


def test_the_loss_is_that_of_compile() -> None:
    model = keras.Sequential([L.Input((2,)), L.Dense(1)])
    assert facts_of(model).loss is None
    model.compile(loss=keras.losses.MeanAbsoluteError())
    found = facts_of(model).loss
    assert isinstance(found, dict)
    assert found["name"] == "mean_absolute_error"


def test_optimizer() -> None:
    plain_rate = describe_optimizer(keras.optimizers.SGD(0.5, momentum=0.9, clipnorm=1.0))
    assert (plain_rate["name"], plain_rate["learning_rate"], plain_rate["schedule"]) == ("SGD", 0.5, None)
    assert (plain_rate["momentum"], plain_rate["clipnorm"], plain_rate["loss_scaled"]) == (0.9, 1.0, False)
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    scaled = describe_optimizer(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(decay)))
    assert (scaled["name"], scaled["learning_rate"], scaled["schedule"]) == ("Adam", None, "ExponentialDecay")
    assert scaled["loss_scaled"]
    assert describe_optimizer(None) == {}


@pytest.mark.parametrize("layer", [L.Rescaling(1 / 255), L.Normalization(), L.RandomFlip(), L.CategoryEncoding(3)])
def test_layers_that_prepare_data(layer: keras.Layer) -> None:
    assert is_preprocessing(layer)


@pytest.mark.parametrize("layer", [L.Dense(1), L.BatchNormalization(), L.Embedding(3, 2), keras.Sequential()])
def test_layers_that_do_not_prepare_data(layer: keras.Layer) -> None:
    assert not is_preprocessing(layer)


def test_plain_values() -> None:
    assert plain({"a": (1, np.float32(0.5)), "b": np.arange(100)}) == {"a": [1, 0.5], "b": list(map(float, range(64)))}
    assert plain(object()) is None


def test_the_batch_of_a_failed_build_is_named_as_in_a_step() -> None:
    def _symbolic_build(data_batch: Any) -> None:
        raise ValueError("wrong shape")

    x, y = {"a": np.zeros((4, 3), np.float32)}, np.zeros((4,), np.int64)
    with pytest.raises(ValueError, match="wrong shape") as caught:
        _symbolic_build((x, y))
    found = failed_batch(caught.value, keras.Sequential())
    assert [(t.name, t.role, t.shape, t.dtype) for t in found] == [
        ("a", "input", (4, 3), "float32"),
        ("y", "target", (4,), "int64"),
    ]


@pytest.mark.parametrize("setting", [True, False, "auto"])
def test_switching_xla_off_leaves_the_model_as_it_was(setting: bool | str) -> None:
    model = keras.Sequential([L.Input((2,)), L.Dense(1)])
    model.compile(loss="mse", jit_compile=setting)
    before = model.jit_compile, dict(vars(model))
    with without_xla(model):
        assert model.jit_compile is False
    assert (model.jit_compile, vars(model)) == before
