"""What rules are shown: the current record and the run's own past."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import cached_property

from tb_inputdiag.records import (
    EpochEnd,
    Layout,
    ModelFacts,
    Role,
    Sample,
    SessionStart,
    Split,
    TensorView,
)
from tb_inputdiag.rules.views.history import LossHistory
from tb_inputdiag.rules.views.kernel_rows import KernelRows, kernel_rows
from tb_inputdiag.rules.views.pairs import Pair, pair_up

__all__ = ["Context", "Moment"]

MAX_EPOCHS = 256
"""Epoch logs kept: memory must not grow with the run."""


class Moment:
    """One sample with its layout; what several rules need of it is computed once."""

    def __init__(self, sample: Sample, layout: Layout, facts: ModelFacts | None) -> None:
        self.sample = sample
        self.layout = layout
        self.facts = facts
        self.known: dict[str, bool] = {}
        """What helpers of several rules have found out about it."""

    @cached_property
    def views(self) -> tuple[TensorView, ...]:
        """All tensors."""
        return tuple(self.sample.views(self.layout))

    @cached_property
    def by_role(self) -> dict[tuple[str, str], tuple[TensorView, ...]]:
        """(role, stage) -> tensors."""
        found: dict[tuple[str, str], tuple[TensorView, ...]] = {}
        for view in self.views:
            key = (view.layout.role, view.layout.stage)
            found[key] = (*found.get(key, ()), view)
        return found

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every target with the prediction and the loss it is compared by."""
        return pair_up(self.by_role.get(("target", "fed"), ()), self.by_role.get(("prediction", "fed"), ()), self.facts)


class Context:
    """What a hook may look at. Rules read it; only the engine writes it."""

    def __init__(self) -> None:
        self.session: SessionStart | None = None
        self.facts: ModelFacts | None = None
        self.layouts: dict[int, Layout] = {}
        self.history = LossHistory()
        """Losses of the training steps."""
        self.epochs: deque[EpochEnd] = deque(maxlen=MAX_EPOCHS)
        self.first_step: int | None = None
        """First training step seen in this session; not 0 in a resumed run."""
        self.step = 0
        self.epoch = 0
        self.wall_time = 0.0
        self.split: Split = "train"
        self._moment: Moment | None = None
        self._kernels: dict[int, KernelRows] = {}
        self._layout: Layout | None = None

    @property
    def age(self) -> int:
        """Training steps since the session's first."""
        return self.step - (self.step if self.first_step is None else self.first_step)

    @property
    def sample(self) -> Sample:
        """The sample being judged; in `on_sample` only."""
        return self.moment.sample

    @property
    def layout(self) -> Layout:
        """The sample's layout, or the new one in `on_layout`."""
        if self._layout is None:
            raise LookupError("There is no layout before the first Layout record.")
        return self._layout

    @property
    def moment(self) -> Moment:
        """The sample being judged with its layout."""
        if self._moment is None:
            raise LookupError("There is no sample outside of on_sample.")
        return self._moment

    def fed(self, role: Role) -> Sequence[TensorView]:
        """Returns the tensors of a role, as the training step got them."""
        return self.moment.by_role.get((role, "fed"), ())

    @property
    def pairs(self) -> Sequence[Pair]:
        """Every target with the prediction and the loss it is compared by."""
        return self.moment.pairs

    @property
    def kernels(self) -> KernelRows:
        """Which rows of the sample's weight table are kernels: weights of two axes or more, in forward order."""
        layout = self.layout
        rows = self._kernels.get(layout.id)
        if rows is None:
            rows = self._kernels[layout.id] = kernel_rows(layout, self.facts)
        return rows

    @property
    def entries(self) -> Sequence[TensorView]:
        """The tensors as the first trainable layers read them."""
        return self.moment.by_role.get(("input", "entry"), ())
