"""Laws about the sources that no linter checks."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_each_class_name_exists_once() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for folder in ("tb_inputdiag", "tensorboard_plugin/inputdiag"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    homes[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert len(homes) > 200
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}
