"""Alerts as tags and scalars of a ClearML task, and the report as its artifact."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import tempfile
from typing import Any

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.integrations.background import BackgroundCalls
from tb_inputdiag.integrations.outcome import outcome
from tb_inputdiag.integrations.report_file import write_report
from tb_inputdiag.log.reader import Run
from tb_inputdiag.records import Alert, Severity
from tb_inputdiag.report import format_alert

__all__ = ["ClearMLAlerts"]

_LEVELS = {Severity.ERROR: logging.ERROR, Severity.WARNING: logging.WARNING, Severity.INFO: logging.INFO}


class ClearMLAlerts:
    """Receives alerts for a task of ClearML.

    - each alert: a tag ``inputdiag: <rule>``, the scalars ``errors``, ``warnings`` and ``infos`` of ``inputdiag`` at
      its step, and its text in the task's console
    - the end of a `fit`: the user property ``inputdiag`` with the outcome and, unless it is switched off, the artifact
      ``inputdiag report``

    The server is called from a thread of its own.

    Args:
        task: The task; None: the one that is current when the first alert opens, or training ends. Without a task
            nothing is sent.
        report: Whether to upload the report.

    Raises:
        ConfigurationError: if ClearML is not installed.
    """

    def __init__(self, task: Any = None, *, report: bool = True) -> None:
        if importlib.util.find_spec("clearml") is None:
            raise ConfigurationError("ClearMLAlerts needs ClearML. Install it: pip install clearml")
        self._task = task
        self._report = report
        self._counts = dict.fromkeys(Severity, 0)
        self._calls = BackgroundCalls("ClearML")

    def __call__(self, alert: Alert) -> None:
        """Receives an alert that opened."""
        task = self._connect()
        if task is None:
            return
        self._counts[alert.severity] += 1
        counts = dict(self._counts)

        def send() -> None:
            task.add_tags([f"inputdiag: {alert.rule}"])
            log = task.get_logger()
            for severity, n in counts.items():
                log.report_scalar("inputdiag", f"{severity.name.lower()}s", n, iteration=alert.first_step)
            log.report_text(format_alert(alert, 100), level=_LEVELS[alert.severity], print_console=False)

        self._calls.add(send)

    def training_ended(self, run: Run) -> None:
        """Receives the end of a `fit`; waits up to 15 s for the server, because the program may close the task next."""
        task = self._connect()
        if task is None:
            return

        def send() -> None:
            task.set_user_properties(inputdiag=outcome(run))
            if self._report:
                with tempfile.TemporaryDirectory() as folder:
                    path = os.path.join(folder, "report.html")
                    write_report(run, path)
                    task.upload_artifact("inputdiag report", path, wait_on_upload=True)

        self._calls.add(send)
        self._calls.wait()

    def _connect(self) -> Any:
        """Returns the task; None without one."""
        clearml = sys.modules.get("clearml")  # who has a task has imported it, and importing it patches other packages
        if self._task is None and clearml is not None:
            self._task = clearml.Task.current_task()
        return self._task
