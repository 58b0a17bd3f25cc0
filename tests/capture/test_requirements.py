"""If Keras 3 or its backend is missing, or is one that cannot be observed, one line says so, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tb_inputdiag.capture.requirements import BACKENDS

ROOT = Path(__file__).parents[2]
_HIDE = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hide())
"""


def refused(folder: Path, *, hidden: tuple[str, ...] = (), backend: str | None = "tensorflow", **modules: str) -> str:
    """Returns the last line that Python prints when the callback is imported together with fake modules."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    code = _HIDE.format(hidden=hidden) + "from tb_inputdiag import InputDiagnostics"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    env.pop("KERAS_BACKEND", None)
    if backend is not None:
        env["KERAS_BACKEND"] = backend
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("tb_inputdiag.errors.BackendError: "), done.stderr
    return last


@pytest.mark.parametrize(("backend", "title"), BACKENDS.items())
def test_without_the_chosen_backend(tmp_path: Path, backend: str, title: str) -> None:
    said = refused(tmp_path, hidden=(backend,), backend=backend)
    assert f"KERAS_BACKEND is {backend!r}, but {title} is not installed" in said
    assert f"pip install 'tb-inputdiag[{backend}]'" in said


def test_without_any_backend(tmp_path: Path) -> None:
    said = refused(tmp_path, hidden=("tensorflow", "jax", "torch"), backend=None)
    assert "needs TensorFlow or JAX" in said
    assert "none of which is installed" in said
    assert "pip install 'tb-inputdiag[tensorflow]'" in said


def test_without_keras(tmp_path: Path) -> None:
    said = refused(tmp_path, hidden=("keras",), backend="jax", jax="")
    assert "needs Keras 3.7 or newer, which is not installed" in said
    assert "pip install 'tb-inputdiag[jax]'" in said


@pytest.mark.parametrize("version", ["2.15.0", "3.0.5", "3.6.0"])
def test_with_an_older_keras(tmp_path: Path, version: str) -> None:
    said = refused(tmp_path, tensorflow="", keras=f"__version__ = {version!r}")
    assert f"needs Keras 3.7 or newer. Found: Keras {version}" in said
    assert "pip install" in said


@pytest.mark.parametrize("backend", ["numpy", "openvino"])
def test_with_a_backend_that_does_not_train(tmp_path: Path, backend: str) -> None:
    keras = f"import types\n__version__ = '3.15.1'\nbackend = types.SimpleNamespace(backend=lambda: {backend!r})"
    said = refused(tmp_path, backend=backend, keras=keras)
    assert "works with Keras on TensorFlow, JAX" in said
    assert f"Found: Keras on {backend}" in said
    assert "Set the environment variable KERAS_BACKEND to tensorflow or jax" in said


def test_with_a_backend_that_is_not_installed(tmp_path: Path) -> None:
    said = refused(tmp_path, tensorflow="", keras="import jax_that_is_not_there")
    assert "Keras cannot be imported: No module named 'jax_that_is_not_there'" in said
    assert "KERAS_BACKEND to tensorflow" in said


_IMPORTED = """
import sys
from tb_inputdiag import InputDiagnostics
from tb_inputdiag.capture.backend import backend
backend()
for name in sorted(sys.modules):
    if name.startswith("tb_inputdiag.capture.") and name.endswith(".backend") and name.count(".") == 3:
        print(name.split(".")[2])
print(*(name for name in ("tensorflow", "torch") if name in sys.modules))
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_backend_of_keras_is_the_only_one_that_is_imported(backend: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    # Keras imports JAX for itself, whichever backend it has
    assert done.stdout.split() == [backend, *({"tensorflow", "torch"} & {backend})]
