"""A kind of exception: its words, its cause, a program that raises it, and the finding that mends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import (
    JSON,
    ArgumentFacts,
    Failure,
    LayerFacts,
    ModelFacts,
    Picture,
    Role,
    Severity,
    TensorLayout,
    WordsPicture,
)
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.curves import named_tensor_curves
from tb_inputdiag.rules.support.text import join, variable

__all__ = ["PRELUDE", "Case", "Explanation", "Kind", "argument_text", "plainly"]

_NAME = re.compile(r"\{([a-z_]+)\}")


class Case:
    """An exception whose words are those of a kind, with everything that is known about it.

    Args:
        failure: The exception.
        facts: The model, if it is known.
        found: What stands in the holes of the words.
        exception: Class name and message, without colours and stack frames.
    """

    def __init__(
        self, failure: Failure, facts: ModelFacts | None, found: Mapping[str, str], text: str, kind: Kind
    ) -> None:
        self.failure = failure
        self.facts = facts
        self.text = text
        self._found = found
        self._kind = kind

    def __getitem__(self, name: str) -> str:
        """Returns what stands in a hole of the words; empty if the words of this version have no such hole."""
        return (self._found.get(name) or "").strip()

    @cached_property
    def arguments(self) -> Mapping[str, ArgumentFacts]:
        """The arguments of the call that raised, by name."""
        return {argument.name: argument for argument in self.failure.arguments}

    @property
    def method(self) -> str:
        """The name of the function that the user's program called, without its class; ``fit`` if it is unknown."""
        return self.failure.call.rpartition(".")[2] or "fit"

    @property
    def called(self) -> str:
        """The call of the model's method in the user's program: ``model.fit``; ``model`` where it is called itself."""
        return self.model if self.method == "__call__" else f"{self.model}.{self.method}"

    @property
    def model(self) -> str:
        """The user's variable that holds the model."""
        owner = self.arguments.get("self")
        return (owner.variable if owner is not None else "") or "model"

    def fill(self, text: str) -> str:
        """Returns a text whose ``{names}`` are replaced: see `plainly`. Other braces are left as they are."""
        own = {"model": self.model, "method": self.method, "x": self.variable("x"), "y": self.variable("y")}
        return _NAME.sub(lambda found: own.get(found[1]) or self[found[1]] or "...", text)

    def argument(self, name: str) -> ArgumentFacts | None:
        """Returns an argument, or None if it was not given."""
        return self.arguments.get(name)

    def variable(self, name: str) -> str:
        """Returns what an argument is called in the user's program, or else the name of the parameter."""
        argument = self.arguments.get(name)
        return (argument.variable if argument is not None else "") or name

    def fed(self, role: Role) -> list[TensorLayout]:
        """Returns what was fed in a role."""
        return [tensor for tensor in self.failure.fed if tensor.role == role]

    def code(self, tensor: TensorLayout) -> str:
        """Returns the likely name of a fed tensor in the user's program."""
        guess = variable(tensor.name, tensor.role, self.facts)
        parameter = {"input": "x", "target": "y"}.get(tensor.role, tensor.role)
        own = self.arguments.get(parameter)
        if own is None or not own.variable or own.kind in ("list", "dict", "dataset", "generator"):
            place = self.fed(tensor.role).index(tensor) if tensor in self.fed(tensor.role) else -1
            by_place = self.arguments.get(f"{parameter}/{place}")
            if by_place is not None and by_place.variable:
                return by_place.variable
            part = next((a for a in self.arguments.values() if a.name in (guess, f"{parameter}/{tensor.name}")), None)
            return part.variable if part is not None and part.variable else guess
        return own.variable

    def layer(self, name: str) -> LayerFacts | None:
        """Returns a layer of the model by its name."""
        layers = self.facts.layers if self.facts is not None else ()
        return next((layer for layer in layers if layer.name == name or layer.name.endswith(f"/{name}")), None)

    def finding(
        self,
        message: str,
        fix: str,
        *,
        seen: str,
        expected: str,
        subject: str = "",
        evidence: Mapping[str, JSON] | None = None,
        picture: Picture | None = None,
    ) -> Finding:
        """Returns a finding of this kind.

        Args:
            message: What is wrong, in one sentence.
            fix: Code that mends it.
            seen: What came, in a few words.
            expected: What was expected.
            subject: See `records.Alert.subject`; by default that of the kind's place.
            evidence: What else is known. The arguments of the call are added.
            picture: By default the words `seen` and `expected`.
        """
        subject = subject or self._kind.subject
        sort, _, name = subject.partition(":")
        role: Role | None = "input" if sort == "input" else ("target" if sort == "target" else None)
        return Finding(
            subject=subject,
            message=message,
            evidence={"kind": self._kind.id, **(evidence or {}), **self.known},
            fix=fix,
            why=self._kind.cause,
            picture=picture or WordsPicture(seen=seen or "?", expected=expected or "?"),
            severity=Severity.ERROR,
            at_once=True,
            curves=named_tensor_curves(role, name) if role is not None else (),
        )

    @property
    def known(self) -> dict[str, JSON]:
        """What is known about every exception: its call, the arguments, the line of the program."""
        failure = self.failure
        shown = [argument_text(a) for a in failure.arguments if a.kind not in ("model", "none") and "/" not in a.name]
        found = {
            "call": failure.call,
            "arguments": "; ".join(shown[:6]),
            "line": failure.lines[-1] if failure.lines else "",
        }
        return {key: value for key, value in found.items() if value}


def argument_text(argument: ArgumentFacts) -> str:
    """Returns an argument in words: ``images = numpy.ndarray (100, 28, 28) float64``."""
    name = argument.variable or argument.name
    if argument.value is not None and argument.kind in ("number", "text", "list"):
        return f"{argument.name} = {argument.value!r}"
    shape = shape_text(argument.shape) if argument.shape is not None else ""
    if argument.kind == "dataset":
        shape = argument.element_spec
    columns = argument.text_columns
    remark = f"with text in {join(columns)}" if columns else ""
    return " ".join(filter(None, (name, "=", argument.type, shape, argument.dtype, remark)))


Explanation: TypeAlias = Callable[[Case], Finding | None]
"""Returns the finding; None if the facts show that the exception is of another kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of exception."""

    id: str
    """Kebab-case; names the bad pattern."""
    title: str
    """One sentence without a full stop, for headings."""
    words: tuple[Words, ...]
    """How each library words it, in each version. One of them has to be found in the exception's text."""
    cause: str
    """Why it is raised: one or two sentences."""
    failing: str
    """A program that raises it. `PRELUDE` stands before it."""
    mended: str
    """The program without the fault."""
    explain: Explanation | None
    """None: the rule itself reads the exception."""
    by_rule: Callable[[Case], bool] | None = None
    """Tells of a case whether the rule itself reads the exception, although there is an explanation for others."""
    rule: str = "program-error"
    """The rule that reports it."""
    subject: str = "model"
    """`records.Alert.subject`, where the explanation names no other."""
    backend: str = ""
    """The backend of Keras that the program needs to raise, as `KERAS_BACKEND` names it; empty: TensorFlow does."""


PRELUDE = """\
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
"""
"""What every program of the catalogue begins with."""


def plainly(message: str, fix: str, *, seen: str, expected: str, subject: str = "") -> Explanation:
    """Returns an explanation whose texts only have to be filled in.

    Args:
        message: With ``{hole}`` for what stands in a hole of the words, ``{model}``, ``{x}`` and ``{y}`` for the user's
            variables, ``{method}`` for the function that was called.
        fix: The same, for the code that mends it.
        seen: The same, for what came.
        expected: The same, for what was expected.
        subject: The same, for the alert's subject.
    """

    def explain(case: Case) -> Finding | None:
        return case.finding(
            case.fill(message),
            case.fill(fix),
            seen=case.fill(seen),
            expected=case.fill(expected),
            subject=case.fill(subject),
        )

    return explain
