"""TensorBoard's own loaders, with the flags that a user has, keep every event of a long log."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing import data_ingester
from tensorboard.context import RequestContext
from tensorboard.data import server_ingester
from tensorboard.util import grpc_util

import tb_inputdiag
from tb_inputdiag.log.codec import PLUGIN_NAME, decode_event, parse_tag
from tb_inputdiag.log.index import index_events
from tb_inputdiag.log.stored_session import StoredSession
from tests.log import synthetic
from tests.log.strategies import same

SPEC = synthetic.Spec(samples=900, weights=2, inputs=1, images=False, alerts=120)


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of two sessions with thousands of events: far more than any loader keeps of one tag."""
    folder = tmp_path_factory.mktemp("logs")
    synthetic.write(folder, SPEC, per_flush=1)
    later = synthetic.Spec(samples=20, weights=2, session="20261124T000000-1", start=synthetic.START + 1e5)
    synthetic.write(folder, later, per_flush=1)
    return folder


def python_loader(log_dir: Path) -> Any:
    flags = argparse.Namespace(
        logdir=str(log_dir),
        logdir_spec="",
        samples_per_plugin={},
        purge_orphaned_data=True,
        max_reload_threads=1,
        reload_interval=0,
        reload_task="blocking",
        reload_multifile=False,
        reload_multifile_inactive_secs=86400,
        detect_file_replacement=None,
        generic_data="auto",
        event_file=None,
    )
    ingester = data_ingester.LocalDataIngester(flags)
    ingester.start()
    return ingester.data_provider


def fast_loader(log_dir: Path) -> Any:
    """Starts the data server, which answers while it is still loading: waits until it has read everything."""
    ingester = server_ingester.SubprocessServerDataIngester(
        server_binary=server_ingester.get_server_binary(),
        logdir=str(log_dir),
        reload_interval=0,
        channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
    )
    ingester.start()
    deadline, seen = time.monotonic() + 60, -1
    while time.monotonic() < deadline:
        before, seen = seen, count_of(ingester.data_provider)
        if 0 < seen == before:
            break
        time.sleep(0.5)
    return ingester.data_provider


def count_of(provider: Any) -> int:
    """Returns how many events a loader has of the run so far."""
    read = provider.read_tensors(RequestContext(), experiment_id="", plugin_name=PLUGIN_NAME, downsample=100_000).get(
        "inputdiag", {}
    )
    return sum(len(data) for data in read.values())


def events_of(provider: Any) -> Iterator[tuple[str, int, bytes]]:
    context = RequestContext()
    runs = [run.run_name for run in provider.list_runs(context, experiment_id="")]
    assert runs == ["inputdiag"]
    listed = provider.list_tensors(context, experiment_id="", plugin_name=PLUGIN_NAME)["inputdiag"]
    read = provider.read_tensors(context, experiment_id="", plugin_name=PLUGIN_NAME, downsample=100_000)["inputdiag"]
    assert set(read) == set(listed)
    for tag in sorted(read, key=lambda name: parse_tag(name) or ("", "", 0)):
        for datum in read[tag]:
            yield tag, datum.step, tensor_bytes(datum)


def tensor_bytes(datum: Any) -> bytes:
    value = datum.numpy
    assert value.dtype.name == "uint8"
    return bytes(value.tobytes())


@pytest.mark.parametrize("loader", [python_loader, fast_loader])
def test_a_loader_at_default_flags_keeps_every_event(log_dir: Path, loader: Any) -> None:
    run = tb_inputdiag.read(log_dir).run
    events = list(events_of(loader(log_dir)))
    assert len(events) > 3000
    for expected in run.sessions:
        session = StoredSession(index_events(expected.id, events))
        assert session.completeness.complete
        assert str(session.completeness) == str(expected.completeness)
        assert session.problems == []
        ours, theirs = list(expected.records()), list(session.records())
        assert len(ours) == len(theirs)
        assert all(map(same, ours, theirs))


def test_every_event_decodes_without_files(log_dir: Path) -> None:
    tag, step, data = next(events_of(python_loader(log_dir)))
    chunk = decode_event(tag, step, data)
    assert chunk is not None
    assert chunk.header.rows > 0
