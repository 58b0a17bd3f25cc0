"""The demos: each program's planted problem is its worst finding, and healthy programs have none."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import nbclient
import nbformat
import pytest

import tb_inputdiag
from demo.__main__ import ALL
from tb_inputdiag.rules import all_rules

ROOT = Path(__file__).parents[1]
# whichever test comes first waits for all programs: a minute on two idle cores, more where others work, too
pytestmark = pytest.mark.timeout(600)


def test_every_program_of_the_folder_is_run() -> None:
    files = {path.stem for path in (ROOT / "demo").glob("*.py")} - {"__init__", "__main__", "_common"}
    assert set(ALL) == files


@pytest.mark.parametrize("name", ALL)
def test_what_was_planted_is_the_worst_finding(name: str, demo_logs: Path) -> None:
    planted = import_module(f"demo.{name}").FINDS
    run = tb_inputdiag.read(demo_logs / name).run
    found = [alert.rule for alert in run.alerts]
    assert found[:1] == ([planted] if planted else [])
    assert planted is None or planted in {rule.id for rule in all_rules()}
    # what a program has beside its problem may be noted, but not as a second warning
    assert all(alert.severity == tb_inputdiag.Severity.INFO for alert in run.alerts[1:]), found


def test_a_problem_that_is_not_found_fails_the_run(monkeypatch: pytest.MonkeyPatch, demo_logs: Path) -> None:
    from demo import __main__ as demo
    from demo import healthy

    monkeypatch.setattr(demo, "LOGS", demo_logs)
    monkeypatch.setattr(demo, "run", lambda name: 0.0)
    assert demo.main(["healthy"]) == 0
    monkeypatch.setattr(healthy, "FINDS", "unnormalized-input")
    assert demo.main(["healthy"]) == 1


def test_the_output_says_what_was_found(demo_logs: Path) -> None:
    output = (demo_logs / "output.txt").read_text()
    assert "Traceback" not in output
    for name in ALL:
        assert f"demo/{name}.py: " in output
    assert "keras.layers.Rescaling(1/255)" in output
    assert "x = x.reshape(-1, 28, 28, 1)" in output


def test_the_notebook_runs_as_it_is(tmp_path: Path) -> None:
    notebook = nbformat.read(ROOT / "demo" / "notebook.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in code), "clear the outputs before you commit it"
    nbclient.NotebookClient(notebook, timeout=250, resources={"metadata": {"path": str(tmp_path)}}).execute()
    raw, scaled, afterwards = ("".join(output.text for output in cell.outputs) for cell in code[2:5])
    assert "WARNING unnormalized-input" in raw
    assert "keras.layers.Rescaling(1/255)" in raw
    assert "open alerts: none" in scaled
    assert "WARNING" not in scaled
    assert "raw: fed up to 255, the first layer reads up to 255" in afterwards
    assert "scaled: fed up to 255, the first layer reads up to 1" in afterwards


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_demos_run_on_other_backends(backend: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo", "wrong_shape", "unscaled_pixels", "wrong_type"],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "DEMO_LOGS": str(tmp_path), "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "demo/wrong_type.py is left out: it is written for TensorFlow" in done.stdout
    assert done.stdout.count("as planted") == 2
    for name in ("wrong_shape", "unscaled_pixels"):
        start = tb_inputdiag.read(tmp_path / name).run.sessions[0].start
        assert start is not None
        assert backend in start.versions
