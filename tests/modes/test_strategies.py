"""Distribution strategies, each in processes of its own: devices and clusters are settled once for a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.modes.rows import mode

ROOT = Path(__file__).parents[2]
GROUP = "Distribution"


def start(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.modes.{module}", *arguments],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@mode(
    GROUP,
    "`MirroredStrategy`: the global batch, and the gradients that are applied",
    note="a wrong shape raises before Keras calls callbacks: `watch(model)` around `fit` has the diagnosis",
)
def test_mirrored() -> None:
    process = start("program_mirrored")
    output, _ = process.communicate(timeout=280)
    assert process.returncode == 0, output[-4000:]
    assert output.rstrip().endswith("fine")
