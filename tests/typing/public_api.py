"""What a type checker sees of the public API: mypy reads this file, nothing runs it.

`assert_type` says what is inferred. A line with ``type: ignore[code]`` has to be an error: strict mypy
complains about a comment that ignores nothing.
"""

from __future__ import annotations

from pathlib import Path

from typing_extensions import assert_type

import tb_inputdiag
from tb_inputdiag import Alert, InputDiagnostics, Rule, Severity, autolog, read
from tb_inputdiag.autologging import AutologScope
from tb_inputdiag.log.reader import Log, Run
from tb_inputdiag.records import Consequence, Picture
from tb_inputdiag.rules import Context, Finding, Findings, RuleEngine, Threshold, judge

assert_type(tb_inputdiag.__version__, str)


def callback() -> None:
    """The callback takes what its documentation says, and nothing else."""
    InputDiagnostics("logs")
    InputDiagnostics(Path("logs"), every=10, overhead_budget=0.02, stop_on="ERROR", images=0)
    InputDiagnostics("logs", rules={"unnormalized-input": {"max_size": 30}, "class-imbalance": False})
    InputDiagnostics("logs", rules=["-stalled-loss", Brightness, Brightness(brightest=2.0)])
    InputDiagnostics("logs", on_alert=print, stop_on=Severity.WARNING)
    InputDiagnostics("logs", every="often")  # type: ignore[arg-type]  # "auto" or a number
    InputDiagnostics("logs", on_alert=len)  # type: ignore[arg-type]  # it is called with an alert
    InputDiagnostics("logs", evry=10)  # type: ignore[call-arg]  # a misspelt argument
    InputDiagnostics(images=0)  # type: ignore[call-arg]  # a log_dir is required


def without_a_callback() -> None:
    """The same arguments, for all training runs; also as a context manager."""
    autolog()
    autolog(disable=True)
    autolog("logs", every=10, stop_on="ERROR", rules=["-stalled-loss"], on_alert=print)
    with autolog(Path("logs")) as scope:
        assert_type(scope, AutologScope)
    autolog(evry=10)  # type: ignore[call-arg]  # a misspelt argument
    assert_type(InputDiagnostics("logs").report(), Run)


def reader() -> None:
    """A log is read to typed runs and alerts."""
    log = read("logs")
    assert_type(log, Log)
    assert_type(log.run, Run)
    assert_type(log.run.alerts, list[Alert])
    for run, alert in log.alerts:
        assert_type(run, str)
        assert_type(alert.severity, Severity)
        assert_type(alert.picture, Picture | None)
        assert_type(alert.consequences, tuple[Consequence, ...])


class Brightness(Rule):
    """A user's rule."""

    id = "too-bright"
    severity = Severity.WARNING
    brightest = Threshold(1.0, "Largest value that is fine.", source="The sensor's data sheet.")

    def on_sample(self, context: Context) -> Findings:
        """Judges the inputs of one batch."""
        for view in context.fed("input"):
            assert_type(view.max, float)
            assert_type(view.shape, tuple[int, ...])
        return [Finding(subject="input:x", message="Too bright.")]


def rules() -> None:
    """Rules judge records without Keras."""
    engine = RuleEngine([Brightness])
    assert_type(engine.alerts, list[Alert])
    assert_type(judge([]), list[Alert])
    Finding(subject="input:x")  # type: ignore[call-arg]  # a finding has a message
