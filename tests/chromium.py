"""Finds a Chromium for the tests of the dashboard, or installs one without root.

``python -m tests.chromium`` prints its path. Looked for in this order: the path in ``CHROMIUM``; a browser on the
``PATH``; the one that npm's `@sparticuz/chromium` carries, which is installed below ``tests/plugin/browser`` when there
is no other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["find_chromium"]

_PACKAGE = Path(__file__).resolve().parent / "plugin" / "browser"
_UNPACKED = _PACKAGE / "node_modules" / ".chromium"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_UNPACK = """
import chromium from "@sparticuz/chromium";
console.log(await chromium.executablePath());
"""


def find_chromium() -> Path:
    """Returns the path of a Chromium that starts.

    Raises:
        FileNotFoundError: if ``CHROMIUM`` names no file.
        RuntimeError: if none is there and none can be installed.
    """
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        if not Path(chosen).is_file():
            raise FileNotFoundError(f"CHROMIUM must be the path of a Chromium or Chrome. Received: {chosen!r}.")
        return Path(chosen)
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return _unpacked()


def _unpacked() -> Path:
    """Returns npm's Chromium, behind a script that shows it the libraries that this machine lacks."""
    script = _UNPACKED / "start.sh"
    if script.exists():
        return script
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise RuntimeError("The tests of the dashboard need a Chromium, or Node.js 20 with npm to install one.")
    _run([npm, "ci", "--no-audit", "--no-fund", "--silent"])
    _UNPACKED.mkdir(exist_ok=True)
    # The package unpacks its shared libraries only where it believes to be in AWS Lambda, which it is made for.
    env = {"TMPDIR": str(_UNPACKED), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs20.x"}
    binary = _run([node, "--input-type=module", "-e", _UNPACK], env).strip().splitlines()[-1]
    missing = "not found" in _run(["ldd", binary])
    libraries = f'export LD_LIBRARY_PATH="{_UNPACKED}/al2023/lib"\n' if missing else ""
    script.write_text(f'#!/bin/sh\n{libraries}exec "{binary}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script


def _run(command: list[str], env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=_PACKAGE, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"Installing Chromium failed in {' '.join(command[:2])}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    try:
        print(find_chromium())
    except (FileNotFoundError, RuntimeError) as error:
        sys.exit(str(error))
