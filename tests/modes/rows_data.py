"""What `fit` is fed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import pandas as pd
import scipy.sparse
import tensorflow as tf
from keras import layers as L

from tests.modes.models import BATCH, STEPS, N, compiled, fit_table, regressor, table, table_batches
from tests.modes.rows import EVERYTHING, Row, Seen, dense, labels, split

GROUP = "Data"
NO_ENTRY = EVERYTHING - {"entry"}


def _fit(model: Any, callbacks: list[Any], *data: Any, **settings: Any) -> Mapping[str, Any]:
    settings = {"verbose": 0, "shuffle": False, **settings}
    return dict(model.fit(*data, callbacks=callbacks, **settings).history)


def _dataset() -> Any:
    data = table()
    return tf.data.Dataset.from_tensor_slices((data["input:x"], data["target:y"])).batch(BATCH)


class Sequence(keras.utils.PyDataset):
    """The table as a PyDataset."""

    def __len__(self) -> int:
        return STEPS

    def __getitem__(self, index: int) -> Any:
        batch = table_batches()[index]
        return batch["input:x"], batch["target:y"]


def _generator() -> Iterator[Any]:
    for batch in table_batches():
        yield batch["input:x"], batch["target:y"]


def _weighted_batches() -> list[Any]:
    return split({**table(), "sample_weight:sample_weight": np.linspace(0, 2, N).astype(np.float32)}, BATCH)


def _fit_weighted(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    return fit_table(model, callbacks, sample_weight=np.linspace(0, 2, N).astype(np.float32))


# -- several inputs and outputs -----------------------------------------------------------------------


def _many() -> dict[str, np.ndarray]:
    return {
        "input:age": dense((N, 1)),
        "input:picture": np.random.default_rng(1).integers(0, 256, (N, 6, 6, 1)).astype(np.uint8),
        "input:words": labels(N * 5, 20).reshape(N, 5),
        "target:kind": labels(N, 3),
        "target:price": dense((N, 1), 2),
    }


def _many_inputs() -> Any:
    age = L.Input((1,), name="age")
    picture = L.Input((6, 6, 1), name="picture", dtype="uint8")
    words = L.Input((5,), name="words", dtype="int64")
    seen = L.Flatten()(L.Conv2D(2, 3, name="conv")(L.Rescaling(1 / 255)(picture)))
    read = L.GlobalAveragePooling1D()(L.Embedding(20, 3, name="embedding")(words))
    joined = L.Concatenate()([age, seen, read])
    outputs = {"kind": L.Dense(3, activation="softmax", name="kind")(joined), "price": L.Dense(1, name="price")(joined)}
    model = keras.Model({"age": age, "picture": picture, "words": words}, outputs)
    return compiled(model, {"kind": "sparse_categorical_crossentropy", "price": "mse"}, "adam")


def _fit_many(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    data = _many()
    x = {k.split(":")[1]: v for k, v in data.items() if k.startswith("input")}
    y = {k.split(":")[1]: v for k, v in data.items() if k.startswith("target")}
    return _fit(model, callbacks, x, y, batch_size=BATCH)


def _entries(seen: Seen) -> None:
    layout = seen.layouts[seen.samples()[0].layout]
    found = {t.layer: t.sources for t in layout.tensors if t.stage == "entry"}
    assert found["conv"] == ("picture",)
    assert found["embedding"] == ("words",)


# -- ragged, sparse, strings --------------------------------------------------------------------------


def _ragged() -> Any:
    rows = [np.arange(1, 2 + k % 4) + k % 3 for k in range(N)]
    return tf.ragged.constant([r.tolist() for r in rows], dtype=tf.int64)


class Averages(keras.Model):
    """Averages the embeddings of a ragged batch."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = L.Embedding(20, 3, name="embedding")
        self.top = L.Dense(1, name="top")

    def call(self, words: Any) -> Any:
        return self.top(tf.reduce_mean(self.embedding(words.to_tensor()), 1))


def _fit_ragged(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    data = tf.data.Dataset.from_tensor_slices((_ragged(), dense((N, 1)))).batch(BATCH)
    return _fit(model, callbacks, data)


def _ragged_batches() -> list[Any]:
    words, targets = _ragged(), dense((N, 1))
    found = []
    for i in range(0, N, BATCH):
        part = words[i : i + BATCH]
        values = part.flat_values.numpy()
        shape = tuple(int(k) for k in part.bounding_shape())
        found.append({"input:x": (values, shape), "target:y": targets[i : i + BATCH]})
    return found


def _sparse() -> Any:
    return scipy.sparse.random(N, 6, 0.4, format="csr", dtype=np.float32, random_state=np.random.default_rng(0))


def _sparse_model() -> Any:
    model = keras.Sequential([L.Input((6,), sparse=True), L.Dense(4, name="a"), L.Dense(1, name="b")])
    return compiled(model)


def _sparse_batches() -> list[Any]:
    x, y = _sparse(), dense((N, 1))
    parts = [(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, N, BATCH)]
    return [{"input:x": (p.data, p.shape), "target:y": t} for p, t in parts]


def _strings() -> Any:
    lookup = L.StringLookup(vocabulary=["a", "b", "c"])
    words = L.Input((), dtype="string", name="word")
    hidden = L.Embedding(4, 3, name="embedding")(lookup(words))
    return compiled(keras.Model(words, L.Dense(1, name="top")(hidden)))


def _fit_strings(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    words = np.array(list("abcd"))[labels(N, 4)]
    data = tf.data.Dataset.from_tensor_slices((words, dense((N, 1)))).batch(BATCH)
    return _fit(model, callbacks, data)


def _string_batches() -> list[Any]:
    return [{"input:word": None, "target:y": y["y"]} for y in split({"y": dense((N, 1))}, BATCH)]


class Unsupervised(keras.Model):
    """Makes its loss itself, without targets."""

    def __init__(self) -> None:
        super().__init__()
        self.a = L.Dense(3, name="a")

    def call(self, x: Any) -> Any:
        result = self.a(x)
        self.add_loss(keras.ops.mean(keras.ops.square(result - x)))
        return result


def _bad_values() -> list[Any]:
    data = table()
    data["input:x"][5] = [np.nan, np.inf, -np.inf]
    return split(data, BATCH)


def _fit_bad(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    data = table()
    data["input:x"][5] = [np.nan, np.inf, -np.inf]
    return _fit(model, callbacks, data["input:x"], data["target:y"], batch_size=BATCH)


def row(row_id: str, mode: str, fit: Callable[..., Any], build: Any = regressor, **more: Any) -> Row:
    """Returns a row that is fed the table."""
    return Row(row_id, GROUP, mode, build, fit, **{"batches": table_batches, "steps": STEPS, **more})


def _fit_validated(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    return fit_table(model, callbacks, validation_data=(dense((5, 3), 9), dense((5, 1), 8)), epochs=2)


def _validation(seen: Seen) -> None:
    samples = seen.samples("validation")
    assert {s.step for s in samples} == {STEPS, 2 * STEPS}
    view = next(samples[0].views(seen.layouts[samples[0].layout], "input"))
    assert view.shape == (BATCH, 3)
    np.testing.assert_allclose(view.mean, dense((5, 3), 9)[:BATCH].mean(), rtol=1e-5)
    assert samples[0].weights is None


def _infinite(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    return _fit(model, callbacks, _dataset().repeat(), steps_per_epoch=4, epochs=3)


def _frame(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    data = table()
    x, y = pd.DataFrame(data["input:x"], columns=list("abc")), pd.DataFrame(data["target:y"])
    return _fit(model, callbacks, x, y, batch_size=BATCH)


TWO = frozenset({"train", "validation"})
ROWS = [
    row("dataset", "`tf.data`, finite and infinite", lambda m, c: _fit(m, c, _dataset())),
    row("infinite", "", _infinite, steps=12),
    row("pydataset", "`PyDataset`, generators", lambda m, c: _fit(m, c, Sequence())),
    row("generator", "", lambda m, c: _fit(m, c, _generator(), steps_per_epoch=STEPS)),
    row("frames", "pandas frames", _frame),
    row("weights", "Sample weights", _fit_weighted, batches=_weighted_batches),
    row(
        "validation-split",
        "`validation_split`, `validation_data`",
        lambda m, c: fit_table(m, c, validation_split=0.25),
        batches=lambda: split({k: v[:16] for k, v in table().items()}, BATCH),
        steps=4,
        splits=TWO,
    ),
    row("validation-data", "", _fit_validated, steps=12, splits=TWO, expect=_validation),
    row(
        "nested",
        "Dicts of inputs of several dtypes, several outputs",
        _fit_many,
        _many_inputs,
        batches=lambda: split(_many(), BATCH),
        expect=_entries,
    ),
    row(
        "ragged",
        "Ragged inputs: stored values",
        _fit_ragged,
        lambda: compiled(Averages()),
        batches=_ragged_batches,
        on=("tensorflow",),
    ),
    row(
        "sparse",
        "Sparse inputs: stored values",
        lambda m, c: _fit(m, c, _sparse(), dense((N, 1)), batch_size=BATCH),
        _sparse_model,
        batches=_sparse_batches,
        sees=NO_ENTRY,
        on=("tensorflow",),
        note="not the data as the first layer reads it",
    ),
    row(
        "strings",
        "Strings: shapes only, and the output of lookup layers",
        _fit_strings,
        _strings,
        batches=_string_batches,
        on=("tensorflow",),
    ),
    row(
        "no-targets",
        "No targets",
        lambda m, c: _fit(m, c, table()["input:x"], batch_size=BATCH),
        lambda: compiled(Unsupervised(), None),
        batches=lambda: split({"input:x": table()["input:x"]}, BATCH),
        sees=EVERYTHING - {"targets"},
    ),
    row("bad-values", "NaN and infinities", _fit_bad, batches=_bad_values, every=1, sees=EVERYTHING),
]
