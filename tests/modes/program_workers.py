"""One of two workers that train together under MultiWorkerMirroredStrategy, and assert. Its last line says ``fine``.

    python -m tests.modes.program_workers INDEX PORT PORT LOG_DIR

With Keras 3.15 `fit` fails under this strategy before it calls any callback (keras-team/keras issue 20585): it builds
the model from `PerReplica` values that it never unpacks, and averages scalar logs along an axis that they don't have.
`mend_keras` puts both right here, so that what is ours can be tried.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

INDEX, PORTS, LOG_DIR = int(sys.argv[1]), sys.argv[2:4], Path(sys.argv[4])
os.environ["TF_CONFIG"] = json.dumps(
    {"cluster": {"worker": [f"127.0.0.1:{port}" for port in PORTS]}, "task": {"type": "worker", "index": INDEX}}
)

import keras  # noqa: E402  # TF_CONFIG has to be there before TensorFlow
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras.src.backend.tensorflow import trainer  # noqa: E402

from tb_inputdiag import InputDiagnostics, read  # noqa: E402
from tb_inputdiag.capture.twin import Twin  # noqa: E402
from tb_inputdiag.records import Sample, SessionEnd  # noqa: E402
from tests.modes.harness import (  # noqa: E402
    assert_same_history,
    assert_same_weights,
    attributes,
    fresh,
    weights_of,
)
from tests.modes.models import regressor, tape_norms  # noqa: E402
from tests.modes.rows import dense  # noqa: E402
from tests.warned import warned  # noqa: E402

GLOBAL_BATCH, STEPS, DIES_AT = 8, 5, 3


def mend_keras() -> None:
    """Makes `fit` of Keras 3.15 run under MultiWorkerMirroredStrategy."""

    def build(self: Any, iterator: Any = None, data_batch: Any = None) -> None:
        if iterator is not None:
            _, _, batches = next(iter(iterator))
            local = self.distribute_strategy.experimental_local_results
            data_batch = tf.nest.map_structure(lambda v: local(v)[0], next(batches))
        with self.distribute_strategy.scope():
            self._symbolic_build(data_batch=data_batch)

    def reduce(values: Any, strategy: Any, reduction: str) -> Any:
        assert reduction == "auto", reduction
        return keras.tree.map_structure(lambda v: strategy.reduce("MEAN", v, axis=None), values)

    trainer.TensorFlowTrainer._maybe_symbolic_build = build
    trainer.reduce_per_replica = reduce


def table() -> tuple[np.ndarray, np.ndarray]:
    """Returns the examples of `STEPS` global batches."""
    return dense((GLOBAL_BATCH * STEPS, 3)), dense((GLOBAL_BATCH * STEPS, 1), 1)


def fit(model: Any, callbacks: list[Any], data: Any = None) -> Any:
    """Trains on global batches; each worker is fed its part."""
    batches = tf.data.Dataset.from_tensor_slices(tuple(data or table())).batch(GLOBAL_BATCH).repeat()
    return dict(model.fit(batches, epochs=2, steps_per_epoch=STEPS, verbose=0, callbacks=callbacks).history)


def whole(by_hand: Mapping[str, float]) -> None:
    """The same result as without the callback; each worker's log has its own share of the batch."""
    fresh()
    with STRATEGY.scope():
        plain = regressor()
    history = fit(plain, [])
    expected, hangs_on = weights_of(plain), attributes(plain)
    fresh()
    with STRATEGY.scope():
        model = regressor()
    callback = InputDiagnostics(LOG_DIR / "whole", every=2, verbose=0)
    assert_same_history(history, fit(model, [callback]))
    assert_same_weights(expected, weights_of(model))
    assert attributes(model) == hangs_on
    mine = [run for run in read(LOG_DIR / "whole").runs if run.name.endswith(f"worker-{INDEX}")]
    assert len(mine) == 1, [run.name for run in read(LOG_DIR / "whole").runs]
    samples = [r for s in mine[0].sessions for r in s.records() if isinstance(r, Sample)]
    assert [s.step for s in samples] == [0, 2, 4, 6, 8]
    layout = mine[0].sessions[0].layouts[samples[0].layout]
    view = next(samples[0].views(layout, "input"))
    # which of the examples a worker is given is TensorFlow's choice
    x, half = table()[0], GLOBAL_BATCH // 2
    shares = [x[k : k + half].mean() for k in range(0, GLOBAL_BATCH, half)]
    assert tuple(view.shape) == (half, 3)
    assert min(abs(view.mean - share) for share in shares) < 1e-6, (view.mean, shares)
    # what is applied is the gradient of the global batch, the same on both
    assert samples[0].weights is not None
    found = dict(zip(layout.weights, samples[0].weights.gradient_norm.tolist(), strict=True))
    assert set(found) == set(by_hand)
    for name, norm in by_hand.items():
        np.testing.assert_allclose(found[name], norm, rtol=2e-3, err_msg=name)


def does_not_stop_alone() -> None:
    """A worker that stopped alone would leave the other one waiting: `stop_on` is ignored, with a warning."""
    fresh()
    with STRATEGY.scope():
        model = regressor(keras.optimizers.SGD(1e-6))
    data = [100 * part for part in table()]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        callback = InputDiagnostics(LOG_DIR / "stops", every=1, verbose=0, stop_on="WARNING")
        history = fit(model, [callback], data=data)
    assert len(history["loss"]) == 2
    assert "unnormalized-input" in {alert.rule for alert in callback.alerts}, callback.alerts
    said = warned(caught)
    assert len(said) == 1, said
    assert "stop_on" in said[0]


def loses_a_worker() -> None:
    """The second worker is killed in the middle; the first one's log says that its training failed."""

    class Dies(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == DIES_AT and INDEX == 1:
                os.kill(os.getpid(), signal.SIGKILL)

    fresh()
    with STRATEGY.scope():
        model = regressor()
    callback = InputDiagnostics(LOG_DIR / "lost", every=1, verbose=0)
    try:
        fit(model, [callback, Dies()])
    except Exception as exc:
        print(f"the other worker is lost: {type(exc).__name__}", flush=True)
    else:
        raise AssertionError("the training went on without the other worker")
    assert not isinstance(model.train_function, Twin)
    records = [r for run in read(LOG_DIR / "lost").runs if "0" in run.name for s in run.sessions for r in s.records()]
    end = records[-1]
    assert isinstance(end, SessionEnd)
    assert end.status == "failed"
    assert end.recording_stopped_step is None
    assert [r.step for r in records if isinstance(r, Sample)][:DIES_AT] == list(range(DIES_AT))


if __name__ == "__main__":
    mend_keras()
    STRATEGY = tf.distribute.MultiWorkerMirroredStrategy()
    fresh()
    whole(tape_norms(regressor(), *(part[:GLOBAL_BATCH] for part in table())))
    does_not_stop_alone()
    loses_a_worker()
    print("fine", flush=True)
    # TensorFlow would wait for the lost worker, up to minutes
    os._exit(0)
