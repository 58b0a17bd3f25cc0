"""Pictures of what was seen against what was expected, as HTML without scripts.

The rule that raised the alert has decided what was expected. Here it is drawn and nothing is judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import (
    LimitPicture,
    Picture,
    RangePicture,
    ShapesPicture,
    SizesPicture,
    Span,
    WordsPicture,
)
from tb_inputdiag.report.markup import html_text
from tb_inputdiag.report.picture_text import limit_number, picture_sides, picture_text, span_text

__all__ = ["draw_picture"]

_BENT_FROM = 400
"""Widest over narrowest span from which a linear scale would show the narrowest as a line."""
_LOGARITHMIC_FROM = 20
"""Largest over smallest number from which bars of a linear scale could not be compared."""
_LOWEST_BAR = 0.6
"""Decades below the smallest number at which bars of a logarithmic scale begin."""
_LONGEST = 96.0
"""Length of the longest bar in percent: a mark at its end must be seen."""
_MOST_ROWS = 8
"""Sizes that get a row each; more of them become columns of one small chart."""
_COLUMNS_HEIGHT = 72


def draw_picture(picture: Picture) -> str:
    """Returns the picture as a ``figure`` element, with both sides as text and as bars, cells or words."""
    match picture:
        case RangePicture():
            kind, parts = "range", _ranges(picture)
        case LimitPicture():
            kind, parts = "limit", _limit(picture)
        case ShapesPicture():
            kind, parts = "shapes-picture", _shapes(picture)
        case WordsPicture():
            kind, parts = "words-picture", _words(picture)
        case SizesPicture():
            kind, parts = "sizes", _sizes(picture)
    label = html_text(picture_text(picture))
    return f'<figure class="picture {kind}" role="group" aria-label="{label}">{"".join(parts)}</figure>'


def _bar(kind: str, label: str, value: str, left: float, right: float, mark: float | None = None) -> str:
    """Returns a row: label, text and a bar from `left` to `right`, in percent of the width."""
    left, right = (min(max(end, 0.0), 100.0) for end in (left, right))
    line = f'<b style="left:{min(max(mark, 0.0), 100.0):.1f}%"></b>' if mark is not None else ""
    place = f"left:{min(left, 99.2):.1f}%;width:{max(right - left, 0.0):.1f}%"
    return (
        f'<div class="bar {kind}"><span class="label">{html_text(label)}</span> '
        f'<span class="value">{html_text(value)}</span>'
        f'<span class="track"><i style="{place}"></i>{line}</span></div>'
    )


# ---- ranges


class _BentScale:
    """Where values of several spans lie, in percent of a width; compressed where a linear scale would hide a span."""

    def __init__(self, spans: Sequence[Span]) -> None:
        ends = [end for span in spans for end in (span.low, span.high) if math.isfinite(end)] or [0.0]
        widths = [width for span in spans if 0 < (width := span.high - span.low) < math.inf]
        self.bent = len(widths) > 1 and max(widths) / min(widths) > _BENT_FROM
        largest = max(map(abs, ends)) or 1.0
        self._unit = max(min(widths) / 4, 1e-30 * largest) if self.bent else largest
        self._low = self._bend(min(ends))
        self._span = (self._bend(max(ends)) - self._low) or 1.0

    def _bend(self, value: float) -> float:
        return math.asinh(value / self._unit) if self.bent else value / self._unit

    def place(self, value: float, if_nan: float) -> float:
        """Returns the place of a value. Infinite ones lie at the ends, NaN at `if_nan`."""
        if math.isnan(value):
            return if_nan
        if math.isinf(value):
            return 0.0 if value < 0 else 100.0
        return (self._bend(value) - self._low) / self._span * 100


def _ranges(picture: RangePicture) -> Iterator[str]:
    scale = _BentScale([*picture.seen, picture.expected])
    for kind, span, label in (
        *(("seen", span, span.label or "Seen") for span in picture.seen),
        ("expected", picture.expected, picture.expected.label or "Expected"),
    ):
        mark = None if span.mark is None or math.isnan(span.mark) else scale.place(span.mark, 0.0)
        yield _bar(kind, label, span_text(span), scale.place(span.low, 0.0), scale.place(span.high, 100.0), mark)
    if scale.bent:
        yield "<p>The scale is compressed, so that all ranges can be seen.</p>"


# ---- one number


def _limit(picture: LimitPicture) -> Iterator[str]:
    value, limit = picture.value, picture.limit
    scale = _BarScale([value, limit])
    yield _bar("seen", picture.label, limit_number(picture, value), 0.0, scale.length(value), scale.length(limit))
    _, expected = picture_sides(picture)
    note = "; logarithmic scale" if _is_logarithmic([value, limit]) else ""
    yield f'<p class="expected">{html_text(expected[0].upper() + expected[1:])}{note}.</p>'


def _is_logarithmic(values: Sequence[float]) -> bool:
    positive = [value for value in values if 0 < value < math.inf]
    return bool(positive) and min(values) >= 0 and max(positive) / min(positive) > _LOGARITHMIC_FROM


class _BarScale:
    """How long bars are, in percent; on a logarithmic scale they begin a little below the smallest number."""

    def __init__(self, values: Sequence[float]) -> None:
        positive = [abs(value) for value in values if math.isfinite(value) and value != 0] or [1.0]
        self._logarithmic = _is_logarithmic(values)
        self._top = max(positive)
        self._low = math.log10(min(positive)) - _LOWEST_BAR

    def length(self, value: float) -> float:
        """Returns the length of the bar of a value's size."""
        size = abs(value)
        if math.isnan(size) or size == 0:
            return 0.0
        if math.isinf(size):
            return 100.0
        if not self._logarithmic:
            return size / self._top * _LONGEST
        return (math.log10(size) - self._low) / (math.log10(self._top) - self._low) * _LONGEST


# ---- shapes and words


def _shapes(picture: ShapesPicture) -> Iterator[str]:
    seen, expected = _aligned(picture.seen, picture.expected)
    yield '<table class="shapes"><tbody>'
    yield _shape_row("seen", picture.seen_label, seen, expected)
    yield _shape_row("expected", picture.expected_label, expected, seen)
    yield "</tbody></table>"


_Axes = Sequence["int | str | None"]
"""Axes of a shape in columns: a size, None for any size, "" where the shape has no axis."""


def _aligned(first: Sequence[int | None], second: Sequence[int | None]) -> tuple[_Axes, _Axes]:
    """Returns two shapes in equally many columns. The first axes, the batch, and the last ones belong together."""
    rank = max(len(first), len(second))
    batch = bool(first and second) and (first[0] == second[0] or None in (first[0], second[0]))

    def spread(axes: Sequence[int | None]) -> list[int | str | None]:
        gap = [""] * (rank - len(axes))
        return [axes[0], *gap, *axes[1:]] if batch and len(axes) > 1 else [*gap, *axes]

    return spread(first), spread(second)


def _shape_row(kind: str, label: str, axes: _Axes, others: _Axes) -> str:
    cells = []
    for here, there in zip(axes, others, strict=True):
        if here == "":
            cells.append('<td class="axis none" aria-label="no axis">-</td>')
            continue
        differs = here != there and here is not None and there is not None
        cells.append(f'<td class="axis{" " + kind if differs else ""}">{"any" if here is None else here}</td>')
    return f'<tr><th scope="row">{html_text(label)}</th>{"".join(cells)}</tr>'


def _words(picture: WordsPicture) -> Iterator[str]:
    yield '<div class="words">'
    for kind, label, word in (
        ("seen", picture.seen_label, picture.seen),
        ("expected", picture.expected_label, picture.expected),
    ):
        yield f'<span class="label soft">{html_text(label)}</span> <b class="{kind}">{html_text(word)}</b> '
    yield "</div>"


# ---- sizes


def _sizes(picture: SizesPicture) -> Iterator[str]:
    yield f"<figcaption>{html_text(picture.label)}"
    yield f"{', logarithmic' if _is_logarithmic(picture.sizes) else ''}</figcaption>"
    yield from _size_rows(picture) if len(picture.sizes) <= _MOST_ROWS else _size_columns(picture)
    yield "".join(f"<p>{html_text(side[:1].upper() + side[1:])}.</p>" for side in _size_notes(picture))


def _size_notes(picture: SizesPicture) -> Sequence[str]:
    seen, expected = picture_sides(picture)
    # Rows say each size already; columns have no room for their names.
    return (expected,) if len(picture.sizes) <= _MOST_ROWS else (seen, expected)


def _size_rows(picture: SizesPicture) -> Iterator[str]:
    scale = _BarScale(picture.sizes)
    for place, (name, size) in enumerate(zip(picture.names, picture.sizes, strict=True)):
        kind = "seen" if place in picture.marked else "other"
        yield _bar(kind, name, format_number(size, 3), 0.0, scale.length(size))


def _size_columns(picture: SizesPicture) -> Iterator[str]:
    scale = _BarScale(picture.sizes)
    yield f'<svg viewBox="0 0 {len(picture.sizes)} {_COLUMNS_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
    for place, (name, size) in enumerate(zip(picture.names, picture.sizes, strict=True)):
        height = scale.length(size) / 100 * _COLUMNS_HEIGHT
        kind = ' class="seen"' if place in picture.marked else ""
        yield (
            f'<rect{kind} x="{place + 0.12:g}" width="0.76" y="{_COLUMNS_HEIGHT - height:.1f}" height="{height:.1f}">'
            f"<title>{html_text(name)}: {format_number(size, 3)}</title></rect>"
        )
    yield "</svg>"
