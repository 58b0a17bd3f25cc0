"""Columns of an input that differ from those of a baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from tb_inputdiag.baseline.difference import DifferenceKind, InputDifference, by_chance
from tb_inputdiag.numbers import format_number, interval, percent, times
from tb_inputdiag.records import BASELINE_LEVELS, BaselineColumn, BaselineTensor, RangePicture, Span, Tolerances

__all__ = ["ColumnComparison"]

_CHANCE = 1e-9
"""Chance that is no explanation: with a thousand columns, one run in a million."""
_SAME = 4.0
"""Standard errors within which a column is like another one."""
_SAME_SPREAD = 1.25
_BATCHES_VARY = 5.0
"""Factor on the tolerated shift for a run of which batches were sampled: those of sorted data vary."""

_Pair: TypeAlias = tuple[BaselineColumn, BaselineColumn]
"""A column of the baseline, and the one that it is compared with."""


class ColumnComparison:
    """Compares the columns of an input with those of the baseline."""

    def __init__(
        self,
        base: BaselineTensor,
        now: BaselineTensor,
        tolerances: Tolerances,
        whole_data: bool,
        reference: str = "the baseline",
    ) -> None:
        self._base, self._now, self._tolerances = base, now, tolerances
        self._reference = reference
        self._shift = tolerances.shift * (1.0 if whole_data else _BATCHES_VARY)
        names = {column.name for column in base.columns}
        by_name = all(column.name in names and not column.name.isdigit() for column in now.columns)
        known: dict[object, BaselineColumn] = {(c.name if by_name else c.place): c for c in base.columns}
        pairs = ((known.get(c.name if by_name else c.place), c) for c in now.columns)
        self._pairs = [(b, c) for b, c in pairs if b is not None]
        if not self._pairs and base.mean is not None and now.mean is not None:
            self._pairs = [(_as_column(base), _as_column(now))]

    def differences(self) -> Iterator[InputDifference]:
        """Yields one difference of each kind, with all columns that have it."""
        moved = [(base, now) for base, now in self._pairs if base.name == now.name and base.place != now.place]
        if moved:
            yield self._difference("order", f"has its columns in another order: {self._named(moved)}", moved)
        shifted = [pair for pair in self._pairs if self._mean_differs(*pair)]
        swapped = self._swapped(shifted)
        if swapped:
            first = ", ".join(f"{_quoted(now.name)} is like {_quoted(base.name)}" for base, now in swapped[:3])
            yield self._difference("order", f"looks as if columns were swapped: {first}", swapped)
            return
        if outside := [pair for pair in self._pairs if self._range_differs(*pair)]:
            yield self._range(outside)
        if spread := [pair for pair in self._pairs if self._spread_differs(*pair)]:
            base, now = spread[0]
            numbers = f"std {format_number(now.std)}, not {format_number(base.std)}"
            yield self._difference("spread", f"has another spread{self._where(spread)}: {numbers}", spread)
        if shifted:
            yield self._mean(shifted)

    def _mean(self, pairs: Sequence[_Pair]) -> InputDifference:
        base, now = max(pairs, key=lambda pair: self._standard_errors(*pair))
        errors = self._standard_errors(base, now)
        by = f", {times(errors)} standard errors away" if math.isfinite(errors) else ""
        numbers = f"{format_number(now.mean)}, not {format_number(base.mean)}{by}"
        text = f"has another mean{self._where(pairs, now)}: {numbers}"
        return self._difference("mean", text, [(base, now), *(pair for pair in pairs if pair[1] is not now)])

    def _difference(
        self,
        kind: DifferenceKind,
        text: str,
        pairs: Sequence[_Pair],
    ) -> InputDifference:
        base, now = pairs[0]
        return InputDifference(
            kind=kind,
            subject=self._now.subject,
            text=text,
            evidence={
                "columns": [column.name for _, column in pairs[:16]],
                **{name: getattr(now, name) for name in ("min", "max", "mean", "std")},
                **{f"expected_{name}": getattr(base, name) for name in ("min", "max", "mean", "std")},
                "examples": self._now.examples,
                "baseline_examples": self._base.examples,
            },
            picture=RangePicture(
                seen=(Span(low=now.min, high=now.max, label="Seen", mark=now.mean),),
                expected=Span(low=base.min, high=base.max, label="Baseline", mark=base.mean),
            ),
            columns=tuple(column.name for _, column in pairs),
        )

    def _named(self, pairs: Sequence[_Pair]) -> str:
        shown = ", ".join(f"{_quoted(now.name)} is column {now.place}, not {base.place}" for base, now in pairs[:3])
        return shown + (", ..." if len(pairs) > 3 else "")

    def _where(self, pairs: Sequence[_Pair], first: BaselineColumn | None = None) -> str:
        """Returns which columns differ, in words; empty if the input has one."""
        if len(self._pairs) == 1:
            return ""
        named = first or pairs[0][1]
        more = f" (and {len(pairs) - 1} more)" if len(pairs) > 1 else ""
        return f" in column {_quoted(named.name)}{more}"

    def _errors(self, base: BaselineColumn, now: BaselineColumn) -> float:
        """Returns the standard error of the difference of the means.

        The larger of two estimates: with the spread of each, and with that of both together. A small sample of a column
        that is nearly always 0 may have no spread of its own.
        """
        n, m = max(self._base.examples, 1), max(self._now.examples, 1)
        both = (n * base.std**2 + m * now.std**2) / (n + m)
        return math.sqrt(max(base.std**2 / n + now.std**2 / m, both * (1 / n + 1 / m)))

    def _standard_errors(self, base: BaselineColumn, now: BaselineColumn) -> float:
        error, difference = self._errors(base, now), abs(now.mean - base.mean)
        # numbers in a file have seven digits
        if difference <= 1e-6 * max(abs(base.mean), abs(now.mean)):
            return 0.0
        return difference / error if error else math.inf

    def _mean_differs(self, base: BaselineColumn, now: BaselineColumn) -> bool:
        scale = base.std or now.std
        far = abs(now.mean - base.mean) > self._shift * scale
        return far and self._standard_errors(base, now) > self._tolerances.standard_errors

    def _spread_differs(self, base: BaselineColumn, now: BaselineColumn) -> bool:
        if not (base.std > 0 and now.std > 0) or min(self._base.examples, self._now.examples) < 64:
            return False
        # the spread of a column that is nearly always the same depends on a few examples
        if not _varies(base):
            return False
        ratio = now.std / base.std
        return max(ratio, 1 / ratio) > self._tolerances.spread

    def _outside(self, base: BaselineColumn, now: BaselineColumn) -> float:
        """Returns the fraction of the values that is known to lie outside of the baseline's range."""
        if not now.quantiles:
            return 0.0
        slack = 1e-6 * max(abs(base.min), abs(base.max))
        at = list(zip(BASELINE_LEVELS, now.quantiles, strict=True))
        below = max((level for level, value in at if value < base.min - slack), default=0.0)
        above = max((1 - level for level, value in at if value > base.max + slack), default=0.0)
        return below + above

    def _range_differs(self, base: BaselineColumn, now: BaselineColumn) -> bool:
        outside, limits = self._outside(base, now), self._tolerances
        chance = by_chance(outside * self._now.examples, self._base.examples, self._now.examples)
        if outside >= limits.beyond and chance < _CHANCE:
            return True
        width = self._width(base)
        return width > 0 and (now.max > base.max + limits.reach * width or now.min < base.min - limits.reach * width)

    def _width(self, base: BaselineColumn) -> float:
        """Returns the range of a column; of one that is nearly always the same, the range of the whole input."""
        return base.max - base.min if _varies(base) else (self._base.max or 0.0) - (self._base.min or 0.0)

    def _range(self, pairs: Sequence[_Pair]) -> InputDifference:
        base, now = max(pairs, key=lambda pair: max(pair[1].max - pair[0].max, pair[0].min - pair[1].min))
        share = self._outside(base, now)
        part = f" (at least {percent(share)} of the values lie outside)" if share else ""
        text = (
            f"goes from {interval(now.min, now.max)}{self._where(pairs, now)}, and {self._reference} from "
            f"{interval(base.min, base.max)}{part}"
        )
        return self._difference("range", text, [(base, now), *(pair for pair in pairs if pair[1] is not now)])

    def _swapped(self, shifted: Sequence[_Pair]) -> list[_Pair]:
        """Returns (column of the baseline that it is like, column) for each of the shifted ones; empty if one is like
        none of them."""
        found: list[_Pair] = []
        left = [base for base, _ in shifted]
        for _, now in shifted:
            like = [base for base in left if self._alike(base, now)]
            if not like:
                return []
            best = min(like, key=lambda base: self._standard_errors(base, now))
            left.remove(best)
            found.append((best, now))
        return found

    def _alike(self, base: BaselineColumn, now: BaselineColumn) -> bool:
        if not (base.std > 0 and now.std > 0):
            return False
        ratio = now.std / base.std
        return self._standard_errors(base, now) < _SAME and 1 / _SAME_SPREAD < ratio < _SAME_SPREAD


def _varies(column: BaselineColumn) -> bool:
    """Returns whether the middle half of a column's values is not all the same."""
    if column.quantiles:
        return column.quantiles[3] > column.quantiles[1]
    return column.std > 0.1 * (column.max - column.min)


def _as_column(tensor: BaselineTensor) -> BaselineColumn:
    """Returns all values of a tensor as one column."""
    return BaselineColumn(
        name=tensor.name,
        place=0,
        min=tensor.min or 0.0,
        max=tensor.max or 0.0,
        mean=tensor.mean or 0.0,
        std=tensor.std or 0.0,
    )


def _quoted(name: str) -> str:
    return name if name.isdigit() else f"'{name}'"
