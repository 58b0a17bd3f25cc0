"""Recognises the families of `keras.applications`, whose preprocessing contracts rules know."""

from __future__ import annotations

import re
from collections.abc import Collection

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

# Layers whose names together no user's own model has tell a backbone that was taken apart with Model(base.input, ...).
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


def family(name: str, layer_names: Collection[str]) -> str | None:
    """Returns the family of `keras.applications` that a model is, e.g. ``"resnet"``, or None.

    Args:
        name: The model's name, as `keras.applications` gives it: ``resnet50``, ``efficientnetb0``.
        layer_names: Names of its layers. A name alone does not convince: a small model that somebody called
            ``resnet50`` is not one.
    """
    if len(layer_names) >= 15:
        for pattern, found in _BY_NAME:
            if re.match(pattern, name.lower()):
                return found
    names = set(layer_names)
    return next((found for signature, found in _BY_LAYERS if signature <= names), None)
