"""Makes docs/modes.md from the matrix: ``python -m tests.modes.table > docs/modes.md``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.modes import test_failures, test_lifecycle, test_one_run, test_strategies
from tests.modes.rows import BACKENDS, EVERYTHING, MODES
from tests.modes.test_matrix import ROWS

__all__ = ["text"]

_MODULES = (test_failures, test_lifecycle, test_one_run, test_strategies)
"""The files whose tests back a mode each."""

_NAMES = "TensorFlow | JAX | PyTorch"
"""In the order of `BACKENDS`."""

_HEAD = """# Ways to train

Each row is backed by a test that trains with and without the callback from the same seed. Losses and all variables
have the same bits, and the records are what NumPy computes from the same batches. *Everything* means: inputs, targets
and outputs as fed, the data as the first trainable layer reads it, gradients, layers and the step's own loss. A dash
means that a mode is not tested on a backend, or does not exist there.

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


@dataclass
class _Line:
    """A line of the table: what is seen on each backend, and remarks."""

    seen: dict[str, frozenset[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, on: Iterable[str], sees: frozenset[str], note: str) -> None:
        self.seen |= dict.fromkeys(on, sees)
        if note and note not in self.notes:
            self.notes.append(note)

    def cells(self) -> list[str]:
        return [*(_cell(self.seen.get(backend)) for backend in BACKENDS), ". ".join(self.notes)]


def text() -> str:
    """Returns the document."""
    groups: dict[str, dict[str, _Line]] = {}
    for group, mode, on, sees, note in _modes():
        groups.setdefault(group, {}).setdefault(mode, _Line()).add(on, sees, note)
    parts = [_HEAD]
    for group, lines in groups.items():
        rows = ["| " + " | ".join([mode, *line.cells()]) + " |" for mode, line in lines.items()]
        parts.append("\n".join([f"\n## {group}\n", f"| mode | {_NAMES} | remarks |", "|---" * 5 + "|", *rows]) + "\n")
    return "".join([*parts, _FOOT])


def _cell(sees: frozenset[str] | None) -> str:
    if sees is None:
        return "-"
    lost = ", ".join(sorted(EVERYTHING - sees))
    return f"all but: {lost}" if lost else "everything"


def _modes() -> Iterable[tuple[str, str, tuple[str, ...], frozenset[str], str]]:
    yield from ((r.group, r.mode, r.on, r.sees, r.note) for r in ROWS if r.mode)
    order = {"Distribution": 0, "Life of a callback": 1}
    # a test file that was imported before this module must not come first
    modules = [module.__name__ for module in _MODULES]
    in_order = sorted(MODES, key=lambda m: (order.get(m.group, 2), modules.index(m.module)))
    yield from ((m.group, m.mode, m.on, m.sees, m.note) for m in in_order)


if __name__ == "__main__":
    print(text(), end="")
