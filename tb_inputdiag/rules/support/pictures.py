"""Pictures of what was seen against what was expected, where several rules make the same one.

`LimitPicture`, `WordsPicture` and `ShapesPicture` need no help: rules make them from their own numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import LimitPicture, Picture, RangePicture, SizesPicture, Span, TensorView

__all__ = [
    "MAX_SIZES",
    "expected_span",
    "range_picture",
    "single_value_picture",
    "sizes_picture",
    "span_of",
    "spread_of",
]

MAX_SIZES = 256
"""Most sizes in one picture: a bar needs a few pixels."""


def span_of(view: TensorView, label: str = "Seen") -> Span:
    """Returns the range of a tensor's finite values, with the mean marked."""
    return Span(low=view.min, high=view.max, label=label, mark=view.mean)


def spread_of(mean: float, std: float, label: str) -> Span:
    """Returns mean ± 2 standard deviations, which hold nearly all values, with the mean marked."""
    return Span(low=mean - 2 * std, high=mean + 2 * std, label=f"{label}, mean ± 2 std", mark=mean)


def range_picture(
    seen: Span | Sequence[Span], low: float | None = None, high: float | None = None, *, label: str = "Expected"
) -> RangePicture:
    """Returns ranges that were seen above the one that was expected.

    Args:
        seen: One range or several, e.g. `span_of` a view.
        low: Smallest value that is fine; None: no limit. That side then reaches as far as what was seen.
        high: Largest value that is fine; None: no limit.
        label: Of the expected range.
    """
    spans = (seen,) if isinstance(seen, Span) else tuple(seen)
    first, last = min(span.low for span in spans), max(span.high for span in spans)
    room = (last - first) or 1.0
    if low is None:
        low = min(first, high - room) if high is not None else first
    if high is None:
        high = max(last, low + room)
    return RangePicture(seen=spans, expected=Span(low=low, high=high, label=label))


def expected_span(picture: Picture) -> Span | None:
    """Returns the range that a picture draws as expected, for the curves beside it; None if it draws no range."""
    return picture.expected if isinstance(picture, RangePicture) else None


def single_value_picture(name: str) -> LimitPicture:
    """Returns the picture of a tensor all of whose values are the same number."""
    return LimitPicture(label=f"different values of {name}", value=1, limit=2, bound="at least")


def sizes_picture(
    label: str,
    names: Iterable[object],
    sizes: NDArray[Any] | Sequence[float],
    marked: Iterable[int],
    *,
    largest_ratio: float | None = None,
) -> SizesPicture:
    """Returns sizes side by side; what is not finite is left out, and of more than `MAX_SIZES` the marked ones stay.

    Args:
        label: What is compared.
        names: One for each size: numbers of columns, classes, layers.
        sizes: None negative.
        marked: Places in `sizes` that stand out.
        largest_ratio: Largest over smallest size that is fine, where the rule judges that.
    """
    values, words, special = np.asarray(sizes, np.float64), [str(name) for name in names], {int(i) for i in marked}
    kept = [i for i in range(len(values)) if np.isfinite(values[i])]
    if len(kept) > MAX_SIZES:
        others = [i for i in kept if i not in special][: max(MAX_SIZES - len(special), 0)]
        kept = sorted([*others, *(i for i in kept if i in special)][:MAX_SIZES])
    return SizesPicture(
        label=label,
        names=tuple(words[i] for i in kept),
        sizes=tuple(float(values[i]) for i in kept),
        marked=tuple(place for place, i in enumerate(kept) if i in special),
        largest_ratio=largest_ratio,
    )
