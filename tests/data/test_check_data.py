"""`check_data` on real data: planted faults are found, and nothing is said about good data."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tb_inputdiag
from tb_inputdiag.datacheck.progress import PassProgress
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.log.reader import read
from tb_inputdiag.records import Severity
from tb_inputdiag.rules.engine import judge
from tests.data.real import TABLES, mnist, table


def _check(*args: Any, **options: Any) -> tb_inputdiag.DataCheck:
    return tb_inputdiag.check_data(*args, progress=False, **options)


def _rules(found: tb_inputdiag.DataCheck, least: Severity = Severity.INFO) -> set[str]:
    return {alert.rule for alert in found.alerts if alert.severity >= least}


def _scaled() -> tuple[np.ndarray, np.ndarray]:
    x, y = mnist()
    return (x / 255).astype(np.float32), y


# -- good data -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_nothing_is_wrong_with_standardized_tables(name: str) -> None:
    x, y = table(name)
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-9)
    order = np.random.default_rng(0).permutation(len(x))
    train, held_out = order[len(x) // 4 :], order[: len(x) // 4]
    found = _check(x[train], y[train], validation_data=(x[held_out], y[held_out]))
    # the targets of diabetes go from 25 to 346
    assert _rules(found, Severity.WARNING) <= ({"unscaled-target"} if name == "load_diabetes" else set())


def test_nothing_is_wrong_with_scaled_digits() -> None:
    x, y = _scaled()
    found = _check(x[:4000], y[:4000], validation_data=(x[4000:], y[4000:]), loss="sparse_categorical_crossentropy")
    assert not found.alerts, found
    assert "No alerts." in str(found)


def _split(name: str, seed: int, *, standardized: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    x, y = table(name)
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-9) if standardized else x.astype(np.float64)
    order = np.random.default_rng(seed).permutation(len(x))
    train, held_out = order[len(x) // 4 :], order[: len(x) // 4]
    return x[train], y[train], x[held_out], y[held_out]


@pytest.mark.parametrize("standardized", [False, True])
@pytest.mark.parametrize("name", TABLES)
def test_random_splits_have_the_same_units(name: str, standardized: bool) -> None:
    for seed in range(3):
        x, y, x_val, y_val = _split(name, seed, standardized=standardized)
        assert "train-validation-skew" not in _rules(_check(x, y, validation_data=(x_val, y_val)))


def test_random_splits_of_small_and_wild_data_have_the_same_units() -> None:
    rng = np.random.default_rng(0)
    for examples in (40, 90, 300):
        wild = [rng.lognormal(0, 2, examples), rng.standard_cauchy(examples), rng.poisson(0.7, examples)]
        rare = [rng.random(examples) < 0.3, rng.pareto(1, examples), rng.integers(0, 2, examples) * 1e6]
        x = np.stack([*wild, *rare, rng.normal(0, 1, examples)], 1)
        cut = examples // 4
        found = _check(x[cut:], x[cut:, -1] > 0, validation_data=(x[:cut], x[:cut, -1] > 0))
        assert not [alert for alert in found.alerts if "factors" in alert.evidence], found


@pytest.mark.parametrize("factor", [0.1, 60.0, 1000.0])
@pytest.mark.parametrize(
    ("name", "column", "standardized"),
    [
        ("load_wine", 12, False),
        ("load_wine", 0, True),
        ("load_breast_cancer", 3, False),
        ("load_breast_cancer", 7, True),
        ("load_diabetes", 1, False),  # two values
        ("load_diabetes", 2, False),
    ],
)
def test_a_column_in_other_units_is_found(name: str, column: int, standardized: bool, factor: float) -> None:
    x, y, x_val, y_val = _split(name, 0, standardized=standardized)
    x_val[:, column] *= factor
    found = _check(x, y, validation_data=(x_val, y_val))
    (alert,) = [alert for alert in found.alerts if alert.rule == "train-validation-skew"]
    assert alert.severity == Severity.WARNING
    assert alert.evidence["columns"] == [str(column)]
    assert alert.fix.splitlines()[-1].startswith(f"x_val[..., {column}] {'/=' if factor > 1 else '*='} ")
    exec(alert.fix, {"x_val": x_val})  # it can be pasted, and the column is right then
    again = _check(x, y, validation_data=(x_val, y_val))
    assert "train-validation-skew" not in _rules(again, Severity.WARNING)


# -- planted faults --------------------------------------------------------------------------------

Parts = dict[str, Any]


def _nan(parts: Parts) -> None:
    parts["x"][[7, 4010 % 4000]] = np.nan


def _copies(parts: Parts) -> None:
    parts["x"][1000:1100] = parts["x"][:100]


def _shared(parts: Parts) -> None:
    parts["x_val"][:50] = parts["x"][200:250]


def _raw_validation(parts: Parts) -> None:
    parts["x_val"] = parts["x_val"] * 255


def _raw(parts: Parts) -> None:
    parts["x"] = parts["x"] * 255
    parts["x_val"] = parts["x_val"] * 255


def _labels_from_one(parts: Parts) -> None:
    parts["y"] = np.where(np.arange(4000) < 3900, 0, parts["y"])


def _rare_class(parts: Parts) -> None:
    parts["y"][:2] = 11


@pytest.mark.parametrize(
    ("plant", "rule"),
    [
        (_nan, "non-finite-input"),
        (_copies, "duplicate-examples"),
        (_shared, "train-validation-overlap"),
        (_raw_validation, "train-validation-skew"),
        (_raw, "unnormalized-input"),
        (_labels_from_one, "class-imbalance"),
        (_rare_class, "rare-category"),
    ],
)
def test_a_fault_planted_in_digits_is_found(plant: Callable[[Parts], None], rule: str) -> None:
    x, y = _scaled()
    parts: Parts = {"x": x[:4000].copy(), "y": y[:4000].copy(), "x_val": x[4000:].copy(), "y_val": y[4000:]}
    plant(parts)
    found = _check(
        parts["x"],
        parts["y"],
        validation_data=(parts["x_val"], parts["y_val"]),
        loss="sparse_categorical_crossentropy",
    )
    assert rule in _rules(found), found


def _frame() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(table("load_breast_cancer")[0][:, :6], columns=list("abcdef"))
    frame = pd.concat([frame + rng.normal(0, 1e-6, frame.shape) for _ in range(4)], ignore_index=True)
    frame = (frame - frame.mean()) / frame.std()
    return frame, np.tile(table("load_breast_cancer")[1], 4)


@pytest.mark.parametrize(
    ("change", "rule", "subject", "words"),
    [
        (lambda f, y: f.assign(leak=y + f["a"] * 1e-3), "target-leakage", "input:x", "'leak'"),
        (lambda f, y: f.assign(c=f["c"].where(f.index % 9 > 0, -999.0)), "sentinel-value", "input:x", "'c'"),
        (lambda f, y: f.assign(d=7.0), "constant-feature", "input:x", "'d'"),
        (lambda f, y: f.assign(b=f["b"].where(f.index != 77, 1e5)), "outlying-value", "input:x", "example 77"),
        (lambda f, y: f.assign(city="Ulm"), "dtype-mismatch", "input:x/city", "text"),
        (
            lambda f, y: f.assign(n=f["a"].round(1).astype(str).where(f.index != 3, "?")),
            "sentinel-value",
            "input:x/n",
            "'?'",
        ),
        (
            lambda f, y: f.assign(city=np.where(f.index == 5, "ulm", np.where(f.index % 2, "Ulm", "Bonn"))),
            "rare-category",
            "input:x/city",
            "'ulm'",
        ),
    ],
)
def test_a_fault_planted_in_a_frame_is_found(change: Any, rule: str, subject: str, words: str) -> None:
    frame, y = _frame()
    found = _check(change(frame, y), y)
    alert = next((a for a in found.alerts if (a.rule, a.subject) == (rule, subject)), None)
    assert alert is not None, found
    assert words in alert.message


def test_all_examples_with_nan_are_named() -> None:
    x = _scaled()[0][:3000].copy()
    bad = np.sort(np.random.default_rng(0).choice(3000, 400, replace=False))
    x[bad, 3, 4] = np.nan
    found = _check(x)
    tensor = found.train.tensor("input:x")
    assert tensor is not None
    np.testing.assert_array_equal(tensor.bad_examples, bad)


def test_images_of_other_sizes_are_named() -> None:
    x = _scaled()[0][:200]
    images = [image if i != 17 else image[:20] for i, image in enumerate(x)]
    found = _check(images)
    (alert,) = [alert for alert in found.alerts if alert.rule == "inconsistent-examples"]
    assert "(20, 28, 1) in example 17" in alert.message


# -- forms of data ---------------------------------------------------------------------------------


class _PyData:
    """As a PyDataset: batches by number."""

    num_batches = 10

    def __getitem__(self, i: int) -> Any:
        return _batches()[i]


class _Loader:
    """As a DataLoader: has a length, and begins again each time."""

    dataset = ()

    def __len__(self) -> int:
        return 10

    def __iter__(self) -> Any:
        return iter([list(batch) for batch in _batches()])


class _Dataset:
    """As a `tf.data.Dataset`."""

    element_spec = None

    def cardinality(self) -> int:
        return -2

    def __iter__(self) -> Any:
        return iter(_batches())


def _batches() -> list[tuple[np.ndarray, np.ndarray]]:
    x, y = _scaled()
    return [(x[i : i + 100], y[i : i + 100]) for i in range(0, 1000, 100)]


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (_PyData(), {}),
        (_Loader(), {}),
        (_Dataset(), {}),
        (lambda: iter(_batches()), {}),
        (iter(_batches()), {"steps": 10}),
    ],
)
def test_every_form_gives_the_same_statistics(data: Any, options: Any) -> None:
    x, y = _scaled()
    found, expected = _check(data, **options).train, _check(x[:1000], y[:1000]).train
    assert found.examples == 1000
    for mine, theirs in zip(found.tensors, expected.tensors, strict=True):
        np.testing.assert_array_equal(mine.quantiles, theirs.quantiles)
        np.testing.assert_allclose(mine.mean, theirs.mean, rtol=1e-6)


def test_names_come_from_dicts_and_lists() -> None:
    x, y = table("load_wine")
    found = _check({"left": x[:, :3], "right": [x[:, 3:], x]}, {"cultivar": y})
    assert [tensor.subject for tensor in found.train.tensors] == [
        "input:left",
        "input:right/0",
        "input:right/1",
        "target:cultivar",
    ]


def test_a_dataset_of_tensorflow_and_a_model_of_keras() -> None:
    keras: Any = pytest.importorskip("keras")
    tf: Any = pytest.importorskip("tensorflow")
    x, y = mnist()
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy")
    weights = [weight.copy() for weight in model.get_weights()]
    dataset = tf.data.Dataset.from_tensor_slices((x[:1000], y[:1000] + 1)).batch(64)
    found = _check(dataset, model=model)
    # 0..255 is fine, because the model scales it; the labels go to 10, and the model has 10 units
    assert _rules(found, Severity.WARNING) == {"label-out-of-range"}, found
    unscaled = keras.Sequential([keras.Input((28, 28, 1)), *model.layers[1:]])
    unscaled.compile(loss="sparse_categorical_crossentropy")
    assert "unnormalized-input" in _rules(_check(x[:1000], y[:1000], model=unscaled), Severity.WARNING)
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_data_that_does_not_fit_the_model_is_explained() -> None:
    keras: Any = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((12,)), keras.layers.Dense(3)])
    model.compile(loss="mse")
    found = _check(*table("load_wine"), model=model)
    assert "shape-mismatch" in _rules(found), found


def test_a_loader_of_pytorch_shuffles_afterwards_as_without_the_check() -> None:
    torch: Any = pytest.importorskip("torch")
    x, y = map(torch.tensor, table("load_wine"))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=16, shuffle=True)
    torch.manual_seed(3)
    expected = next(iter(loader))[1].tolist()
    torch.manual_seed(3)
    assert _check(loader).train.examples == 178
    assert next(iter(loader))[1].tolist() == expected


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "options", "words"),
    [
        ((np.zeros((5, 2)), np.zeros(4)), {}, "x has 5, y has 4"),
        ((iter([]),), {}, "steps=100"),
        ((np.zeros((0, 2)),), {}, "empty"),
        ((3.5,), {}, "examples along its first axis"),
        ((_Loader(), np.zeros(3)), {}, "the targets come from it"),
        ((np.zeros((5, 2)),), {"steps": 0}, "at least 1"),
        ((np.zeros((5, 2)),), {"model": "resnet"}, "must be a Keras model"),
        ((np.zeros((5, 2)),), {"loss": 3}, "the name of a loss"),
        ((np.zeros((5, 2)),), {"validation_data": (1, 2, 3, 4)}, "validation_data must be"),
        ((np.zeros((5, 2)),), {"baseline": "/nowhere.json"}, "cannot be read"),
        ((pd.DataFrame([[1, 2]], columns=["a", "a"]),), {}, "two columns named 'a'"),
    ],
)
def test_wrong_arguments_say_what_was_expected(args: Any, options: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words.replace("(", r"\(")):
        _check(*args, **options)


# -- output ----------------------------------------------------------------------------------------


def test_the_text_fits_80_columns() -> None:
    frame, y = _frame()
    frame = frame.assign(city=np.where(frame.index == 5, "ulm", "Ulm"), d=7.0)
    text = str(_check(frame, y, validation_data=(frame[:100], y[:100])))
    code = ("x", "y", "#", "df", "shared", "keep", "print", "names")
    long = [line for line in text.split("\n") if len(line) > 80 and not line.strip().startswith(code)]
    assert not long
    assert "step 0" not in text


def test_the_log_can_be_read_and_judged_again(tmp_path: Path) -> None:
    x, y = _scaled()
    x = x.copy()
    x[7] = np.nan
    found = _check(x, y, log_dir=tmp_path)
    (session,) = [session for run in read(tmp_path).runs for session in run.sessions]
    assert (session.status, session.start.mode) == ("finished", "data")  # type: ignore[union-attr]  # it is there
    assert [(a.rule, a.message) for a in session.alerts] == [(a.rule, a.message) for a in found.alerts]
    assert [(a.rule, a.message) for a in judge(session.records())] == [(a.rule, a.message) for a in found.alerts]
    (data,) = session.data
    np.testing.assert_array_equal(data.tensors[0].bad_examples, found.train.tensors[0].bad_examples)


def test_arrays_need_neither_tensorflow_nor_keras() -> None:
    code = (
        "import sys, numpy as np, tb_inputdiag\n"
        "tb_inputdiag.check_data(np.zeros((500, 3)), np.zeros(500), loss='mse')\n"
        "print([m for m in ('tensorflow', 'keras', 'torch', 'jax', 'pandas', 'dask') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_shows_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream, now = _Terminal(), [0.0]
    line = PassProgress("train", "examples", stream=stream, clock=lambda: now[0])
    line.update(10, 1000)
    assert stream.getvalue() == ""
    now[0] = 2.0
    line.update(250, 1000)
    assert "25% of 1,000 examples, 6 s left" in stream.getvalue()
    line.finish()
    assert stream.getvalue().endswith("\r\x1b[K")
