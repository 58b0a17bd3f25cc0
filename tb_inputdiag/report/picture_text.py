"""A picture in words: what was seen, and what was expected."""

from __future__ import annotations

from typing import NamedTuple

from tb_inputdiag.numbers import duration, format_number, interval, percent, shape_text, size_bytes, times
from tb_inputdiag.records import (
    LimitPicture,
    Picture,
    RangePicture,
    ShapesPicture,
    SizesPicture,
    Span,
    WordsPicture,
)

__all__ = ["Sides", "limit_number", "picture_sides", "picture_text", "span_text"]

_MOST_NAMED = 3
"""Sizes that are named in a sentence."""


class Sides(NamedTuple):
    """Both sides of a picture, each as a phrase."""

    seen: str
    expected: str


def picture_text(picture: Picture) -> str:
    """Returns e.g. ``0 to 255, mean 33.3; expected -20 to 20``."""
    return "; ".join(picture_sides(picture))


def picture_sides(picture: Picture) -> Sides:
    """Returns what was seen and what was expected."""
    match picture:
        case RangePicture():
            seen = ", ".join(_labelled(span.label, span_text(span), default="seen") for span in picture.seen)
            return Sides(seen, _labelled(picture.expected.label, span_text(picture.expected)))
        case LimitPicture():
            value, limit = (limit_number(picture, number) for number in (picture.value, picture.limit))
            return Sides(f"{picture.label}: {value}", f"expected {picture.bound} {limit}")
        case ShapesPicture():
            return Sides(
                _labelled(picture.seen_label, shape_text(picture.seen), default="received"),
                _labelled(picture.expected_label, shape_text(picture.expected)),
            )
        case WordsPicture():
            return Sides(
                _labelled(picture.seen_label, picture.seen, default="received"),
                _labelled(picture.expected_label, picture.expected),
            )
        case SizesPicture():
            return Sides(f"{picture.label}: {_named_sizes(picture)}", _expected_sizes(picture))


def span_text(span: Span) -> str:
    """Returns e.g. ``0 to 255, mean 33.3``."""
    mark = f", mean {format_number(span.mark, 3)}" if span.mark is not None and span.low != span.high else ""
    return interval(span.low, span.high) + mark


def limit_number(picture: LimitPicture, value: float) -> str:
    """Returns a value in the unit of the picture."""
    match picture.unit:
        case "fraction":
            return percent(value)
        case "bytes":
            return size_bytes(value)
        case "s":
            return duration(value)
        case _:
            return format_number(value)


def _labelled(label: str, text: str, default: str = "expected") -> str:
    """Returns the text behind its label; labels that say no more than the column they stand in are left out."""
    if default == "expected" and label.lower() == default:
        return f"expected {text}"
    return text if label.lower() in ("", default) else f"{label}: {text}"


def _named_sizes(picture: SizesPicture) -> str:
    places = list(picture.marked) or _extremes(picture)
    named = [f"{picture.names[i]} = {format_number(picture.sizes[i], 3)}" for i in places[:_MOST_NAMED]]
    more = len(places) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _extremes(picture: SizesPicture) -> list[int]:
    places = range(len(picture.sizes))
    ends = (max(places, key=picture.sizes.__getitem__), min(places, key=picture.sizes.__getitem__)) if places else ()
    return list(dict.fromkeys(ends))


def _expected_sizes(picture: SizesPicture) -> str:
    if picture.largest_ratio is not None:
        return f"expected the largest to be at most {times(picture.largest_ratio)} times the smallest"
    others = [size for i, size in enumerate(picture.sizes) if i not in picture.marked]
    return f"the others: {interval(min(others), max(others))}" if others else "expected sizes of the same order"
