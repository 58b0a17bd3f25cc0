"""What watching costs on a GPU, with JAX and PyTorch: one run of at most five minutes.

::

    python -m benchmarks.bench_gpu                      # on a machine with a GPU: both backends, all workloads
    python -m benchmarks.bench_gpu --tiny               # small sizes, to try the script on a CPU
    python -m benchmarks.bench_gpu jax resnet           # some of it

It needs this tree, google-crc32c, Keras, and JAX or PyTorch; TensorFlow and TensorBoard are not imported. Each
backend and workload has a process of its own, which trains twice from the same seed, without the callback and with
every step sampled, and compares the losses and all variables. Then three models take turns, an epoch each: without the
callback, with the default settings, and with every step sampled. A ratio is the median over the rounds. The GPU's
operations are deterministic throughout: without that, two plain runs differ from each other.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BACKENDS = ("jax", "torch")
SECONDS = 280.0
"""For everything together."""
_START_S, _START_TINY_S = 60, 180
"""Seconds that a process may take beside measuring. A CPU, where the small sizes are tried, may have other work."""
IDENTITY_STEPS = 6
WARM_UP_S = {"plain": 1.0, "default": 5.0, "sampled": 1.0}
"""Seconds of epochs that are not counted: compiling, and the beginning of a run, which is sampled densely on purpose,
and makes up for that later."""
COLUMNS: Mapping[str, Mapping[str, Any] | None] = {"plain": None, "default": {}, "sampled": {"every": 1}}
"""Settings of the callback; None: without it."""
_DETERMINISTIC = {
    "XLA_FLAGS": "--xla_gpu_deterministic_ops=true",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}


@dataclass(frozen=True)
class Sizes:
    """How large a workload is."""

    batch: int
    width: int
    depth: int
    steps: int
    """Of an epoch."""


@dataclass(frozen=True)
class Workload:
    """A model and random data for it."""

    build: Callable[[Sizes], Any]
    arrays: Callable[[Sizes, int], tuple[Any, Any]]
    sizes: Sizes
    tiny: Sizes


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured of one workload on one backend.

    Attributes:
        device: Name of the device.
        step_ms: A plain step, in milliseconds.
        default_ratio: A step with the default settings over a plain one, after the dense beginning.
        sampled_ratio: A sampled step over a plain one.
        setup_s: Seconds that the first step takes longer when it is sampled.
        memory_ratio: Peak memory of the device with every step sampled over that of plain training; None if unknown.
        identical: Whether losses and all variables have the same bits.
        rounds: How often the models took turns.
    """

    backend: str
    workload: str
    device: str
    step_ms: float
    default_ratio: float
    sampled_ratio: float
    setup_s: float
    memory_ratio: float | None
    identical: bool
    rounds: int


# -- models ---------------------------------------------------------------------------------------------


def _mlp(sizes: Sizes) -> Any:
    import keras

    hidden = [keras.layers.Dense(sizes.width, activation="relu") for _ in range(sizes.depth)]
    return keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10, activation="softmax")])


def _resnet(sizes: Sizes) -> Any:
    import keras
    from keras import layers as L

    def convolution(x: Any, filters: int, strides: int = 1, size: int = 3) -> Any:
        x = L.Conv2D(filters, size, strides, padding="same", use_bias=False)(x)
        return L.BatchNormalization()(x)

    def block(x: Any, filters: int, strides: int) -> Any:
        shortcut = x if strides == 1 and x.shape[-1] == filters else convolution(x, filters, strides, 1)
        hidden = L.ReLU()(convolution(x, filters, strides))
        return L.ReLU()(L.Add()([convolution(hidden, filters), shortcut]))

    inputs = keras.Input((64, 64, 3))
    x = L.ReLU()(convolution(inputs, sizes.width))
    for stage in range(4):
        for place in range(sizes.depth):
            x = block(x, sizes.width * 2**stage, 2 if stage and not place else 1)
    return keras.Model(inputs, L.Dense(10, activation="softmax")(L.GlobalAveragePooling2D()(x)))


def _transformer(sizes: Sizes) -> Any:
    import keras
    from keras import layers as L

    words = keras.Input((128,), dtype="int32")
    x = L.Embedding(10_000, sizes.width)(words)
    for _ in range(sizes.depth):
        x = L.LayerNormalization()(x + L.MultiHeadAttention(4, sizes.width // 4, dropout=0.1)(x, x))
        x = L.LayerNormalization()(x + L.Dense(sizes.width)(L.Dense(4 * sizes.width, activation="relu")(x)))
    return keras.Model(words, L.Dense(10, activation="softmax")(L.GlobalAveragePooling1D()(x)))


def _normal(shape: tuple[int, ...]) -> Callable[[Sizes, int], tuple[Any, Any]]:
    def arrays(sizes: Sizes, n: int) -> tuple[Any, Any]:
        import numpy as np

        draw = np.random.default_rng(0)
        return draw.normal(size=(n, *shape)).astype(np.float32), draw.integers(0, 10, n)

    return arrays


def _words(sizes: Sizes, n: int) -> tuple[Any, Any]:
    import numpy as np

    draw = np.random.default_rng(0)
    return draw.integers(0, 10_000, (n, 128)).astype(np.int32), draw.integers(0, 10, n)


WORKLOADS: Mapping[str, Workload] = {
    "mlp": Workload(_mlp, _normal((784,)), Sizes(128, 512, 3, 100), Sizes(32, 16, 2, 4)),
    "resnet": Workload(_resnet, _normal((64, 64, 3)), Sizes(256, 64, 2, 20), Sizes(2, 4, 1, 2)),
    "transformer": Workload(_transformer, _words, Sizes(64, 256, 4, 20), Sizes(2, 16, 1, 2)),
}


# -- one workload on one backend, in a process of its own -------------------------------------------------


def child(name: str, is_tiny: bool, seconds: float) -> Figures:
    """Measures one workload on the backend of this process.

    Args:
        name: Of the workload.
        is_tiny: Whether to take the small sizes.
        seconds: When to stop, counted from the start of this function.
    """
    import keras

    deadline = time.perf_counter() + seconds
    backend = keras.config.backend()
    if backend == "torch":
        import torch

        torch.use_deterministic_algorithms(True)
    workload = WORKLOADS[name]
    sizes = workload.tiny if is_tiny else workload.sizes
    _train(workload, workload.tiny, None)  # the first of all waits for the device and its libraries
    plain, watched = (_train(workload, sizes, COLUMNS[column]) for column in ("plain", "sampled"))
    times = _take_turns(workload, sizes, deadline)
    ratios = {
        column: statistics.median(t / p for t, p in zip(times[column], times["plain"], strict=True))
        for column in COLUMNS
    }
    return Figures(
        backend=backend,
        workload=name,
        device=_device(backend),
        step_ms=1000 * statistics.median(times["plain"]) / sizes.steps,
        default_ratio=ratios["default"],
        sampled_ratio=ratios["sampled"],
        setup_s=watched.first_s - plain.first_s,
        memory_ratio=watched.peak / plain.peak if plain.peak and watched.peak else None,
        identical=_same(plain.results, watched.results),
        rounds=len(times["plain"]),
    )


@dataclass(frozen=True)
class _Trained:
    results: list[Any]
    first_s: float
    peak: int | None
    """Bytes; with JAX that of the process so far."""


def _model(workload: Workload, sizes: Sizes) -> tuple[Any, Any, Any]:
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = workload.build(sizes)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=keras.config.backend() == "jax")
    return (model, *workload.arrays(sizes, sizes.batch * sizes.steps))


def _callbacks(settings: Mapping[str, Any] | None, log_dir: str) -> list[Any]:
    from tb_inputdiag import InputDiagnostics

    return [] if settings is None else [InputDiagnostics(log_dir, verbose=0, **settings)]


def _train(workload: Workload, sizes: Sizes, watching: Mapping[str, Any] | None) -> _Trained:
    """Trains some steps from the seed; returns losses and variables, the time of the first step, and peak memory."""
    import keras

    _forget_peak(keras.config.backend())
    model, x, y = _model(workload, sizes)
    with tempfile.TemporaryDirectory() as log_dir:
        callbacks = _callbacks(watching, log_dir)
        settings = {"batch_size": sizes.batch, "shuffle": False, "verbose": 0, "callbacks": callbacks}
        begin = time.perf_counter()
        losses = [model.fit(x[: sizes.batch], y[: sizes.batch], **settings).history["loss"]]
        first_s = time.perf_counter() - begin
        n = sizes.batch * min(IDENTITY_STEPS, sizes.steps)
        losses.append(model.fit(x[:n], y[:n], **settings).history["loss"])
    variables = [keras.ops.convert_to_numpy(v).copy() for v in [*model.variables, *model.optimizer.variables]]
    del model
    gc.collect()
    return _Trained([losses, *variables], first_s, _peak(keras.config.backend()))


def _take_turns(workload: Workload, sizes: Sizes, deadline: float) -> dict[str, list[float]]:
    """Returns for each column the seconds of each of its epochs; the first ones of each are not counted."""
    times: dict[str, list[float]] = {column: [] for column in COLUMNS}
    with tempfile.TemporaryDirectory() as folder:
        made = {
            column: (*_model(workload, sizes), _callbacks(settings, f"{folder}/{column}"))
            for column, settings in COLUMNS.items()
        }

        def epoch(column: str) -> float:
            model, x, y, callbacks = made[column]
            begin = time.perf_counter()
            model.fit(x, y, batch_size=sizes.batch, shuffle=False, verbose=0, callbacks=callbacks)
            return time.perf_counter() - begin

        for column, least in WARM_UP_S.items():
            spent = epoch(column)
            while spent < least:
                spent += epoch(column)
        turn = 0
        while not turn or time.perf_counter() < deadline:
            for column in random.Random(turn).sample(list(COLUMNS), len(COLUMNS)):
                times[column].append(epoch(column))
            turn += 1
    return times


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    import numpy as np

    return len(a) == len(b) and all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


def _forget_peak(backend: str) -> None:
    """Begins a new peak where the backend can; JAX's is that of the process so far."""
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()


def _peak(backend: str) -> int | None:
    if backend == "torch":
        import torch

        return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else None
    import jax

    stats = jax.devices()[0].memory_stats()
    return int(stats["peak_bytes_in_use"]) if stats and "peak_bytes_in_use" in stats else None


def _device(backend: str) -> str:
    if backend == "torch":
        import torch

        return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "CPU"
    import jax

    return str(jax.devices()[0].device_kind)


# -- all of them ----------------------------------------------------------------------------------------


def table(found: Sequence[Figures]) -> str:
    """Returns the figures as Markdown."""
    head = "| backend | workload | plain step | default | sampled step | setup | peak memory | identical |"
    rows = []
    for f in found:
        memory = "unknown" if f.memory_ratio is None else f"{f.memory_ratio:.2f}"
        numbers = f"{f.step_ms:.1f} ms | {f.default_ratio:.3f} | {f.sampled_ratio:.2f} | {f.setup_s:.1f} s | {memory}"
        rows.append(f"| {f.backend} | {f.workload} | {numbers} | {'yes' if f.identical else '**no**'} |")
    device = found[0].device if found else "no device"
    return "\n".join([f"On {device}:", "", head, "|---" * 8 + "|", *rows])


def _run_child(backend: str, name: str, is_tiny: bool, seconds: float) -> Figures | None:
    command = [sys.executable, "-m", "benchmarks.bench_gpu", "--child", backend, name, "--seconds", f"{seconds:.0f}"]
    environment = {**os.environ, **_DETERMINISTIC, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            [*command, *(["--tiny"] if is_tiny else [])],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=3 * seconds + (_START_TINY_S if is_tiny else _START_S),
        )
    except subprocess.TimeoutExpired:
        print(f"{backend} {name}: took too long", file=sys.stderr)
        return None
    if done.returncode:
        print(f"{backend} {name}: failed", file=sys.stderr)
        return None
    return Figures(**json.loads(done.stdout.splitlines()[-1]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 if a workload failed, or training was not the same with the callback."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_gpu", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join([*BACKENDS, *WORKLOADS])}; all by default")
    parser.add_argument("--tiny", action="store_true", help="small sizes, to try the script on a CPU")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for everything together")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    unknown = set(options.names) - {*BACKENDS, *WORKLOADS}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    workloads = [name for name in WORKLOADS if name in options.names] or list(WORKLOADS)
    if options.child:
        print(json.dumps(asdict(child(workloads[0], options.tiny, options.seconds))))
        return 0
    backends = [name for name in BACKENDS if name in options.names] or list(BACKENDS)
    backends = [name for name in backends if importlib.util.find_spec(name) is not None]
    jobs = [(backend, name) for backend in backends for name in workloads]
    deadline = time.monotonic() + options.seconds
    found = []
    for place, (backend, name) in enumerate(jobs):
        left = (deadline - time.monotonic()) / (len(jobs) - place)
        figures = _run_child(backend, name, options.tiny, max(left - 5, 1))
        found += [figures] if figures is not None else []
        print(figures, flush=True)
    print(table(found))
    return int(len(found) < len(jobs) or not all(figures.identical for figures in found))


if __name__ == "__main__":
    raise SystemExit(main())
