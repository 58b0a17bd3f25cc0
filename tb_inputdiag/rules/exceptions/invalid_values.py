"""Arguments whose value Keras does not take, in the words that its layers, metrics and helpers share."""

from __future__ import annotations

import re

from tb_inputdiag.errors import did_you_mean
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]

_MODULES = {"Layer": "keras.layers", "Metric": "keras.metrics", "Loss": "keras.losses"}
_CHOICE = re.compile(r"['\"`]([\w-]+)['\"`]")


def _call(case: Case) -> str:
    owner = case.argument("self")
    name = owner.type.rpartition(".")[2] if owner is not None and case.method == "__init__" else case.method
    name = case.failure.call if owner is None and case.failure.call else name
    return name.rpartition(".")[2] if name not in ("", "fit", "__init__") else ""


def _value(expected: str, value: str) -> str:
    """Returns a value that is as expected; empty if it is not clear."""
    number = re.fullmatch(r"-?\d+(?:\.\d+)?", value)
    if "tuple of 2" in expected and number is not None:
        return f"({value}, {value})"
    if "between 0 and 1" in expected or "range [0, 1]" in expected:
        percent = number is not None and 1 < float(value) <= 100
        return f"{float(value) / 100:g}" if percent else "0.5"
    if "integer" in expected and number is not None and float(value) > 0:
        return f"{float(value):.0f}"
    if "integer" in expected and value.strip("'\"").isdigit():
        return value.strip("'\"")
    if expected.startswith(("float", "a float")) and re.fullmatch(r"-?\d*\.?\d+", value.strip("'\"")):
        return value.strip("'\"")
    least = re.search(r"(?:>=|at least) (\d+)", expected)
    if least is not None:
        return least[1]
    return "32" if "positive integer" in expected else ""


def _negated(wrong: str) -> str:
    """Returns what is expected of a value that "cannot {wrong}"."""
    return "greater than 0" if "contain" in wrong else (f"not {wrong.removeprefix('be ')}" if wrong else "")


def _invalid(case: Case) -> Finding | None:
    what = case["what"].strip("`'\" ")
    value = re.split(r"\s*\(?of type ", case["value"].split("\n")[0])[0].strip().rstrip(".")
    expected = case["expected"].replace("`", "").rstrip(".") or _negated(case["wrong"])
    if not re.fullmatch(r"\w+", what) or not (expected or case["choices"]):
        return None
    choices = _CHOICE.findall(case["choices"])
    if choices:
        hint = did_you_mean(value.strip("'\""), choices)
        right = f'"{hint.partition(chr(39))[2].rpartition(chr(39))[0] or choices[0]}"'
        expected = " or ".join(choices[:6])
    else:
        right = _value(expected, value)
    call = _call(case)
    code = f"{what}={right or '...'}"
    return case.finding(
        f"`{what}`{f' of {call}' if call else ''} must be {expected}, and is {value or 'something else'}.",
        f"{f'{call}(..., {code})' if call else code}  # {expected}",
        seen=value or "?",
        expected=expected,
        evidence={"argument": what},
    )


KINDS = (
    Kind(
        id="argument-value",
        title="An argument has a value that it cannot have",
        words=(
            Words(
                "Keras",
                "Unknown value for `{what}` argument of {}. Allowed values are: {choices}. Received: {}={value}\n",
            ),
            Words("Keras", "nvalid value for argument `{what}`. Expected one of {choices}. Received: {}={value}\n"),
            Words("Keras", "nvalid `{what}` argument value. Expected one of: {choices}. Received: {}={value}\n"),
            Words("Keras", "`{what}` argument must be one of {choices}. Received: {}={value}\n"),
            Words("Keras", "nvalid value received for argument `{what}`. Expected {expected}. Received: {}={value}\n"),
            Words("Keras", "nvalid value for argument `{what}`. Expected {expected}. Received: {}={value}\n"),
            Words("Keras", "an invalid value for argument `{what}`, expected {expected}. Received: {}={value}\n"),
            Words("Keras", "an invalid value for argument `{what}`, expected {expected}, got {value}.\n"),
            Words("Keras", "nvalid `{what}` argument{}. Expected {expected}. Received: {}={value}\n"),
            Words("Keras", "nvalid `{what}` argument value. It should be {expected}. Received: {}={value}\n"),
            Words("Keras", "Argument `{what}` should be {expected}. Received instead: {}={value}\n"),
            Words("Keras", "Argument `{what}` must be {expected}. Received: {}={value}\n"),
            Words("Keras", "Argument `{what}` should be {expected}. Received: {}={value}\n"),
            Words("Keras", "Expected `{what}` to be {expected}. Received: {}={value}\n"),
            Words("Keras", "Expected `{what}` argument to be {expected}. Received{}: {}={value}\n"),
            Words("Keras", "Expected an integer value for `{what}`, got {value}.\n"),
            Words("Keras", "`{what}` must be {expected}. Received: {}={value}\n"),
            Words("Keras", "`{what}` should be {expected}. Received: {}={value}\n"),
            Words("Keras", "The argument `{what}` cannot {wrong}. Received{} {}={value}\n"),
            Words("Keras", "`{what}` cannot {wrong}. Received: {}={value}\n"),
            Words("Keras", "`{what}` argument must be {expected}. Received {}={value}\n"),
            Words("Keras", "`{what}` argument must be {expected}. Received: {}={value}\n"),
        ),
        cause="The message names the argument, what it takes, and what it got.",
        failing="layer = keras.layers.Dropout(50)\n",
        mended="layer = keras.layers.Dropout(0.5)\n",
        explain=_invalid,
    ),
)
"""Kinds of this family."""
