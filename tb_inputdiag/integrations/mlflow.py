"""Alerts as tags and metrics of an MLflow run, and the report as its artifact."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import tempfile
from typing import Any

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.integrations.background import BackgroundCalls
from tb_inputdiag.integrations.outcome import outcome
from tb_inputdiag.integrations.report_file import write_report
from tb_inputdiag.log.reader import Run
from tb_inputdiag.records import Alert
from tb_inputdiag.report import alert_line, format_alert

__all__ = ["MLflowAlerts"]

_MOST_TAG = 5000
"""Characters of a tag's value that every store of MLflow takes."""
_MOST_KEY = 250


class MLflowAlerts:
    """Receives alerts for the active run of MLflow, or for one that is named.

    - each alert: a tag ``inputdiag.<rule>.<subject>`` with its sentence, the metrics ``inputdiag/errors``,
      ``inputdiag/warnings`` and ``inputdiag/infos`` at its step, and a file ``inputdiag/alerts/<number>-<rule>.txt``
    - the end of a `fit`: the tag ``inputdiag.status`` and, unless it is switched off, the artifact
      ``inputdiag/report.html``

    The server is called from a thread of its own.

    Args:
        run_id: The run; None: the one that is active when the first alert opens, or training ends. Without an active
            run nothing is sent.
        report: Whether to log the report.
        tracking_uri: MLflow's server or store; None: what MLflow is set to.

    Raises:
        ConfigurationError: if MLflow is not installed.
    """

    def __init__(self, run_id: str | None = None, *, report: bool = True, tracking_uri: str | None = None) -> None:
        if importlib.util.find_spec("mlflow") is None:
            raise ConfigurationError("MLflowAlerts needs MLflow. Install it: pip install mlflow")
        self._run_id = run_id
        self._report = report
        self._tracking_uri = tracking_uri
        self._client: Any = None
        self._counts = {"ERROR": 0, "WARNING": 0, "INFO": 0}
        self._alerts = 0
        self._calls = BackgroundCalls("MLflow")

    def __call__(self, alert: Alert) -> None:
        """Receives an alert that opened."""
        client, run_id = self._connect()
        if run_id is None:
            return
        self._alerts += 1
        self._counts[alert.severity.name] += 1
        number, counts = self._alerts, dict(self._counts)
        sentence = alert_line(alert, 10_000)[:_MOST_TAG]

        def send() -> None:
            client.set_tag(run_id, _key(f"inputdiag.{alert.rule}.{alert.subject}"), sentence)
            for name, n in counts.items():
                client.log_metric(run_id, f"inputdiag/{name.lower()}s", n, step=alert.first_step)
            client.log_text(run_id, format_alert(alert, 100), f"inputdiag/alerts/{number:03}-{alert.rule}.txt")

        self._calls.add(send)

    def training_ended(self, run: Run) -> None:
        """Receives the end of a `fit`; waits up to 15 s for the server, because the program may end the run next."""
        client, run_id = self._connect()
        if run_id is None:
            return

        def send() -> None:
            client.set_tag(run_id, "inputdiag.status", outcome(run))
            if self._report:
                with tempfile.TemporaryDirectory() as folder:
                    path = os.path.join(folder, "report.html")
                    write_report(run, path)
                    client.log_artifact(run_id, path, "inputdiag")

        self._calls.add(send)
        self._calls.wait()

    def _connect(self) -> tuple[Any, str | None]:
        """Returns MLflow's client and the run's id; None without an active run."""
        mlflow: Any = importlib.import_module("mlflow")
        if self._run_id is None:
            active = mlflow.active_run()
            self._run_id = None if active is None else active.info.run_id
        if self._client is None and self._run_id is not None:
            self._client = mlflow.MlflowClient(tracking_uri=self._tracking_uri)
        return self._client, self._run_id


def _key(text: str) -> str:
    """Returns a name that MLflow takes: letters, digits, ``_-. :/`` and no others."""
    return re.sub(r"[^\w\-. :/]", "_", text)[:_MOST_KEY]
