"""Programs by people who had not read the rules, as they wrote them: one file each, in the folder of its wave.

A file has a function ``run(callbacks)``. Its docstring says what the program is. A file ``broken_*.py`` also says what
is wrong, and names the rules that may be the first alert: ``Expected: RULE, RULE``, or ``none-fits``. A line
``Raises: CLASS`` says that training ends with an exception. These files are not formatted: users write as they like.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import keras

__all__ = ["Unread", "expected_rules", "unread"]

FOLDER = Path(__file__).parent

_LATER_RULES = {
    "wave-2-early-stopping-auc-min": "unsuitable-monitor",
    "wave-2-vae-gray-mean": "posterior-collapse",
    "wave-2-penguin-factorize": "validation-at-chance",
    "wave-3-early-stop-mode": "unsuitable-monitor",
    "wave-3-hotel-reviews": "validation-at-chance",
    "wave-3-sign-folders": "validation-at-chance",
    "wave-4-ticket-vocab": "validation-at-chance",
    "wave-3-box-flip": "unmirrored-targets",
    "wave-3-siamese-digits": "reversed-pair-labels",
    "wave-5-cells-flip": "misaligned-masks",
    "wave-6-cell-masks": "misaligned-masks",
    "wave-6-digit-codec": "label-loss-mismatch",
    "wave-6-signature-pairs": "reversed-pair-labels",
    "wave-7-beak-keypoint": "unmirrored-targets",
    "wave-7-signature-pairs": "reversed-pair-labels",
    "wave-7-eeg-channels": "scrambled-axes",
    "wave-7-detector-counts": "integer-overflow",
    "wave-8-eeg-hands": "scrambled-axes",
}
"""Program -> another rule that names its fault: it is newer than the list that its author had, or says the same."""


class Unread:
    """A program that was written without knowledge of the rules.

    Args:
        path: Its file, in the folder of its wave.
    """

    def __init__(self, path: Path) -> None:
        kind, _, name = path.stem.partition("_")
        self.path = path
        self.topic = path.parent.name
        """``wave_2``, ``wave_3``, ..."""
        self.id = f"{self.topic}-{name}".replace("_", "-")
        self.healthy = kind == "healthy"

    @property
    def raises(self) -> bool:
        """Whether training ends with an exception."""
        return re.search(r"^Raises: ", self.docstring, re.MULTILINE) is not None

    def run(self, callbacks: list[keras.callbacks.Callback]) -> None:
        """Trains with these callbacks."""
        spec = importlib.util.spec_from_file_location(self.path.stem, self.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.run(callbacks)

    @property
    def docstring(self) -> str:
        """What its author says about it."""
        found = re.match(r'\s*"""(.*?)"""', self.path.read_text(encoding="utf-8"), re.DOTALL)
        return found.group(1).strip() if found else ""


def unread() -> Iterator[Unread]:
    """Yields the programs of all waves."""
    return (Unread(path) for path in sorted(FOLDER.glob("wave_*/*.py")))


def expected_rules(program: Unread) -> tuple[str, ...]:
    """Returns the rules that may be the first alert of a broken program; empty for a healthy one.

    Raises:
        ValueError: if a broken program names none.
    """
    found = re.search(r"^Expected:([a-z,\s-]+?)\.?\s*$", program.docstring, re.MULTILINE)
    rules = tuple(re.findall(r"[a-z][a-z-]+", found.group(1))) if found else ()
    if program.id in _LATER_RULES:
        rules = (_LATER_RULES[program.id], *rules)
    if bool(rules) == program.healthy:
        raise ValueError(f"{program.path} should say 'Expected: RULE, ...' if it is broken, and not if it is healthy.")
    return rules
