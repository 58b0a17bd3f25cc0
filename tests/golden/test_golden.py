"""Logs of every schema version read, show and replay as they did when they were written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import tb_inputdiag
from tb_inputdiag import records as r
from tb_inputdiag.cli import main
from tb_inputdiag.jsonable import JSONValue
from tb_inputdiag.rules import RuleEngine
from tests.golden import make
from tests.log import synthetic
from tests.log.strategies import same

SCHEMAS = [1, 2]


def test_there_is_a_golden_log_of_the_present_schema() -> None:
    assert SCHEMAS[-1] == r.SCHEMA_VERSION
    assert sorted(path.name for path in make.GOLDEN.glob("schema-*")) == [f"schema-{n}" for n in SCHEMAS]


def still_says(found: JSONValue, expected: JSONValue, schema: int) -> bool:
    """Returns whether all that was expected is still found; fields that were added later are not compared."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            name in found and still_says(found[name], value, schema) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(still_says(*pair, schema) for pair in zip(found, expected, strict=True))
        )
    if expected is None and schema == 1:  # the expectations of version 1 were written with null for NaN
        return found in (None, "NaN")
    return found == expected and type(found) is type(expected)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_golden_logs_are_read(schema: int) -> None:
    folder = make.GOLDEN / f"schema-{schema}"
    run = tb_inputdiag.read(folder).run
    assert run.session.completeness.complete
    assert run.problems == []
    found = make.facts_of(run)
    expected = json.loads((folder / "expected.json").read_text())
    wrong = [name for name, value in expected.items() if not still_says(found[name], value, schema)]
    assert not wrong, {name: (found[name], expected[name]) for name in wrong}


def test_the_records_of_schema_1_are_those_of_today() -> None:
    found = list(tb_inputdiag.read(make.GOLDEN / "schema-1").run.session.records())
    alerts = [record for record in found if isinstance(record, r.Alert)]
    (nan,) = [alert for alert in alerts if alert.rule == "non-finite-gradient"]
    assert nan.evidence["gradient_norm"] != nan.evidence["gradient_norm"]
    assert {alert.picture for alert in alerts} == {None}
    assert {alert.curves for alert in alerts} == {()}
    assert [consequence.rule for alert in alerts for consequence in alert.consequences] == ["non-finite-loss"]
    (facts,) = [record for record in found if isinstance(record, r.ModelFacts)]
    assert facts.degraded == ()


def test_the_records_of_schema_2_are_those_that_were_written() -> None:
    found = list(tb_inputdiag.read(make.GOLDEN / "schema-2").run.session.records())
    kinds = (r.CallStart, r.SessionEnd, r.ModelFacts, r.Layout, r.Alert, r.ExpectedRange, r.NotJudged)
    written = synthetic.records(synthetic.Spec(samples=24, weights=4, fits=3, declarations=True))
    documents = [
        [x for x in records if isinstance(x, kinds) and not isinstance(x, r.SessionStart)]
        for records in (found, written)
    ]
    assert len(documents[0]) == 15
    assert all(same(one, other) for one, other in zip(*documents, strict=True))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_golden_logs_are_shown(schema: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs = shutil.copytree(make.GOLDEN / f"schema-{schema}", tmp_path / "logs")
    alerts = tb_inputdiag.read(logs).run.alerts
    assert main(["alerts", str(logs), "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(alert["rule"], alert["message"]) for alert in shown] == [(alert.rule, alert.message) for alert in alerts]
    for command in (["summary"], ["alerts"], ["replay"], ["report", "--output", str(tmp_path / "report.html")]):
        assert main([command[0], str(logs), *command[1:]]) == 0
    assert all(alert.rule in capsys.readouterr().out + (tmp_path / "report.html").read_text() for alert in alerts)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_golden_logs_replay(schema: int) -> None:
    def fail(rule_id: str, error: Exception) -> None:
        raise error

    session = tb_inputdiag.read(make.GOLDEN / f"schema-{schema}").run.session
    engine = RuleEngine(on_error=fail)
    fed = [found for record in session.records() for found in engine.feed(record)]
    again = RuleEngine(on_error=fail)
    live = [found for record in session.records() if not isinstance(record, r.Alert) for found in again.feed(record)]
    assert repr(fed) == repr(live)
    assert {alert.rule for alert in engine.alerts} == {"unnormalized-input"}
