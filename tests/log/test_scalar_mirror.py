"""TensorBoard's own tabs show what `mirror_scalars` adds, through TensorBoard's own data providers."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.context import RequestContext

import tb_inputdiag
from tb_inputdiag.log.codec import Numbered
from tb_inputdiag.log.scalar_mirror import GROUP, ScalarMirror
from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.records import Losses, Sample
from tests.log import synthetic
from tests.log.strategies import same
from tests.log.test_tensorboard import fast_loader, python_loader
from tests.log.test_writer import an_alert

SPEC = synthetic.Spec(samples=60, weights=2, images=False, alerts=4)


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    writer = LogWriter(folder, session="s-1", mirror=ScalarMirror(), file_bytes=40_000)
    for record in synthetic.records(SPEC):
        writer.write(record)
        if isinstance(record, Losses):
            writer.flush()
    writer.close()
    return folder


def scalars(provider: Any, tag: str) -> list[Any]:
    found = provider.read_scalars(RequestContext(), experiment_id="", plugin_name="scalars", downsample=10_000)
    return list(found["inputdiag"][f"{GROUP}/{tag}"])


@pytest.mark.parametrize("loader", [python_loader, fast_loader])
def test_scalars_and_text_appear(log_dir: Path, loader: Any) -> None:
    provider = loader(log_dir)
    session = tb_inputdiag.read(log_dir).run.session
    norms = {sample.step: sample.gradient_norm for sample in session.records() if _is_train(sample)}
    shown = {datum.step: datum.value for datum in scalars(provider, "gradient_norm")}
    assert shown.keys() == {step for step, norm in norms.items() if not math.isnan(norm)}
    finite = [step for step in shown if math.isfinite(norms[step])]
    assert np.allclose([shown[step] for step in finite], [norms[step] for step in finite], rtol=1e-6)
    losses = scalars(provider, "loss")
    assert losses[-1].step == session.loss.step[-1]
    assert len(losses) > 10
    texts = provider.read_tensors(RequestContext(), experiment_id="", plugin_name="text", downsample=1000)["inputdiag"]
    for alert in session.alerts:
        (data,) = texts[f"{GROUP}/{alert.rule}/{alert.subject}"][:1]
        text = data.numpy.item().decode()
        assert alert.message in text
        assert f"**{alert.severity.name} {alert.rule}**" in text


def _is_train(record: object) -> bool:
    return isinstance(record, Sample) and record.split == "train"


def test_the_log_is_the_same_as_without(log_dir: Path) -> None:
    run = tb_inputdiag.read(log_dir).run
    assert run.problems == []
    assert all(map(same, synthetic.records(SPEC), run.session.records()))


def numbered(*records: Any) -> list[Numbered]:
    return [Numbered(seq, record) for seq, record in enumerate(records)]


def losses(first: int, values: list[float]) -> Losses:
    return Losses(step=np.arange(first, first + len(values)), loss=np.array(values, np.float32), epoch=0)


def values_of(events: list[Any]) -> list[tuple[str, int, float]]:
    return [(e.summary.value[0].tag, e.step, e.summary.value[0].tensor.float_val[0]) for e in events]


def test_losses_of_many_steps_are_a_few_means() -> None:
    found = values_of(list(ScalarMirror().events(numbered(losses(0, [1, 2, 3, 4] * 2)), 0.0)))
    assert found == [
        (f"{GROUP}/loss", step, pytest.approx(mean)) for step, mean in ((1, 1.5), (3, 3.5), (5, 1.5), (7, 3.5))
    ]


def test_a_loss_that_is_not_finite_is_shown() -> None:
    ((_, step, value),) = values_of(list(ScalarMirror().events(numbered(losses(7, [math.nan])), 0.0)))
    assert step == 7
    assert math.isnan(value)


def test_steps_never_go_back() -> None:
    mirror = ScalarMirror()
    assert len(list(mirror.events(numbered(losses(10, [1.0])), 0.0))) == 1
    assert list(mirror.events(numbered(losses(5, [1.0])), 0.0)) == []


def test_an_alert_is_shown_when_it_opens_and_when_it_is_resolved() -> None:
    mirror = ScalarMirror()
    alert = an_alert()
    changed = {"count": 5, "last_step": 9}
    states = [
        alert,
        dataclasses.replace(alert, **changed),
        dataclasses.replace(alert, **changed, state="resolved", resolved_step=9),
    ]
    events = [event for state in states for event in mirror.events(numbered(state), 0.0)]
    texts = [event.summary.value[0].tensor.string_val[0].decode() for event in events]
    assert [event.step for event in events] == [1, 9]
    assert "    f" in texts[0]
    assert "(resolved)" in texts[1]
