"""The reader: what a log says, live, damaged, foreign, newer and older."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import random
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tb_inputdiag
from tb_inputdiag import records as r
from tb_inputdiag.alerts import SILENT_AFTER_S
from tb_inputdiag.errors import ConfigurationError, LogError, LogNotFoundError
from tb_inputdiag.log import codec, framing, migrate
from tb_inputdiag.log.documents import from_document, to_document
from tb_inputdiag.log.series import Series
from tb_inputdiag.log.subjects import SubjectGroup
from tb_inputdiag.log.writer import LogWriter
from tests.log import synthetic
from tests.log.strategies import same
from tests.open_files import open_files

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def log_dir(tmp_path: Path) -> Path:
    synthetic.write(tmp_path, synthetic.Spec(samples=100, weights=6), per_flush=10)
    return tmp_path


def event_file(log_dir: Path) -> Path:
    return next(log_dir.rglob("*.inputdiag"))


def test_quantities_by_the_names_that_the_user_knows(log_dir: Path) -> None:
    run = tb_inputdiag.read(log_dir).run
    samples = [x for x in run.session.records() if isinstance(x, r.Sample) and x.split == "train"]
    steps = [sample.step for sample in samples]
    assert list(run.inputs) == ["image", "table", "tokens"]
    assert list(run.entries) == ["image"]
    mean = run.inputs["image"].mean
    assert mean.step.tolist() == steps
    assert np.array_equal(mean, [sample.tensors.mean[0] for sample in samples])
    assert np.array_equal(run.entries["image"].max, [sample.tensors.max[1] for sample in samples])
    table = run.inputs["table"]
    assert table.feature_std.values.shape == (100, 12)
    assert np.array_equal(table.feature_std.values, [s.tensors.feature_std[6:18] for s in samples])
    assert np.array_equal(run.targets["label"].class_counts.values, [s.tensors.class_counts[64:74] for s in samples])
    assert np.array_equal(run.gradients["conv2d/bias"].norm, [s.weights.gradient_norm[1] for s in samples if s.weights])
    assert np.array_equal(run.activations["conv2d"].mean, [s.layers.mean[0] for s in samples if s.layers])
    assert run.loss.step.tolist() == list(range(1000))
    assert np.nanmax(run.loss) == pytest.approx(float(run.loss.values.max()))
    assert len(run.split("validation").inputs["image"].mean) == 5
    assert run.learning_rate[0] == 1e-3
    assert len(run.split("validation").gradients) == 0


def test_names_that_are_not_there_are_answered_with_those_that_are(log_dir: Path) -> None:
    run = tb_inputdiag.read(log_dir).run
    with pytest.raises(KeyError, match=r"Did you mean 'image'\? There are: 'image', 'table', 'tokens'"):
        run.inputs["imag"]
    with pytest.raises(AttributeError, match="'nothing' is not recorded"):
        _ = run.inputs["image"].nothing
    with pytest.raises(ConfigurationError, match="split must be"):
        run.split("test")  # type: ignore[arg-type]  # the wrong argument is the point
    with pytest.raises(KeyError, match=r"There is no run 'x'. There are: '\.'"):
        tb_inputdiag.read(log_dir)["x"]


def test_pandas(log_dir: Path) -> None:
    run = tb_inputdiag.read(log_dir).run
    frame = run.inputs["image"].to_pandas()
    assert frame.index.name == "step"
    assert {"mean", "nan_count"} <= set(frame.columns)
    assert run.loss.to_pandas().shape == (1000,)
    assert run.inputs["table"].feature_mean.to_pandas().shape == (100, 12)
    assert run.to_pandas().loc[0, "batch_size"] == 32


def test_pandas_joins_what_is_left_of_damaged_columns(log_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tb_inputdiag.read(log_dir).run
    whole, scalar = run.to_pandas(), type(run).scalar
    image, series = run.inputs["image"].to_pandas(), SubjectGroup.series

    def damaged(self: object, name: str) -> Series:
        found = scalar(self, name)  # type: ignore[arg-type]  # a run
        return found if name != "penalty" else Series(name, found.step[10:], found.values[10:])

    def damaged_row(self: SubjectGroup, row: str, column: str) -> Series:
        found = series(self, row, column)
        return found if column != "max" else Series(found.name, found.step[10:], found.values[10:])

    monkeypatch.setattr(type(run), "scalar", damaged)
    monkeypatch.setattr(SubjectGroup, "series", damaged_row)
    for left, before, hit, spared in (
        (run.to_pandas(), whole, "penalty", "gradient_norm"),
        (run.inputs["image"].to_pandas(), image, "max", "min"),
    ):
        assert left.index.name == "step"
        assert left[hit].isna().sum() == 10
        assert (left[spared] == before[spared]).all()


def test_sessions_of_a_run_are_joined_in_order(log_dir: Path) -> None:
    spec = synthetic.Spec(samples=20, weights=6, session="20261124T000000-1", start=synthetic.START + 9999)
    synthetic.write(log_dir, spec)
    run = tb_inputdiag.read(log_dir).run
    assert len(run.sessions) == 2
    assert len(run.inputs["image"].mean) == 120
    assert run.session.id == "20261124T000000-1"
    assert len(run.session.inputs["image"].mean) == 20
    assert len(run.alerts) == 8


def test_alerts_are_their_last_state_worst_first_and_without_symptoms(tmp_path: Path) -> None:
    known = [x for x in synthetic.records(synthetic.Spec(samples=30)) if isinstance(x, r.Alert)]
    writer = LogWriter(tmp_path, session="s")
    for alert in known:
        writer.write(alert)
    writer.write(dataclasses.replace(known[0], count=9, state="resolved"))
    writer.write(dataclasses.replace(known[1], caused_by=0))
    writer.close()
    alerts = tb_inputdiag.read(tmp_path).run.alerts
    assert [alert.severity for alert in alerts] == sorted((a.severity for a in alerts), reverse=True)
    assert known[1].id not in [alert.id for alert in alerts]
    assert next(a for a in alerts if a.id == known[0].id).state == "resolved"


def test_a_live_run_is_followed(tmp_path: Path) -> None:
    records = list(synthetic.records(synthetic.Spec(samples=40, weights=3)))
    log = tb_inputdiag.read(tmp_path, missing_ok=True)
    assert len(log) == 0
    writer = LogWriter(tmp_path, session="s", flush_interval_s=3600)
    seen: list[r.Record] = []
    for place, record in enumerate(records):
        writer.write(record)
        if place % 13 == 0:
            writer.flush()
            assert log.refresh()
            assert not log.refresh()
            session = log.run.session
            seen += session.records(since=len(seen))
            assert len(seen) == session.n_records == place + 1
            assert len(session.gradients["conv2d/kernel"].norm if "conv2d/kernel" in session.gradients else []) == sum(
                isinstance(x, r.Sample) and x.split == "train" for x in seen
            )
    writer.close()
    log.refresh()
    seen += log.run.session.records(since=len(seen))
    assert all(map(same, records, seen))
    assert len(seen) == len(records)


def test_a_run_that_has_not_written_for_long_is_silent(tmp_path: Path) -> None:
    synthetic.write(tmp_path, synthetic.Spec(samples=5, end=False))
    now = synthetic.START + 1
    assert tb_inputdiag.read(tmp_path, clock=lambda: now + SILENT_AFTER_S - 30).run.session.status == "running"
    assert tb_inputdiag.read(tmp_path, clock=lambda: now + SILENT_AFTER_S + 30).run.session.status == "silent"


def test_a_run_whose_process_is_gone_has_died(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], check=True, capture_output=True)
    statuses = []
    for name, pid in (("own", os.getpid()), ("gone", int(done.stdout))):
        writer = LogWriter(tmp_path / name, session="s")
        writer.write(r.SessionStart(session="s", wall_time=time.time(), host=socket.gethostname(), pid=pid))
        writer.close()
        log = tb_inputdiag.read(tmp_path / name, clock=lambda: time.time() + 3600)
        statuses.append(log.run.session.status)
    assert statuses == ["running", "died"]


def test_completeness_is_proven(log_dir: Path) -> None:
    complete = tb_inputdiag.read(log_dir).run.session.completeness
    assert complete.complete
    assert str(complete) == f"{complete.written} of {complete.written} events"


# ---- damage


def frames(data: bytes) -> list[tuple[int, int]]:
    """Returns (start, length with framing) of each frame."""
    found, at = [], 0
    while at < len(data):
        length = framing.frame_length(data, at)
        assert length is not None
        found.append((at, length + framing.HEADER + framing.FOOTER))
        at += found[-1][1]
    return found


@pytest.mark.parametrize("where", ["header", "message", "footer", "between"])
def test_damage_affects_only_what_it_hits_and_is_reported(log_dir: Path, where: str) -> None:
    path = event_file(log_dir)
    before = list(tb_inputdiag.read(log_dir).run.session.records())
    data = bytearray(path.read_bytes())
    start, size = frames(bytes(data))[20]
    if where == "between":
        data[start:start] = b"\0" * 1000 + b"rubbish" * 20
    else:
        data[start + {"header": 3, "message": size // 2, "footer": size - 2}[where]] ^= 0x55
    path.write_bytes(data)
    run = tb_inputdiag.read(log_dir).run
    after = list(run.session.records())
    if where == "between":
        assert len(after) == len(before)
        assert any("1,140 bytes between events are damaged" in problem for problem in run.problems)
        return
    complete = run.session.completeness
    unharmed = sum(any(same(record, other) for other in before) for record in after)
    assert len(before) - 45 < unharmed < len(before)
    assert sum(complete.missing.values()) == 1
    assert not complete.complete
    assert any(f"1 of {complete.written} events is lost" in problem for problem in run.problems)


def test_a_file_cut_anywhere_is_read_up_to_there(log_dir: Path) -> None:
    path = event_file(log_dir)
    data = path.read_bytes()
    before = list(tb_inputdiag.read(log_dir).run.session.records())
    for cut in [0, 1, 11, 12, 100, 1000, *random.Random(0).sample(range(len(data)), 25), len(data) - 1]:
        path.write_bytes(data[:cut])
        log = tb_inputdiag.read(log_dir)
        run = log.run
        found = list(run.session.records()) if run.sessions else []
        assert len(found) <= len(before)
        assert all(any(same(record, other) for other in before) for record in found[:3])
        whole = sum(size for start, size in frames(data) if start + size <= cut)
        if whole < cut:
            said = f"cut off after {cut - whole:,} bytes" if run.sessions else "events.out"
            assert any(said in problem for problem in run.problems)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_fuzzed_files_raise_nothing_but_log_errors(data: st.DataObject) -> None:
    original = _fuzz_file()
    mutated = bytearray(original)
    for _ in range(data.draw(st.integers(1, 6))):
        kind = data.draw(st.sampled_from(["flip", "delete", "insert", "zero", "copy"]))
        place = data.draw(st.integers(0, max(len(mutated) - 1, 0)))
        length = data.draw(st.integers(1, 300))
        if kind == "flip" and mutated:
            mutated[place] ^= data.draw(st.integers(1, 255))
        elif kind == "delete":
            del mutated[place : place + length]
        elif kind == "insert":
            mutated[place:place] = data.draw(st.binary(max_size=64))
        elif kind == "zero":
            mutated[place : place + length] = bytes(len(mutated[place : place + length]))
        else:
            mutated[place:place] = mutated[: length * 10]
    path = _fuzz_path()
    path.write_bytes(mutated)
    with contextlib.suppress(LogError):
        _use_everything(tb_inputdiag.read(path))


_FUZZ: dict[str, Any] = {}


def _fuzz_path() -> Path:
    import tempfile

    if "folder" not in _FUZZ:
        _FUZZ["folder"] = tempfile.TemporaryDirectory()
    return Path(_FUZZ["folder"].name) / "events.out.tfevents.1.inputdiag"


def _fuzz_file() -> bytes:
    if "data" not in _FUZZ:
        spec = synthetic.Spec(samples=12, weights=3)
        path = synthetic.write(Path(_fuzz_path()).parent / "log", spec, per_flush=4)
        _FUZZ["data"] = path.read_bytes()
    data: bytes = _FUZZ["data"]
    return data


def _use_everything(log: Any) -> None:
    for run in log.runs:
        for session in run.sessions:
            list(session.records())
            _ = session.alerts, session.status, session.last_step, session.completeness, session.facts
            for group in (session.inputs, session.entries, session.gradients, session.activations):
                for row in group.values():
                    for column in row.columns:
                        len(getattr(row, column))
        _ = run.problems, len(run.loss), run.alerts


def test_zeros_at_the_end_as_after_a_power_cut(log_dir: Path) -> None:
    path = event_file(log_dir)
    with path.open("ab") as stream:
        stream.write(b"\0" * 3_000_000)
    run = tb_inputdiag.read(log_dir).run
    assert run.session.completeness.complete
    assert any("damaged" in problem for problem in run.problems)


# ---- foreign, empty, newer, older


def newer_format(data: bytes) -> bytes:
    """Returns a file whose payloads all have a format version that only a newer reader knows."""
    found = b""
    for start, size in frames(data):
        message = data[start + framing.HEADER : start + size - framing.FOOTER]
        found += framing.frame(message.replace(bytes([0xD1, 1, r.SCHEMA_VERSION]), bytes([0xD1, 2, r.SCHEMA_VERSION])))
    return found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda data: b"", "is empty: nothing was written into it"),
        (lambda data: b"PK\x03\x04 no log " * 99, "is not an event file, or all of its 1,188 bytes are damaged"),
        (lambda data: b"\0" * 50_000, "all of its 50,000 bytes are damaged"),
        (lambda data: data[: sum(frames(data)[0])], "holds no record"),
        (lambda data: data[: sum(frames(data)[0])] + b"\0" * 50, "is damaged"),
        (lambda data: framing.frame(b"\x10\x05") * 7, "holds 7 events, but none were written by InputDiagnostics"),
        (newer_format, "events in a newer format. A payload has the format version 2"),
    ],
)
def test_a_file_without_a_session_is_reported_and_the_others_are_read(log_dir: Path, content: Any, said: str) -> None:
    other = log_dir / "other" / "events.out.tfevents.1.inputdiag"
    other.parent.mkdir()
    other.write_bytes(content(event_file(log_dir).read_bytes()))
    log = tb_inputdiag.read(log_dir)
    assert log["."].problems == []
    (problem,) = log["other"].problems
    assert problem.startswith("events.out.tfevents.1.inputdiag ")
    assert said in problem
    with pytest.raises(LogNotFoundError, match="no session that can be read"):
        _ = log["other"].session


def test_an_empty_folder_and_a_missing_one_are_reported(tmp_path: Path) -> None:
    with pytest.raises(LogNotFoundError, match="no log of InputDiagnostics below"):
        tb_inputdiag.read(tmp_path)
    with pytest.raises(LogNotFoundError, match="There is no folder"):
        tb_inputdiag.read(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="must be a path"):
        tb_inputdiag.read(3)  # type: ignore[arg-type]  # the wrong argument is the point


def test_event_files_of_others_are_left_alone(log_dir: Path) -> None:
    train = log_dir / "train"
    train.mkdir()
    (train / "events.out.tfevents.1.host.1.v2").write_bytes(b"not ours")
    log = tb_inputdiag.read(log_dir)
    assert log.foreign_files == 1
    assert list(log) == ["."]
    assert log.run.problems == []
    event_file(log_dir).unlink()
    with pytest.raises(LogNotFoundError, match="There are 1 event files of other tools"):
        tb_inputdiag.read(log_dir)


def test_runs_are_named_by_their_folders_and_links_do_not_run_in_circles(tmp_path: Path) -> None:
    for name in ("a", "b/c"):
        synthetic.write(tmp_path / name, synthetic.Spec(samples=2))
    os.symlink(tmp_path, tmp_path / "b" / "loop")
    assert list(tb_inputdiag.read(tmp_path)) == ["a", "b/c"]
    for number in (10, 9):
        synthetic.write(tmp_path / f"a-{number}", synthetic.Spec(samples=1))
    assert list(tb_inputdiag.read(tmp_path)) == ["a", "a-9", "a-10", "b/c"]
    assert list(tb_inputdiag.read(tmp_path / "a")) == ["."]
    assert len(tb_inputdiag.read(event_file(tmp_path / "a")).run.loss) == 20


def test_many_runs_do_not_take_many_descriptors(tmp_path: Path) -> None:
    for number in range(80):
        synthetic.write(tmp_path / f"{number:02d}", synthetic.Spec(samples=1, images=False))
    log = tb_inputdiag.read(tmp_path)
    assert sum(len(run.loss) for run in log.runs) == 800
    assert len(open_files(tmp_path)) <= 64


def test_a_newer_schema_is_reported_and_what_is_known_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class Prophecy:
        step: int

    records = list(synthetic.records(synthetic.Spec(samples=10)))
    monkeypatch.setattr(codec, "SCHEMA_VERSION", 7)
    writer = LogWriter(tmp_path, session="s")
    for record in [records[0], Prophecy(step=3), *records[1:]]:
        writer.write(record)  # type: ignore[arg-type]  # a record that this version does not know
    writer.close()
    monkeypatch.undo()
    session = tb_inputdiag.read(tmp_path).run.session
    assert len(list(session.records())) == len(records)
    (problem,) = session.problems
    assert f"schema version 7; this tb_inputdiag reads up to {r.SCHEMA_VERSION}" in problem
    assert "1 records or events of kinds unknown to it were left out. Upgrade" in problem


def test_fields_that_only_a_newer_schema_has_are_left_out() -> None:

    fields = {"wall_time": 1.0, "step": 2, "status": "finished", "mood": "good"}
    assert from_document("SessionEnd", fields, [], 2) == r.SessionEnd(wall_time=1.0, step=2, status="finished")


def test_an_older_schema_is_migrated_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def to_1(name: str, fields: Any) -> tuple[str, Any]:
        return ("SessionEnd", {**fields, "status": fields["outcome"]}) if name == "End" else (name, fields)

    monkeypatch.setitem(migrate.UPGRADES, 0, to_1)

    old = {"wall_time": 1.0, "step": 2, "outcome": "failed"}
    assert from_document("End", old, [], 0) == r.SessionEnd(wall_time=1.0, step=2, status="failed")
    assert from_document("End", old, [], 1) is None  # not renamed any more


def test_consequences_of_schema_1_are_upgraded_to_objects() -> None:
    (alert, *_) = [x for x in synthetic.records(synthetic.Spec(samples=1)) if isinstance(x, r.Alert)]
    lines = ["dead-relu [layer:conv2d]: 40 % of the units\nare dead: all [0].", "non-finite-loss on loss"]
    fields = {**to_document(alert, []), "consequences": {"$tuple": lines}}
    found = from_document("Alert", fields, [], 1)
    assert isinstance(found, r.Alert)
    assert found.consequences == (
        r.Consequence(rule="dead-relu", subject="layer:conv2d", text="40 % of the units\nare dead: all [0]."),
        r.Consequence(rule="non-finite-loss", subject="", text="non-finite-loss on loss"),
    )


def test_a_column_that_an_older_log_lacks_reads_as_nan() -> None:
    from tb_inputdiag.log.tables import TABLES, EncodedColumns, encode_table

    columns = {
        name: np.ones((2, 3) if len(shape) == 2 else 2, kind) for name, (kind, shape) in TABLES["layers"].items()
    }
    directory, payloads = encode_table("layers", columns)
    count_at = 1 + 4 * 2
    assert directory[count_at] == len(columns)
    older = directory[:count_at] + bytes([len(columns) - 1]) + directory[count_at + 1 :]
    found = EncodedColumns("layers", older, payloads, 2)
    assert np.isnan(found["moving_std_factor"]).all()
    assert (found["mean"] == 1).all()


def test_a_column_that_an_older_log_means_differently_is_upgraded(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tb_inputdiag.read(log_dir).run
    step_time_s, learning_rate = np.array(before.step_time_s), np.array(before.learning_rate)
    upgrade = {("samples", "step_time_s"): lambda older: older["step_time_s"] * older["batch_size"]}
    monkeypatch.setitem(migrate.COLUMN_UPGRADES, r.SCHEMA_VERSION, upgrade)
    monkeypatch.setattr(migrate, "SCHEMA_VERSION", r.SCHEMA_VERSION + 1)
    run = tb_inputdiag.read(log_dir).run
    assert np.array_equal(run.step_time_s, step_time_s * 32)
    assert np.array_equal(run.learning_rate, learning_rate)
    times = [sample.step_time_s for sample in run.session.records() if isinstance(sample, r.Sample)]
    assert np.array_equal([x for x in times if x in set(run.step_time_s)], run.step_time_s)
    assert run.problems == []


def test_a_picture_that_only_a_newer_version_knows_is_left_out() -> None:
    (alert, *_) = [x for x in synthetic.records(synthetic.Spec(samples=1)) if isinstance(x, r.Alert)]
    fields = to_document(alert, [])
    assert from_document("Alert", fields, [], 2) == alert
    fields["picture"] = {"kind": "hologram", "depth": 3}
    assert from_document("Alert", fields, [], 2) == dataclasses.replace(alert, picture=None)


def test_numbers_that_json_lacks_are_named_and_strings_of_these_names_stay_strings() -> None:
    end = r.EpochEnd(epoch=0, step=1, wall_time=math.inf, logs={"loss": math.nan})
    assert to_document(end, [])["logs"] == {"loss": "NaN"}
    assert to_document(end, [])["wall_time"] == "Infinity"
    named = r.SessionStart(session="s", wall_time=0.0, host="NaN", params={"x": ["NaN", -math.inf]})
    fields = json.loads(json.dumps(to_document(named, []), allow_nan=False))
    found = from_document("SessionStart", fields, [], 2)
    assert found == named
    older = {"session": "s", "wall_time": {"$float": "-inf"}, "host": "NaN"}
    assert from_document("SessionStart", older, [], 1) == r.SessionStart(session="s", wall_time=-math.inf, host="NaN")


def test_reading_imports_neither_tensorflow_nor_keras_nor_tensorboard(log_dir: Path) -> None:
    code = f"""
        import sys, tb_inputdiag
        run = tb_inputdiag.read({str(log_dir)!r}).run
        list(run.session.records()), run.alerts, len(run.inputs["image"].mean)
        loaded = {{name.partition(".")[0] for name in sys.modules}}
        print(sorted(loaded & {{"tensorflow", "keras", "tensorboard", "pandas"}}))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True, cwd=GOLDEN.parents[1]
    )
    assert done.stdout.strip() == "[]"


def test_remote_folders_are_read_through_fsspec(log_dir: Path) -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe("/bucket/logs/run/inputdiag/events.out.tfevents.1.inputdiag", event_file(log_dir).read_bytes())
    try:
        log = tb_inputdiag.read("memory://bucket/logs")
        assert list(log) == ["run"]
        assert len(log.run.loss) == 1000
        assert log.run.problems == []
    finally:
        fs.rm("/bucket", recursive=True)
    with pytest.raises(LogError, match="nonsense"):
        tb_inputdiag.read("nonsense://x")


def test_a_file_that_was_replaced_is_read_anew(log_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    log = tb_inputdiag.read(log_dir)
    assert len(log.run.loss) == 1000
    other = synthetic.write(tmp_path_factory.mktemp("other"), synthetic.Spec(samples=3, session="other"))
    os.replace(other, event_file(log_dir))
    assert log.refresh()
    assert [session.id for session in log.run.sessions if len(session.loss)] == ["other"]
