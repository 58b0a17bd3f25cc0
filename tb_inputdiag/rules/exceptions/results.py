"""What a call returns, and how many values the program takes from it."""

from __future__ import annotations

import re
from typing import NamedTuple

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS", "RETURNED_STATES"]

RETURNED_STATES = {
    "LSTM": ("h", "c"),
    "GRU": ("h",),
    "SimpleRNN": ("h",),
    "ConvLSTM2D": ("h", "c"),
    "ConvLSTM1D": ("h", "c"),
}
"""Recurrent layer -> its states, which it returns behind the output with return_state=True."""
_WRAPPED = re.compile(r"Bidirectional\((?:\w+\.)*(\w+)\(")


class _Unpacked(NamedTuple):
    """A line such as ``_, h, c = encoder(x)``."""

    names: tuple[str, ...]
    code: str
    """The call."""


def _line(case: Case) -> _Unpacked:
    code = case.failure.lines[-1].partition(": ")[2] if case.failure.lines else ""
    names, _, call = code.partition(" = ")
    found = tuple(name.strip(" ()[]*") for name in names.split(","))
    return _Unpacked(found, call) if call else _Unpacked((), "layer(x)")


def _layer(case: Case, code: str) -> tuple[str, str]:
    """Returns the class of the layer that was called, and that of the layer inside of it."""
    owner = case.argument("self")
    name = case.failure.call.partition(".")[0]
    inside = _WRAPPED.search(code)
    wrapped = owner.layers[0] if owner is not None and owner.layers else (inside[1] if inside is not None else "")
    return name, wrapped


def _states(case: Case) -> Finding | None:
    line = _line(case)
    name, wrapped = _layer(case, line.code)
    both = name == "Bidirectional"
    states = RETURNED_STATES.get(wrapped if both else name)
    if states is None:
        return None
    one = "Iterating" in case.text or case["got"] == "1"
    kind = f"Bidirectional({wrapped})" if both else name
    if one:
        fix = f"keras.layers.{wrapped or name}(..., return_state=True)  # returns the output and then {_and(states)}"
        return _finding(case, f"{kind} without return_state=True returns one tensor", fix, "1", str(len(line.names)))
    output = line.names[0] if line.names and line.names[0] not in states else "_"
    own = line.names[1:] if len(line.names) == len(states) + 1 else states
    if not both:
        fix = f"{', '.join((output, *states))} = {line.code}  # the output, then {_and(states)}"
    else:
        pairs = [(f"forward_{state}", f"backward_{state}") for state in states]
        taken = ", ".join([output, *(a for a, _ in pairs), *(b for _, b in pairs)])
        joined = [f"{name} = keras.layers.concatenate([{a}, {b}])" for name, (a, b) in zip(own, pairs, strict=True)]
        fix = "\n".join([f"{taken} = {line.code}", *joined, "# a decoder that starts from them has twice the units"])
    count = 1 + len(states) * (2 if both else 1)
    directions = " of both directions" if both else ""
    what = f"{kind} returns {count} tensors: the output, and {_and(states)}{directions}"
    return _finding(case, what, fix, str(count), case["expected"])


def _and(names: tuple[str, ...]) -> str:
    return " and ".join(f"the state {name}" for name in names)


def _finding(case: Case, what: str, fix: str, seen: str, names: str) -> Finding:
    return case.finding(
        f"{what}{f', and the program takes {names} of them' if names and seen != '1' else ''}.",
        fix,
        seen=f"{seen} tensors" if seen != "1" else "1 value",
        expected=f"{names} names" if names else "as many names",
    )


def _unpacked(case: Case) -> Finding | None:
    """The program takes another number of values than a call of Keras returns."""
    line = _line(case)
    if {"sample_weight", "class_weight"} & set(case.arguments) and len(line.names) == 2 and line.code.isidentifier():
        return _weights_in_a_step(case, line)
    if not line.names or set(case.arguments) - {"self"}:  # with others, the call itself raised
        return None
    if case.method == "evaluate":
        scalar = "non-iterable" in case.text
        what = (
            "evaluate returns the loss alone, because compile got no metrics"
            if scalar
            else ("evaluate returns the loss and a number for each metric")
        )
        first = line.names[0]
        fix = (
            f'{case.model}.compile(..., metrics=["accuracy"])  # then evaluate returns two numbers\n'
            f"# or without metrics: {first} = {line.code}"
            if scalar
            else f"{first}, *metrics = {line.code}\n# or a dict: {case.model}.evaluate(..., return_dict=True)"
        )
        return _finding(case, what, fix, "1" if scalar else "several", case["expected"])
    if case.method == "fit":
        return _finding(case, "fit returns one History object", f"history = {line.code}.history", "1", "")
    if case.method != "__call__":
        return None
    if case.failure.call.startswith("MultiHeadAttention"):
        fix = f"{line.code.rstrip(')')}, return_attention_scores=True)"
        fix = f"{', '.join(line.names)} = {fix}"
        return _finding(case, "MultiHeadAttention returns one tensor unless it is asked for scores", fix, "1", "")
    outputs = len(case.facts.outputs) if case.facts is not None else 0
    if case.failure.call.startswith(("Functional", "Sequential")) and outputs:
        names = ", ".join(f"output_{n}" for n in range(1, outputs + 1))
        what = f"The model returns {outputs} tensor{'s' if outputs > 1 else ''}"
        return _finding(case, what, f"{names} = {line.code}", str(outputs), case["expected"])
    return _states(case)


def _weights_in_a_step(case: Case, line: _Unpacked) -> Finding:
    x, y = line.names
    return case.finding(
        f"`{line.code}` has three parts, because fit was called with weights of examples, and the step takes two.",
        f"{x}, {y}, sample_weight = keras.utils.unpack_x_y_sample_weight({line.code})\n"
        f"# and: self.compute_loss(\n#     x={x}, y={y}, y_pred=y_pred, sample_weight=sample_weight)",
        seen="x, y, sample_weight",
        expected=f"{x}, {y}",
    )


_ENCODER = """\
inputs = keras.Input((5, 4))
encoder = keras.layers.Bidirectional(keras.layers.LSTM(3, return_state=True))
_, h, c = encoder(inputs)
"""
KINDS = (
    Kind(
        id="values-of-a-result",
        title="The program takes another number of values than a call returns",
        words=(
            Words("Python", "too many values to unpack (expected {expected}, got {got})"),
            Words("Python", "too many values to unpack (expected {expected})"),
            Words("Python", "not enough values to unpack (expected {expected}, got {got})"),
            Words("Python", "cannot unpack non-iterable {type} object"),
            Words("Keras", "Iterating over a symbolic KerasTensor is not supported"),
        ),
        cause="A recurrent layer with return_state=True returns its states as well: h and c of an LSTM, h of a GRU, "
        "and twice as many of a Bidirectional layer.",
        failing=_ENCODER,
        mended=mend(_ENCODER, "_, h, c =", "_, h, c, backward_h, backward_c ="),
        explain=_unpacked,
    ),
)
"""Kinds of this family."""
