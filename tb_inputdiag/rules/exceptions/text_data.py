"""Labels and inputs that are text."""

from __future__ import annotations

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.data_arguments import (
    OBJECT_WORDS,
    code_of,
    is_text,
    not_numbers,
    only_numbers,
    subject_of,
)
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import CLASSIFIER, TEXTS, program

__all__ = ["KINDS", "text_input"]


def _text_labels(case: Case) -> Finding | None:
    culprits = not_numbers(case)
    if not culprits or not culprits[0].name.startswith("y") or not is_text(culprits[0]):
        return None
    name = code_of(culprits[0])
    return case.finding(
        f"The labels in '{name}' are text.",
        f"classes, {name} = np.unique({name}, return_inverse=True)  # ids 0, 1, 2, ...; classes[id] is the name",
        seen="text",
        expected="class ids",
        subject=subject_of(culprits[0]),
    )


def text_input(case: Case) -> Finding | None:
    """Text that comes to a model of numbers, or as an array to a model of text."""
    culprits = not_numbers(case)
    if culprits and not is_text(culprits[0]):
        return None
    of_text = "str" in case["dtype"] or bool(case["value"]) or "Cast string" in case.text
    if not culprits and (only_numbers(case) or not of_text):
        return None
    fed = next((t for t in case.failure.fed if t.kind == "string" or t.dtype.startswith(("str", "object"))), None)
    name = code_of(culprits[0]) if culprits else (case.code(fed) if fed is not None else "x")
    subject = fed.subject if fed is not None else "input:x"
    if _reads_text(case):
        return _text_for_a_model_of_texts(case, name, subject_of(culprits[0]) if culprits else subject)
    numeric = bool(culprits) and culprits[0].numeric_text
    fix = (
        f'{name} = np.asarray({name}, dtype="float32")  # the text holds numbers'
        if numeric
        else f"vectorize = keras.layers.TextVectorization()\nvectorize.adapt({name})\n"
        f"{name} = vectorize({name})  # ids of words, for an Embedding\n"
        f"# or, one category each: keras.layers.StringLookup(), and text labels:\n"
        f"# classes, y = np.unique(y, return_inverse=True)"
    )
    return case.finding(
        f"'{name}' is text, and the model computes with numbers.",
        fix,
        seen="text",
        expected="numbers",
        subject=subject_of(culprits[0]) if culprits else subject,
    )


_TEXT_LAYERS = ("TextVectorization", "StringLookup", "Hashing", "HashedCrossing", "IntegerLookup", "FeatureSpace")


def _reads_text(case: Case) -> bool:
    """Tells whether the model itself turns text into numbers."""
    if case.facts is None:
        return False
    if any(tensor.dtype == "string" or tensor.kind == "string" for tensor in case.facts.inputs):
        return True
    first = next((layer.class_name for layer in case.facts.layers if layer.class_name != "InputLayer"), "")
    return first in _TEXT_LAYERS


def _text_for_a_model_of_texts(case: Case, name: str, subject: str) -> Finding:
    return case.finding(
        f"'{name}' holds text as Python or NumPy has it, and the model reads text as a tensor of TensorFlow.",
        f"{name} = tf.constant({name})  # or tf.data.Dataset.from_tensor_slices(...)\n"
        "# with JAX or PyTorch: vectorize before the model, whose input is then numbers",
        seen="an array or list of text",
        expected="a tensor of text",
        subject=subject,
    )


KINDS = (
    Kind(
        id="text-labels",
        title="Labels are text",
        words=OBJECT_WORDS,
        cause="A loss compares numbers. Class names have to become ids.",
        failing=program(
            CLASSIFIER, 'x = np.random.rand(6, 4)\ny = np.array(["cat", "dog", "bird"] * 2)\nmodel.fit(x, y)'
        ),
        mended=program(
            CLASSIFIER,
            'x = np.random.rand(6, 4)\ny = np.array(["cat", "dog", "bird"] * 2)\n'
            "classes, ids = np.unique(y, return_inverse=True)\nmodel.fit(x, ids)",
        ),
        explain=_text_labels,
        rule="dtype-mismatch",
    ),
    Kind(
        id="text-input",
        title="The input is text",
        words=OBJECT_WORDS,
        cause="Layers compute with numbers. Text has to become ids first, and an Embedding makes vectors of them.",
        failing=program(TEXTS, 'texts = np.array(["good film", "bad film"])\nmodel.fit(texts, np.zeros(2))'),
        mended=program(
            TEXTS,
            'texts = np.array(["good film", "bad film"])\nvectorize = keras.layers.TextVectorization()\n'
            "vectorize.adapt(texts)\nmodel.fit(vectorize(texts), np.zeros(2))",
        ),
        explain=text_input,
        rule="dtype-mismatch",
    ),
)
"""Kinds of this family."""
