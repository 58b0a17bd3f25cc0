"""The words by which a kind of exception is found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from tb_inputdiag.records import Failure
from tb_inputdiag.rules.support.failures import essential_text

__all__ = ["Words", "match", "text_of"]

Source: TypeAlias = Literal["Keras", "TensorFlow", "JAX", "PyTorch", "NumPy", "pandas", "Python"]
_HOLE = re.compile(r"\{(\w*)\}")
_LONGEST_HOLE = 400


@dataclass(frozen=True)
class Words:
    """How one library words an exception.

    Attributes:
        source: The library.
        text: The words, with ``{name}`` for what differs from case to case, and ``{}`` for what nobody needs.
    """

    source: Source
    text: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A regular expression with a group for each name.

        A space stands for any white space, a line break at the end for the end of a line.
        """
        parts = _HOLE.split(self.text)
        found = ""
        for number, part in enumerate(parts):
            if number % 2:
                found += _hole(part, last=number == len(parts) - 2 and not parts[-1])
            else:
                found += _literal(part, last=number == len(parts) - 1)
        return re.compile(found, re.DOTALL)

    @property
    def shown(self) -> str:
        """The words as people read them, with ``...`` for what differs."""
        return " ".join(_HOLE.sub("...", self.text).split())


def _literal(text: str, *, last: bool) -> str:
    body = text.rstrip("\n") if last else text
    words = [re.escape(word) for word in re.split(r"[ \n]+", body)]
    return r"\s+".join(words) + (r"[ \t.]*(?=\n|\Z)" if body != text else "")


def _hole(name: str, *, last: bool) -> str:
    content = r"[^\n]{0,200}" if last else f".{{0,{_LONGEST_HOLE}}}?"
    return f"(?P<{name}>{content})" if name else f"(?:{content})"


def text_of(failure: Failure) -> str:
    """Returns what the words of kinds are compared with: class and message of an exception."""
    return f"{failure.exception}: {essential_text(failure.message)}"


def match(words: Sequence[Words], text: str) -> Mapping[str, str] | None:
    """Returns what stands in the holes of the first words that are found; None if none are."""
    for item in words:
        found = item.pattern.search(text)
        if found is not None:
            return found.groupdict()
    return None
