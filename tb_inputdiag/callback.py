"""The Keras callback."""

from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, TypeVar

from tb_inputdiag.capture.requirements import require_backend

require_backend()

import keras  # noqa: E402  # only after the clear error for a missing or unsupported backend

from tb_inputdiag.capture.failed_build import failed_batch  # noqa: E402
from tb_inputdiag.capture.failed_builds import Call, report_failed_builds  # noqa: E402
from tb_inputdiag.capture.fit_arguments import fit_arguments  # noqa: E402
from tb_inputdiag.capture.model_probes import (  # noqa: E402
    callback_list_above,
    iterations,
)
from tb_inputdiag.console import say_warning  # noqa: E402
from tb_inputdiag.errors import ConfigurationError  # noqa: E402
from tb_inputdiag.log.reader import Run  # noqa: E402
from tb_inputdiag.recording.recorder import Recorder  # noqa: E402
from tb_inputdiag.recording.sessions import LEFT, Sessions, close_all  # noqa: E402
from tb_inputdiag.records import Alert, Baseline, Mode, Severity, Split  # noqa: E402
from tb_inputdiag.rules import RuleEngine  # noqa: E402
from tb_inputdiag.rules.engine import RulesArgument  # noqa: E402
from tb_inputdiag.sampling.schedule import Every  # noqa: E402
from tb_inputdiag.settings import check  # noqa: E402
from tb_inputdiag.unhandled import explain_unhandled  # noqa: E402

__all__ = ["InputDiagnostics"]

_Method = TypeVar("_Method", bound=Callable[..., Any])
_SPLITS: dict[Call, Split] = {"fit": "train", "evaluate": "validation", "predict": "predict"}
_Logs = Mapping[str, Any] | None


def _harmless(method: _Method) -> _Method:
    """Keeps a failure in one of our hooks away from the training run."""

    @functools.wraps(method)
    def wrapper(self: InputDiagnostics, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Exception as exc:
            self._give_up(exc)
            return None

    return wrapper  # type: ignore[return-value]  # same signature by functools.wraps


class InputDiagnostics(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Records what goes into a training run, and reports what is wrong with it.

    Samples steps of the compiled training step, as it runs, and records statistics of inputs, targets, predictions,
    gradients, weights and activations. Rules turn them into alerts while training goes on. The training run has the
    same result, bit for bit, as without the callback, except in the few modes that docs/modes.md names.

    Calls of `fit`, `evaluate` and `predict` that follow each other with the same callback and the same model are one
    run: one log, whose steps, epochs and alerts go on. See `close`.

    >>> model.fit(x, y, callbacks=[InputDiagnostics("logs")])    # doctest: +SKIP

    Args:
        log_dir: Folder for the log, or a URL such as ``s3://bucket/run-1``. The log goes into a folder ``inputdiag`` in
            it. Show it with ``tensorboard --logdir LOG_DIR`` or ``tb-inputdiag alerts LOG_DIR``.
        every: Sample every so many steps. With 1, the samples of up to 50 ms are judged together, unless `stop_on` or
            `on_alert` needs their alerts at once. "auto": the first steps densely, then as `overhead_budget` allows,
            and more after a step with an odd loss.
        overhead_budget: Share of the training time that samples may take with ``every="auto"``; 0.01 is 1 %. Tracing
            and compiling the sampled step, once for each compiled model, comes on top.
        rules: Which rules, with which thresholds; None for all with their defaults. A dict ``{id: {threshold: value}}``
            or ``{id: False}``, a list of ids (only these), of ``"-id"`` (all but these), or of your own `Rule` classes.
        on_alert: Function that is called with each `Alert` when it opens.
        stop_on: "ERROR", "WARNING" or "INFO": end training, cleanly, at the first alert of that severity or above.
        images: Thumbnails to keep of image-like inputs in a sample, 1 to 16. 0: none, and no single examples, which
            alerts show otherwise.
        save_bad_batches: Save the first sampled batches with NaN or infinities in the data, the loss or a gradient, as
            ``bad_batches/*.npz`` in the run's folder: at most 3 batches of at most 64 MiB each. These files hold your
            data.
        baseline: File of ``tb-inputdiag baseline`` with what the inputs of a good run were like. Inputs that differ
            from it raise an alert.
        mirror_scalars: Show loss, gradient norm and alerts also in TensorBoard's own tabs Scalars and Text.
        flush_s: If `log_dir` is a URL: the seconds after which what was recorded is there, 1 to 3600. Alerts are there
            within 10 s.
        verbose: 0 prints nothing, 1 each alert once, 2 also a summary at the end.

    Attributes:
        alerts: `Alert` objects so far, worst first, of all training runs with this callback.
        log_dir: Folder of the log, absolute, or its URL without credentials.

    Raises:
        ConfigurationError: if an argument is wrong.
        LogWriteError: if `log_dir` cannot be written.
        BackendError: if Keras 3 on TensorFlow, JAX or PyTorch is missing.
    """

    # We do not need Keras to wait for the logs of every step.
    async_safe = True

    def __init__(
        self,
        log_dir: str | os.PathLike[str],
        *,
        every: Every = "auto",
        overhead_budget: float = 0.01,
        rules: RulesArgument = None,
        on_alert: Callable[[Alert], object] | None = None,
        stop_on: Severity | Literal["ERROR", "WARNING", "INFO"] | None = None,
        images: int = 4,
        save_bad_batches: bool = False,
        baseline: str | os.PathLike[str] | Baseline | None = None,
        mirror_scalars: bool = False,
        flush_s: float = 60.0,
        verbose: int = 1,
    ) -> None:
        super().__init__()
        self._settings = check(
            log_dir,
            every,
            overhead_budget,
            rules,
            on_alert,
            stop_on,
            images,
            save_bad_batches,
            verbose,
            baseline,
            mirror_scalars,
            flush_s,
        )
        # validates the rules early
        RuleEngine(rules)
        self._reset()

    def _reset(self) -> None:
        self._sessions = Sessions(self._settings)
        self._in_block = False
        self._gave_up = False
        self._at_deletion = weakref.finalize(self, close_all, self._sessions.writers)
        self._at_deletion.atexit = False
        # many exceptions leave Keras before it calls its callbacks
        self._end_explaining = weakref.finalize(self, explain_unhandled(self._settings))
        self._end_explaining.atexit = False
        weakref.finalize(self, report_failed_builds(_explain)).atexit = False

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
        return self._sessions.alerts

    @property
    def log_dir(self) -> str:
        """Folder of the log, absolute, or its URL without credentials."""
        return self._settings.shown_log_dir

    # -- sessions --------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ends the run: a later `fit` begins a new one. May be called again.

        Nobody needs to call it. The log is complete after each `fit`, and the files are closed when the callback is
        deleted and when the program ends. Call it where two calls of `fit` of the same model are to be separate runs.
        """
        self._sessions.close()

    def report(self) -> Run:
        """Returns the run of the last call, as it is logged so far. A notebook shows it as a card.

        >>> callback.report()                                    # doctest: +SKIP
        >>> callback.report().inputs["x"].mean                   # doctest: +SKIP

        `tb_inputdiag.read(callback.log_dir)` has the runs before it, too.
        """
        return self._sessions.report()

    @property
    def _recording(self) -> Recorder | None:
        """The session, while one of its calls runs."""
        recorder = self._sessions.current
        return recorder if recorder is not None and recorder.running else None

    def _open(self, mode: Mode, model: Any) -> Recorder:
        arguments = fit_arguments(model) if mode == "fit" else {}
        return self._sessions.open(mode, model, {**(self.params or {}), **arguments})

    def _give_up(self, exc: Exception) -> None:
        if self._recording is not None:
            self._recording.broken(exc)
        elif not self._gave_up:
            self._gave_up = True
            reason = f"{type(exc).__name__}: {exc}".rstrip(".")
            say_warning(f"nothing is recorded: {reason}. Training goes on unchanged.")

    def _finish_if_left(self, owner: Any) -> None:
        """Ends the call when Keras' callback list is deleted: after an exception that no step raised."""
        recorder = self._recording
        if owner is None or recorder is None:
            return
        reference, call = weakref.ref(recorder), recorder.calls

        def left() -> None:
            recorder = reference()
            if recorder is not None and recorder.calls == call:
                recorder.end("failed", LEFT)

        weakref.finalize(owner, left).atexit = False

    def _explain_failed_build(self, model: Any, call: Call, exc: Exception) -> None:
        """Receives an exception that one of the model's methods raised before it called any callback."""
        if self._in_block:
            return
        recorder = self._recording
        if recorder is None or recorder.probes.model is not model:
            recorder = self._open(call, model)
        recorder.diagnose(exc, _SPLITS[call], iterations(model) or 0, None, failed_batch(exc, model))
        recorder.end("failed", f"{type(exc).__name__}: {exc}")

    # -- Keras' hooks ----------------------------------------------------------------------------------

    @_harmless
    def on_train_begin(self, logs: _Logs = None) -> None:
        """Puts the twin in the place of the model's training function."""
        if self._in_block and self._recording is not None and self._recording.probes.model is self.model:
            return
        recorder = self._open("fit", self.model)
        recorder.begin("train")
        self._finish_if_left(callback_list_above())

    @_harmless
    def on_train_end(self, logs: _Logs = None) -> None:
        """Completes the log and puts the model's own function back."""
        if self._recording is not None and not self._in_block:
            self._recording.end("finished")

    @_harmless
    def on_epoch_begin(self, epoch: int, logs: _Logs = None) -> None:
        """Notes the epoch."""
        if self._recording is not None:
            steps = (self.params or {}).get("steps")
            self._recording.begin_epoch(epoch, int(steps) if steps else None)

    @_harmless
    def on_epoch_end(self, epoch: int, logs: _Logs = None) -> None:
        """Records Keras' logs of the epoch."""
        if self._recording is not None:
            self._recording.end_epoch(logs)

    @_harmless
    def on_test_begin(self, logs: _Logs = None) -> None:
        """Begins to record the batches of a validation, or of `evaluate`."""
        self._begin_evaluation("validation", "evaluate")

    @_harmless
    def on_test_end(self, logs: _Logs = None) -> None:
        """Ends what `on_test_begin` began."""
        self._end_evaluation("validation", "evaluate")

    @_harmless
    def on_predict_begin(self, logs: _Logs = None) -> None:
        """Begins to record the batches of `predict`."""
        self._begin_evaluation("predict", "predict")

    @_harmless
    def on_predict_end(self, logs: _Logs = None) -> None:
        """Ends what `on_predict_begin` began."""
        self._end_evaluation("predict", "predict")

    def _begin_evaluation(self, split: Split, mode: Mode) -> None:
        recorder = self._recording
        if recorder is None:
            recorder = self._open(mode, self.model)
            self._finish_if_left(callback_list_above())
        if recorder.recording:
            recorder.begin_evaluation(split)

    def _end_evaluation(self, split: Split, mode: Mode) -> None:
        recorder = self._recording
        if recorder is None or self._in_block:
            return
        if recorder.mode == mode:
            recorder.end("finished")
        else:
            recorder.probes.remove(recorder, split)

    # -- loops without fit -----------------------------------------------------------------------------

    def watch(self, model: Any) -> _WatchBlock:
        """Records a model outside `fit`, or around a `fit` that raises before it calls its callbacks.

        >>> with InputDiagnostics("logs").watch(model):          # doctest: +SKIP
        ...     for x, y in batches:
        ...         model.train_on_batch(x, y)

        Args:
            model: A compiled Keras model.

        Returns:
            A context manager that gives this callback. Exceptions pass through, with their diagnosis as a note.

        Raises:
            ConfigurationError: if `model` is not a compiled Keras model.
        """
        if not isinstance(model, keras.Model):
            raise ConfigurationError(f"watch() takes a Keras model. Received: {type(model).__name__}.")
        if not model.compiled:
            raise ConfigurationError("watch() takes a compiled model. Call model.compile(...) first.")
        return _WatchBlock(self, model)


def _explain(callback: Any, model: Any, call: Call, exc: Exception) -> None:
    """Has a callback explain why a model could not be built, if it is one of ours."""
    if isinstance(callback, InputDiagnostics):
        try:
            callback._explain_failed_build(model, call, exc)
        except Exception as trouble:
            callback._give_up(trouble)


class _WatchBlock:
    """Records a model while its block runs; see `InputDiagnostics.watch`."""

    def __init__(self, callback: InputDiagnostics, model: Any) -> None:
        self._callback = callback
        self._model = model
        self._recorder: Recorder | None = None

    def __enter__(self) -> InputDiagnostics:
        callback = self._callback
        try:
            self._recorder = recorder = callback._open("watch", self._model)
            recorder.probes.pins.append(recorder)
            callback._in_block = True
            for split in recorder.probes.make_functions():
                recorder.begin(split)
        except Exception as exc:
            callback._give_up(exc)
        return callback

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        callback, recorder = self._callback, self._recorder
        callback._in_block = False
        if recorder is None:
            return
        if recorder in recorder.probes.pins:
            recorder.probes.pins.remove(recorder)
        try:
            if isinstance(exc, Exception):
                step = iterations(self._model) or 0
                recorder.diagnose(exc, "train", step, None, failed_batch(exc, self._model))
        except Exception as trouble:
            callback._give_up(trouble)
        if exc is None:
            recorder.end("finished")
        else:
            status: Literal["interrupted", "failed"] = "interrupted" if isinstance(exc, KeyboardInterrupt) else "failed"
            recorder.end(status, f"{type(exc).__name__}: {exc}")
