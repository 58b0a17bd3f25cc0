"""Code for a fix that drops examples with NaN or infinite values from everything that is fed."""

from __future__ import annotations

from collections.abc import Sequence

from tb_inputdiag.records import Role, TensorView
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["keep_finite_code"]

_LETTERS: tuple[tuple[Role, str], ...] = (("input", "x"), ("target", "y"), ("sample_weight", "sample_weight"))


def keep_finite_code(context: Context, view: TensorView, role: Role) -> str:
    """Returns code that keeps only the examples in which a fed tensor is finite.

    The code selects them in all inputs, targets and sample weights.

    Args:
        context: Of the sample.
        view: The tensor that holds NaN or infinities.
        role: Its role.
    """
    # In the user's code validation data has other names than training data; in the records it has the same.
    suffix = "_val" if context.split == "validation" else ""
    letter = next(letter for kind, letter in _LETTERS if kind == role)
    name = variable(view.name, role, context.facts)
    name = letter + suffix + name.removeprefix(letter) if name.startswith(letter) else name
    axes = tuple(range(1, len(view.shape)))
    every = f".all(axis={axes[0] if len(axes) == 1 else axes})" if axes else ""
    kept = [(letter + suffix, fed) for kind, letter in _LETTERS if (fed := context.fed(kind))]
    left = ", ".join(letter for letter, _ in kept)
    right = ", ".join(_chosen(letter, fed) for letter, fed in kept)
    return f"good = np.isfinite({name}){every}\n{left} = {right}"


def _chosen(letter: str, fed: Sequence[TensorView]) -> str:
    if len(fed) == 1:
        return f"{letter}[good]"
    if all(view.name.rpartition("/")[2].isdigit() for view in fed):
        return f"[values[good] for values in {letter}]"
    return f"{{name: values[good] for name, values in {letter}.items()}}"
