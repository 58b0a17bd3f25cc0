"""Numbers as text: the same number reads the same in an alert, in a terminal, in a report and in the dashboard.

``tests/number_format.json`` holds numbers with their texts. Python and the TypeScript are tested against it.
Exact halves are rounded away from zero, as JavaScript does. Python's own formatting rounds them to the even digit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

__all__ = [
    "count",
    "duration",
    "format_number",
    "interval",
    "literal",
    "percent",
    "shape_text",
    "short",
    "size_bytes",
    "times",
    "whole",
]

_MOST_DIGITS = 1e7
"""From here on a number is written with an exponent: float32 has no more than seven digits that mean anything."""
_SMALLEST = Decimal("1e-4")
"""Below this a number is written with an exponent."""
_SHORT = 7
"""Characters of a number in a column of a table."""


def format_number(value: float, digits: int = 4) -> str:
    """Returns a number for people: ``36,710``, ``0.003922``, ``1.2e-9``, ``NaN``, ``-inf``.

    Whole numbers below ten million keep all their digits. Use `whole` for counts, which never need an exponent.

    Args:
        value: Any number. Booleans are ``true`` and ``false``.
        digits: Significant digits of numbers that are not whole.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if not _is_finite(value):
        return "NaN" if value != value else "inf" if value > 0 else "-inf"
    size = abs(value)
    if size < _MOST_DIGITS and value == int(value):
        return whole(int(value))
    if 10**digits <= size < _MOST_DIGITS - 0.5:
        return whole(value)
    return _text(_rounded(value, digits))


def whole(value: float) -> str:
    """Returns a number rounded to a whole one, with all digits: ``138,357,544``."""
    if not _is_finite(value):
        return format_number(value)
    return f"{int(Decimal(value).to_integral_value(ROUND_HALF_UP)):,}"


def short(value: float) -> str:
    """Returns a number for a column of a table: seven characters, or a few more where that is not enough."""
    shown = [format_number(value), format_number(value, 3)]
    if _is_finite(value) and value != 0:
        shown.append(_exponent(_rounded(value, 3)))
    return next((text for text in shown if len(text) <= _SHORT), shown[-1])


def literal(value: float, digits: int = 4) -> str:
    """Returns a number for code that is pasted: as `format_number`, without separators and with Python's names."""
    if not _is_finite(value):
        return f'float("{format_number(value).lower()}")'
    return format_number(value, digits).replace(",", "")


def percent(fraction: float) -> str:
    """Returns a fraction in percent: ``12 %``, ``0.42 %``, ``99.5 %``.

    A fraction above 0 never reads ``0 %`` but ``< 0.01 %``. One below 1 never reads ``100 %`` but ``> 99.9 %``.

    Args:
        fraction: 1 is 100 %. May be negative or above 1.
    """
    if not _is_finite(fraction):
        return format_number(fraction)
    value = 100 * fraction
    if value < 0:
        size = percent(-fraction)
        return f"-{size}" if size[0].isdigit() else f"about {'0' if value > -1 else '-100'} %"
    if 0 < value < 0.01:
        return "< 0.01 %"
    if 99.9 < value < 100:
        return "> 99.9 %"
    if 99 <= value < 100:
        return f"{_plain(_rounded(value, 3))} %"
    return f"{whole(value) if value >= 9.95 or value == 0 else _plain(_rounded(value, 2))} %"


def times(factor: float) -> str:
    """Returns a factor in two significant digits: ``3.2``, ``48``, ``1,200``, ``1e8``."""
    return _text(_rounded(factor, 2)) if _is_finite(factor) else format_number(factor)


def interval(low: float | None, high: float | None) -> str:
    """Returns ``0 to 255``, ``at least 0``, ``at most 20``; one number where both ends read the same.

    Args:
        low: None: no lower limit.
        high: None: no upper limit.
    """
    if low is None or high is None:
        return (
            f"at least {format_number(low)}"
            if low is not None
            else f"at most {format_number(high)}"
            if high is not None
            else "anything"
        )
    ends = [format_number(low), format_number(high)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def shape_text(shape: Sequence[int | None]) -> str:
    """Returns a shape as Python writes it: ``(None, 28, 28, 1)``, ``(10,)``."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def count(n: int, one: str, many: str = "") -> str:
    """Returns ``1 sample``, ``1,200 samples``.

    Args:
        n: How many.
        one: The noun of one.
        many: The noun of several; without it, `one` with an "s".
    """
    return f"{whole(n)} {one if n == 1 else many or one + 's'}"


def size_bytes(n: float) -> str:
    """Returns bytes in the largest unit that fits: ``512 B``, ``1.5 KB``, ``14.2 MB``; 1 KB is 1,000 bytes."""
    if not _is_finite(n):
        return format_number(n)
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if n >= size:
            return f"{_plain(_rounded(n / size, 3))} {unit}"
    return f"{whole(n)} B"


def duration(seconds: float) -> str:
    """Returns a span of time in its two largest units: ``35 ms``, ``3.2 s``, ``4 min 5 s``, ``2 h 30 min``."""
    if not _is_finite(seconds):
        return format_number(seconds)
    seconds = max(seconds, 0.0)
    if seconds < 0.0995:
        return f"{whole(1000 * seconds)} ms"
    if seconds < 9.95:
        return f"{_plain(_rounded(seconds, 2 if seconds >= 1 else 1))} s"
    if seconds < 59.5:
        return f"{whole(seconds)} s"
    if seconds < 3570:
        minutes, rest = divmod(_nearest(seconds), 60)
        return f"{minutes} min {rest} s"
    if seconds < 86400:
        hours, minutes = divmod(_nearest(seconds / 60), 60)
        return f"{hours} h {minutes} min"
    days, rest = divmod(int(seconds), 86400)
    return f"{whole(days)} d {rest // 3600} h"


def _is_finite(value: float) -> bool:
    """Returns whether a number fits into a float; integers of a log may have any number of digits."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _nearest(value: float) -> int:
    return math.floor(value + 0.5)


def _rounded(value: float, digits: int) -> Decimal:
    """Returns a finite number rounded to its significant digits."""
    exact = Decimal(value)
    if not exact:
        return exact
    return exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), ROUND_HALF_UP)


def _text(value: Decimal) -> str:
    return _plain(value) if not value or _SMALLEST <= abs(value) < _MOST_DIGITS else _exponent(value)


def _plain(value: Decimal) -> str:
    """Returns a number without exponent, without zeros at its end, with separators."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exponent(value: Decimal) -> str:
    """Returns e.g. ``1.5e9`` or ``-2e-7``."""
    mantissa, exponent = f"{value:e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(exponent)}"
