"""What the vocabulary says of Keras holds for the Keras that is installed."""

from __future__ import annotations

import importlib
import inspect
import math

import keras
import numpy as np
import pytest

from tb_inputdiag import keras_vocabulary as vocabulary


@pytest.mark.parametrize(
    ("shape", "channel", "sides"),
    [
        ((None, 28, 28, 1), 3, (1, 2)),
        ((16, 8, 8, 1), 3, (1, 2)),
        ((None, 3, 32, 32), 1, (2, 3)),
        ((None, None, None, 3), 3, (1, 2)),
        ((None, 3, None, None), 1, (2, 3)),
        ((2, 64, 64, 2), 3, (1, 2)),
        ((2, 16, 64, 64, 3), 4, (1, 2, 3)),
        ((2, 3, 16, 64, 64), 1, (2, 3, 4)),
    ],
)
def test_images(shape: tuple[int | None, ...], channel: int, sides: tuple[int, ...]) -> None:
    axes = vocabulary.image_axes(shape)
    assert axes is not None
    assert (axes.channel, axes.sides, axes.channels) == (channel, sides, shape[channel])
    assert axes.channels_first is (channel == 1)
    assert axes.is_picture is (len(sides) == 2 and shape[channel] != 2)


@pytest.mark.parametrize(
    "shape",
    [
        (None, 28, 28),
        (None, 28, 28, 32),
        (None, 7, 7, 3),
        (None, 6, 7, 1),
        (None, 2, 64, 64),
        (None, 28, 28, None),
        (2, 4, 64, 64, 64, 3),
        (),
    ],
)
def test_what_is_not_an_image(shape: tuple[int | None, ...]) -> None:
    assert vocabulary.image_axes(shape) is None


@pytest.mark.parametrize(
    ("low", "high", "peak"),
    [
        (0, 255, 255),
        (0, 256, 255),
        (3, 4000, 4095),
        (0, 65535, 65535),
        (0, 1, None),
        (-1, 255, None),
        (0, 1e6, None),
        (math.nan, math.nan, None),
    ],
)
def test_pixel_peaks(low: float, high: float, peak: int | None) -> None:
    assert vocabulary.pixel_peak(low, high) == peak


def test_keras_has_the_activations_with_these_ranges() -> None:
    x = np.linspace(-30, 30, 2001, dtype="float32")[:, None]
    for name, (low, high) in vocabulary.ACTIVATION_RANGES.items():
        values = np.asarray(keras.activations.get(name)(np.hstack([x, -x])))
        assert low <= values.min() <= low + 0.04, name
        assert values.max() <= high, name
        assert values.max() > (25 if math.isinf(high) else high - 0.04), name


def test_saturation_is_at_the_ends_of_the_range() -> None:
    for name, ends in vocabulary.ACTIVATION_RANGES.items():
        saturated = vocabulary.saturation_ends(name)
        values = np.asarray(keras.activations.get(name)(np.array([[-10.0, 3.0], [10.0, 3.0]], "float32")))[:, 0]
        assert saturated is None or saturated == ends == tuple(np.round(values, 4)), name
    assert vocabulary.saturation_ends("softmax") is None


def test_layers_that_are_activations() -> None:
    for class_name, name in vocabulary.ACTIVATION_LAYERS.items():
        assert hasattr(keras.layers, class_name)
        assert name == "prelu" or keras.activations.get(name)


MADE_FOR = {"Adadelta": 1.0}
"""Optimizers whose default in Keras is not the rate that they are made for."""


def test_usual_rates_are_the_defaults_of_keras() -> None:
    for name, cls in inspect.getmembers(keras.optimizers, inspect.isclass):
        parameter = inspect.signature(cls).parameters.get("learning_rate")
        if parameter is not None and isinstance(parameter.default, float):
            assert vocabulary.usual_rate(name) == MADE_FOR.get(name, parameter.default), name


def test_losses_of_keras_are_known() -> None:
    for kind, name in vocabulary.CLASS_LOSSES.items():
        assert vocabulary.loss_kind(name) == kind
        assert "from_logits" in inspect.signature(getattr(keras.losses, name)).parameters
    assert vocabulary.loss_kind("mean_squared_error") == vocabulary.loss_kind("MeanSquaredError") == "regression"
    assert vocabulary.loss_kind("my_loss") == ""


FAMILIES = {
    "vgg": "VGG16",
    "resnet": "ResNet50",
    "resnet_v2": "ResNet50V2",
    "mobilenet": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3": "MobileNetV3Small",
    "inception_v3": "InceptionV3",
    "inception_resnet_v2": "InceptionResNetV2",
    "xception": "Xception",
    "nasnet": "NASNetMobile",
    "densenet": "DenseNet121",
    "efficientnet": "EfficientNetB0",
    "efficientnet_v2": "EfficientNetV2B0",
    "convnext": "ConvNeXtTiny",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_backbones_expect_what_preprocess_input_makes(family: str) -> None:
    contract = vocabulary.input_contract(family)
    assert contract is not None
    module = importlib.import_module(f"keras.applications.{contract.module}")
    assert hasattr(keras.applications, FAMILIES[family])
    ends = [module.preprocess_input(np.full((1, 2, 2, 3), value, "float32")) for value in (0, 255)]
    assert float(np.min(ends)) == pytest.approx(contract.low, abs=1e-3)
    assert float(np.max(ends)) == pytest.approx(contract.high, abs=1e-3)
    if contract.mode == "inside":
        code = contract.without.splitlines()[0].partition("#")[0].partition("=")[2].format("x")
        rescaled = np.array([eval(code, {"x": np.full(3, value)}) for value in (0.0, 255.0)])
        assert (rescaled.min(), rescaled.max()) == pytest.approx(
            (contract.without_low, contract.without_high), abs=1e-3
        )


def test_backbones_are_recognised() -> None:
    names = [f"layer_{i}" for i in range(20)]
    for family, class_name in FAMILIES.items():
        name = inspect.signature(getattr(keras.applications, class_name)).parameters["name"].default
        # These two name the model after their arguments.
        name = {"MobileNet": "mobilenet_1.00_224", "MobileNetV2": "mobilenetv2_1.00_224"}.get(class_name, name)
        assert vocabulary.backbone_family(name, names) == family
    assert vocabulary.backbone_family("resnet50", names[:3]) is None
    assert vocabulary.backbone_family("mine", ["mixed0", "mixed10"]) == "inception_v3"
    assert vocabulary.input_contract("mine") is None


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("loss", "lower"),
        ("val_loss", "lower"),
        ("val_mean_absolute_error", "lower"),
        ("val_accuracy", "higher"),
        ("head_sparse_categorical_accuracy", "higher"),
        ("val_auc_1", "higher"),
        ("dice_loss", "lower"),
        ("val_f1_score", "higher"),
        ("neg_mean_squared_error", ""),
        ("val_energy", ""),
        ("", ""),
    ],
)
def test_which_values_of_a_metric_are_better(name: str, better: str) -> None:
    assert vocabulary.better_metric(name) == better
