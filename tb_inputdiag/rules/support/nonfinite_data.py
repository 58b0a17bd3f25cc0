"""NaN, infinities and missing text in a whole data set, with all examples that hold them."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import count, percent, whole
from tb_inputdiag.records import DataSummary, DataTensor, LimitPicture, Role
from tb_inputdiag.rules.base import Finding, Findings
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.support.whole_data import data_curves, examples_text, is_frame_data, part_variable, part_word
from tb_inputdiag.rules.views.context import Context

__all__ = ["nonfinite_findings"]


def nonfinite_findings(context: Context, data: DataSummary, role: Role) -> Findings:
    """Returns a finding for each tensor of a role that holds NaN or infinities."""
    return [
        _finding(context, data, tensor)
        for tensor in data.tensors
        if tensor.role == role and tensor.kind == "dense" and tensor.n_bad_examples
    ]


def _finding(context: Context, data: DataSummary, tensor: DataTensor) -> Finding:
    nan, infinite = int(tensor.nan_count.sum()), int(tensor.inf_count.sum())
    what = join([f"{whole(n)} {word}" for n, word in ((nan, "NaN"), (infinite, "infinite")) if n])
    by_column = tensor.nan_count + tensor.inf_count
    order = [int(i) for i in np.argsort(-by_column, kind="stable") if by_column[i]]
    several = tensor.n_columns > 1
    named = join([f"{tensor.columns[i]} ({whole(int(by_column[i]))})" for i in order], 4)
    columns = f" In column{'s' if len(order) > 1 else ''} {named}." if several and order else ""
    x = part_variable(data.part, tensor.name, tensor.role, context.facts)
    other = ("y" if tensor.role == "input" else "x") + x[1:].partition("[")[0]
    axes = f"axis={tuple(range(1, len(tensor.shape)))}" if tensor.shape and len(tensor.shape) > 2 else "axis=1"
    finite = f"np.isfinite({x})" if len(tensor.shape or ()) < 2 else f"np.isfinite({x}).all({axes})"
    if tensor.role == "input" and is_frame_data(data):
        finite = f"{x}.notna().all(axis=1).to_numpy()"
    share = tensor.n_bad_examples / max(data.examples, 1)
    return Finding(
        subject=tensor.subject,
        message=f"'{tensor.name}' holds {what} value{'s' if nan + infinite > 1 else ''} in "
        f"{count(tensor.n_bad_examples, f'{part_word(data.part)} example')} ({percent(share)}): "
        f"{examples_text(tensor.bad_examples, tensor.n_bad_examples)}.{columns}",
        evidence={
            "nan_count": nan,
            "inf_count": infinite,
            "examples": tensor.n_bad_examples,
            "bad_examples": tensor.bad_examples[:1000].tolist(),
            "columns": [tensor.columns[i] for i in order[:16]],
        },
        fix=f"keep = {finite}  # result.{data.part}.tensor({tensor.subject!r}).bad_examples\n"
        f"{x}, {other} = {x}[keep], {other}[keep]",
        picture=LimitPicture(
            label=f"examples of {tensor.name} that are not finite", value=tensor.n_bad_examples, limit=0
        ),
        curves=data_curves(data, tensor.role, tensor.name),
    )
