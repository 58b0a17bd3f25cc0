"""Measures the dashboard in a real TensorBoard and a headless Chromium: the table that `docs/dashboard.md` quotes.

::

    python benchmarks/bench_dashboard.py --keep LOGS      # LOGS keeps the synthetic logs for the next time

Needs node, Chromium and `npm ci` in tensorboard_plugin/frontend. The long log takes 260 MB and a few minutes to write.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chromium import find_chromium
from tools.pages import put, stamp

ROOT = Path(__file__).parent.parent
BUNDLE = ROOT / "tensorboard_plugin" / "inputdiag" / "static" / "index.js"
PORT = 6471


def write(out: Path, *arguments: str) -> None:
    """Writes a synthetic log unless it is there."""
    if not out.exists():
        subprocess.run([sys.executable, "-m", "tests.log.synthetic", str(out), *arguments], check=True, cwd=ROOT)


def rss_mb(pid: int) -> float:
    """Resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def runs() -> list[dict[str, object]]:
    with urllib.request.urlopen(f"http://localhost:{PORT}/data/plugin/inputdiag/runs", timeout=30) as answer:
        found: list[dict[str, object]] = json.loads(answer.read())["runs"]
        return found


@contextmanager
def tensorboard(logs: Path, count: int, *arguments: str, still: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """Yields the process of a TensorBoard that has loaded all runs; `still`: and nothing is added to them."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logs), "--port", str(PORT), *arguments]
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 180
        before: list[object] = []
        while time.monotonic() < end:
            time.sleep(3)
            try:
                now = sorted(str((row["id"], row["last_event_time"])) for row in runs())
            except OSError:
                continue
            if len(now) >= count and (now == before or not still):
                break
            before = list(now)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def look(what: str) -> dict[str, float]:
    """Returns what the browser measured."""
    script = Path(__file__).with_suffix(".mjs")
    done = subprocess.run(
        ["node", str(script), f"http://localhost:{PORT}", what],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "CHROMIUM": str(find_chromium())},
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(logs: Path) -> Iterator[tuple[str, str, str]]:
    """Yields (what, goal, measured)."""
    size = len(gzip.compress(BUNDLE.read_bytes(), 9))
    yield "bundle, gzip", "60 KB", f"{size / 1000:.1f} KB"
    write(logs / "small" / "run", "--samples", "300", "--weights", "12")
    write(logs / "long" / "run", "--samples", "100000", "--weights", "50")
    for number in range(50):
        write(logs / "fifty" / f"run_{number:02d}", "--samples", "1000", "--weights", "12")
    with tensorboard(logs / "small", 1) as process:
        found = look("paint")
        yield "first meaningful paint, warm server", "500 ms", f"{found['paint_ms']:.0f} ms"
        with_one_run = rss_mb(process.pid)
    for loader in ("--load_fast=true", "--load_fast=false"):
        with tensorboard(logs / "long", 1, loader) as process:
            before = rss_mb(process.pid)
            found = look("long")
            after_open = rss_mb(process.pid)
            layers = look("layers")
            inputs = look("inputs")
            grown = rss_mb(process.pid) - before
        name = f"1,000,000 steps, {loader}"
        yield f"{name}: verdict and alerts", "", f"{found['verdict_ms']:.0f} ms"
        yield f"{name}: complete overview", "1.5 s", f"{found['complete_ms'] / 1000:.2f} s"
        yield (
            f"{name}: complete curves of tensors and weights under its alerts",
            "",
            f"{found['curves_ms'] / 1000:.2f} s",
        )
        yield f"{name}: transferred for it, with the bundle", "500 KB", f"{found['bytes'] / 1000:.0f} KB"
        yield f"{name}: complete heat map, after the overview", "", f"{layers['complete_ms'] / 1000:.2f} s"
        yield f"{name}: complete inputs, after the overview", "", f"{inputs['complete_ms'] / 1000:.2f} s"
        yield f"{name}: memory after the overview", "100 MB", f"+{after_open - before:.0f} MB"
        yield f"{name}: memory after every view", "100 MB", f"+{grown:.0f} MB"
    with tempfile.TemporaryDirectory() as live:
        command = [sys.executable, "-m", "tests.log.synthetic", f"{live}/run", "--samples", "3000", "--weights", "50"]
        writer = subprocess.Popen([*command, "--live", "150"], cwd=ROOT)
        try:
            with tensorboard(Path(live), 1, still=False):
                found = look("live")
        finally:
            writer.terminate()
            writer.wait(20)
    for view in ("overview", "layers", "inputs"):
        yield f"one update of a live run, {view}", "20 KB", f"{found[f'{view}_bytes'] / 1000:.1f} KB"
    with tensorboard(logs / "fifty", 50):
        found = look("fifty")
    yield "50 runs compared, none read before: complete", "", f"{found['complete_ms'] / 1000:.2f} s"
    yield "50 runs compared: transferred", "", f"{found['bytes'] / 1000:.0f} KB"
    frames = f"{found['median_ms']:.0f} / {found['worst_ms']:.0f} ms"
    yield "50 runs compared: frame while hovering, median / worst", "smooth", frames
    write(logs / "many", "--runs", "500", "--samples", "60", "--weights", "8", "--inputs", "1")
    with tensorboard(logs / "many", 500) as process:
        found = look("many")
        memory = rss_mb(process.pid) - with_one_run
    yield "500 runs: list shown, warm server", "", f"{found['list_ms']:.0f} ms"
    yield "500 runs: list after a filter", "200 ms", f"{found['filter_ms']:.0f} ms"
    yield "500 runs: list in another order", "200 ms", f"{found['sort_ms']:.0f} ms"
    yield "500 runs: scrolled to the end", "200 ms", f"{found['end_ms']:.0f} ms"
    yield "500 runs: memory of TensorBoard, more than with one run", "300 MB", f"+{memory:.0f} MB"


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder for the logs")
    parser.add_argument("--write", action="store_true", help="put the table into docs/dashboard.md")
    arguments = parser.parse_args()
    lines = ["| what | goal | measured |", "|---|---|---|"]
    print(*lines, sep="\n")
    with tempfile.TemporaryDirectory() as temporary:
        for row in measure((arguments.keep or Path(temporary)).resolve()):
            lines.append(f"| {' | '.join(row)} |")
            print(lines[-1], flush=True)
    if arguments.write:
        put(
            ROOT / "docs" / "dashboard.md",
            "python -m benchmarks.bench_dashboard --write",
            "\n".join([f"{stamp()}.", "", *lines]),
        )


if __name__ == "__main__":
    main()
