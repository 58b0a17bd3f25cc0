"""Arguments that hold data: what kinds about arrays, tables and text ask about them."""

from __future__ import annotations

from collections.abc import Sequence

from tb_inputdiag.records import ArgumentFacts
from tb_inputdiag.rules.exceptions.kind import Case
from tb_inputdiag.rules.exceptions.words import Words

__all__ = [
    "DATA_ARGUMENTS",
    "OBJECT_WORDS",
    "UNRECOGNIZED_WORDS",
    "code_of",
    "is_text",
    "not_numbers",
    "only_numbers",
    "subject_of",
]

OBJECT_WORDS = (
    Words("Keras", "Invalid dtype: {dtype}"),
    Words("TensorFlow", "Failed to convert a NumPy array to a Tensor (Unsupported object type {type})"),
    Words("TensorFlow", "Cast string to {target} is not supported"),
    Words("JAX", "Dtype {dtype} is not a valid JAX array type"),
    Words("JAX", "is not a valid JAX array type"),
    Words("PyTorch", "can't convert np.ndarray of type numpy.{dtype}. The only supported types are"),
    Words("NumPy", "could not convert string to float: {value}"),
    Words("pandas", "float() argument must be a string or a real number, not '{type}'"),
)
UNRECOGNIZED_WORDS = (Words("Keras", "Unrecognized data type: x={value} (of type <class '{type}'>)"),)
DATA_ARGUMENTS = ("x", "y", "args", "inputs", "validation_data", "sample_weight")
"""Parameters of Keras' methods that take data."""


def subject_of(argument: ArgumentFacts) -> str:
    """Returns what an alert about an argument is about: ``input:x``, ``target:y/0``."""
    return f"target:{argument.name}" if argument.name.partition("/")[0] == "y" else f"input:{argument.name}"


def code_of(argument: ArgumentFacts) -> str:
    """Returns the user's variable that holds an argument, or else a name for it."""
    return argument.variable or argument.name.replace("/", "_")


def is_text(argument: ArgumentFacts) -> bool:
    """Tells whether an array, a column or a list holds text only."""
    types = argument.element_types
    return (
        argument.kind in ("array", "series", "list")
        and bool(types)
        and {t.split(".")[-1] for t in types} <= {"str", "str_", "bytes", "bytes_"}
    )


def not_numbers(case: Case) -> Sequence[ArgumentFacts]:
    """Returns the arguments that hold text or objects, inputs first."""
    found = [a for a in case.arguments.values() if a.element_types or a.text_columns]
    return [
        a for a in found if a.kind in ("array", "series", "frame", "list") and a.name.split("/")[0] in DATA_ARGUMENTS
    ]


def only_numbers(case: Case) -> bool:
    """Returns whether `x` and `y` are known to be arrays of numbers."""
    data = [case.argument(name) for name in ("x", "y")]
    return all(a is not None and a.dtype.startswith(("float", "int", "uint", "bool")) for a in data)
