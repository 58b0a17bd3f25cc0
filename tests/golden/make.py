"""Makes the golden log of the present schema version: `python -m tests.golden.make`.

A golden log is made once, when the schema version rises. Afterwards neither it nor its ``expected.json`` changes.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import tb_inputdiag
from tb_inputdiag.jsonable import JSONValue, to_jsonable
from tb_inputdiag.log.reader import Run
from tb_inputdiag.records import SCHEMA_VERSION
from tests.log import synthetic

__all__ = ["GOLDEN", "facts_of", "main"]

GOLDEN = Path(__file__).parent
_NAME = "events.out.tfevents.1795392000.000000.golden.1.inputdiag"


def facts_of(run: Run) -> dict[str, JSONValue]:
    """Returns what a run says: the content of ``expected.json``."""
    session = run.session
    facts = {
        "records": [type(record).__name__ for record in session.records()],
        "alerts": [str(alert) for alert in run.alerts],
        "evidence": run.alerts[0].evidence,
        "consequences": [alert.consequences for alert in run.alerts],
        "pictures": [alert.picture for alert in run.alerts],
        "curves": [alert.curves for alert in run.alerts],
        "expected_ranges": session.expected_ranges,
        "not_judged": session.not_judged,
        "degraded": session.degraded,
        "weights": list(run.gradients),
        "gradients": [row.norm.values for row in run.gradients.values()],
        "update_ratio": run.weights["conv2d/kernel"].update_ratio.values,
        "means": {name: row.mean.values for name, row in run.inputs.items()},
        "quantiles": run.entries["image"].quantiles.values[0],
        "classes": run.targets["label"].class_counts.values[-1],
        "layers": {name: row.std.values[0] for name, row in run.activations.items()},
        "loss": run.loss.values[:50],
        "calls": session.calls,
        "logs": [dict(epoch.logs) for epoch in session.epochs],
        "pixels": int(session.images[0].pixels.astype(int).sum()),
        "facts": session.facts,
    }
    return {name: to_jsonable(value) for name, value in facts.items()}


def main() -> None:
    """Writes ``schema-N/`` with the log and what it says.

    Raises:
        FileExistsError: if it is there already.
    """
    folder = GOLDEN / f"schema-{SCHEMA_VERSION}"
    (folder / "inputdiag").mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        spec = synthetic.Spec(samples=24, weights=4, fits=3, declarations=True, session="20261123T231405-golden")
        shutil.copyfile(synthetic.write(Path(scratch), spec, per_flush=7), folder / "inputdiag" / _NAME)
    text = json.dumps(facts_of(tb_inputdiag.read(folder).run), indent=1, allow_nan=False)
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
