"""How inputs differ from a baseline, by more than another sample of the same data would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tb_inputdiag.baseline.category_differences import category_differences
from tb_inputdiag.baseline.column_differences import ColumnComparison
from tb_inputdiag.baseline.difference import InputDifference
from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import BaselineTensor, Role, Severity, ShapesPicture, Tolerances, WordsPicture

__all__ = ["input_differences", "tensor_differences"]


def input_differences(
    baseline: Sequence[BaselineTensor], now: Sequence[BaselineTensor], role: Role, reference: str = "the baseline"
) -> tuple[list[InputDifference], list[tuple[BaselineTensor, BaselineTensor]]]:
    """Returns inputs that are missing or new, and the pairs of those that are in both.

    A single one on either side is a pair whatever it is called: names of inputs come from the model in training.
    """
    known = {tensor.name: tensor for tensor in baseline if tensor.role == role}
    found = {tensor.name: tensor for tensor in now if tensor.role == role}
    if len(known) == len(found) == 1:
        return [], list(zip(known.values(), found.values(), strict=True))
    lost = [
        InputDifference(kind="missing", subject=tensor.subject, text="is missing", severity=Severity.ERROR)
        for name, tensor in known.items()
        if name not in found and (found or role == "input")
    ]
    if role == "target" and not found:
        lost = []  # predictions have no targets
    new = [
        InputDifference(kind="new", subject=tensor.subject, text=f"is not in {reference}")
        for name, tensor in found.items()
        if name not in known
    ]
    return lost + new, [(known[name], tensor) for name, tensor in found.items() if name in known]


def tensor_differences(
    base: BaselineTensor,
    now: BaselineTensor,
    tolerances: Tolerances,
    *,
    whole_data: bool,
    reference: str = "the baseline",
) -> list[InputDifference]:
    """Returns how one input differs from the baseline, what explains most first.

    Args:
        base: As it was.
        now: As it is.
        tolerances: What is fine.
        whole_data: Whether all data was read, rather than sampled batches.
        reference: What texts call the baseline.
    """
    found = list(_form(base, now, reference))
    if any(item.kind == "shape" for item in found):
        return found  # columns cannot be told apart
    if base.role == "target" and base.all_categories and now.categories:
        return [*found, *category_differences(base, now, tolerances, reference)]  # a mean of classes says nothing
    return [
        *found,
        *ColumnComparison(base, now, tolerances, whole_data, reference).differences(),
        *category_differences(base, now, tolerances, reference),
    ]


def _form(base: BaselineTensor, now: BaselineTensor, reference: str) -> Iterator[InputDifference]:
    """Yields differences of dtype and shape, and new gaps."""
    if not _same_shape(base.shape, now.shape):
        yield InputDifference(
            kind="shape",
            subject=now.subject,
            text=f"has the shape {shape_text(now.shape or ())}, not {shape_text(base.shape or ())}",
            evidence={"shape": list(now.shape or ()), "expected_shape": list(base.shape or ())},
            picture=ShapesPicture(seen=now.shape or (), expected=base.shape or (), expected_label="baseline"),
            severity=Severity.ERROR,
        )
    if base.dtype != now.dtype:
        alike = base.dtype.rstrip("0123456789") == now.dtype.rstrip("0123456789")
        yield InputDifference(
            kind="dtype",
            subject=now.subject,
            text=f"is {now.dtype}, not {base.dtype}",
            evidence={"dtype": now.dtype, "expected_dtype": base.dtype},
            picture=WordsPicture(seen=now.dtype, expected=base.dtype, expected_label="baseline"),
            severity=Severity.INFO if alike else Severity.WARNING,
        )
    if now.has_gaps and not base.has_gaps:
        yield InputDifference(
            kind="gaps",
            subject=now.subject,
            text=f"has gaps (NaN, infinities or missing text), and {reference} has none",
            evidence={"gaps": True, "expected_gaps": False},
            picture=WordsPicture(seen="gaps", expected="none", expected_label="baseline"),
        )
    if base.whole and not now.whole and now.mean is not None and base.dtype == now.dtype:
        yield InputDifference(
            kind="fractions",
            subject=now.subject,
            text=f"has fractions, and {reference} has whole numbers",
            evidence={"whole": False, "expected_whole": True},
            picture=WordsPicture(seen="fractions", expected="whole numbers", expected_label="baseline"),
        )


def _same_shape(base: Sequence[int | None] | None, now: Sequence[int | None] | None) -> bool:
    if base is None or now is None:
        return True
    return len(base) == len(now) and all(
        a is None or b is None or a == b for a, b in zip(base[1:], now[1:], strict=True)
    )
