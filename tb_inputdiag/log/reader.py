"""Opens logs: `tb_inputdiag.read`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from tb_inputdiag._lazy import pretty_from, text_from
from tb_inputdiag.alerts import worst_first
from tb_inputdiag.errors import ConfigurationError, LogError, LogNotFoundError, there_are
from tb_inputdiag.log.completeness import events_are
from tb_inputdiag.log.files import ByteSource, LocalLogFolder, LocalSource, LogFolder, run_name
from tb_inputdiag.log.index import EventFile, SessionIndex
from tb_inputdiag.log.quantities import Quantities
from tb_inputdiag.log.stored_session import StoredSession
from tb_inputdiag.numbers import count
from tb_inputdiag.records import Alert
from tb_inputdiag.urls import is_url, redact

__all__ = ["Log", "Run", "StoredSession", "read", "runs_of"]


class Run(Quantities):
    """The sessions of one run directory. Its quantities are those of its sessions, one after the other."""

    def __init__(self, name: str, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.name = name
        """Path of the run relative to the folder that was read; ``.`` for that folder itself."""
        self._clock = clock
        self._files: dict[str, EventFile] = {}
        self._indexes: dict[str, SessionIndex] = {}
        self._sessions: dict[str, StoredSession] = {}
        self._unreadable: dict[str, str] = {}
        self._last_scanned = ""

    def __repr__(self) -> str:
        return f"<Run {self.name!r}: {', '.join(map(repr, self.sessions)) or 'no session'}>"

    _repr_html_ = text_from("tb_inputdiag.notebook.cards", "run_html")
    _repr_pretty_ = pretty_from("tb_inputdiag.notebook.cards", "run_text")

    def add_file(self, source: ByteSource) -> None:
        """Adds an event file, unless it is known."""
        if source.path not in self._files:
            self._files[source.path] = EventFile(source, self._indexes)

    def refresh(self) -> bool:
        """Reads what was appended to the files. Returns whether there was anything."""
        changed = False
        if self._must_begin_anew():
            changed = bool(self._sessions)
            self._indexes.clear()
            for file in self._files.values():
                file.forget()
                file.source.close()  # a descriptor may still belong to the old file
        for path in sorted(self._files):
            try:
                changed |= self._files[path].refresh()
                self._unreadable.pop(path, None)
            except OSError as error:
                self._unreadable[path] = error.strerror or str(error)
            self._last_scanned = max(self._last_scanned, path)
        for session in [name for name, known in self._sessions.items() if known.index is not self._indexes.get(name)]:
            del self._sessions[session]
        for session, index in self._indexes.items():
            if session not in self._sessions:
                self._sessions[session] = StoredSession(index, clock=self._clock)
        return changed

    def _must_begin_anew(self) -> bool:
        """Returns whether a file was replaced, or one was added before others: payloads are scanned in order."""
        for path, file in self._files.items():
            try:
                if file.replaced or (not file.size and path < self._last_scanned and file.source.size()):
                    return True
            except OSError:
                continue
        return False

    @property
    def sessions(self) -> tuple[StoredSession, ...]:
        """Its sessions, oldest first."""
        place = {session: path for path in sorted(self._files, reverse=True) for session in self._files[path].found}
        return tuple(self._sessions[name] for name in sorted(self._sessions, key=lambda name: (place[name], name)))

    @property
    def session(self) -> StoredSession:
        """The latest session.

        Raises:
            LogNotFoundError: if none can be read.
        """
        if not self._sessions:
            raise LogNotFoundError(
                f"The run {self.name!r} holds no session that can be read. {' '.join(self.unreadable_files)}".rstrip()
            )
        return self.sessions[-1]

    @property
    def alerts(self) -> list[Alert]:
        """The findings of all its sessions, worst first."""
        found = [alert for session in self.sessions for alert in session.alerts]
        return sorted(found, key=worst_first)

    @property
    def unreadable_files(self) -> list[str]:
        """One sentence for each file without a session that can be read."""
        found = []
        for path, file in sorted(self._files.items()):
            name = os.path.basename(path)
            if path in self._unreadable:
                found.append(f"{name} cannot be read: {self._unreadable[path]}.")
            elif not file.found:
                found.append(f"{name} {_what_else(file)}")
        return found

    @property
    def problems(self) -> list[str]:
        """What is lost or cannot be read, as sentences."""
        found = self.unreadable_files
        for path, file in sorted(self._files.items()):
            name, damage = os.path.basename(path), file.damage
            if path in self._unreadable or not file.found:
                continue
            if damage.frames:
                found.append(f"{name}: {events_are(damage.frames)} damaged. {' '.join(damage.messages)}")
            if damage.newer:
                found.append(f"{name}: {events_are(damage.newer)} not read. {' '.join(damage.messages)}")
            if damage.skipped_bytes:
                found.append(f"{name}: {count(damage.skipped_bytes, 'byte')} between events are damaged.")
            if damage.tail_bytes:
                found.append(
                    f"{name}: its last event is cut off after {count(damage.tail_bytes, 'byte')}: it is being written, "
                    "or was when the process ended."
                )
        for session in self.sessions:
            prefix = f"session {session.id}: " if len(self._sessions) > 1 else ""
            found += [prefix + problem for problem in session.problems]
        return found


def _natural(name: str) -> list[tuple[int, str]]:
    """Returns a key by which ``run-9`` comes before ``run-10``."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _what_else(file: EventFile) -> str:
    """Returns what is wrong with a file without sessions. The sentence begins with the file's name."""
    damage = file.damage
    if not file.size:
        return "is empty: nothing was written into it."
    if damage.newer:
        return f"holds {count(damage.newer, 'event')} in a newer format. {' '.join(damage.messages)}"
    if not file.events:
        return f"is not an event file, or all of its {count(file.size, 'byte')} are damaged: no event was found in it."
    if damage.frames or damage.skipped_bytes or damage.tail_bytes:
        return f"is damaged: no session was found in its {count(file.size, 'byte')}."
    if file.events == 1:
        return "holds no record: only its first event was written."
    return f"holds {count(file.events, 'event')}, but none were written by InputDiagnostics."


class Log(Mapping[str, Run]):
    """The runs below a folder, by name.

    Args:
        log_dir: The folder, a URL that fsspec knows, or one event file.
        missing_ok: Whether the folder may be created later.
        clock: Returns seconds since the epoch.
    """

    def __init__(
        self, log_dir: str | os.PathLike[str], *, missing_ok: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        if not isinstance(log_dir, (str, os.PathLike)):
            raise ConfigurationError(f"log_dir must be a path. Received: {log_dir!r}.")
        path = os.fspath(log_dir)
        self.log_dir = redact(path)
        """The folder, or the URL without its credentials."""
        self._folder = _folder_of(path)
        self._clock = clock
        self._missing_ok = missing_ok
        self._runs: dict[str, Run] = {}
        self.foreign_files = 0
        """Number of event files of other tools below the folder; they are ignored."""
        self.problems: list[str] = []
        """One sentence for each folder that cannot be listed. Problems of runs are in `Run.problems`."""
        self.refresh()

    def refresh(self) -> bool:
        """Finds new runs and reads what was appended to known ones. Returns whether there was anything.

        Raises:
            LogError: if the folder cannot be listed.
        """
        try:
            found, self.foreign_files, self.problems = self._folder.listed()
        except LogNotFoundError:
            if not self._missing_ok:
                raise
            return False
        for folder, source in found:
            name = run_name(folder)
            self._runs.setdefault(name, Run(name, clock=self._clock)).add_file(source)
        changed = [run.refresh() for run in self._runs.values()]
        return any(changed)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._runs, key=_natural))

    def __len__(self) -> int:
        return len(self._runs)

    def __getitem__(self, name: str) -> Run:
        try:
            return self._runs[name]
        except KeyError:
            raise KeyError(f"There is no run {name!r}.{there_are(name, self)}") from None

    def __repr__(self) -> str:
        return f"<Log {self.log_dir!r}: {len(self)} run{'' if len(self) == 1 else 's'}>"

    _repr_html_ = text_from("tb_inputdiag.notebook.cards", "log_html")
    _repr_pretty_ = pretty_from("tb_inputdiag.notebook.cards", "log_text")

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs, in order of their names."""
        return tuple(self[name] for name in self)

    @property
    def run(self) -> Run:
        """The only run.

        Raises:
            LogNotFoundError: if there is none yet.
            ConfigurationError: if there are several.
        """
        if len(self._runs) != 1:
            if not self:
                raise LogNotFoundError(f"There is no run below {self.log_dir!r} yet.")
            raise ConfigurationError(
                f"There are {len(self)} runs; choose one, e.g. log[{next(iter(self))!r}].{there_are('', self)}"
            )
        return self.runs[0]

    @property
    def alerts(self) -> list[tuple[str, Alert]]:
        """(name of the run, alert) for the findings of all runs, worst first."""
        found = [(run.name, alert) for run in self.runs for alert in run.alerts]
        return sorted(found, key=lambda item: worst_first(item[1]))


def _folder_of(path: str) -> LogFolder:
    if not is_url(path):
        return LocalLogFolder(path)
    from tb_inputdiag.log.remote_files import RemoteLogFolder

    try:
        return RemoteLogFolder(path)
    except ConfigurationError as error:
        raise LogError(str(error)) from None


def read(log_dir: str | os.PathLike[str], *, missing_ok: bool = False, clock: Callable[[], float] = time.time) -> Log:
    """Opens the logs below a folder.

    ::

        log = tb_inputdiag.read("logs")
        for run in log.runs:
            print(run.name, run.session.status, [str(alert) for alert in run.alerts])
        run = log.run                           # if there is only one
        run.inputs["image"].mean                # over steps: an array for NumPy, with .step and .to_pandas()
        run.gradients["conv2d/kernel"].norm
        log.refresh()                           # reads what a live run has written since

    Args:
        log_dir: The `log_dir` of the callback, any folder above it, one event file, or a URL that fsspec knows.
        missing_ok: Return an empty log if there is none yet, e.g. because a run is about to start.
        clock: Returns seconds since the epoch.

    Raises:
        LogNotFoundError: if there is no such folder, or no log below it.
        LogError: if the folder cannot be listed.
    """
    log = Log(log_dir, missing_ok=missing_ok, clock=clock)
    if not len(log) and not missing_ok:
        others = f" There are {log.foreign_files} event files of other tools." if log.foreign_files else ""
        raise LogNotFoundError(
            f"There is no log of InputDiagnostics below {log.log_dir!r}.{others} "
            "Give the log_dir of InputDiagnostics(log_dir), or a folder above it."
        )
    return log


def runs_of(files: Iterable[Path]) -> list[Run]:
    """Returns the runs in event files, and nothing else of the folders that they are in.

    Args:
        files: The files. A run is named after its folder, as seen from the working directory if it is below that.
    """
    runs: dict[str, Run] = {}
    for path in files:
        folder = min(os.path.relpath(path.parent), str(path.parent), key=len)
        name = run_name(folder)
        runs.setdefault(name, Run(name)).add_file(LocalSource(str(path)))
    for run in runs.values():
        run.refresh()
    return list(runs.values())
