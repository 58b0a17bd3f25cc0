"""What a rule is: its documentation, its thresholds, its hooks, and what it finds.

A rule is a class, one per file::

    class NegativeInput(Rule):
        '''An input holds negative values.

        ## What it does
        ...
        '''

        id = "negative-input"
        severity = Severity.WARNING
        lowest = Threshold(0.0, "Smallest value that is fine.", source="The sensor counts photons.")

        def on_sample(self, context):
            return [
                Finding(subject=view.subject, message=f"'{view.name}' reaches {view.min:.3g}.",
                        evidence={"min": view.min}, fix="Subtract the dark frame once, not twice.")
                for view in context.fed("input") if view.min < self.lowest
            ]

Rules read records and nothing else: no clock, no files, no TensorFlow. So a replay of the log gives the same alerts as
the live run.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, overload

from tb_inputdiag.errors import ConfigurationError, did_you_mean
from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import (
    JSON,
    Curve,
    DataSummary,
    EpochEnd,
    Examples,
    ExpectedRange,
    Failure,
    Losses,
    Picture,
    SessionEnd,
    Severity,
    Split,
)
from tb_inputdiag.rules.examples import Example
from tb_inputdiag.rules.views.context import Context

__all__ = ["HEADINGS", "Finding", "Findings", "Rule", "Threshold", "did_you_mean", "findings_of"]

HEADINGS = ("What it does", "Why is this bad", "Example", "What to do", "References")
"""The sections of a rule's docstring, in this order."""


class Threshold:
    """A number of a rule that a user may set; read as an attribute of the rule.

    Args:
        default: The value. If it is an integer, only integers are allowed.
        meaning: What it means, with its unit, as a sentence.
        source: Where the default comes from.
        low: Smallest value allowed.
        high: Largest value allowed.
    """

    def __init__(self, default: float, meaning: str, *, source: str, low: float = 0.0, high: float = math.inf) -> None:
        self.default = default
        self.meaning = meaning
        self.source = source
        self.low = low
        self.high = high
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, rule: None, owner: type | None = None) -> Threshold: ...

    @overload
    def __get__(self, rule: Rule, owner: type | None = None) -> float: ...

    def __get__(self, rule: Rule | None, owner: type | None = None) -> Threshold | float:
        # There is no __set__, so the value that Rule.__init__ puts on the instance wins: a plain attribute read.
        return self if rule is None else self.default

    def parse(self, rule_id: str, value: object) -> float:
        """Returns the value as a number.

        Raises:
            ConfigurationError: if it is not a number, not finite or out of range.
        """
        whole = isinstance(self.default, int)
        fits = isinstance(value, (int,) if whole else (int, float)) and not isinstance(value, bool)
        if fits and math.isfinite(value) and self.low <= value <= self.high:  # type: ignore[arg-type,operator]  # narrowed by `fits`
            return value  # type: ignore[return-value]  # narrowed by `fits`
        kind = "an integer" if whole else "a number"
        raise ConfigurationError(
            f"Threshold {self.name!r} of rule {rule_id!r} must be {kind} from {format_number(self.low)} "
            f"to {format_number(self.high)} (default {format_number(self.default)}). Received: {value!r}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found wrong in one record."""

    subject: str
    """See `records.Alert.subject`."""
    message: str
    """One sentence with the decisive numbers."""
    evidence: Mapping[str, JSON] = field(default_factory=dict)
    fix: str = ""
    why: str = ""
    """Empty: the rule's `why`."""
    severity: Severity | None = None
    """None: the rule's."""
    split: Split | None = None
    """None: that of the record."""
    step: int | None = None
    """None: that of the record."""
    picture: Picture | None = None
    """What was seen against what was expected; the dashboard and the report draw it."""
    curves: tuple[Curve, ...] = ()
    """Curves that show where it went wrong, the best one first."""
    examples: Examples | None = None
    """Which examples show it; see `rules.support.single_examples`."""
    at_once: bool = False
    """Whether the alert opens without waiting for `Rule.persistence`, because the case is clear."""


Findings = Iterable[Finding] | None
"""What a hook returns. Empty: all is well. None: no verdict, so an open alert stays open."""


def findings_of(verdicts: Iterable[Finding | bool | None]) -> Findings:
    """Returns what a hook returns that judges several things.

    Args:
        verdicts: For each of them what was found; False for nothing, None for no verdict.
    """
    known = [verdict for verdict in verdicts if verdict is not None]
    return [verdict for verdict in known if isinstance(verdict, Finding)] if known else None


class Rule:
    """Base class of rules.

    Class attributes tell the engine what to do with the results of the hooks. Override the hooks that you need. Each
    receives the `Context` and returns findings, an empty list for "all is well", or None for "no verdict".
    """

    id: ClassVar[str] = ""
    """Stable, kebab-case, names the bad pattern."""
    severity: Severity = Severity.WARNING
    splits: ClassVar[tuple[Split, ...]] = ("train",)
    """The splits whose samples `on_sample` receives."""
    persistence: ClassVar[int] = 1
    """Successive verdicts that must find the same before an alert opens."""
    persistence_examples: ClassVar[int] = 0
    """Examples that these verdicts on samples must cover together. Set it where a few examples may agree by chance:
    with batches of one, three samples are three examples."""
    resolve_after: ClassVar[int] = 3
    """Successive verdicts without it before an open alert is resolved; 0: never."""
    warm_up: ClassVar[int] = 0
    """Steps after the first of the session during which `on_sample` is not called."""
    scope: ClassVar[Literal["fit", "session"]] = "fit"
    """What the state that `start` sets up is about. A session may hold several calls of `fit`, which may have other
    data. ``fit``: data or losses of one `fit`, so `start` is called again when the next one begins. ``session``: the
    model and its weights, or everything that was ever fed."""
    explains: ClassVar[tuple[str, ...]] = ()
    """Rules whose findings are symptoms of this one: they are listed as consequences instead of alerts."""
    lasting: ClassVar[tuple[str, ...]] = ()
    """Those of `explains` whose harm outlasts the cause, as units stay dead. The alert stays open while they do."""
    supersedes: ClassVar[tuple[str, ...]] = ()
    """Rules that say less about the same subject: they are silent where this one has found something."""
    judges: ClassVar[Literal["batch", "run"]] = "run"
    """What `on_sample` judges. ``batch``: findings are about this very batch, so they name its file if it was saved."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Functions of `capture.keras_internals` that the rule's facts depend on. If one of them failed (see
    `ModelFacts.degraded`), the rule is not asked, and the log says that it did not judge."""
    why: ClassVar[str] = ""
    """Why it matters: one or two sentences for a beginner."""

    thresholds: ClassVar[Mapping[str, Threshold]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.thresholds = {
            name: value
            for base in reversed(cls.__mro__)
            for name, value in vars(base).items()
            if isinstance(value, Threshold)
        }

    def __init__(self, *, severity: Severity | str | int | None = None, **thresholds: float) -> None:
        """Sets the severity and thresholds that differ from the defaults.

        Raises:
            ConfigurationError: for an unknown threshold or a wrong value.
        """
        if severity is not None:
            self.severity = Severity.parse(severity, argument=f"severity of rule {self.id!r}")
        for name, value in thresholds.items():
            if name not in self.thresholds:
                known = ", ".join(map(repr, [*self.thresholds, "severity"]))
                raise ConfigurationError(
                    f"Rule {self.id!r} has no threshold {name!r}; it has {known}."
                    f"{did_you_mean(name, self.thresholds)} Received: {{{name!r}: {value!r}}}."
                )
            setattr(self, name, self.thresholds[name].parse(self.id, value))
        self._severity = None if severity is None else self.severity
        self._thresholds = thresholds

    def fresh(self, *, severity: Severity | str | int | None = None, **thresholds: float) -> Rule:
        """Returns a rule of the same class and settings, updated by the arguments, without state.

        Raises:
            ConfigurationError: for an unknown threshold or a wrong value.
        """
        settings = {**self._thresholds, **thresholds}
        return type(self)(severity=self._severity if severity is None else severity, **settings)

    def start(self) -> None:
        """Sets up the rule's state: before the first record of a session, and at later calls of `fit` (see `scope`)."""

    def on_model(self, context: Context) -> Findings:
        """Judges the static facts, `context.facts`."""
        return None

    def on_layout(self, context: Context) -> None:
        """Prepares for samples with a new `context.layout`."""

    def on_sample(self, context: Context) -> Findings:
        """Judges one sample, `context.sample`."""
        return None

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Returns the ranges that the rule judges tensors by; they are logged, and drawn beside the values.

        Called once for each layout, just before `on_sample` judges the first sample of that layout.
        """
        return ()

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges a part of a data set as a whole, in `check_data`; `context.data` already holds it.

        `on_sample` is called after it, with the statistics of all examples as if they were one batch.
        """
        return None

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Judges the losses of successive steps; `context.history` already holds them."""
        return None

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Judges Keras' logs of an epoch; `context.epochs` already holds them."""
        return None

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Judges the exception that ended the run."""
        return None

    def on_session_end(self, context: Context, end: SessionEnd) -> Findings:
        """Judges a call of `fit`, `evaluate` or `predict` as a whole, when it ends. Another call may follow."""
        return None

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule must fire, and runs on which it must stay silent."""
        return ()

    @classmethod
    def title(cls) -> str:
        """Returns the first line of the docstring, without its full stop."""
        return (inspect.getdoc(cls) or "").partition("\n")[0].rstrip(".")

    @classmethod
    def sections(cls) -> dict[str, str]:
        """Returns heading -> text of the docstring, in its order."""
        found: dict[str, str] = {}
        for part in (inspect.getdoc(cls) or "").split("\n## ")[1:]:
            heading, _, text = part.partition("\n")
            found[heading.strip().rstrip("?")] = text.strip()
        return found
