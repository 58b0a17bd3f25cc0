"""Alerts as messages of a chat, by a webhook in Slack's format."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.integrations.background import BackgroundCalls
from tb_inputdiag.integrations.outcome import outcome
from tb_inputdiag.log.reader import Run
from tb_inputdiag.records import Alert, Severity

__all__ = ["SlackWebhook", "alert_message"]

_TIMEOUT_S = 10.0
_MOST_TEXT = 2900
"""Characters of a section; Slack refuses more than 3,000."""
_MARKS = {
    Severity.ERROR: ":red_circle:",
    Severity.WARNING: ":large_orange_circle:",
    Severity.INFO: ":large_blue_circle:",
}


class SlackWebhook:
    """Posts alerts to a webhook. Slack, Mattermost, Rocket.Chat and others take this format.

    Messages are posted from a thread of its own. The URL is a secret: it is never shown or logged.

    Args:
        url: The webhook.
        name: What the run is called in the messages.
        min_severity: ERROR, WARNING or INFO: the least that is posted.
        end: Whether to post a line when training has ended.

    Raises:
        ConfigurationError: if `url` is not an http or https URL, or `min_severity` is not a severity.
    """

    def __init__(self, url: str, *, name: str = "", min_severity: Severity | str = "WARNING", end: bool = True) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ConfigurationError("SlackWebhook takes the URL of a webhook, which begins with https://.")
        self._url = url
        self._name = name
        self._least = Severity.parse(min_severity, argument="min_severity")
        self._end = end
        self._calls = BackgroundCalls("The webhook")

    def __repr__(self) -> str:
        return "SlackWebhook('***')"

    def __call__(self, alert: Alert) -> None:
        """Receives an alert that opened."""
        if alert.severity >= self._least:
            message = alert_message(alert, self._name)
            self._calls.add(lambda: self._post(message))

    def training_ended(self, run: Run) -> None:
        """Receives the end of a `fit`; waits up to 15 s until all messages are posted."""
        if self._end:
            message = _end_message(run, self._name)
            self._calls.add(lambda: self._post(message))
        self._calls.wait()

    def _post(self, message: Mapping[str, object]) -> None:
        data = json.dumps(message).encode()
        request = urllib.request.Request(self._url, data, {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=_TIMEOUT_S).close()
        except urllib.error.HTTPError as error:
            error.close()
            raise OSError(f"it answered {error.code} {error.reason}") from None
        except urllib.error.URLError as error:
            raise OSError(str(error.reason)) from None


def alert_message(alert: Alert, name: str = "") -> dict[str, object]:
    """Returns an alert as the JSON of a message: one sentence for notifications, and blocks."""
    where = f" in {_plain(name)}" if name else ""
    title = f"{_MARKS[alert.severity]} *{alert.severity.name} {_plain(alert.rule)}* [{_plain(alert.subject)}]{where}"
    parts = [f"{title}\n{_plain(alert.message)}", _plain(alert.why)]
    if alert.fix:
        parts.append(f"```{_plain(alert.fix)[:_MOST_TEXT]}```")
    return {
        "text": f"{alert.severity.name} {_plain(alert.rule)}{where}: {_plain(alert.message)}",
        "blocks": [_section(part) for part in parts if part],
    }


def _end_message(run: Run, name: str) -> dict[str, object]:
    text = f"{_plain(name) or 'Training'}: {outcome(run)}."
    return {"text": text, "blocks": [_section(text)]}


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[: _MOST_TEXT + 10]}}


def _plain(text: str) -> str:
    """Returns a text in which Slack sees no link, no mention and no entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
