"""``rules``: what is looked for, and why."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

from tb_inputdiag.cli.options import print_json
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.errors import UnknownRuleError, did_you_mean
from tb_inputdiag.report import to_jsonable

__all__ = ["rules"]


def rules(options: argparse.Namespace, terminal: Terminal) -> int:
    """Lists the rules, or prints the documentation of one."""
    from tb_inputdiag.rules import all_rules

    known = {rule.id: rule for rule in all_rules()}
    if options.id is None:
        if options.format == "json":
            print_json([_rule_fields(rule) for rule in known.values()], terminal)
        else:
            width = max(map(len, known))
            for rule in known.values():
                severity = terminal.style(f"{rule.severity.name:<7}", rule.severity.name)
                indent = width + len("  WARNING  ")
                lines = textwrap.wrap(rule.title(), max(terminal.width - indent, 24))
                terminal.print(f"{rule.id:<{width}}  {severity}  " + ("\n" + " " * indent).join(lines))
        return CLEAN
    if options.id not in known:
        raise UnknownRuleError(
            f"There is no rule {options.id!r}.{did_you_mean(options.id, known)} `tb-inputdiag rules` lists all."
        )
    rule = known[options.id]
    if options.format == "json":
        print_json(_rule_fields(rule), terminal)
    else:
        _print_rule(rule, terminal)
    return CLEAN


def _rule_fields(rule: Any) -> dict[str, Any]:
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
        "sections": to_jsonable(rule.sections()),
    }


def _print_rule(rule: Any, terminal: Terminal) -> None:
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
            terminal.print(f"{name} = {threshold.default:g}")
            terminal.print(textwrap.indent(reflow(f"{threshold.meaning} {threshold.source}", terminal, 4), "    "))


def reflow(text: str, terminal: Terminal, indent: int = 0) -> str:
    """Returns Markdown wrapped to the terminal; code stays as it is."""
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
