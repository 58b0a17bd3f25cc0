"""``%load_ext tb_inputdiag`` in IPython: what is recorded, ``%inputdiag``, and how an exception is shown."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

import tb_inputdiag
from tb_inputdiag import unhandled
from tb_inputdiag.log.reader import Run, read

CELL = """
import keras, numpy as np
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
x, y = np.ones((8, 3)) * 200, np.ones((8, 1))
_ = model.fit(x, y, batch_size=4, verbose=0)
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(unhandled, "_hooks", unhandled._Hooks())  # a callback of another test may still be alive
    found = InteractiveShell.instance()
    found.run_line_magic("load_ext", "tb_inputdiag")
    yield found
    found.run_line_magic("unload_ext", "tb_inputdiag")
    assert "inputdiag" not in found.magics_manager.magics["line"]
    assert "showtraceback" not in vars(found)
    assert "fit" not in vars(keras.Model)
    InteractiveShell.clear_instance()


def test_a_cell_is_recorded(
    shell: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("tb_inputdiag.notebook.extension.written_files", list)
        assert shell.run_cell("%inputdiag report").result is None
    assert "Nothing was recorded" in capsys.readouterr().out
    shell.run_cell(CELL).raise_error()
    shown = shell.run_cell("%inputdiag report").result
    assert isinstance(shown, Run)
    assert shown.session.last_step == 1
    assert "tb-inputdiag" in shown._repr_html_()
    assert len(read(tmp_path / "logs").runs) == 1


def test_the_magic_changes_the_settings(shell: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_line_magic("inputdiag", "elsewhere --quiet --off unnormalized-input")
    shell.run_cell(CELL).raise_error()
    shell.run_line_magic("inputdiag", "off")
    shell.run_cell("model.fit(x, y, verbose=0)").raise_error()
    shell.run_line_magic("inputdiag", "")
    said = capsys.readouterr().out
    assert f"autolog into {str(tmp_path / 'elsewhere')!r}" in said
    assert said.rstrip().endswith("autolog is off")
    assert "unnormalized-input" not in said
    assert read(tmp_path / "elsewhere").run.session.n_fits == 1
    for wrong in ("--every often", "--set x", "--nothing", "nonsense://bucket"):
        shell.run_line_magic("inputdiag", wrong)
        assert "%inputdiag" in (error := capsys.readouterr().err) or "tb-inputdiag:" in error


def test_an_exception_is_shown_with_its_explanation(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_cell(CELL).raise_error()
    capsys.readouterr()
    assert not shell.run_cell("model.fit(x, y[:7], verbose=0)").success
    assert not shell.run_cell("keras.Sequential([keras.Input((3,)), keras.layers.Conv2D(2, 3)])").success
    said = capsys.readouterr().out
    assert said.count("shape-mismatch") == 2
    assert "model_runs.py" not in said
    assert "keras_calls.py" not in said
    assert not shell.run_cell("1 / 0").success
    assert "tb_inputdiag" not in capsys.readouterr().out


def test_the_callback_reports_its_run(tmp_path: Path) -> None:
    callback = tb_inputdiag.InputDiagnostics(tmp_path, verbose=0)
    assert callback.report().sessions == ()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for _ in range(2):
        model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0, callbacks=[callback])
    other = tb_inputdiag.InputDiagnostics(tmp_path, verbose=0)
    model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0, callbacks=[other])
    assert [session.n_fits for session in callback.report().sessions] == [2]
    assert [session.n_fits for session in other.report().sessions] == [1]
    assert "1 step" in callback.report()._repr_html_() or "2 steps" in callback.report()._repr_html_()


def test_a_shell_that_begins_after_the_first_callback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unhandled, "_hooks", unhandled._Hooks())
    first = tb_inputdiag.InputDiagnostics(tmp_path / "first")
    shell = InteractiveShell.instance()
    try:
        second = tb_inputdiag.InputDiagnostics(tmp_path / "second")
        assert "showtraceback" in vars(shell)
        del second, first
        gc.collect()
        assert "showtraceback" not in vars(shell)
    finally:
        InteractiveShell.clear_instance()
