"""The writer: what is on disk when, what it costs, and what happens when the disk fails."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tb_inputdiag
from tb_inputdiag.errors import ConfigurationError, LogWriteError
from tb_inputdiag.log import writer as writer_module
from tb_inputdiag.log.rundir import FILE_SUFFIX
from tb_inputdiag.log.writer import LogWriter, flush_interval
from tb_inputdiag.records import Alert, CallStart, Record, Sample, SessionEnd, SessionStart, Severity
from tests.log import synthetic
from tests.log.strategies import same

Make = Callable[..., LogWriter]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Returns writers that flush only on request, or when they must."""
    made: list[LogWriter] = []

    def new(**options: Any) -> LogWriter:
        options = {"session": f"s-{len(made)}", "flush_interval_s": 3600.0, **options}
        made.append(LogWriter(options.pop("log_dir", tmp_path), **options))
        return made[-1]

    yield new
    for writer in made:
        writer.close()


def an_alert(number: int = 0) -> Alert:
    return Alert(
        id=number,
        rule="r",
        severity=Severity.ERROR,
        subject="loss",
        split="train",
        first_step=1,
        last_step=1,
        count=1,
        message="m",
        evidence={"x": float("nan")},
        why="w",
        fix="f",
    )


def start(session: str = "s-0") -> SessionStart:
    return SessionStart(session=session, wall_time=1.0)


def stored(log_dir: Path) -> list[Record]:
    return [record for session in tb_inputdiag.read(log_dir).run.sessions for record in session.records()]


def test_what_is_written_is_read(make: Make, tmp_path: Path) -> None:
    writer = make()
    records = list(synthetic.records(synthetic.Spec(samples=60)))
    for record in records:
        writer.write(record)
    writer.close()
    assert all(map(same, records, stored(tmp_path)))
    assert writer.path.stat().st_size == writer.bytes_written
    assert writer.path.parent == tmp_path / "inputdiag"
    assert "tfevents" in writer.path.name


def test_an_alert_is_on_disk_with_everything_before_it_when_write_returns(make: Make, tmp_path: Path) -> None:
    writer = make()
    records = [start(), *list(synthetic.records(synthetic.Spec(samples=3, alerts=0)))[1:-1]]
    for record in records:
        writer.write(record)
    writer.write(an_alert())
    assert len(stored(tmp_path)) == len(records) + 1


def test_records_become_visible_by_themselves(make: Make, tmp_path: Path) -> None:
    written = threading.Event()
    writer = make(flush_interval_s=0.01)
    put = writer._put

    def noting(data: bytes) -> None:
        put(data)
        written.set()

    writer._put = noting  # type: ignore[method-assign]  # notified instead of sleeping
    writer.write(start())
    assert written.wait(20)
    assert len(stored(tmp_path)) == 1


def test_the_interval_stretches_slowly_and_is_bounded() -> None:
    assert flush_interval(60, 1.0) == 1.0
    assert flush_interval(1800, 1.0) == 1.0
    assert flush_interval(7200, 1.0) == 4.0
    assert flush_interval(10**7, 1.0) == writer_module.MAX_FLUSH_INTERVAL_S
    elapsed, flushes = 0.0, 0
    while elapsed < 24 * 3600:
        elapsed += flush_interval(elapsed, 1.0)
        flushes += 1
    assert flushes < 8800


def test_samples_are_dropped_under_pressure_and_counted_but_alerts_never(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(writer_module._LIMITS, Sample, 5)
    writer = make()
    sample = next(r for r in synthetic.records(synthetic.Spec(samples=1)) if isinstance(r, Sample))
    writer.write(start())
    for _ in range(12):
        writer.write(sample)
    assert writer.dropped == 7
    writer.write(an_alert())
    assert [type(record).__name__ for record in stored(tmp_path)] == ["SessionStart", *["Sample"] * 5, "Alert"]
    session = tb_inputdiag.read(tmp_path).run.session
    assert session.completeness.dropped == {"Sample": 7}
    assert any("7 Sample" in problem for problem in session.problems)


def test_threads_may_write_at_the_same_time(make: Make, tmp_path: Path) -> None:
    writer = make()
    writer.write(start())
    threads = [
        threading.Thread(target=lambda k=k: [writer.write(an_alert(k * 100 + i)) for i in range(20)]) for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [record.id for record in stored(tmp_path) if isinstance(record, Alert)]
    assert sorted(ids) == sorted(k * 100 + i for k in range(4) for i in range(20))


def test_close_may_be_called_again_and_writing_after_it_does_nothing(make: Make, tmp_path: Path) -> None:
    writer = make()
    writer.write(start())
    writer.close()
    writer.close()
    writer.write(an_alert())
    assert writer.flush() is True
    assert len(stored(tmp_path)) == 1


@pytest.mark.parametrize("failure", ["full", "removed"])
def test_a_failing_disk_is_reported_once_and_never_raises(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    errors: list[Exception] = []
    writer = make(on_error=errors.append)
    writer.write(start())
    assert writer.flush()
    if failure == "full":
        real = os.write

        def full(descriptor: int, data: Any) -> int:
            if descriptor != writer._descriptor:
                return real(descriptor, data)
            if len(data) > 40:  # the disk takes a part, and then no more
                return real(descriptor, bytes(data[:40]))
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
    else:
        shutil.rmtree(tmp_path / "inputdiag")
    for number in range(3):
        writer.write(an_alert(number))
    assert writer.flush() is False
    monkeypatch.undo()
    assert len(errors) == 1
    assert isinstance(errors[0], OSError)
    if failure == "full":  # whole events only
        run = tb_inputdiag.read(tmp_path).run
        assert not run.problems
        assert len(stored(tmp_path)) == 1


def test_on_error_may_raise(make: Make, tmp_path: Path) -> None:
    def explode(error: Exception) -> None:
        raise RuntimeError

    writer = make(on_error=explode)
    writer.write(start())
    writer.flush()
    shutil.rmtree(tmp_path / "inputdiag")
    writer.write(an_alert())


def test_a_directory_that_cannot_be_made_raises_at_construction(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogWriteError, match=r"cannot be written to .*file.*log_dir"):
        LogWriter(tmp_path / "file", session="s")
    with pytest.raises(LogWriteError, match="local folders"):
        LogWriter("gs://bucket/logs", session="s")


def test_a_read_only_directory_raises_at_construction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> int:  # permissions do not bind root, as whom tests may run
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(LogWriteError, match="Permission denied"):
        LogWriter(tmp_path, session="s")


@pytest.mark.parametrize("options", [{"session": "a/b"}, {"session": "s", "flush_interval_s": 0}])
def test_wrong_arguments_are_refused(tmp_path: Path, options: Any) -> None:
    with pytest.raises(ConfigurationError, match="Received"):
        LogWriter(tmp_path, **options)


def test_live_writers_never_share_a_run_directory(make: Make, tmp_path: Path) -> None:
    first, second = make(), make()
    assert [w.path.parent.name for w in (first, second)] == ["inputdiag", "inputdiag-2"]
    first.close()
    assert make().path.parent.name == "inputdiag"


def test_a_session_that_rests_leaves_its_directory_to_others_and_goes_on_if_none_came(
    make: Make, tmp_path: Path
) -> None:
    first = make()
    first.write(start())
    first.pause()
    assert first.resume()
    assert make().path.parent.name == "inputdiag-2"  # it is locked again
    first.pause()
    second = make()
    assert second.path.parent == first.path.parent
    assert not first.resume()
    second.close()
    assert not first.resume()  # TensorBoard follows the newer file now


def test_a_session_whose_file_was_removed_does_not_go_on(make: Make, tmp_path: Path) -> None:
    writer = make()
    writer.pause()
    writer.path.unlink()
    assert not writer.resume()


def test_the_ends_of_many_calls_are_written_together(make: Make, tmp_path: Path) -> None:
    clock = synthetic.Clock()
    writer = make(clock=clock)
    writer.write(start())
    for number in range(1000):
        writer.write(SessionEnd(wall_time=1.0, step=number, status="finished"))
        if number == 50:  # as all of the first ones
            assert sum(isinstance(record, SessionEnd) for record in stored(tmp_path)) == 51
        writer.write(CallStart(number=number + 1, wall_time=1.0, step=number))
    assert sum(isinstance(record, SessionEnd) for record in stored(tmp_path)) == 100
    clock.now += 1
    writer.write(SessionEnd(wall_time=1.0, step=1000, status="finished"))
    assert sum(isinstance(record, SessionEnd) for record in stored(tmp_path)) == 1001
    writer.close()
    (session,) = tb_inputdiag.read(tmp_path).run.sessions
    assert (len(session.calls), session.status) == (1000, "finished")


def test_workers_have_directories_of_their_own(make: Make, tmp_path: Path) -> None:
    paths = [make(session="s", worker=worker, workers=2).path for worker in range(2)]
    assert [str(path.parent.relative_to(tmp_path)) for path in paths] == ["inputdiag/worker-0", "inputdiag/worker-1"]


def test_a_later_session_sorts_after_an_earlier_one_even_if_the_clock_went_back(make: Make, tmp_path: Path) -> None:
    paths = []
    for now in (2000.0, 1000.0, 1000.0, 3000.0):
        writer = make(clock=synthetic.Clock(now))
        paths.append(writer.path)
        writer.close()
    assert paths == sorted(paths)


_KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from tests.log import synthetic
from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.records import Alert
writer = LogWriter({log_dir!r}, session="s-0", flush_interval_s=3600)
records = list(synthetic.records(synthetic.Spec(samples=300, end=False, alerts=0)))
for record in records[:400]:
    writer.write(record)
writer.flush()
alert = next(r for r in synthetic.records(synthetic.Spec()) if isinstance(r, Alert))
writer.write(records[400])
writer.write(alert)
for record in records[401:]:
    writer.write(record)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_everything_up_to_the_last_flush_and_its_lock_is_free(
    make: Make, tmp_path: Path
) -> None:
    root = str(Path(__file__).parents[2])
    code = textwrap.dedent(_KILLED.format(root=root, log_dir=str(tmp_path)))
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    session = tb_inputdiag.read(tmp_path).run.session
    found = list(session.records())
    assert len(found) >= 402  # 401 records and the alert; more if 512 samples' worth had gathered
    assert isinstance(found[401], Alert)
    assert session.completeness.complete
    assert session.problems == []
    assert session.status == "silent"
    assert make().path.parent.name == "inputdiag"  # the dead process's lock holds nobody up


def test_a_forked_child_writes_nothing(make: Make, tmp_path: Path) -> None:
    writer = make()
    writer.write(start())
    child = os.fork()
    if child == 0:
        writer.write(an_alert(1))
        writer.close()
        os._exit(0)
    os.waitpid(child, 0)
    writer.write(an_alert(2))
    assert [r.id for r in stored(tmp_path) if isinstance(r, Alert)] == [2]


def test_a_child_that_outlives_the_session_does_not_keep_its_directory(make: Make, tmp_path: Path) -> None:
    writer = make()
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    try:
        writer.close()
        assert make().path.parent.name == "inputdiag"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_the_end_closes_a_session(make: Make, tmp_path: Path) -> None:
    writer = make()
    writer.write(start())
    writer.write(SessionEnd(wall_time=2.0, step=5, status="stopped", reason="stop_on"))
    session = tb_inputdiag.read(tmp_path).run.session
    assert session.status == "stopped"
    assert sorted(p.name for p in (tmp_path / "inputdiag").iterdir() if p.name.endswith(FILE_SUFFIX))
