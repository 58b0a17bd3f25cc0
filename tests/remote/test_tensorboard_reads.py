"""TensorBoard itself follows a log at its URL, while it is written.

TensorBoard opens ``s3://`` with boto3 and all other URLs with fsspec, but only where TensorFlow is not installed. With
TensorFlow it uses TensorFlow's file systems, which lack S3. So these TensorBoards run without TensorFlow, as
docs/remote.md advises.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator

import pytest

from tb_inputdiag.log import open_log as open_log_module
from tb_inputdiag.log.open_log import open_log
from tb_inputdiag.records import Sample
from tests.log import synthetic
from tests.plugin.conftest import Server, _free_port
from tests.remote.http_store import StoreServer
from tests.remote.webhdfs_server import WebHdfsServer

_START = """
import sys
for name in {absent!r}:
    sys.modules[name] = None  # as if it were not installed
{first}
from tensorboard.main import run_main
run_main()
"""


@pytest.fixture
def tensorboard(request: pytest.FixtureRequest) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that a test has started."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.terminate()
        process.wait(20)


def start(
    processes: list[subprocess.Popen[bytes]], url: str, *absent: str, first: str = "", options: tuple[str, ...] = ()
) -> Server:
    port = _free_port()
    code = _START.format(absent=("tensorflow", *absent), first=first)
    arguments = ["--port", str(port), "--reload_interval", "1", "--logdir", url, *options]
    processes.append(
        subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    )
    return Server(f"http://localhost:{port}")


def rows(server: Server) -> list[dict[str, object]]:
    try:
        code, answer = server.get("runs")
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return []
    return list(answer["runs"]) if code == 200 else []  # type: ignore[call-overload]  # JSON


def wait_for_end(server: Server, end: str, timeout_s: float = 120) -> dict[str, object]:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        found = rows(server)
        if found and found[0]["end"] == end and not found[0]["problem"]:
            return found[0]
        time.sleep(0.2)  # another process can only be asked
    raise AssertionError(f"TensorBoard shows {rows(server)}")


def follow(url: str, servers: list[Server], monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes a session while TensorBoards follow it, over several files."""
    monkeypatch.setattr(open_log_module, "FILE_BYTES", 30_000)
    records = list(synthetic.records(synthetic.Spec(samples=80, weights=8, images=False)))
    writer = open_log(url, session="s-1", flush_s=1, verbose=False)
    half = len(records) // 2
    for number, record in enumerate(records[:half]):
        writer.write(record)
        if number % 20 == 0:
            writer.flush()
    writer.flush()
    for server in servers:
        wait_for_end(server, "")
    for number, record in enumerate(records[half:]):
        writer.write(record)
        if number % 20 == 0:
            writer.flush()
    writer.close()
    assert len(writer.files) > 2
    for server in servers:
        key = wait_for_end(server, "finished")["id"]
        answer = server.read("inputs", id=key)
        samples = sum(isinstance(record, Sample) for record in records)
        assert answer["samples_read"] == answer["samples_logged"] == samples


def test_tensorboard_follows_a_run_on_s3(
    s3: str, tensorboard: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_boto3 = start(tensorboard, s3)
    # s3fs keeps listings for ever otherwise, and TensorBoard would see no new file
    monkeypatch.setenv("FSSPEC_S3", '{"use_listings_cache": false}')
    with_fsspec = start(tensorboard, s3, "boto3")
    follow(s3, [with_boto3, with_fsspec], monkeypatch)


def test_tensorboard_follows_a_run_on_google_cloud(
    gcs: str, tensorboard: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FSSPEC_GS", '{"use_listings_cache": false}')
    # its fast loader asks Google itself, and no other server
    follow(gcs, [start(tensorboard, gcs, options=("--load_fast=false",))], monkeypatch)


def test_tensorboard_follows_a_run_by_way_of_fsspec(
    store: StoreServer, tensorboard: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(store.url, [start(tensorboard, store.url, first="import tests.remote.http_store")], monkeypatch)


def test_tensorboard_follows_a_run_on_hadoop(
    hadoop: WebHdfsServer, tensorboard: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(hadoop.url, [start(tensorboard, hadoop.url)], monkeypatch)
