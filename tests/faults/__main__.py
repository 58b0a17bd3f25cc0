"""Runs every trial of every fault and writes what was counted into docs/faults.md: ``python -m tests.faults``.

It takes about ten minutes on a quiet machine with two cores.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import namespace
from tests.faults.trials import FaultOutcome, Trials, table
from tools.pages import part, put

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
COMMAND = "python -m tests.faults"
COUNTS: dict[str, tuple[int, ...]] = {
    "killed": (50,),
    "full_disk": (10,),
    "file_limit": (10,),
    "removed": (10,),
    "read_only": (9,),
    "two_at_once": (5,),
    "clock_set_back": (8,),
    "mutated_files": (200,),
    "malformed_queries": (500,),
    "strangers": (200,),
    "beside_other_plugins": (),
}


def merged(old: str, new: str) -> str:
    """Returns the new table with the rows of the old one whose faults it does not have, in the order of the old one."""
    head, rule, *lines = new.splitlines()
    rows = {line.split("|")[1]: line for line in old.strip().splitlines()[2:]}
    rows.update({line.split("|")[1]: line for line in lines})
    return "\n".join([head, rule, *rows.values()])


def main() -> int:
    """Runs the trials; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=COUNTS, nargs="+", help="only these; the page keeps the others' rows")
    parser.add_argument("--seed", type=int, default=0, help="chooses the moments; default: 0")
    options = parser.parse_args()
    if not namespace.available():
        sys.exit("The trials need mounts of their own: run as root, or allow unprivileged user namespaces.")
    outcomes: list[FaultOutcome] = []
    folder = Path(tempfile.mkdtemp(prefix="inputdiag-faults-"))
    trials = Trials(folder, options.seed)
    for name in options.only or COUNTS:
        begin = time.monotonic()
        made = getattr(trials, name)(*COUNTS[name])
        outcomes += made if isinstance(made, list) else [made]
        print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    shutil.rmtree(folder)  # kept when a trial raises: what went wrong is in it
    print(table(outcomes))
    put(PAGE, COMMAND, merged(part(PAGE, COMMAND), table(outcomes)))
    return int(any(o.tried != o.survived or o.lost for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
