"""From what the processes measured to what the documents say."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.history import Entry, append, begin_entry, newest, read_history
from benchmarks.overhead_pages import (
    backend_table,
    complete,
    complete_on,
    draw,
    growth_table,
    history_page,
    overhead_tables,
    readme_table,
)
from benchmarks.overhead_statistics import log_ratio, ratio

WORKLOADS = ("mlp", "cnn", "cnn-jit", "mobilenet", "text", "text-jit", "table")
COLUMNS = ("none", "ours", "every1", "tb", "tb-hist", "debugger", "tape")


def test_a_drift_within_a_round_cancels() -> None:
    # the machine becomes slower by 10 % from epoch to epoch; the column takes 1.5 times as long
    times = [1.0, 1.5 * 1.1, 1.5 * 1.1**2, 1.1**3]
    assert math.exp(log_ratio(times[1:3], [times[0], times[3]])) == pytest.approx(1.5)


def test_the_interval_comes_from_the_groups() -> None:
    means = np.log([1.01, 1.02, 1.03])
    found = ratio([[mean - 0.2, mean, mean + 0.2] for mean in means])
    # 4.303 is the quantile of Student's t with two degrees of freedom
    half = 4.3027 * means.std(ddof=1) / math.sqrt(3)
    assert found.mean == pytest.approx(math.exp(means.mean()))
    assert found.low == pytest.approx(math.exp(means.mean() - half), rel=1e-4)
    assert found.high == pytest.approx(math.exp(means.mean() + half), rel=1e-4)


def test_one_group_alone_has_no_interval() -> None:
    found = ratio([[0.0, 0.1]])
    assert found.mean == pytest.approx(math.exp(0.05))
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_a_tenth_of_the_rounds_may_be_disturbed() -> None:
    assert ratio([[0.01] * 18 + [5.0, -5.0]]).mean == pytest.approx(math.exp(0.01))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        centers = 0.02 + 0.01 * rng.normal(size=5)
        found = ratio([center + 0.03 * rng.normal(size=20) for center in centers])
        hits += found.low <= math.exp(0.02) <= found.high
    assert 0.92 <= hits / 400 <= 0.98


def entry(date: str = "2026-11-27T10:00:00", backend: str = "tensorflow", columns: tuple[str, ...] = COLUMNS) -> Entry:
    def row(column: str) -> dict[str, float | list[float]]:
        numbers: dict[str, float | list[float]] = {
            "groups": 5.0,
            "rounds": 40.0,
            "step_ms": 2.0,
            "first_s": 1.0,
            "peak_mb": 900.0,
            "peaks_mb": [890.0, 910.0],
            "own_share": 0.01,
            "bytes_a_sample": 1116.0,
            "bytes_once": 15132.0,
        }
        return numbers if column == "none" else {**numbers, "wall": [1.02, 1.01, 1.03], "cpu": [1.04, 1.03, 1.05]}

    return Entry(
        date=date,
        commit="0123456789abcdef",
        dirty=False,
        backend=backend,
        machine={"cpu": "AMD EPYC", "cores": 2, "memory_gb": 23.5, "load": 0.25},
        versions={"python": "3.11.7", "keras": "3.15.1", "numpy": "2.4.6", backend: "2.21.0"},
        workloads={name: {column: row(column) for column in columns} for name in WORKLOADS},
        growth={"100 layers": [5.44, 4.65]},
        other={"import_ms": 6.0, "import_is_light": 1.0, "resnet_weights": 214.0, "resnet_bytes": 6334.0},
    )


def test_an_entry_says_where_it_was_made() -> None:
    made = begin_entry("tensorflow")
    assert set(made.versions) >= {"python", "keras", "numpy", "tensorflow"}
    assert set(made.machine) == {"cpu", "cores", "memory_gb", "load"}
    assert float(made.machine["memory_gb"]) > 0


def test_a_history_keeps_entries_in_the_order_of_their_dates(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert read_history(path) == []
    late, early = entry("2026-11-28T00:00:00"), entry("2026-11-27T00:00:00", "jax")
    late.workloads["mlp"]["ours"]["wall"] = [1.0123456, math.nan, math.inf]
    append(late, path)
    append(early, path)
    found = read_history(path)
    assert [found[0], found[1].date] == [early, late.date]
    assert found[1].workloads["mlp"]["ours"]["wall"] == [1.0123, None, None]


def test_the_newest_complete_run_is_shown() -> None:
    runs = [entry("2026-11-26"), entry("2026-11-27"), entry("2026-11-28", columns=("none", "ours"))]
    assert complete(runs) is runs[1]
    assert complete(runs[2:]) is None
    assert newest(runs, "jax", ["mlp"], ["ours"]) is None
    assert newest(runs, "tensorflow", ["mlp"], ["ours"]) is runs[2]


def test_the_readme_has_intervals_and_what_fails() -> None:
    run = entry()
    run.workloads["cnn-jit"]["debugger"] = {}
    text = readme_table(run)
    assert "| **InputDiagnostics** | 1.02 (1.01-1.03) | 1.02" in text
    assert "| Debugger V2, CURT_HEALTH | 1.02 (1.01-1.03) | 1.02 (1.01-1.03) | fails |" in text
    assert "commit `0123456789`; 2 cores (AMD EPYC), load 0.2 before it" in text
    rows = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert len(set(rows)) == 1


def test_the_page_has_wall_and_cpu_time() -> None:
    text = overhead_tables(entry())
    assert "| **InputDiagnostics** | 1.02 (1.01-1.03)" in text
    assert "| **InputDiagnostics** | 1.04 (1.03-1.05)" in text
    assert "`import tb_inputdiag`: 6 ms, without TensorFlow and Keras." in text
    assert "| 100 layers | 5.44 | 4.65 |" in growth_table(entry())


def test_the_page_of_backends_has_the_newest_run_of_each() -> None:
    columns = ("none", "ours", "every1", "tb", "hooks")
    runs = [entry("2026-11-26", "torch", columns), entry("2026-11-27", "torch", columns), entry("2026-11-28", "jax")]
    run = complete_on(runs, "torch")
    assert run is runs[1]
    assert complete_on(runs, "jax") is runs[2]
    assert complete_on(runs[1:2], "jax") is None
    run.workloads["mlp"]["ours"] |= {"peak_mb": 918.0, "first_s": 1.5}
    text = backend_table(run)
    assert "| **InputDiagnostics** | 1.04 (1.03-1.05) | " in text
    assert "| a hook on each weight that keeps its gradient's norm | 1.04 (1.03-1.05) | " in text
    assert "| peak memory, ratio | 1.02 | 1.00 | " in text
    assert "| first step, ratio | 1.50 | 1.00 | " in text


def test_the_history_shows_each_backend_newest_first() -> None:
    text = history_page([entry("2026-11-26"), entry("2026-11-27"), entry("2026-11-27", "jax")])
    assert text.index("2026-11-27") < text.index("2026-11-26") < text.index("## JAX")
    assert "## PyTorch" not in text


def test_the_same_history_makes_the_same_picture(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        draw([entry("2026-11-26"), entry("2026-11-27")], tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
