"""How large values are, and whether they are pixels."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.keras_vocabulary import image_axes, pixel_peak
from tb_inputdiag.records import F8, TensorView
from tb_inputdiag.rules.views.context import Context

__all__ = ["feature_rms", "fed_source", "image_peak", "looks_like_image", "typical_size"]


def typical_size(view: TensorView) -> float:
    """Returns the root mean square of the values without the outermost 1/32 on either side: outliers don't count."""
    inner = view.quantiles[1:-1].astype(np.float64)
    return float(np.sqrt(np.mean(inner * inner)))


def feature_rms(view: TensorView) -> F8:
    """Returns the root mean square of each feature that is kept."""
    sizes: F8 = np.hypot(view.feature_mean.astype(np.float64), view.feature_std.astype(np.float64))
    return sizes


def looks_like_image(view: TensorView) -> bool:
    """Returns whether a tensor is a batch of images or videos by its shape."""
    return image_axes(view.shape) is not None


def looks_like_flat_image(view: TensorView) -> bool:
    """Returns whether rows look like flattened 0..255 images: many columns, none negative, a peak where pixels end."""
    return len(view.shape) == 2 and view.layout.n_features >= 64 and view.min >= 0 and 200 < view.max <= 255


def image_peak(view: TensorView) -> int | None:
    """Returns the largest value that this kind of pixel has, 255, 4095 or 65535; None if the values do not fit."""
    return pixel_peak(view.min, view.max)


def fed_source(context: Context, entry: TensorView) -> TensorView | None:
    """Returns the fed tensor that an entry comes from; None if it comes from several or from none that is known."""
    sources = entry.layout.sources or (entry.name,)
    if len(sources) != 1:
        return None
    return next((view for view in context.fed("input") if view.name == sources[0]), None)
