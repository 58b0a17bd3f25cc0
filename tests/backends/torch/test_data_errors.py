"""Data whose elements do not fit each other: PyTorch reads it between two steps, and the fix can be pasted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.log.reader import read
from tb_inputdiag.recording.explanations import explain_exception

ODD = 9
"""The example that is of another shape."""


class Elements(torch.utils.data.Dataset[Any]):
    """Examples of one shape but for one; `mended` is a line that may give all of them one shape."""

    def __init__(self, usual: tuple[int, ...], odd: tuple[int, ...], mended: str = "") -> None:
        self._usual, self._odd, self._mended = usual, odd, mended

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        shape = self._odd if index == ODD else self._usual
        names = {"x": torch.as_tensor(np.ones(shape, np.float32)), "torch": torch, "keras": keras}
        exec(self._mended, names)
        return names["x"], np.ones(1, np.float32)


def _explained(tmp_path: Path, usual: tuple[int, ...], odd: tuple[int, ...]) -> str:
    """Returns the fix for such data, once the log is checked."""
    model = keras.Sequential([keras.Input(tuple(None for _ in usual)), keras.layers.Lambda(lambda x: keras.ops.sum(x))])
    model.compile("sgd", lambda y, predicted: keras.ops.sum(y) + predicted)
    loader = torch.utils.data.DataLoader(Elements(usual, odd), batch_size=4)
    with pytest.raises(RuntimeError, match="stack expects") as caught:
        model.fit(loader, verbose=0, callbacks=[InputDiagnostics(tmp_path, verbose=0)])
    (alert,) = explain_exception(caught.value)
    (session,) = read(tmp_path).run.sessions
    assert (session.status, session.last_step) == ("failed", ODD // 4 - 1)
    assert [found.rule for found in session.alerts] == [alert.rule] == ["shape-mismatch"]
    return alert.fix


def test_rows(tmp_path: Path) -> None:
    names = {"torch": torch, "dataset": Elements((3,), (4,))}
    exec(_explained(tmp_path, (3,), (4,)), names)
    loader: Any = names["loader"]
    ((x, y),) = loader
    assert (tuple(x.shape), tuple(y.shape)) == ((16, 4), (16, 1))


@pytest.mark.parametrize(("usual", "odd"), [((6, 5, 3), (7, 7, 3)), ((3, 6, 5), (3, 7, 7))])
def test_images(usual: tuple[int, ...], odd: tuple[int, ...], tmp_path: Path) -> None:
    fix = _explained(tmp_path, usual, odd)
    loader = torch.utils.data.DataLoader(Elements(usual, odd, fix), batch_size=4)
    assert {tuple(x.shape) for x, _ in loader} == {(4, *usual)}


def test_images_with_and_without_colour(tmp_path: Path) -> None:
    assert 'convert("RGB")' in _explained(tmp_path, (6, 5, 3), (6, 5, 1))
