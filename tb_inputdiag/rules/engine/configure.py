"""The user's `rules` argument -> the rules of a session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from tb_inputdiag.errors import ConfigurationError, UnknownRuleError
from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Rule, did_you_mean
from tb_inputdiag.rules.catalogue import all_rules, installed_rules

__all__ = ["RuleChange", "RulesArgument", "configure"]

RuleChange: TypeAlias = Mapping[str, float | str | Severity] | Severity | str | bool | None
"""What changes about one rule: thresholds (and ``severity``) by name, a severity, or False to leave it out."""

RulesArgument: TypeAlias = (
    Mapping[str, RuleChange] | Iterable[str | type[Rule] | Rule | Mapping[str, RuleChange]] | None
)
"""See `configure`."""

_EXPECTED = (
    "rules must be None (all), a list of rule ids (only these), of '-id' (all but these), Rule classes or instances "
    "(added), or a dict of id -> {threshold: value}, False, or a severity"
)


def configure(rules: RulesArgument, on_error: Callable[[str, Exception], None]) -> list[Rule]:
    """Returns the rules that the argument asks for.

    Args:
        rules: None for all. A dict changes some of them: ``{"unnormalized-input": {"max_size": 50}, "class-imbalance":
            False, "stalled-loss": "INFO"}``. A list selects: ids alone ("only these"), ids after a minus ("all but"),
            `Rule` classes or instances (added), and dicts as above, in any mixture.
        on_error: Called as ``on_error(name, exception)`` for each rule of an installed package that cannot be loaded.

    Raises:
        UnknownRuleError: if an id is not known.
        ConfigurationError: for anything else that is wrong.
    """
    items = _items(rules)
    known = {rule.id: rule for rule in _available(on_error)}
    own = _own_rules([item for item in items if not isinstance(item, (str, Mapping))], known)
    known |= own
    words = [item for item in items if isinstance(item, str)]
    for word in words:
        _require(word.removeprefix("-"), known)
    wanted = {word for word in words if not word.startswith("-")}
    unwanted = {word[1:] for word in words if word.startswith("-")}
    for changes in (item for item in items if isinstance(item, Mapping)):
        for rule_id, change in changes.items():
            _require(rule_id, known)
            if change is False:
                unwanted.add(rule_id)
                continue
            known[rule_id] = _changed(known[rule_id], change)
            if wanted and change is not None:
                wanted.add(rule_id)
    if wanted:
        wanted |= set(own)
    return [rule for rule_id, rule in known.items() if rule_id not in unwanted and (not wanted or rule_id in wanted)]


def _available(on_error: Callable[[str, Exception], None]) -> list[Rule]:
    """Returns this package's rules and those of installed packages; of two with the same id, the first."""
    found: dict[str, type[Rule]] = {}
    for cls in [*all_rules(), *installed_rules(on_error)]:
        found.setdefault(cls.id, cls)
    return [cls() for cls in found.values()]


def _items(rules: object) -> Sequence[object]:
    if rules is None:
        return []
    if isinstance(rules, Mapping):
        return [rules]
    if isinstance(rules, (str, bytes)) or not isinstance(rules, Iterable):
        hint = ""
        if isinstance(rules, str):
            hint = f" Did you mean [{rules!r}]?"
        elif isinstance(rules, (Rule, type)):
            hint = " Put it into a list."
        raise ConfigurationError(f"{_EXPECTED}.{hint} Received: {rules!r}.")
    return list(rules)


def _own_rules(items: Iterable[object], known: Mapping[str, Rule]) -> dict[str, Rule]:
    """Returns id -> rule of the classes and instances that the user added."""
    own: dict[str, Rule] = {}
    for item in items:
        rule = _own_rule(item)
        if rule.id in own or (rule.id in known and type(known[rule.id]) is not type(rule)):
            raise ConfigurationError(f"Rule id {rule.id!r} is taken. Give your rule an id of its own.")
        own[rule.id] = rule
    return own


def _own_rule(item: object) -> Rule:
    rule = item() if isinstance(item, type) and issubclass(item, Rule) else item
    if not isinstance(rule, Rule):
        raise ConfigurationError(f"{_EXPECTED}. Received: {item!r} of type {type(item).__name__}.")
    if not rule.id:
        raise ConfigurationError(
            f"{type(rule).__name__} needs an id, e.g. id = 'negative-input'. Received: {rule.id!r}."
        )
    return rule


def _require(rule_id: object, known: Mapping[str, Rule]) -> None:
    if not isinstance(rule_id, str):
        raise ConfigurationError(f"A rule id must be a string. Received: {rule_id!r} of type {type(rule_id).__name__}.")
    if rule_id not in known:
        hint = did_you_mean(rule_id, known) or f" Expected one of: {', '.join(sorted(known))}."
        raise UnknownRuleError(f"There is no rule {rule_id!r}.{hint}")


def _changed(rule: Rule, change: object) -> Rule:
    if change is True or change is None:
        return rule
    if isinstance(change, Mapping):
        for name in change:
            if not isinstance(name, str):
                raise ConfigurationError(
                    f"A threshold of rule {rule.id!r} must be named by a string. Received: {name!r}."
                )
        return rule.fresh(**change)
    if isinstance(change, (str, Severity)):
        return rule.fresh(severity=change)
    raise ConfigurationError(
        f"Expected for rule {rule.id!r}: a dict of thresholds, False, True or a severity. Received: {change!r}."
    )
