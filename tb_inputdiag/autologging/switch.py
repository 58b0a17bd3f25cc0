"""`tb_inputdiag.autolog`: which settings are in force, and what is replaced while they are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Literal

from tb_inputdiag.autologging.keras_calls import Listener, replace_calls
from tb_inputdiag.autologging.post_import import when_imported
from tb_inputdiag.console import say_warning
from tb_inputdiag.errors import InputDiagError

if TYPE_CHECKING:
    from tb_inputdiag.autologging.model_runs import ModelRuns
    from tb_inputdiag.records import Alert, Baseline, Severity
    from tb_inputdiag.rules.engine import RulesArgument
    from tb_inputdiag.sampling.schedule import Every
    from tb_inputdiag.settings import Settings

__all__ = ["AutologScope", "autolog", "describe_present", "explain_by_present"]


def autolog(
    log_dir: str | os.PathLike[str] = "logs",
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
    disable: bool = False,
) -> AutologScope:
    """Puts an `InputDiagnostics` into every `fit`, `evaluate`, `predict` and `train_on_batch` from now on.

    >>> tb_inputdiag.autolog()                                    # doctest: +SKIP
    >>> model.fit(x, y)                                           # doctest: +SKIP

    Each model gets a run of its own. Calls of the same model go on in its run. A call that has an `InputDiagnostics`
    of your own stays as it is, and so does what a recorded call does itself, such as the validation in `fit`. In a loop
    of `evaluate` or `predict`, the first 16 calls of a model are recorded, and then one in 10 seconds.

    A second call changes the settings. It does nothing if they are the same. Keras may be imported before or after.

    The result can be used as a context manager, at whose end the former settings are in force again:

    >>> with tb_inputdiag.autolog("logs"):                        # doctest: +SKIP
    ...     model.fit(x, y)

    Args:
        log_dir: Folder for the logs, or its URL.
        every: See `InputDiagnostics`, as for the other arguments.
        overhead_budget: See `InputDiagnostics`.
        rules: See `InputDiagnostics`.
        on_alert: See `InputDiagnostics`.
        stop_on: See `InputDiagnostics`.
        images: See `InputDiagnostics`.
        save_bad_batches: See `InputDiagnostics`.
        baseline: See `InputDiagnostics`.
        mirror_scalars: See `InputDiagnostics`.
        flush_s: See `InputDiagnostics`.
        verbose: See `InputDiagnostics`.
        disable: End all runs and put back everything that was replaced. The other arguments are not read.

    Returns:
        A context manager.

    Raises:
        ConfigurationError: if an argument is wrong.
        LogWriteError: if `log_dir` cannot be written.
    """
    if disable:
        return AutologScope(_autologging.switch(None))
    from tb_inputdiag.rules import RuleEngine
    from tb_inputdiag.settings import check

    settings = check(
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
    return AutologScope(_autologging.switch(settings))


class AutologScope:
    """What `autolog` returns: as a context manager, it brings back the former settings at its end."""

    def __init__(self, before: Settings | None) -> None:
        self._before = before

    def __repr__(self) -> str:
        return f"<{describe_present()}>"

    def __enter__(self) -> AutologScope:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exc is not None:
            explain_by_present(exc)  # outside of the block nothing would
        _autologging.switch(self._before)


def describe_present() -> str:
    """Returns where runs are recorded at present, as a few words."""
    settings = _autologging.settings
    return f"autolog into {settings.shown_log_dir!r}" if settings is not None else "autolog is off"


def explain_by_present(exc: BaseException) -> None:
    """Explains an exception by the settings in force, if there are any; see `unhandled.explain`."""
    if _autologging.settings is not None:
        from tb_inputdiag.unhandled import explain

        explain(exc, _autologging.settings)


class _Autologging:
    """The settings in force, and what was replaced because of them."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        """None: nothing is recorded, and nothing is replaced."""
        self._lock = threading.RLock()
        self._runs: ModelRuns | None = None
        self._undo: list[Callable[[], None]] = []
        self._unexplain: Callable[[], None] = lambda: None

    def switch(self, settings: Settings | None) -> Settings | None:
        """Brings settings into force; None: none. Returns those that were in force before."""
        with self._lock:
            before, self.settings = self.settings, settings
            if settings == before:
                return before
            runs, self._runs = self._runs, None
            if runs is not None:
                runs.close()
            if settings is None:
                while self._undo:
                    self._undo.pop()()
                self._unexplain()
                return before
            if before is None:
                self._undo.append(when_imported("keras", self._replace))
            self._explain(settings)
            return before

    def _explain(self, settings: Settings) -> None:
        """Explains unhandled exceptions by new settings."""
        from tb_inputdiag.unhandled import explain_unhandled

        former, self._unexplain = self._unexplain, explain_unhandled(settings)
        former()

    def _replace(self, keras: ModuleType) -> None:
        with self._lock:
            if self.settings is not None:
                self._undo.append(replace_calls(keras, self._listener))

    def _listener(self) -> Listener | None:
        """Returns the runs, made when the first call is: that imports the callback, which Keras must not wait for."""
        with self._lock:
            if self._runs is None and self.settings is not None:
                try:
                    from tb_inputdiag.autologging.model_runs import ModelRuns

                    self._runs = ModelRuns(self.settings)
                except InputDiagError as error:  # Keras is too old, or runs on another backend
                    self.switch(None)
                    say_warning(f"nothing is recorded: {error}")
            return self._runs


_autologging = _Autologging()
