"""Writes `static/rules.json`, the documentation of the rules that the dashboard shows, from the rules themselves.

The plugin must not import the rules (they judge; it only shows), so it ships their text.

::

    python tensorboard_plugin/frontend/scripts/make_rules.py            # write
    python tensorboard_plugin/frontend/scripts/make_rules.py --check    # fail if it would change
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tb_inputdiag.rules.catalogue import all_rules

TARGET = Path(__file__).parent.parent.parent / "inputdiag" / "static" / "rules.json"


def generate() -> str:
    """Returns the text of `rules.json`: id -> title, severity and sections."""
    rules = {
        rule.id: {
            "title": rule.title(),
            "severity": rule.severity.name.lower(),
            "sections": [[heading, text] for heading, text in rule.sections().items() if text],
        }
        for rule in sorted(all_rules(), key=lambda rule: rule.id)
    }
    return json.dumps(rules, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Runs the script and returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is out of date")
    text = generate()
    if not parser.parse_args().check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    print(f"{TARGET.name} is out of date. Run: python {Path(__file__).name}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
