"""How the inputs of two runs differ, worst first, and in one sentence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from tb_inputdiag.baseline.difference import DifferenceKind, InputDifference
from tb_inputdiag.baseline.differences import input_differences, tensor_differences
from tb_inputdiag.numbers import count, interval
from tb_inputdiag.records import BaselineTensor, Role, Tolerances

__all__ = ["differences_between", "differences_sentence"]

_ORDER: tuple[DifferenceKind, ...] = (
    *("missing", "new", "shape", "dtype", "range", "fractions", "order", "gaps", "spread", "mean", "categories"),
)
"""What explains most comes first: another scale also moves the mean, and not the other way round."""
_MOST_CLAUSES = 3
_FOLLOW_FROM_SCALE = frozenset({"fractions", "mean", "range", "spread"})
_RESCALED = 4.0
"""Ratio of the largest values that is called another scale. The largest of two samples of the same data are closer,
unless its tails are heavy."""
_ENOUGH = 64
"""Examples of each run for the largest value to say something."""


def differences_between(
    first: Sequence[BaselineTensor], second: Sequence[BaselineTensor], *, reference: str = "A"
) -> list[InputDifference]:
    """Returns how the inputs and targets of a second run differ from those of the first one.

    Differences that other batches of the same data would show are left out, by the tolerances of `baseline-skew`.

    Args:
        first: Those of the first run.
        second: Those of the second run.
        reference: What texts call the first run.

    Returns:
        The differences, inputs before targets, what explains most first.
    """
    found = [*_of_role(first, second, reference, "input"), *_of_role(first, second, reference, "target")]
    return sorted(found, key=lambda item: (item.subject.startswith("target:"), _ORDER.index(item.kind)))


def _of_role(
    first: Sequence[BaselineTensor], second: Sequence[BaselineTensor], reference: str, role: Role
) -> Iterator[InputDifference]:
    unpaired, pairs = input_differences(first, second, role, reference)
    yield from unpaired
    for base, now in pairs:
        found = tensor_differences(base, now, Tolerances(), whole_data=False, reference=reference)
        scale = _scale(base, now, reference)
        if scale is not None:
            yield scale
            found = [item for item in found if item.kind not in _FOLLOW_FROM_SCALE]
        yield from found


def _scale(base: BaselineTensor, now: BaselineTensor, reference: str) -> InputDifference | None:
    """Returns a difference if the values reach much less or much further than in the first run.

    `baseline-skew` accepts a narrower range, because the first batches of sorted data have one.
    """
    if base.min is None or base.max is None or now.min is None or now.max is None:
        return None
    if base.role == "target" and base.all_categories:
        return None
    sizes = [max(abs(tensor.min or 0.0), abs(tensor.max or 0.0)) for tensor in (base, now)]
    if min(base.examples, now.examples) < _ENOUGH or max(sizes) < _RESCALED * min(sizes) or not all(sizes):
        return None
    text = f"goes from {interval(now.min, now.max)}, and {reference} from {interval(base.min, base.max)}"
    return InputDifference(kind="range", subject=now.subject, text=text)


def differences_sentence(
    first: Sequence[BaselineTensor], second: Sequence[BaselineTensor], found: Sequence[InputDifference]
) -> str:
    """Returns one sentence that says how the inputs of run B differ from those of run A.

    Args:
        first: Inputs and targets of A.
        second: Those of B.
        found: What `differences_between` returned for them.
    """
    for name, tensors in (("A", first), ("B", second)):
        if not tensors:
            return f"No batch of run {name} was sampled, so its inputs cannot be compared."
    if not found:
        return "The inputs and targets of A and B are alike: the same names, shapes, dtypes, ranges and classes."
    clauses = list(_clauses(found))
    shown = [clause for clause, _ in clauses[:_MOST_CLAUSES]]
    more = sum(n for _, n in clauses[_MOST_CLAUSES:])
    if more:
        shown.append(f"and {count(more, 'more difference')}")
    return "; ".join(shown) + "."


def _clauses(found: Sequence[InputDifference]) -> Iterator[tuple[str, int]]:
    """Yields clauses with B as their subject, and of how many differences each speaks."""
    subject = ""
    for (role, kind, _), group in itertools.groupby(found, key=_grouped):
        items = list(group)
        names = [f"'{item.subject.partition(':')[2]}'" for item in items]
        if kind in ("missing", "new"):
            yield f"B has {'no' if kind == 'missing' else 'a new'} {role} {' or '.join(names)}", len(items)
            continue
        yield items[0].text if items[0].subject == subject else f"B's {role} {names[0]} {items[0].text}", 1
        subject = items[0].subject


def _grouped(item: InputDifference) -> tuple[str, str, str]:
    """Returns what is alike for inputs that are all missing or all new, and different for other differences."""
    whole = item.kind in ("missing", "new")
    return item.subject.partition(":")[0], item.kind, "" if whole else f"{item.subject} {item.text}"
