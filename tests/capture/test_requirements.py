"""If Keras 3 on TensorFlow is missing, one line says so, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_HIDE = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hide())
"""


def refused(folder: Path, *, hidden: tuple[str, ...] = (), **modules: str) -> str:
    """Returns the last line that Python prints when the callback is imported together with fake modules."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    code = _HIDE.format(hidden=hidden) + "from tb_inputdiag import InputDiagnostics"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("tb_inputdiag.errors.BackendError: "), done.stderr
    return last


def test_without_tensorflow(tmp_path: Path) -> None:
    said = refused(tmp_path, hidden=("tensorflow",))
    assert "needs TensorFlow, which is not installed" in said
    assert "pip install 'tb-inputdiag[tensorflow]'" in said


def test_without_keras(tmp_path: Path) -> None:
    assert "needs Keras 3.7 or newer, which is not installed" in refused(tmp_path, hidden=("keras",), tensorflow="")


@pytest.mark.parametrize("version", ["2.15.0", "3.0.5", "3.6.0"])
def test_with_an_older_keras(tmp_path: Path, version: str) -> None:
    said = refused(tmp_path, tensorflow="", keras=f"__version__ = {version!r}")
    assert f"needs Keras 3.7 or newer. Found: Keras {version}" in said
    assert "pip install" in said


def test_with_another_backend(tmp_path: Path) -> None:
    keras = "import types\n__version__ = '3.15.1'\nbackend = types.SimpleNamespace(backend=lambda: 'jax')"
    said = refused(tmp_path, tensorflow="", keras=keras)
    assert "Found: Keras on jax" in said
    assert "KERAS_BACKEND=tensorflow" in said


def test_with_a_backend_that_is_not_installed(tmp_path: Path) -> None:
    said = refused(tmp_path, tensorflow="", keras="import jax_that_is_not_there")
    assert "Keras cannot be imported: No module named 'jax_that_is_not_there'" in said
    assert "KERAS_BACKEND=tensorflow" in said
