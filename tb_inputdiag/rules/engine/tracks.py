"""State of what the rules find: since when, how often, open or resolved, cause or consequence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tb_inputdiag.alerts import findings
from tb_inputdiag.records import Alert, Consequence, Severity, Split
from tb_inputdiag.rules.base import Finding, Rule
from tb_inputdiag.rules.engine.causes import CauseGraph
from tb_inputdiag.rules.support.text import fold
from tb_inputdiag.rules.views.context import Context

__all__ = ["MAX_CONSEQUENCES", "MAX_OPEN_PER_RULE", "Tracks"]

MAX_OPEN_PER_RULE = 8
"""Alerts of one rule: two hundred dead layers are one story, not two hundred."""
MAX_CONSEQUENCES = 12

Key = tuple[str, str, Split]


@dataclass(slots=True, eq=False)
class _Track:
    """One finding, followed through the records: keyed by rule, subject and split."""

    rule: Rule
    hook: str
    finding: Finding
    first_step: int
    last_step: int
    wall_time: float
    streak: int = 0
    """Successive verdicts that found it."""
    misses: int = 0
    """Successive verdicts that did not."""
    count: int = 0
    alert: Alert | None = None
    cause: _Track | None = None
    """Folded into it: no alert of its own."""
    dirty: bool = False
    """Count or last step moved since the alert was last passed on."""

    @property
    def is_open(self) -> bool:
        return self.alert is not None and self.alert.state == "open" and self.cause is None

    @property
    def ripe(self) -> bool:
        return self.streak >= self.rule.persistence or (self.streak > 0 and self.finding.at_once)


class Tracks:
    """All tracks of a session."""

    def __init__(self, rules: list[Rule]) -> None:
        self._graph = CauseGraph(rules)
        self._tracks: dict[Key, _Track] = {}
        self._by_rule: dict[str, dict[Key, _Track]] = {rule.id: {} for rule in rules}
        self._next_id = 0
        self._changed: dict[int, Alert] = {}
        self._split: Split = "train"
        self._hook = ""
        self._step = 0
        self._wall_time = 0.0
        self._touched = False

    def begin(self, hook: str, context: Context) -> None:
        """Prepares for the verdicts on one record."""
        self._hook = hook
        self._split = context.split
        self._step = context.step
        self._wall_time = context.wall_time
        self._changed = {}
        self._touched = False

    def follow(self, rule: Rule, findings: list[Finding] | None) -> None:
        """Follows a rule's verdict on the record; None is no verdict."""
        mine = self._by_rule[rule.id]
        if findings is None or not (findings or mine):
            return
        self._touched = True
        hit: set[Key] = set()
        for finding in findings:
            key = (rule.id, finding.subject, finding.split or self._split)
            if key not in hit:
                hit.add(key)
                self._hit(key, rule, finding)
        for key, track in [*mine.items()]:
            if key not in hit and track.hook == self._hook and (key[2] == self._split or self._hook != "on_sample"):
                self._miss(key, track)

    def _hit(self, key: Key, rule: Rule, finding: Finding) -> None:
        step = self._step if finding.step is None else finding.step
        track = self._tracks.get(key)
        if track is None:
            track = _Track(rule, self._hook, finding, step, step, self._wall_time)
            self._tracks[key] = self._by_rule[rule.id][key] = track
        if track.streak == 0 and track.alert is None:
            track.first_step, track.wall_time = step, self._wall_time
        track.hook = self._hook
        track.streak += 1
        track.misses = 0
        track.count += 1
        track.last_step = max(track.last_step, step)
        track.dirty = track.alert is not None
        if track.is_open:
            self._follow(track, finding)
        track.finding = finding

    def _follow(self, track: _Track, finding: Finding) -> None:
        """Keeps an open alert up to date: its words change only when the severity rises."""
        alert = track.alert
        assert alert is not None
        severity = finding.severity or track.rule.severity
        if severity > alert.severity:
            alert = _worded(alert, track.rule, finding, severity)
            self._put(track, alert)
        elif track.count >= 8 and track.count & (track.count - 1) == 0:
            self._put(track, alert)

    def _miss(self, key: Key, track: _Track) -> None:
        track.streak = 0
        track.misses += 1
        # The static facts come again only when they have changed, so one verdict on them is enough.
        needed = 1 if self._hook == "on_model" else track.rule.resolve_after
        gone = bool(needed) and track.misses >= needed
        if track.is_open:
            if gone and not self._harms(track):
                assert track.alert is not None
                self._put(track, replace(track.alert, state="resolved", resolved_step=self._step))
        elif track.alert is None and (track.cause is None or gone):
            del self._tracks[key], self._by_rule[track.rule.id][key]
        elif gone:
            track.cause = None

    def _harms(self, track: _Track) -> bool:
        """Returns whether harm that was put down to this cause goes on: the cause must not look over then."""
        return any(
            t.cause is track
            and t.streak > 0
            and ((t.finding.severity or t.rule.severity) >= Severity.ERROR or t.rule.id in track.rule.lasting)
            for t in self._tracks.values()
        )

    def settle(self) -> list[Alert]:
        """Opens, reopens and folds what is ripe; returns the alerts that changed since `begin`."""
        if self._touched or self._hook == "on_session_end":
            ripe = [t for t in self._tracks.values() if t.streak and t.cause is None and not t.is_open and t.ripe]
            ripe.sort(key=lambda t: (-self._graph.rank[t.rule.id], t.first_step))
            for track in ripe:
                self._admit(track)
        return list(self._changed.values())

    def _admit(self, track: _Track) -> None:
        if track.cause is not None:
            return
        others = [t for t in self._tracks.values() if t is not track and t.cause is None]
        # A symptom that lasts explains what follows from it, even when its own cause has been resolved meanwhile.
        lasting = [t for t in self._tracks.values() if t.cause is not None and t.streak]
        cause = self._cause_of(track, [t for t in others if t.is_open]) or self._cause_of(track, lasting)
        if cause is None:
            cause = self._past_cause_of(track, others)
        if cause is not None:
            self._fold(track, cause)
            return
        severity = track.finding.severity or track.rule.severity
        # A cause that still has to persist shall not find its symptom already told, except where that is certain harm.
        waiting = [t for t in others if t.streak and not t.is_open and not t.ripe]
        last = self._hook == "on_session_end"
        if severity < 30 and not last and self._cause_of(track, waiting) is not None:
            return
        if sum(t.is_open for t in self._by_rule[track.rule.id].values()) >= MAX_OPEN_PER_RULE:
            return
        self._open(track)
        for other in others:
            if other.is_open and self._cause_of(other, [track]) is track:
                self._fold(other, track)

    def _past_cause_of(self, track: _Track, others: list[_Track]) -> _Track | None:
        """Returns a cause that is over but whose harm stays, open again; None if there is none."""
        past = [
            t
            for t in others
            if t.alert is not None and track.rule.id in t.rule.lasting and t.first_step <= track.first_step
        ]
        cause = self._cause_of(track, past)
        if cause is not None:
            assert cause.alert is not None
            self._put(cause, replace(cause.alert, state="open", resolved_step=None))
        return cause

    def _cause_of(self, track: _Track, others: list[_Track]) -> _Track | None:
        graph, rule = self._graph, track.rule.id
        causes = [
            t
            for t in others
            if graph.explains(t.rule.id, rule)
            or (graph.supersedes(t.rule.id, rule) and t.finding.subject == track.finding.subject)
        ]
        return max(causes, key=lambda t: (graph.rank[t.rule.id], -t.first_step), default=None)

    def _open(self, track: _Track) -> None:
        finding, rule = track.finding, track.rule
        severity = finding.severity or rule.severity
        if track.alert is None:
            blank = Alert(
                id=self._next_id,
                rule=rule.id,
                severity=severity,
                subject=finding.subject,
                split=finding.split or self._split,
                first_step=track.first_step,
                last_step=track.last_step,
                count=track.count,
                message="",
                evidence={},
                why="",
                fix="",
                wall_time=track.wall_time,
                rank=self._graph.rank[rule.id],
            )
            self._next_id += 1
            self._put(track, _worded(blank, rule, finding, severity))
        else:
            reopened = replace(
                track.alert, state="open", resolved_step=None, caused_by=None, reopened=track.alert.reopened + 1
            )
            self._put(track, _worded(reopened, rule, finding, max(severity, track.alert.severity)))

    def _fold(self, track: _Track, cause: _Track) -> None:
        while cause.cause is not None:
            cause = cause.cause
        if track.is_open:
            assert track.alert is not None
            assert cause.alert is not None
            folded = replace(track.alert, state="resolved", resolved_step=self._step, caused_by=cause.alert.id)
            self._put(track, folded)
        track.cause = cause
        alert = cause.alert
        assert alert is not None
        inherited = track.alert.consequences if track.alert is not None else ()
        if not self._graph.explains(cause.rule.id, track.rule.id):
            found: tuple[Consequence, ...] = inherited  # the same fault, said less precisely
        else:
            said = track.alert.message if track.alert is not None else track.finding.message
            found = (Consequence(rule=track.rule.id, subject=track.finding.subject, text=said), *inherited)
        # One per rule: the same symptom in thirty layers is one consequence.
        mentioned = {consequence.rule for consequence in alert.consequences}
        new = tuple(consequence for consequence in found if consequence.rule not in mentioned)
        room = MAX_CONSEQUENCES - len(alert.consequences)
        severity = max(alert.severity, track.finding.severity or track.rule.severity) if found else alert.severity
        if new[:room] or severity > alert.severity:
            self._put(cause, replace(alert, consequences=alert.consequences + new[:room], severity=severity))

    def _put(self, track: _Track, alert: Alert) -> None:
        track.alert = replace(alert, last_step=track.last_step, count=track.count)
        track.dirty = False
        self._changed[alert.id] = track.alert

    def close(self) -> list[Alert]:
        """Returns the alerts that changed, and those whose count or last step moved since they were last returned."""
        for track in self._tracks.values():
            if track.alert is not None and track.dirty:
                self._put(track, track.alert)
        return list(self._changed.values())

    def alerts(self) -> list[Alert]:
        """Returns the alerts that are not symptoms of others, worst first."""
        kept = [
            replace(t.alert, last_step=t.last_step, count=t.count) for t in self._tracks.values() if t.alert is not None
        ]
        return findings(kept)


def _worded(alert: Alert, rule: Rule, finding: Finding, severity: int) -> Alert:
    return replace(
        alert,
        severity=type(rule.severity)(severity),
        message=finding.message,
        evidence=dict(finding.evidence),
        picture=finding.picture,
        curves=finding.curves,
        why=finding.why or rule.why,
        fix=fold(finding.fix),
    )
