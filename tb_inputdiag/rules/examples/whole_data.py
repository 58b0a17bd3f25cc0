"""Whole data sets described by plain NumPy: what `check_data` must find in these arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import N_QUANTILES, DataSummary, DataTensor, Overlap, Part, Role, ShapeCount

__all__ = ["data_summary", "data_tensor"]

_NONE = np.zeros(0, np.int64)


def data_summary(
    part: Part,
    arrays: Mapping[tuple[Role, str], NDArray[Any]],
    columns: Mapping[str, Sequence[str]],
    earlier: Mapping[Part, Mapping[tuple[Role, str], NDArray[Any]]],
    **fields: Any,
) -> DataSummary:
    """Returns the record of a part.

    Args:
        part: Which one.
        arrays: Its tensors; numbers, or text of dtype object.
        columns: Tensor -> names of its columns.
        earlier: The tensors of parts that were read before.
        fields: Other fields of the record.
    """
    rows = _input_rows(arrays)
    first: dict[bytes, int] = {}
    copies = [(i, first.setdefault(row, i)) for i, row in enumerate(rows)]
    copies = [(i, original) for i, original in copies if i != original]
    overlaps = []
    for other, theirs in earlier.items():
        known = {row: i for i, row in reversed(list(enumerate(_input_rows(theirs))))}
        shared = [(i, known[row]) for i, row in enumerate(rows) if row in known]
        overlaps.append(
            Overlap(
                other=other,
                examples=np.asarray([i for i, _ in shared], np.int64),
                originals=np.asarray([original for _, original in shared], np.int64),
                n_examples=len(shared),
            )
        )
    return DataSummary(
        part=part,
        wall_time=0.0,
        examples=len(rows),
        n_bytes=sum(array.nbytes for array in arrays.values()),
        elapsed_s=0.0,
        tensors=tuple(
            data_tensor(name, role, array, columns.get(name, ()), arrays) for (role, name), array in arrays.items()
        ),
        copies=np.asarray([i for i, _ in copies], np.int64),
        originals=np.asarray([original for _, original in copies], np.int64),
        n_copies=len(copies),
        n_relabelled=sum(_label(arrays, i) != _label(arrays, original) for i, original in copies),
        overlaps=tuple(overlaps),
        **fields,
    )


def _input_rows(arrays: Mapping[tuple[Role, str], NDArray[Any]]) -> list[bytes]:
    inputs = [array for (role, _), array in arrays.items() if role == "input"]
    return [repr([np.asarray(array[i]).tolist() for array in inputs]).encode() for i in range(len(inputs[0]))]


def _label(arrays: Mapping[tuple[Role, str], NDArray[Any]], i: int) -> list[Any]:
    return [np.asarray(array[i]).tolist() for (role, _), array in arrays.items() if role == "target"]


def data_tensor(
    name: str,
    role: Role,
    array: NDArray[Any],
    columns: Sequence[str] = (),
    arrays: Mapping[tuple[Role, str], NDArray[Any]] | None = None,
) -> DataTensor:
    """Returns the description of a tensor: of text, or of numbers whose columns are the last axis."""
    if array.dtype == object:
        texts = Counter(str(value) for value in array if value is not None)
        return DataTensor(
            name=name,
            role=role,
            dtype="string",
            kind="string",
            shape=(None,),
            categories=dict(sorted(texts.items(), key=lambda item: (-item[1], item[0]))),
            n_categories=len(texts),
            bad_examples=np.flatnonzero([value is None for value in array]),
            n_bad_examples=sum(value is None for value in array),
            target_score=np.full(1, np.nan),
        )
    width = array.shape[-1] if array.ndim > 1 else 1
    table = np.asarray(array, np.float64).reshape(-1, width)
    finite = np.isfinite(table)
    by_column = [np.sort(table[finite[:, i], i]) for i in range(width)]
    low, high = (np.asarray([float(c[at]) if len(c) else np.nan for c in by_column]) for at in (0, -1))
    nothing = np.full(N_QUANTILES, np.nan)
    bad = np.flatnonzero(~np.isfinite(np.asarray(array, np.float64)).reshape(len(array), -1).all(1))
    counted = role == "target" and array.size == len(array) and bool((table == np.round(table)).all())
    classes = Counter(array.ravel().astype(int).tolist()) if counted else Counter[int]()
    per_example = max(1, len(table) // max(len(array), 1))
    return DataTensor(
        name=name,
        role=role,
        dtype=str(array.dtype),
        shape=(None, *array.shape[1:]),
        columns=tuple(columns) or tuple(str(i) for i in range(width)),
        places=np.arange(width),
        n_columns=width,
        whole=bool((table == np.round(table)).all()),
        count=np.full(width, len(table)),
        nan_count=np.isnan(table).sum(0),
        inf_count=np.isinf(table).sum(0),
        min=low,
        max=high,
        mean=np.asarray([c.mean() if len(c) else np.nan for c in by_column]),
        std=np.asarray([c.std() if len(c) else np.nan for c in by_column]),
        min_example=np.asarray([np.argmax(table[:, i] == low[i]) // per_example for i in range(width)]),
        max_example=np.asarray([np.argmax(table[:, i] == high[i]) // per_example for i in range(width)]),
        quantiles=np.asarray(
            [np.quantile(c, np.linspace(0, 1, N_QUANTILES)) if len(c) else nothing for c in by_column], np.float32
        ),
        tail=np.asarray([_tail(c) if len(c) else np.nan for c in by_column]),
        low_count=np.asarray([int((c == c[:1]).sum()) for c in by_column]),
        high_count=np.asarray([int((c == c[-1:]).sum()) for c in by_column]),
        low_next=np.asarray([_first(c[c > c[:1]]) for c in by_column]),
        high_next=np.asarray([_first(c[c < c[-1:]][::-1]) for c in by_column]),
        sampled=len(array),
        target_score=_scores(table, arrays or {}) if role == "input" and array.ndim == 2 else np.full(width, np.nan),
        bad_examples=bad,
        n_bad_examples=len(bad),
        categories={str(value): n for value, n in sorted(classes.items(), key=lambda item: (-item[1], str(item[0])))},
        n_categories=len(classes),
        shapes=(ShapeCount(shape=array.shape[1:], dtype=str(array.dtype), examples=len(array), first=0),),
    )


def _tail(ordered: NDArray[np.float64]) -> float:
    outside = max(0.0005, 4 / len(ordered))
    low, middle, high = np.quantile(ordered, (min(outside, 0.5), 0.5, max(1 - outside, 0.5)))
    return float(max(middle - low, high - middle))


def _first(values: NDArray[np.float64]) -> float:
    return float(values[0]) if len(values) else float("nan")


def _scores(table: NDArray[np.float64], arrays: Mapping[tuple[Role, str], NDArray[Any]]) -> NDArray[np.float64]:
    """Returns how often the nearest other example in a column has the same class, as a mean over the classes."""
    targets = [array for (role, _), array in arrays.items() if role == "target" and array.size == len(array)]
    if len(targets) != 1 or targets[0].dtype == object or len(np.unique(targets[0])) > 16:
        return np.full(table.shape[1], np.nan)
    y = targets[0].ravel()
    found = []
    for column in table.T:
        right = np.zeros(len(column))
        for i, value in enumerate(column):
            distance = np.abs(column - value)
            distance[i] = np.inf
            votes = Counter(y[distance == distance.min()].tolist())
            right[i] = votes[y[i]] == max(votes.values())
        found.append(float(np.mean([right[y == label].mean() for label in np.unique(y)])))
    return np.asarray(found)
