"""Where a Keras model keeps its compiled functions."""

from __future__ import annotations

from typing import NamedTuple

import keras

from tb_inputdiag.records import Split

__all__ = ["STEP_FUNCTIONS", "StepFunction", "steps_per_execution"]


class StepFunction(NamedTuple):
    """One compiled function of a model: names of its attributes."""

    function: str
    """The compiled function; None until it is made."""
    step: str
    """The method that it compiles."""
    make: str
    """The method that makes it."""


STEP_FUNCTIONS: dict[Split, StepFunction] = {
    "train": StepFunction("train_function", "train_step", "make_train_function"),
    "validation": StepFunction("test_function", "test_step", "make_test_function"),
    "predict": StepFunction("predict_function", "predict_step", "make_predict_function"),
}


def steps_per_execution(model: keras.Model) -> int:
    """Returns how many steps one call of the model's compiled functions runs."""
    return max(1, int(getattr(model, "steps_per_execution", 1)))
