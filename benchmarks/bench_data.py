"""What `check_data` takes beside a bare NumPy pass for min, max, mean and std over the same bytes.

``python -m benchmarks.bench_data``: pairs of both, one after the other in turn, and the median of their ratios with the
interquartile range. Statistics alone, and with the fingerprints of all examples and the description of the result.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag import check_data
from tb_inputdiag.datacheck.sources import ArraySource
from tb_inputdiag.datacheck.tensor_tally import TensorTally

Array = NDArray[Any]


def data_sets() -> dict[str, Array]:
    """Returns arrays of the size and kind of usual data sets."""
    rng = np.random.default_rng(0)
    digits = (rng.random((60_000, 28, 28)) * 256).astype(np.uint8)
    return {
        "60,000 images 28x28, uint8": digits,
        "20,000 images 28x28x1, float32": rng.random((20_000, 28, 28, 1), np.float32),
        "5,000 images 64x64x3, uint8": (rng.random((5000, 64, 64, 3)) * 256).astype(np.uint8),
        "500,000 rows of 30, float64": rng.normal(size=(500_000, 30)),
        "500,000 rows of 30, float32": rng.normal(size=(500_000, 30)).astype(np.float32),
    }


def bare(x: Array) -> None:
    """Computes what NumPy is asked for."""
    x.min(), x.max(), x.mean(), x.std()


def statistics(x: Array) -> None:
    """Computes the statistics of every column, as `check_data` does."""
    tally, start = TensorTally("x", "input", x), 0
    for batch in ArraySource(x):
        for values in batch.values():
            tally.add(values, start)
            start += len(values)


def seconds(work: Callable[[Array], object], x: Array) -> float:
    """Returns how long it takes."""
    begin = time.perf_counter()
    work(x)
    return time.perf_counter() - begin


def main() -> None:
    """Prints a line for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=15)
    pairs = parser.parse_args().pairs
    print(f"{'data':<34} {'bare':>8} {'statistics':>12} {'ratio (IQR)':>20} {'whole check':>12}")
    for name, x in data_sets().items():
        bare(x), statistics(x)
        measured = np.asarray([(seconds(bare, x), seconds(statistics, x)) for _ in range(pairs)])
        low, middle, high = np.quantile(measured[:, 1] / measured[:, 0], (0.25, 0.5, 0.75))
        y = np.arange(len(x)) % 10
        whole = min(seconds(lambda x: check_data(x, y, progress=False), x) for _ in range(3))  # noqa: B023  # runs now
        plain, ours = np.median(measured, 0)
        print(f"{name:<34} {plain:6.3f} s {ours:10.3f} s {middle:8.2f} ({low:.2f}-{high:.2f}) {whole:10.2f} s")


if __name__ == "__main__":
    main()
