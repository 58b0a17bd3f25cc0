"""What tests of several folders share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ONE_BY_ONE = {"test_matrix.py", "test_corpus.py"}
"""Files whose tests share nothing: any worker takes any of them."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keeps tests that share a server or logs in one worker, where several work (`pytest -n`)."""
    if "demo_logs" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.xdist_group("demo"))
    elif item.path.parent.name == "plugin":
        item.add_marker(pytest.mark.xdist_group("plugin"))
    elif item.path.name not in ONE_BY_ONE:
        item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def demo_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All demos' logs, from one run of the command that people run, and what it printed, in ``output.txt``."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--all"],
        cwd=ROOT,
        env={**os.environ, "DEMO_LOGS": str(folder), "CUDA_VISIBLE_DEVICES": "-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=570,
    )
    (folder / "output.txt").write_text(done.stdout)
    assert "NOT AS PLANTED" not in done.stdout, done.stdout[-4000:]
    assert done.returncode == 0, done.stdout[-4000:]
    return folder
