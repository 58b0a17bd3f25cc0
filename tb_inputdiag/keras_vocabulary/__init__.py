"""What Keras' names mean: layers, activations, losses, metrics, optimizers, backbones, images; without Keras.

Plain data and pure functions over class names and shapes; rules, report, plugin and capture share them.
"""

from __future__ import annotations

from tb_inputdiag.keras_vocabulary.activations import (
    ACTIVATION_LAYERS,
    ACTIVATION_RANGES,
    HIDDEN_ACTIVATIONS,
    PROBABILITY_ACTIVATIONS,
    RELU_ACTIVATIONS,
    activation_range,
    is_linear,
    saturation_ends,
)
from tb_inputdiag.keras_vocabulary.backbones import (
    InputContract,
    backbone_family,
    input_contract,
)
from tb_inputdiag.keras_vocabulary.images import (
    FLAT_IMAGE_COLUMNS,
    MIN_SIDE,
    PIXEL_PEAKS,
    ImageAxes,
    image_axes,
    pixel_peak,
)
from tb_inputdiag.keras_vocabulary.layers import (
    AVERAGE_POOLINGS,
    BATCH_NORMALIZERS,
    CONVOLUTIONS,
    CONVOLUTIONS_2D,
    DROPOUTS,
    LINEAR,
    LOOKUPS,
    NORMALIZERS,
    PADDINGS,
    RECURRENT,
    SHAPE_ONLY,
    TRAINING_ONLY,
    is_keras_module,
    keeps_pixel_range,
)
from tb_inputdiag.keras_vocabulary.losses import (
    CLASS_LOSSES,
    LossForm,
    LossKind,
    loss_form,
    loss_kind,
    loss_of_output,
)
from tb_inputdiag.keras_vocabulary.metrics import (
    better_metric,
)
from tb_inputdiag.keras_vocabulary.optimizers import (
    SCALE_FREE,
    usual_rate,
)

__all__ = [
    "ACTIVATION_LAYERS",
    "ACTIVATION_RANGES",
    "AVERAGE_POOLINGS",
    "BATCH_NORMALIZERS",
    "CLASS_LOSSES",
    "CONVOLUTIONS",
    "CONVOLUTIONS_2D",
    "DROPOUTS",
    "FLAT_IMAGE_COLUMNS",
    "HIDDEN_ACTIVATIONS",
    "LINEAR",
    "LOOKUPS",
    "MIN_SIDE",
    "NORMALIZERS",
    "PADDINGS",
    "PIXEL_PEAKS",
    "PROBABILITY_ACTIVATIONS",
    "RECURRENT",
    "RELU_ACTIVATIONS",
    "SCALE_FREE",
    "SHAPE_ONLY",
    "TRAINING_ONLY",
    "ImageAxes",
    "InputContract",
    "LossForm",
    "LossKind",
    "activation_range",
    "backbone_family",
    "better_metric",
    "image_axes",
    "input_contract",
    "is_keras_module",
    "is_linear",
    "keeps_pixel_range",
    "loss_form",
    "loss_kind",
    "loss_of_output",
    "pixel_peak",
    "saturation_ends",
    "usual_rate",
]
