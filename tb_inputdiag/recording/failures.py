"""Exceptions: those of the training run become records and notes, those of the callback end recording."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence

from tb_inputdiag.capture.failed_call import FailedCall
from tb_inputdiag.capture.observations import Raised
from tb_inputdiag.console import say_warning, width_of
from tb_inputdiag.errors import ExplanationError
from tb_inputdiag.records import Alert, Failure, Split, TensorLayout
from tb_inputdiag.report import format_alert

__all__ = ["MAX_MESSAGE", "Outage", "add_notes", "failure_of", "takes_notes", "warn_of_rule"]

MAX_MESSAGE = 4000
"""Characters of an exception's message that are logged."""
_UNKNOWN = FailedCall()


def failure_of(
    exc: BaseException,
    split: Split,
    step: int,
    raised: Raised | None,
    fed: tuple[TensorLayout, ...],
    call: FailedCall = _UNKNOWN,
) -> Failure:
    """Returns the record of an exception.

    Args:
        exc: The exception.
        split: Which function ran.
        step: Its step.
        raised: The innermost layer call that raised, if known.
        fed: The batch; empty if no step ran.
        call: The call of Keras that raised.
    """
    return Failure(
        step=step,
        wall_time=time.time(),
        split=split,
        exception=type(exc).__name__,
        message=_message(exc),
        where=raised.path if raised is not None else "",
        fed=fed or call.fed,
        reached=raised.reached if raised is not None else (),
        place="step" if fed else call.place,
        call=call.call,
        arguments=call.arguments,
        lines=call.lines,
        operands=call.operands,
    )


def takes_notes(exc: BaseException) -> bool:
    """Returns whether notes can be added to an exception: from Python 3.11 on."""
    return hasattr(exc, "add_note")


def add_notes(exc: BaseException, alerts: Sequence[Alert], log_dir: str | None, *, steps: bool = True) -> None:
    """Adds alerts to an exception, below its message.

    Args:
        exc: The exception; see `takes_notes`.
        alerts: What the rules found because of it.
        log_dir: Where the alerts are logged; None if they are not.
        steps: Whether a step raised it.
    """
    for alert in alerts:
        exc.add_note("\n" + format_alert(alert, width=width_of(sys.stderr), color=False, steps=steps))
    if alerts and log_dir is not None:
        exc.add_note(f"tb_inputdiag wrote this to {log_dir}")


def warn_of_rule(rule: str, exc: Exception) -> None:
    """Warns that a rule failed and is not used any more, or that it could not explain one kind of exception."""
    if isinstance(exc, ExplanationError):
        say_warning(f"a kind of exception could not be explained ({exc}). The others go on. Please report this.")
        return
    say_warning(
        f"the rule {rule} failed and is not used any more ({type(exc).__name__}: {exc}). "
        "Training, recording and the other rules go on. Please report this."
    )


class Outage:
    """A failure of the callback itself, after which nothing is recorded. The first one is reported, once.

    Args:
        log_dir: Where the log is.
    """

    def __init__(self, log_dir: str) -> None:
        self.step: int | None = None
        """Where recording stopped."""
        self.reason = ""
        self._log_dir = log_dir

    def begin(self, exc: BaseException, step: int) -> None:
        """Notes and reports a failure."""
        if self.step is not None:
            return
        self.step = step
        self.reason = f"{type(exc).__name__}: {exc}"[:MAX_MESSAGE]
        say_warning(
            f"recording stopped at step {step}: {self.reason.rstrip('.')}. Training goes on unchanged; "
            f"alerts so far are in {self._log_dir}."
        )


def _message(exc: BaseException) -> str:
    """Returns what an exception says, at most `MAX_MESSAGE` characters.

    TensorFlow puts the stack of the operation's definition in front of the reason. In a notebook it is longer than all
    the rest. Its lines are left out, and a text that is still too long is cut in the middle.
    """
    text = re.sub(r'^ *File "[^"\n]*", line \d+.*\n(?:\n)?', "", str(exc), flags=re.MULTILINE)
    if len(text) <= MAX_MESSAGE:
        return text
    half = MAX_MESSAGE // 2 - 10
    return f"{text[:half]}\n[...]\n{text[-half:]}"
