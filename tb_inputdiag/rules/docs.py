"""Writes docs/rules.md from the rules themselves: `python -m tb_inputdiag.rules.docs [--check] [FILE]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tb_inputdiag.numbers import literal
from tb_inputdiag.rules.base import HEADINGS, Rule
from tb_inputdiag.rules.catalogue import all_rules

__all__ = ["main", "page", "rule_page"]

_INTRODUCTION = """\
# Rules

<!-- Written by `python -m tb_inputdiag.rules.docs` from the rules' own files; edit those files. -->

Each rule reads what the callback logged, live or in a replay. When it finds something, it opens an alert with evidence
and a fix. An INFO may be a guess, a WARNING is likely harm, an ERROR is certain harm. When one fault has several
symptoms, the alert names the cause, and the symptoms are listed as its consequences.

```python
InputDiagnostics("logs", rules=["-class-imbalance"])                          # all but one
InputDiagnostics("logs", rules=["non-finite-loss", "unnormalized-input"])     # only these
InputDiagnostics("logs", rules={"unnormalized-input": {"max_size": 50}})      # another threshold
InputDiagnostics("logs", rules={"overfitting": "INFO"})                       # another severity
```

To write your own rule, see [writing-a-rule.md](writing-a-rule.md).
"""


def rule_page(rule: type[Rule], level: int = 2) -> str:
    """Returns a rule's documentation as Markdown.

    Args:
        rule: The rule.
        level: Level of its heading.
    """
    mark = "#" * level
    lines = [f"{mark} {rule.id}", "", f"**{rule.severity.name}.** {rule.title()}.", ""]
    sections = rule.sections()
    for heading in HEADINGS[:-1]:
        question = "?" if heading == "Why is this bad" else ""
        lines += [f"**{heading}{question}**", "", sections[heading], ""]
    if rule.thresholds:
        lines += ["| threshold | default | meaning | source |", "|---|---|---|---|"]
        lines += [f"| `{n}` | {literal(t.default)} | {t.meaning} | {t.source} |" for n, t in rule.thresholds.items()]
        lines.append("")
    if rule.explains:
        lines += [f"Its consequences may be: {', '.join(f'[{i}](#{i})' for i in sorted(set(rule.explains)))}.", ""]
    lines += ["**References**", "", sections["References"], ""]
    return "\n".join(lines)


def page() -> str:
    """Returns the page of all rules."""
    rules = all_rules()
    table = ["| rule | severity | finds |", "|---|---|---|"]
    table += [f"| [{rule.id}](#{rule.id}) | {rule.severity.name} | {rule.title()}. |" for rule in rules]
    parts = [_INTRODUCTION, "\n".join(table) + "\n", *(rule_page(rule) for rule in rules)]
    return "\n".join(parts).rstrip() + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Writes the page. With ``--check``: writes nothing, and returns 1 if the file is out of date."""
    parser = argparse.ArgumentParser(prog="python -m tb_inputdiag.rules.docs", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=Path(__file__).parents[2] / "docs" / "rules.md")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file differs")
    options = parser.parse_args(arguments)
    text = page()
    if not options.check:
        options.file.write_text(text, encoding="utf-8")
        return 0
    if options.file.exists() and options.file.read_text(encoding="utf-8") == text:
        return 0
    print(f"{options.file} is out of date (differs from the rules). Run python -m tb_inputdiag.rules.docs")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
