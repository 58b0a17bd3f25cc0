"""Stores on this machine: S3 and Google Cloud, and one behind HTTP that fails when it is asked to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from gcp_storage_emulator.server import create_server
from moto.server import ThreadedMotoServer

from tests.plugin.conftest import _free_port
from tests.remote.http_store import StoreServer
from tests.remote.webhdfs_server import WebHdfsServer

_numbers = itertools.count()


@pytest.fixture(autouse=True)
def spools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the spools: not the user's."""
    folder = tmp_path / "spools"
    monkeypatch.setenv("TB_INPUTDIAG_SPOOL", str(folder))
    return folder


@pytest.fixture
def store() -> Iterator[StoreServer]:
    server = StoreServer()
    yield server
    server.close()


@pytest.fixture
def hadoop() -> Iterator[WebHdfsServer]:
    server = WebHdfsServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of an S3 server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a folder in a new bucket. Credentials are where users have them: in the environment."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "an-access-key",
        "AWS_SECRET_ACCESS_KEY": "a-secret-key",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": moto,
        "S3_ENDPOINT": moto,  # TensorBoard's own name of the variable
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{next(_numbers)}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}/run"


class CloudStorage:
    """A server of Google Cloud's storage, with one bucket. It can be stopped, and started again with what it has.

    Args:
        folder: Where it keeps its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._bucket: str | None = "bucket"
        self.start()

    def start(self) -> None:
        arguments = {"data_dir": str(self._folder), "default_bucket": self._bucket}
        self._server = create_server("127.0.0.1", self._port, **arguments)
        self._server.start()
        self._bucket = None  # it is there now

    def stop(self) -> None:
        self._server.stop()


@pytest.fixture(scope="session")
def cloud_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudStorage]:
    server = CloudStorage(tmp_path_factory.mktemp("cloud-storage"))
    yield server
    server.stop()


@pytest.fixture
def gcs(cloud_storage: CloudStorage, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a new folder in a bucket of Google Cloud's storage."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", cloud_storage.address)
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # it looks for credentials, in vain and long
    return f"gs://bucket/run-{next(_numbers)}"
