"""A TensorBoard that the trials send requests to."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

LOADERS = ("--load_fast=true", "--load_fast=false")


@dataclass(frozen=True)
class Dashboard:
    """A running TensorBoard."""

    port: int
    process: subprocess.Popen[bytes]

    def request(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        """Returns status and body; the path goes out as it is."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ours(self, route: str, **parameters: object) -> tuple[int, Any]:
        """Returns status and answer of a route of the plugin."""
        code, body = self.request(f"/data/plugin/inputdiag/{route}?{urlencode(parameters, doseq=True)}")
        return code, json.loads(body)

    def runs(self) -> list[dict[str, Any]]:
        """Returns the sessions that are listed."""
        code, answer = self.ours("runs")
        assert code == 200, answer
        found: list[dict[str, Any]] = answer["runs"]
        return found

    @property
    def memory_mb(self) -> float:
        """The most resident memory that the process had."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None


@contextmanager
def dashboard(logs: Path, *arguments: str, at_least: int = 1) -> Iterator[Dashboard]:
    """Yields a TensorBoard on a folder, when it lists so many sessions and no more come."""
    with socket.socket() as found:
        found.bind(("localhost", 0))
        port = int(found.getsockname()[1])
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logs), "--port", str(port)]
    command += ["--reload_interval", "1", *arguments]
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Dashboard(port, process)
    try:
        end, before = time.monotonic() + 240, -1
        while time.monotonic() < end:
            assert server.alive, "TensorBoard ended."
            try:
                now = len(server.runs())
            except (OSError, http.client.HTTPException):
                now = -1
            if at_least <= now == before:
                break
            before = now
            time.sleep(0.2 if now < 0 else 1.5)  # a process that starts can only be waited for
        else:
            raise AssertionError(f"TensorBoard lists {before} of {at_least} sessions.")
        yield server
    finally:
        process.terminate()
        process.wait(30)
