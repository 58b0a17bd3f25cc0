"""Where batches come from: whatever `fit` takes."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.batch_structure import named_leaves, unique
from tb_inputdiag.datacheck.arrays import has_rows, is_frame, is_sequence_of_examples, split_frame, to_numpy
from tb_inputdiag.datacheck.part_tally import Batch, TensorKey
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.numbers import whole
from tb_inputdiag.records import Role

__all__ = ["ArraySource", "IterableSource", "Names", "Source", "source_of"]

_BATCH_BYTES = 4 << 20
"""Bytes of a batch that is cut from arrays."""
_DEFAULTS: dict[Role, str] = {"input": "x", "target": "y", "sample_weight": "sample_weight"}
_ROLES: tuple[Role, ...] = ("input", "target", "sample_weight")

Names = Mapping[Role, Sequence[str]]
"""What the model calls its inputs and outputs, for arrays that have no names."""


class Source(Protocol):
    """Yields the batches of a part, once."""

    total: int
    """Examples, or batches where their number is not known; 0: neither is known."""
    counts_batches: bool
    """Whether `total` counts batches."""
    columns: Mapping[TensorKey, tuple[str, ...]]
    """Names of the columns of tables that have them."""

    def __iter__(self) -> Iterator[Batch]:
        """Yields batches with the same tensors, each of at least one example."""


@dataclass(frozen=True)
class _Leaf:
    """One array, or the columns of a frame that go together."""

    key: TensorKey
    rows: Any
    """Has a length, and slices."""
    columns: tuple[Any, ...] | None = None
    """Columns of a frame that hold numbers; None: not a frame."""

    def part(self, start: int, stop: int) -> _Leaf:
        rows = self.rows.iloc[start:stop] if hasattr(self.rows, "iloc") else self.rows[start:stop]
        return replace(self, rows=rows)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        if self.columns is None:
            return to_numpy(self.part(start, stop).rows, self.key.name)
        part = self.rows.iloc[start:stop][list(self.columns)]
        extended = any(not isinstance(dtype, np.dtype) for dtype in part.dtypes)  # pandas' own, with gaps
        return np.asarray(part.to_numpy(dtype="float64", na_value=np.nan) if extended else part.to_numpy())


class ArraySource:
    """Arrays, lists and frames, or nested dicts, lists and tuples of them.

    Args:
        x: The inputs.
        y: The targets.
        sample_weight: Weights.
        names: What the model calls them.

    Raises:
        ConfigurationError: if they differ in length or hold no array.
    """

    counts_batches = False

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None, names: Names | None = None) -> None:
        self._leaves: list[_Leaf] = []
        self.columns: Mapping[TensorKey, tuple[str, ...]] = {}
        for role, structure in zip(_ROLES, (x, y, sample_weight), strict=True):
            self._leaves += _leaves_of(role, structure, (names or {}).get(role, ()))
        lengths = {leaf.key.name: len(leaf.rows) for leaf in self._leaves}
        if not lengths:
            raise ConfigurationError(f"check_data needs arrays or a data set. Received: {x!r}.")
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {whole(n)}" for name, n in lengths.items())
            raise ConfigurationError(f"All arrays must have the same number of examples. Received: {told}.")
        self.columns = {leaf.key: tuple(map(str, leaf.columns)) for leaf in self._leaves if leaf.columns}
        self.total = next(iter(lengths.values()))

    def __iter__(self) -> Iterator[Batch]:
        return self._between(0, self.total)

    def part(self, first: int, last: int) -> ArraySource:
        """Returns the source of some of the examples; nothing is copied."""
        found = copy(self)
        found._leaves = [leaf.part(first, last) for leaf in self._leaves]
        found.total = max(0, min(last, self.total) - first)
        return found

    def _between(self, first: int, last: int) -> Iterator[Batch]:
        if first >= last:
            return
        one = sum(leaf.read(first, first + 1).nbytes for leaf in self._leaves)
        step = max(1, _BATCH_BYTES // max(one, 1))
        for start in range(first, last, step):
            stop = min(start + step, last)
            yield from _even({leaf.key: leaf.read(start, stop) for leaf in self._leaves})


def _even(batch: Batch) -> Iterator[Batch]:
    """Yields a batch, or examples of equal shapes one after the other where an array holds arrays."""
    ragged = [key for key, values in batch.items() if _holds_arrays(values)]
    if not ragged:
        yield batch
        return
    n, start = len(next(iter(batch.values()))), 0
    kinds = [tuple((np.shape(batch[key][i]), np.asarray(batch[key][i]).dtype) for key in ragged) for i in range(n)]
    for stop in range(1, n + 1):
        if stop == n or kinds[stop] != kinds[start]:
            yield {key: _stacked(values[start:stop], key in ragged) for key, values in batch.items()}
            start = stop


def _holds_arrays(values: NDArray[Any]) -> bool:
    return values.dtype == object and values.ndim == 1 and len(values) > 0 and isinstance(values[0], (np.ndarray, list))


def _stacked(values: NDArray[Any], ragged: bool) -> NDArray[Any]:
    return np.stack([np.asarray(value) for value in values]) if ragged else values


def _leaves_of(role: Role, structure: Any, known: Sequence[str]) -> list[_Leaf]:
    if is_sequence_of_examples(structure):
        structure = _as_rows(structure)
    found: list[_Leaf] = []
    taken: list[str] = []
    for name, leaf in named_leaves(structure, _DEFAULTS[role], known):
        for part in _parts_of(TensorKey(role, name), leaf):
            unlike = unique(part.key.name, taken)
            taken.append(unlike)
            found.append(_Leaf(TensorKey(role, unlike), part.rows, part.columns))
    return found


def _parts_of(key: TensorKey, leaf: Any) -> list[_Leaf]:
    if is_frame(leaf):
        numeric, other = split_frame(leaf, key.name, key.role)
        table = [_Leaf(key, leaf, tuple(numeric))] if numeric else []
        return table + [_Leaf(TensorKey(key.role, f"{key.name}/{name}"), leaf[name]) for name in other]
    if hasattr(leaf, "iloc"):
        return [_Leaf(key, leaf.to_numpy())]
    if has_rows(leaf) and len(leaf.shape):
        return [_Leaf(key, leaf)]
    rows = to_numpy(leaf, key.name)
    if not rows.ndim:
        raise ConfigurationError(
            f"{key.name} must be an array with the examples along its first axis, or a data set: tf.data.Dataset, "
            f"PyDataset, DataLoader. Received: {type(leaf).__name__} {leaf!r:.80}."
        )
    return [_Leaf(key, rows)]


def _as_rows(values: list[Any]) -> NDArray[Any]:
    """Returns a list of examples as an array, of arrays if they differ in shape."""
    with contextlib.suppress(ValueError):
        if len({np.shape(value) for value in values}) == 1:
            return to_numpy(np.asarray(values), "x")
    rows = np.empty(len(values), object)
    rows[:] = values
    return rows


@dataclass
class IterableSource:
    """Batches as `fit` gets them from a data set, a loader or a generator."""

    begin: Callable[[], Iterator[Any]]
    """Begins the pass."""
    total: int
    names: Names = field(default_factory=dict)
    counts_batches = True
    columns: Mapping[TensorKey, tuple[str, ...]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Batch]:
        expected: tuple[TensorKey, ...] = ()
        with _random_state_kept():
            for number, element in enumerate(self.begin()):
                if self.total and number >= self.total:
                    return
                batch = _batch_of(element, self.names)
                expected = expected or tuple(batch)
                if tuple(batch) != expected:
                    raise ConfigurationError(
                        f"All batches must have the same tensors. The first one has {_named(expected)}, "
                        f"batch {number} has {_named(batch)}."
                    )
                if len(next(iter(batch.values()))):
                    yield from _even(batch)


def _named(keys: Sequence[TensorKey] | Batch) -> str:
    return ", ".join(f"{key.role} {key.name!r}" for key in keys) or "none"


def _batch_of(element: Any, names: Names) -> Batch:
    """Returns the tensors of a batch, taken apart as `fit` does: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``."""
    parts = tuple(element) if isinstance(element, list) else element
    if not isinstance(parts, tuple) or hasattr(parts, "_fields") or len(parts) > 3:
        parts = (parts,)
    found: dict[TensorKey, NDArray[Any]] = {}
    for role, structure in zip(_ROLES, parts, strict=False):
        for name, leaf in named_leaves(structure, _DEFAULTS[role], names.get(role, ())):
            values = to_numpy(leaf, name)
            if not values.ndim:
                raise ConfigurationError(
                    f"A batch must have the examples along the first axis. {role} {name!r} has shape (). "
                    "Batch the data set first: dataset.batch(32)."
                )
            found[TensorKey(role, name)] = values
    lengths = {key.name: len(values) for key, values in found.items()}
    if not lengths:
        raise ConfigurationError(f"A batch must hold arrays. Received: {element!r:.80}.")
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {whole(n)}" for name, n in lengths.items())
        raise ConfigurationError(
            f"All tensors of a batch must have the same number of examples. Received: {told}. If the data set yields "
            "single examples, batch it: dataset.batch(32)."
        )
    return found


@contextlib.contextmanager
def _random_state_kept() -> Iterator[None]:
    """Puts the global random generators back, so that a training run after the pass shuffles as without it."""
    torch: Any = sys.modules.get("torch")
    state, numpy_state = random.getstate(), np.random.get_state()  # the global one is what is kept
    torch_state = torch.get_rng_state() if hasattr(torch, "get_rng_state") else None
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)
        if torch_state is not None:
            torch.set_rng_state(torch_state)


def source_of(
    x: Any, y: Any = None, sample_weight: Any = None, *, steps: int | None = None, names: Names | None = None
) -> Source:
    """Returns where the batches come from.

    Args:
        x: As for `fit`, or a function that returns a generator.
        y: As for `fit`; None if `x` yields the targets.
        sample_weight: As for `fit`.
        steps: Batches to read of a generator or of an endless data set.
        names: What the model calls its inputs and outputs.

    Raises:
        ConfigurationError: if it is not known where the data ends, or what it is.
    """
    begin, total = _iteration_of(x, steps)
    if begin is None:
        return ArraySource(x, y, sample_weight, names)
    if y is not None or sample_weight is not None:
        raise ConfigurationError(
            f"With a {type(x).__name__}, the targets come from it: it yields (x, y) or (x, y, sample_weight). "
            "Leave y and sample_weight out."
        )
    return IterableSource(begin, total, dict(names or {}))


def _iteration_of(x: Any, steps: int | None) -> tuple[Callable[[], Iterator[Any]] | None, int]:
    """Returns how to iterate over a data set, and the number of its batches; None for arrays."""
    if is_frame(x) or has_rows(x) or isinstance(x, (list, tuple, Mapping)) or hasattr(x, "iloc"):
        return None, 0
    if hasattr(x, "element_spec") and hasattr(x, "cardinality"):  # tf.data.Dataset
        cardinality = int(x.cardinality())
        if cardinality == -1 and steps is None:
            raise _endless(x)
        return lambda: iter(x), steps or max(cardinality, 0)
    if hasattr(x, "__getitem__") and (hasattr(x, "num_batches") or hasattr(x, "__len__")) and not hasattr(x, "dataset"):
        n = steps or _batches_of(x)
        if n is None:
            raise _endless(x)
        return lambda: (x[i] for i in range(n)), n
    if hasattr(x, "__iter__") and not hasattr(x, "__next__"):  # DataLoader, and others that can be read again
        n = steps or (len(x) if hasattr(x, "__len__") else 0)
        return lambda: iter(x), n
    if hasattr(x, "__next__") or callable(x):
        if steps is None and hasattr(x, "__next__"):
            raise _endless(x)
        return lambda: iter(x() if callable(x) else x), steps or 0
    return None, 0


def _batches_of(x: Any) -> int | None:
    """Returns the number of batches of a PyDataset; None if it does not end."""
    n = x.num_batches if hasattr(x, "num_batches") else len(x)
    return None if n is None else int(n)


def _endless(x: Any) -> ConfigurationError:
    return ConfigurationError(
        f"It is not known where the {type(x).__name__} ends. Give the number of batches to read: steps=100."
    )
