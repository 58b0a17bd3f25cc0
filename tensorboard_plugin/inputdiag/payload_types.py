"""The JSON that the routes answer with: one definition for the backend and, generated from it, for the frontend.

Numbers may be the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, which JSON lacks; in arrays of numbers None
stands for all that is not finite. `frontend/scripts/make_types.py` turns this module and `tb_inputdiag.records` into
TypeScript.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

from tb_inputdiag.alerts import Verdict
from tb_inputdiag.jsonable import NonFinite
from tb_inputdiag.records import (
    Alert,
    Cost,
    Degraded,
    EpochEnd,
    ExpectedRange,
    Failure,
    ModelFacts,
    NotJudged,
    Part,
    Role,
    SessionEnd,
    SessionStart,
    Split,
    TensorLayout,
)

__all__ = [
    "AlertRow",
    "ClassBalance",
    "DataAnswer",
    "DataColumnInPart",
    "DataColumnRow",
    "DataOverlap",
    "DataPartRow",
    "DataTableRows",
    "DifferencesAnswer",
    "FeatureStats",
    "Grid",
    "GridAnswer",
    "ImageAnswer",
    "ImageSet",
    "InputAlert",
    "InputCard",
    "InputChange",
    "InputView",
    "InputsAnswer",
    "ModelAnswer",
    "QuantityValues",
    "ReadProgress",
    "RunAnswer",
    "RunRow",
    "RunsAnswer",
    "SeriesAnswer",
    "SeriesGroup",
]

SeverityName: TypeAlias = Literal["error", "warning", "info"]
Numbers: TypeAlias = list[float | None]


class RunRow(TypedDict):
    """One session of one run: a row of the list."""

    id: str
    """``<TensorBoard run>/<session>``: what the other routes take as ``id``."""
    run: str
    """The run's name as TensorBoard shows it, without our subfolder; ``.`` for the log folder itself."""
    session: str
    mode: str
    host: str
    worker: int
    workers: int
    started: float
    last_event_time: float
    """Wall time of the newest event."""
    silent_after_s: float
    """Seconds without an event after which a session that has not ended is called silent."""
    end: Literal["", "died", "finished", "stopped", "failed", "interrupted"]
    """`SessionEnd.status` of the last call. Without one: ``died`` if the process is gone, else empty."""
    verdict: Verdict
    order: list[int]
    """Sort key of the list "worst first", compared item by item, ascending; of equal ones the newest comes first."""
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
    """Epochs that `fit` was called with; None if that is not known, or if it was called again."""
    fits: int
    """Calls of `fit` so far."""
    loss: float | NonFinite | None
    """The newest one."""
    cost_share: float | None
    """Share of the time that watching takes, see `Cost.share`; None if it is not known."""
    cost_is_least: bool
    """Watching takes more than `cost_share`: every step was sampled, so there was none to compare with."""
    setup_s: float
    """Seconds spent once, before the first step."""
    every: float
    log_bytes: int
    samples: int
    problem: str
    """Why the log cannot be read, if it cannot."""
    revision: int


class RunsAnswer(TypedDict):
    """``/runs``."""

    server: str
    """Changes when the server restarts. The client must then drop what it holds."""
    revision: int
    """Send it back as ``since``."""
    now: float
    """The server's clock, for the age of events."""
    complete: bool
    """Whether all runs are listed, not only those that changed after ``since``, or those of a page."""
    total: int
    """How many runs there are."""
    matching: int
    """How many of them match ``filter``; all without one."""
    runs: list[RunRow]
    gone: list[str]
    """Ids that are no longer there."""


class ReadProgress(TypedDict):
    """How much of what was logged has been read."""

    samples_read: int
    samples_logged: int
    alerts_read: int
    alerts_logged: int
    losses_read: int
    losses_logged: int
    proven: bool
    """Whether the log's head gave the totals. Without it they are the numbers of what was found."""


class AlertRow(TypedDict):
    """An alert with its place on the page, as `tb_inputdiag.alerts` decides it."""

    alert: Alert
    severity: SeverityName
    group: Literal["standing", "resolved", "symptom"]
    """Symptoms are shown as consequences of the alert that explains them."""
    order: list[int]
    """Sort key among the alerts of a session, compared item by item, ascending."""
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
    fit_steps: list[int]
    """Where each `fit` after the first one begins; empty if there are too many to mark."""
    failures: list[Failure]
    cost: Cost | None
    alerts: list[AlertRow]
    """Those that changed after ``since``."""
    epochs: list[EpochEnd]
    """Those that came after ``since``."""
    completeness: ReadProgress
    not_judged: list[NotJudged]
    """Rules that could not judge this run."""
    degraded: list[Degraded]
    """What could not be read from this version of Keras."""


class ModelAnswer(TypedDict):
    """``/model``."""

    id: str
    revision: int
    """Send it back as ``since``."""
    unchanged: bool
    """The client has it already. The other fields are empty."""
    model: ModelFacts | None
    entries: list[TensorLayout]
    """The tensors whose scale was judged, as their layers read them."""


class QuantityValues(TypedDict):
    """One quantity over the buckets of a group."""

    mean: Numbers
    min: Numbers
    """Empty if every bucket holds one sample: then it equals `mean`."""
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
    """Number of the first bucket in this answer. Earlier buckets that the client holds stay valid."""
    samples: int
    """Rows of the stream read so far."""
    expected: int
    """Rows of the stream logged so far: more than `samples` while the server is still reading."""
    step: list[int]
    """First step of each bucket."""
    last: list[int]
    """Last step of each bucket; empty if `width` is 1."""
    wall: Numbers
    values: dict[str, QuantityValues]


class SeriesAnswer(TypedDict):
    """``/series``."""

    id: str
    server: str
    pending: bool
    """The log holds more that has not been read yet: ask again at once."""
    groups: list[SeriesGroup]
    unknown: list[str]
    """Requested quantities that this run does not have."""


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


class InputAlert(TypedDict):
    """A standing alert about a tensor, without its details."""

    id: int
    rule: str
    severity: SeverityName
    split: Split
    message: str


class InputCard(TypedDict):
    """One tensor, with all splits in which it was sampled."""

    layout: TensorLayout
    words: str
    """Shape and dtype in words: ``images of 28 × 28 pixels, 1 channel, float32``."""
    feature_word: str
    """What one of the `FeatureStats` describes: ``Feature``, ``Channel`` or ``Output``."""
    expected: list[ExpectedRange]
    """The ranges that rules judged it by."""
    alerts: list[InputAlert]
    """The standing alerts about it, worst first."""
    views: list[InputView]


class InputsAnswer(TypedDict):
    """``/inputs``."""

    id: str
    server: str
    pending: bool
    samples_read: int
    samples_logged: int
    cards: list[InputCard]


class InputChange(TypedDict):
    """One way in which an input or target of the second run differs from that of the first one."""

    subject: str
    """``input:NAME`` or ``target:NAME``."""
    text: str
    """A clause about it; the first run is called A."""
    severity: SeverityName


class DifferencesAnswer(TypedDict):
    """``/differences``."""

    server: str
    pending: bool
    sentence: str
    """What changed in the inputs, in short; the runs are called A and B."""
    changes: list[InputChange]
    """What explains most first."""


class ImageSet(TypedDict):
    """Thumbnails of one input."""

    name: str
    stage: str
    split: str
    step: int
    low: float
    """The value shown as black."""
    high: float
    """The value shown as white."""
    labels: list[str]
    width: int
    height: int
    png: list[str]
    """Base64, one for each example."""


class ImageAnswer(TypedDict):
    """``/images``."""

    id: str
    revision: int
    """Send it back as ``since``."""
    unchanged: bool
    """The client has them already. `images` is empty."""
    images: list[ImageSet]


class DataOverlap(TypedDict):
    """Examples of a part of a data set that are equal to examples of another part."""

    other: Part
    examples: int
    first: list[int]
    """Indices of some of them."""
    originals: list[int]
    """Those of the equal examples of the other part."""


class DataPartRow(TypedDict):
    """A part of a data set as a whole."""

    part: Part
    examples: int
    n_bytes: int
    elapsed_s: float
    """Seconds that the pass over it took."""
    copies: int
    """Examples that equal an earlier one in all inputs; an estimate if `compared` is below 1."""
    relabelled: int
    """Copies whose target differs."""
    compared: float
    """Share of the examples whose copies were searched."""
    first: list[int]
    """Indices of some of the copies."""
    originals: list[int]
    """Those of the examples that they equal."""
    overlaps: list[DataOverlap]


class DataColumnInPart(TypedDict):
    """One column in one part of a data set, over finite values."""

    part: Part
    dtype: str
    values: int
    missing: int
    """NaN, infinities, and missing text."""
    min: float | None
    median: float | None
    max: float | None
    mean: float | None
    std: float | None
    quantiles: Numbers
    """At the probabilities 0, 1/32, ..., 1; empty for text."""
    distinct: int
    """Different texts or class ids; 0: not counted, or too many."""
    categories: dict[str, int]
    """The most frequent ones -> examples."""


class DataColumnRow(TypedDict):
    """A column of a table, a channel of images, or a tensor without columns."""

    name: str
    parts: list[DataColumnInPart]
    alerts: list[InputAlert]
    """The standing alerts about it, worst first."""


class DataTableRows(TypedDict):
    """The columns of one tensor of a data set."""

    name: str
    role: Role
    shape: list[int | None] | None
    n_columns: int
    """Columns that there are; if there are more than rows, the others have no alert."""
    columns: list[DataColumnRow]
    alerts: list[InputAlert]
    """The standing alerts about several columns together, worst first."""


class DataAnswer(TypedDict):
    """``/data``: what a check of a whole data set found, column by column."""

    id: str
    revision: int
    """Send it back as ``since``."""
    unchanged: bool
    """The client has it already. `parts` and `tables` are empty."""
    parts: list[DataPartRow]
    tables: list[DataTableRows]
