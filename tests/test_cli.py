"""The command line: what it prints, what it returns, and that it never shows a traceback."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from html import escape
from pathlib import Path
from socket import gethostname
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from pyarrow import parquet

from tb_inputdiag.cli import main
from tb_inputdiag.cli.arguments import ReplayArguments, WatchArguments
from tb_inputdiag.cli.curves import alert_chart, series_of
from tb_inputdiag.cli.entry import parse
from tb_inputdiag.cli.grammar import make_parser
from tb_inputdiag.cli.grammar_of_run import SEVERITIES
from tb_inputdiag.cli.replay import parse_rules
from tb_inputdiag.cli.terminal import Progress, Terminal, fit_width, sparkline
from tb_inputdiag.cli.watch import watch
from tb_inputdiag.log.reader import read
from tb_inputdiag.log.series import Series
from tb_inputdiag.log.subjects import SubjectGroup
from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.numbers import interval
from tb_inputdiag.records import (
    Alert,
    Cost,
    Curve,
    Degraded,
    ModelFacts,
    NotJudged,
    Quantity,
    Sample,
    SessionEnd,
    SessionStart,
    Severity,
)
from tb_inputdiag.report.charts import Chart, draw
from tb_inputdiag.rules.engine import RuleEngine
from tb_inputdiag.rules.examples import Scenario, class_ids, pixels
from tests.log import synthetic

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs: one with findings and one without, of two sessions."""
    folder = tmp_path_factory.mktemp("logs")
    synthetic.write(folder / "broken", synthetic.Spec(samples=60))
    clean = synthetic.Spec(samples=30, alerts=0, seed=1)
    synthetic.write(folder / "clean", clean)
    synthetic.write(folder / "clean", replace(clean, session="20261124T000000-1", start=synthetic.START + 1e4))
    return folder


class Result:
    def __init__(self, code: int, captured: Any) -> None:
        self.code, self.out, self.err = code, captured.out, captured.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: object) -> Result:
        capsys.readouterr()
        return Result(main([str(argument) for argument in arguments]), capsys.readouterr())

    return call


COMMANDS = ["summary", "alerts", "inputs", "gradients", "replay", "check"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("width", [60, 80])
def test_output_fits_the_terminal_and_has_no_colour_in_a_pipe(run: Any, logs: Path, command: str, width: int) -> None:
    result = run(command, logs, "--width", width)
    assert result.code == (1 if command == "check" else 0)
    assert result.err == ""
    assert "\x1b" not in result.out
    too_wide = [line for line in result.out.split("\n") if len(line) > width and "keras." not in line]
    assert not [line for line in too_wide if not line.startswith("model")]


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_one_standard_document(run: Any, logs: Path, command: str) -> None:
    result = run(command, logs, "--format", "json")
    rows = json.loads(result.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert isinstance(rows, list)
    assert rows
    assert {"run", "session"} <= set(rows[0])


@pytest.mark.parametrize("color", ["always", "never"])
def test_colour_can_be_forced(run: Any, logs: Path, color: str) -> None:
    assert ("\x1b[1;31mERROR" in run("alerts", logs, "--color", color).out) is (color == "always")


def test_no_color_is_respected_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert Terminal(Tty()).color
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Terminal(Tty()).color
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not Terminal(Tty()).color
    assert not Terminal(io.StringIO()).color


def test_alerts_show_what_is_wrong_worst_first_with_the_fix(run: Any, logs: Path) -> None:
    out = run("alerts", logs).out
    assert "── broken" in out
    assert "── clean" not in out
    assert out.index("ERROR non-finite-gradient") < out.index("WARNING unnormalized-input") < out.index("INFO integer-")
    assert "keras.layers.Rescaling(1/255)" in out
    assert out.endswith("Alerts: 1 ERROR, 2 WARNING, 1 INFO.\n")


def test_alerts_can_be_filtered(run: Any, logs: Path) -> None:
    rules = lambda *extra: [row["rule"] for row in run("alerts", logs, "--format", "json", *extra).json]  # noqa: E731  # short
    assert rules("--min-severity", "error") == ["non-finite-gradient"]
    assert rules("--rule", "integer-input") == ["integer-input"]
    assert rules("--run", "clean") == []


def test_a_run_without_findings_says_so(run: Any, logs: Path) -> None:
    assert run("alerts", logs / "clean").out == "Alerts: none.\n"


def test_summary_of_one_run_and_of_many(run: Any, logs: Path) -> None:
    one = run("summary", logs / "broken").out
    assert "finished after 600 steps, 5 epochs" in one
    assert "events, complete" in one
    assert "1 ERROR, 2 WARNING, 1 INFO" in one
    many = run("summary", logs).out
    assert "000000-1)" in many
    assert "3 sessions. Alerts: 1 ERROR, 2 WARNING, 1 INFO." in many
    assert "2 sessions" in run("summary", logs, "--last").out


def test_inputs_show_what_was_fed_and_what_is_read(run: Any, logs: Path) -> None:
    out = run("inputs", logs / "broken").out
    assert "train, 60 samples" in out
    assert "validation, 5 samples" in out
    assert any(line.split()[:2] == ["image", "input"] and "255" in line for line in out.split("\n"))
    assert any("at layer" in line for line in out.split("\n"))


def test_gradients_are_in_forward_order_or_largest_first(run: Any, logs: Path) -> None:
    rows = run("gradients", logs / "broken", "--format", "json").json
    assert rows[0]["weight"] == "conv2d/kernel"
    assert len(rows) == 8
    lines = run("gradients", logs / "broken", "--top", "2").out.strip().split("\n")
    assert lines[2].split()[0] == max(rows, key=lambda row: row["median"])["weight"]


def test_compare_says_what_differs(run: Any, logs: Path) -> None:
    result = run("compare", logs / "broken", logs / "clean")
    assert result.code == 0
    assert "A only: 1 ERROR, 2 WARNING, 1 INFO" in result.out
    found = run("compare", f"{logs}::broken", f"{logs}::clean", "--format", "json").json
    assert found["alerts"]["only_first"][0]["rule"] == "non-finite-gradient"
    assert "params.steps" in [row["name"] for row in found["settings"]]
    same = run("compare", logs / "broken", logs / "broken").out
    assert same.count("nothing notable differs") == 4
    assert run("compare", logs, logs).code == 2


def test_replay_judges_the_log_anew(run: Any, logs: Path) -> None:
    rows = run("replay", logs / "broken", "--format", "json").json
    new = {row["rule"]: row["logged"] for row in rows}
    assert new["unnormalized-input"] in ("same", "changed")
    assert new["non-finite-gradient"] == "gone"  # made up by the generator: no gradient is NaN in its tables
    higher = run(
        "replay",
        logs / "broken",
        "--set",
        "unnormalized-input.max_pixel=300",
        "--set",
        "unnormalized-input.max_size=300",
        "--set",
        "unnormalized-input.max_feature_size=300",
        "--only",
        "unnormalized-input",
        "--format",
        "json",
    ).json
    assert {row["logged"] for row in higher} == {"gone"}
    only = run("replay", logs / "broken", "--only", "unnormalized-input").out
    assert "non-finite-gradient" not in only  # was not judged, so it is neither here nor gone


def replayed(*arguments: str) -> ReplayArguments:
    command = parse(arguments)
    assert command is not None
    assert isinstance(command.arguments, ReplayArguments)
    return command.arguments


def test_rules_of_the_command_line_are_those_of_the_callback() -> None:
    arguments = [
        "replay",
        "x",
        "--only",
        "a",
        "--off",
        "b",
        "--set",
        "c.t=3",
        "--set",
        "c.u=.5",
        "--severity",
        "c=info",
    ]
    assert parse_rules(replayed(*arguments)) == [
        "a",
        "-b",
        {"c": {"t": 3, "u": 0.5, "severity": "INFO"}},
    ]
    assert parse_rules(replayed("replay", "x")) is None


TRACEBACK = """\
Traceback (most recent call last):
  File "/home/ada/train.py", line 12, in <module>
    model.fit(x, y)
  File "/usr/lib/python3/site-packages/keras/src/utils/traceback_utils.py", line 122, in error_handler
    raise e.with_traceback(filtered_tb) from None
ValueError: Input 0 of layer "lstm_1" is incompatible with the layer: expected ndim=3, found ndim=2. \
Full shape received: (None, 8)
"""


def test_a_message_is_explained(run: Any) -> None:
    result = run("explain", "ValueError: You must call `compile()` before using the model.")
    assert result.code == 0
    assert "model.compile(" in result.out
    assert "there was no data and no model to look at" in " ".join(result.out.split())
    found = run("explain", "You must call `compile()` before using the model.", "--format", "json").json
    assert [alert["rule"] for alert in found["alerts"]] == ["program-error"]


def test_a_traceback_on_standard_input_is_explained(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"Epoch 1/3\n{TRACEBACK}"))
    result = run("explain")
    assert result.code == 0
    assert "'lstm_1'" in result.out
    monkeypatch.setattr("sys.stdin", io.StringIO(TRACEBACK))
    found = run("explain", "-", "--format", "json").json
    assert found["exception"] == "ValueError"
    assert found["alerts"][0]["evidence"]["line"] == "train.py:12: model.fit(x, y)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x10 and 5x4)", "10 columns and 5 rows"),
        (
            "TypeError: dot_general requires contracting dimensions to have the same shape, got (5,) and (4,).",
            "gets 5 columns and 4 rows",
        ),
        (
            "ValueError: Data cardinality is ambiguous:\n  x sizes: 60000\n  y sizes: 10000\n"
            "Make sure all arrays contain the same number of samples.",
            "x holds 60000 examples, but y holds 10000",
        ),
        ("ValueError: Data cardinality is ambiguous", "x and y hold different numbers of examples"),
    ],
)
def test_messages_of_all_backends_are_explained_in_a_terminal_s_colours_and_line_ends(
    text: str, words: str, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name, rest = text.split(":", 1)
    coloured = f"Traceback (most recent call last):\r\n\x1b[1;31m{name}\x1b[0m:" + rest.replace("\n", "\r\n") + "\r\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(coloured))
    result = run("explain")
    assert (result.code, words in " ".join(result.out.split())) == (0, True), result.out
    assert "?" not in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    path = tmp_path / "log.txt"
    path.write_bytes(coloured.encode())
    assert run("explain", str(path)).out == result.out


def test_a_text_without_an_exception_is_not_called_one(run: Any) -> None:
    result = run("explain", "Epoch 1/10, loss: 0.3")
    assert result.code == 1
    assert "does not look like an exception" in result.out


def test_an_unknown_message_and_none_at_all(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = run("explain", "RuntimeError: the moon is in the wrong phase")
    assert unknown.code == 1
    assert "not known" in unknown.out
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    nothing = run("explain")
    assert nothing.code == 2
    assert "There is no message" in nothing.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "x"], "--set takes RULE.THRESHOLD=NUMBER"),
        (["--set", "unnormalized-input.max_pixel=high"], "takes a number"),
        (["--set", "unnormalized-input.nothing=1"], "has no threshold 'nothing'"),
        (["--severity", "unnormalized-input=LOUD"], "must be one of"),
        (["--severity", "x"], "--severity takes RULE=SEVERITY"),
        (["--only", "unnormalised-input"], "Did you mean 'unnormalized-input'"),
    ],
)
def test_replay_explains_wrong_rules(run: Any, logs: Path, arguments: list[str], message: str) -> None:
    result = run("replay", logs / "broken", *arguments)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("ends", [True, False])
def test_a_replay_agrees_with_a_live_run_of_many_fits(tmp_path: Path, run: Any, ends: bool) -> None:
    """After many calls small changes of a count are not logged, and a run that was killed logs none at its end."""
    scenario = Scenario().train(sample_weight=np.full(16, -1.0))
    for _ in range(21):
        scenario.call().train(sample_weight=np.full(16, -1.0))
    engine, writer = RuleEngine(), LogWriter(tmp_path, session="s", flush_interval_s=3600)
    for record in (scenario.end() if ends else scenario).records:
        for written in (record, *engine.feed(record)):
            writer.write(written)
    writer.close()
    logged = {alert.id: alert.count for alert in read(tmp_path).run.alerts}
    assert any(logged[alert.id] < alert.count for alert in engine.alerts)
    assert {row["logged"] for row in run("replay", tmp_path, "--format", "json").json} == {"same"}


@pytest.mark.parametrize(
    ("folder", "level", "code"),
    [("broken", "ERROR", 1), ("broken", "WARNING", 1), ("clean", "INFO", 0), ("nowhere", "INFO", 2)],
)
def test_check_returns_a_verdict(run: Any, logs: Path, folder: str, level: str, code: int) -> None:
    assert run("check", logs / folder, "--fail-on", level).code == code


def test_check_writes_junit_and_annotations(run: Any, logs: Path, tmp_path: Path) -> None:
    out = run("check", logs, "--format", "github", "--junit", tmp_path / "r.xml").out
    first = out.split("\n")[0]
    assert first.startswith("::error title=non-finite-gradient [weight%3Aconv2d/kernel] in broken::The gradient of")
    assert "%0AFix:%0A" in first
    suites = ElementTree.parse(tmp_path / "r.xml").getroot()
    assert (suites[0].get("name"), suites[0].get("failures")) == ("broken", "3")
    assert len(suites.findall(".//failure")) == 3
    assert run("check", logs, "--junit", tmp_path / "no" / "r.xml").code == 2


def test_check_of_a_log_that_cannot_be_read_is_not_clean(run: Any, tmp_path: Path) -> None:
    path = synthetic.write(tmp_path, synthetic.Spec(samples=3, alerts=0), per_flush=1000)
    data = bytearray(path.read_bytes())
    for place in range(300, len(data), 200):
        data[place] ^= 0xFF
    path.write_bytes(data)
    result = run("check", tmp_path)
    assert result.code == 2
    assert "tb-inputdiag: " in result.err


def test_check_is_not_clean_where_a_run_or_alerts_are_lost(run: Any, logs: Path, tmp_path: Path) -> None:
    synthetic.write(tmp_path / "clean", synthetic.Spec(samples=3, alerts=0))
    assert run("check", tmp_path).code == 0
    torn = tmp_path / "torn" / "events.out.tfevents.1.inputdiag"
    torn.parent.mkdir()
    torn.write_bytes(b"no log" * 99)
    result = run("check", tmp_path, "--junit", tmp_path / "r.xml")
    assert result.code == 2
    assert result.out.startswith("1 of 2 sessions judged.")
    assert "'torn'" in result.err
    assert "Not known to be clean" in result.err
    assert ElementTree.parse(tmp_path / "r.xml").getroot().get("errors") == "1"
    assert run("check", tmp_path, "--run", "clean").code == 0

    path = synthetic.write(tmp_path / "torn", synthetic.Spec(samples=9), per_flush=2)
    torn.unlink()
    data = path.read_bytes()
    at = data.index(b"/alerts/0")
    path.write_bytes(data[:at] + b"?" + data[at + 1 :])
    result = run("check", tmp_path / "torn", "--rule", "dead-relu")
    assert result.code == 2
    assert "1 of alerts" in result.err


def test_a_misspelt_rule_is_not_a_clean_verdict(run: Any, logs: Path) -> None:
    for command in ("check", "alerts", "replay"):
        result = run(command, logs, "--rule", "unormalized-input")
        assert result.code == 2
        assert "Did you mean 'unnormalized-input'?" in result.err
    assert run("check", logs, "--rule", "dead-relu").code == 0


@pytest.mark.parametrize("table", ["losses", "samples", "inputs", "weights", "layers", "epochs", "alerts"])
def test_export_agrees_in_every_format(run: Any, logs: Path, tmp_path: Path, table: str) -> None:
    text = run("export", logs, table).out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert run("export", logs, table, "-o", tmp_path / "t.json").code == 0
    assert run("export", logs, table, "-o", tmp_path / "t.parquet").code == 0
    as_json = json.loads((tmp_path / "t.json").read_text())
    as_parquet = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert len(rows) == len(as_json) == len(as_parquet) > 3
    assert list(rows[0]) == list(as_json[0]) == list(as_parquet[0])
    if "step" in rows[0]:
        assert [int(row["step"]) for row in rows] == [row["step"] for row in as_json]


def test_export_has_the_numbers_of_the_records(run: Any, logs: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export", logs / "broken", "weights").out)))
    samples = [r for r in read(logs / "broken").run.session.records() if isinstance(r, Sample) and r.weights]
    expected = [x for sample in samples if sample.weights for x in sample.weights.gradient_norm]
    assert [np.float32(row["gradient_norm"]) for row in rows] == expected
    assert max(len(row["gradient_norm"]) for row in rows) <= 14, "a float32 has nine digits at most"


def test_export_explains_wrong_output(run: Any, logs: Path, tmp_path: Path) -> None:
    assert "must end in .csv" in run("export", logs, "losses", "-o", tmp_path / "x.xlsx").err
    assert "parquet is binary" in run("export", logs, "losses", "--format", "parquet").err
    assert run("export", logs, "losses", "-o", tmp_path / "no" / "x.csv").code == 2


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A run of a model that reads raw pixels, with its alerts, the ranges they were judged by, and a blind rule."""
    scenario = Scenario().train(x=pixels(255.0), y=class_ids(), steps=12)
    blind = NotJudged(rule="dead-relu", reason="The activations of the layers are unknown.")
    degraded = Degraded(accessor="loss_config", effect="The settings of the loss are unknown.")
    writer = LogWriter(tmp_path / "pixels", session="s", flush_interval_s=3600)
    engine = RuleEngine(None)
    for record in [*scenario.records, blind, SessionEnd(wall_time=20.0, step=12, status="finished")]:
        shown = replace(record, degraded=(degraded,)) if isinstance(record, ModelFacts) else record
        writer.write(shown)
        for judgement in engine.feed(record):
            writer.write(judgement)
    writer.close()
    return tmp_path / "pixels"


def test_rules_that_could_not_judge_are_named(run: Any, judged: Path) -> None:
    out = " ".join(run("summary", judged).out.split())
    assert "not judged dead-relu: The activations of the layers are unknown." in out
    assert "degraded loss_config: The settings of the loss are unknown." in out
    out = " ".join(run("check", judged).out.split())
    assert "1 rule could not judge pixels: dead-relu. `tb-inputdiag summary` says why." in out
    (row,) = run("summary", judged, "--format", "json").json
    assert {item["rule"] for item in row["not_judged"]} == {"dead-relu"}
    assert {item["accessor"] for item in row["degraded"]} == {"loss_config"}
    page = run("report", judged, "-o", "-").out
    assert "The activations of the layers are unknown." in page
    assert "The settings of the loss are unknown." in page


def test_inputs_show_the_range_by_which_rules_judge(run: Any, judged: Path) -> None:
    ranges = {item["rule"]: item for row in run("inputs", judged, "--format", "json").json for item in row["expected"]}
    assert ranges["unnormalized-input"]["reason"]
    expected = interval(ranges["unnormalized-input"]["low"], ranges["unnormalized-input"]["high"])
    lines = run("inputs", judged).out.split("\n")
    assert [line for line in lines if line.startswith("x ") and "at layer" in line and expected in line]
    assert expected in run("report", judged, "-o", "-").out


def test_a_report_draws_the_curve_that_a_rule_names(run: Any, judged: Path) -> None:
    (alert,) = [alert for alert in read(judged).run.alerts if alert.rule == "unnormalized-input"]
    assert alert.curves
    page = run("report", judged, "--run", "pixels", "-o", "-").out
    card = page.partition('class="evidence"')[2].partition("</article>")[0]
    assert "<svg" in card
    assert escape(alert.curves[0].label) in card


@pytest.mark.parametrize(
    "quantity",
    [
        Quantity(stream="losses", column="loss"),
        Quantity(stream="samples", column="gradient_norm"),
        Quantity(stream="samples", column="loss", split="validation"),
        Quantity(stream="tensors", column="mean", name="image"),
        Quantity(stream="tensors", column="max", name="image", stage="entry"),
        Quantity(stream="tensors", column="mean", name="label", role="target"),
        Quantity(stream="weights", column="update_ratio", name="conv2d/kernel"),
        Quantity(stream="layers", column="dead_fraction", name="conv2d"),
        Quantity(stream="epochs", column="loss"),
    ],
    ids=str,
)
def test_every_stream_can_be_drawn(logs: Path, quantity: Quantity) -> None:
    session = read(logs / "broken").run.session
    found = series_of(session, quantity)
    assert found is not None
    assert len(found.step) == len(found.values) > 1
    alert = replace(session.alerts[0], curves=(Curve(label="It", quantity=quantity),))
    assert "It" in draw(alert_chart(session, alert) or Chart("none"))


def test_a_curve_that_the_run_lacks_is_left_out(logs: Path) -> None:
    session = read(logs / "broken").run.session
    missing = Curve(label="no", quantity=Quantity(stream="weights", column="update_ratio", name="nowhere"))
    unknown = Curve(label="no", quantity=Quantity(stream="samples", column="nothing"))
    loss = Curve(label="Training loss", quantity=Quantity(stream="losses", column="loss"))
    alert = session.alerts[0]
    assert alert_chart(session, replace(alert, curves=(missing, unknown))) is None
    chart = alert_chart(session, replace(alert, curves=(missing, loss)))
    assert chart is not None
    assert chart.title == "Training loss"


def test_export_has_pictures_and_curves_as_json(run: Any, judged: Path) -> None:
    rows = {row["rule"]: row for row in csv.DictReader(io.StringIO(run("export", judged, "alerts").out))}
    row = rows["unnormalized-input"]
    assert json.loads(row["picture"])["kind"] == "range"
    assert json.loads(row["curves"])[0]["quantity"]["stream"] == "tensors"
    assert json.loads(row["evidence"])["max"] > 200


def test_report_is_one_page(run: Any, logs: Path, tmp_path: Path) -> None:
    result = run("report", logs, "-o", tmp_path / "r.html")
    assert result.code == 0
    page = (tmp_path / "r.html").read_text()
    assert page.count("<section id=") == 3
    assert "non-finite-gradient" in page
    assert "<svg" in page
    assert "http://" not in page
    assert "https://" not in page
    assert run("report", logs / "clean", "-o", "-").out.startswith("<!doctype html>")


def test_a_report_draws_what_is_left_of_a_range(
    run: Any, logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = SubjectGroup.series

    def damaged(self: SubjectGroup, name: str, column: str) -> Series:
        found = series(self, name, column)
        return found if column != "max" else Series(found.name, found.step[3:], found.values[3:])

    monkeypatch.setattr(SubjectGroup, "series", damaged)
    assert run("report", logs / "clean", "-o", tmp_path / "r.html").code == 0
    assert "min to max" in (tmp_path / "r.html").read_text()


def test_rules_are_listed_and_explained(run: Any) -> None:
    assert "unnormalized-input" in run("rules").out
    text = run("rules", "unnormalized-input").out
    for heading in ("What it does", "What to do", "Thresholds", "max_pixel"):
        assert heading in text
    assert max(map(len, text.split("\n"))) <= 80
    assert run("rules", "unnormalized-input", "--format", "json").json["thresholds"]["max_pixel"]["default"] > 0
    wrong = run("rules", "unormalized-input")
    assert wrong.code == 2
    assert "Did you mean 'unnormalized-input'" in wrong.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sumary", "x"], "Did you mean 'summary'?"),
        (["summary", "x", "--fromat", "json"], "there is no option '--fromat'. Did you mean '--format'?"),
        (["summary", "x", "y"], "unexpected argument 'y'"),
        (["check", "x", "--fail-on", "warn"], "Did you mean 'WARNING'?"),
        (["gradients", "x", "--top", "0"], "takes a whole number from 1"),
        (["watch", "x", "--interval", "soon"], "takes a number from 0.1 to 3,600 seconds. Received: 'soon'"),
    ],
)
def test_wrong_arguments_are_answered_with_the_right_ones(run: Any, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert message in result.err
    assert "--help" in result.err


def test_runs_and_sessions_are_chosen_as_they_are_shown(run: Any, logs: Path) -> None:
    chosen = lambda *extra: [row["session"] for row in run("summary", logs, "--format", "json", *extra).json]  # noqa: E731  # short
    both = chosen("--run", "cl*")
    assert len(both) == 2
    assert chosen("--session", "000000-1") == both[1:]
    assert chosen("--run", "clean", "--last") == both[1:]
    assert run("summary", logs / "broken", "--run", "broken").code == 0
    out = run("compare", f"{logs}::clean::{both[0]}", f"{logs}::clean").out
    assert out.startswith(f"A  clean ({both[0]})\nB  clean ({both[1]})\n")


@pytest.mark.parametrize(
    "arguments",
    [[], ["nothing"], ["summary"], ["alerts", "x", "--min-severity", "LOUD"], ["watch", "x", "--interval", "0"]],
    ids=" ".join,
)
def test_wrong_arguments_return_2(run: Any, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert "tb-inputdiag" in result.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_without_logs_is_explained(run: Any, tmp_path: Path, command: str) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        result = run(command, folder)
        assert result.code == 2
        assert "Give the log_dir of InputDiagnostics(log_dir)" in result.err


def test_an_unknown_run_or_session_is_answered_with_those_there_are(run: Any, logs: Path) -> None:
    assert "There are: 'broken', 'clean'." in run("alerts", logs, "--run", "x").err
    assert "20261124T000000-1" in run("alerts", logs, "--session", "x").err


def test_damage_is_reported_on_standard_error(run: Any, tmp_path: Path) -> None:
    path = synthetic.write(tmp_path, synthetic.Spec(samples=50), per_flush=5)
    path.write_bytes(path.read_bytes()[:-100])
    result = run("summary", tmp_path)
    assert result.code == 0
    assert "cut off after" in result.err


def test_every_command_explains_itself(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert "exit codes:" in run("--help").out
    (actions,) = [a for a in make_parser()._actions if a.choices]
    for command in actions.choices or ():
        result = run(command, "--help")
        assert result.code == 0
        assert result.out.startswith(f"usage: tb-inputdiag {command}")


# ---- watch


@pytest.mark.parametrize(("steps", "expected"), [(100, "watching took 4 %"), (10, "watching took at least 4 %")])
def test_a_summary_says_when_its_cost_is_a_lower_bound(tmp_path: Path, run: Any, steps: int, expected: str) -> None:
    cost = Cost(
        step=9, wall_time=9, elapsed_s=60, spent_s=12, setup_s=10, samples=10, steps=steps, every=1, log_bytes=0
    )
    writer = LogWriter(tmp_path, session="s", flush_interval_s=3600)
    for record in (SessionStart(session="s", wall_time=1.0), cost):
        writer.write(record)
    writer.close()
    assert expected in " ".join(run("summary", tmp_path).out.split())
    (row,) = run("summary", tmp_path, "--format", "json").json
    assert (row["cost_fraction"], row["cost_is_least"]) == (0.04, steps == 10)


def test_watch_in_a_pipe_prints_alerts_as_they_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alerts = [r for r in synthetic.records(synthetic.Spec(samples=60)) if isinstance(r, Alert)]
    writers: list[LogWriter] = []

    def start() -> None:
        writers.append(LogWriter(tmp_path, session="s", flush_interval_s=3600))
        writers[0].write(SessionStart(session="s", wall_time=1.0, host=gethostname(), pid=os.getpid()))

    actions = [
        start,
        lambda: writers[0].write(alerts[0]),
        lambda: None,
        lambda: writers[0].write(alerts[1]),
        lambda: writers[0].write(replace(alerts[0], state="resolved")),
        lambda: writers[0].write(SessionEnd(wall_time=2.0, step=1, status="finished")),
    ]
    options = WatchArguments(log_dir=str(tmp_path), until_end=True)
    out = io.StringIO()
    assert watch(options, Terminal(out), sleep=lambda seconds: actions.pop(0)()) == 0
    writers[0].close()
    text = out.getvalue()
    assert not actions
    assert text.count(f"WARNING {alerts[0].rule}") == 2
    assert f"{tmp_path.name}: resolved: WARNING {alerts[0].rule}" in text
    assert alerts[1].rule in text


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_watch_draws_a_screen_on_a_terminal_and_leaves_it_as_it_was(logs: Path) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    out = Tty()
    options = WatchArguments(log_dir=str(logs))
    assert watch(options, Terminal(out, color=False, width=80), sleep=interrupt) == 0
    assert out.getvalue().startswith("\x1b[?1049h")
    assert out.getvalue().endswith("\x1b[?1049l")
    assert "finished, step 599" in out.getvalue()


def test_watch_leaves_its_screen_on_sigterm(logs: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    out = Tty()
    options = WatchArguments(log_dir=str(logs))
    with pytest.raises(SystemExit) as raised:
        watch(options, Terminal(out, color=False, width=80), sleep=lambda seconds: os.kill(os.getpid(), signal.SIGTERM))
    assert raised.value.code == 128 + signal.SIGTERM
    assert out.getvalue().endswith("\x1b[?1049l")
    assert signal.getsignal(signal.SIGTERM) == before


def test_watch_once_and_before_there_is_a_run(run: Any, logs: Path, tmp_path: Path) -> None:
    assert "step 599" in run("watch", logs / "broken", "--once").out
    for folder in (tmp_path, tmp_path / "later"):
        assert "Waiting for a run below" in run("watch", folder, "--once").out


def test_the_watched_screen_never_scrolls(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    for lines in (6, 12):
        monkeypatch.setenv("LINES", str(lines))
        monkeypatch.setenv("COLUMNS", "50")
        out = Tty()
        options = WatchArguments(log_dir=str(logs / "broken"))
        assert watch(options, Terminal(out, color=False), sleep=interrupt) == 0
        assert out.getvalue().count("\n") == lines - 1
        assert "more lines; a taller window shows them" in out.getvalue()


# ---- the process


def _process(*arguments: object, **options: Any) -> Any:
    command = [sys.executable, "-m", "tb_inputdiag.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, **options)


def test_help_and_mistakes_do_not_load_numpy() -> None:
    code = (
        "import sys\nfrom tb_inputdiag.cli import main\n"
        "main(['--version']), main(['--help']), main(['check', '--help']), main(['summry'])\n"
        "print('loaded', {'numpy', 'google_crc32c'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert "loaded set()" in done.stderr
    assert [severity.name for severity in sorted(Severity, reverse=True)] == list(SEVERITIES)


def test_a_closed_pipe_is_not_an_error(logs: Path) -> None:
    command = f"{sys.executable} -m tb_inputdiag.cli export {logs} weights | head -n 2"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.stderr == ""
    assert len(done.stdout.split("\n")) == 3


def test_output_is_ascii_where_the_terminal_is(logs: Path) -> None:
    done = _process("summary", logs / "broken", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert b"loss" in done.stdout
    assert done.stdout.isascii()


def test_no_command_loads_tensorflow_or_keras(logs: Path, tmp_path: Path) -> None:
    lines = "\n".join(
        f"main({arguments!r})"
        for arguments in [
            ["summary", str(logs)],
            ["alerts", str(logs)],
            ["inputs", str(logs)],
            ["replay", str(logs)],
            ["rules"],
            ["report", str(logs), "-o", str(tmp_path / "r.html")],
            ["export", str(logs), "alerts"],
        ]
    )
    code = (
        f"import sys\nfrom tb_inputdiag.cli import main\n{lines}\n"
        "print('loaded', {'tensorflow', 'keras'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert "loaded set()" in done.stderr


# ---- small parts


def test_curves_keep_spikes_and_show_gaps() -> None:
    values = [0.0] * 500 + [9.0] + [0.0] * 499
    assert sparkline(values, 10).count("█") == 1
    assert sparkline([1.0, float("nan"), 2.0], 3) == "▁ █"
    assert sparkline([1.0, float("nan"), float("nan")], 3) == "▁  "
    assert sparkline([], 5) == sparkline([float("nan")], 5) == ""
    assert sparkline([1.0, 2.0], 5, unicode=False) == ""


def test_names_are_cut_in_their_middle() -> None:
    assert fit_width("backbone/block1/conv/kernel", 15) == "backbo...kernel"
    assert fit_width("short", 15) == "short"


def test_progress_is_shown_on_terminals_only() -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown, silent = Tty(), io.StringIO()
    for stream in (shown, silent):
        progress = Progress("replaying", 1000, stream)
        for done in range(0, 1001, 5):
            progress.update(done)
        progress.finish()
    assert "50 %" in shown.getvalue()
    assert shown.getvalue().count("\r") == 102
    assert silent.getvalue() == ""
