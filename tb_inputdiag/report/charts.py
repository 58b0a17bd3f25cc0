"""Curves as SVG, drawn here: a page that is mailed must not fetch anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from tb_inputdiag.report.text import clean, format_number

__all__ = ["Band", "Chart", "Line", "decimate", "draw"]

_WIDTH, _HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 12, 28
_POINTS = 600
"""Points of a curve: about one for each pixel."""


@dataclass(frozen=True)
class Line:
    """A curve over steps."""

    name: str
    step: Any
    """``[n]``."""
    values: Any
    """``[n]``; where not finite there is a gap."""


@dataclass(frozen=True)
class Band:
    """A range over steps, drawn behind the lines."""

    name: str
    step: Any
    """``[n]``."""
    low: Any
    """``[n]``."""
    high: Any
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


def decimate(step: Any, values: Any, points: int = _POINTS) -> tuple[Any, Any]:
    """Returns at most `points` points that keep each stretch's smallest and largest value and every gap."""
    step, values = np.asarray(step, np.float64), np.asarray(values, np.float64)
    if len(step) <= points:
        return step, values
    kept = []
    for part in np.array_split(np.arange(len(step)), points // 2):
        finite = part[np.isfinite(values[part])]
        # A NaN in a stretch must stay visible as a gap, so one is kept beside the extremes.
        gap = part[~np.isfinite(values[part])][:1]
        extremes = [finite[values[finite].argmin()], finite[values[finite].argmax()]] if len(finite) else []
        kept.extend(sorted({*extremes, *gap}))
    return step[kept], values[kept]


def draw(chart: Chart) -> str:
    """Returns the chart as an SVG element with its legend below."""
    items: list[Line | Band] = [*chart.lines, *chart.bands]
    steps = [np.asarray(item.step, np.float64) for item in items]
    values = [line.values for line in chart.lines] + [end for band in chart.bands for end in (band.low, band.high)]
    finite = [kept for kept in (_finite(item, chart.log) for item in values) if len(kept)]
    if not finite or not any(map(len, steps)):
        return ""
    x_low, x_high = min(s.min() for s in steps if len(s)), max(s.max() for s in steps if len(s))
    y_low, y_high = min(v.min() for v in finite), max(v.max() for v in finite)
    log = chart.log and y_high > 3 * y_low
    scale = _Scale(x_low, x_high, y_low, y_high, log)
    parts = [*scale.grid()]
    for index, band in enumerate(chart.bands):
        parts.append(f'<path class="b{index % 6}" d="{scale.area(band)}"><title>{_text(band.name)}</title></path>')
    for index, line in enumerate(chart.lines):
        parts.append(f'<path class="l{index % 6}" d="{scale.path(line)}"><title>{_text(line.name)}</title></path>')
    for step, text in chart.marks:
        if x_low <= step <= x_high:
            x = scale.x(step)
            parts.append(
                f'<path class="mark" d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"><title>{_text(text)}</title></path>'
            )
    keys = [(f"k{index % 6}", line.name) for index, line in enumerate(chart.lines)]
    keys += [(f"k{index % 6} wide", band.name) for index, band in enumerate(chart.bands)]
    legend = "".join(f'<span><i class="{style}"></i>{_text(name)}</span>' for style, name in keys)
    ends = [format_number(end) for end in (x_low, x_high, y_low, y_high)]
    label = f"{chart.title}, steps {ends[0]} to {ends[1]}, values {ends[2]} to {ends[3]}"
    return (
        f"<figure><figcaption>{_text(chart.title)}{' (logarithmic)' if log else ''}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{_text(label)}">{"".join(parts)}</svg>'
        f'<div class="legend">{legend}</div></figure>'
    )


def _text(text: str) -> str:
    return escape(clean(text), quote=True)


def _finite(values: Any, log: bool) -> Any:
    array = np.asarray(values, np.float64)
    kept = array[np.isfinite(array)]
    return kept[kept > 0] if log else kept


class _Scale:
    """Where steps and values lie in the picture."""

    def __init__(self, x_low: float, x_high: float, y_low: float, y_high: float, log: bool) -> None:
        self.log = log
        if log:
            y_low, y_high = math.log10(y_low), math.log10(y_high)
        if y_high - y_low <= 1e-12 * max(abs(y_low), abs(y_high)):  # a constant sits in the middle
            y_low, y_high = y_low - 1, y_high + 1
        self.x_low, self.x_span = x_low, (x_high - x_low) or 1.0
        self.y_low, self.y_span = y_low, y_high - y_low

    def x(self, step: Any) -> Any:
        return _LEFT + (step - self.x_low) / self.x_span * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: Any) -> Any:
        with np.errstate(all="ignore"):
            scaled = np.log10(value) if self.log else value
        return _HEIGHT - _BOTTOM - (scaled - self.y_low) / self.y_span * (_HEIGHT - _TOP - _BOTTOM)

    def grid(self) -> list[str]:
        parts = []
        ticks = _log_ticks if self.log else _ticks
        for value in ticks(self.y_low, self.y_low + self.y_span, 4):
            y = float(self.y(value))
            parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
            parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_tick_text(value)}</text>')
        for tick in _ticks(self.x_low, self.x_low + self.x_span, 6):
            x = float(self.x(tick))
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{_tick_text(tick)}</text>')
        return parts

    def path(self, line: Line) -> str:
        step, values = decimate(line.step, line.values)
        x, y = self.x(step), self.y(values)
        parts, pen = [], "M"
        for px, py in zip(x.tolist(), np.asarray(y).tolist(), strict=True):
            if math.isfinite(py):
                parts.append(f"{pen}{px:.1f} {py:.1f}")
                pen = "L"
            else:
                pen = "M"
        if len(parts) == 1:  # a single point would be invisible
            parts.append("h2")
        return "".join(parts)

    def area(self, band: Band) -> str:
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


def _tick_text(value: float) -> str:
    """Returns a round number as it fits beside an axis."""
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return format_number(value)
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _ticks(low: float, high: float, wanted: int) -> list[float]:
    """Returns round numbers between `low` and `high`."""
    span = high - low
    if not span > 0:
        return [low]
    size = 10.0 ** math.floor(math.log10(span / wanted))
    size *= next(factor for factor in (1, 2, 5, 10) if span / (size * factor) <= wanted + 0.5)
    first = math.ceil(low / size - 1e-9)
    return [index * size for index in range(first, math.floor(high / size + 1e-9) + 1)]
