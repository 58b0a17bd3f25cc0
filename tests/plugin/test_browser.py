"""The dashboard in a real Chromium on a real TensorBoard: `browser/run.mjs` looks, this file reports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chromium import find_chromium

HERE = Path(__file__).parent
SCRIPT = HERE / "browser" / "run.mjs"
FRONTEND = HERE.parent.parent / "tensorboard_plugin" / "frontend"
THEMED = ("overview", "inputs", "layers", "model", "compare", "dataset")


def _names() -> list[str]:
    themed = [
        f"{view} is complete, legible and without complaints in {t}" for t in ("light", "dark") for view in THEMED
    ]
    return themed + re.findall(r'^checks\["(.+)"\] =', SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def found(servers, logs) -> dict[str, str]:
    """Name of a check -> what is wrong, or an empty text."""
    assert (FRONTEND / "node_modules" / "playwright-core").exists(), "Run `make check` once: it sets up the frontend."
    environment = {**os.environ, "CHROMIUM": str(find_chromium())}
    live = [sys.executable, "-m", "tests.log.synthetic", str(logs / "live"), "--samples", "960", "--live", "240"]
    writer = subprocess.Popen(live, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        command = ["node", str(SCRIPT), servers["fast"].base, servers["python"].base]
        done = subprocess.run(command, capture_output=True, text=True, timeout=480, env=environment)
    finally:
        writer.terminate()
        writer.wait(20)
    assert done.returncode == 0, done.stderr
    return {line["name"]: line["problem"] for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", _names())
def test_dashboard(found, name):
    assert found[name] == ""
