"""A target and the output that the loss compares it with: what kinds about them ask."""

from __future__ import annotations

from collections.abc import Callable

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Explanation
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import parse_shape
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["OUTPUT_WORDS", "by_shapes", "compared", "is_target_of", "target_name"]

OUTPUT_WORDS = (
    Words(
        "Keras",
        "Argument `output` must have rank (ndim) `target.ndim - 1`. Received: target.shape={target}, "
        "output.shape={output}\n",
    ),
    Words("Keras", "must have the same rank (ndim). Received: target.shape={target}, output.shape={output}\n"),
    Words(
        "Keras", "must have the same shape up until the last dimension: target.shape={target}, output.shape={output}\n"
    ),
    Words("Keras", "must have the same shape. Received: target.shape={target}, output.shape={output}\n"),
    Words("Keras", "`logits` and `labels` must have the same shape, received ({output} vs {target}"),
    Words("TensorFlow", "Shapes {target} and {output} are incompatible"),
    Words("TensorFlow", "logits and labels must be broadcastable: logits_size={output} labels_size={target}\n"),
    Words("PyTorch", "Target size ({target}) must be the same as input size ({output})"),
)


def by_shapes(explain: Callable[[Case, Shape, Shape], Finding | None]) -> Explanation:
    """Returns an explanation of the shapes of target and output, with their batch axes.

    It is None for an exception whose words do not name both shapes, or name one without axes: those are single numbers.
    """

    def explain_case(case: Case) -> Finding | None:
        target, output = _shape(case["target"]), _shape(case["output"])
        return explain(case, target, output) if target and output else None

    return explain_case


def _shape(text: str) -> Shape | None:
    inner = text.removeprefix("torch.Size(").strip("()[] ,")
    return parse_shape(f"({inner},)" if inner else "()")


def is_target_of(target: Shape, output: Shape) -> bool:
    """Tells whether a target has the shape of an output, or one class id or number in place of its last axis."""
    return tuple(target[1:]) in (tuple(output[1:]), tuple(output[1:-1]), (*output[1:-1], 1))


def target_name(case: Case) -> str:
    """Returns the likely name of the target in the user's program."""
    targets = case.fed("target")
    return case.code(targets[0]) if len(targets) == 1 else case.variable("y")


def compared(case: Case, message: str, fix: str, target: Shape, output: Shape) -> Finding:
    """Returns a finding that shows the shape of a target against another one, both with their batch axes."""
    targets = case.fed("target")
    return case.finding(
        message,
        fix,
        seen=shape_text(target),
        expected=shape_text(output),
        subject=f"target:{targets[0].name if targets else 'y'}",
        evidence={"shape": list(target), "prediction_shape": list(output)},
        picture=ShapesPicture(seen=target, expected=output, seen_label="target", expected_label="prediction"),
    )
