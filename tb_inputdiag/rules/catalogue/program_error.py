"""The rule `program-error`."""

from __future__ import annotations

from tb_inputdiag.records import ArgumentFacts, Failure, Severity, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.exceptions import diagnose
from tb_inputdiag.rules.exceptions.kind import argument_text
from tb_inputdiag.rules.support.failures import essential_text
from tb_inputdiag.rules.support.shape_errors import read_shape_error
from tb_inputdiag.rules.views.context import Context

__all__ = ["ProgramError"]

_LONGEST = 160
_FRAMES = ("Exception encountered when calling", "Graph execution error", "Detected at node", "in user code", "File ")
"""Beginnings of lines that say where an exception passed, not what is wrong."""


class ProgramError(Rule):
    """An exception ended the program.

    ## What it does
    Reads an exception of Keras or of its backend, wherever it was raised: while data was read, while the model was
    built, compiled, trained, saved or loaded. It compares the arguments of the call with what Keras expects, and gives
    the line that mends it. Exceptions about shapes, dtypes, labels and memory have rules of their own. Of an exception
    that it does not know it says what is known, the arguments with shapes and dtypes, as an INFO.

    ## Why is this bad?
    The program cannot go on. The message often names the place where it failed, not the line that is wrong.

    ## Example
    ```python
    def batches():
        while True:
            yield [x, y]     # a list: Keras takes only a tuple apart

    model.fit(batches(), steps_per_epoch=100)
    ```

    ## What to do
    Use the line in the alert. docs/errors.md has a failing and a mended program for each kind of exception.

    ## References
    - https://keras.io/api/models/model_training_apis/
    """

    id = "program-error"
    severity = Severity.ERROR
    why = "The program cannot go on. The message often names the place where it failed, not the line that is wrong."

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads the exception."""
        found = diagnose(failure, context.facts, context.report)
        if found is None:
            read = read_shape_error(essential_text(failure.message)) is not None  # by shape-mismatch
            return [_unknown(failure)] if failure.call and failure.arguments and not read else []
        return [found.finding] if found.finding is not None and found.kind.rule == self.id else []

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        compiled = "You must call `compile()` before using the model."
        x = ArgumentFacts(name="x", type="numpy.ndarray", kind="array", shape=(8, 4), dtype="float32")
        call = {"call": "Sequential.fit", "arguments": (x,)}
        shape = "Data cardinality is ambiguous. Make sure all arrays contain the same number of samples.'x' sizes: 10\n"
        return (
            fires("not compiled", lambda: Scenario().fail("ValueError", compiled), "model", Severity.ERROR),
            fires(
                "an unknown exception of a known call",
                lambda: Scenario().fail("ValueError", "The moon is in the wrong phase.", **call),
                "data",
                Severity.INFO,
            ),
            silent("an unknown exception", lambda: Scenario().fail("ValueError", "The moon is in the wrong phase.")),
            silent("another rule's", lambda: Scenario().fail("ValueError", shape + "'y' sizes: 9\n", **call)),
            silent("no exception", lambda: Scenario().train()),
        )


def _unknown(failure: Failure) -> Finding:
    """Returns what is known of an exception of an unknown kind."""
    shown = [argument_text(a) for a in failure.arguments if a.kind not in ("model", "none") and "/" not in a.name]
    lines = essential_text(failure.message).splitlines()
    telling = (line.strip() for line in lines if not line.strip().startswith(_FRAMES))
    message = next(filter(None, telling), "")[:_LONGEST]
    return Finding(
        subject="data",
        message=f"{failure.call} raised {failure.exception}: {message or 'without a message'}",
        evidence={
            "call": failure.call,
            "arguments": "; ".join(shown),
            "line": failure.lines[-1] if failure.lines else "",
        },
        fix="# The kind of this exception is not known. The call received:\n"
        + "\n".join(f"#   {text}" for text in shown[:6]),
        severity=Severity.INFO,
        picture=WordsPicture(seen="; ".join(shown[:3]) or "?", expected="unknown", seen_label="arguments"),
    )
