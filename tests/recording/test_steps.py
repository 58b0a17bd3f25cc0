from __future__ import annotations

from tb_inputdiag.recording.steps import StepCount


def test_steps_count_from_the_iterations_at_the_beginning():
    steps = StepCount(40)
    assert (steps.trained, steps.latest) == (40, 39)
    steps.begin("train", 40)
    assert steps.advance("train", 1) == 40
    assert steps.advance("train", 5) == 41
    assert (steps.trained, steps.latest) == (46, 45)


def test_evaluations_count_from_0():
    steps = StepCount(None)
    assert steps.latest == 0
    steps.begin("validation", 7)
    assert [steps.advance("validation", 2), steps.advance("validation", 2)] == [0, 2]
    steps.begin("validation", 7)
    assert steps.advance("validation", 2) == 0
    assert steps.trained == 0


def test_iterations_that_another_callback_restored_are_taken_over():
    steps = StepCount(0)
    assert not steps.synchronize(60, 1)
    assert steps.trained == 60


def test_an_execution_of_several_steps_that_held_fewer_is_corrected():
    steps = StepCount(0)
    steps.synchronize(0, 5)
    steps.advance("train", 5)
    steps.advance("train", 5)
    assert steps.synchronize(6, 5)
    assert steps.trained == 6
    steps.advance("train", 5)
    assert not steps.synchronize(11, 5)
    assert steps.trained == 11


def test_iterations_that_do_not_count_batches_change_nothing():
    steps = StepCount(0)
    steps.synchronize(0, 1)
    for _ in range(4):
        steps.advance("train", 1)
    # two updates of four were skipped
    assert not steps.synchronize(2, 1)
    assert steps.trained == 4
