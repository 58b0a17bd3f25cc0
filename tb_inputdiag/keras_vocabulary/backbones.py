"""The families of `keras.applications`, and the images that each of them expects."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

__all__ = ["InputContract", "backbone_family", "input_contract"]

_BY_NAME: tuple[tuple[str, str], ...] = (
    (r"^vgg1[69]$", "vgg"),
    (r"^resnet(50|101|152)v2$", "resnet_v2"),
    (r"^resnet(50|101|152)$", "resnet"),
    (r"^mobilenet_?v3", "mobilenet_v3"),
    (r"^mobilenet_?v2", "mobilenet_v2"),
    (r"^mobilenet(_|$)", "mobilenet"),
    (r"^inception_resnet_v2$", "inception_resnet_v2"),
    (r"^inception_v3$", "inception_v3"),
    (r"^xception$", "xception"),
    (r"^densenet\d+$", "densenet"),
    (r"^nasnet", "nasnet"),
    (r"^efficientnetv2", "efficientnet_v2"),
    (r"^efficientnet-?b\d$", "efficientnet"),
    (r"^convnext_", "convnext"),
)

# Names of layers that only a backbone has together: they identify one that was taken apart with Model(base.input, ...).
_BY_LAYERS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"block1_conv1", "block1_conv2", "block2_conv1", "block5_conv3"}), "vgg"),
    (frozenset({"conv1_conv", "conv1_bn", "conv2_block1_1_conv", "conv5_block1_out"}), "resnet"),
    (frozenset({"conv1_conv", "conv2_block1_preact_bn", "post_bn"}), "resnet_v2"),
    (frozenset({"Conv1", "bn_Conv1", "expanded_conv_depthwise", "block_16_project"}), "mobilenet_v2"),
    (frozenset({"conv1", "conv_dw_1", "conv_pw_1", "conv_pw_13"}), "mobilenet"),
    (frozenset({"mixed0", "mixed10"}), "inception_v3"),
    (frozenset({"block1_conv1", "block2_sepconv1", "block14_sepconv2"}), "xception"),
    (frozenset({"conv1_conv", "conv2_block1_0_bn", "pool4_conv"}), "densenet"),
    (frozenset({"stem_conv", "block1a_dwconv", "block2a_expand_conv", "top_conv"}), "efficientnet"),
    (frozenset({"stem_conv", "block1a_project_conv", "top_conv"}), "efficientnet_v2"),
)
_FEWEST_LAYERS = 15
"""A small model is not a ResNet50 even if a user named it ``resnet50``."""


def backbone_family(name: str, layer_names: Collection[str]) -> str | None:
    """Returns the family of `keras.applications` that a model is, e.g. ``"resnet"``, or None.

    Args:
        name: The model's name, as `keras.applications` gives it: ``resnet50``, ``efficientnetb0``.
        layer_names: Names of its layers.
    """
    if len(layer_names) >= _FEWEST_LAYERS:
        for pattern, family in _BY_NAME:
            if re.match(pattern, name.lower()):
                return family
    names = set(layer_names)
    return next((family for signature, family in _BY_LAYERS if signature <= names), None)


@dataclass(frozen=True, slots=True)
class InputContract:
    """What a family of backbones expects of the images that it is fed with."""

    mode: Literal["caffe", "tf", "torch", "inside"]
    """How the family's `preprocess_input` scales, in Keras' own terms; ``inside``: the model itself rescales."""
    low: float
    high: float
    """What images of 0..255 become, from black to white."""
    words: str
    module: str
    """Module in `keras.applications` that holds the family's `preprocess_input`."""
    without: str = ""
    """Code that rescales 0..255 for a model built with ``include_preprocessing=False``; ``{0}`` is the tensor."""
    without_low: float = 0.0
    without_high: float = 0.0
    """What that code makes of 0..255."""


# The ends are what keras.applications.imagenet_utils makes of 0 and 255.
def _caffe(module: str) -> InputContract:
    return InputContract("caffe", -123.68, 151.061, "about -124..151 (BGR, mean subtracted)", module)


def _tf(module: str) -> InputContract:
    return InputContract("tf", -1.0, 1.0, "-1..1", module)


_Z_SCORES = (-2.1179, 2.64)


def _inside(module: str, without: str, ends: tuple[float, float]) -> InputContract:
    return InputContract("inside", 0.0, 255.0, "0..255, as it rescales inside", module, without, *ends)


_IMAGENET = "{0} = ({0} / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]"
_OR_INSIDE = "\n# or build the backbone with include_preprocessing=True, and feed it 0..255"

# What the families of mode "inside" do to 0..255 is in the source of keras.applications.
_CONTRACTS = {
    "vgg": _caffe("vgg16"),
    "resnet": _caffe("resnet50"),
    "resnet_v2": _tf("resnet_v2"),
    "mobilenet": _tf("mobilenet"),
    "mobilenet_v2": _tf("mobilenet_v2"),
    "inception_v3": _tf("inception_v3"),
    "inception_resnet_v2": _tf("inception_resnet_v2"),
    "xception": _tf("xception"),
    "nasnet": _tf("nasnet"),
    "densenet": InputContract("torch", *_Z_SCORES, "about -2.1..2.6 (z-scores)", "densenet"),
    "efficientnet": _inside("efficientnet", _IMAGENET, _Z_SCORES),
    "efficientnet_v2": _inside(
        "efficientnet_v2",
        _IMAGENET + "  # for its variants S, M and L: {0} / 128 - 1" + _OR_INSIDE,
        _Z_SCORES,
    ),
    "convnext": _inside("convnext", _IMAGENET + _OR_INSIDE, _Z_SCORES),
    "mobilenet_v3": _inside("mobilenet_v3", "{0} = {0} / 127.5 - 1" + _OR_INSIDE, (-1.0, 1.0)),
}


def input_contract(family: str) -> InputContract | None:
    """Returns what a family of `backbone_family` expects of its images, or None for an unknown family."""
    return _CONTRACTS.get(family)
