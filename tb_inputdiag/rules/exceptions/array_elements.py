"""Elements that do not make an array of numbers: None, and rows of different lengths."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ArgumentFacts
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.data_arguments import (
    OBJECT_WORDS,
    UNRECOGNIZED_WORDS,
    code_of,
    not_numbers,
    subject_of,
)
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import REGRESSION, TEXTS, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.text import join

__all__ = ["KINDS"]

_INHOMOGENEOUS = (
    Words("NumPy", "setting an array element with a sequence. The requested array has an inhomogeneous shape"),
    Words("NumPy", "setting an array element with a sequence."),
    Words("TensorFlow", "Can't convert non-rectangular Python sequence to Tensor"),
    Words("PyTorch", "expected sequence of length {expected} at dim {axis} (got {length})"),
)


def _none(case: Case) -> Finding | None:
    culprits = [a for a in not_numbers(case) if "NoneType" in a.element_types]
    if not culprits and case["type"] != "NoneType":
        return None
    name = code_of(culprits[0]) if culprits else "x"
    return case.finding(
        f"'{name}' holds None among its values.",
        f'{name} = np.asarray({name}, dtype="float32")  # None becomes NaN\n'
        f"{name} = np.nan_to_num({name})  # NaN becomes 0; or leave these rows out",
        seen="None among the values",
        expected="numbers",
        subject=subject_of(culprits[0]) if culprits else "input:x",
    )


def _ragged(case: Case) -> Finding | None:
    culprits = [a for a in not_numbers(case) if a.equal_shapes is False]
    if culprits:
        name = code_of(culprits[0])
        lengths = [shape[0] if shape else 0 for shape in culprits[0].element_shapes]
        if any(len(shape) > 1 for shape in culprits[0].element_shapes):
            return _images_of_other_sizes(case, culprits[0])
        message = f"The rows of '{name}' have different lengths ({join(lengths)}, ...), so they are not an array."
    elif case["axis"] or any(word in case.text for word in ("non-rectangular", "setting an array element")):
        name, message = "x", "The rows of the list have different lengths, so they do not make an array."
    else:
        return None
    return case.finding(
        message,
        f'{name} = keras.utils.pad_sequences({name}, padding="post")  # ids of tokens\n'
        f'# or, numbers: keras.utils.pad_sequences({name}, padding="post", dtype="float32")',
        seen="rows of different lengths",
        expected="rows of one length",
        subject=subject_of(culprits[0]) if culprits else "data",
    )


def _images_of_other_sizes(case: Case, argument: ArgumentFacts) -> Finding:
    shapes = list(argument.element_shapes)
    name, first = code_of(argument), shapes[0]
    return case.finding(
        f"The elements of '{name}' have different shapes ({join([shape_text(shape) for shape in shapes], 3)}).",
        f"{name} = np.stack([keras.ops.image.resize(item, {first[:2]}) for item in {name}])",
        seen="arrays of different shapes",
        expected="arrays of one shape",
        subject=subject_of(argument),
    )


KINDS = (
    Kind(
        id="none-in-data",
        title="None stands among the values",
        words=OBJECT_WORDS,
        cause="None makes NumPy use arrays of Python objects, which cannot become a tensor.",
        failing=program(REGRESSION, "x = np.array([[1.0, 2.0, None, 4.0]] * 8)\nmodel.fit(x, np.zeros(8))"),
        mended=program(
            REGRESSION,
            'x = np.array([[1.0, 2.0, None, 4.0]] * 8)\nx = np.nan_to_num(x.astype("float32"))\n'
            "model.fit(x, np.zeros(8))",
        ),
        explain=_none,
        rule="dtype-mismatch",
    ),
    Kind(
        id="ragged-lists",
        title="Rows have different lengths",
        words=(*_INHOMOGENEOUS, *OBJECT_WORDS, *UNRECOGNIZED_WORDS),
        cause="A tensor is rectangular: all rows have the same length. Shorter rows are filled up, and masked.",
        failing=program(TEXTS, "texts = [[4, 8, 15], [16, 23], [42]]\nmodel.fit(np.array(texts), np.zeros(3))"),
        mended=program(
            TEXTS,
            "texts = [[4, 8, 15], [16, 23], [42]]\n"
            'model.fit(keras.utils.pad_sequences(texts, padding="post"), np.zeros(3))',
        ),
        explain=_ragged,
        rule="dtype-mismatch",
        subject="data",
    ),
)
"""Kinds of this family."""
