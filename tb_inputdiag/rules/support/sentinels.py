"""Numbers and texts that stand for "missing"."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.numbers import format_number, interval, literal, percent
from tb_inputdiag.records import F8, DataSummary, DataTensor, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.support.whole_data import column_code, column_text, data_curves, part_variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["are_missing_codes", "sentinel_findings"]

_NINES = (99.0, 999.0, 9999.0, 99999.0, 999999.0, 9999999.0, 999.25, 9999.9, 32768.0, 32767.0, 2147483648.0)
"""Usual codes for "missing"."""
_NEGATIVE = (888.0, 8888.0, 777.0, 7777.0)
"""Usual codes with a minus sign."""
_HUGE = 1e9
"""Nothing that is measured in usual units is that large next to other values of the same column."""
_FAR = 3.0
"""Distance of a repeated extreme from the next value, in widths of all others, that measurements do not have."""
_REPEATED = 10
_WORDS = frozenset({"?", "-", "--", "na", "n/a", "nan", "none", "null", "missing", "unknown", "", "#n/a"})


def are_missing_codes(value: F8 | float, other: F8 | float) -> NDArray[np.bool_]:
    """Returns which values are a usual code for "missing": nines or a huge number, far from the other extreme."""
    size, negative = np.abs(value), np.less(value, 0)
    nines, others = (np.equal(np.expand_dims(size, -1), codes).any(-1) for codes in (_NINES, _NEGATIVE))
    usual = (nines & (negative | (size >= 999))) | (others & negative)
    huge = (size >= _HUGE) & (np.abs(other) < 1e-3 * size)
    return np.asarray((size > 3 * np.abs(other)) & (usual | huge))


def sentinel_findings(context: Context, data: DataSummary, limit: float) -> list[Finding]:
    """Returns a finding for each input of a whole data set whose columns hold such values.

    Args:
        context: Of the rule.
        data: The part.
        limit: For the picture: the part of a column's variance that one value may make.
    """
    found = []
    for tensor in data.tensors:
        if tensor.role != "input":
            continue
        words = [name for name in tensor.categories if name.strip().lower() in _WORDS]
        if words and tensor.kind == "string":
            found.append(_of_text(context, data, tensor, words))
        places = list(_places(tensor)) if tensor.kind == "dense" and len(tensor.shape or ()) <= 4 else []
        if places:
            found.append(_of_numbers(context, data, tensor, places, limit))
    return found


def _places(tensor: DataTensor) -> Iterator[tuple[int, bool]]:
    """Yields the columns that hold such a value, and whether it is the largest one."""
    for i in range(len(tensor.columns)):
        sides = (
            (float(tensor.min[i]), float(tensor.low_next[i]), float(tensor.max[i]), int(tensor.low_count[i]), False),
            (float(tensor.max[i]), float(tensor.high_next[i]), float(tensor.min[i]), int(tensor.high_count[i]), True),
        )
        for value, following, other, repeated, high in sides:
            if repeated < 2 or not np.isfinite(following):
                continue
            rest = abs(other - following)
            cluster = (
                repeated >= _REPEATED
                and repeated <= 0.5 * tensor.sampled
                and abs(value - following) > _FAR * rest > 0
                and not tensor.whole
                and not (value == round(value) and following == round(following))
            )
            if are_missing_codes(value, max(abs(following), abs(other))) or cluster:
                yield i, high


def _of_numbers(
    context: Context, data: DataSummary, tensor: DataTensor, places: list[tuple[int, bool]], limit: float
) -> Finding:
    i, high = places[0]
    value = float((tensor.max if high else tensor.min)[i])
    following, other = (tensor.high_next, tensor.min) if high else (tensor.low_next, tensor.max)
    ends = sorted((float(following[i]), float(other[i])))
    share = float((tensor.high_count if high else tensor.low_count)[i]) / max(tensor.sampled, 1)
    names = [tensor.columns[place] for place, _ in places]
    more = f" Columns {join(names[1:])} have such values, too." if len(names) > 1 else ""
    x = part_variable(data.part, tensor.name, facts=context.facts)
    std = float(tensor.std[i])
    made = min(1.0, share * (1 - share) * ((value - float(np.mean(ends))) / std) ** 2) if std else 1.0
    return Finding(
        subject=tensor.subject,
        message=f"{column_text(tensor, i)} is {format_number(value)} in {percent(share)} of the examples, and "
        f'{interval(*ends)} in all others: it probably stands for "missing".{more}',
        evidence={"value": value, "columns": names[:16], "share": share, "other_min": ends[0], "other_max": ends[1]},
        fix=_fix(x, tensor, i, value),
        picture=LimitPicture(
            label=f"variance of column {tensor.columns[i]} that the value makes",
            value=made,
            limit=limit,
            unit="fraction",
        ),
        curves=data_curves(data, tensor.role, tensor.name),
    )


def _fix(x: str, tensor: DataTensor, i: int, value: float) -> str:
    column, name = column_code(tensor, i, x), tensor.columns[i]
    found = f"missing = {column} == {literal(value)}  # before any scaling\n"
    if name.isdigit():
        found += f"{column}[missing] = np.median({column}[~missing])\n"
    else:
        found += f"{x}.loc[missing, {name!r}] = {x}.loc[~missing, {name!r}].median()\n"
    return found + "# and add `missing` as a column of its own"


def _of_text(context: Context, data: DataSummary, tensor: DataTensor, words: list[str]) -> Finding:
    share = sum(tensor.categories[word] for word in words) / max(data.examples, 1)
    code = part_variable(data.part, tensor.name, facts=context.facts)
    return Finding(
        subject=tensor.subject,
        message=f"'{tensor.name}' is {join([repr(word) for word in words])} in {percent(share)} of the examples: it "
        'probably stands for "missing", and becomes a category like any other.',
        evidence={"values": words, "share": share, "categories": tensor.n_categories},
        fix=f"df = pd.read_csv(path, na_values={words!r})  # then {code}.isna() says where",
        severity=Severity.INFO,
        picture=LimitPicture(label="examples with such a text", value=share, limit=0.0, unit="fraction"),
        curves=data_curves(data, tensor.role, tensor.name),
    )
