"""`keras.applications`: every family as its documentation has it, and some fed against their contract.

Nothing is downloaded: kernels are random, and biases and normalizations spread as those of learned weights do, by which
the rule tells a pretrained backbone from a new one. A few steps on a few images.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import applications, layers

from tests.corpus import data
from tests.corpus.harness import Trial, broken, healthy, scale_row

_Backbone = Callable[..., keras.Model]


def as_if_pretrained(model: keras.Model, t: Trial) -> None:
    """Spreads the weights that are constant in a new model."""
    for weight in model.weights:
        if len(weight.shape) == 1:
            noise = t.rng.normal(0, 0.05, weight.shape)
            # scales and variances are about 1; the normalization of raw pixels has numbers of its own
            if weight.path.rpartition("/")[2] in ("gamma", "beta", "bias", "moving_mean", "moving_variance"):
                weight.assign(weight + noise)


def _transfer(
    t: Trial,
    family: _Backbone,
    size: int,
    prepare: Callable[[np.ndarray], np.ndarray],
    *,
    pretrained: bool = True,
    **settings: object,
) -> None:
    x, y = data.textures(t.rng, 12, size)
    body = family(weights=None, include_top=False, input_shape=(size, size, 3), pooling="avg", **settings)
    if pretrained:
        as_if_pretrained(body, t)
    model = keras.Sequential([layers.Input((size, size, 3)), body, layers.Dense(3, activation="softmax")])
    model.compile(t.optimizer("adam", 1e-4), loss="sparse_categorical_crossentropy")
    model.fit(prepare(x.astype("float32")), y, epochs=1, batch_size=4, callbacks=t.callbacks, verbose=0)


def _raw(x: np.ndarray) -> np.ndarray:
    return x


def _unit(x: np.ndarray) -> np.ndarray:
    return x / 255


_FAMILIES: dict[str, tuple[_Backbone, int, Callable[[np.ndarray], np.ndarray], dict[str, object]]] = {
    "vgg16": (applications.VGG16, 32, applications.vgg16.preprocess_input, {}),
    "resnet50": (applications.ResNet50, 32, applications.resnet.preprocess_input, {}),
    "resnet50_v2": (applications.ResNet50V2, 32, applications.resnet_v2.preprocess_input, {}),
    "mobilenet": (applications.MobileNet, 32, applications.mobilenet.preprocess_input, {"alpha": 0.25}),
    "mobilenet_v2": (applications.MobileNetV2, 32, applications.mobilenet_v2.preprocess_input, {"alpha": 0.35}),
    "mobilenet_v3": (applications.MobileNetV3Small, 32, _raw, {}),
    "densenet121": (applications.DenseNet121, 32, applications.densenet.preprocess_input, {}),
    "nasnet_mobile": (applications.NASNetMobile, 32, applications.nasnet.preprocess_input, {}),
    "xception": (applications.Xception, 71, applications.xception.preprocess_input, {}),
    "inception_v3": (applications.InceptionV3, 75, applications.inception_v3.preprocess_input, {}),
    "efficientnet_b0": (applications.EfficientNetB0, 32, _raw, {}),
    "efficientnet_v2_b0": (applications.EfficientNetV2B0, 32, _raw, {}),
    "convnext_tiny": (applications.ConvNeXtTiny, 32, _raw, {}),
}
# InceptionResNetV2 is left out: 55 million weights take a minute to trace.


def _own_contract(name: str) -> Callable[[Trial], None]:
    family, size, prepare, settings = _FAMILIES[name]

    def run(t: Trial) -> None:
        _transfer(t, family, size, prepare, **settings)

    run.__name__ = f"transfer_{name}"
    run.__module__ = __name__
    run.__doc__ = f"{family.__name__} with its own preprocess_input, or none where it rescales inside."
    return run


for _name in _FAMILIES:
    healthy(slow=True, steady=True)(_own_contract(_name))


@scale_row("preprocess_input in caffe mode into its own backbone", slow=True, steady=True)
def row_resnet_caffe(t: Trial) -> None:
    """BGR minus the mean colour, -124..151, into ResNet50."""
    _transfer(t, applications.ResNet50, 32, applications.resnet50.preprocess_input)


@scale_row("preprocess_input in torch mode into its own backbone", slow=True, steady=True)
def row_densenet_torch(t: Trial) -> None:
    """Z-scores, -2.1..2.6, into DenseNet121."""
    _transfer(t, applications.DenseNet121, 32, applications.densenet.preprocess_input)


@scale_row("0..255 into EfficientNet, which rescales inside", slow=True, steady=True)
def row_efficientnet_raw(t: Trial) -> None:
    """0..255 into EfficientNetB0."""
    _transfer(t, applications.EfficientNetB0, 32, _raw)


@scale_row("0..255 into ConvNeXt, which rescales inside", slow=True, steady=True)
def row_convnext_raw(t: Trial) -> None:
    """0..255 into ConvNeXtTiny."""
    _transfer(t, applications.ConvNeXtTiny, 32, _raw)


@scale_row("0..255 into MobileNetV3, which rescales inside", slow=True, steady=True)
def row_mobilenet_v3_raw(t: Trial) -> None:
    """0..255 into MobileNetV3Small."""
    _transfer(t, applications.MobileNetV3Small, 32, _raw)


@scale_row("0..1 into EfficientNet and the like", "preprocessing-mismatch", slow=True)
def row_efficientnet_unit(t: Trial) -> None:
    """Images / 255 into EfficientNetB0, which divides by 255 once more."""
    _transfer(t, applications.EfficientNetB0, 32, _unit)


@broken("preprocessing-mismatch", slow=True)
def mobilenet_v3_scaled_before(t: Trial) -> None:
    """-1..1 into MobileNetV3, which rescales inside."""
    _transfer(t, applications.MobileNetV3Small, 32, lambda x: x / 127.5 - 1)


@broken("preprocessing-mismatch", "unnormalized-input", slow=True)
def mobilenet_v2_raw(t: Trial) -> None:
    """0..255 into MobileNetV2, which wants -1..1."""
    _transfer(t, applications.MobileNetV2, 32, _raw, alpha=0.35)


@broken("preprocessing-mismatch", slow=True)
def mobilenet_v2_unit(t: Trial) -> None:
    """0..1 into MobileNetV2, which wants -1..1."""
    _transfer(t, applications.MobileNetV2, 32, _unit, alpha=0.35)


@broken("preprocessing-mismatch", slow=True)
def resnet50_unit(t: Trial) -> None:
    """0..1 into ResNet50, which wants BGR of about -124..151."""
    _transfer(t, applications.ResNet50, 32, _unit)


@broken("preprocessing-mismatch", slow=True)
def vgg16_minus_one_to_one(t: Trial) -> None:
    """-1..1 into VGG16, with another family's preprocess_input."""
    _transfer(t, applications.VGG16, 32, lambda x: x / 127.5 - 1)


@healthy(slow=True, steady=True)
def untrained_mobilenet_v2_unit(t: Trial) -> None:
    """0..1 into a new MobileNetV2, which learns any range: batch normalization follows each convolution."""
    _transfer(t, applications.MobileNetV2, 32, _unit, pretrained=False, alpha=0.35)
