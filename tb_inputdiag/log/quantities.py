"""The logged quantities as arrays over steps, by the names that the user knows.

::

    run.loss                              # the loss of every step
    run.inputs["image"].mean              # sampled batches, as fed
    run.entries["image"].max              # as the first trainable layer reads them
    run.gradients["conv2d/kernel"].norm
    run.split("validation").inputs["image"].mean
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.log.series import Series, concatenate, join_chunks, to_frame
from tb_inputdiag.log.subjects import HasSessions, SessionColumns, SubjectGroup
from tb_inputdiag.records import COLUMNS, Role, Split, Stage

__all__ = ["SCALARS", "Quantities", "SplitQuantities"]

_TENSOR_COLUMNS = {name: name for name in COLUMNS["tensors"] if name != "example_ids"}
_GRADIENT_COLUMNS = {
    "norm": "gradient_norm",
    "max_abs": "gradient_max_abs",
    "zero_fraction": "gradient_zero_fraction",
    "nonfinite_count": "gradient_nonfinite_count",
    "clipped_norm": "clipped_gradient_norm",
}
_WEIGHT_COLUMNS = {"norm": "weight_norm", "nonfinite_count": "weight_nonfinite_count", "update_ratio": "update_ratio"}
_LAYER_COLUMNS = {name: name for name in COLUMNS["layers"]}
SCALARS = tuple(name for name in COLUMNS["sample"] if name not in ("layout", "step"))
"""Columns with one value for each sample."""


class SplitQuantities:
    """The quantities of one split: ``train``, ``validation`` or ``predict``."""

    def __init__(self, owner: HasSessions, split: Split) -> None:
        self._owner = owner
        self._split = split

    def _tensors(self, kind: str, role: Role, stage: Stage = "fed") -> SubjectGroup:
        return SubjectGroup(self._owner, kind, "tensors", _TENSOR_COLUMNS, self._split, role, stage)

    @property
    def inputs(self) -> SubjectGroup:
        """The inputs as the step got them."""
        return self._tensors("inputs", "input")

    @property
    def entries(self) -> SubjectGroup:
        """The inputs as the first trainable layer reads them."""
        return self._tensors("entries", "input", "entry")

    @property
    def targets(self) -> SubjectGroup:
        """The targets."""
        return self._tensors("targets", "target")

    @property
    def predictions(self) -> SubjectGroup:
        """The model's outputs."""
        return self._tensors("predictions", "prediction")

    @property
    def sample_weights(self) -> SubjectGroup:
        """The sample weights."""
        return self._tensors("sample_weights", "sample_weight")

    @property
    def gradients(self) -> SubjectGroup:
        """Gradients by weight."""
        return SubjectGroup(self._owner, "gradients", "weights", _GRADIENT_COLUMNS, self._split)

    @property
    def weights(self) -> SubjectGroup:
        """Weights by name: norm, and relative size of the update."""
        return SubjectGroup(self._owner, "weights", "weights", _WEIGHT_COLUMNS, self._split)

    @property
    def activations(self) -> SubjectGroup:
        """Layers' outputs, in forward order."""
        return SubjectGroup(self._owner, "activations", "layers", _LAYER_COLUMNS, self._split)

    def scalar(self, name: str) -> Series:
        """Returns a column with one value for each sample, such as ``learning_rate``; see `SCALARS`.

        Raises:
            ConfigurationError: if there is no such column.
        """
        if name not in SCALARS:
            raise ConfigurationError(f"scalar() takes one of {', '.join(SCALARS)}. Received: {name!r}.")
        found = []
        for session in self._owner.sessions:
            parts = []
            for layout in session.layouts.values():
                if layout.split == self._split:
                    parts += session.columns("samples", layout.id, ("seq", "step", name))
            found.append(join_chunks(name, [(part[0], part[1], part[2]) for part in parts]))
        return concatenate(name, found)

    def to_pandas(self) -> Any:
        """Returns a `pandas.DataFrame` over steps with the samples' scalars.

        Raises:
            ImportError: if pandas is not installed.
        """
        return to_frame({name: self.scalar(name) for name in SCALARS})


class Quantities(SplitQuantities):
    """The quantities of one or several sessions: those of training, or with `split` those of another split."""

    def __init__(self) -> None:
        super().__init__(self, "train")

    @property
    def sessions(self) -> Sequence[SessionColumns]:
        """The sessions whose values are joined, oldest first."""
        raise NotImplementedError

    def split(self, split: Split) -> SplitQuantities:
        """Returns the quantities of a split.

        Raises:
            ConfigurationError: if there is no such split.
        """
        if split not in ("train", "validation", "predict"):
            raise ConfigurationError(f"split must be 'train', 'validation' or 'predict'. Received: {split!r}.")
        return SplitQuantities(self, split)

    @property
    def loss(self) -> Series:
        """The loss of every training step; only of sampled steps if no others were logged."""
        found = []
        for session in self.sessions:
            parts = [(step, step, loss) for step, loss in session.columns("losses", -1, ("step", "loss"))]
            found.append(join_chunks("loss", parts))
        return concatenate("loss", found) if any(map(len, found)) else self.scalar("loss")

    @property
    def sampled_loss(self) -> Series:
        """The loss of the sampled training steps, with penalties."""
        return self.scalar("loss")

    @property
    def learning_rate(self) -> Series:
        """The learning rate at the sampled steps."""
        return self.scalar("learning_rate")

    @property
    def gradient_norm(self) -> Series:
        """The global norm of the gradients before clipping, at the sampled steps."""
        return self.scalar("gradient_norm")

    @property
    def step_time_s(self) -> Series:
        """Seconds that each sampled step took."""
        return self.scalar("step_time_s")
