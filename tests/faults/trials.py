"""Each fault, tried so many times; what is wrong raises, what was counted is returned."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tb_inputdiag
from tb_inputdiag.cli import main
from tb_inputdiag.errors import LogError
from tests.faults import mutation, queries
from tests.faults.dashboard import LOADERS, Dashboard, dashboard
from tests.faults.training import STEPS, WARNED, Disturbance, TrainingResult, result, train_elsewhere
from tests.log import synthetic

_PRINTED = re.compile(r"^(?:ERROR|WARNING|INFO) +([a-z-]+) +(\S+)$", re.MULTILINE)
"""First line of an alert in the console: rule and subject."""


_BEGINNINGS = (b"fit begins", b"INFO milestone")
"""What a training run prints when `fit` is called, and when its first alert is there."""


@dataclass(frozen=True)
class FaultOutcome:
    """A line of the table."""

    fault: str
    tried: int
    survived: int
    alerts: int | None = None
    """Alerts that were printed to the console, if that is what counts."""
    lost: int | None = None
    """Of these, the ones that are not in the log."""
    note: str = ""


class Trials:
    """Runs trials below a folder, against the result of an undisturbed training run without the callback.

    Args:
        folder: Where to.
        seed: Chooses the moments.
    """

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self._expected: TrainingResult | None = None

    @property
    def expected(self) -> TrainingResult:
        """What a training run without the callback leaves."""
        if self._expected is None:
            home = self.folder / "expected"
            self._expected = result(home, train_elsewhere(home, None, watched=False))
        return self._expected

    def _train(self, home: Path, disturbance: Disturbance) -> TrainingResult:
        """Runs training with the callback; raises unless its result is the same as without."""
        found = result(home, train_elsewhere(home, disturbance))
        if not found.refused:
            self._same(home, found)
        return found

    def _same(self, home: Path, found: TrainingResult) -> None:
        expected = self.expected
        assert found.losses == expected.losses, f"{home.name}: losses {found.losses}, expected {expected.losses}"
        assert found.weights == expected.weights, f"{home.name}: other weights"
        assert found.steps == STEPS, f"{home.name}: {found.steps} steps"

    # -- the process, the disk, the clock ----------------------------------------------------------------

    def killed(self, times: int) -> FaultOutcome:
        """Kills training runs with SIGKILL at random moments: every other one of `fit` as a whole, which begins with
        tracing, and every other one after the first alert."""
        home = self.folder / "not-killed"
        process = train_elsewhere(home, None)
        begins = [self._says(home, text) for text in _BEGINNINGS]
        self._same(home, result(home, process))
        lengths = [time.monotonic() - begin for begin in begins]
        printed = lost = number = early = 0
        while number < times:
            home = self.folder / f"killed-{number}"
            process = train_elsewhere(home, None)
            self._says(home, _BEGINNINGS[number % 2])
            time.sleep(self.random.uniform(0, lengths[number % 2]))  # the moment is random: nothing to wait for
            process.kill()
            process.join()
            log = tb_inputdiag.read(home / "logs", missing_ok=True)
            sessions = [session for run in log.runs for session in run.sessions]
            if process.exitcode == 0 or any(session.status == "finished" for session in sessions):
                # Faster than the one that was timed: killed when there was nothing left to lose. On a machine that was
                # busy then, most of them would be.
                lengths[number % 2] *= 0.8
                for path in sorted(home.rglob("*"), reverse=True):
                    path.rmdir() if path.is_dir() else path.unlink()
                continue
            assert process.exitcode == -signal.SIGKILL, process.exitcode
            number += 1
            on_console = alerts_printed(home)
            early += not on_console
            printed += len(on_console)
            if not sessions:  # killed before the callback's first word
                assert not on_console
                continue
            lost += len(on_console - alerts_logged(home / "logs"))
            _reads(home / "logs", status="died", cut_off=True)
        note = f"{early} of them before the first alert" if early else ""
        return FaultOutcome("training killed (SIGKILL) at a random moment", times, times, printed, lost, note)

    @staticmethod
    def _says(home: Path, text: bytes) -> float:
        """Waits until a training run has printed a text; returns when that was."""
        end = time.monotonic() + 240
        while not (home / "console").exists() or text not in (home / "console").read_bytes():
            assert time.monotonic() < end, f"The training does not say {text!r}."
            time.sleep(0.005)  # another process can only be waited for
        return time.monotonic()

    def full_disk(self, times: int) -> FaultOutcome:
        """Trains onto a disk that is too small, of a random size."""
        return self._too_small("disk full (a small file system)", "disk_bytes", "No space left on device", times)

    def file_limit(self, times: int) -> FaultOutcome:
        """Trains where no file may grow beyond a random size."""
        return self._too_small("file too large (`ulimit -f`, a quota)", "file_bytes", "File too large", times)

    def _too_small(self, name: str, which: str, message: str, times: int) -> FaultOutcome:
        printed = lost = late = 0
        for number in range(times):
            home = self.folder / f"{which}-{number}"
            size = self.random.randrange(4096, 120_000)
            found = self._train(home, Disturbance(**{which: size}))  # type: ignore[arg-type]  # both are sizes
            assert len(found.warnings) == 1, found.warnings
            assert message in found.warnings[0], found.warnings
            logs = home / ("logs-of-the-disk" if which == "disk_bytes" else "logs")
            before, warned, after = (home / "console").read_text().partition(WARNED)
            assert warned
            on_console = set(_PRINTED.findall(before))
            printed += len(on_console)
            late += len(_PRINTED.findall(after))
            lost += len(on_console - alerts_logged(logs))
            _reads(logs)
        note = f"one warning with the reason, after which {late} alerts of the step in question were printed"
        return FaultOutcome(name, times, times, printed, lost, note)

    def removed(self, times: int) -> FaultOutcome:
        """Removes the log directory while a training run writes to it."""
        for number in range(times):
            home = self.folder / f"removed-{number}"
            found = self._train(home, Disturbance(remove_log_at=self.random.randrange(STEPS - 20)))
            assert len(found.warnings) == 1, found.warnings
            assert "was removed" in found.warnings[0], found.warnings
            assert not (home / "logs").exists(), "The directory came back."
        return FaultOutcome("log directory removed during training", times, times, note="one warning with the reason")

    def read_only(self, times: int) -> FaultOutcome:
        """Makes the log directory read-only: before the callback is made, before `fit`, and during it."""
        for number in range(times):
            home = self.folder / f"read-only-{number}"
            when = (-2, -1, self.random.randrange(STEPS - 20))[number % 3]
            found = self._train(home, Disturbance(read_only_at=when))
            if when == -2:
                assert "must be writable" in found.refused, found
            elif when == -1:
                assert len(found.warnings) == 1, found.warnings
                assert "Read-only file system" in found.warnings[0], found.warnings
            else:  # as with permission bits: a file that is open stays writable
                assert not found.warnings, found.warnings
                _reads(home / "logs", status="finished")
                assert not alerts_printed(home) - alerts_logged(home / "logs")
        note = (
            "a clear error where the callback is made; one warning before `fit`; during it the open log is written on"
        )
        return FaultOutcome("log directory made read-only", times, times, note=note)

    def two_at_once(self, times: int) -> FaultOutcome:
        """Starts two training runs that log into one directory at the same time."""
        printed = lost = 0
        for number in range(times):
            homes = [self.folder / f"twins-{number}" / name for name in ("a", "b")]
            logs = homes[0] / "logs"
            logs.mkdir(parents=True)
            homes[1].mkdir()
            (homes[1] / "logs").symlink_to(logs)
            processes = [train_elsewhere(home, None) for home in homes]
            for home, process in zip(homes, processes, strict=True):
                found = result(home, process)
                self._same(home, found)
                assert not found.warnings, found.warnings
            runs = tb_inputdiag.read(logs).runs
            assert [len(run.sessions) for run in runs] == [1, 1], runs
            _reads(logs, status="finished")
            for home in homes:
                on_console = alerts_printed(home)
                printed += len(on_console)
                # each of the two logs holds what either printed: the training runs are the same
                for run in runs:
                    lost += len(on_console - {(a.rule, a.subject) for a in run.session.alert_history})
        return FaultOutcome(
            "two training runs into one directory at once", times, times, printed, lost, "a run directory for each"
        )

    def clock_set_back(self, times: int) -> FaultOutcome:
        """Sets the clock back during a training run, by seconds to decades."""
        printed = lost = 0
        for number in range(times):
            home = self.folder / "clock" / f"{number}"
            by = (-2.0, -3600.0, -86400.0 * 365, -1e10)[number % 4]
            found = self._train(home, Disturbance(clock_at=self.random.randrange(STEPS - 20), clock_by=by))
            assert not found.warnings, found.warnings
            _reads(home / "logs", status="finished")
            on_console = alerts_printed(home)
            printed += len(on_console)
            lost += len(on_console - alerts_logged(home / "logs"))
        for loader in LOADERS:
            with dashboard(self.folder / "clock", loader, at_least=times) as server:
                _shows_what_is_logged(server, self.folder / "clock")
        return FaultOutcome("clock set back during training, by 2 s to decades", times, times, printed, lost)

    # -- what others read ------------------------------------------------------------------------------------

    def mutated_files(self, times: int) -> list[FaultOutcome]:
        """Gives mutated event files to the reader, every command and the dashboard."""
        source = synthetic.write(self.folder / "sane", synthetic.Spec(samples=12, weights=3), per_flush=3)
        data = source.read_bytes()
        logs = self.folder / "mutated"
        read = refused = 0
        codes: Counter[int] = Counter()
        for number in range(times):
            kind, mutated = mutation.mutate(data, number)
            # An event with a correct checksum that is not a message ends the reloading thread of TensorBoard's Python
            # loader, and with it the reloading of all runs: that is not ours to mend.
            home = (logs / "messages" if "messages" in kind else logs / "rest") / f"{number:03d}" / "inputdiag"
            home.mkdir(parents=True)
            (home / source.name).write_bytes(mutated)
            try:
                use_everything(home)
                read += 1
            except LogError:
                refused += 1
            for command in COMMANDS:
                codes[run_command(command, home.parent, what=f"{number} ({kind})")] += 1
        said = ", ".join(f"{n:,} with exit code {code}" for code, n in sorted(codes.items()))
        found = [
            FaultOutcome("mutated event file, reader", times, read + refused, note=f"{refused} refused as no log"),
            FaultOutcome(
                f"mutated event file, each of {len(COMMANDS)} commands",
                times * len(COMMANDS),
                sum(codes.values()),
                note=said,
            ),
        ]
        for loader in LOADERS:
            with dashboard(logs if loader == LOADERS[0] else logs / "rest", loader) as server:
                asked, statuses = self._ask_everything(server)
                listed = len(server.runs())
            note = f"{listed} listed; statuses " + ", ".join(f"{code}: {n:,}" for code, n in sorted(statuses.items()))
            found.append(
                FaultOutcome(f"mutated event files, requests to the dashboard, `{loader}`", asked, asked, note=note)
            )
        return found

    @staticmethod
    def _ask_everything(server: Dashboard) -> tuple[int, Counter[int]]:
        statuses: Counter[int] = Counter()
        for row in server.runs():
            routes: list[tuple[str, dict[str, object]]] = [
                (name, {"id": row["id"]}) for name in ("run", "model", "inputs", "images")
            ]
            curves = ["losses:loss", "samples:train:loss", "samples:train:learning_rate"]
            routes.append(("series", {"id": row["id"], "q": curves}))
            routes.append(("grid", {"id": row["id"], "table": "weights", "column": "gradient_norm"}))
            routes.append(("grid", {"id": row["id"], "table": "layers", "column": "std", "from": 0, "to": 1000}))
            for route, parameters in routes:
                code, answer = server.ours(route, **parameters)
                assert code == 200, f"{route} of {row['id']}: {code}, {answer}"
                statuses[code] += 1
        assert server.alive
        return sum(statuses.values()), statuses

    def strangers(self, times: int, *, in_dashboard: int = 25) -> list[FaultOutcome]:
        """Gives logs that were written to do harm to the reader, all commands, notebooks and the dashboard.

        Args:
            times: Logs of each kind.
            in_dashboard: How many of them a TensorBoard gets.
        """
        found, logs = [], self.folder / "strangers"
        for kind in STRANGE_KINDS:
            home = self.folder / "strange" / kind.replace(" ", "-")
            home.mkdir(parents=True)
            command = [sys.executable, "-m", "tests.faults.strangers", kind, str(home), str(times)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60 + 30 * times)
            assert done.returncode == 0, f"{kind}: {done.stderr[-3000:]}"
            note = f"{int(done.stdout)} MB of memory"
            found.append(FaultOutcome(f"log of a stranger: {kind}", times, times, note=note))
            for number in range(min(times, in_dashboard)):
                shutil.copytree(home / f"{number:03d}", logs / home.name / f"{number:03d}")
        for loader in LOADERS:
            with dashboard(logs, loader) as server:
                asked, statuses = self._ask_everything(server)
                grown = server.memory_mb
            assert set(statuses) == {200}, statuses
            note = f"TensorBoard had {grown:,.0f} MB"
            found.append(
                FaultOutcome(f"logs of strangers, requests to the dashboard, `{loader}`", asked, asked, note=note)
            )
        return found

    def malformed_queries(self, times: int) -> list[FaultOutcome]:
        """Sends malformed requests; each must be refused with a clear 4xx."""
        logs = self.folder / "queried"
        synthetic.write(logs, synthetic.Spec(samples=40, weights=3))
        found = []
        for loader in LOADERS:
            with dashboard(logs, loader) as server:
                known = server.runs()[0]["id"]
                statuses: Counter[int] = Counter()
                for number in range(times):
                    method, path = queries.malformed(number, known)
                    code, body = server.request(f"/data/plugin/inputdiag/{path}", method)
                    assert 400 <= code < 500, f"{method} {path[:300]}: {code}, {body[:300]!r}"
                    if body.startswith(b"{"):
                        message = json.loads(body)["error"]
                        assert len(message) > 20, (path, message)
                        assert "Error" not in message, (path, message)
                    statuses[code] += 1
                assert server.ours("run", id=known)[0] == 200, "It does not answer good queries any more."
            note = ", ".join(f"{n} times {code}" for code, n in sorted(statuses.items()))
            found.append(FaultOutcome(f"malformed request to the backend, `{loader}`", times, times, note=note))
        return found

    def beside_other_plugins(self) -> list[FaultOutcome]:
        """Logs beside Keras' own TensorBoard callback, and shows both."""
        home = self.folder / "beside" / "run"
        self._train(home, Disturbance(keras_tensorboard=True))
        found = []
        for loader in LOADERS:
            with dashboard(self.folder / "beside", loader) as server:
                _shows_what_is_logged(server, self.folder / "beside")
                listing = json.loads(server.request("/data/plugins_listing")[1])
                active = sorted(name for name, plugin in listing.items() if plugin["enabled"])
                assert {"inputdiag", "scalars", "graphs", "histograms"} <= set(active), active
                scalars = json.loads(server.request("/data/plugin/scalars/tags")[1])
                train = next(run for run in scalars if run.endswith("train"))
                query = f"/data/plugin/scalars/scalars?run={train}&tag=epoch_loss".replace("/train&", "%2Ftrain&")
                curve = json.loads(server.request(query)[1])
                shown = [value for _, _, value in curve]
                expected = [float.fromhex(loss) for loss in self.expected.losses]
                assert len(shown) == len(expected), curve
                assert all(abs(a - b) <= 1e-6 * abs(b) for a, b in zip(shown, expected, strict=True)), shown
            note = f"active beside it: {', '.join(name for name in active if name != 'inputdiag')}"
            found.append(FaultOutcome(f"beside {len(listing) - 1} other plugins, `{loader}`", 1, 1, note=note))
        return found


STRANGE_KINDS = (
    "markup and control characters",
    "formulas",
    "numbers",
    "nesting",
    "data that unfolds",
    "columns in circles",
    "images",
    "paths",
)
"""What logs of strangers try; see `strangers.KINDS`."""
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("summary",),
    ("alerts",),
    ("inputs",),
    ("gradients",),
    ("replay",),
    ("check",),
    ("watch", "--once"),
    ("export", "losses"),
    ("export", "weights"),
    ("report", "-o", "-"),
)


def alerts_printed(home: Path) -> set[tuple[str, str]]:
    """Returns (rule, subject) of the alerts that a training run has printed."""
    return set(_PRINTED.findall((home / "console").read_text(errors="replace")))


def alerts_logged(logs: Path) -> set[tuple[str, str]]:
    """Returns (rule, subject) of the alerts in a log, symptoms of others included."""
    sessions = [session for run in tb_inputdiag.read(logs, missing_ok=True).runs for session in run.sessions]
    return {(alert.rule, alert.subject) for session in sessions for alert in session.alert_history}


def _reads(logs: Path, status: str = "", *, cut_off: bool = False) -> None:
    """Raises unless a log reads to its end, all that was written is there, and `summary` says so."""
    log = tb_inputdiag.read(logs, missing_ok=True)
    for run in log.runs:
        for session in run.sessions:
            list(session.records())
            assert session.completeness.complete, session.completeness
            assert not status or session.status == status, session.status
        problems = [text for text in run.problems if not (cut_off and "is cut off" in text)]
        assert not problems, problems
    # without a single event of ours there is nothing to sum up
    assert run_command(("summary",), logs) == (0 if any(run.sessions for run in log.runs) else 2)


def use_everything(logs: Path) -> None:
    for run in tb_inputdiag.read(logs).runs:
        for session in run.sessions:
            list(session.records())
            for group in (session.inputs, session.entries, session.gradients, session.weights, session.activations):
                for row in group.values():
                    for column in row.columns:
                        len(getattr(row, column))
            assert session.status
            assert session.completeness
        assert isinstance(run.problems, list)
        len(run.loss)


def run_command(command: tuple[str, ...], logs: Path, what: str = "") -> int:
    """Runs a command; raises unless it ends with a documented exit code and plain words."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([command[0], str(logs), *command[1:]])
    allowed = (0, 1, 2) if command[0] == "check" else (0, 2)
    assert code in allowed, f"{what}: {command} returned {code}"
    words = err.getvalue()
    assert "Traceback" not in out.getvalue() + words, f"{what}: {command}: {words}"
    for line in words.splitlines():
        assert line.startswith("tb-inputdiag: "), f"{what}: {command} says {line!r}"
    assert code != 2 or words, f"{what}: {command} returned 2 and does not say why"
    return code


def _shows_what_is_logged(server: Dashboard, logs: Path) -> None:
    """Raises unless the dashboard has every record that the reader has."""
    expected = {
        session.id: (session.n_samples, len(session.alert_history), {a.id for a in session.alert_history})
        for run in tb_inputdiag.read(logs).runs
        for session in run.sessions
    }
    rows = {row["session"]: row["id"] for row in server.runs()}
    assert set(rows) == set(expected), (set(rows), set(expected))
    for session, (samples, alerts, ids) in expected.items():
        for _ in range(50):
            code, answer = server.ours("series", id=rows[session], q="samples:train:loss")
            assert code == 200, answer
            if not answer["pending"]:
                break
        code, answer = server.ours("run", id=rows[session])
        assert code == 200, answer
        made = answer["completeness"]
        assert made["proven"], made
        assert (made["samples_read"], made["alerts_read"]) == (samples, alerts), made
        assert {row["alert"]["id"] for row in answer["alerts"]} == ids


def table(outcomes: Iterable[FaultOutcome]) -> str:
    """Returns the outcomes as Markdown."""

    def cell(value: Any) -> str:
        return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)

    lines = ["| fault | tried | survived | alerts printed | of them not in the log | |", "|---|---|---|---|---|---|"]
    for o in outcomes:
        lines.append(f"| {' | '.join(map(cell, (o.fault, o.tried, o.survived, o.alerts, o.lost, o.note)))} |")
    return "\n".join(lines)
