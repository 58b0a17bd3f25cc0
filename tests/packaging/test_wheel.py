"""What is shipped: built, installed where nothing else is, and used."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "schema-1"
_NOT_SOURCES = shutil.ignore_patterns(
    ".*", "node_modules", "__pycache__", "*.egg-info", "build", "dist", "logs", "*.pyc"
)


def run(*command: object, cwd: Path, code: int = 0, env: dict[str, str] | None = None) -> str:
    """Runs a command away from the sources; returns what it says, on both streams."""
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "KERAS_BACKEND")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**clean, **(env or {})},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


@dataclass(frozen=True)
class Dist:
    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Dist:
    """The source distribution, and the wheel made from it: what `python -m build` makes of a fresh checkout."""
    folder = tmp_path_factory.mktemp("build")
    shutil.copytree(ROOT, folder / "sources", ignore=_NOT_SOURCES)
    said = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", cwd=folder / "sources")
    assert "deprecat" not in said.lower(), said
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    (wheel,) = (folder / "dist").glob("*.whl")
    return Dist(sdist, wheel)


def test_the_wheel_holds_the_packages_and_nothing_else(dist: Dist) -> None:
    names = zipfile.ZipFile(dist.wheel).namelist()
    assert {"tb_inputdiag/py.typed", "tb_inputdiag/callback.py"} <= set(names)
    static = ROOT / "tensorboard_plugin" / "inputdiag" / "static"
    assert {f"tensorboard_plugin/inputdiag/static/{path.name}" for path in static.iterdir()} <= set(names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert "tensorboard_plugin/__init__.py" not in names, "A namespace that others share has no __init__.py."
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tb_inputdiag", "tensorboard_plugin"}
    shipped = {name for name in names if name.startswith("tb_inputdiag/") and name.endswith(".py")}
    assert shipped == {str(path.relative_to(ROOT)) for path in (ROOT / "tb_inputdiag").rglob("*.py")}
    assert not [name for name in names if "frontend" in name or name.endswith((".ts", ".tsx", ".pyc"))]


def test_the_source_distribution_makes_the_same_wheel_as_the_sources(
    dist: Dist, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # outside of the sources: setuptools would find what the other build left there
    folder = tmp_path_factory.mktemp("direct")
    shutil.copytree(ROOT, folder / "sources", ignore=_NOT_SOURCES)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist"]
    run(*command, cwd=folder / "sources")
    (wheel,) = (folder / "dist").glob("*.whl")
    assert wheel.name == dist.wheel.name
    assert _contents(wheel) == _contents(dist.wheel)


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_package_index_would_take_both(dist: Dist, tmp_path_factory: pytest.TempPathFactory) -> None:
    environment = _environment(tmp_path_factory.mktemp("twine"))
    _install(environment, "twine")
    said = run(
        environment.bin("twine"), "--no-color", "check", "--strict", dist.sdist, dist.wheel, cwd=environment.work
    )
    assert said.count("PASSED") == 2, said


def test_the_source_distribution_holds_what_tests_and_page_are_made_from(dist: Dist) -> None:
    with tarfile.open(dist.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {
        "LICENSE",
        "CHANGELOG.md",
        "Makefile",
        "requirements-dev.txt",
        "docs/log-format.md",
        "demo/__main__.py",
        "tests/packaging/test_wheel.py",
        "tensorboard_plugin/frontend/package.json",
        "benchmarks/bench_reader.py",
        "tests/golden/schema-1/expected.json",
    }
    assert expected <= names, expected - names
    assert not [name for name in names if "node_modules" in name or name.startswith("demo/logs")]


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and an empty folder to work in."""

    home: Path
    work: Path

    def bin(self, name: str) -> Path:
        return self.home / ("Scripts" if os.name == "nt" else "bin") / name


def _environment(folder: Path) -> Environment:
    found = Environment(folder / "venv", folder / "work")
    found.work.mkdir()
    run(sys.executable, "-m", "venv", "--without-pip", found.home, cwd=folder)
    return found


def _install(environment: Environment, *what: object) -> None:
    pip = [sys.executable, "-m", "pip", "--python", environment.bin("python"), "--disable-pip-version-check"]
    run(*pip, "install", "--quiet", *what, cwd=environment.work)


@pytest.fixture(scope="module")
def bare(dist: Dist, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Nothing but the wheel and what it requires, from the package index."""
    found = _environment(tmp_path_factory.mktemp("bare"))
    _install(found, dist.wheel)
    return found


@pytest.fixture(scope="module")
def full(dist: Dist, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel beside TensorFlow and Keras.

    They are those of the environment that the tests run in, put behind the environment's own packages: `bare` tries
    what the wheel requires, and half a gigabyte need not be installed for that again.
    """
    found = _environment(tmp_path_factory.mktemp("full"))
    _install(found, "--no-deps", dist.wheel)
    own = run(found.bin("python"), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=found.work)
    Path(own.strip(), "behind.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return found


@contextmanager
def tensorboard(environment: Environment, logs: Path) -> Iterator[str]:
    """Yields the address of a TensorBoard, started as a user does, when it answers."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [environment.bin("python"), "-m", "tensorboard.main", "--logdir", logs, "--port", str(port)]
    process = subprocess.Popen(
        [*map(str, command), "--reload_interval", "1"],
        cwd=environment.work,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(30)


def fetch(address: str, *, until: bytes = b"") -> bytes:
    """Returns a page, as soon as it is there and holds a text."""
    end = time.monotonic() + 120
    body = b""
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                body = answer.read()
            if until in body:
                return body
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError):
            pass
        time.sleep(0.3)  # another process can only be waited for
    raise AssertionError(f"{address} does not answer with {until!r}: {body[:1000]!r}")


def _shows(environment: Environment, logs: Path, rule: str) -> None:
    with tensorboard(environment, logs) as base:
        runs = json.loads(fetch(f"{base}/data/plugin/inputdiag/runs", until=b'"verdict"'))["runs"]
        answer = json.loads(fetch(f"{base}/data/plugin/inputdiag/run?id={runs[0]['id'].replace('/', '%2F')}"))
        assert rule in {row["alert"]["rule"] for row in answer["alerts"]}
        assert b"render" in fetch(f"{base}/data/plugin_entry.html?name=inputdiag")
        bundle = ROOT / "tensorboard_plugin" / "inputdiag" / "static" / "index.js"
        assert fetch(f"{base}/data/plugin/inputdiag/index.js") == bundle.read_bytes()
        assert rule in json.loads(fetch(f"{base}/data/plugin/inputdiag/rules.json"))


def test_reader_command_line_and_dashboard_work_without_tensorflow(bare: Environment) -> None:
    python, command = bare.bin("python"), bare.bin("tb-inputdiag")
    run(python, "-c", "import tensorflow", cwd=bare.work, code=1)
    run(python, "-c", "import keras", cwd=bare.work, code=1)
    read = "import sys, tb_inputdiag; print(tb_inputdiag.__file__, len(tb_inputdiag.read(sys.argv[1]).alerts))"
    file, alerts = run(python, "-c", read, GOLDEN, cwd=bare.work).split()
    assert Path(file).is_relative_to(bare.home)
    assert int(alerts) > 0
    assert "steps" in run(command, "summary", GOLDEN, cwd=bare.work)
    assert "unnormalized-input" in run(command, "alerts", GOLDEN, cwd=bare.work)
    assert "unnormalized-input" in run(command, "check", GOLDEN, cwd=bare.work, code=1)
    assert "unnormalized-input" in run(command, "replay", GOLDEN, cwd=bare.work)
    run(command, "report", GOLDEN, "-o", "report.html", cwd=bare.work)
    _shows(bare, GOLDEN, "unnormalized-input")


def test_the_callback_without_a_backend_says_what_to_install(bare: Environment) -> None:
    said = run(bare.bin("python"), "-c", "from tb_inputdiag import InputDiagnostics", cwd=bare.work, code=1)
    last = said.strip().splitlines()[-1]
    assert "InputDiagnostics needs TensorFlow or JAX or PyTorch, none of which is installed" in last
    assert "pip install" in last


_TRAIN = """
import keras, numpy as np, tb_inputdiag
from tb_inputdiag import InputDiagnostics

print("from", tb_inputdiag.__file__)
pixels = np.random.default_rng(0).integers(0, 256, (64, 8, 8, 1)).astype("float32")
labels = np.arange(64) % 4
model = keras.Sequential([
    keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.Flatten(),
    keras.layers.Dense(4, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(pixels, labels, batch_size=16, epochs=2, verbose=0, callbacks=[InputDiagnostics("logs")])
"""


def test_a_training_run_is_recorded_and_its_alert_shown(full: Environment) -> None:
    (full.work / "train.py").write_text(_TRAIN)
    said = run(full.bin("python"), "train.py", cwd=full.work, env={"TF_CPP_MIN_LOG_LEVEL": "3"})
    file = next(line.split(maxsplit=1)[1] for line in said.splitlines() if line.startswith("from "))
    assert Path(file).is_relative_to(full.home), "This is not the wheel."
    assert "WARNING unnormalized-input" in said
    assert "unnormalized-input" in run(full.bin("tb-inputdiag"), "alerts", "logs", cwd=full.work)
    _shows(full, full.work / "logs", "unnormalized-input")
