"""TensorFlow as one of Keras' backends; implements `capture.backend.Backend`."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping

import keras
import tensorflow as tf

from tb_inputdiag.capture.names import backend_value
from tb_inputdiag.capture.running_loss import MeanState, mean_metrics
from tb_inputdiag.capture.tensorflow.distribution import worker
from tb_inputdiag.capture.tensorflow.mean_state import VariableMean
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.capture.tensorflow.twin import TensorFlowTwin
from tb_inputdiag.capture.twin import Twin
from tb_inputdiag.records import Split

__all__ = ["make_twin", "means", "variables_readable", "versions", "whole_number", "worker"]


def versions() -> Mapping[str, str]:
    """Returns the version of TensorFlow."""
    return {"tensorflow": str(tf.__version__)}


def make_twin(model: keras.Model, split: Split, images: int, keeps_batches: bool) -> Twin:
    """Returns a twin of one of a model's functions."""
    return TensorFlowTwin(model, split, images, keeps_batches)


def means(model: keras.Model, twin: Twin | None) -> list[MeanState]:
    """Returns the model's mean metrics, whose variables can be read at any time."""
    is_whole = worker(model)[1] == 1
    return [VariableMean(metric, model.distribute_strategy, is_whole) for metric in mean_metrics(model)]


def whole_number(variable: Tensor) -> int | None:
    """Returns the value of an integer scalar variable."""
    return int(tf.convert_to_tensor(backend_value(variable)))


def variables_readable(model: keras.Model, twins: Collection[Twin]) -> contextlib.AbstractContextManager[None]:
    """Does nothing: TensorFlow's variables can always be read."""
    return contextlib.nullcontext()
