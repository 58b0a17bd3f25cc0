"""Real TensorBoards on real logs, started once for all tests of the plugin."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.plugin import scenarios


@dataclass(frozen=True)
class Server:
    """A running TensorBoard."""

    base: str

    def get(self, route: str, method: str = "GET", **parameters: object) -> tuple[int, dict[str, object]]:
        """Returns (status, answer) of a route of the plugin."""
        query = urllib.parse.urlencode(parameters, doseq=True)
        request = urllib.request.Request(f"{self.base}/data/plugin/inputdiag/{route}?{query}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def read(self, route: str, **parameters: object) -> dict[str, object]:
        """Returns the complete answer: asks again as long as the server is still reading."""
        for _ in range(50):
            code, answer = self.get(route, **parameters)
            assert code == 200, answer
            if not answer.get("pending"):
                return answer
        raise AssertionError(f"{route} is pending for ever")

    def id_of(self, run: str) -> str:
        """Returns the id of the newest session of a run."""
        _, answer = self.get("runs")
        return next(row["id"] for row in answer["runs"] if row["run"] == run)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return int(found.getsockname()[1])


def _start(*arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    port = _free_port()
    command = [sys.executable, "-m", "tensorboard.main", "--port", str(port), "--reload_interval", "1", *arguments]
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), port


def _wait(server: Server, runs: int) -> Server:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        try:
            code, answer = server.get("runs")
            if code == 200 and len(answer["runs"]) >= runs:
                return server
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.2)  # a process that starts can only be waited for
    raise AssertionError(f"{server.base} did not list {runs} runs within 90 s.")


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log of each scenario."""
    out = tmp_path_factory.mktemp("logs")
    scenarios.write_all(out)
    return out


@pytest.fixture(scope="session")
def servers(logs: Path):
    """One TensorBoard with the fast loader, one with the Python loader below a prefix and with `--logdir_spec`."""
    names = ["healthy", "unscaled", "exploded", "mismatched"]
    spec = ",".join(f"{name}:{logs / name}" for name in names)
    fast, fast_port = _start("--logdir", str(logs), "--load_fast=true")
    slow, slow_port = _start("--logdir_spec", spec, "--load_fast=false", "--path_prefix", "/some/prefix")
    try:
        yield {
            "fast": _wait(Server(f"http://localhost:{fast_port}"), len(names) + 2),
            "python": _wait(Server(f"http://localhost:{slow_port}/some/prefix"), len(names)),
        }
    finally:
        for process in (fast, slow):
            process.terminate()
            process.wait(20)


@pytest.fixture(params=["fast", "python"])
def server(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Server:
    """Each of the two."""
    return servers[request.param]
