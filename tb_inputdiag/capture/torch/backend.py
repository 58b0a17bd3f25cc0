"""PyTorch as one of Keras' backends; implements `capture.backend.Backend`."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import Any

import keras
import torch

from tb_inputdiag.capture.names import backend_value
from tb_inputdiag.capture.running_loss import MeanState, mean_metrics
from tb_inputdiag.capture.torch.mean_state import CopiedMean
from tb_inputdiag.capture.torch.twin import TorchTwin
from tb_inputdiag.capture.twin import Twin
from tb_inputdiag.records import Split

__all__ = ["make_twin", "means", "variables_readable", "versions", "whole_number", "worker"]


def versions() -> Mapping[str, str]:
    """Returns the version of PyTorch."""
    return {"torch": str(torch.__version__)}


def worker(model: keras.Model) -> tuple[int, int]:
    """Returns this process's index and the number of processes of `torch.distributed`."""
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return 0, 1
    return torch.distributed.get_rank(), torch.distributed.get_world_size()


def make_twin(model: keras.Model, split: Split, images: int, keeps_batches: bool) -> Twin:
    """Returns a twin of one of a model's functions."""
    return TorchTwin(model, split, images, keeps_batches, worker(model)[1])


def means(model: keras.Model, twin: Twin | None) -> list[MeanState]:
    """Returns the model's mean metrics, whose variables can be read at any time."""
    is_whole = worker(model)[1] == 1
    return [CopiedMean(metric, is_whole) for metric in mean_metrics(model)]


def whole_number(variable: Any) -> int | None:
    """Returns the value of an integer scalar variable."""
    return int(backend_value(variable))


def variables_readable(model: keras.Model, twins: Collection[Twin]) -> contextlib.AbstractContextManager[None]:
    """Does nothing: PyTorch's variables can always be read."""
    return contextlib.nullcontext()
