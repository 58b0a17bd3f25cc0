"""`tb-inputdiag data` on files of every kind."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tb_inputdiag import check_data
from tb_inputdiag.cli import main
from tb_inputdiag.datacheck.check import check_sources
from tb_inputdiag.datacheck.files import open_files
from tb_inputdiag.log.framing import frame
from tb_inputdiag.records import DataSummary
from tests.data.real import mnist, table


def _read(*paths: Path, target: str | None = None, parser: str | None = None) -> dict[str, DataSummary]:
    sources = open_files([str(path) for path in paths], target, parser)
    return dict(check_sources(sources, progress=False).parts)  # type: ignore[arg-type]  # parts are strings


def _same(found: DataSummary, x: Any, y: Any = None) -> None:
    expected = check_data(x, y, progress=False).train
    assert found.examples == expected.examples
    for mine, theirs in zip(found.tensors, expected.tensors, strict=True):
        assert (mine.columns, mine.categories) == (theirs.columns, theirs.categories)
        np.testing.assert_allclose(mine.quantiles, theirs.quantiles, rtol=1e-6)
        np.testing.assert_allclose(mine.mean, theirs.mean, rtol=1e-6)


def test_numpy_files(tmp_path: Path) -> None:
    x, y = mnist()
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "all.npz", x_train=x[:3000], y_train=y[:3000], x_test=x[3000:], y_test=y[3000:])
        parts = _read(tmp_path / "all.npz")
        _same(parts["train"], x[:3000], y[:3000])
        _same(parts["test"], x[3000:], y[3000:])
    np.savez(tmp_path / "one.npz", images=np.asfortranarray(x[:50]), labels=y[:50])
    _same(_read(tmp_path / "one.npz")["train"], x[:50], y[:50])
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    _same(_read(tmp_path / "x.npy", target=str(tmp_path / "y.npy"))["train"], x, y)


def test_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = table("load_wine")
    data = pd.DataFrame(x, columns=[f"c{i}" for i in range(13)])
    data.assign(y=y).to_csv(tmp_path / "wine.csv", index=False)
    data.assign(y=y).to_parquet(tmp_path / "wine.parquet")
    _same(_read(tmp_path / "wine.csv", target="y")["train"], data, y)
    _same(_read(tmp_path / "wine.parquet", target="y")["train"], data, y)
    monkeypatch.setattr("tb_inputdiag.datacheck.files._WHOLE_BYTES", 0)
    monkeypatch.setattr("tb_inputdiag.datacheck.files._CHUNK_ROWS", 50)
    _same(_read(tmp_path / "wine.csv", target="y")["train"], data, y)


def test_a_folder_of_images(tmp_path: Path) -> None:
    x, y = mnist()
    for i in range(40):
        folder = tmp_path / str(y[i])
        folder.mkdir(exist_ok=True)
        image = Image.fromarray(x[i, ..., 0])
        (image.resize((20, 30)) if i == 7 else image).save(folder / f"{i:02}.png")
    (tmp_path / "0" / "broken.png").write_bytes(b"no image")
    with pytest.warns(UserWarning, match=r"broken\.png"):
        found = _read(tmp_path)["train"]
    assert found.examples == 40
    assert sum(found.tensors[1].categories.values()) == 40
    assert [item.shape for item in found.tensors[0].shapes] == [(28, 28, 1), (30, 20, 1)]


def test_the_files_of_copies_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, _ = mnist()
    for name, pixels in (("0/a.png", x[0]), ("0/b.png", x[1]), ("1/c.png", x[0])):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels[..., 0]).save(tmp_path / name)
    main(["data", str(tmp_path)])
    shown = capsys.readouterr().out
    assert f"train example 0: {tmp_path / '0' / 'a.png'}" in shown
    assert f"train example 2: {tmp_path / '1' / 'c.png'}" in shown
    assert "b.png" not in shown


def test_how_many_examples_a_file_has_is_estimated_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_inputdiag.datacheck.files._WHOLE_BYTES", 0)
    monkeypatch.setattr("tb_inputdiag.datacheck.files._CHUNK_ROWS", 10_000)
    frame = pd.DataFrame(np.random.default_rng(0).random((100_000, 4)).round(6), columns=list("abcd"))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet")
    for name, error in (("rows.csv", 0.35), ("rows.parquet", 0.0)):
        # the reader of csv files is a buffer ahead
        source = open_files([str(tmp_path / name)], None, None)["train"]
        totals = [source.total for _ in source]
        assert len(totals) >= 10
        assert totals == pytest.approx([100_000] * len(totals), rel=error)
        assert totals[-1] == 100_000


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_how_many_records_a_file_has_is_estimated_while_it_is_read(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    rng = np.random.default_rng(0)
    records = [frame(struct.pack("<i", i) + rng.integers(0, 256, 784, np.uint8).tobytes()) for i in range(3000)]
    paths = [tmp_path / f"{n}.tfrecord" for n in range(2)]
    for path, part in zip(paths, (records[:2000], records[2000:]), strict=True):
        path.write_bytes(pack(b"".join(part)))
    source = open_files([str(path) for path in paths], None, "tests.data.test_files:parse")["train"]
    assert not source.counts_batches
    totals = [source.total for _ in source]
    assert totals[5:] == pytest.approx([3000] * len(totals[5:]), rel=0.1)
    assert totals[-1] == 3000


@pytest.mark.parametrize(("separator", "end"), [(";", "\n"), ("\t", "\r\n"), ("|", "\n"), (",", "\r\n")])
def test_tables_with_other_separators_and_line_ends(separator: str, end: str, tmp_path: Path) -> None:
    rows = [("a", '"b,c"', "y"), *((str(i), str(i * i), str(i % 2)) for i in range(20))]
    (tmp_path / "rows.csv").write_bytes(end.join(separator.join(row) for row in rows).encode())
    found = _read(tmp_path / "rows.csv", target="y")["train"]
    assert [tensor.columns for tensor in found.tensors if tensor.role == "input"] == [("a", "b,c")]


def parse(record: bytes) -> tuple[np.ndarray, int]:
    """Reads a record of the test below."""
    return np.frombuffer(record[4:], np.uint8).reshape(28, 28, 1), struct.unpack("<i", record[:4])[0]


def test_tfrecords(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = mnist()
    content = b"".join(frame(struct.pack("<i", y[i]) + x[i].tobytes()) for i in range(200))
    (tmp_path / "a.tfrecord").write_bytes(content)
    (tmp_path / "b.tfrecord").write_bytes(gzip.compress(content))
    for name in ("a", "b"):
        found = _read(tmp_path / f"{name}.tfrecord", parser="tests.data.test_files:parse")["train"]
        _same(found, x[:200], y[:200].astype(np.int32))
    (tmp_path / "cut.tfrecord").write_bytes(content[:-3])
    assert main(["data", str(tmp_path / "cut.tfrecord"), "--parser", "tests.data.test_files:parse"]) == 2
    assert "Record 199" in capsys.readouterr().err


def test_exit_codes_and_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = table("load_wine")
    good = pd.DataFrame((x - x.mean(0)) / x.std(0)).add_prefix("c").assign(y=y)
    good.to_csv(tmp_path / "good.csv", index=False)
    bad = good.copy()
    bad.loc[3, "c4"] = np.nan
    bad.to_csv(tmp_path / "bad.csv", index=False)
    arguments = ["--target", "y", "--log-dir", str(tmp_path / "logs")]
    assert main(["data", str(tmp_path / "good.csv"), *arguments]) == 0
    assert "No alerts." in capsys.readouterr().out
    assert main(["data", str(tmp_path / "bad.csv"), *arguments]) == 1
    assert "Column" not in capsys.readouterr().err
    assert main(["data", str(tmp_path / "bad.csv"), "--target", "y", "--off", "non-finite-input"]) == 0
    capsys.readouterr()
    assert main(["data", str(tmp_path / "bad.csv"), "--target", "y", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["alerts"][0]["rule"] == "non-finite-input"
    assert document["parts"]["train"]["tensors"][0]["bad_examples"] == [3]
    assert main(["data", str(tmp_path / "bad.csv"), "--target", "y", "--format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::error title=non-finite-input")
    for command in (["summary"], ["alerts", "--short"], ["check", "--fail-on", "ERROR"], ["inputs"]):
        assert main([command[0], str(tmp_path / "logs"), *command[1:]]) in (0, 1)
    out = capsys.readouterr().out
    assert "step 0" not in out
    assert main(["report", str(tmp_path / "logs"), "-o", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text()
    assert '<td class="text">c4</td>' in page
    assert "ERROR non-finite-input" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.csv"], "no file or folder"),
        (["{}/a.xyz"], "The kind of"),
        (["{}/a.csv", "--target", "pirce"], "Did you mean 'price'"),
        (["{}/a.csv", "{}/b.npz"], "of one kind"),
        (["{}/b.npz"], "cannot be read"),
        (["{}/c.tfrecord"], "--parser module:function"),
        (["{}/c.tfrecord", "--parser", "no.such:thing"], "cannot be imported"),
        (["{}/empty"], "There is no image"),
        (["{}/no_rows.csv"], "The training data is empty"),
        (["{}/nothing.csv"], "nothing.csv' is empty."),
        (["{}/latin.csv"], "is not text in UTF-8"),
    ],
)
def test_wrong_arguments_are_explained(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("price,size\n1,2\n")
    (tmp_path / "b.npz").write_text("no zip")
    (tmp_path / "a.xyz").write_text("")
    (tmp_path / "c.tfrecord").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    (tmp_path / "no_rows.csv").write_text("price,size\n")
    (tmp_path / "nothing.csv").touch()
    (tmp_path / "latin.csv").write_bytes("stadt,y\nKöln,1\n".encode("latin-1"))
    assert main(["data", *(argument.format(tmp_path) for argument in arguments)]) == 2
    assert words in capsys.readouterr().err
