"""Makes docs/modes.md from the matrix: ``python -m tests.modes.table > docs/modes.md``."""

from __future__ import annotations

from collections.abc import Iterable

from tests.modes import test_failures, test_lifecycle, test_one_run, test_strategies
from tests.modes.rows import EVERYTHING, MODES
from tests.modes.test_matrix import ROWS

__all__ = ["text"]

_MODULES = (test_failures, test_lifecycle, test_one_run, test_strategies)
"""The files whose tests back a mode each."""

_HEAD = """# Ways to train

Each row is backed by a test that trains with and without the callback from the same seed. Losses and all variables
have the same bits, and the records are what NumPy computes from the same batches. *Everything* means: inputs, targets
and outputs as fed, the data as the first trainable layer reads it, gradients, layers and the step's own loss.

Steps count batches, starting at the optimizer's iterations when `fit` begins.

The loss of a step that is not sampled is recovered from the running mean that Keras logs. `tests/modes/test_losses.py`
compares it with the loss that the probe sees: all steps agree to 2e-5, even if the last batch of an epoch is smaller.
Where batch sizes vary, or another callback evaluates the model within an epoch, the losses of up to 50 ms of steps are
missing the first time. From there on every step has its loss.
"""
_FOOT = """
Not supported: `ParameterServerStrategy`, `TPUStrategy`, and `steps_per_execution` above 1 under `MirroredStrategy` with
smaller last batches (TensorFlow 2.21 itself fails on them).
"""


def text() -> str:
    """Returns the document."""
    lines: dict[str, list[str]] = {}
    for group, mode, sees, note in _modes():
        lost = ", ".join(sorted(EVERYTHING - sees))
        seen = "everything" if not lost else f"all but: {lost}"
        lines.setdefault(group, []).append(f"| {mode} | {seen} | {note} |")
    parts = [_HEAD]
    for group, rows in lines.items():
        parts.append("\n".join([f"\n## {group}\n", "| mode | what is seen | remarks |", "|---|---|---|", *rows]) + "\n")
    return "".join([*parts, _FOOT])


def _modes() -> Iterable[tuple[str, str, frozenset[str], str]]:
    yield from ((r.group, r.mode, r.sees, r.note) for r in ROWS if r.mode)
    order = {"Distribution": 0, "Life of a callback": 1}
    # a test file that was imported before this module must not come first
    modules = [module.__name__ for module in _MODULES]
    in_order = sorted(MODES, key=lambda m: (order.get(m.group, 2), modules.index(m.module)))
    yield from ((m.group, m.mode, m.sees, m.note) for m in in_order)


if __name__ == "__main__":
    print(text(), end="")
