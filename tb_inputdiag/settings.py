"""The callback's arguments, checked."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from tb_inputdiag.baseline import as_baseline
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.log_folder import log_folder
from tb_inputdiag.records import JSON, Alert, Baseline, Severity
from tb_inputdiag.rules.engine import RulesArgument
from tb_inputdiag.sampling.schedule import Every, validate
from tb_inputdiag.urls import redact

MAX_IMAGES = 16
MAX_FLUSH_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The arguments of `InputDiagnostics`; see there."""

    log_dir: str
    every: Every
    overhead_budget: float
    rules: RulesArgument
    on_alert: Callable[[Alert], object] | None
    stop_on: Severity | None
    images: int
    save_bad_batches: bool
    verbose: int
    baseline: Baseline | None = None
    mirror_scalars: bool = False
    flush_s: float = 60.0

    @property
    def shown_log_dir(self) -> str:
        """The folder of the log as it may be shown: a URL without credentials."""
        return redact(self.log_dir)

    def described(self) -> dict[str, JSON]:
        """Returns the arguments as they are logged."""
        return {
            "every": self.every,
            "overhead_budget": self.overhead_budget,
            "rules": _described_rules(self.rules),
            "stop_on": self.stop_on.name if self.stop_on is not None else None,
            "images": self.images,
            "save_bad_batches": self.save_bad_batches,
            "mirror_scalars": self.mirror_scalars,
            "baseline": None if self.baseline is None else self.baseline.source,
        }


def _described_rules(rules: RulesArgument) -> JSON:
    if rules is None:
        return None
    if isinstance(rules, list | tuple):
        return [rule if isinstance(rule, str) else getattr(rule, "id", repr(rule)) for rule in rules]
    if isinstance(rules, dict):
        return {str(key): value if _is_plain(value) else repr(value) for key, value in rules.items()}
    return repr(rules)


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(item) for item in value.values())
    return value is None or isinstance(value, bool | int | float | str)


def check(
    log_dir: object,
    every: object,
    overhead_budget: object,
    rules: RulesArgument,
    on_alert: object,
    stop_on: object,
    images: object,
    save_bad_batches: object,
    verbose: object,
    baseline: str | os.PathLike[str] | Baseline | None = None,
    mirror_scalars: object = False,
    flush_s: object = 60.0,
) -> Settings:
    """Returns the settings.

    Raises:
        ConfigurationError: if an argument is of the wrong type or out of range.
        LogWriteError: if nothing can be written to `log_dir`.
    """
    interval, budget = validate(every, overhead_budget)
    if on_alert is not None and not callable(on_alert):
        raise ConfigurationError(f"on_alert must be a function that takes an Alert, or None. Received: {on_alert!r}.")
    if isinstance(images, bool) or not isinstance(images, int) or not 0 <= images <= MAX_IMAGES:
        raise ConfigurationError(
            f"images must be the number of thumbnails to keep of a sample, 0 (none) to {MAX_IMAGES}. "
            f"Received: {images!r}."
        )
    if not isinstance(save_bad_batches, bool):
        raise ConfigurationError(f"save_bad_batches must be True or False. Received: {save_bad_batches!r}.")
    if verbose not in (0, 1, 2) or isinstance(verbose, float):
        raise ConfigurationError(
            f"verbose must be 0 (silent), 1 (alerts) or 2 (alerts and a summary). Received: {verbose!r}."
        )
    if not isinstance(mirror_scalars, bool):
        raise ConfigurationError(f"mirror_scalars must be True or False. Received: {mirror_scalars!r}.")
    if isinstance(flush_s, bool) or not isinstance(flush_s, int | float) or not 1 <= flush_s <= MAX_FLUSH_S:
        raise ConfigurationError(
            f"flush_s must be the seconds that records may wait before they are uploaded, 1 to {MAX_FLUSH_S}. "
            f"Received: {flush_s!r}."
        )
    return Settings(
        log_dir=log_folder(log_dir),
        every=interval,
        overhead_budget=budget,
        rules=rules,
        on_alert=cast(Callable[[Alert], object] | None, on_alert),
        stop_on=None if stop_on is None else Severity.parse(stop_on, argument="stop_on"),
        images=images,
        save_bad_batches=save_bad_batches,
        verbose=int(verbose),
        baseline=as_baseline(baseline),
        mirror_scalars=mirror_scalars,
        flush_s=float(flush_s),
    )
