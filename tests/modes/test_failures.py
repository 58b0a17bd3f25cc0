"""Whatever fails inside the callback: one warning with the reason, the same result, and the log says where it ended."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import pytest

from tb_inputdiag.capture import assemble
from tb_inputdiag.console import InputDiagWarning
from tb_inputdiag.log.reader import read
from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.records import SessionEnd
from tb_inputdiag.rules import RuleEngine
from tb_inputdiag.statistics.tensors import moments
from tests.modes.harness import assert_same_history, assert_same_weights, attributes, fresh, records_of, weights_of
from tests.modes.models import fit_table, regressor
from tests.modes.rows import BACKENDS, mode
from tests.modes.test_lifecycle import silent
from tests.warned import warned


class Broken(Exception):
    """Simulates a bug of this package."""


def _broken(*args: Any, **kwargs: Any) -> Any:
    raise Broken("simulated")


def _after(calls: int, original: Any, exception: BaseException) -> Any:
    """Returns a function that works so many times."""
    done = []

    def limited(*args: Any, **kwargs: Any) -> Any:
        done.append(1)
        if len(done) > calls:
            raise exception
        return original(*args, **kwargs)

    return limited


def train(callbacks: list[Any]) -> tuple[Any, Any, Any]:
    fresh()
    model = regressor()
    history = fit_table(model, callbacks, epochs=2)
    return history, weights_of(model), attributes(model)


def _module(name: str) -> Any:
    """Returns a module of the backend of this process."""
    return import_module(f"tb_inputdiag.capture.{keras.config.backend()}.{name}")


def _break_program(patch: pytest.MonkeyPatch) -> None:
    modules = {"tensorflow": "probed_step", "jax": "shadow", "torch": "twin"}
    patch.setattr(_module(modules[keras.config.backend()]), "build", _broken)


def _break_read_back(patch: pytest.MonkeyPatch) -> None:
    holder: Any
    if keras.config.backend() == "torch":
        holder, name = _module("twin"), "_on_host"
    elif keras.config.backend() == "jax":
        holder, name = _module("shadow").Shadow, "read"
    else:
        holder, name = _module("result_buffers").Slot, "read"
    patch.setattr(holder, name, _after(2, getattr(holder, name), Broken("simulated")))


STAGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "kernel": lambda patch: patch.setattr(moments, "reduce", _broken),
    "program": _break_program,
    "read-back": _break_read_back,
    "record": lambda patch: patch.setattr(assemble, "sample", _after(2, assemble.sample, Broken("simulated"))),
    "engine": lambda patch: patch.setattr(RuleEngine, "feed", _after(6, RuleEngine.feed, Broken("simulated"))),
}


@mode(
    "When something fails on our side",
    "In the probe, the read-back, a rule: a warning, the same result, recording stops",
    on=BACKENDS,
)
@pytest.mark.parametrize("stage", STAGES)
def test_a_failure_of_ours(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = train([])
    STAGES[stage](monkeypatch)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = train([silent(tmp_path, every=1)])
    ours = warned(caught)
    assert len(ours) == 1, ours
    assert "simulated" in ours[0]
    assert_same_history(expected[0], found[0])
    assert_same_weights(expected[1], found[1])
    assert expected[2] == found[2]
    end = records_of(tmp_path)[-1]
    assert isinstance(end, SessionEnd)
    assert end.recording_stopped_step is not None
    assert f"recording stopped at step {end.recording_stopped_step}" in ours[0]
    assert "simulated" in end.reason


@mode(
    "When something fails on our side",
    "A full disk",
    note="the log ends where the disk was full, without an end record",
    on=BACKENDS,
)
def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = train([])
    callback = silent(tmp_path, every=1)
    full = OSError(errno.ENOSPC, "No space left on device")
    with warnings.catch_warnings(record=True) as caught, monkeypatch.context() as patch:
        warnings.simplefilter("always")
        patch.setattr(LogWriter, "_put", _after(1, LogWriter._put, full))
        found = train([callback])
    ours = warned(caught)
    assert len(ours) == 1, ours
    assert "No space left" in ours[0]
    assert_same_history(expected[0], found[0])
    assert_same_weights(expected[1], found[1])
    assert read(tmp_path, missing_ok=True) is not None


def test_unwritable_log_at_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = train([])
    monkeypatch.setattr("tb_inputdiag.log.open_log.LogWriter", _broken)
    with pytest.warns(InputDiagWarning, match="simulated") as caught:
        found = train([silent(tmp_path)])
    assert len(warned(caught)) == 1
    assert_same_history(expected[0], found[0])
    assert_same_weights(expected[1], found[1])
    assert expected[2] == found[2]
