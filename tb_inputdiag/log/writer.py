"""Writes the records of a session into a TensorBoard event file, off the training thread."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from tensorboard.compat.proto import event_pb2, summary_pb2, types_pb2

from tb_inputdiag.errors import ConfigurationError, LogWriteError
from tb_inputdiag.log.codec import (
    EVENTS_PER_TAG,
    PLUGIN_NAME,
    Head,
    Numbered,
    Tag,
    encode_head,
    validate_session,
)
from tb_inputdiag.log.encoder import Encoder
from tb_inputdiag.log.framing import frame
from tb_inputdiag.log.rundir import claim_run_directory, is_newest, lock, new_event_file, unlock
from tb_inputdiag.log.scalar_mirror import ScalarMirror
from tb_inputdiag.log.written import note_written
from tb_inputdiag.records import Alert, Cost, Failure, Images, Losses, Record, Sample, SessionEnd, SessionStart
from tb_inputdiag.urls import is_url, redact

__all__ = ["MAX_FLUSH_INTERVAL_S", "LogFollower", "LogWriter", "flush_interval"]

MAX_FLUSH_INTERVAL_S = 60.0
"""Longest time that records wait. TensorBoard keeps all events in memory, so a run must not write too many of them."""
_STRETCH = 1 / 1800
"""Seconds of waiting for each second that the session has lasted: 1 s in the first half hour, 2 s after one hour."""
_URGENT = (SessionStart, Alert, Failure, SessionEnd)
_URGENT_ENDS = 100
"""Ends of calls that are written at once; further ones at most once a second, so that 10,000 calls of `fit` do not make
as many writes."""
_LIMITS: dict[type, int] = {Sample: 2048, Losses: 8192, Images: 128, Cost: 1024}
"""Records of a type that may wait; more are dropped and counted. Other types are rare, and never dropped."""
_EARLY = 512
"""Waiting samples that are written before the interval is over."""


def flush_interval(elapsed_s: float, flush_interval_s: float) -> float:
    """Returns how long records may wait, in seconds, when a session has lasted `elapsed_s`.

    A session of `t` seconds is written at most ``1800 (1 + ln(t / 1800))`` times up to 30 hours, 8,800 times in 24
    hours, and once a minute after that.
    """
    return max(flush_interval_s, min(elapsed_s * _STRETCH, MAX_FLUSH_INTERVAL_S))


class LogFollower(Protocol):
    """Receives what happens to a log, from either thread. Must be quick, and must not raise."""

    def written(self, records: Sequence[Numbered]) -> None:
        """Receives records that are now with the operating system."""

    def closed(self) -> None:
        """Receives the end of the log."""


class LogWriter:
    """Writes one session into an event file of its own.

    `write` only queues; a daemon thread encodes and writes. `SessionStart`, `Alert`, `Failure` and `SessionEnd` are
    with the operating system, after everything queued before them, when `write` returns. So they survive the death of
    the process, and a run that is killed right away still has a log. (After many calls of `fit`, each with a
    `SessionEnd`, some of these wait for up to a second.)

    Between two calls the session rests: see `pause`.

    Only the constructor raises. When the disk fails, `on_error` is called once and the writer does nothing more.

    Args:
        log_dir: The run directory is made below it.
        session: Unique id: letters, digits and ``._+-``.
        worker: Index of this process among `workers`.
        workers: Processes that train together, each with a log of its own.
        flush_interval_s: How long records may wait in the first half hour; see `flush_interval`.
        file_bytes: Size of a file after which the session goes on in a new one, and the file never changes again. None:
            the session has one file.
        visible_every_s: Seconds after which a reader sees what is written, if that is longer than the interval: a
            session is silent only after a multiple of it.
        mirror: Adds events that TensorBoard's own tabs show; None: none.
        follower: Receives what was written.
        clock: Returns seconds since the epoch.
        on_error: Called with the first exception of the disk, and with the first of a record that does not fit the
            schema (it is left out), from either thread.

    Raises:
        LogWriteError: if the directory or file cannot be made.
        ConfigurationError: if an argument is wrong.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        *,
        session: str,
        worker: int = 0,
        workers: int = 1,
        flush_interval_s: float = 1.0,
        file_bytes: int | None = None,
        visible_every_s: float = 0.0,
        mirror: ScalarMirror | None = None,
        follower: LogFollower | None = None,
        clock: Callable[[], float] = time.time,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        self._session = validate_session(session)
        if not flush_interval_s > 0:
            raise ConfigurationError(f"flush_interval_s must be a positive number. Received: {flush_interval_s!r}.")
        folder = os.fspath(log_dir)
        if is_url(folder):
            raise LogWriteError(
                f"LogWriter writes to local folders; `open_log` takes URLs. Received: {redact(folder)!r}."
            )
        self._flush_interval_s = flush_interval_s
        self._most_bytes = file_bytes
        self._visible_every_s = visible_every_s
        self._mirror = mirror
        self._follower = follower
        self._clock = clock
        self._on_error = on_error
        self._started = clock()
        self._pid = os.getpid()
        directory, self._lock_descriptor = claim_run_directory(Path(folder), worker, workers)
        self.path, self._descriptor = new_event_file(directory, self._started)
        """The event file; the last one if there are several."""
        self.files = [self.path]
        """All files of the session."""
        note_written(self.path)
        self._links = os.fstat(self._descriptor).st_nlink  # some network file systems say 0 of every file

        self.bytes_written = 0
        self._file_bytes = 0
        self._dropped: Counter[str] = Counter()
        self._encoder = Encoder(self._not_encoded)
        self._event_number = 0
        self._heads = 0
        self._waiting: deque[Numbered] = deque()
        self._counts: Counter[type] = Counter()
        self._seq = 0
        self._failed = False
        self._reported: set[str] = set()
        self._closed = False
        self._ends = 0
        # `_queue` guards the queue; `_io` guards the file and the encoder. Take `_io` first if both are needed.
        self._queue = threading.Condition()
        self._io = threading.RLock()
        with self._io:
            self._put_version()
        self._thread = threading.Thread(target=self._run, name="tb_inputdiag-log", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    @property
    def dropped(self) -> int:
        """Records that were not logged because they came too fast or could not be encoded."""
        return sum(self._dropped.values())

    def write(self, record: Record) -> None:
        """Queues a record; the urgent ones are written when it returns. Never raises. Thread-safe."""
        if os.getpid() != self._pid:  # a forked child lacks the thread, and its copy of the lock may be taken
            return
        kind = type(record)
        with self._queue:
            if self._failed or self._closed:
                return
            if self._counts[kind] >= _LIMITS.get(kind, 1 << 62):
                self._dropped[kind.__name__] += 1
                return
            self._waiting.append(Numbered(self._seq, record))
            self._seq += 1
            self._counts[kind] += 1
            if len(self._waiting) == 1 or self._counts[kind] == _EARLY:
                self._queue.notify_all()
        if isinstance(record, _URGENT) and not (isinstance(record, SessionEnd) and self._may_wait()):
            self._drain()

    def _may_wait(self) -> bool:
        """Returns whether the end of a call may wait for the thread; counts those that may not."""
        if self._ends >= _URGENT_ENDS + self._clock() - self._started:
            return True
        self._ends += 1
        return False

    def pause(self) -> None:
        """Lets other sessions use the run directory, until `resume`. What was written is in the file in time."""
        if os.getpid() == self._pid and not self._closed:
            unlock(self._lock_descriptor)

    def resume(self) -> bool:
        """Returns whether the session can go on in its file: nobody else writes, or has written, to its directory."""
        if os.getpid() != self._pid or self._closed or self._failed or not lock(self._lock_descriptor):
            return False
        if is_newest(self.path):
            return True
        unlock(self._lock_descriptor)
        return False

    def flush(self, timeout_s: float = 10) -> bool:
        """Writes what waits. Returns whether everything written so far is with the operating system."""
        if not self._io.acquire(timeout=max(timeout_s, 0)):
            return False
        try:
            self._drain()
        finally:
            self._io.release()
        return not self._failed

    def close(self) -> None:
        """Writes what waits and closes the file. May be called again."""
        if os.getpid() != self._pid:
            return
        self._drain()
        with self._io, self._queue:
            if self._closed:
                return
            self._closed = True
            self._queue.notify_all()
            os.close(self._descriptor)
            unlock(self._lock_descriptor)
            os.close(self._lock_descriptor)
        atexit.unregister(self.close)
        if self._follower is not None:
            self._follower.closed()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)

    # ---- the thread

    def _run(self) -> None:
        while True:
            with self._queue:
                self._queue.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                interval = flush_interval(self._clock() - self._started, self._flush_interval_s)
                self._queue.wait_for(self._hurry, timeout=interval)
            self._drain()

    def _hurry(self) -> bool:
        return self._closed or self._failed or self._counts[Sample] >= _EARLY

    def _drain(self) -> None:
        with self._io:
            with self._queue:
                if self._failed or self._closed or not self._waiting:
                    return
                records = list(self._waiting)
                self._waiting.clear()
                self._counts.clear()
            try:
                self._roll()
                self._put(b"".join(self._frames(records)))
            except Exception as error:  # of any kind: training must continue
                self._fail(error)
                return
            if self._follower is not None:
                self._follower.written(records)

    def _frames(self, records: Sequence[Numbered]) -> list[bytes]:
        frames = []
        for payload in self._encoder.encode(records):
            number = self._encoder.events[payload.stream] - 1
            frames.append(self._frame(payload.stream, number, payload.data))
        if self._mirror is not None:
            frames += [frame(event.SerializeToString()) for event in self._mirror.events(records, self._clock())]
        head = Head(
            records[-1].seq + 1,
            self._encoder.events,
            self._encoder.rows,
            dict(self._dropped),
            max(flush_interval(self._clock() - self._started, self._flush_interval_s), self._visible_every_s),
        )
        # TensorBoard always keeps the last event of a tag, and only the last head counts, so one tag is enough.
        frames.append(self._frame("head", self._heads, encode_head(head, self._heads)))
        self._heads += 1
        return frames

    def _frame(self, stream: str, number: int, data: bytes) -> bytes:
        segment, place = (0, number) if stream == "head" else divmod(number, EVENTS_PER_TAG)
        event = event_pb2.Event(wall_time=self._clock(), step=self._event_number)
        self._event_number += 1
        value = event.summary.value.add()
        value.tag = str(Tag(self._session, stream, segment))
        if place == 0:  # TensorBoard reads the metadata of a tag's first event
            value.metadata.plugin_data.plugin_name = PLUGIN_NAME
            value.metadata.data_class = summary_pb2.DATA_CLASS_TENSOR
        value.tensor.dtype = types_pb2.DT_UINT8
        value.tensor.tensor_shape.dim.add().size = len(data)
        value.tensor.tensor_content = data
        return frame(event.SerializeToString())

    def _put(self, data: bytes) -> None:
        if self._links and os.fstat(self._descriptor).st_nlink == 0:
            raise LogWriteError(f"The event file {str(self.path)!r} was removed while it was being written.")
        view, done = memoryview(data), 0
        try:
            while done < len(data):
                done += os.write(self._descriptor, view[done:])
        except OSError:
            if done:  # a full disk took a part: leave only whole events
                os.ftruncate(self._descriptor, self._file_bytes)
            raise
        self._file_bytes += done
        self.bytes_written += done

    def _put_version(self) -> None:
        version = event_pb2.Event(wall_time=self._clock(), file_version="brain.Event:2")
        self._put(frame(version.SerializeToString()))

    def _roll(self) -> None:
        """Goes on in a new file if this one is as large as it may be."""
        if self._most_bytes is None or self._file_bytes < self._most_bytes:
            return
        path, descriptor = new_event_file(self.path.parent, self._clock())
        os.close(self._descriptor)
        self.path, self._descriptor, self._file_bytes = path, descriptor, 0
        self.files.append(path)
        note_written(path)
        self._put_version()

    def _fail(self, error: Exception) -> None:
        with self._queue:
            self._failed = True
            self._waiting.clear()
        self._report("disk", error)

    def _not_encoded(self, records: Sequence[Record], error: Exception) -> None:
        for record in records:
            self._dropped[type(record).__name__] += 1
        self._report("records", error)

    def _report(self, what: str, error: Exception) -> None:
        if what not in self._reported and self._on_error is not None:
            self._reported.add(what)
            with contextlib.suppress(Exception):  # there is no one else to report to
                self._on_error(error)
