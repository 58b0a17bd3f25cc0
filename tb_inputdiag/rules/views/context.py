"""What rules see: the current record and the run's own past."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tb_inputdiag.errors import ExplanationError
from tb_inputdiag.records import (
    Baseline,
    DataSummary,
    EpochEnd,
    Layout,
    ModelFacts,
    Part,
    Role,
    Sample,
    SessionStart,
    Split,
    TensorView,
)
from tb_inputdiag.rules.views.history import LossHistory
from tb_inputdiag.rules.views.kernel_rows import KernelRows
from tb_inputdiag.rules.views.moment import Moment
from tb_inputdiag.rules.views.pairs import Pair
from tb_inputdiag.rules.views.session_state import SessionState

__all__ = ["Context"]


class Context:
    """A read-only view of a session's state; each hook of a rule receives it.

    Args:
        state: What has been read so far; it changes between calls of the hooks.
        on_error: Called with each failure that `report` gets for the first time.
    """

    __slots__ = ("_on_error", "_reported", "_state")

    def __init__(self, state: SessionState, on_error: Callable[[ExplanationError], None] = lambda error: None) -> None:
        self._state = state
        self._on_error = on_error
        self._reported: set[str] = set()

    def report(self, error: ExplanationError) -> None:
        """Reports that a part of a rule failed; what several rules report is reported once."""
        if str(error) not in self._reported:
            self._reported.add(str(error))
            self._on_error(error)

    @property
    def session(self) -> SessionStart | None:
        """How the session began: settings, versions. None if that part of a log is lost.

        Its mode and Keras' params are those of the present call of `fit`, `evaluate` or `predict`.
        """
        return self._state.session

    @property
    def calls(self) -> int:
        """Calls of `fit`, `evaluate` or `predict` so far, the present one included."""
        return self._state.calls

    @property
    def whole_data(self) -> bool:
        """Whether whole data sets are judged, by `check_data`: each sample holds all examples of a part."""
        return self._state.session is not None and self._state.session.mode == "data"

    @property
    def data(self) -> Mapping[Part, DataSummary]:
        """The parts of a data set that were read so far; empty in a training run."""
        return self._state.data

    @property
    def baseline(self) -> Baseline | None:
        """What the inputs are compared with; None if the user gave no baseline."""
        return self._state.baseline

    @property
    def facts(self) -> ModelFacts | None:
        """What is known of the model without data; None before it was logged, and in logs without it."""
        return self._state.facts

    @property
    def layouts(self) -> Mapping[int, Layout]:
        """Layout id -> layout, for all layouts so far."""
        return self._state.layouts

    @property
    def history(self) -> LossHistory:
        """Losses of the training steps of this `fit`."""
        return self._state.history

    @property
    def loss_examples(self) -> int:
        """Examples behind each of the latest losses; 0 if unknown. Small batches have noisy losses."""
        return self._state.loss_examples

    @property
    def epochs(self) -> Sequence[EpochEnd]:
        """Keras' logs of the last epochs of this `fit`, at most 256, oldest first."""
        return self._state.epochs

    @property
    def first_step(self) -> int | None:
        """First training step seen in this session; not 0 in a resumed run."""
        return self._state.first_step

    @property
    def step(self) -> int:
        """The step of the current record."""
        return self._state.step

    @property
    def epoch(self) -> int:
        """The epoch of the last record that has one, from 0."""
        return self._state.epoch

    @property
    def wall_time(self) -> float:
        """When the last record that has a time was made, in seconds since the epoch of the clock."""
        return self._state.wall_time

    @property
    def split(self) -> Split:
        """The split of the current record."""
        return self._state.split

    @property
    def age(self) -> int:
        """Training steps since the session's first."""
        first = self._state.first_step
        return 0 if first is None else self._state.step - first

    @property
    def sample(self) -> Sample:
        """The current sample; in `on_sample` only."""
        return self.moment.sample

    @property
    def layout(self) -> Layout:
        """The sample's layout, or the new one in `on_layout`.

        Raises:
            LookupError: before the first layout.
        """
        if self._state.layout is None:
            raise LookupError("There is no layout before the first Layout record.")
        return self._state.layout

    @property
    def moment(self) -> Moment:
        """The current sample with its layout.

        Raises:
            LookupError: before the first sample.
        """
        if self._state.moment is None:
            raise LookupError("There is no sample before the first Sample record.")
        return self._state.moment

    def fed(self, role: Role) -> Sequence[TensorView]:
        """Returns the tensors of a role, as the training step received them."""
        return self.moment.by_role.get((role, "fed"), ())

    @property
    def entries(self) -> Sequence[TensorView]:
        """The inputs as the first trainable layers read them."""
        return self.moment.by_role.get(("input", "entry"), ())

    @property
    def pairs(self) -> Sequence[Pair]:
        """Every target with the prediction and the loss that it is compared by."""
        return self.moment.pairs

    @property
    def kernels(self) -> KernelRows:
        """Which rows of the sample's weight table are kernels: weights of two axes or more, in forward order."""
        return self._state.kernels(self.layout)
