"""The first programs of the demo on the oldest versions that are supported, in an environment of their own.

The environment stays in ``.nox``: the first time takes a minute, for 250 MB of packages, and later ones 20 seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tb_inputdiag
from demo.__main__ import SHORT
from noxfile import SETS

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".nox" / "oldest"
READY = HOME / "installed.txt"
"""What was installed completely."""


def run_oldest(log_dir: Path) -> str:
    """Runs the session ``oldest``, without asking the package index again where all is installed."""
    wanted = " ".join(next(iter(SETS.values())))
    ready = READY.exists() and READY.read_text(encoding="utf-8") == wanted
    done = subprocess.run(
        [sys.executable, "-m", "nox", *(["-R"] if ready else []), "-s", "oldest"],
        cwd=ROOT,
        env={**os.environ, "DEMO_LOGS": str(log_dir), "CUDA_VISIBLE_DEVICES": "-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    READY.write_text(wanted, encoding="utf-8")
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="TensorFlow 2.16 does not exist for this Python.")
def test_the_first_programs_run_on_the_oldest_versions(tmp_path: Path) -> None:
    output = run_oldest(tmp_path)
    assert "NOT AS PLANTED" not in output
    assert "keras.layers.Rescaling(1/255)" in output
    for name in SHORT:
        start = next(tb_inputdiag.read(tmp_path / name).run.session.records())
        versions = dict(package.split("==") for package in next(iter(SETS.values())))
        assert {key: start.versions[key] for key in ("keras", "numpy")} == {
            key: versions[key] for key in ("keras", "numpy")
        }
        assert start.versions["tensorflow"] == versions["tensorflow-cpu"]
