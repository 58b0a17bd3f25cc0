"""The parameters of requests: parsed strictly, with clear errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tb_inputdiag.records import Quantity
from tensorboard_plugin.inputdiag.payload_series import HeldBuckets
from tensorboard_plugin.inputdiag.runs_page import MAX_PAGE, SORTS, RunsPage
from tensorboard_plugin.inputdiag.series_keys import parse_series_key

__all__ = ["BadQuery", "Query"]

_MAX_TEXT = 4096
_MAX_QUANTITIES = 64
_MAX_POINTS = 4096
_MAX_STEP = 1 << 62
_PAGING = ("filter", "sort", "offset", "limit")
_SPLITS = frozenset({"train", "validation", "predict"})


class BadQuery(Exception):
    """A malformed request. The message is sent to the client.

    Args:
        message: What was expected and what was received.
        code: HTTP status.
    """

    def __init__(self, message: str, code: int = 400) -> None:
        super().__init__(message)
        self.code = code


class Query:
    """The parameters of a request.

    Args:
        parameters: Name -> values.
        allowed: Names that the route takes.

    Raises:
        BadQuery: for an unknown parameter, or one given twice that may be given once.
    """

    _MANY = frozenset({"q", "have"})

    def __init__(self, parameters: Mapping[str, Sequence[str]], allowed: Sequence[str]) -> None:
        for name, values in parameters.items():
            if name not in allowed:
                known = ", ".join(allowed) or "none"
                raise BadQuery(f"Unknown parameter {_show(name)}; this route takes {known}.")
            if len(values) > 1 and name not in self._MANY:
                raise BadQuery(f"Parameter {name!r} is given {len(values)} times; expected once.")
            if any(len(value) > _MAX_TEXT for value in values):
                raise BadQuery(f"Parameter {name!r} is longer than {_MAX_TEXT} characters.")
        self._parameters = parameters

    def text(self, name: str) -> str:
        """Returns a required parameter."""
        values = self._parameters.get(name, ())
        if not values or not values[0]:
            raise BadQuery(f"Parameter {name!r} is missing.")
        return values[0]

    def integer(self, name: str, default: int | None, low: int, high: int) -> int:
        """Returns a whole number within bounds, or `default` if it is not given."""
        values = self._parameters.get(name, ())
        if not values:
            if default is None:
                raise BadQuery(f"Parameter {name!r} is missing.")
            return default
        text = values[0]
        digits = text[1:] if text.startswith("-") else text
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 20 and low <= int(text) <= high):
            raise BadQuery(f"Parameter {name!r} must be a whole number from {low} to {high}. Received: {_show(text)}.")
        return int(text)

    def since(self) -> int:
        """Returns the revision that the client has; 0: none."""
        return self.integer("since", 0, 0, _MAX_STEP)

    def points(self, default: int) -> int:
        """Returns the largest number of buckets that the client wants."""
        return self.integer("points", default, 2, _MAX_POINTS)

    def steps(self) -> tuple[int, int] | None:
        """Returns the first and last step of the requested part of the run, or None for all of it."""
        if "from" not in self._parameters and "to" not in self._parameters:
            return None
        low = self.integer("from", None, 0, _MAX_STEP)
        high = self.integer("to", None, 0, _MAX_STEP)
        if low > high:
            raise BadQuery(f"'from' must not be greater than 'to'. Received: {low} and {high}.")
        return low, high

    def page(self) -> RunsPage | None:
        """Returns the part of the list of runs that is wanted; None for all of it."""
        if not any(name in self._parameters for name in _PAGING):
            return None
        if "since" in self._parameters:
            raise BadQuery(f"'since' cannot be combined with {', '.join(_PAGING)}: ask for the page again.")
        return RunsPage(
            filter=self._parameters.get("filter", ("",))[0],
            sort=self.choice("sort", tuple(SORTS), "name"),
            offset=self.integer("offset", 0, 0, _MAX_STEP),
            limit=self.integer("limit", MAX_PAGE, 1, MAX_PAGE),
        )

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str:
        """Returns a parameter that must be one of `choices`."""
        values = self._parameters.get(name, ())
        value = values[0] if values else default
        if value is None or value not in choices:
            raise BadQuery(f"Parameter {name!r} must be one of {', '.join(choices)}. Received: {_show(value)}.")
        return value

    def quantities(self) -> list[Quantity]:
        """Returns the requested curves, see `series_keys`."""
        values = self._parameters.get("q", ())
        if not 1 <= len(values) <= _MAX_QUANTITIES:
            raise BadQuery(f"Give 'q' 1 to {_MAX_QUANTITIES} times. Received: {len(values)}.")
        return [self._quantity(value) for value in dict.fromkeys(values)]

    @staticmethod
    def _quantity(key: str) -> Quantity:
        quantity = parse_series_key(key)
        if quantity is None:
            raise BadQuery(
                "Parameter 'q' must be 'losses:loss', 'samples:<split>:<column>', 'weights:<split>:<column>:<name>', "
                f"'layers:...', 'tensors:...' or 'epochs:train:<name>'. Received: {_show(key)}."
            )
        return quantity

    def held(self) -> dict[str, HeldBuckets]:
        """Returns group -> the buckets that the client has, from ``have=<stream>:<split>:<width>:<buckets>``."""
        found = {}
        for text in self._parameters.get("have", ()):
            stream, _, rest = text.partition(":")
            split, _, numbers = rest.partition(":")
            width, _, buckets = numbers.partition(":")
            fits = all(n.isascii() and n.isdecimal() and len(n) < 16 for n in (width, buckets))
            if not fits or int(width) & (int(width) - 1) or int(width) == 0:
                raise BadQuery(
                    "Parameter 'have' must be '<stream>:<split>:<width>:<buckets>' with a power of two as width. "
                    f"Received: {_show(text)}."
                )
            found[f"{stream}:{split}"] = HeldBuckets(int(width), int(buckets))
        return found


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
