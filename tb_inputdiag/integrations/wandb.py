"""Alerts of a Weights & Biases run."""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
from typing import Any

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.integrations.report_file import write_report
from tb_inputdiag.log.reader import Run
from tb_inputdiag.records import Alert, Severity
from tb_inputdiag.report import alert_line

__all__ = ["WandbAlerts"]

_COLUMNS = ("severity", "rule", "subject", "first step", "message", "why", "fix", "state")


class WandbAlerts:
    """Receives alerts for a run of Weights & Biases.

    - each alert of at least `min_severity`: ``run.alert``, which W&B sends by e-mail or Slack
    - the end of a `fit`: a table ``input_diagnostics`` with all alerts, numbers of them in the run's summary, and the
      report as a file ``input_diagnostics.html``

    W&B itself sends from a process of its own, so nothing waits for its server.

    Args:
        run: The run; None: `wandb.run` when the first alert opens, or training ends. Without a run nothing is sent.
        min_severity: ERROR, WARNING or INFO: the least that sends an alert.
        report: Whether to save the report.

    Raises:
        ConfigurationError: if W&B is not installed, or `min_severity` is not a severity.
    """

    def __init__(self, run: Any = None, *, min_severity: Severity | str = "WARNING", report: bool = True) -> None:
        if importlib.util.find_spec("wandb") is None:
            raise ConfigurationError("WandbAlerts needs Weights & Biases. Install it: pip install wandb")
        self._run = run
        self._least = Severity.parse(min_severity, argument="min_severity")
        self._report = report

    def __call__(self, alert: Alert) -> None:
        """Receives an alert that opened."""
        wandb, run = self._connect()
        if run is None or alert.severity < self._least:
            return
        levels = {Severity.ERROR: wandb.AlertLevel.ERROR, Severity.WARNING: wandb.AlertLevel.WARN}
        run.alert(
            title=f"{alert.rule} [{alert.subject}]",
            text=f"{alert.message}\n\n{alert.why}\n\n{alert.fix}",
            level=levels.get(alert.severity, wandb.AlertLevel.INFO),
        )

    def training_ended(self, recorded: Run) -> None:
        """Receives the end of a `fit`."""
        wandb, run = self._connect()
        if run is None:
            return
        table = wandb.Table(columns=list(_COLUMNS))
        for alert in recorded.alerts:
            table.add_data(
                alert.severity.name,
                alert.rule,
                alert.subject,
                alert.first_step,
                alert.message,
                alert.why,
                alert.fix,
                alert.state,
            )
        run.log({"input_diagnostics": table})
        run.summary["input_diagnostics/findings"] = len(recorded.alerts)
        run.summary["input_diagnostics/status"] = recorded.session.status
        if recorded.alerts:
            run.summary["input_diagnostics/worst"] = alert_line(recorded.alerts[0], 10_000)
        if self._report:
            self._save_report(run, recorded)

    def _save_report(self, run: Any, recorded: Run) -> None:
        folder = getattr(run, "dir", None) or tempfile.mkdtemp()
        path = os.path.join(folder, "input_diagnostics.html")
        write_report(recorded, path)
        run.save(path, base_path=folder, policy="now")

    def _connect(self) -> tuple[Any, Any]:
        wandb: Any = importlib.import_module("wandb")
        return wandb, self._run if self._run is not None else wandb.run
