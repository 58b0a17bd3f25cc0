"""The alerts of a session as they open, change, resolve, and are folded into those of their causes."""

from __future__ import annotations

from dataclasses import replace

from tb_inputdiag.alerts import findings
from tb_inputdiag.records import Alert, Consequence, Severity, ShownExamples
from tb_inputdiag.rules.engine.causes import CauseGraph
from tb_inputdiag.rules.engine.track import Track
from tb_inputdiag.rules.support.text import wrap_comments

__all__ = ["MAX_CONSEQUENCES", "AlertBook"]

MAX_CONSEQUENCES = 12
"""Consequences that one alert lists: more are not read."""


class AlertBook:
    """Makes and changes the alerts of tracks, and remembers which ones changed.

    Args:
        graph: Ranks the rules, and says which consequences a cause explains.
    """

    def __init__(self, graph: CauseGraph) -> None:
        self._graph = graph
        self._next_id = 0
        self._changed: dict[int, Alert] = {}

    def take_changed(self) -> list[Alert]:
        """Returns the alerts that changed since the last call, in the order in which they first changed."""
        changed, self._changed = self._changed, {}
        return list(changed.values())

    def publish(self, track: Track, alert: Alert) -> None:
        """Makes `alert` the alert of the track, with its present count."""
        track.alert = replace(alert, last_step=track.last_step, count=track.count)
        track.dirty = False
        self._changed[alert.id] = track.alert

    def open(self, track: Track) -> None:
        """Opens the track's alert; an alert that was resolved opens again."""
        if track.alert is None:
            alert, severity = self._new(track), track.severity
        else:
            again = track.alert.reopened + 1
            alert = replace(track.alert, state="open", resolved_step=None, caused_by=None, reopened=again)
            severity = max(track.severity, alert.severity)
        self.publish(track, _worded(alert, track, severity))

    def _new(self, track: Track) -> Alert:
        alert = Alert(
            id=self._next_id,
            rule=track.rule.id,
            severity=track.severity,
            subject=track.finding.subject,
            split=track.split,
            first_step=track.first_step,
            last_step=track.last_step,
            count=track.count,
            message="",
            evidence={},
            why="",
            fix="",
            wall_time=track.wall_time,
            rank=self._graph.rank[track.rule.id],
        )
        self._next_id += 1
        return alert

    def follow(self, track: Track) -> None:
        """Keeps an open alert up to date: its words change only when the severity rises."""
        alert = _alert_of(track)
        if track.severity > alert.severity:
            self.publish(track, _worded(alert, track, track.severity))
        elif track.count >= 8 and track.count & (track.count - 1) == 0:
            self.publish(track, alert)

    def show(self, track: Track, shown: ShownExamples) -> None:
        """Adds examples to look at to the track's alert, if it names them."""
        alert = track.alert
        named = None if alert is None else alert.examples
        if alert is None or named is None:
            return
        if (named.subject, named.step, alert.split) != (shown.subject, shown.step, shown.split):
            return
        known = {(example.subject, example.place) for example in named.shown}
        found = [example for example in shown.examples if example.place in named.batch]
        new = tuple(example for example in found if (example.subject, example.place) not in known)
        if found:
            self.publish(track, replace(alert, examples=replace(named, shown=named.shown + new)))

    def resolve(self, track: Track, step: int) -> None:
        """Resolves the track's open alert."""
        self.publish(track, replace(_alert_of(track), state="resolved", resolved_step=step))

    def reopen_cause(self, track: Track) -> None:
        """Opens the alert of a cause again, because its harm goes on."""
        self.publish(track, replace(_alert_of(track), state="open", resolved_step=None))

    def fold(self, track: Track, cause: Track, step: int) -> None:
        """Makes the track a consequence of its cause."""
        while cause.cause is not None:
            cause = cause.cause
        alert = _alert_of(cause)
        if track.is_open:
            self.publish(track, replace(_alert_of(track), state="resolved", resolved_step=step, caused_by=alert.id))
        track.cause = cause
        found = self._consequences(track, cause)
        # One per rule: the same symptom in thirty layers is one consequence.
        mentioned = {consequence.rule for consequence in alert.consequences}
        room = MAX_CONSEQUENCES - len(alert.consequences)
        new = tuple(consequence for consequence in found if consequence.rule not in mentioned)[:room]
        severity = max(alert.severity, track.severity) if found else alert.severity
        if new or severity > alert.severity:
            self.publish(cause, replace(alert, consequences=alert.consequences + new, severity=severity))

    def _consequences(self, track: Track, cause: Track) -> tuple[Consequence, ...]:
        """Returns what a track that is folded adds to its cause: itself, and its own consequences."""
        inherited = track.alert.consequences if track.alert is not None else ()
        if not self._graph.explains(cause.rule.id, track.rule.id):
            return inherited  # the same fault, said less precisely
        text = track.alert.message if track.alert is not None else track.finding.message
        return (Consequence(rule=track.rule.id, subject=track.finding.subject, text=text), *inherited)

    @staticmethod
    def worst_first(tracks: list[Track]) -> list[Alert]:
        """Returns the alerts of the tracks with their present counts, worst first and without symptoms."""
        return findings(
            replace(track.alert, last_step=track.last_step, count=track.count)
            for track in tracks
            if track.alert is not None
        )


def _alert_of(track: Track) -> Alert:
    if track.alert is None:
        raise AssertionError(f"{track.rule.id} has no alert about {track.finding.subject}.")
    return track.alert


def _worded(alert: Alert, track: Track, severity: Severity) -> Alert:
    finding = track.finding
    examples, before = finding.examples, alert.examples
    if examples is not None and before is not None and (before.step, before.batch) == (examples.step, examples.batch):
        examples = before  # with what is shown of them
    return replace(
        alert,
        severity=severity,
        message=finding.message,
        evidence=dict(finding.evidence),
        picture=finding.picture,
        curves=finding.curves,
        examples=examples,
        why=finding.why or track.rule.why,
        fix=wrap_comments(finding.fix),
    )
