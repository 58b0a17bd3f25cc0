"""Runs programs of the corpus and prints the alerts of each.

python -m tests.corpus                      # all but the slow ones, under the callback
python -m tests.corpus mnist-raw-dense -v   # some, with their alerts in full
python -m tests.corpus --plain              # without the callback: does each one do what it claims?
"""

from __future__ import annotations

import argparse

from tests.corpus.harness import Variation, load, select
from tests.corpus.pool import run_all
from tests.corpus.runner import line


def main() -> int:
    """Returns 1 if a program's alerts are not what they must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="ids, patterns or topics; all by default")
    parser.add_argument("--plain", action="store_true", help="without the callback: print the losses")
    parser.add_argument("--slow", action="store_true", help="the slow ones too")
    parser.add_argument("--seeds", type=int, default=1, help="run each with so many seeds")
    parser.add_argument("--batch", type=float, default=1.0, help="multiply the batch sizes")
    parser.add_argument("--optimizer", default="", help="adam, rmsprop, nadam, adamw, sgd or momentum")
    parser.add_argument("--processes", type=int, default=1, help="run so many at a time")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the alerts in full")
    arguments = parser.parse_args()
    load()
    programs = select(arguments.names, slow=arguments.slow)
    jobs = [
        (program.id, Variation(seed, arguments.batch, arguments.optimizer))
        for program in programs
        for seed in range(arguments.seeds)
    ]
    wrong = 0
    for outcome in run_all(jobs, arguments.processes, plain=arguments.plain):
        print(line(outcome), flush=True)
        for alert in outcome.alerts if arguments.verbose else ():
            print(f"     {alert}\n       {dict(alert.evidence)}\n       {alert.consequences}")
        wrong += not (outcome.behaves if arguments.plain else outcome.right)
    print(f"{len(jobs) - wrong} of {len(jobs)} as they must be")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
