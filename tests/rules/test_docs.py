"""The page of rules is generated and up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_inputdiag.rules import all_rules
from tb_inputdiag.rules.docs import main, page


def test_the_page_in_the_repository_is_up_to_date() -> None:
    assert main(["--check"]) == 0


def test_check_fails_on_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rules.md"
    assert main(["--check", str(file)]) == 1
    assert main([str(file)]) == 0
    assert main(["--check", str(file)]) == 0
    file.write_text(file.read_text() + "more")
    assert main(["--check", str(file)]) == 1
    assert "differs" in capsys.readouterr().out


def test_every_rule_is_on_it() -> None:
    text = page()
    assert all(f"\n## {rule.id}\n" in text for rule in all_rules())
