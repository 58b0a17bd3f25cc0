"""The JSON that the routes answer with: one definition for the backend and, generated from it, for the frontend.

Numbers may be the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, which JSON lacks; in arrays of numbers None
stands for all that is not finite. `frontend/scripts/make_types.py` turns this module and `tb_inputdiag.records` into
TypeScript.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

from tb_inputdiag.records import (
    Alert,
    Cost,
    EpochEnd,
    Failure,
    ModelFacts,
    SessionEnd,
    SessionStart,
    TensorLayout,
)

__all__ = [
    "AlertRow",
    "ClassBalance",
    "Completeness",
    "FeatureStats",
    "Grid",
    "GridAnswer",
    "ImageAnswer",
    "ImageSet",
    "InputCard",
    "InputView",
    "InputsAnswer",
    "ModelAnswer",
    "RunAnswer",
    "RunRow",
    "RunsAnswer",
    "SeriesAnswer",
    "SeriesGroup",
    "Values",
]

Verdict: TypeAlias = Literal["error", "warning", "info", "healthy", "waiting"]
"""The worst severity of the open alerts, ``error`` if it crashed; ``waiting`` as long as nothing was sampled."""
Numbers: TypeAlias = list[float | None]


class RunRow(TypedDict):
    """One session of one run: a line of the list."""

    id: str
    """``<TensorBoard run>/<session>``: what the other routes take as ``id``."""
    run: str
    """The run's name as TensorBoard shows it, without the folder of ours; ``.`` for the log folder itself."""
    session: str
    mode: str
    host: str
    worker: int
    workers: int
    started: float
    heard: float
    """Wall time of the newest event."""
    end: str
    """`SessionEnd.status`; empty while there is none."""
    verdict: Verdict
    errors: int
    warnings: int
    infos: int
    resolved: int
    top: str
    """Message of the worst open alert."""
    failure: str
    """Class of the exception that ended the run."""
    step: int
    epoch: int
    epochs: int | None
    loss: float | Literal["NaN"] | None
    """The last one known; ``"NaN"`` for whatever is not finite."""
    spent_s: float
    setup_s: float
    """Of `spent_s`: once, before the first step."""
    elapsed_s: float
    cost_is_least: bool
    """Whether it took more than `spent_s`: every step was sampled, so there was none to compare with."""
    every: float
    log_bytes: int
    samples: int
    problem: str
    """Why the log cannot be read, if it cannot."""
    revision: int


class RunsAnswer(TypedDict):
    """``/runs``."""

    server: str
    """Changes when the server starts anew: then nothing that the client holds can be continued."""
    revision: int
    """To be sent back as ``since``."""
    now: float
    """The server's clock, so that the client can tell how long ago something was."""
    complete: bool
    """All runs are listed; else only those that changed after ``since``."""
    runs: list[RunRow]
    gone: list[str]
    """Ids that are no longer there."""


class Completeness(TypedDict):
    """How much of what was logged has arrived here."""

    samples_read: int
    samples_logged: int
    alerts_read: int
    alerts_logged: int
    losses_read: int
    losses_logged: int
    proven: bool
    """The log says how much there is; without its head the numbers are only what was found."""


class AlertRow(TypedDict):
    """An alert with where it stands in the order of severity."""

    alert: Alert
    severity: Literal["error", "warning", "info"]
    revision: int


class RunAnswer(TypedDict):
    """``/run``: what the overview shows."""

    id: str
    server: str
    revision: int
    now: float
    row: RunRow
    start: SessionStart | None
    end: SessionEnd | None
    failures: list[Failure]
    cost: Cost | None
    alerts: list[AlertRow]
    """Those that changed after ``since``."""
    epochs: list[EpochEnd]
    """Those that came after ``since``."""
    completeness: Completeness


class ModelAnswer(TypedDict):
    """``/model``."""

    id: str
    revision: int
    """To be sent back as ``since``."""
    unchanged: bool
    """The client has it already: the rest is left out."""
    model: ModelFacts | None
    entries: list[TensorLayout]
    """Where the scale of the data was judged."""


class Values(TypedDict):
    """One quantity over the buckets of a group."""

    mean: Numbers
    min: Numbers
    """Empty where every bucket holds one sample: then it is `mean`."""
    max: Numbers
    bad: list[int]
    """Buckets (positions in this answer) that hold NaN or infinities."""


class SeriesGroup(TypedDict):
    """Quantities that share their steps."""

    stream: str
    """``<stream>:<split>``, as in ``have``."""
    width: int
    """Samples in one bucket: a power of two."""
    first: int
    """Number of the first bucket of this answer; what the client holds before it stays valid."""
    samples: int
    """Rows of the stream read so far."""
    expected: int
    """Rows of the stream logged so far: more than `samples` while the server is still reading."""
    step: list[int]
    """First step of each bucket."""
    last: list[int]
    """Last step of each bucket; empty if `width` is 1."""
    wall: Numbers
    values: dict[str, Values]


class SeriesAnswer(TypedDict):
    """``/series``."""

    id: str
    server: str
    pending: bool
    """There is more in the log that was not read yet: ask again at once."""
    groups: list[SeriesGroup]
    unknown: list[str]
    """Quantities asked for that this run does not have."""


class Grid(TypedDict):
    """A table of rows by buckets, packed.

    `cells` is base64 of little-endian uint16 ``[rows, buckets]``: 0 missing, 1 not finite, 2 exactly zero, else
    ``low + (cell - 3) / 65532 * (high - low)``, of the decadic logarithm if `log`. A cell is the largest value of its
    bucket.
    """

    width: int
    first: int
    samples: int
    expected: int
    step: list[int]
    last: list[int]
    log: bool
    low: float
    high: float
    cells: str


class GridAnswer(TypedDict):
    """``/grid``."""

    id: str
    server: str
    pending: bool
    table: str
    column: str
    split: str
    rows: list[str]
    grid: Grid | None
    """None as long as there are no samples."""


class FeatureStats(TypedDict):
    """Statistics of single features, over all batches sampled."""

    index: list[int]
    total: int
    min: Numbers
    max: Numbers
    mean: Numbers
    std: Numbers


class ClassBalance(TypedDict):
    """How often each class id was seen."""

    counts: list[float]
    samples: int


class InputView(TypedDict):
    """What was seen of one tensor in one split."""

    split: str
    samples: int
    step: int
    """Of the newest sample."""
    shape: list[int]
    """Of the newest batch."""
    min: float | None
    """Over all samples."""
    max: float | None
    last_min: float | None
    last_max: float | None
    mean: float | None
    """Of the newest sample."""
    std: float | None
    nan_count: int
    """Over all samples."""
    inf_count: int
    bad_step: int | None
    """Newest step with NaN or infinities."""
    bad_examples: list[int]
    """Their places in that batch."""
    zero_fraction: float | None
    whole_fraction: float | None
    one_hot_fraction: float | None
    quantiles: Numbers
    """Of the newest sample, at the probabilities 0, 1/32, ..., 1."""
    first_quantiles: Numbers
    """Of the first sample."""
    features: FeatureStats | None
    classes: ClassBalance | None


class InputCard(TypedDict):
    """One tensor, with every split it was seen in."""

    layout: TensorLayout
    words: str
    """Shape and dtype for a person: ``images of 28 × 28 pixels, 1 channel, float32``."""
    expected_low: float | None
    expected_high: float | None
    expected_why: str
    """Where a healthy range can be told: what it is and why."""
    views: list[InputView]


class InputsAnswer(TypedDict):
    """``/inputs``."""

    id: str
    server: str
    pending: bool
    samples_read: int
    samples_logged: int
    cards: list[InputCard]


class ImageSet(TypedDict):
    """Thumbnails of one input."""

    name: str
    stage: str
    split: str
    step: int
    low: float
    high: float
    labels: list[str]
    width: int
    height: int
    png: list[str]
    """Base64, one for each example."""


class ImageAnswer(TypedDict):
    """``/images``."""

    id: str
    revision: int
    """To be sent back as ``since``."""
    unchanged: bool
    """The client has them already."""
    images: list[ImageSet]
