"""What `check_data` takes beside a bare NumPy pass for min, max, mean and std over the same bytes, and how much memory.

``python -m benchmarks.bench_data``. Speed: the bare pass, the statistics of every column, the whole pass (with the
fingerprints of all examples and the random sample) and the whole check (with the rules) one after the other, again and
again; the median of their ratios to the bare pass with the interquartile range, in wall time and in CPU time. Only CPU
time means much on a machine with other work. ``--core 0`` keeps to one core.

Memory, ``--memory``: each case in a process of its own. The peak while it is checked, less the peak while the same data
is read without a check.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag import check_data
from tb_inputdiag.datacheck.part_tally import PartTally
from tb_inputdiag.datacheck.sources import ArraySource
from tb_inputdiag.datacheck.tensor_tally import TensorTally

Array = NDArray[Any]

ROWS = 2_000_000
IMAGES = 60_000
BATCH = 256


def data_sets() -> dict[str, Array]:
    """Returns arrays of the size and kind of usual data sets."""
    rng = np.random.default_rng(0)
    digits = (rng.random((IMAGES, 28, 28)) * 256).astype(np.uint8)
    return {
        "60,000 images 28x28, uint8": digits,
        "20,000 images 28x28x1, float32": rng.random((20_000, 28, 28, 1), np.float32),
        "5,000 images 64x64x3, uint8": (rng.random((5000, 64, 64, 3)) * 256).astype(np.uint8),
        "500,000 rows of 30, float64": rng.normal(size=(500_000, 30)),
        "500,000 rows of 30, float32": rng.normal(size=(500_000, 30)).astype(np.float32),
        "4,000,000 rows of 30, float32": rng.random((4_000_000, 30), np.float32),
    }


# -- speed


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


def whole_pass(x: Array) -> None:
    """Keeps all that `check_data` keeps."""
    tally, source = PartTally(), ArraySource(x, np.arange(len(x)) % 10)
    for batch in source:
        tally.add(batch, source.columns)


def whole_check(x: Array) -> None:
    """Checks the data."""
    check_data(x, np.arange(len(x)) % 10, progress=False)


WORK: tuple[Callable[[Array], None], ...] = (bare, statistics, whole_pass, whole_check)


def seconds(work: Callable[[Array], object], x: Array) -> tuple[float, float]:
    """Returns how long it takes, by the clock and of all cores."""
    begin, cpu = time.perf_counter(), time.process_time()
    work(x)
    return time.perf_counter() - begin, time.process_time() - cpu


def speed(rounds: int) -> None:
    """Prints lines for each data set."""
    print(f"{'':<34} {'wall':>9} {'times bare (IQR)':>20} {'CPU':>9} {'times bare (IQR)':>20}")
    for name, x in data_sets().items():
        for work in WORK:
            work(x)
        measured = np.asarray([[seconds(work, x) for work in WORK] for _ in range(rounds)])
        print(name)
        for i, work in enumerate(WORK):
            ratios = np.quantile(measured[:, i] / measured[:, 0], (0.5, 0.25, 0.75), axis=0)
            cells = [
                f"{np.median(measured[:, i, kind]):7.3f} s {middle:8.2f} ({low:.2f}-{high:.2f})"
                for kind, (middle, low, high) in enumerate(ratios.T)
            ]
            print(f"  {work.__name__.replace('_', ' '):<32} {cells[0]} {cells[1]}", flush=True)


# -- memory


def _rows(i: int, n: int = BATCH) -> tuple[Array, Array]:
    x = np.random.default_rng(i).random((n, 30), np.float32)
    return x, (x[:, 0] > 0.5).astype(np.int64)


def _py_dataset() -> Any:
    import keras

    class Rows(keras.utils.PyDataset):  # type: ignore[misc]  # Keras ships no types
        def __len__(self) -> int:
            return ROWS // BATCH

        def __getitem__(self, i: int) -> tuple[Array, Array]:
            return _rows(i)

    return Rows()


def _tf_images() -> Any:
    import tensorflow as tf

    def image(i: Any) -> Any:
        pixels = tf.random.stateless_uniform((BATCH, 28, 28), (1, i), 0, 256, tf.int32)
        return tf.cast(pixels, tf.uint8), tf.range(BATCH) % 10

    return tf.data.Dataset.range(IMAGES // BATCH).map(image)


def _table() -> Any:
    return np.random.default_rng(0).random((ROWS, 30), np.float32)


def _mapped_images() -> Any:
    path = Path(tempfile.gettempdir()) / "images.npy"
    np.save(path, (np.random.default_rng(0).random((IMAGES, 28, 28)) * 256).astype(np.uint8))
    return np.load(path, mmap_mode="r")


def _text_file() -> Any:
    import pandas

    rng, path = np.random.default_rng(0), Path(tempfile.gettempdir()) / "rows.csv"
    n = 1_000_000
    frame = pandas.DataFrame({f"number {i}": rng.random(n).round(4) for i in range(6)})
    for i in range(4):
        frame[f"text {i}"] = rng.choice([f"category {k}" for k in range(50)], n)
    frame.to_csv(path, index=False)
    return path


CASES: dict[str, Callable[[], Any]] = {
    "PyDataset, 2,000,000 rows of 30, float32": _py_dataset,
    "tf.data, 60,000 images 28x28, uint8": _tf_images,
    "array in memory, 2,000,000 rows of 30, float32": _table,
    "memory map, 60,000 images 28x28, uint8": _mapped_images,
    "csv file, 1,000,000 rows, 6 of numbers and 4 of text": _text_file,
}


def _peak(work: Callable[[], object]) -> float:
    """Returns the largest resident size in MB while something runs; Linux."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    work()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _read(data: Any) -> None:
    """Reads a data set without a check."""
    if isinstance(data, np.ndarray):
        for start in range(0, len(data), 4096):
            data[start : start + 4096].sum()
    elif isinstance(data, Path):
        import pandas

        for _ in pandas.read_csv(data, chunksize=10_000):
            pass
    else:
        batches: Iterable[Any] = data if not hasattr(data, "num_batches") else (data[i] for i in range(len(data)))
        for _ in batches:
            pass


def _check(data: Any) -> None:
    if not isinstance(data, Path):
        check_data(data, progress=False)
        return
    from tb_inputdiag.datacheck.check import check_sources
    from tb_inputdiag.datacheck.files import open_files

    check_sources(open_files([str(data)], None, None), progress=False)


def measure(name: str) -> None:
    """Prints the peaks of one case, of this process."""
    check_data(_rows(0)[0], progress=False)  # what is imported counts for neither
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        _measure(name, CASES[name]())


def _measure(name: str, data: Any) -> None:
    plain, begin = _peak(lambda: _read(data)), time.perf_counter()
    checked = _peak(lambda: _check(data))
    took = time.perf_counter() - begin
    print(f"{name:<54} {plain:8.0f} MB {checked:8.0f} MB {max(checked - plain, 0):8.0f} MB {took:7.1f} s", flush=True)


def memory() -> None:
    """Prints a line for each case."""
    print(f"{'':<54} {'read':>11} {'checked':>11} {'beyond':>11} {'check':>9}", flush=True)
    for name in CASES:
        subprocess.run([sys.executable, "-m", "benchmarks.bench_data", "--case", name], check=True)


def main() -> None:
    """Prints what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--core", type=int, help="keep to this core")
    parser.add_argument("--memory", action="store_true", help="measure memory instead of speed")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    if arguments.case:
        measure(arguments.case)
    elif arguments.memory:
        memory()
    else:
        speed(arguments.rounds)


if __name__ == "__main__":
    main()
