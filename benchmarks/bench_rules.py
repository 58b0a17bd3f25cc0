"""Runs the corpus and measures the rules: recall, precision, the confusion of causes.

make bench-rules                                     # every program as written
python -m benchmarks.bench_rules --variations 4      # and with other seeds, batch sizes, optimizers
python -m benchmarks.bench_rules --keep FILE         # in parts: what FILE holds already is not run again
python -m benchmarks.bench_rules --write             # and put the tables into docs/corpus.md
"""

from __future__ import annotations

import argparse
import pickle
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from tb_inputdiag.records import Severity
from tests.corpus.harness import PROGRAMS, Variation, load, select
from tests.corpus.pool import run_all
from tests.corpus.runner import Outcome, line
from tools.pages import put

PAGE = Path(__file__).parents[1] / "docs" / "corpus.md"

VARIATIONS = (
    Variation(),
    Variation(seed=1, batch_factor=0.5, optimizer="rmsprop"),
    Variation(seed=2, batch_factor=2.0, optimizer="nadam"),
    Variation(seed=3, optimizer="momentum"),
    Variation(seed=4, batch_factor=0.5, optimizer="adamw"),
)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def summary(outcomes: Sequence[Outcome]) -> str:
    """Returns the figures over all programs, as a table."""
    broken = [o for o in outcomes if not o.program.healthy]
    healthy = [o for o in outcomes if o.program.healthy]
    named = sum(any(a.rule in o.program.expect for a in o.alerts) for o in broken)
    unneeded = sum(len(o.unneeded) for o in healthy)
    found = sum(o.found for o in broken)
    rows = [
        ("runs of broken programs", len(broken)),
        ("their fault is the first alert", f"{found} ({_share(found, len(broken))})"),
        ("their fault is among the alerts", f"{named} ({_share(named, len(broken))})"),
        ("runs of healthy programs", len(healthy)),
        ("of them with a WARNING or ERROR", sum(bool(o.loud) for o in healthy)),
        ("unneeded INFOs on them", f"{unneeded} ({_share(unneeded, len(healthy))} a run)"),
        ("runs whose replay differs, or in which something failed", sum(bool(o.trouble) for o in outcomes)),
    ]
    return _table(("what", "number"), rows)


def by_rule(outcomes: Sequence[Outcome]) -> str:
    """Returns precision and recall of each rule, as a table.

    A right alert is the first one of a program whose fault it names. A wrong one is the first alert of a broken program
    with another fault, or any alert of WARNING or above on a healthy one.
    """
    expected: Counter[str] = Counter()
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    also: Counter[str] = Counter()
    for outcome in outcomes:
        if outcome.program.healthy:
            wrong.update({a.rule for a in outcome.loud})
            also.update(a.rule for a in outcome.unneeded)
            continue
        # A fault with two right names counts for the one that was given.
        name = outcome.first if outcome.found else outcome.program.expect[0]
        expected[name] += 1
        if outcome.found:
            right[name] += 1
        elif outcome.first:
            wrong[outcome.first] += 1
    rules = sorted({*expected, *wrong, *also})
    rows = []
    for r in rules:
        precision, recall = _share(right[r], right[r] + wrong[r]), _share(right[r], expected[r])
        rows.append((f"`{r}`", expected[r], right[r], wrong[r], precision, recall, also[r] or ""))
    return _table(("rule", "runs with this fault", "right", "wrong", "precision", "recall", "unneeded INFO"), rows)


def confusion(outcomes: Sequence[Outcome]) -> str:
    """Returns the rules that were reported instead of the right one, as a table."""
    rows: list[tuple[object, ...]] = []
    for outcome in outcomes:
        program = outcome.program
        if outcome.right:
            continue
        if program.healthy:
            said = ", ".join(f"{a.severity.name} `{a.rule}`" for a in outcome.loud) or outcome.trouble
            rows.append((program.id, outcome.variation, "healthy", said))
        else:
            first = f"{outcome.alerts[0].severity.name} `{outcome.first}`" if outcome.alerts else "nothing"
            rows.append((program.id, outcome.variation, f"`{program.expect[0]}`", outcome.trouble or first))
    return _table(("program", "run", "fault", "first alert"), rows) if rows else "Nothing is confused."


def scale(outcomes: Sequence[Outcome]) -> str:
    """Returns the rows of the scale table with the reported rules, as a table."""
    rows = []
    for outcome in outcomes:
        if not outcome.program.row or outcome.variation != Variation():
            continue
        loud = [a for a in outcome.alerts if a.severity > Severity.INFO]
        said = ", ".join(f"`{a.rule}`" for a in loud) or "nothing"
        rows.append((outcome.program.row, said, "yes" if outcome.right else "**no**"))
    return _table(("input", "reported", "right"), rows)


def report(outcomes: Sequence[Outcome], variations: int) -> str:
    """Returns the tables, as Markdown."""
    programs = {o.program_id for o in outcomes}
    broken = sum(not PROGRAMS[p].healthy for p in programs)
    first = (
        f"{date.today():%Y-%m-%d}: {broken} broken programs and {len(programs) - broken} healthy ones, each run "
        f"{variations} time{'s' if variations > 1 else ''}."
    )
    return "\n\n".join(
        [
            first,
            summary(outcomes),
            "## By rule",
            (by_rule.__doc__ or "").partition("\n\n")[2].strip().replace("    ", ""),
            by_rule(outcomes),
            "## Confused",
            confusion(outcomes),
            "## The scale table",
            scale(outcomes),
        ]
    )


def main() -> int:
    """Returns 1 if an alert is missing, wrong or differs in a replay."""
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_rules", description=description)
    parser.add_argument("names", nargs="*", help="ids, patterns, topics or rules; all by default")
    parser.add_argument("--variations", type=int, default=1, choices=range(1, len(VARIATIONS) + 1))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a file: the runs in it are not run again, and new ones are added")
    parser.add_argument("--fast", action="store_true", help="without the programs that take long to trace")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/corpus.md")
    arguments = parser.parse_args()
    load()
    programs = select(arguments.names, slow=not arguments.fast)
    variations = VARIATIONS[: arguments.variations]
    # A slow program says the same with other seeds.
    jobs = [(p.id, v) for p in programs for v in (variations[:1] if p.slow else variations)]
    kept: dict[tuple[str, Variation], Outcome] = {}
    if arguments.keep and arguments.keep.exists():
        kept = pickle.loads(arguments.keep.read_bytes())
    for outcome in run_all([job for job in jobs if job not in kept], arguments.processes):
        kept[outcome.program_id, outcome.variation] = outcome
        print(f"{line(outcome)}  ({outcome.variation})", flush=True)
        if arguments.keep:
            arguments.keep.write_bytes(pickle.dumps(kept))
    outcomes = [kept[job] for job in jobs]
    text = report(outcomes, len(variations))
    print(text)
    if arguments.write:
        put(PAGE, "python -m benchmarks.bench_rules --write", text)
    return int(not all(outcome.right for outcome in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
