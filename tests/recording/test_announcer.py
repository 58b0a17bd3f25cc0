from __future__ import annotations

import warnings
from dataclasses import replace

import pytest

from tb_inputdiag.console import InputDiagWarning
from tb_inputdiag.recording.announcer import Announcer
from tb_inputdiag.records import Alert, Cost, NotJudged, Severity
from tb_inputdiag.settings import check

ALERT = Alert(
    id=0,
    rule="constant-input",
    severity=Severity.WARNING,
    subject="input:x",
    split="train",
    first_step=0,
    last_step=0,
    count=1,
    message="'x' is 1 everywhere.",
    evidence={},
    why="",
    fix="",
)


@pytest.fixture
def announce(tmp_path):
    """Returns an announcer for some settings, and a list that grows when training is to end."""

    def make(workers=1, **settings):
        stops = []
        arguments = {"on_alert": None, "stop_on": None, "verbose": 0, **settings}
        found = check(str(tmp_path), "auto", 0.01, None, images=0, save_bad_batches=False, **arguments)
        return Announcer(found, workers, lambda: stops.append(1)), stops

    return make


def test_each_alert_is_announced_once_while_it_is_open(announce, capsys):
    heard = []
    announcer, _ = announce(on_alert=heard.append, verbose=1)
    announcer.announce(replace(ALERT, id=1, state="resolved"))
    announcer.announce(ALERT)
    announcer.announce(replace(ALERT, count=8))
    assert heard == [ALERT]
    assert capsys.readouterr().out.count("constant-input") == 1


def test_an_alert_that_goes_into_an_exception_is_not_printed(announce, capsys):
    heard = []
    announcer, _ = announce(on_alert=heard.append, verbose=1)
    announcer.announce(ALERT, aloud=False)
    assert heard == [ALERT]
    assert capsys.readouterr().out == ""


def test_what_cannot_be_judged_is_said_once_for_each_reason(announce, capsys):
    reason = "The activations of the layers are unknown."
    for verbose, said in ((1, 1), (0, 0)):
        announcer, _ = announce(verbose=verbose)
        for rule in ("dead-relu", "dead-relu", "dead-units"):
            announcer.announce_not_judged(NotJudged(rule=rule, reason=reason))
        out = capsys.readouterr().out
        assert out.count(reason) == said
        assert ("cannot judge dead-relu" in out) == bool(verbose)


def test_an_on_alert_that_raises_is_a_warning(announce):
    def fails(alert):
        raise RuntimeError("no network")

    announcer, _ = announce(on_alert=fails)
    with pytest.warns(InputDiagWarning, match="on_alert raised RuntimeError: no network"):
        announcer.announce(ALERT)


@pytest.mark.parametrize(("stop_on", "stops"), [("INFO", 1), ("WARNING", 1), ("ERROR", 0), (None, 0)])
def test_stop_on_ends_training_once(announce, stop_on, stops):
    announcer, found = announce(stop_on=stop_on)
    announcer.announce(ALERT)
    announcer.announce(replace(ALERT, id=1))
    assert len(found) == stops
    assert announcer.stopped_by == (ALERT if stops else None)


def test_one_of_several_workers_does_not_stop_alone(announce):
    announcer, stops = announce(workers=2, stop_on="INFO")
    with pytest.warns(InputDiagWarning, match="one of 2 workers"):
        announcer.announce(ALERT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        announcer.announce(replace(ALERT, id=1))
    assert not stops


def test_the_summary_counts_the_alerts_that_stand(announce, capsys):
    cost = Cost(step=9, wall_time=0, elapsed_s=11, spent_s=2, setup_s=1, samples=3, steps=10, every=1, log_bytes=0)
    announcer, _ = announce(verbose=2)
    announcer.say_goodbye("finished", [ALERT, replace(ALERT, id=1, state="resolved")], cost)
    out = capsys.readouterr().out
    assert "finished; open alerts: 0 ERROR, 1 WARNING, 0 INFO. 3 of 10 steps sampled, 10.0 % of the time" in out
    announcer.say_goodbye("finished", [], cost)
    assert "open alerts: none." in capsys.readouterr().out


class Listener:
    """Receives the ends of training."""

    def __init__(self, fails=False):
        self.runs = []
        self.fails = fails

    def __call__(self, alert):
        pass

    def training_ended(self, run):
        self.runs.append(run)
        if self.fails:
            raise ValueError("no")


def test_a_loop_of_fits_reports_its_end_once_a_minute_and_at_the_end(announce, monkeypatch):
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    listener, runs = Listener(), iter("abcdef")
    announcer, _ = announce(on_alert=listener)
    for now in (0.0, 1.0, 59.0, 61.0, 62.0):  # noqa: B007  # the clock reads it
        announcer.end_training(lambda: next(runs))
    assert listener.runs == ["a", "b"]
    announcer.end_training(lambda: "last", last=True)
    announcer.end_training(lambda: "again", last=True)
    assert listener.runs == ["a", "b", "last"]


def test_a_listener_that_fails_is_a_warning_and_a_function_is_left_alone(announce):
    announcer, _ = announce(on_alert=Listener(fails=True))
    with pytest.warns(InputDiagWarning, match=r"training_ended raised ValueError: no"):
        announcer.end_training(lambda: "run")
    heard = []
    announcer, _ = announce(on_alert=heard.append)
    announcer.end_training(lambda: "run")
    assert heard == []
