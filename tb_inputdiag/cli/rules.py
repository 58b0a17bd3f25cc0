"""``rules``: the rules and their documentation."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from tb_inputdiag.cli.arguments import RulesArguments
from tb_inputdiag.cli.options import print_json
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.errors import UnknownRuleError, did_you_mean
from tb_inputdiag.numbers import literal
from tb_inputdiag.rules.base import Rule
from tb_inputdiag.rules.catalogue import all_rules

__all__ = ["rules"]


def rules(arguments: RulesArguments, terminal: Terminal) -> int:
    """Lists the rules, or prints the documentation of one."""
    known = {rule.id: rule for rule in all_rules()}
    if arguments.id is None:
        if arguments.format == "json":
            print_json([_rule_fields(rule) for rule in known.values()], terminal)
        else:
            _print_list(known, terminal)
        return CLEAN
    if arguments.id not in known:
        raise UnknownRuleError(
            f"There is no rule {arguments.id!r}.{did_you_mean(arguments.id, known)} `tb-inputdiag rules` lists all."
        )
    rule = known[arguments.id]
    if arguments.format == "json":
        print_json(_rule_fields(rule), terminal)
    else:
        _print_rule(rule, terminal)
    return CLEAN


def _print_list(known: Mapping[str, type[Rule]], terminal: Terminal) -> None:
    width = max(map(len, known))
    for rule in known.values():
        severity = terminal.style(f"{rule.severity.name:<7}", rule.severity.name)
        indent = width + len("  WARNING  ")
        lines = textwrap.wrap(rule.title(), max(terminal.width - indent, 24))
        terminal.print(f"{rule.id:<{width}}  {severity}  " + ("\n" + " " * indent).join(lines))


def _rule_fields(rule: type[Rule]) -> dict[str, object]:
    return {
        "id": rule.id,
        "severity": rule.severity.name,
        "title": rule.title(),
        "why": rule.why,
        "splits": list(rule.splits),
        "thresholds": {
            name: {"default": t.default, "meaning": t.meaning, "source": t.source}
            for name, t in rule.thresholds.items()
        },
        "sections": rule.sections(),
    }


def _print_rule(rule: type[Rule], terminal: Terminal) -> None:
    terminal.print(f"{terminal.style(rule.severity.name, rule.severity.name)} {terminal.style(rule.id, 'strong')}")
    terminal.print(rule.title() + ".")
    for heading, text in rule.sections().items():
        terminal.print()
        terminal.print(terminal.style(heading, "strong"))
        terminal.print(reflow(text, terminal))
    if rule.thresholds:
        terminal.print()
        terminal.print(terminal.style("Thresholds", "strong"))
        for name, threshold in rule.thresholds.items():
            terminal.print(f"{name} = {literal(threshold.default)}")
            terminal.print(textwrap.indent(reflow(f"{threshold.meaning} {threshold.source}", terminal, 4), "    "))


def reflow(text: str, terminal: Terminal, indent: int = 0) -> str:
    """Returns Markdown wrapped to the terminal. Code is not changed."""
    width = max(terminal.width - indent, 24)
    lines: list[str] = []
    paragraph: list[str] = []
    in_code = False

    def end_paragraph() -> None:
        if paragraph:
            hanging = "  " if paragraph[0].startswith("- ") else ""
            joined = " ".join(line.strip() for line in paragraph)
            lines.extend(
                textwrap.wrap(joined, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
            )
            paragraph.clear()

    for line in text.split("\n"):
        if line.startswith("```"):
            end_paragraph()
            in_code = not in_code
        elif in_code:
            lines.append(terminal.style("    " + line, "code") if line else "")
        elif not line.strip():
            end_paragraph()
            lines.append("")
        else:
            if line.startswith("- "):
                end_paragraph()
            paragraph.append(line)
    end_paragraph()
    return "\n".join(lines)
