"""What is at the remote, and when."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

import tb_inputdiag
from tb_inputdiag.cli import main
from tb_inputdiag.errors import ConfigurationError, RemoteError
from tb_inputdiag.log import open_log as open_log_module
from tb_inputdiag.log.open_log import open_log
from tb_inputdiag.log.reader import Log
from tb_inputdiag.records import Record
from tb_inputdiag.remote.filesystems import RemoteFolder
from tb_inputdiag.remote.mirror import CLAIM, FolderMirror
from tb_inputdiag.remote.spool import Spool
from tb_inputdiag.remote.upload_schedule import URGENT_GAP_S, UploadSchedule
from tests.log import synthetic
from tests.log.strategies import same
from tests.log.test_writer import an_alert
from tests.remote.conftest import CloudStorage
from tests.remote.http_store import StoreServer
from tests.remote.webhdfs_server import WebHdfsServer
from tests.warned import warned

SPEC = synthetic.Spec(samples=60, weights=2, images=False)


def written(url: str, spec: synthetic.Spec = SPEC, flush_s: float = 3600.0) -> list[Record]:
    """Writes a session to a URL and ends it."""
    records = list(synthetic.records(spec))
    writer = open_log(url, session=spec.session, flush_s=flush_s, verbose=False)
    for record in records:
        writer.write(record)
    writer.close()
    return records


def stored(url: str) -> list[Record]:
    run = tb_inputdiag.read(url).run
    assert run.problems == []
    return list(run.session.records())


def wait_for(what: Callable[[], object], timeout_s: float = 20) -> None:
    end = time.monotonic() + timeout_s
    while not what():  # another thread uploads, to another process: it can only be asked
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def names(store: StoreServer) -> list[str]:
    return sorted(name.rpartition("/")[2].partition(".")[0] for name in store.objects)


@pytest.mark.parametrize("kind", ["s3", "gcs"])
def test_an_object_store_has_what_was_written(kind: str, request: pytest.FixtureRequest, spools: Path) -> None:
    url = request.getfixturevalue(kind)
    records = written(url)
    found = stored(url)
    assert all(map(same, records, found))
    assert len(found) == len(records)
    assert main(["summary", url]) == 0
    assert all("secret" not in path.read_text() for path in spools.rglob("*.json"))


@pytest.mark.filterwarnings("ignore:tb_inputdiag. the log cannot be uploaded")
def test_google_cloud_has_all_after_it_was_away(gcs: str, cloud_storage: CloudStorage) -> None:
    records = list(synthetic.records(SPEC))
    writer = open_log(gcs, session=SPEC.session, flush_s=1, verbose=False)
    for record in records[:50]:
        writer.write(record)
    writer.flush()
    wait_for(lambda: fsspec.filesystem("gs").glob(f"{gcs}/inputdiag/events*", refresh=True))
    cloud_storage.stop()
    for record in records[50:]:
        writer.write(record)
    writer.flush()
    shared = next(iter(open_log_module._SharedUploader._known.values()))
    wait_for(shared.uploader._busy.locked)  # it tries
    cloud_storage.start()
    assert 0 < len(stored(gcs)) < len(records)
    writer.close()
    assert len(stored(gcs)) == len(records)


def test_hadoop_has_what_was_written(hadoop: WebHdfsServer, capsys: pytest.CaptureFixture[str]) -> None:
    records = written(hadoop.url)
    found = stored(hadoop.url)
    assert len(found) == len(records)
    assert all(map(same, records, found))
    written(hadoop.url, synthetic.Spec(samples=10, weights=2, session="other"))
    assert list(tb_inputdiag.read(hadoop.url)) == [".", "inputdiag-2"]
    assert main(["summary", hadoop.url]) == 0
    assert main(["summary", hadoop.url + "/inputdiag-2"]) == 0
    capsys.readouterr()
    assert main(["summary", hadoop.url + "/nothing"]) == 2
    assert "There is nothing at" in capsys.readouterr().err


def test_hadoop_has_all_after_it_was_away(hadoop: WebHdfsServer, spools: Path) -> None:
    hadoop.stop()
    with pytest.warns(UserWarning, match="could not be uploaded"):
        records = written(hadoop.url)
    (spool,) = spools.iterdir()
    hadoop.start()
    assert main(["sync", str(spool)]) == 0
    assert len(stored(hadoop.url)) == len(records)
    assert not spool.exists()


def test_what_hadoop_refuses_is_not_taken_for_absence(
    hadoop: WebHdfsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """fsspec itself answers that nothing is there when a folder cannot be listed, or a file not be asked for."""
    written(hadoop.url)
    files = dict(hadoop.files)
    hadoop.refused = {"LISTSTATUS"}
    assert main(["summary", hadoop.url]) == 2
    assert "PermissionError: Permission denied: user=somebody, op=LISTSTATUS" in capsys.readouterr().err
    hadoop.refused = {"GETFILESTATUS"}
    with pytest.warns(UserWarning, match="uploaded") as caught:
        written(hadoop.url, synthetic.Spec(samples=10, weights=2, session="other"))
    assert "op=GETFILESTATUS" in warned(caught)[0]
    assert hadoop.files == files  # the first run's folder was not taken for free


def test_hdfs_without_java_is_one_clear_message(spools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyarrow says in 100 lines where it has looked for Java."""

    def refuse(*args: object, **kwargs: object) -> None:
        places = [f"dlopen(/usr/lib/jvm/{n}/libjvm.so) failed: no such file" for n in range(100)]
        raise OSError("Unable to load libjvm\n" + "\n".join(places))

    monkeypatch.setattr("pyarrow.fs.HadoopFileSystem", refuse)
    with pytest.warns(UserWarning, match="uploaded") as caught:
        written("hdfs://namenode:8020/logs/run")
    first, last = warned(caught)
    assert "'hdfs://namenode:8020/logs/run': hdfs:// needs Java and Hadoop's libraries" in first
    assert "webhdfs://HOST:PORT" in first
    assert "dlopen" not in first
    (spool,) = spools.iterdir()
    assert f"Upload it later: tb-inputdiag sync {spool}" in last


def test_memory_has_what_was_written() -> None:
    url = f"memory://memory-{time.monotonic_ns()}/run"
    records = written(url)
    assert len(stored(url)) == len(records)


def test_files_roll_and_closed_ones_never_change(store: StoreServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_log_module, "FILE_BYTES", 20_000)
    writer = open_log(store.url, session="s-1", flush_s=3600, verbose=False)
    closed: dict[str, bytes] = {}
    records = list(synthetic.records(synthetic.Spec(samples=60, weights=8, images=False)))
    for number, record in enumerate(records):
        writer.write(record)
        if number % 10 == 0:
            writer.flush()
            shared = next(iter(open_log_module._SharedUploader._known.values()))
            assert shared.uploader.drain()
            events = sorted(name for name in store.objects if "tfevents" in name)
            for name in events[:-1]:
                assert closed.setdefault(name, store.objects[name]) == store.objects[name]
    writer.close()
    assert len(closed) > 3
    assert len(stored(store.url)) == len(records)
    outlines = [name for name in store.objects if name.endswith("-outline")]
    assert len(outlines) == len(writer.files)


def test_an_alert_is_at_the_remote_within_seconds_and_the_rest_waits(store: StoreServer) -> None:
    writer = open_log(store.url, session="s-1", flush_s=3600, verbose=False)
    records = list(synthetic.records(synthetic.Spec(samples=20, weights=2, alerts=0, images=False)))
    writer.write(records[0])
    wait_for(lambda: names(store) == ["events", "inputdiag"])
    puts = len(store.puts)
    for record in records[1:-1]:
        writer.write(record)
    writer.flush()
    assert len(store.puts) == puts
    begin = time.monotonic()
    writer.write(an_alert())
    wait_for(lambda: tb_inputdiag.read(store.url).run.alerts)
    assert store.puts[-1][0] - begin < 10
    writer.close()


def test_few_writes_an_hour() -> None:
    """An hour of training with a change each second and an alert every ten minutes."""
    schedule, uploads = UploadSchedule(60), 0
    for second in range(3600):
        schedule.changed(second, urgent=second % 600 == 0)
        if schedule.wait(second) == 0:
            schedule.begin(second)
            schedule.succeeded()
            uploads += 1
    assert 59 <= uploads <= 66


def test_a_burst_of_alerts_is_uploaded_together() -> None:
    schedule, uploads = UploadSchedule(60), []
    for tenth in range(100):
        now = tenth / 10
        schedule.changed(now, urgent=True)
        if schedule.wait(now) == 0:
            schedule.begin(now)
            uploads.append(now)
    assert uploads == [0, URGENT_GAP_S]


def test_attempts_become_rare_while_the_remote_is_away() -> None:
    schedule, attempts, now = UploadSchedule(60), [], 0.0
    schedule.changed(now, urgent=True)
    while now < 3600:
        now += schedule.wait(now) or 0.0
        schedule.begin(now)
        attempts.append(now)
        schedule.failed(now)
    gaps = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    assert gaps[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert set(gaps[7:]) == {60}


def test_everything_arrives_although_a_third_of_the_requests_fail(
    store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_inputdiag.remote.upload_schedule._FIRST_DELAY_S", 0.01)
    monkeypatch.setattr("tb_inputdiag.remote.upload_schedule._LONGEST_DELAY_S", 0.05)
    monkeypatch.setattr(open_log_module, "FILE_BYTES", 20_000)
    store.failing = 0.33
    records = list(synthetic.records(synthetic.Spec(samples=60, weights=8, images=False)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        writer = open_log(store.url, session="s-1", flush_s=1, verbose=False)
        for record in records:
            writer.write(record)
            if len(writer.files) % 3 == 0:
                writer.flush()
        writer.flush()
        size = sum(path.stat().st_size for path in writer.files)
        wait_for(lambda: sum(len(data) for name, data in store.objects.items() if "tfevents" in name) == size)
        store.failing = 0.0
        writer.close()
    assert len([text for text in warned(caught) if "cannot be uploaded" in text]) == 1
    assert "secret-token" not in " ".join(warned(caught))
    found = stored(store.url)
    assert len(found) == len(records)
    assert all(map(same, records, found))
    # never a file before an earlier one: TensorBoard follows a folder by the order of names
    first_seen = list(dict.fromkeys(name for _, name in store.puts if "tfevents" in name))
    assert first_seen == sorted(first_seen)


def test_if_the_remote_is_gone_the_log_is_kept_and_sync_uploads_it(
    store: StoreServer, spools: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.failing = 1.0
    with pytest.warns(UserWarning, match="uploaded") as caught:
        records = written(store.url)
    said = " ".join(warned(caught))
    (spool,) = spools.iterdir()
    assert "Training goes on, the log is kept in" in said
    assert f"Upload it later: tb-inputdiag sync {spool}" in said
    assert len(list(tb_inputdiag.read(spool).run.session.records())) == len(records)

    assert main(["sync"]) == 0
    assert f"    tb-inputdiag sync {spool}\n" in capsys.readouterr().out
    assert main(["sync", str(spool)]) == 2
    assert "could not be uploaded" in capsys.readouterr().err
    store.failing = 0.0
    assert main(["sync", str(spool)]) == 0
    assert len(stored(store.url)) == len(records)
    assert not spool.exists()


def test_a_kill_loses_only_what_was_not_uploaded(store: StoreServer, spools: Path) -> None:
    code = f"""
        import time
        from tb_inputdiag.log.open_log import open_log
        from tests.log import synthetic
        from tests.log.test_writer import an_alert
        import tests.remote.http_store
        writer = open_log({store.url!r}, session="s-1", flush_s=3600)
        for record in list(synthetic.records(synthetic.Spec(samples=20, weights=2, alerts=0, images=False)))[:-1]:
            writer.write(record)
        writer.write(an_alert())
        writer.flush()
        print("written", flush=True)
        time.sleep(600)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        wait_for(lambda: tb_inputdiag.read(store.url, missing_ok=True).alerts if store.objects else [])
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (run,) = tb_inputdiag.read(store.url).runs
    assert run.session.end is None
    (spool,) = spools.iterdir()
    assert main(["sync", "--keep", str(spool)]) == 0
    assert len(list(tb_inputdiag.read(store.url).run.session.records())) == len(
        list(tb_inputdiag.read(spool).run.session.records())
    )


def test_runs_of_several_processes_have_a_folder_each(store: StoreServer) -> None:
    written(store.url)
    written(store.url, synthetic.Spec(samples=10, weights=2, session="other"))
    assert list(tb_inputdiag.read(store.url)) == [".", "inputdiag-2"]
    claims = [json.loads(data) for name, data in store.objects.items() if name.endswith(CLAIM)]
    assert len({claim["token"] for claim in claims}) == 2


def test_only_one_of_two_processes_gets_a_folder(store: StoreServer) -> None:
    first, second = RemoteFolder(store.url), RemoteFolder(store.url)
    assert first.create("inputdiag/x", b"1")
    assert not second.create("inputdiag/x", b"2")
    assert first.read("inputdiag/x") == b"1"


def test_workers_have_a_folder_each(store: StoreServer) -> None:
    for worker in range(2):
        writer = open_log(store.url, session=f"w-{worker}", worker=worker, workers=2, verbose=False)
        writer.write(next(iter(synthetic.records(SPEC))))
        writer.close()
    assert list(tb_inputdiag.read(store.url)) == ["inputdiag/worker-0", "inputdiag/worker-1"]


def test_a_local_log_is_synced_as_it_is(store: StoreServer, tmp_path: Path) -> None:
    synthetic.write(tmp_path / "logs" / "a", SPEC)
    synthetic.write(tmp_path / "logs" / "b", synthetic.Spec(samples=10, weights=2, session="other"))
    (tmp_path / "logs" / "a" / "private.txt").write_text("x")
    assert main(["sync", str(tmp_path / "logs"), store.url]) == 0
    assert list(tb_inputdiag.read(store.url)) == ["a", "b"]
    assert not any("private" in name for name in store.objects)
    puts = len(store.puts)
    assert main(["sync", str(tmp_path / "logs"), store.url]) == 0
    assert [name for _, name in store.puts[puts:] if "tfevents" in name] == []
    assert (tmp_path / "logs" / "a").exists()


def test_the_program_ends_with_a_whole_log_that_says_where_it_is(store: StoreServer, tmp_path: Path) -> None:
    code = f"""
        import tests.remote.http_store
        from tb_inputdiag.log.open_log import open_log
        from tests.log import synthetic
        writer = open_log({store.url!r}, session="s-1", flush_s=3600)
        for record in synthetic.records(synthetic.Spec(samples=20, weights=2, images=False)):
            writer.write(record)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert f"the log is at {store.url} (1 file" in done.stdout
    run = tb_inputdiag.read(store.url).run
    assert (run.session.status, run.problems) == ("finished", [])
    assert list((tmp_path / "spools").iterdir()) == []


def test_missing_packages_and_unknown_protocols_are_clear_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adlfs", None)  # as if it were not installed
    with pytest.raises(ConfigurationError, match=r"'abfs://box/x' needs the package adlfs.*pip install adlfs"):
        open_log("abfs://box/x", session="s")
    with pytest.raises(ConfigurationError, match="'nonsense' of 'nonsense://x' is not known"):
        open_log("nonsense://x", session="s")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(ConfigurationError, match=r"needs fsspec.*pip install 'tb-inputdiag\[remote\]' s3fs"):
        open_log("s3://bucket/x", session="s")


def test_no_secret_is_shown_or_stored(spools: Path) -> None:
    url = "teststore://user:hunter2@127.0.0.1:9/bucket?sig=hunter3"
    with pytest.warns(UserWarning, match="uploaded") as caught:
        written(url)
    said = " ".join(warned(caught))
    assert "could not be uploaded to teststore://***@127.0.0.1:9/bucket?***" in said
    (spool,) = spools.iterdir()
    kept = " ".join(path.read_text() for path in spool.glob("*.json"))
    assert "hunter" not in said + kept + str(spool)
    with pytest.raises(ConfigurationError, match="had credentials, which are not stored"):
        Spool.open(spool)
    with pytest.raises(RemoteError) as failed:
        Log(url)
    assert "hunter" not in str(failed.value)


def test_a_bucket_that_does_not_exist_is_not_made(s3: str) -> None:
    missing = "s3://no-such-bucket-here/run"
    with pytest.warns(UserWarning, match="bucket does not exist"):
        written(missing)
    assert not fsspec.filesystem("s3").exists("no-such-bucket-here")


def test_a_failed_upload_is_tried_again_from_where_it_failed(store: StoreServer, tmp_path: Path) -> None:
    spool = Spool.create(store.url)
    folder = spool.folder / "inputdiag"
    folder.mkdir()
    for name in "abc":
        (folder / f"events.out.tfevents.{name}").write_bytes(name.encode() * 10)
    mirror = FolderMirror(spool, lambda path: None)
    store.failing = 1.0
    with pytest.raises(RemoteError):
        mirror.push()
    assert mirror.state().waiting == 3
    store.failing = 0.0
    mirror.push()
    mirror.push()
    assert (mirror.uploads, mirror.state().waiting) == (3, 0)
    again = FolderMirror(Spool.open(spool.folder), lambda path: None)
    again.adopt()
    again.push()
    assert again.uploads == 0


def test_warnings_do_not_raise(store: StoreServer) -> None:
    store.failing = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        written(store.url)


def test_nothing_is_uploaded_by_a_forked_child(store: StoreServer) -> None:
    writer = open_log(store.url, session="s-1", flush_s=3600, verbose=False)
    pid = os.fork()
    if not pid:
        writer.close()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert writer.path.exists()
    writer.close()
