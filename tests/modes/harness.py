"""Runs a row of the matrix without and with the callback, and compares."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.log.reader import read
from tb_inputdiag.records import Losses, ModelFacts, Sample, SessionEnd, SessionStart
from tests.modes.oracle import assert_batch
from tests.modes.rows import Row, Seen
from tests.warned import warned


def fresh(seed: int = 7) -> None:
    """Makes the next model the same as any other after this call, down to its names."""
    keras.backend.clear_session()
    keras.config.set_dtype_policy("float32")
    keras.utils.set_random_seed(seed)


def weights_of(model: Any) -> list[np.ndarray]:
    """Returns copies of all of a model's variables, its optimizer's and its metrics' included."""
    return [np.array(keras.ops.convert_to_numpy(v)) for v in model.variables + optimizer_variables(model)]


def optimizer_variables(model: Any) -> list[Any]:
    """Returns the variables of all optimizers of a model."""
    found = [v for v in vars(model).values() if isinstance(v, keras.optimizers.Optimizer)]
    return [variable for optimizer in found for variable in optimizer.variables]


def attributes(model: Any) -> dict[str, type]:
    """Returns name -> type of everything that hangs on a model."""
    return {name: type(value) for name, value in vars(model).items()}


def assert_same_history(a: Any, b: Any) -> None:
    """Asserts bit-identical histories."""
    assert set(a) == set(b)
    for key in a:
        assert np.array_equal(a[key], b[key], equal_nan=True), f"history of {key}: {a[key]} and {b[key]}"


def assert_same_weights(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    """Asserts bit-identical variables."""
    assert len(a) == len(b)
    for index, (x, y) in enumerate(zip(a, b, strict=True)):
        assert np.array_equal(x, y, equal_nan=x.dtype.kind in "fc"), f"variable {index} of shape {x.shape}"


def records_of(log_dir: str | Path) -> list[Any]:
    """Returns all records below a folder, in order."""
    log = read(log_dir)
    for run in log.runs:
        assert not run.problems, run.problems
    return [record for run in log.runs for session in run.sessions for record in session.records()]


def run_row(row: Row, log_dir: Path) -> Seen:
    """Runs a row twice and asserts all that holds of every row; returns what the watched run left."""
    fresh()
    plain = row.build()
    before = plain_gradients(row, plain)
    history = copy.deepcopy(dict(row.fit(plain, [])))
    expected, hangs_on = weights_of(plain), attributes(plain)

    fresh()
    model = row.build()
    plain_gradients(row, model)
    callback = InputDiagnostics(str(log_dir), every=row.every, verbose=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        watched = row.fit(model, [callback])
    trouble = warned(caught)
    assert not trouble, trouble
    assert_same_history(history, watched)
    assert_same_weights(expected, weights_of(model))
    assert attributes(model) == hangs_on
    seen = Seen(records_of(log_dir), str(log_dir), callback, model, tuple(str(w.message) for w in caught))
    _assert_records(row, seen)
    _assert_steps(row, seen)
    if before is not None:
        found = seen.gradient_norms(seen.samples()[0])
        assert set(found) == set(before)
        for name, norm in before.items():
            np.testing.assert_allclose(found[name], norm, rtol=2e-3, atol=1e-7, err_msg=name)
    if row.expect is not None:
        row.expect(seen)
    return seen


def plain_gradients(row: Row, model: Any) -> Any:
    """Computes the gradients of the first step by hand, and sets the seed anew: layers may have drawn numbers."""
    if row.gradients is None:
        return None
    found = dict(row.gradients(model))
    keras.utils.set_random_seed(11)
    return found


def _assert_records(row: Row, seen: Seen) -> None:
    assert isinstance(seen.records[0], SessionStart)
    end = seen.records[-1]
    assert isinstance(end, SessionEnd)
    assert end.recording_stopped_step is None
    assert seen.of(ModelFacts)
    for split in row.splits:
        assert seen.samples(split), f"no sample of {split}"
    for sample in seen.samples():
        assert visible(seen, sample) == row.sees, sorted(visible(seen, sample))
    if row.batches is not None:
        batches = row.batches()
        for sample in seen.samples():
            replicas = seen.facts.replicas
            assert_batch(sample, seen.layouts[sample.layout], batches[sample.step % len(batches)], replicas)


def _assert_steps(row: Row, seen: Seen) -> None:
    """Steps begin at 0, increase, and come to the end that they should."""
    steps = [s.step for s in seen.samples()]
    assert steps == sorted(set(steps)), steps
    if steps:
        assert steps[0] == 0
    noted = np.concatenate([r.step for r in seen.of(Losses)] or [np.zeros(0, int)]).tolist()
    assert noted == sorted(set(noted)), noted
    if row.steps is not None:
        assert seen.records[-1].step == row.steps - 1, seen.records[-1].step
        assert steps[-1] < row.steps
        if "loss" in row.sees:
            assert noted, "no losses"
            assert noted[-1] == row.steps - 1, noted
    for sample in seen.samples():
        index = noted.index(sample.step) if sample.step in noted else None
        if index is not None and "loss" in row.sees and seen.facts.steps_per_execution == 1:
            loss = np.concatenate([r.loss for r in seen.of(Losses)])[index]
            np.testing.assert_allclose(loss, sample.loss, rtol=1e-4, equal_nan=True)


def visible(seen: Seen, sample: Sample) -> frozenset[str]:
    """Returns what a sample shows."""
    layout = seen.layouts[sample.layout]
    roles = {(t.role, t.stage) for t in layout.tensors}
    # NaN stands for what was not seen, unless it was counted
    bad_gradients = sample.weights is not None and np.nansum(sample.weights.gradient_nonfinite_count) > 0
    bad_outputs = any(view.nan_count for view in sample.views(layout, "prediction"))
    shown = {
        "inputs": ("input", "fed") in roles,
        "targets": ("target", "fed") in roles,
        "outputs": ("prediction", "fed") in roles,
        "entry": ("input", "entry") in roles,
        "gradients": sample.weights is not None and (bad_gradients or not np.isnan(sample.weights.gradient_norm).all()),
        "layers": sample.layers is not None,
        "loss": bad_outputs or not np.isnan(sample.loss),
    }
    return frozenset(name for name, is_shown in shown.items() if is_shown)
