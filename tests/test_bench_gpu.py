"""The benchmark for GPUs runs on a CPU as well, with small sizes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.bench_gpu import Figures, table

ROOT = Path(__file__).parents[1]


def test_a_workload_is_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_gpu", "--child", "--tiny", "--seconds", "1", "torch", "mlp"],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    figures = Figures(**json.loads(done.stdout.splitlines()[-1]))
    assert figures.identical
    assert (figures.backend, figures.workload, figures.device, figures.memory_ratio) == ("torch", "mlp", "CPU", None)
    assert figures.step_ms > 0
    assert figures.rounds >= 1
    assert "| torch | mlp |" in table([figures])
