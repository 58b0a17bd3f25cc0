"""Several receivers of alerts, as one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tb_inputdiag.console import say_warning
from tb_inputdiag.log.end_listener import EndListener
from tb_inputdiag.log.reader import Run
from tb_inputdiag.records import Alert

__all__ = ["SeveralReceivers"]


class SeveralReceivers:
    """Hands each alert to several receivers. One that fails does not keep the others from receiving it.

    >>> InputDiagnostics("logs", on_alert=SeveralReceivers(MLflowAlerts(), print))     # doctest: +SKIP

    Args:
        *receivers: Functions, or receivers of `tb_inputdiag.integrations`.
    """

    def __init__(self, *receivers: Callable[[Alert], object]) -> None:
        self._receivers = receivers
        self._warned: set[int] = set()

    def __call__(self, alert: Alert) -> None:
        """Receives an alert that opened."""
        for receiver in self._receivers:
            self._try(receiver, partial(receiver, alert))

    def training_ended(self, run: Run) -> None:
        """Receives the end of a `fit`."""
        for receiver in self._receivers:
            if isinstance(receiver, EndListener):
                self._try(receiver, partial(receiver.training_ended, run))

    def _try(self, receiver: object, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:
            if id(receiver) not in self._warned:
                self._warned.add(id(receiver))
                name = getattr(receiver, "__name__", type(receiver).__name__)
                say_warning(f"on_alert: {name} raised {type(error).__name__}: {error}. Training and recording go on.")
