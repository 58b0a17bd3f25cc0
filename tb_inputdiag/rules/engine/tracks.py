"""Follows what the rules find, and decides when it becomes an alert, and whose consequence it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tb_inputdiag.records import Alert, Severity, ShownExamples, Split
from tb_inputdiag.rules.base import Finding, Rule
from tb_inputdiag.rules.engine.alert_book import AlertBook
from tb_inputdiag.rules.engine.causes import CauseGraph
from tb_inputdiag.rules.engine.track import Key, Track
from tb_inputdiag.rules.views.context import Context

__all__ = ["MAX_OPEN_PER_RULE", "Tracks"]

MAX_OPEN_PER_RULE = 8
"""Open alerts of one rule: two hundred dead layers are one story, not two hundred."""


_MANY_CALLS = 8
"""Calls whose end always passes the counts on. After that a count must have grown by an eighth."""


class Tracks:
    """All tracks of a session.

    Args:
        rules: The rules whose findings are followed.
        causes: Which of them explains which.
    """

    def __init__(self, rules: Sequence[Rule], causes: CauseGraph) -> None:
        self._graph = causes
        self._book = AlertBook(self._graph)
        self._by_rule: dict[str, dict[Key, Track]] = {rule.id: {} for rule in rules}
        self._tracks: dict[Key, Track] = {}
        self._absent: dict[tuple[str, Split], int] = {}
        self._split: Split = "train"
        self._hook = ""
        self._step = 0
        self._wall_time = 0.0
        self._examples = 0
        self._touched = False
        self._whole = False

    def begin(self, hook: str, context: Context) -> None:
        """Prepares for the verdicts on one record."""
        self._hook = hook
        self._split = context.split
        self._step = context.step
        self._wall_time = context.wall_time
        self._examples = context.sample.batch_size if hook == "on_sample" else 0
        self._whole = context.whole_data
        self._touched = False

    def follow(self, rule: Rule, findings: Sequence[Finding] | None) -> None:
        """Follows a rule's verdict on the record; None means that the rule did not judge."""
        mine = self._by_rule[rule.id]
        if findings is not None and not findings and rule.judges == "batch" and self._hook == "on_sample":
            self._absent[rule.id, self._split] = self._step
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
            here = key[2] == self._split or self._hook not in ("on_sample", "on_data")
            if key not in hit and track.hook == self._hook and here:
                self._miss(key, track)

    def _hit(self, key: Key, rule: Rule, finding: Finding) -> None:
        step = self._step if finding.step is None else finding.step
        track = self._tracks.get(key)
        if track is None:
            track = Track(rule, key[2], self._hook, finding, step, step, self._wall_time)
            track.absent_step = self._absent.get((rule.id, key[2]))
            self._tracks[key] = self._by_rule[rule.id][key] = track
        track.hit(finding, self._hook, step, self._wall_time, self._examples)
        track.whole = self._whole
        if track.is_open:
            self._book.follow(track)

    def _miss(self, key: Key, track: Track) -> None:
        gone = track.miss()
        if track.is_open:
            if gone and not self._harms(track):
                self._book.resolve(track, self._step)
        elif track.alert is None and (track.cause is None or gone):
            del self._tracks[key], self._by_rule[track.rule.id][key]
        elif gone:
            track.cause = None

    def _harms(self, cause: Track) -> bool:
        """Returns whether harm that was put down to this cause goes on: the cause must not look resolved then."""
        return any(
            track.cause is cause
            and track.streak > 0
            and (track.severity >= Severity.ERROR or track.rule.id in cause.rule.lasting)
            for track in self._tracks.values()
        )

    def settle(self) -> list[Alert]:
        """Opens, reopens and folds what is ripe; returns the alerts that changed since the last call."""
        if self._touched or self._hook == "on_session_end":
            ripe = [t for t in self._tracks.values() if t.cause is None and not t.is_open and t.streak and t.is_ripe]
            ripe.sort(key=lambda track: (-self._graph.rank[track.rule.id], track.first_step))
            for track in ripe:
                self._admit(track)
        return self._book.take_changed()

    def close(self, calls: int) -> list[Alert]:
        """Settles the last record of a call; returns the alerts that changed, or whose count was not passed on yet.

        Args:
            calls: Calls so far. After many of them, small changes of a count wait: the log must not grow with each.
        """
        changed = {alert.id: alert for alert in self.settle()}
        for track in self._tracks.values():
            alert = track.alert
            if alert is None or not track.dirty:
                continue
            if calls <= _MANY_CALLS or track.count - alert.count >= alert.count / _MANY_CALLS:
                self._book.publish(track, alert)
        changed.update((alert.id, alert) for alert in self._book.take_changed())
        return list(changed.values())

    def show(self, shown: ShownExamples) -> list[Alert]:
        """Adds what was kept of single examples to the alerts that name them; returns those alerts."""
        for track in self._tracks.values():
            self._book.show(track, shown)
        return self._book.take_changed()

    def _admit(self, track: Track) -> None:
        """Gives a ripe track an alert, folds it into its cause, or lets it wait."""
        if track.cause is not None:
            return
        others = [t for t in self._tracks.values() if t is not track and t.cause is None]
        cause = self._present_cause(track, others) or self._past_cause(track, others)
        if cause is not None:
            self._book.fold(track, cause, self._step)
            return
        if self._must_wait(track, others):
            return
        self._book.open(track)
        for other in others:
            if other.is_open and self._explains(track, other):
                self._book.fold(other, track, self._step)

    def _must_wait(self, track: Track, others: Sequence[Track]) -> bool:
        """Returns whether an alert must not open now."""
        # An alert must not appear just before that of its cause, which still has to persist; certain harm can't wait.
        waiting = [t for t in others if t.streak and not t.is_open and not t.is_ripe]
        last = self._hook == "on_session_end"
        if track.severity < Severity.ERROR and not last and self._cause(track, waiting) is not None:
            return True
        return sum(t.is_open for t in self._by_rule[track.rule.id].values()) >= MAX_OPEN_PER_RULE

    def _present_cause(self, track: Track, others: Iterable[Track]) -> Track | None:
        # A symptom that lasts explains what follows from it, even when its own cause has been resolved meanwhile.
        lasting = [t for t in self._tracks.values() if t.cause is not None and t.streak]
        return self._cause(track, [t for t in others if t.is_open]) or self._cause(track, lasting)

    def _past_cause(self, track: Track, others: Iterable[Track]) -> Track | None:
        """Returns a resolved cause whose harm stays, open again; None if there is none."""
        past = [
            t
            for t in others
            if t.alert is not None and track.rule.id in t.rule.lasting and t.first_step <= track.first_step
        ]
        cause = self._cause(track, past)
        if cause is not None:
            self._book.reopen_cause(cause)
        return cause

    def _cause(self, track: Track, others: Iterable[Track]) -> Track | None:
        """Returns the track of `others` that explains most, among those that explain this one."""
        causes = [other for other in others if self._explains(other, track)]
        return max(causes, key=lambda t: (self._graph.rank[t.rule.id], -t.first_step), default=None)

    def _explains(self, cause: Track, track: Track) -> bool:
        if cause.absent_step is not None and cause.absent_step >= track.first_step:
            return False  # what came into the data later is not the cause of what was wrong before
        graph, cause_id, rule_id = self._graph, cause.rule.id, track.rule.id
        return graph.explains(cause_id, rule_id) or (
            graph.supersedes(cause_id, rule_id) and cause.finding.subject == track.finding.subject
        )

    def alerts(self) -> list[Alert]:
        """Returns the alerts that are not symptoms of others, worst first."""
        return self._book.worst_first(list(self._tracks.values()))
