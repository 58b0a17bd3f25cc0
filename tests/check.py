"""Runs every static check and says at the end which failed: ``python -m tests.check``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "tensorboard_plugin" / "frontend"
BIN = Path(sys.executable).parent
_QUIET = {"CI": "1", "NO_COLOR": "1", "NO_MKDOCS_2_WARNING": "1"}


def steps() -> list[tuple[str, list[str], Path]]:
    """Returns name, command and folder of each check."""
    found = [
        ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."], ROOT),
        ("lint", [str(BIN / "ruff"), "check", "--quiet", "."], ROOT),
        ("types", [str(BIN / "mypy")], ROOT),
        ("types of the public API", [str(BIN / "mypy"), "tests/typing/public_api.py"], ROOT),
        ("imports", [str(BIN / "lint-imports"), "--no-cache"], ROOT),
        ("rules' pages are fresh", [sys.executable, "-m", "tb_inputdiag.rules.docs", "--check"], ROOT),
        ("page of errors is fresh", [sys.executable, "-m", "tb_inputdiag.rules.exceptions.docs", "--check"], ROOT),
    ]
    found.append(("documentation builds", [str(BIN / "mkdocs"), "build", "--quiet"], ROOT))
    scripts = FRONTEND / "scripts"
    found += [
        (f"{name} are fresh", [sys.executable, str(scripts / script), "--check"], ROOT)
        for name, script in (("TypeScript's types", "make_types.py"), ("dashboard's rules", "make_rules.py"))
    ]
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("The frontend's checks need Node.js 20 or newer with npm, which was not found. Install it first.")
    installed = FRONTEND / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (FRONTEND / "package-lock.json").stat().st_mtime:
        found.append(("frontend set-up", [npm, "ci", "--no-audit", "--no-fund", "--silent"], FRONTEND))
    found.append(("frontend: lint, types, bundle", [npm, "run", "--silent", "check"], FRONTEND))
    found.append(("frontend: tests", [npm, "run", "--silent", "test"], FRONTEND))
    return found


def main() -> int:
    """Runs the checks; returns the exit code."""
    failed = []
    for name, command, folder in steps():
        begin = time.monotonic()
        done = subprocess.run(
            command,
            cwd=folder,
            text=True,
            capture_output=True,
            env={**os.environ, **_QUIET, "PYTHON": sys.executable},
        )
        state = "ok" if done.returncode == 0 else "FAILED"
        print(f"{name:<34} {state}  {time.monotonic() - begin:5.1f} s", flush=True)
        if done.returncode:
            failed.append(name)
            print((done.stdout + done.stderr).strip()[-6000:], flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
