"""What the commands share: opening logs, choosing sessions, writing JSON."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tb_inputdiag.cli.arguments import LogArguments, SessionChoice
from tb_inputdiag.cli.parser import complain
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.errors import LogNotFoundError, UnknownRuleError, did_you_mean, there_are
from tb_inputdiag.jsonable import to_jsonable
from tb_inputdiag.log.reader import Log, Run, read
from tb_inputdiag.log.stored_session import StoredSession
from tb_inputdiag.urls import folder_name

__all__ = ["Chosen", "Selection", "choose", "print_json", "require_rules", "select"]


def _shown_name(run: Run, log_dir: str) -> str:
    """Returns the name of a run; that of the folder where the run is the folder itself."""
    return run.name if run.name != "." else folder_name(log_dir)


@dataclass(frozen=True)
class Chosen:
    """A session that a command looks at."""

    run: Run
    session: StoredSession
    log_dir: str

    @property
    def title(self) -> str:
        """The run's name, with the session's id if the run has several."""
        return self.name if len(self.run.sessions) == 1 else f"{self.name} ({self.session.id})"

    @property
    def has_steps(self) -> bool:
        """Whether it has steps: a check of a whole data set has none, nor a call that raised before its first one."""
        start, failures = self.session.start, self.session.failures
        before = bool(failures) and all(failure.place != "step" for failure in failures) and self.session.n_steps == 0
        return start is None or not (start.mode in ("call", "data") or before)

    @property
    def name(self) -> str:
        """The run's name; that of the folder where the run is the folder itself."""
        return _shown_name(self.run, self.log_dir)


@dataclass(frozen=True)
class Selection:
    """The sessions that a command looks at, and what cannot be read of their runs."""

    log: Log
    runs: Sequence[Run]
    sessions: list[Chosen]
    whole: bool
    """No single session was asked for, so every file counts."""

    @cached_property
    def unreadable(self) -> list[str]:
        """Files without a readable session and folders that cannot be listed, one sentence each."""
        files = [self._about(run, text) for run in self.runs for text in run.unreadable_files] if self.whole else []
        return [*self.log.problems, *files]

    def warn(self) -> None:
        """Prints on standard error which parts of the logs are lost."""
        for problem in self.log.problems:
            complain(problem)
        for run in self.runs:
            for problem in run.problems:
                complain(self._about(run, problem))

    def _about(self, run: Run, text: str) -> str:
        return f"run {_shown_name(run, self.log.log_dir)!r}: {text}"


def select(arguments: LogArguments) -> Selection:
    """Opens a log and chooses the sessions that ``--run``, ``--session`` and ``--last`` leave.

    Raises:
        LogError: if there is no log, no session is left, or none can be read.
    """
    return choose(read(arguments.log_dir), arguments)


def choose(log: Log, choice: SessionChoice) -> Selection:
    """Returns the sessions of a log that ``--run``, ``--session`` and ``--last`` leave.

    Raises:
        LogNotFoundError: if no session is left, or none can be read.
    """
    wanted = choice.session
    runs = _runs_named(log, choice.run)
    found = []
    for run in runs:
        sessions = run.sessions[-1:] if choice.last else run.sessions
        found += [Chosen(run, item, log.log_dir) for item in sessions if wanted is None or item.id.endswith(wanted)]
    selection = Selection(log, runs, found, whole=wanted is None)
    if not found and wanted is not None:
        ids = [session.id for run in runs for session in run.sessions]
        raise LogNotFoundError(f"There is no session {wanted!r}.{there_are(wanted, ids)}")
    if not found:
        raise LogNotFoundError("\n".join([f"Nothing below {log.log_dir!r} can be read.", *selection.unreadable]))
    return selection


def _runs_named(log: Log, name: str | None) -> list[Run]:
    """Returns the runs with a name or matching a pattern such as ``exp-*``; all runs for None."""
    if name is None:
        return list(log.runs)
    runs = {_shown_name(run, log.log_dir): run for run in log.runs}
    found = [run for shown, run in runs.items() if name in (shown, run.name)]
    found = found or [run for shown, run in runs.items() if fnmatch.fnmatchcase(shown, name)]
    if not found:
        raise LogNotFoundError(f"There is no run {name!r}.{there_are(name, runs)}")
    return found


def require_rules(wanted: Sequence[str] | None, chosen: Sequence[Chosen]) -> None:
    """Checks that the ids given with ``--rule`` exist. A misspelt one would match nothing and look like no findings.

    Raises:
        UnknownRuleError: if one does not.
    """
    if not wanted:
        return
    known = {alert.rule for item in chosen for alert in item.session.alert_history}
    for item in chosen:  # the user's own rules may have found nothing
        rules = item.session.start.settings.get("rules") if item.session.start else None
        known |= {rule for rule in rules if isinstance(rule, str)} if isinstance(rules, list) else set()
    if known.issuperset(wanted):
        return
    from tb_inputdiag.rules.catalogue import all_rules, installed_rules

    known |= {rule.id for rule in [*all_rules(), *installed_rules(lambda name, error: None)]}
    for rule in wanted:
        if rule not in known:
            raise UnknownRuleError(
                f"There is no rule {rule!r}.{did_you_mean(rule, known)} `tb-inputdiag rules` lists all."
            )


def print_json(value: object, terminal: Terminal) -> None:
    """Writes a value as one JSON document."""
    terminal.stream.write(json.dumps(to_jsonable(value), indent=2, ensure_ascii=not terminal.unicode) + "\n")
