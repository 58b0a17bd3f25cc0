"""Families of Keras' layers, by class name."""

from __future__ import annotations

__all__ = [
    "AVERAGE_POOLINGS",
    "BATCH_NORMALIZERS",
    "CONVOLUTIONS",
    "CONVOLUTIONS_2D",
    "DROPOUTS",
    "LINEAR",
    "LOOKUPS",
    "NORMALIZERS",
    "PADDINGS",
    "RECURRENT",
    "SHAPE_ONLY",
    "TRAINING_ONLY",
    "is_keras_module",
    "keeps_pixel_range",
]

LOOKUPS = frozenset(
    {"Embedding", "ReversibleEmbedding", "TextVectorization", "StringLookup", "IntegerLookup", "Hashing"}
)
"""Read ids, not magnitudes."""

BATCH_NORMALIZERS = frozenset({"BatchNormalization", "SyncBatchNormalization"})
"""Normalize with statistics of the batch."""
NORMALIZERS = BATCH_NORMALIZERS | {
    "LayerNormalization",
    "GroupNormalization",
    "InstanceNormalization",
    "RMSNormalization",
    "UnitNormalization",
    "Normalization",
}
"""Remove the scale of what comes in. `Rescaling` is not one of them: it multiplies by a constant."""

CONVOLUTIONS_2D = frozenset({"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"})
CONVOLUTIONS = CONVOLUTIONS_2D | {
    "Conv1D",
    "Conv3D",
    "DepthwiseConv1D",
    "SeparableConv1D",
    "Conv1DTranspose",
    "Conv3DTranspose",
}
LINEAR = CONVOLUTIONS | {"Dense", "EinsumDense"}
"""Linear in their input, up to a bias and the activation that they may end in."""
RECURRENT = frozenset({"LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})

DROPOUTS = frozenset(
    {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout"}
)
TRAINING_ONLY = DROPOUTS | {"GaussianNoise", "ActivityRegularization"}
"""Pass values on as they are, outside of training."""
SHAPE_ONLY = frozenset(
    {"Identity", "Flatten", "Reshape", "Permute", "RepeatVector", "Cropping1D", "Cropping2D", "Cropping3D"}
)
"""Move, copy or drop values, and change none."""
PADDINGS = frozenset({"ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"})
"""Add zeros around the values, and change none."""
AVERAGE_POOLINGS = frozenset(
    f"{prefix}AveragePooling{rank}D" for prefix in ("", "Global", "Adaptive") for rank in (1, 2, 3)
)

_PIXELS_KEPT = ("InputLayer", "Random", "Resizing", "CenterCrop", "ZeroPadding", "MaxNumBoundingBoxes")


def keeps_pixel_range(class_name: str) -> bool:
    """Returns whether a layer leaves pixels in their range, such as random augmentation and resizing."""
    return class_name.startswith(_PIXELS_KEPT)


def is_keras_module(module: str) -> bool:
    """Returns whether a class of this module is Keras' own, so that what it computes is known."""
    return module.partition(".")[0] in {"keras", "tf_keras"}
