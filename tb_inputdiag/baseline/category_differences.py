"""Categories and classes that differ from a baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tb_inputdiag.baseline.difference import InputDifference, by_chance
from tb_inputdiag.numbers import count, percent
from tb_inputdiag.records import BaselineTensor, LimitPicture, Severity, Tolerances

__all__ = ["category_differences"]

_CHANCE = 1e-6
"""Chance that is no explanation for a new category."""
_LEAST_SHARE = 0.05
"""Change of a class's share of the examples that matters."""


def category_differences(
    base: BaselineTensor, now: BaselineTensor, tolerances: Tolerances, reference: str = "the baseline"
) -> Iterator[InputDifference]:
    """Yields new categories, and shares that changed."""
    if not base.categories or not now.categories:
        return
    n = now.examples
    if base.all_categories:
        new = {name: share for name, share in now.categories.items() if name not in base.categories}
        if new and by_chance(sum(new.values()) * n, base.examples, n) < _CHANCE:
            first = ", ".join(f"{name!r}" for name in list(new)[:5])
            share = sum(new.values())
            text = (
                f"has {count(len(new), 'new category', 'new categories')} ({first}) in {percent(share)} of the examples"
            )
            yield InputDifference(
                kind="categories",
                subject=now.subject,
                text=text,
                evidence={"new": list(new)[:16], "share": share, "expected": sorted(base.categories)[:16]},
                picture=LimitPicture(label="examples of new categories", value=share, limit=0.0, unit="fraction"),
                columns=tuple(new),
            )
    changed = {}
    for name, share in base.categories.items():
        other = now.categories.get(name, 0.0)
        both = (share * base.examples + other * n) / max(base.examples + n, 1)
        error = math.sqrt(both * (1 - both) * (1 / max(base.examples, 1) + 1 / max(n, 1)))
        if abs(other - share) > max(_LEAST_SHARE, tolerances.standard_errors * error):
            changed[name] = (share, other)
    if changed:
        name, (share, other) = max(changed.items(), key=lambda item: abs(item[1][1] - item[1][0]))
        yield InputDifference(
            kind="categories",
            subject=now.subject,
            text=f"has {percent(other)} of {name!r}, and {reference} has {percent(share)}",
            evidence={"category": name, "share": other, "expected_share": share, "changed": list(changed)[:16]},
            picture=LimitPicture(
                label=f"change of the share of {name!r}", value=abs(other - share), limit=_LEAST_SHARE, unit="fraction"
            ),
            columns=tuple(changed),
            severity=Severity.INFO,
        )
