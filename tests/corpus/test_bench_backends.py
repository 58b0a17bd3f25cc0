"""What the comparison of backends counts."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.bench_backends import BACKENDS, NOTHING, SEEDS, Answer, Job, Runs, chosen, is_by_seed, report
from tests.corpus.harness import load

ALIKE, BY_SEED, DIFFERENT = "wine-raw", "learning-rate-zero", "stopped-too-soon"


def answers() -> dict[Job, Answer]:
    firsts = {
        ALIKE: {backend: ["unnormalized-input"] for backend in BACKENDS},
        BY_SEED: {
            "tensorflow": ["frozen-model", NOTHING, "frozen-model"],
            "jax": [NOTHING, NOTHING, NOTHING],
            "torch": [NOTHING, "frozen-model", NOTHING],
        },
        DIFFERENT: {"tensorflow": ["unfinished-training"] * 3, "jax": [NOTHING] * 3, "torch": [NOTHING] * 3},
    }
    found = {
        Job(backend, seed, program): Answer(first, 1.0)
        for program, by_backend in firsts.items()
        for backend, given in by_backend.items()
        for seed, first in zip(SEEDS, given, strict=False)
    }
    return {**found, Job("tensorflow", SEEDS[1], ALIKE): Answer("unnormalized-input", 1.0)}


def test_a_difference_by_the_seed_is_told_from_one_by_the_backend() -> None:
    load()
    found = answers()
    assert is_by_seed(found, BY_SEED)
    assert not is_by_seed(found, DIFFERENT)
    text = report(found, [ALIKE, BY_SEED, DIFFERENT])
    assert "3 programs that use nothing of TensorFlow, 3 of them broken. 1 have the same first alert" in text
    assert "2 differ, 1 of them by the seed only. As a control, 1 programs differ between two seeds" in text
    assert f"| {BY_SEED} | frozen-model, -, frozen-model | - | -, frozen-model, - | yes |" in text
    assert f"| {DIFFERENT} | unfinished-training | - | - | no |" in text


def test_programs_whose_own_classes_use_tensorflow_are_left_out() -> None:
    every = chosen((), 10_000)
    assert {ALIKE, BY_SEED, DIFFERENT} <= set(every)
    assert not {"card-fraud-with-train-step-that-drops-weights", "rows-divided-by-their-length"} & set(every)
    assert chosen((), 5) == every[:5]
    assert "full-batch-descent" not in chosen((), 10_000, only_broken=True)


def test_a_run_goes_on_where_another_one_ended(tmp_path: Path) -> None:
    keep = tmp_path / "answers.jsonl"
    keep.write_text(json.dumps(["jax", 0, ALIKE, NOTHING, 2.5]) + "\n")
    runs = Runs(keep)
    runs.run("jax", 0, [ALIKE])
    assert runs.answers == {Job("jax", 0, ALIKE): Answer(NOTHING, 2.5)}
