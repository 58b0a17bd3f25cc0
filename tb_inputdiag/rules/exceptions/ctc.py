"""Targets and predictions of CTC."""

from __future__ import annotations

import re

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.target_and_output import target_name
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import parse_shape

__all__ = ["KINDS"]


def _sequences(case: Case) -> Finding | None:
    y = target_name(case)
    # in a graph, the batch size is a tensor
    shape, length = (parse_shape(re.sub(r"<[^>]*>", "None", case[name])) for name in ("target", "output"))
    if case["output"] and length is not None:
        return case.finding(
            f"CTC reads (batch, steps, characters) from the model, and gets {shape_text(length)}.",
            "keras.layers.Dense(characters + 1)  # behind LSTM(..., return_sequences=True); 0 is the blank",
            seen=shape_text(length),
            expected="(batch, steps, characters)",
            subject="model",
        )
    if shape is None:
        return None
    hot = len(shape) == 3
    return case.finding(
        f"CTC takes the numbers of the characters, (batch, length), and '{y}' has shape {shape_text(shape)}"
        f"{': it is one-hot' if hot else ''}.",
        f"{y} = {y}.argmax(axis=-1)  # one-hot -> numbers; or leave out to_categorical"
        if hot
        else f"{y} = np.reshape({y}, (len({y}), -1))  # one row for each example; 0 fills up the shorter ones",
        seen=shape_text(shape),
        expected="(batch, length)",
        subject=f"target:{y}" if not case.fed("target") else f"target:{case.fed('target')[0].name}",
    )


_SPOKEN = """\
model = keras.Sequential([keras.Input((16, 4)), keras.layers.Dense(5)])
model.compile(optimizer="adam", loss=keras.losses.CTC())
x, y = np.random.rand(8, 16, 4), np.eye(5)[np.ones((8, 3), int)]
model.fit(x, y)
"""
KINDS = (
    Kind(
        id="one-hot-sequences-with-ctc",
        title="CTC gets something else than the numbers of characters",
        words=(
            Words(
                "Keras",
                "Targets `y_true` are expected to be a tensor of shape `(batch_size, max_length)` in integer format. "
                "Received: y_true.shape={target}\n",
            ),
            Words(
                "Keras",
                "Logits `y_pred` are expected to be a tensor of shape `(batch_size, max_length, num_classes)`. "
                "Received: y_pred.shape={output}\n",
            ),
        ),
        cause="CTC finds by itself at which step a character stands. It takes the text as numbers, and 0 is the blank.",
        failing=_SPOKEN,
        mended=mend(_SPOKEN, "np.eye(5)[np.ones((8, 3), int)]", "np.ones((8, 3), int)"),
        explain=_sequences,
        rule="label-loss-mismatch",
    ),
)
"""Kinds of this family."""
