"""One of two processes of JAX that train together, and assert. Its last line says ``fine``.

KERAS_BACKEND=jax python -m tests.modes.program_jax_workers INDEX PORT LOG_DIR
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax

INDEX, PORT, LOG_DIR = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
# before the first computation, so before Keras
jax.distributed.initialize(f"127.0.0.1:{PORT}", num_processes=2, process_id=INDEX)

import keras  # noqa: E402
import numpy as np  # noqa: E402

from tb_inputdiag import InputDiagnostics, read  # noqa: E402
from tb_inputdiag.records import Sample  # noqa: E402
from tests.modes.harness import assert_same_history, assert_same_weights, attributes, fresh, weights_of  # noqa: E402
from tests.modes.models import regressor  # noqa: E402
from tests.modes.oracle import assert_batch  # noqa: E402
from tests.modes.rows import dense  # noqa: E402

BATCH, STEPS = 8, 5


def fit(model: Any, callbacks: list[Any]) -> Any:
    """Trains each process on data of its own: a global batch is a batch of each."""
    x, y = table(INDEX)
    return dict(model.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, verbose=0, callbacks=callbacks).history)


def table(process: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the examples of `STEPS` batches of a process."""
    return dense((BATCH * STEPS, 3), 10 + process), dense((BATCH * STEPS, 1), 20 + process)


def global_batch(step: int) -> dict[str, np.ndarray]:
    """Returns the batches of both processes in a step, joined."""
    start = step % STEPS * BATCH
    parts = [[column[start : start + BATCH] for column in table(process)] for process in (0, 1)]
    x, y = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return {"input:x": x, "target:y": y}


def built() -> Any:
    """Returns the model, the same one in every call and process."""
    fresh()
    devices = keras.distribution.list_devices()
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False))
    return regressor("adam")


def main() -> None:
    """The same result as without the callback; each process has a log of its own."""
    assert jax.process_count() == 2
    plain = built()
    history = fit(plain, [])
    expected, hangs_on = weights_of(plain), attributes(plain)
    model = built()
    callback = InputDiagnostics(LOG_DIR, every=2, verbose=0)
    assert_same_history(history, fit(model, [callback]))
    assert_same_weights(expected, weights_of(model))
    assert attributes(model) == hangs_on
    (mine,) = (run for run in read(LOG_DIR).runs if run.name.endswith(f"worker-{INDEX}"))
    (session,) = mine.sessions
    samples = [record for record in session.records() if isinstance(record, Sample)]
    assert [sample.step for sample in samples] == [0, 2, 4, 6, 8]
    for sample in samples:
        assert_batch(sample, session.layouts[sample.layout], global_batch(sample.step))
    print("fine", flush=True)


if __name__ == "__main__":
    main()
