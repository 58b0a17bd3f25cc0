"""What happens in a session beside its samples: its beginning and end, losses, epochs, images, failures, costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tb_inputdiag.records.layouts import TensorLayout
from tb_inputdiag.records.values import F4, I8, JSON, SCHEMA_VERSION, U8, Split, Stage

__all__ = ["Cost", "EpochEnd", "Failure", "Images", "Losses", "SavedBatch", "SessionEnd", "SessionStart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStart:
    """The first record: one call of `fit`, `evaluate` or `predict`, or one `watch` block."""

    session: str
    """Unique and sortable by time, e.g. ``20261123T231405-1a2b3c``."""
    wall_time: float
    """Seconds since the epoch."""
    mode: Literal["fit", "evaluate", "predict", "watch"] = "fit"
    schema_version: int = SCHEMA_VERSION
    versions: Mapping[str, str] = field(default_factory=dict)
    """``{"python": ..., "tb_inputdiag": ..., "keras": ..., "tensorflow": ..., "numpy": ...}``."""
    settings: Mapping[str, JSON] = field(default_factory=dict)
    """The callback's arguments: ``every, overhead_budget, rules, stop_on, images, ...``."""
    host: str = ""
    pid: int = 0
    worker: int = 0
    workers: int = 1
    """Index and number of the processes of a multi-worker training."""
    params: Mapping[str, JSON] = field(default_factory=dict)
    """Keras' callback params: ``epochs, steps`` (None where unknown), ``verbose``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Losses of successive training steps, sampled or not."""

    step: I8
    """``[n]``, increasing."""
    loss: F4
    """``[n]``: the steps' own losses; with `steps_per_execution` > 1 the mean over an execution, at its last step."""
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnd:
    """Keras' logs at the end of an epoch, training and validation (``val_...``)."""

    epoch: int
    step: int
    wall_time: float
    logs: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Thumbnails of the first examples of an image-like input."""

    step: int
    split: Split
    name: str
    """`TensorLayout.name`."""
    stage: Stage
    pixels: U8
    """``[n, height, width, channels]`` with channels 1 or 3, at most 64 pixels a side."""
    low: float
    high: float
    """The values that pixel 0 and 255 stand for."""
    labels: tuple[str, ...] = ()
    """The examples' targets as short text, where they are class ids or one-hot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An exception that came out of a step, or out of `fit` before its first step."""

    step: int
    wall_time: float
    split: Split
    exception: str
    """Class name, e.g. ``ValueError``, ``InvalidArgumentError``, ``KeyboardInterrupt``."""
    message: str
    """At most 4,000 characters."""
    where: str = ""
    """Path of the layer whose call raised, if known."""
    fed: tuple[TensorLayout, ...] = ()
    """What the step got: names, roles, shapes (of the batch where known), dtypes."""
    reached: tuple[TensorLayout, ...] = ()
    """What the layer that raised was called with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedBatch:
    """A batch that was put aside because of values that are not finite; comes before the `Sample` of its step."""

    step: int
    wall_time: float
    split: Split
    path: str
    """The file, absolute: `numpy.load` opens it. Its arrays are named as alerts name their subjects: ``input:x``."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What watching has cost so far."""

    step: int
    wall_time: float
    elapsed_s: float
    """Since training began."""
    spent_s: float
    """Seconds of it that the callback took, as measured: samples' extra time, reading, rules, logging.

    While every step was sampled there is no other to compare with, and it is the host's part of it: see `is_least`.
    """
    setup_s: float
    """Of `spent_s`: tracing and compiling the probed step."""
    samples: int
    steps: int
    every: float
    """Steps between samples at present."""
    log_bytes: int

    @property
    def share(self) -> float:
        """Part of the time that watching took while training ran, without what was set up once; NaN if not known."""
        elapsed_s = self.elapsed_s - self.setup_s
        return max(0.0, self.spent_s - self.setup_s) / elapsed_s if elapsed_s > 0 else math.nan

    @property
    def is_least(self) -> bool:
        """Whether it took more than this, because every step was sampled."""
        return self.samples >= self.steps


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """The last record. A session without one is still running, or died."""

    wall_time: float
    step: int
    status: Literal["finished", "stopped", "failed", "interrupted"]
    """``stopped``: by `stop_on`; ``failed``: an exception; ``interrupted``: KeyboardInterrupt."""
    reason: str = ""
    recording_stopped_step: int | None = None
    """Where recording stopped because something failed inside the callback; `reason` says what."""
