"""Targets and predictions whose values the loss does not take. Only PyTorch raises for them."""

from __future__ import annotations

from tb_inputdiag.numbers import interval, whole
from tb_inputdiag.records import ArgumentFacts
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]

_TARGET = (Words("PyTorch", "all elements of target should be between 0 and 1"),)
_PREDICTION = (Words("PyTorch", "all elements of input should be between 0 and 1"),)


def _arrays(case: Case, name: str) -> list[ArgumentFacts]:
    """Returns an argument of the call, or its parts."""
    return [facts for facts in case.arguments.values() if facts.name.partition("/")[0] == name]


def _not_finite(case: Case, name: str) -> Finding | None:
    """An argument that holds NaN or infinities; None if none is known to."""
    bad = next((facts for facts in _arrays(case, name) if facts.nonfinite), None)
    if bad is None:
        return None
    own, total = bad.variable or bad.name, bad.nonfinite
    axes = len(bad.shape or ()) - 1
    every = f".all(axis={1 if axes == 1 else tuple(range(1, axes + 1))})" if axes > 0 else ""
    x, y = case.variable("x"), case.variable("y")
    return case.finding(
        f"'{own}' holds {whole(total)} value{'s' if total > 1 else ''} that {'are' if total > 1 else 'is'} NaN or "
        "infinite.",
        f"good = np.isfinite({own}){every}\n{x}, {y} = {x}[good], {y}[good]  # drops these examples",
        seen=f"{whole(total)} NaN or infinite",
        expected="finite values",
        subject=f"{'input' if name == 'x' else 'target'}:{_fed_name(case, bad)}",
        evidence={"nonfinite_count": total},
    )


def _fed_name(case: Case, facts: ArgumentFacts) -> str:
    """Returns what the records call an argument, or its part."""
    return facts.name.partition("/")[2] or facts.name


def _outside(case: Case) -> Finding:
    """Targets outside of 0..1 for binary cross-entropy."""
    outside = [f for f in _arrays(case, "y") if f.low is not None and f.high is not None and (f.low < 0 or f.high > 1)]
    if not outside:
        y = case.variable("y")
        return case.finding(
            f"binary_crossentropy takes targets from 0 to 1, and '{y}' holds others.",
            f'print({y}.min(), {y}.max())\n# labels: make them 0 and 1; measured values: loss="mse"',
            seen="others",
            expected="0..1",
            subject="target:y",
        )
    facts = outside[0]
    low, high = facts.low or 0.0, facts.high or 0.0
    own = facts.variable or facts.name
    return case.finding(
        f"binary_crossentropy takes targets from 0 to 1, and '{own}' holds {interval(low, high)}.",
        _mend(own, low, high, is_whole=facts.dtype.startswith(("int", "uint"))),
        seen=interval(low, high),
        expected="0..1",
        subject=f"target:{_fed_name(case, facts)}",
        evidence={"min": low, "max": high},
    )


def _mend(y: str, low: float, high: float, *, is_whole: bool) -> str:
    known = {
        (-1.0, 1.0): f"{y} = ({y} + 1) / 2  # -1 and 1 become 0 and 1",
        (1.0, 2.0): f"{y} = {y} - 1  # 1 and 2 become 0 and 1",
        (0.0, 255.0): f"{y} = {y} / 255  # 0 and 255 become 0 and 1",
    }
    if (low, high) in known:
        return known[low, high]
    if is_whole and low >= 0:
        units = int(high) + 1
        return (
            f'keras.layers.Dense({units}, activation="softmax")  # last layer\n'
            'model.compile(..., loss="sparse_categorical_crossentropy")'
        )
    return 'keras.layers.Dense(1)  # last layer, for measured values\nmodel.compile(..., loss="mse")'


_LABELS = """\
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
x, y = np.random.rand(6, 4), np.array([-1, 1, 1, -1, 1, -1])
model.fit(x, y)
"""
_GAP = mend(_LABELS, "np.array([-1, 1, 1, -1, 1, -1])", "np.array([0, 1, 1, np.nan, 1, 0])")
_INPUT_GAP = mend(_LABELS, "np.array([-1, 1, 1, -1, 1, -1])\n", "np.array([0, 1, 1, 0, 1, 0])\nx[3, 1] = np.nan\n")
_GOOD = "good = np.isfinite({})\nmodel.fit(x[good], y[good])\n"
_ROOT = """\
inputs = keras.Input((4,))
hidden = keras.ops.sqrt(keras.layers.Dense(8)(inputs))
model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden))
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(np.random.randn(32, 4), np.zeros(32))
"""
KINDS = (
    Kind(
        id="nan-among-the-targets",
        title="Targets are NaN",
        words=_TARGET,
        cause="A target of NaN is not between 0 and 1. On the other backends the loss becomes NaN.",
        failing=_GAP,
        mended=mend(_GAP, "model.fit(x, y)\n", _GOOD.format("y")),
        explain=lambda case: _not_finite(case, "y"),
        rule="non-finite-target",
        backend="torch",
    ),
    Kind(
        id="targets-beyond-0-and-1",
        title="Targets of binary cross-entropy are below 0 or above 1",
        words=_TARGET,
        cause="binary_crossentropy takes 0 and 1, or probabilities. Other backends train on without any meaning.",
        failing=_LABELS,
        mended=mend(_LABELS, "model.fit(x, y)", "model.fit(x, (y + 1) / 2)"),
        explain=_outside,
        rule="label-loss-mismatch",
        backend="torch",
    ),
    Kind(
        id="predictions-of-nan-inputs",
        title="Predictions are NaN, because an input is",
        words=_PREDICTION,
        cause="An input of NaN makes the prediction NaN, which is not between 0 and 1.",
        failing=_INPUT_GAP,
        mended=mend(_INPUT_GAP, "model.fit(x, y)\n", _GOOD.format("x).all(axis=1")),
        explain=lambda case: _not_finite(case, "x"),
        rule="non-finite-input",
        backend="torch",
    ),
    Kind(
        id="predictions-that-are-nan",
        title="Predictions are NaN",
        words=_PREDICTION,
        cause="A prediction of NaN is not between 0 and 1. On the other backends the loss becomes NaN.",
        failing=_ROOT,
        mended=mend(_ROOT, "keras.ops.sqrt(keras.layers.Dense(8)(inputs))", "keras.layers.Dense(8)(inputs)"),
        explain=plainly(
            "The model predicts NaN, so binary_crossentropy cannot be computed.",
            "np.isfinite({x}).all()  # if False: the data; if True: a layer, or the weights\n"
            "keras.optimizers.Adam(1e-4, clipnorm=1.0)  # if it trained well at first",
            seen="NaN",
            expected="0..1",
            subject="loss",
        ),
        rule="non-finite-loss",
        backend="torch",
    ),
)
"""Kinds of this family."""
