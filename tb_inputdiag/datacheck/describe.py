"""A part of a data set as records: what one pass has found."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.datacheck import leakage
from tb_inputdiag.datacheck.part_tally import PartTally, TensorKey
from tb_inputdiag.datacheck.row_sample import quantile_error
from tb_inputdiag.datacheck.sorted_columns import SortedColumns, columns_of
from tb_inputdiag.datacheck.tensor_tally import MAX_EXAMPLES_LISTED, TensorTally
from tb_inputdiag.datacheck.text_tally import TextTally
from tb_inputdiag.records import F8, MAX_COLUMNS, DataSummary, DataTensor, Overlap, Part, ShapeCount
from tb_inputdiag.statistics.selection import even_positions

__all__ = ["data_summary"]

_MOST_CATEGORIES = 1000
_MOST_CLASSES = 128
"""Different whole numbers that a target of classes may hold."""
_LEAST_SCORED = 50
"""Examples from which on a column is compared with the target."""


def data_summary(part: Part, tally: PartTally, earlier: Mapping[Part, PartTally], elapsed_s: float) -> DataSummary:
    """Returns the record of a part.

    Args:
        part: Which one.
        tally: What the pass kept.
        earlier: Parts that were read before, to find common examples with.
        elapsed_s: Seconds that the pass took.
    """
    copies = tally.fingerprints.copies()
    share = tally.fingerprints.share
    overlaps = []
    for other, theirs in earlier.items():
        found = tally.fingerprints.shared_with(theirs.fingerprints)
        both = min(share, theirs.fingerprints.share)
        overlaps.append(
            Overlap(
                other=other,
                examples=found.examples[:MAX_EXAMPLES_LISTED],
                originals=found.originals[:MAX_EXAMPLES_LISTED],
                n_examples=round(len(found.examples) / both),
            )
        )
    return DataSummary(
        part=part,
        wall_time=time.time(),
        examples=tally.examples,
        n_bytes=tally.n_bytes,
        elapsed_s=elapsed_s,
        tensors=tuple(_Describer(tally).tensors()),
        copies=copies.examples[:MAX_EXAMPLES_LISTED],
        originals=copies.originals[:MAX_EXAMPLES_LISTED],
        n_copies=round(len(copies.examples) / share),
        n_relabelled=round(copies.relabelled / share),
        compared=share,
        overlaps=tuple(overlaps),
    )


class _Describer:
    """Describes the tensors of a part."""

    def __init__(self, tally: PartTally) -> None:
        self._tally = tally
        self._rows = tally.sample.rows()
        self._target = self._the_target()

    def tensors(self) -> Sequence[DataTensor]:
        """Returns the descriptions, in the order of the batch."""
        return [
            self._numbers(key, found) if isinstance(found, TensorTally) else self._text(key, found)
            for key, found in self._tally.tensors.items()
        ]

    def _the_target(self) -> tuple[NDArray[Any], bool] | None:
        """Returns the only target of the sampled examples, one number each, and whether these are classes."""
        keys = [key for key in self._tally.tensors if key.role == "target"]
        rows = self._rows.get(keys[0]) if len(keys) == 1 else None
        if rows is None or len(rows) < _LEAST_SCORED:
            return None
        rows = rows[: leakage.MAX_ROWS]
        if rows.dtype == object:
            return rows.ravel().astype(str), True
        if rows.size == len(rows):
            classes = self._tally.classes.get(keys[0])
            flat = rows.ravel().astype(np.float64)
            return (flat, classes is not None and len(classes) <= _MOST_CLASSES) if np.isfinite(flat).all() else None
        tally = self._tally.tensors[keys[0]]
        if isinstance(tally, TensorTally) and tally.row_sums.one_hot == tally.examples and rows.ndim == 2:
            return rows.argmax(1), True
        return None

    def _scores(self, key: TensorKey, columns: F8 | None, text: NDArray[Any] | None) -> F8:
        """Returns how well each column tells the target; NaN where that is not judged."""
        n = columns.shape[1] if columns is not None else 1
        unknown = np.full(n, np.nan)
        if key.role != "input" or self._target is None:
            return unknown
        target, classes = self._target
        if classes and len(np.unique(target)) < 2:
            return unknown
        if text is not None:
            return np.asarray([leakage.category_score(text.ravel(), target)]) if classes else unknown
        if columns is None:
            return unknown
        return leakage.class_scores(columns, target) if classes else leakage.number_scores(columns, target)

    def _numbers(self, key: TensorKey, tally: TensorTally) -> DataTensor:
        kept = even_positions(tally.width, MAX_COLUMNS)
        rows = self._rows.get(key, np.zeros((0, *([1] * (len(tally.layout.shape or ()) - 1)))))
        complete = len(rows) == tally.examples
        values = columns_of(rows, tally.axis, kept, complete=complete) if rows.size else np.zeros((0, len(kept)))
        by_order = SortedColumns(values)
        low, high = tally.low[kept], tally.high[kept]
        low_count, high_count, low_next, high_next = by_order.at_extremes(low, high)
        n = tally.spread.n[kept]
        is_table = rows.ndim <= 2 and len(rows) >= _LEAST_SCORED and rows.size == len(rows) * tally.width
        some = np.asarray(rows[: leakage.MAX_ROWS], np.float64).reshape(-1, tally.width)[:, kept] if is_table else None
        return DataTensor(
            name=key.name,
            role=key.role,
            dtype=tally.layout.dtype,
            shape=_common_shape(tally.shape_counts),
            columns=tuple(tally.column_names[i] if tally.column_names else str(i) for i in kept.tolist()),
            places=kept,
            n_columns=tally.width,
            whole=tally.counts["whole"] == int(tally.spread.n.sum()) > 0,
            count=n.astype(np.int64) + tally.nan_count[kept] + tally.inf_count[kept],
            nan_count=tally.nan_count[kept],
            inf_count=tally.inf_count[kept],
            min=np.where(n > 0, low, np.nan),
            max=np.where(n > 0, high, np.nan),
            mean=np.where(n > 0, tally.spread.mean[kept], np.nan),
            std=tally.std[kept],
            min_example=tally.low_example[kept],
            max_example=tally.high_example[kept],
            quantiles=by_order.quantiles(),
            tail=by_order.tail(),
            low_count=low_count,
            high_count=high_count,
            low_next=low_next,
            high_next=high_next,
            sampled=len(rows),
            quantile_error=quantile_error(len(values), rows.size // tally.width)
            if complete
            else quantile_error(min(len(values), len(rows)), tally.examples),
            target_score=self._scores(key, some, None) if is_table else np.full(len(kept), np.nan),
            bad_examples=tally.bad_examples,
            n_bad_examples=tally.counts["bad"],
            shapes=tally.shape_counts,
            **self._classes(key, tally),
        )

    def _classes(self, key: TensorKey, tally: TensorTally) -> dict[str, Any]:
        counts = self._tally.classes.get(key)
        if key.role != "target":
            return {}
        if counts is None and tally.width > 1 and tally.row_sums.one_hot == tally.examples:
            sums = np.rint(tally.spread.mean * tally.spread.n).astype(int)
            counts = Counter({i: int(n) for i, n in enumerate(sums) if n})
        if not counts:
            return {}
        return {
            "categories": _most_frequent({str(value): n for value, n in counts.items()}),
            "n_categories": len(counts),
        }

    def _text(self, key: TensorKey, tally: TextTally) -> DataTensor:
        rows = self._rows.get(key)
        some = None if rows is None or len(rows) < _LEAST_SCORED else rows[: leakage.MAX_ROWS]
        one_each = some is not None and some.size == len(some)
        return DataTensor(
            name=key.name,
            role=key.role,
            dtype="string",
            kind="string",
            shape=tally.shape,
            target_score=self._scores(key, None, some) if one_each else np.full(1, np.nan),
            bad_examples=tally.bad_examples,
            n_bad_examples=tally.missing,
            categories=_most_frequent(tally.counts or {}),
            n_categories=len(tally.counts or {}),
            sampled=0 if rows is None else len(rows),
        )


def _most_frequent(counts: Mapping[str, int]) -> dict[str, int]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return dict(ordered[:_MOST_CATEGORIES])


def _common_shape(shapes: Sequence[ShapeCount]) -> tuple[int | None, ...]:
    """Returns the shape with None where examples differ, and None for the examples."""
    first = shapes[0].shape if shapes else ()
    if any(len(item.shape) != len(first) for item in shapes):
        return (None, *first)
    return (None, *(n if all(item.shape[i] == n for item in shapes) else None for i, n in enumerate(first)))
