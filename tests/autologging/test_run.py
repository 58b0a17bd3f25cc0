"""``tb-inputdiag run``: a program runs as Python runs it, and every training of it is recorded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tb_inputdiag.cli import main
from tb_inputdiag.log.reader import read

ROOT = Path(__file__).parents[2]
OURS = [sys.executable, "-m", "tb_inputdiag", "run"]
PLAIN = [sys.executable]


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    code: int
    out: str
    err: str


def execute(command: list[str], folder: Path, *words: str, shell: str = "", **env: str) -> Done:
    """Runs a command in a folder; `shell` is what a shell redirects."""
    full: Any = [*command, *words]
    if shell:
        full = ["sh", "-c", f'exec "$@" {shell}', "sh", *full]
    clean = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    done = subprocess.run(
        full,
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", **env},
        capture_output=True,
        text=True,
        timeout=280,
    )
    return Done(done.returncode, done.stdout, done.stderr)


# -- programs without Keras ----------------------------------------------------------------------------

LOOK = """
import json, os, sys
main = sys.modules["__main__"]
print(json.dumps({
    "argv": sys.argv, "path": sys.path[0], "cwd": os.getcwd(), "name": __name__, "file": __file__,
    "package": __package__, "spec": __spec__ and __spec__.name, "doc": __doc__, "is_main": main.__dict__ is globals(),
    "cached": __cached__ if __spec__ is None else None, "loader": type(__loader__).__name__,
    "imported": [name for name in ("numpy", "keras", "tensorflow") if name in sys.modules],
}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    for name in ("look.py", "package/__main__.py", "package/inner.py"):
        (tmp_path / name).write_text(LOOK)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ["look.py", "--epochs", "3", "-x", "--log-dir", "theirs"],
        ["./package/../look.py"],
        ["package"],
        ["-m", "package.inner", "--run", "1"],
        ["-m", "package", "-m", "x"],
    ],
    ids=" ".join,
)
def test_a_program_sees_what_it_sees_without_us(words: list[str], folder: Path) -> None:
    ours, plain = execute(OURS, folder, *words), execute(PLAIN, folder, *words)
    found, expected = json.loads(ours.out), json.loads(plain.out)
    found["file"], expected["file"] = os.path.normpath(found["file"]), os.path.normpath(expected["file"])
    assert found == expected
    assert ours.code == plain.code == 0
    assert "nothing was recorded" in ours.err
    assert not (folder / "logs").exists()


ENDS = {
    "exit code": "import sys; sys.exit(7)",
    "no exit code": "raise SystemExit",
    "message": "import sys; sys.exit('that was it')",
    "exception": "def f():\n    raise ValueError('no') from KeyError('x')\nf()",
    "syntax": "def f(:",
    "own hook": "import sys\nsys.excepthook = lambda kind, exc, tb: print('hooked', exc, tb.tb_lineno)\n1 / 0",
    "group": "raise ExceptionGroup('some', [ValueError(1), KeyError(2)])" if sys.version_info >= (3, 11) else "1 / 0",
    "thread": "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print('late'))).start()",
    "atexit": "import atexit\natexit.register(print, 'last')\nraise OSError(2, 'no such thing', 'file')",
}


@pytest.mark.parametrize("end", ENDS)
def test_a_program_ends_as_it_ends_without_us(end: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(ENDS[end])
    ours, plain = execute(OURS, tmp_path, "program.py"), execute(PLAIN, tmp_path, "program.py")
    assert ours.code == plain.code
    assert ours.out == plain.out
    said = "".join(line for line in ours.err.splitlines(keepends=True) if not line.startswith("tb-inputdiag: "))
    assert said == plain.err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupted_program_dies_by_the_signal(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    done = execute(OURS, tmp_path, "program.py")
    assert done.code == -signal.SIGINT
    assert done.err.count("Traceback") == 1
    assert "tb_inputdiag" not in done.err


@pytest.mark.parametrize("shell", [">&-", "2>&-", ">&- 2>&-", "| head -c 1"])
def test_a_closed_stream_does_no_harm(shell: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import os\nos.mkdir('done')\n")
    execute(OURS, tmp_path, "program.py", shell=shell)
    assert (tmp_path / "done").is_dir()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Which program?"),
        (["nothing.py"], "'nothing.py' cannot be read: No such file"),
        (["-m", "nothing_of_this_name"], "There is no module 'nothing_of_this_name'"),
        (["-m", "nothing.of.this.name"], "There is no module 'nothing.of.this.name'"),
        (["--every", "often", "x.py"], "takes a whole number"),
        (["--log-dir", "nonsense://bucket", "x.py"], "is not known to fsspec"),
        (["--set", "no-such-rule.limit=1", "x.py"], "no-such-rule"),
        (["--stop-on", "FATAL", "x.py"], "there is no 'FATAL'"),
    ],
)
def test_wrong_arguments(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = list(sys.path)
    try:
        assert main(["run", *words]) == 2
    finally:
        sys.path[:] = before
    assert message in capsys.readouterr().err


# -- programs that train -------------------------------------------------------------------------------

TRAIN = """
import hashlib, os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
import numpy as np
import keras

keras.utils.set_random_seed(1)
pixels = np.random.default_rng(0).integers(0, 256, (64, 8, 8, 1)).astype("float32")
labels = np.arange(64) % 4

def model():
    found = keras.Sequential([
        keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.Flatten(),
        keras.layers.Dense(4, activation="softmax"),
    ])
    found.compile("adam", "sparse_categorical_crossentropy")
    return found

first, second = model(), model()
first.fit(pixels, labels, batch_size=16, epochs=2, verbose=0)
for i in range(0, 64, 16):
    second.train_on_batch(pixels[i : i + 16] / 255, labels[i : i + 16])
weights = b"".join(np.asarray(w).tobytes() for m in (first, second) for w in m.get_weights())
print(hashlib.sha256(weights).hexdigest())
"""


def test_a_training_run(tmp_path: Path) -> None:
    """The backend is chosen in the program, the result is the same, and a finding is an exit code."""
    (tmp_path / "train.py").write_text(TRAIN)
    ours = execute(OURS, tmp_path, "--fail-on", "WARNING", "train.py", KERAS_BACKEND="no-such-backend")
    plain = execute(PLAIN, tmp_path, "train.py")
    assert plain.code == 0, plain.err
    assert ours.out == plain.out, ours.err
    assert ours.code == 1
    assert "WARNING unnormalized-input" in ours.err
    assert "tb-inputdiag alerts logs" in ours.err
    found = {run.name: run.session for run in read(tmp_path / "logs").runs}
    assert {name: (session.last_step, session.status) for name, session in found.items()} == {
        ".": (7, "finished"),
        "inputdiag-2": (3, "finished"),
    }
    assert [alert.rule for alert in found["."].alerts][:1] == ["unnormalized-input"]
    assert "unnormalized-input" not in [alert.rule for alert in found["inputdiag-2"].alerts]


CHILDREN = """
import multiprocessing

def train(seed):
    import keras
    import numpy as np
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=4, verbose=0)
    model.train_on_batch(np.ones((4, 3)), np.ones((4, 1)))

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=train, args=(1,))
    child.start()
    child.join()
    raise SystemExit(child.exitcode)
"""


def test_a_child_process_is_recorded(tmp_path: Path) -> None:
    """The child imports the program again, as a module of another name."""
    (tmp_path / "parent.py").write_text(CHILDREN)
    done = execute(OURS, tmp_path, "--log-dir", "there", "--fail-on", "INFO", "parent.py")
    assert done.code == 1, done.err
    (run,) = read(tmp_path / "there").runs
    assert [session.status for session in run.sessions] == ["finished"]
    assert run.session.last_step == 2
    assert "nothing was recorded" not in done.err
    assert f"1 session. Alerts: {len(run.alerts)} INFO." in done.err


MISMATCH = """
import numpy as np
import keras
from tb_inputdiag import InputDiagnostics

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((8, 3)), np.ones((7, 1)), verbose=0{callbacks})
"""
OWN_HOOK = """
import sys, traceback
sys.excepthook = lambda kind, exc, tb: traceback.print_exception(exc)
"""


@pytest.mark.parametrize("explicit", [False, True])
def test_an_exception_before_any_callback_is_explained(explicit: bool, tmp_path: Path) -> None:
    callbacks = ', callbacks=[InputDiagnostics("logs")]' if explicit else ""
    program = MISMATCH.format(callbacks=callbacks)
    (tmp_path / "train.py").write_text(program if explicit else program.replace("\nmodel.fit", OWN_HOOK + "model.fit"))
    done = execute(PLAIN if explicit else OURS, tmp_path, "train.py", KERAS_BACKEND="tensorflow")
    assert done.code == 1
    assert done.err.count("Traceback") == 1
    assert "tb_inputdiag/" not in done.err.replace(str(ROOT / ".venv"), "")
    assert "ValueError" in done.err
    assert done.err.count("tb_inputdiag wrote this to") == 1
    (run,) = read(tmp_path / "logs").runs
    assert run.session.status == "failed"
    assert len(run.session.failures) == 1
    assert run.alerts
