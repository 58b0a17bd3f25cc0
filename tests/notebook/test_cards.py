"""Cards in a notebook: what they show, that they are only text and pictures, and how they look in a real Chromium."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

import tb_inputdiag
from tb_inputdiag.log.reader import Log, Run, runs_of
from tb_inputdiag.notebook.cards import alert_html, check_html, log_html, run_html, session_html
from tb_inputdiag.records import Alert
from tb_inputdiag.report.style import CARD_STYLE
from tests.chromium import find_chromium

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "schema-2"
HOSTILE = "<img src=x onerror=alert(1)>\"'&</style><script>alert(2)</script>"


@pytest.fixture(scope="module")
def log() -> Log:
    return tb_inputdiag.read(GOLDEN)


def hostile(alert: Alert) -> Alert:
    return replace(alert, rule=HOSTILE, subject=HOSTILE, message=HOSTILE, why=HOSTILE, fix=HOSTILE)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def test_a_card_is_text_and_pictures_only(log: Log) -> None:
    alert = log.run.alerts[0]
    for html in (alert_html(hostile(alert)), run_html(log.run), session_html(log.run.session), log_html(log)):
        tags = _Tags()
        tags.feed(html)
        assert tags.tags.count("style") == 1
        assert not {"script", "iframe", "link", "object", "embed", "form", "a"} & set(tags.tags)
        assert not [name for name, _ in tags.attributes if name.startswith("on")]
        sources = [value or "" for name, value in tags.attributes if name in ("src", "href")]
        assert all(source.startswith("data:image/png") for source in sources)
        assert "url(" not in CARD_STYLE
        assert "@import" not in CARD_STYLE


def test_the_style_reaches_nothing_but_cards() -> None:
    rules = re.findall(r"([^{}]+)\{", re.sub(r"@media[^{]*\{", "", CARD_STYLE))
    assert len(rules) > 50
    for rule in rules:
        for selector in rule.strip("} \n").split(","):
            assert ".tb-inputdiag.tb-inputdiag" in selector, selector


def test_a_run_shows_its_findings_and_its_loss(log: Log) -> None:
    html = run_html(log.run)
    for alert in log.run.alerts:
        assert f"{alert.rule} <span>{alert.subject}</span>" in html
    assert "<figcaption>Loss" in html
    assert "240 steps" in html
    assert 'class="picture range"' in html
    assert "data:image/png" in html


def test_several_sessions_are_a_table(tmp_path: Path) -> None:
    files = [path for path in sorted((ROOT / "tests" / "golden").rglob("*.inputdiag")) if path.is_file()]
    assert len(files) >= 2
    run = Run("both")
    for one in runs_of(files):
        for file in one._files.values():
            run.add_file(file.source)
    run.refresh()
    html = run_html(run)
    assert html.count('class="overview"') == 1
    for session in run.sessions:
        assert session.id in html


def test_what_has_no_session_says_so(tmp_path: Path) -> None:
    assert "Nothing was recorded yet." in run_html(Run("."))
    assert "Nothing was recorded yet." in log_html(tb_inputdiag.read(tmp_path, missing_ok=True))


def test_a_notebook_shows_the_card_and_a_terminal_the_text(log: Log) -> None:
    formatter = DisplayFormatter()
    for found in (log, log.run, log.run.session, log.run.alerts[0]):
        data, _ = formatter.format(found, include={"text/plain", "text/html"})
        assert data["text/html"].startswith('<div class="tb-inputdiag">')
        assert "non-finite-gradient" in data["text/plain"]
        assert "<" not in data["text/plain"]
    assert str(log.run.alerts[0]).startswith("ERROR non-finite-gradient [weight:conv2d/kernel] step 80: ")
    assert repr(log.run).startswith("<Run")


def test_cards_in_a_browser(log: Log, tmp_path: Path) -> None:
    """Legible in light and dark, wide and narrow, whatever the page around them has for rules."""
    frontend = ROOT / "tensorboard_plugin" / "frontend"
    assert (frontend / "node_modules" / "playwright-core").exists(), "Run `make check` once: it sets up the frontend."
    page = tmp_path / "cards.html"
    page.write_text(log_html(log) + alert_html(hostile(log.run.alerts[1])) + run_html(Run(".")), encoding="utf-8")
    done = subprocess.run(
        ["node", str(Path(__file__).parent / "browser" / "cards.mjs"), str(page)],
        env={**os.environ, "CHROMIUM": str(find_chromium())},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 12
    assert [check for check in found if check["problem"]] == []


def test_a_check_of_data_shows_its_parts_its_findings_and_its_columns() -> None:
    x = np.column_stack([np.arange(20.0), np.linspace(0, 1, 20)])
    x[3, 0] = np.nan
    result = tb_inputdiag.check_data(x, validation_data=(x[:5],), progress=False)
    html = check_html(result)
    assert DisplayFormatter().format(result)[0]["text/html"] == html
    assert "<dt>train: examples</dt><dd>20" in html
    assert "<dt>validation: examples</dt><dd>5" in html
    assert "non-finite-input" in html
    assert "x[..., 1]" in html
    assert "Since step" not in html, "no step ran"
