"""Tells the user about alerts: prints them, calls `on_alert`, and ends training as `stop_on` asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from tb_inputdiag.alerts import count_by_severity, is_standing
from tb_inputdiag.console import say, say_warning
from tb_inputdiag.log.end_listener import EndListener
from tb_inputdiag.log.reader import Run
from tb_inputdiag.records import Alert, Cost, NotJudged
from tb_inputdiag.report import format_alert
from tb_inputdiag.settings import Settings

__all__ = ["Announcer"]

_BETWEEN_ENDS_S = 60.0
"""Least seconds between two ends of training that are reported: a loop may call `fit` a thousand times."""


class Announcer:
    """Announces each alert once, when it opens.

    Args:
        settings: The callback's arguments.
        workers: Processes that train together.
        stop_training: Asks Keras to end training after the present step.
    """

    def __init__(self, settings: Settings, workers: int, stop_training: Callable[[], None]) -> None:
        self.stopped_by: Alert | None = None
        """The alert that ended training."""
        self._began = 0
        self._settings = settings
        self._workers = workers
        self._stop_training = stop_training
        self._announced: set[int] = set()
        self._reasons: set[str] = set()
        self._refused_to_stop = False
        self._end_waits = False
        self._end_reported = float("-inf")

    def begin_call(self, step: int) -> None:
        """Notes that another call begins, whose next training step is `step`."""
        self.stopped_by, self._began = None, step

    def see_again(self, alerts: Iterable[Alert]) -> None:
        """Ends training because of an alert of an earlier call that was found again in this one.

        Args:
            alerts: The alerts of the session.
        """
        for alert in alerts:
            if is_standing(alert) and alert.last_step >= self._began:
                self._stop_if_severe(alert)

    def announce(self, alert: Alert, aloud: bool = True) -> None:
        """Receives an alert that opened or changed.

        Args:
            alert: The alert.
            aloud: Whether it may be printed.
        """
        if alert.id in self._announced or alert.state != "open":
            return
        self._announced.add(alert.id)
        if self._settings.verbose and aloud:
            say(lambda width, color: format_alert(alert, width=width, color=color))
        self._call(alert)
        self._stop_if_severe(alert)

    def announce_not_judged(self, item: NotJudged) -> None:
        """Receives a rule that cannot judge the run; prints each reason once, however many rules share it."""
        if item.reason in self._reasons:
            return
        self._reasons.add(item.reason)
        if self._settings.verbose:
            text = f"Input diagnostics cannot judge {item.rule} in this run: {item.reason}"
            say(lambda width, color: text)

    def _call(self, alert: Alert) -> None:
        if self._settings.on_alert is None:
            return
        try:
            self._settings.on_alert(alert)
        except Exception as exc:
            say_warning(f"on_alert raised {type(exc).__name__}: {exc}. Training and recording go on.")

    def _stop_if_severe(self, alert: Alert) -> None:
        stop_on = self._settings.stop_on
        if stop_on is None or alert.severity < stop_on or self.stopped_by is not None:
            return
        if self._workers > 1:
            if not self._refused_to_stop:
                self._refused_to_stop = True
                say_warning(
                    f"{alert.rule} would end training (stop_on={stop_on.name!r}), but one of {self._workers} workers "
                    "that stopped alone would leave the others waiting. Training goes on."
                )
            return
        self.stopped_by = alert
        self._stop_training()
        if self._settings.verbose:
            text = f"stop_on={stop_on.name!r}: training ends because of {alert.rule}."
            say(lambda width, color: text)

    def end_training(self, read: Callable[[], Run | None], *, last: bool = False) -> None:
        """Tells `on_alert` that training has ended, if it wants to know.

        Args:
            read: Reads what was recorded.
            last: Whether the session is over, so that only an end is reported that was not reported yet.
        """
        listener = self._settings.on_alert
        if not isinstance(listener, EndListener) or (last and not self._end_waits):
            return
        now = time.monotonic()
        if not last and now - self._end_reported < _BETWEEN_ENDS_S:
            self._end_waits = True
            return
        self._end_waits, self._end_reported = False, now
        try:
            run = read()
            if run is not None:
                listener.training_ended(run)
        except Exception as exc:
            say_warning(f"on_alert.training_ended raised {type(exc).__name__}: {exc}. Training and recording go on.")

    def say_goodbye(self, status: str, alerts: Sequence[Alert], cost: Cost) -> None:
        """Prints the summary of a session, if the user wants one.

        Args:
            status: How it ended.
            alerts: Its alerts.
            cost: What it cost.
        """
        if self._settings.verbose < 2:
            return
        least = "at least " if cost.is_least else ""
        counts = count_by_severity(alert for alert in alerts if is_standing(alert))
        found = ", ".join(f"{n} {severity.name}" for severity, n in counts.items()) if any(counts.values()) else "none"
        text = (
            f"Input diagnostics: {status}; open alerts: {found}. {cost.samples} of {cost.steps} "
            f"steps sampled, {least}{100 * cost.share:.1f} % of the time, after {cost.setup_s:.1f} s once to set up. "
            f"tensorboard --logdir {self._settings.shown_log_dir}"
        )
        say(lambda width, color: text)
