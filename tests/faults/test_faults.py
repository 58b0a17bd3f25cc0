"""A few trials of every fault; `make faults` runs them all and makes docs/faults.md."""

from __future__ import annotations

from pathlib import Path

import pytest

import tb_inputdiag
from tests.faults import mutation, namespace, strangers
from tests.faults.trials import STRANGE_KINDS, FaultOutcome, Trials, run_command
from tests.log import synthetic

needs_mounts = pytest.mark.skipif(
    not namespace.available(),
    reason="the kernel gives this process no mounts of its own (unprivileged user namespaces)",
)


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    return Trials(tmp_path_factory.mktemp("faults"))


def survived(*outcomes: FaultOutcome) -> bool:
    """The trials raise when something is wrong; this holds that they were made, and that no alert is lost."""
    return all(o.tried == o.survived > 0 and not o.lost for o in outcomes)


def test_a_killed_run_leaves_every_alert_that_it_printed(trials: Trials) -> None:
    assert survived(trials.killed(3))


@needs_mounts
def test_training_goes_on_when_the_disk_is_full(trials: Trials) -> None:
    assert survived(trials.full_disk(2))


def test_training_goes_on_when_the_file_may_not_grow(trials: Trials) -> None:
    assert survived(trials.file_limit(1))


def test_training_goes_on_when_its_log_is_removed(trials: Trials) -> None:
    assert survived(trials.removed(1))


@needs_mounts
def test_training_goes_on_when_its_log_is_read_only(trials: Trials) -> None:
    assert survived(trials.read_only(3))


def test_two_training_runs_may_write_to_one_directory_at_once(trials: Trials) -> None:
    assert survived(trials.two_at_once(1))


def test_a_clock_that_is_set_back_loses_nothing(trials: Trials) -> None:
    assert survived(trials.clock_set_back(2))


def test_mutated_files_get_plain_words(trials: Trials) -> None:
    assert survived(*trials.mutated_files(13))


def test_damage_in_any_column_leaves_the_statistics_of_the_others(tmp_path: Path) -> None:
    path = synthetic.write(tmp_path, synthetic.Spec(samples=12, weights=3), per_flush=3)
    data = path.read_bytes()
    lost = 0
    for place in range(60):
        path.write_bytes(mutation.flip_payload(data, "tensors", place / 60))
        assert run_command(("inputs",), tmp_path) == 0
        run = tb_inputdiag.read(tmp_path).run
        rows = run.inputs["image"]
        lost += len({len(getattr(rows, column)) for column in rows.columns}) > 1
    assert lost > 5, "No column was hit."


def test_logs_of_strangers_do_no_harm(trials: Trials) -> None:
    assert set(STRANGE_KINDS) == set(strangers.KINDS)
    assert survived(*trials.strangers(3))


def test_malformed_queries_get_clear_answers(trials: Trials) -> None:
    assert survived(*trials.malformed_queries(60))


def test_ours_and_the_other_plugins_do_not_disturb_each_other(trials: Trials) -> None:
    assert survived(*trials.beside_other_plugins())
