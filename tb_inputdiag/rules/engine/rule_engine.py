"""Records in; alerts, expected ranges and rules that could not judge out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import ParamSpec, TypeAlias, TypeVar

from tb_inputdiag.records import (
    Alert,
    CallStart,
    DataSummary,
    EpochEnd,
    ExpectedRange,
    Failure,
    Losses,
    ModelFacts,
    NotJudged,
    Record,
    Sample,
    SessionEnd,
    SessionStart,
    ShownExamples,
)
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.engine.causes import CauseGraph
from tb_inputdiag.rules.engine.configure import RulesArgument, configure
from tb_inputdiag.rules.engine.declarations import Declarations
from tb_inputdiag.rules.engine.tracks import Tracks
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.session_state import SessionState, trains

__all__ = ["Judgement", "RuleEngine"]

Judgement: TypeAlias = Alert | ExpectedRange | NotJudged
"""What the engine makes of records; all of it is logged."""

_P = ParamSpec("_P")
_T = TypeVar("_T")
_HOOKS = (
    *("on_model", "on_layout", "on_sample", "expected_ranges", "on_data"),
    *("on_losses", "on_epoch_end", "on_failure", "on_session_end"),
)


class RuleEngine:
    """Applies rules to the records of a session, in their order.

    The engine has no clock and no randomness: the same records give the same results, live and in a replay. A
    `SessionStart` begins a new session. A `CallStart` goes on with the present one: alerts stay, and so does the state
    of rules about the model (`Rule.scope`).

    Args:
        rules: Which rules, with which thresholds: see `configure`.
        on_error: Called as ``on_error(rule_id, exception)`` when a rule raises. That rule is left out from then on,
            except after an `ExplanationError`: one kind of exception could not be explained.

    Raises:
        UnknownRuleError: if `rules` names an id that no rule has.
        ConfigurationError: if `rules` is wrong in another way.
    """

    def __init__(
        self, rules: RulesArgument = None, *, on_error: Callable[[str, Exception], None] | None = None
    ) -> None:
        self._on_error = on_error or (lambda rule_id, error: None)
        self._rules = configure(rules, self._on_error)
        self._causes = CauseGraph(self._rules)
        self._with_hook = {
            hook: [i for i, rule in enumerate(self._rules) if getattr(type(rule), hook) is not getattr(Rule, hook)]
            for hook in _HOOKS
        }
        self._reset()

    def _reset(self) -> None:
        self._state = SessionState()
        self._context = Context(self._state, lambda error: self._on_error("program-error", error))
        self._declarations = Declarations()
        self._fresh = rules = [rule.fresh() for rule in self._rules]
        self._tracks = Tracks(rules, self._causes)
        self._hooks = {hook: [rules[i] for i in places] for hook, places in self._with_hook.items()}
        for rule in rules:
            self._ask(rule, rule.start)

    @property
    def rules(self) -> Mapping[str, Mapping[str, str | float]]:
        """Rule id -> its severity and thresholds, as used."""
        return {
            rule.id: {"severity": rule.severity.name, **{name: getattr(rule, name) for name in rule.thresholds}}
            for rule in self._rules
        }

    @property
    def alerts(self) -> list[Alert]:
        """The alerts of the session, worst first; those that turned out to be symptoms are left out."""
        return self._tracks.alerts()

    @property
    def expected_ranges(self) -> list[ExpectedRange]:
        """The ranges that the rules judge by, as far as they have judged."""
        return self._declarations.expected_ranges

    @property
    def not_judged(self) -> list[NotJudged]:
        """Rules that could not judge this session, with the reason."""
        return self._declarations.not_judged

    def feed(self, record: Record) -> list[Judgement]:
        """Judges the next record. Returns what is new: expected ranges, rules that cannot judge, alerts.

        An alert is returned when it opens, and when its state, severity, consequences or message change. A growing
        count alone is returned at 8, 16, 32, ... samples and when a call of `fit` ends; after many calls only if it has
        grown by an eighth.
        """
        if isinstance(record, SessionStart):
            self._reset()
        elif isinstance(record, CallStart) and trains(record):
            for rule in self._fresh:
                if rule.scope == "fit":
                    self._ask(rule, rule.start)
        elif isinstance(record, ShownExamples):
            return [*self._tracks.show(record)]
        changed = self._judge(record) if self._state.update(record) else []
        return [*self._declarations.take_new(), *changed]

    def _judge(self, record: Record) -> list[Alert]:
        context = self._context
        match record:
            case Sample():
                self._declare_ranges()
                return self._settle("on_sample", self._judge_sample, self._judging(self._asked("on_sample")))
            case DataSummary():
                return self._settle("on_data", lambda rule: self._findings_on_data(rule, record))
            case Losses():
                return self._settle("on_losses", lambda rule: self._findings(rule, rule.on_losses, context, record))
            case EpochEnd():
                return self._settle(
                    "on_epoch_end", lambda rule: self._findings(rule, rule.on_epoch_end, context, record)
                )
            case Failure():
                return self._settle("on_failure", lambda rule: self._findings(rule, rule.on_failure, context, record))
            case SessionEnd():
                return self._settle(
                    "on_session_end", lambda rule: self._findings(rule, rule.on_session_end, context, record)
                )
            case ModelFacts():
                self._declarations.see_facts(record, self._rules)
                return self._settle("on_model", lambda rule: self._findings(rule, rule.on_model, context))
            case _:
                for rule in self._asked("on_layout"):
                    self._ask(rule, rule.on_layout, context)
                return []

    def _asked(self, hook: str) -> list[Rule]:
        blind = self._declarations.blind
        return [rule for rule in self._hooks[hook] if rule.id not in blind]

    def _settle(
        self, hook: str, verdict: Callable[[Rule], list[Finding] | None], asked: Sequence[Rule] | None = None
    ) -> list[Alert]:
        """Follows the rules' verdicts on a record; returns the alerts that changed.

        Args:
            hook: What the rules are asked.
            verdict: Asks one of them.
            asked: Which ones, if not all that have the hook.
        """
        self._tracks.begin(hook, self._context)
        for rule in self._asked(hook) if asked is None else asked:
            self._tracks.follow(rule, verdict(rule))
        return self._tracks.close(self._state.calls) if hook == "on_session_end" else self._tracks.settle()

    def _judging(self, rules: Sequence[Rule]) -> list[Rule]:
        """Returns those of the rules that judge the current sample."""
        split, age = self._context.split, self._context.age
        return [rule for rule in rules if split in rule.splits and age >= rule.warm_up]

    def _judge_sample(self, rule: Rule) -> list[Finding] | None:
        found = self._findings(rule, rule.on_sample, self._context)
        if not found or rule.judges != "batch":
            return found
        return [self._with_file(finding) for finding in found]

    def _findings_on_data(self, rule: Rule, data: DataSummary) -> list[Finding] | None:
        return self._findings(rule, rule.on_data, self._context, data)

    def _declare_ranges(self) -> None:
        layout = self._context.layout
        for rule in self._judging(self._asked("expected_ranges")):
            if self._declarations.is_first(rule, layout):
                ranges = self._ask(rule, rule.expected_ranges, self._context)
                self._declarations.expect(self._ask(rule, _all_of, ExpectedRange, ranges or ()) or ())

    def _with_file(self, finding: Finding) -> Finding:
        """Names the file of the current batch in a finding, if the batch was saved."""
        saved, context = self._state.saved_batch, self._context
        if saved is None or (saved.split, saved.step) != (context.split, context.step):
            return finding
        return replace(
            finding,
            evidence={**finding.evidence, "batch_file": saved.path},
            fix=f"batch = numpy.load({saved.path!r})  # the very batch\n{finding.fix}".rstrip(),
        )

    def _findings(
        self, rule: Rule, hook: Callable[_P, Findings], *args: _P.args, **kwargs: _P.kwargs
    ) -> list[Finding] | None:
        """Returns a rule's findings, or None if it gave no verdict."""
        try:
            findings = hook(*args, **kwargs)
        except Exception as error:
            self._drop(rule, error)
            return None
        if findings is None or (isinstance(findings, list) and not findings):
            return findings
        return self._ask(rule, _all_of, Finding, findings)

    def _ask(self, rule: Rule, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        try:
            return call(*args, **kwargs)
        except Exception as error:
            self._drop(rule, error)
            return None

    def _drop(self, rule: Rule, error: Exception) -> None:
        """Asks a rule no more that raised: its bug, or a user's, must never harm the training run."""
        for hooked in self._hooks.values():
            if rule in hooked:
                hooked.remove(rule)
        self._declarations.cannot_judge(rule.id, f"It raised {type(error).__name__}: {error}")
        self._on_error(rule.id, error)


def _all_of(kind: type[_T], found: Iterable[object]) -> list[_T]:
    """Returns what a rule returned as a list.

    Raises:
        TypeError: if it holds anything else.
    """
    checked: list[_T] = []
    for item in found:
        if not isinstance(item, kind):
            raise TypeError(f"A rule must return {kind.__name__} objects. Received: {item!r}.")
        checked.append(item)
    return checked
