"""What tests of several folders share."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes depends on the machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def demo_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All demos' logs, from one run of the command that people run, and what it printed, in ``output.txt``."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "demo"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one worker runs them, the others wait
        if not folder.exists():
            _run_demos(folder)
    output = (folder / "output.txt").read_text()
    assert "NOT AS PLANTED" not in output, output[-4000:]
    assert output.endswith("exit code 0\n"), output[-4000:]
    return folder


def _run_demos(folder: Path) -> None:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--all"],
        cwd=ROOT,
        env={**os.environ, "DEMO_LOGS": str(folder), "CUDA_VISIBLE_DEVICES": "-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=570,
    )
    (folder / "output.txt").write_text(f"{done.stdout}\nexit code {done.returncode}\n")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--dist loadgroup``: a file's tests stay together, as they share fixtures; slow ones are free, and begin.

    Files follow by their number of tests. A long test that began last would run while all other workers wait.
    """
    if not config.pluginmanager.hasplugin("xdist"):
        return
    tests = Counter(item.path for item in items)
    for item in items:
        if "slow" not in item.keywords:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: (0, 0) if "slow" in item.keywords else (1, -tests[item.path]))
