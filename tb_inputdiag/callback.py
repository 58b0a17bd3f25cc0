"""The Keras callback."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from tb_inputdiag.capture.requirements import require_backend

require_backend()

import keras  # noqa: E402  # only after the clear error for a missing or unsupported backend

from tb_inputdiag.capture.failed_build import failed_batch  # noqa: E402
from tb_inputdiag.capture.tensorflow import model_probes as watching  # noqa: E402
from tb_inputdiag.capture.tensorflow.twin import FUNCTIONS  # noqa: E402
from tb_inputdiag.console import say_warning  # noqa: E402
from tb_inputdiag.errors import ConfigurationError  # noqa: E402
from tb_inputdiag.recording.recorder import Baseline, Recorder  # noqa: E402
from tb_inputdiag.records import Alert, Split  # noqa: E402
from tb_inputdiag.rules import RuleEngine  # noqa: E402
from tb_inputdiag.settings import check  # noqa: E402

__all__ = ["InputDiagnostics"]

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _harmless(method: _Method) -> _Method:
    """Keeps whatever fails in a hook of ours away from the training."""

    @functools.wraps(method)
    def wrapper(self: InputDiagnostics, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Exception as exc:
            self._give_up(exc)
            return None

    return wrapper  # type: ignore[return-value]  # same signature by functools.wraps


class InputDiagnostics(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Watches what goes into a training run, and says what is wrong with it.

    Samples steps of the compiled training step, as it runs, and records the statistics of inputs, targets, predictions,
    gradients, weights and activations; rules turn them into alerts as training goes on. The training's result is the
    same, bit for bit, as without the callback, but for the few modes that docs/modes.md names.

    >>> model.fit(x, y, callbacks=[InputDiagnostics("logs")])    # doctest: +SKIP

    Args:
        log_dir: Folder for the log, a string or path; the log goes into a folder ``inputdiag`` in it. Show it with
            ``tensorboard --logdir LOG_DIR`` or ``tb-inputdiag alerts LOG_DIR``.
        every: Sample each so many steps. "auto": the first steps densely, then as `overhead_budget` allows, and more
            when the loss moves oddly.
        overhead_budget: Share of the training time that samples may take with ``every="auto"``; 0.01 is 1 %. Tracing
            and compiling the sampled step, once for each `fit`, comes on top.
        rules: Which rules, with which thresholds; None for all with their defaults. A dict ``{id: {threshold: value}}``
            or ``{id: False}``, a list of ids (only these), of ``"-id"`` (all but these), or of your own `Rule` classes.
        on_alert: Function that is called with each `Alert` when it opens.
        stop_on: "ERROR", "WARNING" or "INFO": end training, cleanly, at the first alert of that severity or above.
        images: Thumbnails kept of image-like inputs, 0 (none of your pictures are written) to 16.
        save_bad_batches: Keep the first sampled batches that hold NaN or infinities, or make the loss or a gradient
            such, as ``bad_batches/*.npz`` in the run's folder: at most 3, of at most 64 MiB each. These files hold
            your data.
        verbose: 0 prints nothing, 1 each alert once, 2 also a summary at the end.

    Attributes:
        alerts: `Alert` objects of the training so far, worst first; with several trainings, of all of them.

    Raises:
        ConfigurationError: an argument is wrong.
        LogWriteError: `log_dir` cannot be written.
        BackendError: Keras 3 on TensorFlow is missing.
    """

    # Keras need not wait for the logs of every step on our account.
    async_safe = True

    def __init__(
        self,
        log_dir: Any,
        *,
        every: int | Literal["auto"] = "auto",
        overhead_budget: float = 0.01,
        rules: Any = None,
        on_alert: Callable[[Alert], Any] | None = None,
        stop_on: Any = None,
        images: int = 4,
        save_bad_batches: bool = False,
        verbose: int = 1,
    ) -> None:
        super().__init__()
        self._settings = check(
            log_dir, every, overhead_budget, rules, on_alert, stop_on, images, save_bad_batches, verbose
        )
        # made to hear of wrong rules now, not in the middle of a training
        RuleEngine(rules)
        self._reset()

    def _reset(self) -> None:
        self._session: Recorder | None = None
        self._watch: watching.ModelProbes | None = None
        self._past: list[Alert] = []
        self._baseline: Baseline | None = None
        self._watching = False
        self._gave_up = False

    # A callback that is copied or pickled (tuners do) is a fresh one with the same arguments.
    def __getstate__(self) -> dict[str, Any]:
        return {"_settings": self._settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__init__()
        self._settings = state["_settings"]
        self._reset()

    @property
    def alerts(self) -> list[Alert]:
        """Alerts so far, worst first."""
        current = self._session.engine.alerts if self._session is not None else []
        return sorted([*current, *self._past], key=lambda a: -a.severity)

    @property
    def log_dir(self) -> str:
        """Folder of the log, absolute."""
        return self._settings.log_dir

    # -- sessions --------------------------------------------------------------------------------------

    def _open(self, mode: Any, model: Any) -> Recorder:
        if self._session is not None:
            if not self._session.closed:
                # the fit before this one was left by an exception that no step raised
                self._session.end("failed", "fit was left by an exception outside the training step")
            self._close(self._session)
        self._watch = watch = watching.watch(model, self._settings.images, self._watch, self._settings.save_bad_batches)
        session = Recorder(watch, self._settings, mode, self.params, self._baseline)
        self._session = session
        return session

    def _close(self, session: Recorder) -> None:
        self._past += session.engine.alerts
        if session.baseline.layout is not None:
            self._baseline = session.baseline
        self._session = None

    def _join(self, session: Recorder, split: Split) -> None:
        twin = session.watch.add(split, session)
        if split == "train":
            twin.step = watching.iterations(session.watch.model) or 0
        else:
            twin.step = 0

    def _give_up(self, exc: Exception) -> None:
        if self._session is not None and not self._session.closed:
            self._session.broken(exc)
        elif not self._gave_up:
            self._gave_up = True
            reason = f"{type(exc).__name__}: {exc}".rstrip(".")
            say_warning(f"nothing is recorded: {reason}. Training goes on unchanged.")

    def _finish_if_left(self, owner: Any) -> None:
        """Ends the session when Keras' callback list goes: after an exception that no step of ours saw."""
        if owner is None:
            return
        session = weakref.ref(self._session) if self._session is not None else None

        def left() -> None:
            found = session() if session is not None else None
            if found is not None and not found.closed:
                found.end("failed", "fit was left by an exception outside the training step")

        weakref.finalize(owner, left).atexit = False

    # -- Keras' hooks ----------------------------------------------------------------------------------

    @_harmless
    def on_train_begin(self, logs: Any = None) -> None:
        """Puts the probed twin in the place of the model's training function."""
        if self._watching and self._session is not None and self._session.watch.model is self.model:
            return
        session = self._open("fit", self.model)
        self._join(session, "train")
        self._finish_if_left(watching.callback_list_above())

    @_harmless
    def on_train_end(self, logs: Any = None) -> None:
        """Writes the end of the log and puts the model's own function back."""
        if self._session is not None and not self._watching:
            self._session.end("finished")

    @_harmless
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Notes the epoch."""
        if self._session is not None:
            self._session.begin_epoch(epoch)

    @_harmless
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Notes Keras' logs of the epoch."""
        if self._session is not None:
            self._session.end_epoch(epoch, logs)

    @_harmless
    def on_test_begin(self, logs: Any = None) -> None:
        """Watches the batches of a validation, or of `evaluate`."""
        self._begin_other("validation", "evaluate")

    @_harmless
    def on_test_end(self, logs: Any = None) -> None:
        """Ends what `on_test_begin` began."""
        self._end_other("validation", "evaluate")

    @_harmless
    def on_predict_begin(self, logs: Any = None) -> None:
        """Watches the batches of `predict`."""
        self._begin_other("predict", "predict")

    @_harmless
    def on_predict_end(self, logs: Any = None) -> None:
        """Ends what `on_predict_begin` began."""
        self._end_other("predict", "predict")

    def _begin_other(self, split: Split, mode: Any) -> None:
        session = self._session
        if session is None or session.closed:
            session = self._open(mode, self.model)
            self._finish_if_left(watching.callback_list_above())
        if session.recording:
            session.begin_test()
            self._join(session, split)

    def _end_other(self, split: Split, mode: str) -> None:
        session = self._session
        if session is None or self._watching:
            return
        if session.mode == mode:
            session.end("finished")
        else:
            session.watch.remove(session, split)

    # -- loops without fit -----------------------------------------------------------------------------

    def watch(self, model: Any) -> _Watching:
        """Watches a model outside `fit`, or around a `fit` that raises before it calls its callbacks.

        >>> with InputDiagnostics("logs").watch(model):          # doctest: +SKIP
        ...     for x, y in batches:
        ...         model.train_on_batch(x, y)

        Args:
            model: A compiled Keras model.

        Returns:
            A context manager that gives this callback; exceptions pass through, with their diagnosis as a note.

        Raises:
            ConfigurationError: if `model` is not a compiled Keras model.
        """
        if not isinstance(model, keras.Model):
            raise ConfigurationError(f"watch() takes a Keras model. Received: {type(model).__name__}.")
        if not model.compiled:
            raise ConfigurationError("watch() takes a compiled model. Call model.compile(...) first.")
        return _Watching(self, model)


class _Watching:
    """Watches a model while its block runs; see `InputDiagnostics.watch`."""

    def __init__(self, callback: InputDiagnostics, model: Any) -> None:
        self._callback = callback
        self._model = model

    def __enter__(self) -> InputDiagnostics:
        callback = self._callback
        try:
            session = callback._open("watch", self._model)
            session.watch.pin(1)
            callback._watching = True
            for split in ("train", "validation", "predict"):
                getattr(self._model, FUNCTIONS[split][2])()
                callback._join(session, split)
        except Exception as exc:
            callback._give_up(exc)
        return callback

    def __exit__(self, kind: Any, exc: BaseException | None, traceback: Any) -> None:
        callback, session = self._callback, self._callback._session
        callback._watching = False
        if session is None:
            return
        session.watch.pin(-1)
        try:
            if isinstance(exc, Exception):
                step = watching.iterations(self._model) or 0
                session.diagnose(exc, "train", step, None, failed_batch(exc, self._model))
        except Exception as trouble:
            callback._give_up(trouble)
        if exc is None:
            session.end("finished")
        else:
            status: Any = "interrupted" if isinstance(exc, KeyboardInterrupt) else "failed"
            session.end(status, f"{type(exc).__name__}: {exc}")
