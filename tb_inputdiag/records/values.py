"""Types and limits that several records share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.errors import ConfigurationError

__all__ = [
    "F4",
    "F8",
    "I4",
    "I8",
    "JSON",
    "MAX_BAD_EXAMPLES",
    "MAX_CLASSES",
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
    "Kind",
    "Role",
    "Severity",
    "Split",
    "Stage",
]

SCHEMA_VERSION = 2
"""Version of the schema. Raised when a field changes its meaning; older logs are migrated."""

MAX_SIDE = 64
"""Pixels of a side of a thumbnail."""
N_QUANTILES = 33
"""Quantiles kept for each tensor, at the probabilities 0, 1/32, ..., 1."""
MAX_FEATURES = 64
"""Features (last axis) with their own statistics. If there are more, evenly spaced ones are kept."""
MAX_CLASSES = 128
"""Class ids that are counted one by one."""
MAX_WORST_EXAMPLES = 3
"""Examples with the largest losses that are named of a batch."""
N_WRAP_COUNTS = 11
"""Numbers that tell whether 8-bit values wrapped around: see `statistics.tensors.wrap_around.COUNTS`."""
MAX_BAD_EXAMPLES = 8
"""Examples with NaN or infinities whose index in the batch is kept."""
MAX_EXAMPLE_IDS = 32
"""Examples of a batch, the first ones, whose fingerprint is kept."""
MAX_SHOWN_VALUES = 32
"""Values of a row that is shown of a single example."""
MAX_RANK = 8
"""Largest number of axes of a shape."""


Split: TypeAlias = Literal["train", "validation", "predict"]
Role: TypeAlias = Literal["input", "target", "prediction", "sample_weight"]
Stage: TypeAlias = Literal["fed", "entry"]
Kind: TypeAlias = Literal["dense", "ragged", "sparse", "string"]
JSON: TypeAlias = bool | int | float | str | Sequence[object] | Mapping[str, object] | None
"""A value of JSON; what is in a sequence or a mapping is one, too. NaN and infinities are allowed.

Not recursive, because `typing.get_type_hints` cannot resolve a recursive alias in another module before Python 3.12.
"""

F4: TypeAlias = NDArray[np.float32]
F8: TypeAlias = NDArray[np.float64]
I4: TypeAlias = NDArray[np.int32]
I8: TypeAlias = NDArray[np.int64]
U4: TypeAlias = NDArray[np.uint32]
U8: TypeAlias = NDArray[np.uint8]


class Severity(IntEnum):
    """How certain and how bad: INFO may be a guess, WARNING is likely harm, ERROR is certain harm."""

    INFO = 10
    WARNING = 20
    ERROR = 30

    @classmethod
    def parse(cls, value: object, *, argument: str = "severity") -> Severity:
        """Returns the severity that a name, a number or a `Severity` stands for.

        Raises:
            ConfigurationError: for anything else.
        """
        if isinstance(value, Severity):
            return value
        if isinstance(value, str) and value.upper() in cls.__members__:
            return cls[value.upper()]
        if isinstance(value, int) and not isinstance(value, bool) and value in set(cls):
            return cls(value)
        raise ConfigurationError(
            f"{argument} must be one of {', '.join(repr(s.name) for s in cls)}. Received: {value!r}."
        )
