"""What is logged: the one definition of the schema.

A *record* is an immutable description of something that happened in a session. The probe makes records, rules read
them, the log stores them, and the dashboard and the command line show them. Nothing here imports TensorFlow, Keras or
TensorBoard.

The order of the records of a session is::

    session = SessionStart Baseline? call (CallStart call)*
    call    = (ModelFacts Layout | Sample Losses EpochEnd Images Failure SavedBatch Cost
               DataSummary ExpectedRange NotJudged Alert ShownExamples)* SessionEnd

Arrays in a record are NumPy arrays with the dtypes given in `COLUMNS`. They are stored without loss, so that a rule
sees the same numbers live and in a replay.
"""

from __future__ import annotations

from typing import TypeAlias

from tb_inputdiag.records.baseline import BASELINE_LEVELS, Baseline, BaselineColumn, BaselineTensor, Tolerances
from tb_inputdiag.records.data import MAX_COLUMNS, DataSummary, DataTensor, Overlap, Part, ShapeCount, split_of
from tb_inputdiag.records.events import (
    ArgumentFacts,
    ArgumentKind,
    CallStart,
    Cost,
    EpochEnd,
    Failure,
    Images,
    Losses,
    Mode,
    OperandFacts,
    Place,
    SavedBatch,
    SessionEnd,
    SessionStart,
    SizeFacts,
)
from tb_inputdiag.records.facts import Degraded, LayerFacts, ModelFacts, WeightFacts
from tb_inputdiag.records.findings import (
    ALERT_STATES,
    Alert,
    Consequence,
    Curve,
    Examples,
    ExpectedRange,
    LimitPicture,
    NotJudged,
    Picture,
    Quantity,
    RangePicture,
    ShapesPicture,
    ShownExample,
    ShownExamples,
    SizesPicture,
    Span,
    WordsPicture,
)
from tb_inputdiag.records.layouts import Layout, TensorLayout, layout_sizes
from tb_inputdiag.records.samples import (
    COLUMNS,
    LayerTable,
    Sample,
    TensorTable,
    TensorView,
    WeightTable,
    table_columns,
)
from tb_inputdiag.records.values import (
    F4,
    F8,
    I4,
    I8,
    JSON,
    MAX_BAD_EXAMPLES,
    MAX_CLASSES,
    MAX_EXAMPLE_IDS,
    MAX_FEATURES,
    MAX_RANK,
    MAX_SHOWN_VALUES,
    MAX_SIDE,
    MAX_WORST_EXAMPLES,
    N_QUANTILES,
    N_WRAP_COUNTS,
    SCHEMA_VERSION,
    U4,
    U8,
    Kind,
    Role,
    Severity,
    Split,
    Stage,
)

__all__ = [
    "ALERT_STATES",
    "BASELINE_LEVELS",
    "COLUMNS",
    "F4",
    "F8",
    "I4",
    "I8",
    "JSON",
    "MAX_BAD_EXAMPLES",
    "MAX_CLASSES",
    "MAX_COLUMNS",
    "MAX_EXAMPLE_IDS",
    "MAX_FEATURES",
    "MAX_RANK",
    "MAX_SHOWN_VALUES",
    "MAX_SIDE",
    "MAX_WORST_EXAMPLES",
    "N_QUANTILES",
    "N_WRAP_COUNTS",
    "SCHEMA_VERSION",
    "U4",
    "U8",
    "Alert",
    "ArgumentFacts",
    "ArgumentKind",
    "Baseline",
    "BaselineColumn",
    "BaselineTensor",
    "CallStart",
    "Consequence",
    "Cost",
    "Curve",
    "DataSummary",
    "DataTensor",
    "Degraded",
    "EpochEnd",
    "Examples",
    "ExpectedRange",
    "Failure",
    "Images",
    "Kind",
    "LayerFacts",
    "LayerTable",
    "Layout",
    "LimitPicture",
    "Losses",
    "Mode",
    "ModelFacts",
    "NotJudged",
    "OperandFacts",
    "Overlap",
    "Part",
    "Picture",
    "Place",
    "Quantity",
    "RangePicture",
    "Record",
    "Role",
    "Sample",
    "SavedBatch",
    "SessionEnd",
    "SessionStart",
    "Severity",
    "ShapeCount",
    "ShapesPicture",
    "ShownExample",
    "ShownExamples",
    "SizeFacts",
    "SizesPicture",
    "Span",
    "Split",
    "Stage",
    "TensorLayout",
    "TensorTable",
    "TensorView",
    "Tolerances",
    "WeightFacts",
    "WeightTable",
    "WordsPicture",
    "layout_sizes",
    "split_of",
    "table_columns",
]

Record: TypeAlias = (
    SessionStart
    | CallStart
    | ModelFacts
    | Layout
    | Sample
    | Losses
    | EpochEnd
    | Images
    | Failure
    | SavedBatch
    | Cost
    | Baseline
    | DataSummary
    | ExpectedRange
    | NotJudged
    | Alert
    | ShownExamples
    | SessionEnd
)
