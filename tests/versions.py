"""The table of versions in docs/limits.md, from what ``nox`` found: ``python -m tests.versions``."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from noxfile import RESULTS, SETS
from tools.pages import put, stamp

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "limits.md"
_MOST_NAMES = 4


def outcome(path: Path) -> tuple[Counter[str], list[str]]:
    """Returns how many tests passed, failed and were skipped, and the names of those that failed.

    Args:
        path: A file in JUnit's format.
    """
    counts: Counter[str] = Counter()
    failed = []
    for case in ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        kind = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        counts[kind] += 1
        if kind == "failed":
            failed.append(f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}")
    return counts, failed


def table(results: Path) -> str:
    """Returns the table of all sets that were run, oldest first."""
    lines = [
        f"{stamp()}.\n",
        "| TensorFlow | Keras | TensorBoard | NumPy | passed | failed |",
        "|---|---|---|---|---|---|",
    ]
    for name, packages in SETS.items():
        path = results / f"{name}.xml"
        if not path.exists():
            continue
        counts, failed = outcome(path)
        numbers = [_version(text) for text in packages]
        names = ", ".join(f"`{test}`" for test in failed[:_MOST_NAMES])
        more = f" and {len(failed) - _MOST_NAMES} more" if len(failed) > _MOST_NAMES else ""
        wrong = f"{len(failed)}: {names}{more}" if failed else "0"
        lines.append(f"| {' | '.join(numbers)} | {counts['passed']} | {wrong} |")
    return "\n".join(lines)


def _version(requirement: str) -> str:
    """Returns the version that a requirement names."""
    if requirement.endswith("-nightly"):
        return "nightly"
    return requirement.partition("==")[2] or "newest"


def main() -> int:
    """Writes the table; returns 1 if a test failed anywhere, or a set was not run."""
    put(PAGE, "python -m tests.versions", table(RESULTS))
    paths = [RESULTS / f"{name}.xml" for name in SETS]
    missing = [path.stem for path in paths if not path.exists()]
    if missing:
        print(f"Not run: {', '.join(missing)}.")
    return int(bool(missing) or any(outcome(path)[1] for path in paths if path.exists()))


if __name__ == "__main__":
    sys.exit(main())
