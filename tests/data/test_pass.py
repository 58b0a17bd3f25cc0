"""One pass finds what plain NumPy finds on the whole arrays."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tb_inputdiag.datacheck.check import check_data
from tb_inputdiag.datacheck.describe import data_summary
from tb_inputdiag.datacheck.fingerprints import Fingerprints, fingerprints
from tb_inputdiag.datacheck.leakage import class_scores
from tb_inputdiag.datacheck.part_tally import PartTally, TensorKey
from tb_inputdiag.datacheck.row_sample import RowSample
from tb_inputdiag.datacheck.samples import described, part_layout, part_sample
from tb_inputdiag.datacheck.shards import tally_of
from tb_inputdiag.datacheck.sources import ArraySource
from tb_inputdiag.records import DataSummary
from tb_inputdiag.rules.examples import whole_data
from tb_inputdiag.statistics.reference import tensor_columns
from tests.data.real import digits, mnist, table

_RNG = np.random.default_rng(5)


def _with_gaps() -> NDArray[Any]:
    x = _RNG.normal(size=(700, 6)).astype(np.float32)
    x[3, 2], x[699, 0], x[10] = np.nan, -np.inf, np.inf
    return x


ARRAYS = {
    "digits": digits()[0],
    "pixels": mnist()[0][:300],
    "channels first": np.moveaxis(_RNG.random((40, 12, 12, 3), np.float32), -1, 1),
    "gaps": _with_gaps(),
    "far from 0": (_RNG.normal(size=(5000, 3)) + 1e6).astype(np.float32),
    "huge": (_RNG.normal(size=(500, 2)) * 1e30).astype(np.float32),
    "whole numbers beyond float32": _RNG.integers(-(2**40), 2**40, (400, 3)),
    "half": _RNG.normal(size=(3000, 2)).astype(np.float16),
    "a vector": _RNG.normal(size=4000),
    "flags": _RNG.random((600, 4)) < 0.1,
    "one-hot": np.eye(5)[_RNG.integers(0, 5, 400)],
    "a series": _RNG.normal(size=(60, 50, 2)),
    "sorted": np.sort(_RNG.normal(size=(200_000, 1)), 0),
    "only gaps": np.full((20, 2), np.nan),
}


def _tally(x: NDArray[Any], y: NDArray[Any] | None = None) -> PartTally:
    return tally_of(x, y)


@pytest.mark.parametrize("name", ARRAYS)
def test_the_sample_of_a_part_has_the_statistics_of_the_whole_array(name: str) -> None:
    x = ARRAYS[name]
    tally = _tally(x)
    tensors = described(tally, None, 0)
    layout = part_layout("train", 0, tensors)
    found = part_sample(layout, tensors, tally).tensors
    expected, wide = tensor_columns(x, layout.tensors[0]), x.astype(np.float64)
    for column, values in expected.items():
        if column in ("quantiles", "class_counts"):
            continue
        if column.startswith("seam_") or column == "wrap_counts":
            continue  # of other examples than of a batch: see `statistics.tensors.axis_order` and `wrap_around`
        mine, theirs = np.asarray(getattr(found, column), np.float64).ravel(), np.asarray(values, np.float64).ravel()
        if column.startswith("row_sum") and not np.isfinite(wide).all():
            continue  # backends order NaN differently, see `statistics.tensors.rows`
        with np.errstate(all="ignore"):
            spread = float(np.nan_to_num(np.nanstd(np.where(np.isfinite(wide), wide, np.nan))))
        np.testing.assert_allclose(mine, theirs, rtol=3e-6, atol=1e-6 * spread, err_msg=column)


@pytest.mark.parametrize("name", [name for name in ARRAYS if name != "channels first"])
def test_columns_are_those_of_plain_numpy(name: str) -> None:
    x = ARRAYS[name]
    tally = _tally(x)
    found = data_summary("train", tally, {}, 0.0)
    expected = whole_data.data_summary("train", {("input", "x"): x}, {}, {})
    assert (found.examples, found.n_copies) == (expected.examples, expected.n_copies)
    (mine,), (theirs,) = found.tensors, expected.tensors
    exact = ("columns", "shape", "dtype", "whole", "n_bad_examples", "n_columns", "shapes")
    for field in exact:
        assert getattr(mine, field) == getattr(theirs, field), field
    for field in ("count", "nan_count", "inf_count", "bad_examples", "min", "max"):
        np.testing.assert_array_equal(getattr(mine, field), getattr(theirs, field), field)
    for field in ("mean", "std"):
        scale = np.nanmax(np.abs(theirs.std), initial=1e-12)
        np.testing.assert_allclose(getattr(mine, field), getattr(theirs, field), rtol=3e-6, atol=2e-6 * scale)
    if mine.quantile_error == 0:
        np.testing.assert_allclose(mine.quantiles, theirs.quantiles, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(mine.tail, theirs.tail, rtol=1e-6)
        for field in ("low_count", "high_count"):
            np.testing.assert_array_equal(getattr(mine, field), getattr(theirs, field), field)


def test_extremes_are_in_the_named_examples() -> None:
    x = table("load_breast_cancer")[0]
    found = check_data(x, progress=False).train.tensors[0]
    assert (x[found.min_example, np.arange(30)] == found.min).all()
    assert (x[found.max_example, np.arange(30)] == found.max).all()


def test_quantiles_of_a_sample_are_within_their_error() -> None:
    x = np.random.default_rng(1).lognormal(size=(300_000, 2))
    found = check_data(x, progress=False).train.tensors[0]
    assert 0.005 < found.quantile_error < 0.02
    for column in range(2):
        reached = np.searchsorted(np.sort(x[:, column]), found.quantiles[column]) / len(x)
        assert np.abs(reached - np.linspace(0, 1, 33)).max() < found.quantile_error


def test_the_score_of_a_column_is_that_of_its_nearest_neighbours() -> None:
    x, y = table("load_wine")
    found = check_data(x, y, progress=False).train.tensor("input:x")
    expected = whole_data.data_summary("train", {("input", "x"): x, ("target", "y"): y}, {}, {}).tensor("input:x")
    assert found is not None
    assert expected is not None
    assert (found.target_score < 0.95).all()
    np.testing.assert_allclose(found.target_score, expected.target_score, atol=0.02)  # ties are broken by rank


@pytest.mark.parametrize("cuts", [(1000,), (1, 2, 4999), (1250, 2500, 3750)])
def test_merged_shards_equal_one_pass(cuts: tuple[int, ...]) -> None:
    x, y = mnist()
    x = x.copy()
    x[[70, 4000]] = x[[3, 3]]
    whole = data_summary("train", _tally(x, y), {}, 0.0)
    ends = [*cuts, len(x)]
    total = tally_of(x[: ends[0]], y[: ends[0]])
    for start, stop in itertools.pairwise(ends):
        total.merge(tally_of(x[start:stop], y[start:stop], first_example=start))
    _assert_equal(data_summary("train", total, {}, 0.0), whole)


def _assert_equal(found: DataSummary, expected: DataSummary) -> None:
    assert (found.examples, found.n_bytes, found.n_copies) == (
        expected.examples,
        expected.n_bytes,
        expected.n_copies,
    )
    np.testing.assert_array_equal(found.copies, expected.copies)
    np.testing.assert_array_equal(found.originals, expected.originals)
    for mine, theirs in zip(found.tensors, expected.tensors, strict=True):
        assert (mine.categories, mine.shapes, mine.sampled) == (theirs.categories, theirs.shapes, theirs.sampled)
        for field in ("count", "min", "max", "quantiles", "min_example", "max_example", "low_count", "bad_examples"):
            np.testing.assert_array_equal(getattr(mine, field), getattr(theirs, field), field)
        np.testing.assert_allclose(mine.mean, theirs.mean, rtol=1e-6)
        np.testing.assert_allclose(mine.std, theirs.std, rtol=1e-6)


def test_fingerprints_differ_wherever_examples_do() -> None:
    x = np.zeros((200, 33), np.float32)
    x[np.arange(33), np.arange(33)] = 1.0
    x[33:66] = -x[:33]
    x[66:99] = x[:33] * 2.0**-120
    ids = fingerprints([x[:99]])
    assert len(np.unique(ids)) == 99
    assert len(np.unique(fingerprints([x[99:]]))) == 1
    assert (fingerprints([x[:, :20], x[:, 20:]]) != fingerprints([x])).all()


def test_thinned_fingerprints_estimate_the_number_of_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_inputdiag.datacheck.fingerprints.MAX_KEPT", 4096)
    numbers = np.arange(40_000, dtype=np.uint64)
    numbers[20_000:] = numbers[:20_000]
    found = Fingerprints()
    for start in range(0, len(numbers), 1000):
        some = numbers[start : start + 1000]
        found.add(fingerprints([some]), some, start)
    assert found.share < 0.2
    copies = found.copies()
    assert (copies.examples - copies.originals == 20_000).all()
    assert len(copies.examples) / found.share == pytest.approx(20_000, rel=0.1)


def test_a_row_sample_does_not_depend_on_batches() -> None:
    key = TensorKey("input", "x")
    values = np.arange(60_000, dtype=np.float64)[:, None]
    samples = []
    for size in (60_000, 977):
        sample: RowSample[TensorKey] = RowSample()
        for start in range(0, len(values), size):
            sample.add({key: values[start : start + size]}, start)
        samples.append(sample.rows()[key])
    np.testing.assert_array_equal(*samples)
    assert len(samples[0]) == 16_384


@pytest.mark.parametrize("examples", [16_000, 17_000, 60_000])
def test_a_row_sample_is_the_same_if_the_number_of_examples_is_known(examples: int) -> None:
    values = np.arange(examples, dtype=np.float64)[:, None]
    found = []
    for expected in (0, examples):
        sample: RowSample[str] = RowSample(expected)
        for start in range(0, examples, 5000):
            sample.add({"x": values[start : start + 5000]}, start)
        found.append(sample.rows()["x"])
    np.testing.assert_array_equal(*found)
    assert len(found[0]) == min(examples, 16_384)


def test_copies_are_found_among_many_examples() -> None:
    numbers = np.random.default_rng(3).integers(0, 2**64 - 1, 200_000, np.uint64, endpoint=True)
    numbers[[150_000, 199_999]] = numbers[7]
    numbers[0] = numbers[1]
    found = Fingerprints()
    found.add(numbers[:90_000], numbers[:90_000], 0)
    found.add(numbers[90_000:], numbers[90_000:] + np.uint64(1), 90_000)
    copies = found.copies()
    np.testing.assert_array_equal(copies.examples, [1, 150_000, 199_999])
    np.testing.assert_array_equal(copies.originals, [0, 7, 7])
    assert copies.relabelled == 2


@pytest.mark.parametrize("repeated", [False, True])
def test_the_score_of_a_column_counts_nearest_neighbours_of_the_same_class(repeated: bool) -> None:
    column, target = _RNG.normal(size=200), _RNG.integers(0, 2, 200)
    if repeated:  # far from all others, so that these keep their neighbours
        column, target = np.append(column, [50.0, 50.0]), np.append(target, [0, 1])
    distance = np.abs(column[:, None] - column)
    np.fill_diagonal(distance, np.inf)
    right = target[distance.argmin(1)] == target
    expected = np.mean([right[target == label].mean() for label in (0, 1)])
    assert class_scores(column[:, None], target)[0] == pytest.approx(expected)


def test_a_wide_memory_map_is_read_in_batches(tmp_path: Any) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.zeros((3000, 2000), np.float32))
    source = ArraySource(np.load(path, mmap_mode="r"))
    sizes = [sum(values.nbytes for values in batch.values()) for batch in source]
    assert len(sizes) > 5
    assert max(sizes) <= 4 << 20


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float16", "float32", "float64", "int64"])
@pytest.mark.parametrize("repeats", [1, 5, 150])
def test_different_rows_of_small_whole_numbers_have_different_fingerprints(dtype: str, repeats: int) -> None:
    rows = np.stack(np.meshgrid(*[np.arange(8)] * 5), -1).reshape(-1, 5)
    rows = np.repeat(rows.astype(dtype), repeats, 1)
    assert len(np.unique(fingerprints([rows]))) == len(rows) == 8**5


def test_a_fingerprint_depends_on_the_row_alone() -> None:
    x = _RNG.normal(size=(9000, 31)).astype(np.float32)
    order = _RNG.permutation(len(x))
    found = fingerprints([x])
    np.testing.assert_array_equal(fingerprints([x[order]]), found[order])
    np.testing.assert_array_equal(fingerprints([x[17:18]]), found[17:18])
    np.testing.assert_array_equal(fingerprints([np.asfortranarray(x)]), found)


def test_sampled_text_is_cut_off() -> None:
    sample: RowSample[str] = RowSample()
    sample.add({"x": np.asarray(["a" * 100_000, None, 1.5], object)}, 0)
    assert sorted(map(repr, sample.rows()["x"]), key=len) == ["1.5", "None", repr("a" * 200)]


def test_extremes_are_found_in_any_stretch_of_a_batch() -> None:
    x = _RNG.normal(size=(300_000, 3)).astype(np.float32)
    x[[250_000, 250_007], 1] = 99.0
    x[[5, 299_999], 2] = -99.0
    tensor = check_data(x, progress=False).train.tensors[0]
    np.testing.assert_array_equal(tensor.max_example, x.argmax(0))
    np.testing.assert_array_equal(tensor.min_example, x.argmin(0))
