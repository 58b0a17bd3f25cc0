"""The rule `dtype-mismatch`."""

from __future__ import annotations

import re

import numpy as np

from tb_inputdiag.records import DataSummary, DataTensor, Failure, Role, Severity, TensorLayout, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, layer, silent
from tb_inputdiag.rules.exceptions import findings_for
from tb_inputdiag.rules.support.curves import named_tensor_curves
from tb_inputdiag.rules.support.failures import essential_text, fed_text
from tb_inputdiag.rules.support.text import join, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["DtypeMismatch"]

_READ_TEXT = ("StringLookup", "TextVectorization", "Hashing", "FeatureSpace", "HashedCrossing")
"""Layers that take text."""

_INVALID = re.compile(r"Invalid dtype: (\w+)")
_CAST = re.compile(r"Cast (\w+) to (\w+) is not supported")
_OPERANDS = re.compile(r"Input '(\w+)' of '(\w+)' Op has type (\w+) that does not match type (\w+) of argument '(\w+)'")
_PASSED = re.compile(r"Expected (\w+) passed to parameter '(\w+)' of op '(\w+)', got (.+?) of type '(\w+)'")
_ALLOWED = re.compile(r"Value passed to parameter '(\w+)' has DataType (\w+) not in list of allowed values: ([\w, ]+)")
_COMPUTE = re.compile(r"cannot compute (\w+) as input #\d+.*? was expected to be a (\w+) tensor but is a (\w+) tensor")
_UNSUPPORTED = re.compile(r"Failed to convert a NumPy array to a Tensor \(Unsupported object type (\w+)\)")
_OF_A_MAP = re.compile(r"in user code:.*\n\s*(?:\w+ = |return )?\(?(\w+) *[*/+-][^\n]*\n\s*TypeError", re.DOTALL)
"""The first operand of the line that raised in a function that TensorFlow traces, such as that of `Dataset.map`."""
_UNKNOWN = re.compile(r"(?:Cannot convert|could not convert|Could not convert).{0,80}(string|str|object|complex)\w*")


class DtypeMismatch(Rule):
    """A tensor has a dtype that the model or the loss cannot compute with.

    ## What it does
    Reads the exception that ended the step, and finds the tensor that it is about among those that were fed. It knows
    strings and Python objects in an array, integers in an operation with floats, floats instead of ids, and float64
    instead of float32.

    ## Why is this bad?
    TensorFlow does not convert between dtypes, so the step fails. Arrays of dtype `object` come from columns that mix
    numbers and text, or from rows of different lengths.

    ## Example
    ```python
    x = df[["age", "city"]].to_numpy()     # dtype object, city is text
    model.fit(x, y)
    ```

    ## What to do
    Convert numbers with `.astype("float32")`. Encode text with `keras.layers.StringLookup` or `pd.get_dummies`.

    ## References
    - https://keras.io/api/layers/preprocessing_layers/categorical/string_lookup/
    """

    id = "dtype-mismatch"
    severity = Severity.ERROR
    why = "TensorFlow does not convert dtypes: an operation fails if a tensor does not have the dtype that it expects."

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges text among the inputs and targets of the training data."""
        layers = context.facts.layers if context.facts is not None else ()
        if data.part != "train" or any(item.class_name in _READ_TEXT for item in layers):
            return None
        tables = {tensor.name for tensor in data.tensors if tensor.kind == "dense"}
        return [
            _of_text(context, tensor, in_table=tensor.name.rpartition("/")[0] in tables)
            for tensor in data.tensors
            if tensor.kind == "string"
        ]

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads the exception."""
        found = findings_for(self.id, context, failure)
        if found is not None:
            return found
        text = essential_text(failure.message)
        reading = _read(text)
        if reading is None:
            return []
        got, expected, what = reading
        culprit = _culprit(failure, got)
        role: Role = culprit.role if culprit is not None else ("target" if "compile_loss" in text else "input")
        name = culprit.name if culprit is not None else ("y" if role == "target" else "x")
        code = variable(name, role, context.facts)
        return [
            Finding(
                subject=f"{role}:{name}",
                message=f"'{name}' {_plain(got)}: {what}.",
                evidence={"dtype": got, "expected_dtype": expected, "fed": fed_text(failure), "layer": failure.where},
                fix=_fix_in_a_map(failure.message, expected) or _fix(code, role, got, expected),
                picture=WordsPicture(seen=got, expected=expected),
                curves=named_tensor_curves(role, name, split=failure.split),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        text = (TensorLayout(name="city", role="input", shape=(16,), dtype="string", kind="string"),)
        ids = (TensorLayout(name="x", role="input", shape=(16, 8), dtype="int64"),)
        matmul = "Input 'b' of 'MatMul' Op has type float32 that does not match type int64 of argument 'a'."
        labels = "Value passed to parameter 'labels' has DataType float32 not in list of allowed values: int32, int64"
        y = (TensorLayout(name="y", role="target", shape=(16,), dtype="float32"),)

        def run(exception: str, message: str, fed: tuple[TensorLayout, ...] = ()) -> Scenario:
            return Scenario().fail(exception, message, fed=fed)

        cast = "Cast string to float is not supported\n\t [[{{node sequential_1/Cast}}]]"
        x, city = columns(rows=16), np.asarray(["Bonn", "Kiel"] * 8, object)
        lookup = (layer("lookup", "StringLookup"), *REGRESSOR)
        return (
            fires("text in a data set", lambda: Scenario(()).data(x=x, city=city), "input:city", Severity.INFO),
            fires("text labels in a data set", lambda: Scenario().data(x=x, y=city), "target:y", Severity.WARNING),
            silent("text that a layer looks up", lambda: Scenario(lookup).data(x=x, city=city)),
            fires("an object array", lambda: run("ValueError", "Invalid dtype: object"), "input:x", Severity.ERROR),
            fires("strings", lambda: run("UnimplementedError", cast, text), "input:city"),
            fires("integers times floats", lambda: run("TypeError", matmul, ids), "input:x"),
            fires("float labels", lambda: run("TypeError", labels, y), "target:y"),
            silent(
                "an exception about a shape",
                lambda: run("ValueError", "expected ndim=3, found ndim=2. Full shape received: (16, 15)"),
            ),
            silent("no exception", lambda: Scenario().train()),
        )


def _of_text(context: Context, tensor: DataTensor, *, in_table: bool) -> Finding:
    code = variable(tensor.name, tensor.role, context.facts)
    numbers = sum(map(_is_number, tensor.categories)) > 0.5 * max(len(tensor.categories), 1)
    if tensor.role == "target":
        what, fix = "text labels, and losses take numbers", _fix(code, "target", "string", "int64")
    elif numbers:
        other = [name for name in tensor.categories if not _is_number(name)]
        what = "numbers as text" + (
            f", because some are not numbers: {join(list(map(repr, other)), 3)}" if other else ""
        )
        fix = f'{code} = pd.to_numeric({code}, errors="coerce")  # what is not a number becomes NaN'
    else:
        what = "text, and layers with weights take numbers"
        column = tensor.name.rpartition("/")[2]
        fix = f'x = pd.get_dummies(x, columns=[{column!r}], dtype="float32")'
        fix = fix if in_table else _fix(code, "input", "string", "")
    severity = Severity.WARNING if in_table or tensor.role == "target" else Severity.INFO
    return Finding(
        subject=tensor.subject,
        message=f"'{tensor.name}' holds {what}.",
        evidence={"dtype": "string", "categories": tensor.n_categories, "first": list(tensor.categories)[:8]},
        fix=fix,
        why="The model cannot be trained on it as it is: converting it to a tensor of numbers fails.",
        severity=severity,
        picture=WordsPicture(seen="text", expected="numbers"),
        curves=named_tensor_curves(tensor.role, tensor.name),
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read(text: str) -> tuple[str, str, str] | None:
    """Returns the received dtype, the expected one and what went wrong; None for other exceptions."""
    if match := _INVALID.search(text):
        return match[1], "float32", "Keras cannot convert it to a tensor"
    if match := _CAST.search(text):
        return match[1], match[2], f"it cannot be cast to {match[2]}"
    if match := _OPERANDS.search(text):
        first, second = match[3], match[4]
        got, want = (
            (second, first) if first.startswith("float") and not second.startswith("float64") else (first, second)
        )
        if got == "float32" and want == "float64":
            got, want = want, got
        return got, want, f"operation {match[2]} received {match[4]} and {match[3]}, which must be the same"
    if match := _PASSED.search(text):
        return match[1], "float32", f"operation {match[3]} mixes it with {match[4]} of type {match[5]}"
    if match := _ALLOWED.search(text):
        allowed = match[3].split(", ")[-1].strip()
        return match[2], allowed, f"'{match[1]}' of the operation must be one of {match[3].strip()}"
    if match := _COMPUTE.search(text):
        return match[3], match[2], f"operation {match[1]} expects {match[2]}"
    if match := _UNSUPPORTED.search(text):
        return "object", "float32", f"the array holds Python objects of type {match[1]}"
    if match := _UNKNOWN.search(text):
        return "string" if match[1].startswith("str") else match[1], "float32", "it cannot be converted to numbers"
    return None


def _family(dtype: str) -> str:
    return re.sub(r"[\d_]+$", "", dtype).replace("string", "str").replace("uint", "int")


def _culprit(failure: Failure, got: str) -> TensorLayout | None:
    exact = [t for t in failure.fed if t.dtype == got]
    alike = [t for t in failure.fed if _family(t.dtype) == _family(got)]
    return next(iter(exact or alike), None)


def _plain(dtype: str) -> str:
    family = _family(dtype)
    known = {"str": "is text", "object": "is an array of Python objects", "complex": "holds complex numbers"}
    return known.get(family, f"has dtype {dtype}")


def _fix_in_a_map(message: str, expected: str) -> str:
    """Returns a cast of the tensor that a traced function, such as that of `Dataset.map`, computes with; else
    nothing."""
    line = _OF_A_MAP.search(message)
    return f"{line[1]} = tf.cast({line[1]}, tf.{expected or 'float32'})  # before it is used" if line else ""


def _fix(code: str, role: str, got: str, expected: str) -> str:
    family = _family(got)
    if family in {"str", "object"} and role == "target":
        return f"classes, {code} = np.unique({code}, return_inverse=True)  # text labels -> ids 0, 1, 2, ..."
    if family == "str":
        return (
            f'{code} = {code}.astype("float32")  # if the text holds numbers; if not:\n'
            f"lookup = keras.layers.StringLookup()\nlookup.adapt({code})\n{code} = lookup({code})  # ids, "
            f"for an Embedding"
        )
    if family == "object":
        return (
            f'{code} = np.asarray({code}.tolist(), dtype="float32")  # fails if a cell is text or rows differ '
            f"in length\n"
            f'# text columns of a table:\ndf = pd.get_dummies(df, dtype="float32")'
        )
    if family == "complex":
        return f"{code} = np.stack([{code}.real, {code}.imag], axis=-1)"
    return f'{code} = {code}.astype("{expected or "float32"}")'
