"""Curves as SVG, drawn here: a page that is mailed must not fetch anything."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tb_inputdiag.numbers import format_number, interval, short
from tb_inputdiag.records import F8
from tb_inputdiag.report.markup import html_text

__all__ = ["Band", "Chart", "Line", "decimate", "draw"]

_WIDTH, _HEIGHT = 500, 190
"""In units of the drawing, about as many pixels as a chart has on the page, so that its text is of normal size."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 24, 12, 28
_POINTS = 600
"""Points of a curve: about one for each pixel."""
_COLOURS = 6


@dataclass(frozen=True)
class Line:
    """A curve over steps."""

    name: str
    step: ArrayLike
    """``[n]``."""
    values: ArrayLike
    """``[n]``; a value that is not finite is a gap."""


@dataclass(frozen=True)
class Band:
    """A range over steps, drawn behind the lines."""

    name: str
    step: ArrayLike
    """``[n]``."""
    low: ArrayLike
    """``[n]``."""
    high: ArrayLike
    """``[n]``."""


@dataclass(frozen=True)
class Chart:
    """Curves that share their axes."""

    title: str
    lines: Sequence[Line] = ()
    bands: Sequence[Band] = ()
    log: bool = False
    """Logarithmic values: where they span decades."""
    marks: Sequence[tuple[int, str]] = ()
    """(step, text): alerts."""
    expected: tuple[float, float] | None = None
    """Where a rule expected the values: drawn as far as it lies in the picture."""


def decimate(step: ArrayLike, values: ArrayLike, points: int = _POINTS) -> tuple[F8, F8]:
    """Returns at most `points` points that keep the smallest and largest value and every gap of each stretch."""
    steps, found = np.asarray(step, np.float64), np.asarray(values, np.float64)
    if len(steps) <= points:
        return steps, found
    kept: list[int] = []
    for part in np.array_split(np.arange(len(steps)), points // 2):
        finite = part[np.isfinite(found[part])]
        # A NaN in a stretch must stay visible as a gap, so one is kept beside the extremes.
        gap = part[~np.isfinite(found[part])][:1]
        extremes = [finite[found[finite].argmin()], finite[found[finite].argmax()]] if len(finite) else []
        kept.extend(sorted({*extremes, *gap}))
    return steps[kept], found[kept]


def draw(chart: Chart) -> str:
    """Returns the chart as an SVG element with its legend below; "" without a finite value."""
    scale = _scale_of(chart)
    if scale is None:
        return ""
    parts = [*scale.grid(), *_expected(chart, scale)]
    for index, band in enumerate(chart.bands):
        parts.append(_path(f"b{index % _COLOURS}", scale.area(band), band.name))
    for index, line in enumerate(chart.lines):
        parts.append(_path(f"l{index % _COLOURS}", scale.path(line), line.name))
    for step, text in chart.marks:
        if scale.x_low <= step <= scale.x_high:
            parts.append(_path("mark", f"M{float(scale.x(step)):.1f} {_TOP}V{_HEIGHT - _BOTTOM}", text))
    return (
        f"<figure><figcaption>{html_text(chart.title)}{' (logarithmic)' if scale.log else ''}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html_text(_label(chart, scale))}">'
        f'{"".join(parts)}</svg><div class="legend">{_legend(chart)}</div></figure>'
    )


def _path(kind: str, shape: str, title: str) -> str:
    return f'<path class="{kind}" d="{shape}"><title>{html_text(title)}</title></path>'


def _label(chart: Chart, scale: _Scale) -> str:
    ends = [format_number(end) for end in (scale.x_low, scale.x_high, *scale.values)]
    return f"{chart.title}, steps {ends[0]} to {ends[1]}, values {ends[2]} to {ends[3]}"


def _legend(chart: Chart) -> str:
    keys = [(f"k{index % _COLOURS}", line.name) for index, line in enumerate(chart.lines)]
    keys += [(f"k{index % _COLOURS} wide", band.name) for index, band in enumerate(chart.bands)]
    keys += [("should", f"expected {interval(*chart.expected)}")] if chart.expected is not None else []
    return " ".join(f'<span><i class="{style}"></i>{html_text(name)}</span>' for style, name in keys)


def _expected(chart: Chart, scale: _Scale) -> Iterator[str]:
    if chart.expected is None:
        return
    top, bottom = (scale.inside(end) for end in reversed(chart.expected))
    if bottom > top:
        yield _path("should", f"M{_LEFT} {top:.1f}H{_WIDTH - _RIGHT}V{bottom:.1f}H{_LEFT}Z", "expected")


def _scale_of(chart: Chart) -> _Scale | None:
    """Returns the scale that shows all finite values, or None if there is none."""
    items: list[Line | Band] = [*chart.lines, *chart.bands]
    steps = [found for item in items if len(found := np.asarray(item.step, np.float64))]
    values = [line.values for line in chart.lines] + [end for band in chart.bands for end in (band.low, band.high)]
    finite = [kept for kept in (_finite(item, chart.log) for item in values) if len(kept)]
    if not finite or not steps:
        return None
    x_low, x_high = (float(end) for end in (min(s.min() for s in steps), max(s.max() for s in steps)))
    y_low, y_high = (float(end) for end in (min(v.min() for v in finite), max(v.max() for v in finite)))
    if chart.expected is not None and not chart.log:
        # A range that is near enough is shown whole; a far one would press the curve flat.
        span = (y_high - y_low) or abs(y_high) or 1.0
        near = [end for end in chart.expected if y_low - span <= end <= y_high + span]
        y_low, y_high = min([y_low, *near]), max([y_high, *near])
    return _Scale((x_low, x_high), (y_low, y_high), chart.log and y_high > 3 * y_low)


def _finite(values: ArrayLike, log: bool) -> F8:
    array = np.asarray(values, np.float64)
    kept = array[np.isfinite(array)]
    return kept[kept > 0] if log else kept


class _Scale:
    """Where steps and values lie in the picture."""

    def __init__(self, steps: tuple[float, float], values: tuple[float, float], log: bool) -> None:
        self.log = log
        self.x_low, self.x_high = steps
        self.values = y_low, y_high = values
        self._x_span = (self.x_high - self.x_low) or 1.0
        if log:
            y_low, y_high = math.log10(y_low), math.log10(y_high)
        if y_high - y_low <= 1e-12 * max(abs(y_low), abs(y_high)):  # a constant sits in the middle
            y_low, y_high = y_low - 1, y_high + 1
        self._y_low, self._y_span = y_low, y_high - y_low

    def x(self, step: ArrayLike) -> F8:
        """Returns the places of steps from left to right."""
        return np.asarray(_LEFT + (np.asarray(step) - self.x_low) / self._x_span * (_WIDTH - _LEFT - _RIGHT))

    def y(self, value: ArrayLike) -> F8:
        """Returns the places of values from the top down."""
        with np.errstate(all="ignore"):
            scaled = np.log10(value) if self.log else np.asarray(value)
            height = (scaled - self._y_low) / self._y_span * (_HEIGHT - _TOP - _BOTTOM)
        return np.asarray(_HEIGHT - _BOTTOM - height, np.float64)

    def inside(self, value: float) -> float:
        """Returns the place of a value; that of the nearer edge for a value outside of the picture."""
        place = float(self.y(value))
        # the logarithm of 0 or less is below everything
        return _HEIGHT - _BOTTOM if math.isnan(place) else min(max(place, _TOP), _HEIGHT - _BOTTOM)

    def grid(self) -> list[str]:
        """Returns lines and numbers beside the axes."""
        parts = []
        ticks = _log_ticks if self.log else _ticks
        for value in ticks(self._y_low, self._y_low + self._y_span, 4):
            y = float(self.y(value))
            parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
            parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(value)}</text>')
        for tick in _ticks(self.x_low, self.x_high, 6):
            x = float(self.x(tick))
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{short(tick)}</text>')
        return parts

    def path(self, line: Line) -> str:
        """Returns the path of a line, with gaps where values are not finite."""
        step, values = decimate(line.step, line.values)
        parts, pen = [], "M"
        for px, py in zip(self.x(step).tolist(), self.y(values).tolist(), strict=True):
            if math.isfinite(py):
                parts.append(f"{pen}{px:.1f} {py:.1f}")
                pen = "L"
            else:
                pen = "M"
        if len(parts) == 1:  # a single point would be invisible
            parts.append("h2")
        return "".join(parts)

    def area(self, band: Band) -> str:
        """Returns the outline of a band."""
        step, low = decimate(band.step, band.low)
        step_high, high = decimate(band.step, band.high)
        ends = [(x, y) for x, y in zip(step_high, high, strict=True) if math.isfinite(y)]
        ends += [(x, y) for x, y in zip(step[::-1], low[::-1], strict=True) if math.isfinite(y)]
        points = [f"{float(self.x(x)):.1f} {float(self.y(y)):.1f}" for x, y in ends]
        return f"M{'L'.join(points)}Z" if points else ""


def _log_ticks(low: float, high: float, wanted: int) -> list[float]:
    """Returns about `wanted` round numbers between two decimal logarithms: powers of ten if those are enough."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    found: list[float] = []
    for factors in ((1,), (1, 3), (1, 2, 5), range(1, 10)):
        found = [f * 10.0**k for k in decades for f in factors if low - 1e-9 <= math.log10(f) + k <= high + 1e-9]
        if len(found) >= wanted - 1:
            break
    return found[:: max(1, round(len(found) / (wanted + 1)))]


def _ticks(low: float, high: float, wanted: int) -> list[float]:
    """Returns round numbers between `low` and `high`."""
    span = high - low
    if not span > 0:
        return [low]
    size = 10.0 ** math.floor(math.log10(span / wanted))
    size *= next(factor for factor in (1, 2, 5, 10) if span / (size * factor) <= wanted + 0.5)
    first = math.ceil(low / size - 1e-9)
    return [index * size for index in range(first, math.floor(high / size + 1e-9) + 1)]
