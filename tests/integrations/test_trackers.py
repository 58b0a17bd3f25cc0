"""The receivers of alerts, with the real packages and a real training run."""

from __future__ import annotations

import email
import email.policy
import json
import os
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.integrations import (
    ClearMLAlerts,
    EmailFile,
    MLflowAlerts,
    SeveralReceivers,
    SlackWebhook,
    WandbAlerts,
)
from tb_inputdiag.integrations.background import BackgroundCalls
from tb_inputdiag.integrations.webhook import alert_message
from tests.log import synthetic
from tests.log.test_writer import an_alert
from tests.warned import warned


def train(log_dir: Path, on_alert: Callable[[Any], object]) -> None:
    """Trains on unscaled inputs: one WARNING."""
    import keras

    from tb_inputdiag import InputDiagnostics

    x = np.random.default_rng(0).uniform(0, 255, (256, 8)).astype("float32")
    model = keras.Sequential(
        [keras.layers.Input((8,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)]
    )
    model.compile("adam", "mse")
    callback = InputDiagnostics(log_dir, on_alert=on_alert, verbose=0)
    model.fit(x, x[:, :1] / 255, epochs=2, verbose=0, callbacks=[callback])
    callback.close()
    assert [alert.rule for alert in callback.alerts][:1] == ["unnormalized-input"]


class Hook:
    """A webhook on this machine."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.code = 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.code)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/T000/B000/a-secret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_mlflow_has_tags_metrics_and_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    # the small package of MLflow has no data base, and its store of files has to be asked for
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(tmp_path / "store")
    try:
        with mlflow.start_run() as run:
            train(tmp_path / "logs", MLflowAlerts())
        client = mlflow.MlflowClient()
        found = client.get_run(run.info.run_id).data
        assert "far from unit scale" in found.tags["inputdiag.unnormalized-input.input:x"]
        assert found.tags["inputdiag.status"].startswith("finished, ")
        assert found.metrics["inputdiag/warnings"] >= 1
        names = {item.path for item in client.list_artifacts(run.info.run_id, "inputdiag")}
        assert names == {"inputdiag/report.html", "inputdiag/alerts"}
        page = Path(client.download_artifacts(run.info.run_id, "inputdiag/report.html", str(tmp_path))).read_text()
        assert "unnormalized-input" in page
    finally:
        mlflow.set_tracking_uri(None)


def test_mlflow_without_an_active_run_gets_nothing(tmp_path: Path) -> None:
    train(tmp_path / "logs", MLflowAlerts())


def test_wandb_offline_has_the_alert_the_table_and_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")
    sent: list[dict[str, Any]] = []
    with wandb.init(mode="offline", project="test", dir=str(tmp_path)) as run:
        alert = run.alert
        monkeypatch.setattr(type(run), "alert", lambda self, **message: (sent.append(message), alert(**message)))
        train(tmp_path / "logs", WandbAlerts())
        assert "finished" in run.summary["input_diagnostics/status"]
        assert run.summary["input_diagnostics/findings"] >= 1
        assert "unnormalized-input" in run.summary["input_diagnostics/worst"]
    assert sent[0]["title"] == "unnormalized-input [input:x]"
    wandb.teardown()  # it has read the environment once, and other tests set their own mode there
    (offline,) = (tmp_path / "wandb").glob("offline-run-*/")
    tables = list(offline.rglob("input_diagnostics*.table.json"))
    assert "unnormalized-input" in tables[0].read_text()
    assert "unnormalized-input" in (offline / "files" / "input_diagnostics.html").read_text()


def test_clearml_offline_has_tags_scalars_the_text_and_the_report(tmp_path: Path) -> None:
    """In a process of its own, because ClearML patches other packages when it is imported."""
    synthetic.write(tmp_path / "logs", synthetic.Spec(samples=20, weights=2))
    code = f"""
        import clearml, os, tb_inputdiag
        from tb_inputdiag.integrations import ClearMLAlerts

        clearml.Task.set_offline(True)
        task = clearml.Task.init("test", "digits", auto_connect_frameworks=False, auto_resource_monitoring=False)
        receiver, run = ClearMLAlerts(), tb_inputdiag.read({str(tmp_path / "logs")!r}).run
        for alert in run.alerts:
            receiver(alert)
        receiver.training_ended(run)
        task.close()
        os._exit(0)  # what ClearML does at the exit of a program may wait for minutes
    """
    env = {**os.environ, "HOME": str(tmp_path), "CLEARML_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, env=env, timeout=120)
    (offline,) = (tmp_path / "cache" / "offline").glob("offline-*/")
    task = json.loads((offline / "task.json").read_text())
    assert "inputdiag: non-finite-gradient" in task["tags"]
    assert task["hyperparams"]["properties"]["inputdiag"]["value"].startswith("finished, ")
    (report,) = task["execution"]["artifacts"]
    assert report["key"] == "inputdiag report"
    assert "non-finite-gradient" in Path(report["uri"]).read_text()
    scalars, texts = (
        [item for batch in (offline / name).read_text().splitlines() for item in json.loads(batch)]
        for name in ("metrics.jsonl", "log.jsonl")
    )
    assert {item["variant"] for item in scalars if item["metric"] == "inputdiag"} == {"errors", "warnings", "infos"}
    assert any("non-finite-gradient" in item["msg"] for item in texts if item["level"] == "error")


def test_clearml_without_a_task_gets_nothing() -> None:
    ClearMLAlerts()(an_alert())
    assert "clearml" not in sys.modules


def test_a_webhook_receives_slacks_format(hook: Hook, tmp_path: Path) -> None:
    train(tmp_path / "logs", SlackWebhook(hook.url, name="resnet <1>"))
    first, *_, last = hook.messages
    assert first["text"].startswith("WARNING unnormalized-input in resnet &lt;1&gt;: ")
    assert first["blocks"][0]["text"]["type"] == "mrkdwn"
    assert first["blocks"][-1]["text"]["text"].startswith("```")
    assert last["text"].startswith("resnet &lt;1&gt;: finished, ")


def test_a_message_fits_slack() -> None:
    import dataclasses

    long = dataclasses.replace(an_alert(), message="m" * 10_000, fix="f" * 10_000)
    assert all(len(block["text"]["text"]) <= 3000 for block in alert_message(long)["blocks"])  # type: ignore[index,attr-defined]  # JSON


def test_a_webhook_that_refuses_is_one_warning_without_its_url(hook: Hook) -> None:
    hook.code = 403
    receiver = SlackWebhook(hook.url)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            receiver(an_alert())
        assert receiver._calls.wait()
    (said,) = warned(caught)
    assert "did not receive an alert (OSError: it answered 403" in said
    assert len(hook.messages) == 3
    assert "a-secret" not in said + repr(receiver)


def test_a_receiver_that_hangs_does_not_keep_training_waiting() -> None:
    hangs, calls = threading.Event(), BackgroundCalls("It")
    calls.add(lambda: hangs.wait(30))
    assert not calls.wait(0.05)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(400):
            calls.add(lambda: None)
    assert "later ones are dropped" in warned(caught)[0]
    hangs.set()
    assert calls.wait(20)


def test_an_email_has_the_findings_and_the_report(tmp_path: Path) -> None:
    path = tmp_path / "mail" / "run.eml"
    train(tmp_path / "logs", EmailFile(path, to="team@example.org", sender="gpu@example.org", name="resnet"))
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["To"] == "team@example.org"
    assert message["Subject"].startswith("resnet: finished, ")
    body = message.get_body(("plain",))
    assert body is not None
    assert "unnormalized-input" in body.get_content()
    (page,) = message.iter_attachments()
    assert page.get_filename() == "report.html"
    assert "unnormalized-input" in page.get_content()


def test_several_receivers_get_each_alert_though_one_fails(tmp_path: Path) -> None:
    seen: list[str] = []

    def fails(alert: object) -> None:
        raise ValueError("no")

    path = tmp_path / "run.eml"
    mail = EmailFile(path, to="a@example.org", sender="b@example.org")
    with pytest.warns(UserWarning, match="on_alert: fails raised ValueError: no"):
        train(tmp_path / "logs", SeveralReceivers(fails, lambda alert: seen.append(alert.rule), mail))
    assert seen[0] == "unnormalized-input"
    assert path.exists()


def test_wrong_arguments_are_clear_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="begins with https"):
        SlackWebhook("file:///etc/passwd")
    with pytest.raises(ConfigurationError, match="to must be an e-mail address"):
        EmailFile("x.eml", to="a@b\nBcc: c@d", sender="a@b")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="pip install mlflow"):
        MLflowAlerts()
    with pytest.raises(ConfigurationError, match="pip install wandb"):
        WandbAlerts()
    with pytest.raises(ConfigurationError, match="pip install clearml"):
        ClearMLAlerts()


def test_importing_the_integrations_imports_no_tracker() -> None:
    code = """
        import sys
        from tb_inputdiag.integrations import ClearMLAlerts, EmailFile, MLflowAlerts, SlackWebhook, WandbAlerts
        ClearMLAlerts(), MLflowAlerts(), WandbAlerts()
        print(sorted({"clearml", "mlflow", "wandb", "tensorflow", "keras", "requests"} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
