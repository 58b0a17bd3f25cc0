"""Data sets in files: NumPy, csv, Parquet, folders of images, TFRecord."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.datacheck.images import image_folder
from tb_inputdiag.datacheck.part_tally import Batch, TensorKey
from tb_inputdiag.datacheck.sources import ArraySource, IterableSource, Source
from tb_inputdiag.datacheck.tfrecords import read_records
from tb_inputdiag.errors import ConfigurationError, there_are
from tb_inputdiag.records import Part

__all__ = ["open_files"]

_TARGETS = ("y", "Y", "labels", "label", "target", "targets", "y_train")
"""Names of targets in an npz file, the likeliest first."""
_PAIRS: tuple[tuple[Part, str, str], ...] = (
    ("train", "x_train", "y_train"),
    ("validation", "x_val", "y_val"),
    ("test", "x_test", "y_test"),
)
_WHOLE_BYTES = 64 << 20
"""Size up to which a csv file is read at once, so that the types of its columns are those of all rows."""
_CHUNK_ROWS = 50_000
_SEPARATORS = (",", ";", "\t", "|")
"""The likeliest first."""
_PER_BATCH = 64
"""Records of a TFRecord file that are put together."""


def open_files(paths: Sequence[str], target: str | None, parser: str | None) -> dict[Part, Source]:
    """Returns where the batches of the files come from. They are parts of one table, or one folder.

    Args:
        paths: Files of the same kind, or a folder with a folder of images for each class.
        target: Column, or array of an npz file, that holds the target; or another npy file.
        parser: ``module:function`` that makes ``(x, y)`` of the bytes of a record of a TFRecord file.

    Returns:
        The training data. An npz file with ``x_train`` and ``x_test`` holds several parts.

    Raises:
        ConfigurationError: if a file cannot be read, or it is not clear how.
    """
    for path in paths:
        if not os.path.exists(path):
            raise ConfigurationError(f"There is no file or folder {path!r}.")
    first = Path(paths[0])
    kind = "folder" if first.is_dir() else first.suffix.lower()
    others = [path for path in paths if Path(path).suffix.lower() != first.suffix.lower()]
    if others:
        raise ConfigurationError(f"All files must be of one kind. Received: {paths[0]!r} and {others[0]!r}.")
    if kind in (".npz", ".npy", "folder") and len(paths) > 1:
        raise ConfigurationError(
            f"Give one {kind} at a time; others as --validation and --test. Received: {len(paths)}."
        )
    with _readable(str(first)):
        match kind:
            case ".npz":
                return _npz(str(first), target)
            case ".npy":
                return {"train": _npy(str(first), target)}
            case ".csv" | ".tsv" | ".txt":
                if not first.stat().st_size:
                    raise ConfigurationError(f"{paths[0]!r} is empty.")
                return {"train": _Chunks(lambda: _csv(paths), target)}
            case ".parquet" | ".pq":
                return {"train": _Chunks(lambda: _parquet(paths), target)}
            case "folder":
                return {"train": image_folder(first)}
            case _ if parser is not None or "tfrecord" in first.name.lower():
                return {"train": _tfrecords(paths, parser)}
    raise ConfigurationError(
        f"The kind of {paths[0]!r} is not known. Give npz, npy, csv or Parquet files, a folder with a folder of images "
        "for each class, or TFRecord files with --parser module:function."
    )


@contextlib.contextmanager
def _readable(path: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"{path!r} cannot be read, because it is not text in UTF-8. Save it so: "
            f'pd.read_csv({path!r}, encoding="latin-1").to_csv("utf-8.csv", index=False)'
        ) from None
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(f"{path!r} cannot be read: {error}") from None


# -- NumPy


class _NpzRows:
    """An array of an npz file, read from front to back, without the rest in memory."""

    def __init__(self, path: str, name: str) -> None:
        self._path, self._member = path, f"{name}.npy"
        self._stream: Any = None
        self._at = 0
        self._begin()

    def _begin(self) -> None:
        # read for as long as the array is
        self._stream = zipfile.ZipFile(self._path).open(self._member)  # noqa: SIM115
        version = np.lib.format.read_magic(self._stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        self.shape, self._by_column, self.dtype = read(self._stream)
        if self.dtype.hasobject:
            raise ConfigurationError(
                f"{self._member[:-4]!r} in {self._path!r} holds Python objects, which are not loaded from files. Save "
                'it as text or numbers: x.astype(str), x.astype("float32").'
            )
        self._whole = np.load(self._path)[self._member[:-4]] if self._by_column else None
        self._at = 0

    def __len__(self) -> int:
        return int(self.shape[0]) if self.shape else 0

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        if self._whole is not None:
            return np.asarray(self._whole[rows])
        start, stop, _ = rows.indices(len(self))
        if start < self._at:
            self._begin()
        size = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
        while self._at < start:
            skipped = min(start - self._at, max(1, (1 << 22) // max(size, 1)))
            self._stream.read(skipped * size)
            self._at += skipped
        data = self._stream.read((stop - start) * size)
        self._at = stop
        return np.frombuffer(data, self.dtype).reshape(stop - start, *self.shape[1:])


def _npz(path: str, target: str | None) -> dict[Part, Source]:
    with np.load(path) as file:
        names = list(file.files)
    if target is not None and target not in names:
        raise ConfigurationError(f"There is no array {target!r} in {path!r}.{there_are(target, names)}")
    if "x_train" in names and target is None:
        parts = [(part, x, y) for part, x, y in _PAIRS if x in names]
        return {part: ArraySource(_NpzRows(path, x), _NpzRows(path, y) if y in names else None) for part, x, y in parts}
    label = target or next((name for name in _TARGETS if name in names), None)
    inputs = {name: _NpzRows(path, name) for name in names if name != label}
    x = next(iter(inputs.values())) if len(inputs) == 1 else inputs
    return {"train": ArraySource(x, None if label is None else _NpzRows(path, label))}


def _npy(path: str, target: str | None) -> Source:
    x = np.load(path, mmap_mode="r")
    if target is None:
        return ArraySource(x)
    if os.path.exists(target):
        return ArraySource(x, np.load(target, mmap_mode="r"))
    if x.dtype.names and target in x.dtype.names:
        return ArraySource({name: x[name] for name in x.dtype.names if name != target}, x[target])
    raise ConfigurationError(f"--target of an npy file is another npy file with the targets. Received: {target!r}.")


# -- tables


@dataclass
class _Chunks:
    """Frames that follow each other."""

    begin: Callable[[], Iterable[tuple[Any, float]]]
    """Begins the pass: frames, each with the share of the files that has been read with it."""
    target: str | None
    total: int = 0
    """Examples, estimated from the share that has been read."""
    counts_batches: bool = False
    columns: Mapping[TensorKey, tuple[str, ...]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Batch]:
        kinds: dict[Any, bool] = {}
        n = 0
        for frame, share in self.begin():
            n += len(frame)
            self.total = max(n, round(n / share)) if share else 0
            x, y = _split_target(frame, self.target)
            x = _like_the_first(x, kinds)
            source = ArraySource(x, y)
            self.columns = source.columns
            yield from source


def _split_target(frame: Any, target: str | None) -> tuple[Any, Any]:
    if target is None:
        return frame, None
    if target not in frame.columns:
        raise ConfigurationError(f"There is no column {target!r}.{there_are(target, map(str, frame.columns))}")
    return frame.drop(columns=[target]), frame[target]


def _like_the_first(frame: Any, kinds: dict[Any, bool]) -> Any:
    """Returns a frame whose columns are numbers or text as those of the first one; text among numbers is a gap."""
    pandas: Any = importlib.import_module("pandas")
    for name in frame.columns:
        numeric = kinds.setdefault(name, getattr(frame[name].dtype, "kind", "O") in "biuf")
        if numeric:
            frame[name] = pandas.to_numeric(frame[name], errors="coerce").astype("float64")
        elif getattr(frame[name].dtype, "kind", "O") in "biuf":
            frame[name] = frame[name].astype(str)
    return frame


def _needs(module: str, extra: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ConfigurationError(f'{what} needs {module}: pip install "tb-inputdiag[{extra}]".') from None


def _csv(paths: Sequence[str]) -> Iterator[tuple[Any, float]]:
    pandas = _needs("pandas", "pandas", "Reading csv files")
    sizes = [os.path.getsize(path) for path in paths]
    total = max(sum(sizes), 1)
    for i, (path, size) in enumerate(zip(paths, sizes, strict=True)):
        options: dict[str, Any] = {"sep": _separator(path)}
        before = sum(sizes[:i])
        with _readable(path), open(path, "rb") as stream:
            if size <= _WHOLE_BYTES:
                yield pandas.read_csv(stream, low_memory=False, **options), (before + size) / total
                continue
            for frame in pandas.read_csv(stream, chunksize=_CHUNK_ROWS, **options):
                yield frame, (before + stream.tell()) / total


def _separator(path: str) -> str:
    """Returns what separates the columns: the commonest of the usual ones in the first line."""
    if path.endswith(".tsv"):
        return "\t"
    with open(path, "rb") as stream:
        names = re.sub(rb'"[^"]*"', b"", stream.readline())
    return max(_SEPARATORS, key=lambda separator: names.count(separator.encode()))


def _parquet(paths: Sequence[str]) -> Iterator[tuple[Any, float]]:
    parquet = _needs("pyarrow.parquet", "parquet", "Reading Parquet files")
    _needs("pandas", "pandas", "Reading Parquet files")
    read, total = 0, 0
    for path in paths:
        with _readable(path):
            total += parquet.ParquetFile(path).metadata.num_rows
    for path in paths:
        with _readable(path):
            for batch in parquet.ParquetFile(path).iter_batches(_CHUNK_ROWS):
                read += batch.num_rows
                yield batch.to_pandas(), read / total


# -- TFRecord


def _tfrecords(paths: Sequence[str], parser: str | None) -> Source:
    if parser is None:
        raise ConfigurationError(
            "TFRecord files hold bytes. Say how to read them: --parser module:function, where the function takes the "
            "bytes of one record and returns (x, y)."
        )
    return _Records(paths, _function(parser))


@dataclass
class _Records:
    """The records of TFRecord files, put together to batches."""

    paths: Sequence[str]
    parse: Callable[[bytes], Any]
    total: int = 0
    """Examples, estimated from the share of the bytes that has been read."""
    counts_batches: bool = False
    columns: Mapping[TensorKey, tuple[str, ...]] = field(default_factory=dict)
    _share: float = 0.0

    def __iter__(self) -> Iterator[Batch]:
        n = 0
        for batch in IterableSource(self._batches, 0):
            n += len(next(iter(batch.values())))
            self.total = max(n, round(n / self._share)) if self._share else 0
            yield batch

    def _batches(self) -> Iterator[Any]:
        sizes = [os.path.getsize(path) for path in self.paths]
        waiting: list[Any] = []
        for i, path in enumerate(self.paths):
            for record, place in read_records(path):
                waiting.append(self.parse(record))
                if len(waiting) == _PER_BATCH:
                    self._share = (sum(sizes[:i]) + place) / max(sum(sizes), 1)
                    yield _stacked(waiting)
                    waiting = []
        if waiting:
            self._share = 1.0
            yield _stacked(waiting)


def _function(name: str) -> Callable[[bytes], Any]:
    module, _, attribute = name.partition(":")
    if os.getcwd() not in sys.path:  # as `python script.py` does
        sys.path.insert(0, os.getcwd())
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"--parser {name!r} cannot be imported: {error}. Expected: module:function.") from None
    if not callable(found):
        raise ConfigurationError(f"--parser {name!r} must name a function. Received: {type(found).__name__}.")
    return found  # type: ignore[no-any-return]  # it is callable


def _stacked(examples: Sequence[Any]) -> Any:
    """Returns examples as a batch: nested tuples and dicts of arrays, one example after the other in each."""
    first = examples[0]
    if isinstance(first, Mapping):
        return {key: _stacked([example[key] for example in examples]) for key in first}
    if isinstance(first, (tuple, list)):
        return tuple(_stacked([example[i] for example in examples]) for i in range(len(first)))
    arrays = [np.asarray(example) for example in examples]
    if len({(array.shape, array.dtype) for array in arrays}) == 1:
        return np.stack(arrays)
    rows = np.empty(len(arrays), object)
    rows[:] = arrays
    return rows
