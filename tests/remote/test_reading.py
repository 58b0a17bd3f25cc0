"""What is fetched to read a log at a URL, and what happens if the store lies or fails."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

import tb_inputdiag
from tb_inputdiag.cli import main
from tb_inputdiag.errors import LogError, LogNotFoundError, RemoteError
from tb_inputdiag.log.make_outline import outline_beside
from tb_inputdiag.log.outline import read_outline
from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.records import Record
from tb_inputdiag.remote.filesystems import RemoteFolder
from tests.log import synthetic
from tests.log.strategies import same
from tests.remote.http_store import StoreServer

SPEC = synthetic.Spec(samples=150, weights=20)


def write_local(folder: Path, spec: synthetic.Spec = SPEC, file_bytes: int | None = 100_000) -> list[Record]:
    records = list(synthetic.records(spec))
    writer = LogWriter(folder, session=spec.session, file_bytes=file_bytes)
    for number, record in enumerate(records):
        writer.write(record)
        if number % 20 == 0:
            writer.flush()
    writer.close()
    return records


@pytest.fixture
def runs(store: StoreServer, tmp_path: Path) -> int:
    """Puts eight runs into the store; returns the size of their event files."""
    write_local(tmp_path / "logs")
    for number in range(8):
        assert main(["sync", str(tmp_path / "logs"), f"{store.url}/run-{number}"]) == 0
    store.sent_bytes = 0
    store.requests.update(GET=0, LIST=0)
    return sum(len(data) for name, data in store.objects.items() if "tfevents" in name)


def outlines(store: StoreServer) -> list[str]:
    return [name for name in store.objects if name.endswith("-outline")]


def test_a_session_goes_on_in_other_files(tmp_path: Path) -> None:
    records = write_local(tmp_path / "logs")
    run = tb_inputdiag.read(tmp_path / "logs").run
    assert len(list((tmp_path / "logs").rglob("*.inputdiag"))) > 2
    assert run.problems == []
    (session,) = run.sessions
    assert all(map(same, records, session.records()))


def test_a_session_whose_middle_file_is_lost_says_so(tmp_path: Path) -> None:
    write_local(tmp_path / "logs")
    sorted((tmp_path / "logs").rglob("*.inputdiag"))[1].unlink()
    (session,) = tb_inputdiag.read(tmp_path / "logs").run.sessions
    assert not session.completeness.complete
    assert "lost" in " ".join(session.problems)


def test_files_that_appear_later_and_out_of_order_are_read_in_order(tmp_path: Path) -> None:
    records = write_local(tmp_path / "logs")
    files = sorted((tmp_path / "logs").rglob("*.inputdiag"))
    hidden = files[1].rename(tmp_path / "hidden")
    log = tb_inputdiag.read(tmp_path / "logs")
    assert log.run.problems != []
    hidden.rename(files[1])
    assert log.refresh()
    assert log.run.problems == []
    assert all(map(same, records, log.run.session.records()))


def test_a_summary_of_many_runs_fetches_outlines(
    runs: int, store: StoreServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["summary", store.url]) == 0
    assert capsys.readouterr().out.count("run-") == 8
    assert store.requests == {"GET": len(outlines(store)), "PUT": store.requests["PUT"], "LIST": 1}
    assert store.sent_bytes < 0.25 * runs


def test_a_summary_of_one_run_fetches_outlines(
    runs: int, store: StoreServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(where: str) -> list[str]:
        capsys.readouterr()
        assert main(["summary", where]) == 0
        lines = capsys.readouterr().out.splitlines()[1:]  # the first one has the name
        return [line[: line.rindex("  ")] if line.startswith("loss ") else line for line in lines]

    assert said(f"{store.url}/run-3") == said(str(tmp_path / "logs"))
    assert store.requests["GET"] == len(outlines(store)) // 8
    assert store.sent_bytes < 0.25 * runs / 8


def test_a_summary_says_the_same_without_outlines(
    runs: int, store: StoreServer, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["summary", store.url, "--format", "json"])
    with_outlines = json.loads(capsys.readouterr().out)
    for name in outlines(store):
        del store.objects[name]
    main(["summary", store.url, "--format", "json"])
    assert json.loads(capsys.readouterr().out) == with_outlines


def test_every_record_is_read_through_outlines(runs: int, store: StoreServer, tmp_path: Path) -> None:
    remote = tb_inputdiag.read(f"{store.url}/run-3").run.session
    local = tb_inputdiag.read(tmp_path / "logs").run.session
    assert str(remote.completeness) == str(local.completeness)
    assert all(map(same, local.records(), remote.records()))
    assert store.requests["GET"] <= 2 * len(outlines(store)) // 8  # an outline and a file, for each file


def test_a_report_of_a_url(runs: int, store: StoreServer, tmp_path: Path) -> None:
    assert main(["report", f"{store.url}/run-0", "-o", str(tmp_path / "page.html")]) == 0
    assert "Input diagnostics of run-0" in (tmp_path / "page.html").read_text()


def lie(store: StoreServer, kind: str) -> None:
    """Damages all outlines."""
    for name in outlines(store):
        data = store.objects[name]
        end = 12 + int.from_bytes(data[8:12], "little")
        content = json.loads(zlib.decompress(data[12:end]))
        if kind == "size":
            content["size"] += 1
        elif kind == "outside":
            content["payloads"][0][-2] = 1 << 40
        elif kind == "negative":
            content["payloads"][0][-1] = -5
        elif kind == "text":
            content["payloads"][0][2] = "x"
        elif kind == "name":
            content["payloads"][0][0] = "\x1b[2J"
        elif kind == "huge":
            content["payloads"][0][-3] = 10**30
        elif kind == "format":
            content["format"] = 99
        packed = zlib.compress(json.dumps(content).encode())
        store.objects[name] = {
            "cut": data[: len(data) // 2],
            "empty": b"",
            "noise": bytes(reversed(data)),
        }.get(kind, data[:8] + len(packed).to_bytes(4, "little") + packed + data[end:])


@pytest.mark.parametrize(
    "kind", ["size", "outside", "negative", "text", "format", "empty", "noise", "cut", "name", "huge"]
)
def test_an_outline_that_does_not_fit_is_not_used(runs: int, store: StoreServer, tmp_path: Path, kind: str) -> None:
    lie(store, kind)
    run = tb_inputdiag.read(f"{store.url}/run-0").run
    assert run.problems == []
    local = tb_inputdiag.read(tmp_path / "logs").run.session
    assert all(map(same, local.records(), run.session.records()))


def test_an_outline_that_unfolds_to_gigabytes_is_left() -> None:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(300)) + packer.flush()
    assert read_outline(b"TBIDOUT1" + len(packed).to_bytes(4, "little") + packed) is None


def test_damaged_files_get_no_outline(tmp_path: Path) -> None:
    path = synthetic.write(tmp_path, synthetic.Spec(samples=5, weights=2))
    assert outline_beside(path) is not None
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    assert outline_beside(path) is None
    assert outline_beside(tmp_path / "events.out.tfevents.1.keras") is None


def test_a_live_run_is_fetched_where_it_grew(store: StoreServer, tmp_path: Path) -> None:
    path = synthetic.write(tmp_path, synthetic.Spec(samples=100, weights=4))
    data = path.read_bytes()
    name = f"/bucket/inputdiag/{path.name}"
    store.objects[name] = data[: len(data) // 2]
    log = tb_inputdiag.read(store.url)
    before = len(log.run.loss)
    store.sent_bytes = 0
    store.objects[name] = data
    assert log.refresh()
    assert store.sent_bytes <= len(data) - len(data) // 2
    assert len(log.run.loss) > before
    assert log.run.problems == []
    assert not log.refresh()
    store.objects[name] = data[:5000]  # another run takes its place
    assert log.refresh()
    assert len(log.run.loss) < before


def test_a_file_that_cannot_be_fetched_leaves_the_others(
    runs: int, store: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = RemoteFolder.read

    def refuse(self: RemoteFolder, path: str, start: int = 0, end: int | None = None) -> bytes:
        if path.startswith("run-3/"):
            raise RemoteError("403 Forbidden")
        return read(self, path, start, end)

    monkeypatch.setattr(RemoteFolder, "read", refuse)
    log = tb_inputdiag.read(store.url)
    assert "403 Forbidden" in " ".join(log["run-3"].unreadable_files)
    assert log["run-4"].session.status == "finished"
    assert main(["check", store.url, "--fail-on", "ERROR"]) in (1, 2)
    monkeypatch.undo()
    assert log.refresh()
    assert log["run-3"].unreadable_files == []


def test_one_file_can_be_named(runs: int, store: StoreServer) -> None:
    name = next(name for name in store.objects if "tfevents" in name)
    log = tb_inputdiag.read(f"{store.url}/{name.removeprefix('/bucket/')}")
    assert list(log) == ["."]
    assert log.run.session.start is not None


def test_errors_name_the_place_and_what_to_do(store: StoreServer, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LogNotFoundError, match=r"There is nothing at 'teststore://.*/bucket/x'"):
        tb_inputdiag.read(f"{store.url}/x")
    with pytest.raises(LogError, match="is not known to fsspec"):
        tb_inputdiag.read("nonsense://x")
    store.failing = 1.0
    with pytest.raises(RemoteError, match="teststore://"):
        tb_inputdiag.read(store.url)
    assert main(["summary", store.url]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "secret-token" not in said
