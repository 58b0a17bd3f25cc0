"""The demos: each program's planted problem is its worst finding, and healthy programs have none."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import tb_inputdiag
from demo.__main__ import ALL
from tb_inputdiag.rules import all_rules

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All demos' logs, from one run of the command that people run."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--all"],
        cwd=ROOT,
        env={**os.environ, "DEMO_LOGS": str(folder), "CUDA_VISIBLE_DEVICES": "-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
    )
    (folder / "output.txt").write_text(done.stdout)
    assert "NOT AS PLANTED" not in done.stdout, done.stdout[-4000:]
    assert done.returncode == 0, done.stdout[-4000:]
    return folder


def test_every_program_of_the_folder_is_run() -> None:
    files = {path.stem for path in (ROOT / "demo").glob("*.py")} - {"__init__", "__main__", "_common"}
    assert set(ALL) == files


@pytest.mark.parametrize("name", ALL)
def test_what_was_planted_is_the_worst_finding(name: str, logs: Path) -> None:
    planted = import_module(f"demo.{name}").FINDS
    run = tb_inputdiag.read(logs / name).run
    found = [alert.rule for alert in run.alerts]
    assert found[:1] == ([planted] if planted else [])
    assert planted is None or planted in {rule.id for rule in all_rules()}
    # what a program has beside its problem may be noted, but not as a second warning
    assert all(alert.severity == tb_inputdiag.Severity.INFO for alert in run.alerts[1:]), found


def test_a_problem_that_is_not_found_fails_the_run(monkeypatch: pytest.MonkeyPatch, logs: Path) -> None:
    from demo import __main__ as demo
    from demo import healthy

    monkeypatch.setattr(demo, "LOGS", logs)
    monkeypatch.setattr(demo, "run", lambda name: 0.0)
    assert demo.main(["healthy"]) == 0
    monkeypatch.setattr(healthy, "FINDS", "unnormalized-input")
    assert demo.main(["healthy"]) == 1


def test_the_output_says_what_was_found(logs: Path) -> None:
    output = (logs / "output.txt").read_text()
    assert "Traceback" not in output
    for name in ALL:
        assert f"demo/{name}.py: " in output
    assert "keras.layers.Rescaling(1/255)" in output
    assert "x = x.reshape(-1, 28, 28, 1)" in output
