"""A baseline is silent on other samples of the same data, and speaks about data that changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_inputdiag import check_data
from tb_inputdiag.baseline import (
    baseline_text,
    differences_between,
    differences_sentence,
    profile_of,
    read_baseline,
)
from tb_inputdiag.cli import main
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.log.reader import read
from tb_inputdiag.records import Alert, Baseline, BaselineTensor
from tests.data.real import TABLES, mnist, table

Data = tuple[np.ndarray, np.ndarray]


def _baseline(x: Any, y: Any, folder: Path) -> Path:
    """Returns the file that the command line writes of a check of this data."""
    check_data(x, y, log_dir=folder, progress=False, rules=["baseline-skew"])
    assert main(["baseline", str(folder), "-o", str(folder / "inputs.json")]) == 0
    return folder / "inputs.json"


def _skews(x: Any, y: Any, baseline: Path | Baseline) -> list[Alert]:
    return check_data(x, y, baseline=baseline, progress=False, rules=["baseline-skew"]).alerts


def _data(name: str) -> Data:
    if name == "mnist":
        return mnist()
    if name == "flat mnist":
        return mnist()[0].reshape(5000, 784), mnist()[1]
    return table(name)


@pytest.mark.parametrize("name", [*TABLES, "mnist", "flat mnist"])
def test_random_halves_of_real_data_are_alike(name: str, tmp_path: Path) -> None:
    x, y = _data(name)
    rng = np.random.default_rng(0)
    for split in range(4 if "mnist" in name else 25):
        order = rng.permutation(len(x))
        first, second = order[: len(x) // 2], order[len(x) // 2 :]
        found = check_data(x[first], y[first], progress=False, rules=["baseline-skew"], log_dir=tmp_path / str(split))
        (session,) = [session for run in read(tmp_path / str(split)).runs for session in run.sessions]
        baseline = profile_of(session.records(), session.id)
        assert not found.alerts
        assert not _skews(x[second], y[second], baseline)
        small = second[: max(40, len(second) // 10)]
        assert not _skews(x[small], y[small], baseline)


def _swapped(x: np.ndarray, y: np.ndarray) -> Data:
    return x[:, [0, 3, 2, 1, *range(4, x.shape[1])]], y


def _scaled(x: np.ndarray, y: np.ndarray) -> Data:
    x = x.copy()
    x[:, 3] *= 1000
    return x, y


def _shifted(x: np.ndarray, y: np.ndarray) -> Data:
    x = x.copy()
    x[:, 3] += x[:, 3].std()
    return x, y


def _gaps(x: np.ndarray, y: np.ndarray) -> Data:
    x = x.copy()
    x[3, 3] = np.nan
    return x, y


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_swapped, "looks as if columns were swapped"),
        (_scaled, "in column 3"),
        (_shifted, "another mean in column 3"),
        (_gaps, "has gaps"),
        (lambda x, y: (x[:, :-1], y), "has the shape (None, 29), not (None, 30)"),
        (lambda x, y: (x.astype("float32"), y), "is float32, not float64"),
        (lambda x, y: (x, np.where(np.arange(len(y)) % 2, y, 2)), "1 new category ('2') in 50 %"),
        (lambda x, y: (x[y == 1], y[y == 1]), "and the baseline has"),
    ],
)
def test_data_that_changed_is_found(change: Callable[[Any, Any], Data], words: str, tmp_path: Path) -> None:
    x, y = table("load_breast_cancer")
    baseline = _baseline(x[::2], y[::2], tmp_path)
    alerts = _skews(*change(x[1::2], y[1::2]), baseline)
    assert any(words in alert.message for alert in alerts), alerts


def test_channels_in_another_order_are_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = (rng.random((400, 12, 12, 3)) * [100, 160, 255]).astype(np.uint8)
    baseline = _baseline(x[:200], None, tmp_path)
    assert not _skews(x[200:], None, baseline)
    (alert,) = _skews(x[200:, ..., ::-1], None, baseline)
    assert "swapped: 0 is like 2, 2 is like 0" in alert.message


def test_inputs_that_are_missing_or_new_are_found(tmp_path: Path) -> None:
    x, _ = table("load_wine")
    baseline = _baseline({"left": x[:, :5], "right": x[:, 5:]}, None, tmp_path)
    alerts = _skews({"left": x[:, :5], "middle": x[:, 5:], "more": x}, None, baseline)
    assert {(a.subject, a.message) for a in alerts} == {
        ("input:right", "'right' is missing."),
        ("input:middle", "'middle' is not in the baseline."),
        ("input:more", "'more' is not in the baseline."),
    }


def test_the_file_is_stable_and_comes_back_as_it_was(tmp_path: Path) -> None:
    x, y = table("load_wine")
    path = _baseline(x, y, tmp_path)
    text = path.read_text()
    baseline = read_baseline(path)
    assert baseline_text(baseline) == text
    assert list(json.loads(text)) == ["inputs", "schema", "source", "targets", "tolerances"]
    assert json.loads(text)["inputs"]["x"]["columns"]["3"]["place"] == 3
    assert max(map(len, text.split("\n"))) < 250


def test_tolerances_of_the_file_count(tmp_path: Path) -> None:
    x, y = table("load_breast_cancer")
    path = _baseline(x[::2], y[::2], tmp_path)
    document = json.loads(path.read_text())
    document["tolerances"] |= {"shift": 5.0, "beyond": 1.0, "reach": 1e9}
    path.write_text(json.dumps(document))
    assert not _skews(*_shifted(x[1::2], y[1::2]), path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a baseline"),
        ('{"schema": 99}', "has schema 99"),
        ('{"schema": 1, "tolerances": {"shfit": 1}}', "unknown field 'shfit'. Did you mean 'shift'"),
        ('{"schema": 1, "inputs": {"x": {"dtype": "float32"}}}', "is damaged"),
    ],
)
def test_a_damaged_file_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "inputs.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        read_baseline(path)


def test_check_compares_a_log_with_a_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = table("load_breast_cancer")
    path = _baseline(x[::2], y[::2], tmp_path / "good")
    for name, data in (("same", (x[1::2], y[1::2])), ("moved", _shifted(x[1::2], y[1::2]))):
        check_data(*data, log_dir=tmp_path / name, progress=False, rules=["baseline-skew"])
    assert main(["check", str(tmp_path / "same"), "--baseline", str(path)]) == 0
    assert main(["check", str(tmp_path / "moved"), "--baseline", str(path)]) == 1
    assert "baseline-skew [input:x]: 'x' has another mean in column 3" in " ".join(capsys.readouterr().out.split())


def _tensors(x: np.ndarray, y: np.ndarray, folder: Path) -> tuple[BaselineTensor, ...]:
    check_data(x, y, log_dir=folder, progress=False, rules=["baseline-skew"])
    (session,) = [session for run in read(folder).runs for session in run.sessions]
    return profile_of(session.records(), session.id).tensors


def _sentence(first: Sequence[BaselineTensor], second: Sequence[BaselineTensor]) -> str:
    return differences_sentence(first, second, differences_between(first, second))


def test_two_runs_differ_in_one_sentence(tmp_path: Path) -> None:
    x, y = mnist()
    pixels, scaled = _tensors(x, y, tmp_path / "a"), _tensors((x / 255).astype("float32"), y, tmp_path / "b")
    found = _sentence(pixels, scaled)
    assert found == "B's input 'x' is float32, not uint8; goes from 0 to 1, and A from 0 to 255."
    assert _sentence(scaled, scaled).startswith("The inputs and targets of A and B are alike")
    assert _sentence([], scaled).startswith("No batch of run A was sampled")
    flat = _tensors(x.reshape(5000, 784), y, tmp_path / "c")
    assert "has the shape (None, 784), not (None, 28, 28" in _sentence(pixels, flat)
    fewer = _tensors(x[y < 3], y[y < 3], tmp_path / "d")
    assert "target 'y'" in _sentence(pixels, fewer)
