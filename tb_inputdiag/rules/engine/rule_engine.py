"""Records in, alerts out: state, deduplication, and one alert for one cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tb_inputdiag.records import (
    Alert,
    EpochEnd,
    Failure,
    Layout,
    Losses,
    ModelFacts,
    Record,
    Sample,
    SavedBatch,
    SessionEnd,
    SessionStart,
)
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.engine.configure import RulesArgument, configure
from tb_inputdiag.rules.engine.tracks import Tracks
from tb_inputdiag.rules.views.context import Context, Moment

__all__ = ["RuleEngine"]

_OF_A_BATCH = frozenset(
    {"non-finite-input", "non-finite-target", "non-finite-loss", "non-finite-gradient", "non-finite-activation"}
)
"""Rules whose findings name the file of the batch, where it was saved."""
_HOOKS = ("on_model", "on_layout", "on_sample", "on_losses", "on_epoch_end", "on_failure", "on_session_end")


class RuleEngine:
    """Applies rules to the records of a session, in their order.

    The engine has no clock and no randomness: the same records give the same alerts, live and in a replay. A
    `SessionStart` begins anew.

    Args:
        rules: Which rules, with which thresholds: see `configure`.
        on_error: Called as ``on_error(rule_id, exception)`` when a rule raises; that rule is left out from then on.

    Raises:
        UnknownRuleError: if `rules` names an id that no rule has.
        ConfigurationError: if `rules` is wrong in another way.
    """

    def __init__(
        self, rules: RulesArgument = None, *, on_error: Callable[[str, Exception], None] | None = None
    ) -> None:
        self._on_error = on_error or (lambda rule_id, error: None)
        self._rules = configure(rules, self._on_error)
        self._reset()

    def _reset(self) -> None:
        self._context = Context()
        self._saved: SavedBatch | None = None
        rules = [rule.fresh() for rule in self._rules]
        self._tracks = Tracks(rules)
        self._hooks: dict[str, list[Rule]] = {
            hook: [rule for rule in rules if getattr(type(rule), hook) is not getattr(Rule, hook)] for hook in _HOOKS
        }
        for rule in rules:
            self._ask(rule, rule.start)

    @property
    def rules(self) -> Mapping[str, Mapping[str, Any]]:
        """Rule id -> its severity and thresholds, as used."""
        return {
            rule.id: {"severity": rule.severity.name, **{name: getattr(rule, name) for name in rule.thresholds}}
            for rule in self._rules
        }

    @property
    def alerts(self) -> list[Alert]:
        """The alerts of the session, worst first; those that turned out to be symptoms are left out."""
        return self._tracks.alerts()

    def feed(self, record: Record) -> list[Alert]:
        """Takes the next record in and returns the alerts that opened or changed.

        What changed is the state, the severity, the consequences or the message. A growing count alone is passed on at
        8, 16, 32, ... samples and at the end of the session.
        """
        context = self._context
        match record:
            case Sample():
                return self._sample(record)
            case Losses():
                if not len(record.step):
                    return []
                context.split = "train"
                self._see_step(int(record.step[-1]), int(record.step[0]))
                context.history.add(record)
                return self._run("on_losses", record)
            case SessionStart():
                self._reset()
                self._context.session = record
                self._context.wall_time = record.wall_time
                return []
            case ModelFacts():
                context.facts = record
                context._kernels.clear()
                context.split = "train"
                return self._run("on_model")
            case Layout():
                context.layouts[record.id] = record
                context._layout = record
                context.split = record.split
                return self._run("on_layout")
            case EpochEnd():
                context.split = "train"
                context.epoch, context.wall_time = record.epoch, record.wall_time
                context.step = max(context.step, record.step)
                context.epochs.append(record)
                return self._run("on_epoch_end", record)
            case Failure():
                context.split = record.split
                context.wall_time = record.wall_time
                context.step = max(context.step, record.step)
                return self._run("on_failure", record)
            case SavedBatch():
                self._saved = record
                return []
            case SessionEnd():
                context.split = "train"
                context.wall_time = record.wall_time
                context.step = max(context.step, record.step)
                self._run("on_session_end", record)
                return self._tracks.merge_final()
            case _:  # alerts are what this makes; images and costs hold nothing to judge
                return []

    def _see_step(self, step: int, first: int) -> None:
        context = self._context
        if context.first_step is None:
            context.first_step = first
        context.step = step

    def _sample(self, sample: Sample) -> list[Alert]:
        context = self._context
        layout = context.layouts.get(sample.layout)
        if layout is None:  # its layout was lost with a damaged part of the log: the numbers have no names
            return []
        context.split = sample.split
        context.wall_time, context.epoch = sample.wall_time, sample.epoch
        if sample.split == "train":
            self._see_step(sample.step, sample.step)
        else:
            context.step = max(context.step, sample.step)
        context._layout = layout
        context._moment = Moment(sample, layout, context.facts)
        return self._run("on_sample")

    def _run(self, hook: str, *arguments: Any) -> list[Alert]:
        context = self._context
        self._tracks.begin(hook, context)
        sample = hook == "on_sample"
        age = context.age
        for rule in tuple(self._hooks[hook]):
            if sample and (context.split not in rule.splits or age < rule.warm_up):
                continue
            findings = self._ask(rule, getattr(rule, hook), context, *arguments)
            if findings is not None:
                self._tracks.take(rule, [self._with_file(rule, f) for f in findings] if sample else findings)
        return self._tracks.settle()

    def _with_file(self, rule: Rule, finding: Finding) -> Finding:
        saved, context = self._saved, self._context
        if saved is None or rule.id not in _OF_A_BATCH or (saved.split, saved.step) != (context.split, context.step):
            return finding
        return replace(
            finding,
            evidence={**finding.evidence, "batch_file": saved.path},
            fix=f"batch = numpy.load({saved.path!r})  # the very batch\n{finding.fix}".rstrip(),
        )

    def _ask(self, rule: Rule, hook: Callable[..., Findings], *arguments: Any) -> list[Finding] | None:
        try:
            findings = hook(*arguments)
            if findings is None:
                return None
            found = list(findings)
            for finding in found:
                if not isinstance(finding, Finding):
                    raise TypeError(f"A rule must return Finding objects. Received: {finding!r}.")
            return found
        except Exception as error:  # a rule's bug, or a user's, must never harm the training
            for hooked in self._hooks.values():
                if rule in hooked:
                    hooked.remove(rule)
            self._on_error(rule.id, error)
            return None
