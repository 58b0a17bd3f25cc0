"""The figures in README and docs were made on commits of this release, and one command makes all of them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.history import read_history
from benchmarks.overhead_pages import (
    COMMAND,
    HISTORY_PAGE,
    OTHER_BACKENDS,
    backend_table,
    complete,
    complete_on,
    history_page,
    made,
    overhead_tables,
    readme_table,
)
from tools.figures import FIGURES
from tools.pages import ROOT, made_in, part, put

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
VERSION = "tb_inputdiag/_version.py"
CHANGELOG = "CHANGELOG.md"


def git(*arguments: str, folder: Path = ROOT) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def why_it_cannot_tell(folder: Path) -> str:
    """Why the age of a commit is not known in a folder; empty if it is."""
    if git("rev-parse", "--show-prefix", folder=folder) or not git("rev-parse", "HEAD", folder=folder):
        return "This is no clone of the repository, so the age of figures is not known."
    if git("rev-parse", "--is-shallow-repository", folder=folder) == "true":
        return "This clone is shallow, so the age of figures is not known: git fetch --unshallow."
    return ""


def release_begin(folder: Path) -> str:
    """The commit that figures may not be older than: the one that wrote the release before into the changelog."""
    version = re.search(r'__version__ = "(.+)"', (folder / VERSION).read_text(encoding="utf-8"))
    assert version, f"{VERSION} holds no version"
    sections = re.findall(r"^## (\[.+?\])", (folder / CHANGELOG).read_text(encoding="utf-8"), re.MULTILINE)
    earlier = [section for section in sections if section not in {"[Unreleased]", f"[{version[1]}]"}]
    if not earlier:
        return git("rev-list", "--max-parents=0", "HEAD", folder=folder).splitlines()[0]
    return git("log", "--reverse", "--format=%H", f"-S## {earlier[0]}", "--", CHANGELOG, folder=folder).splitlines()[0]


def is_ancestor(older: str, newer: str, folder: Path) -> bool:
    command = ["git", "merge-base", "--is-ancestor", older, newer]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def trouble(stamp: str, begin: str, folder: Path) -> str:
    """What is wrong with the commit that a part was made on; empty if nothing is."""
    commit = re.search(r"commit ([0-9a-f]{7,40})", stamp)
    if commit is None:
        return "it does not say on which commit it was made"
    if not is_ancestor(commit[1], "HEAD", folder):
        return f"{commit[1]} is not an ancestor of HEAD"
    if not is_ancestor(begin, commit[1], folder):
        return f"{commit[1]} is older than the release, which begins at {begin[:10]}"
    return ""


def test_every_figure_was_made_within_this_release() -> None:
    reason = why_it_cannot_tell(ROOT)
    if reason and os.environ.get("GITHUB_ACTIONS"):
        pytest.fail(f"{reason} The workflow must clone everything: fetch-depth: 0.")
    if reason:
        pytest.skip(reason)
    begin = release_begin(ROOT)
    wrong = [
        f"{page.relative_to(ROOT)}, {command}: {found}. Run make figures."
        for page in PAGES
        for command, stamp in made_in(page).items()
        if (found := trouble(stamp, begin, ROOT))
    ]
    assert not wrong, "\n".join(wrong)


def test_one_command_makes_them_all() -> None:
    written = {command for page in PAGES for command in made_in(page)}
    assert written == {mark for figure in FIGURES for mark in figure.marks}


def test_the_tables_of_overhead_are_those_of_the_history() -> None:
    entries = read_history()
    assert HISTORY_PAGE.read_text(encoding="utf-8") == history_page(entries), f"Run {COMMAND}."
    overhead = ROOT / "docs" / "overhead.md"
    shown = complete(entries)
    if shown is not None:
        expected = ((overhead, overhead_tables(shown)), (ROOT / "README.md", readme_table(shown)))
        assert {made_in(page)[COMMAND] for page, _ in expected} == {made(shown)}
        for page, text in expected:
            assert part(page, COMMAND) == text.strip(), f"Run {COMMAND}."
    for backend in OTHER_BACKENDS:
        if (run := complete_on(entries, backend)) is not None:
            shown_there = part(ROOT / "docs" / "backends.md", f"{COMMAND} ({backend})")
            assert shown_there == backend_table(run), f"Run {COMMAND}."


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Four commits: the beginning, version 1, what comes after it, and version 2."""
    git("init", "--quiet", "--initial-branch=main", folder=tmp_path)
    git("config", "user.email", "nobody@example.com", folder=tmp_path)
    git("config", "user.name", "nobody", folder=tmp_path)
    (tmp_path / "tb_inputdiag").mkdir()
    steps = (
        ("1", "## [Unreleased]\n"),
        ("1", "## [1] - 2026-11-01\n"),
        ("1", "## [Unreleased]\n\n- more\n\n## [1] - 2026-11-01\n"),
        ("2", "## [2] - 2026-11-27\n\n- more\n\n## [1] - 2026-11-01\n"),
    )
    for version, changes in steps:
        (tmp_path / VERSION).write_text(f'__version__ = "{version}"\n')
        (tmp_path / CHANGELOG).write_text(f"# Changelog\n\n{changes}")
        git("add", ".", folder=tmp_path)
        git("commit", "--quiet", "--message", "x", folder=tmp_path)
    return tmp_path


def test_a_figure_of_an_earlier_release_is_found(repository: Path) -> None:
    begin = release_begin(repository)
    before, *since = git("log", "--reverse", "--format=%h", folder=repository).splitlines()
    assert "older than the release" in trouble(f"2026-11-27, commit {before}", begin, repository)
    assert [trouble(f"2026-11-27, commit {commit}", begin, repository) for commit in since] == ["", "", ""]


def test_a_first_release_begins_with_the_first_commit(repository: Path) -> None:
    git("checkout", "--quiet", "HEAD~2", folder=repository)
    first = git("rev-list", "--max-parents=0", "HEAD", folder=repository)
    assert release_begin(repository) == first


def test_a_figure_of_a_commit_that_is_gone_is_found(repository: Path) -> None:
    begin = release_begin(repository)
    assert "not an ancestor" in trouble(f"2026-11-27, commit {'1' * 10}", begin, repository)
    assert "does not say" in trouble("2026-11-27", begin, repository)


def test_what_is_not_a_full_clone_cannot_tell(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    shallow, plain = tmp_path_factory.mktemp("clones") / "shallow", tmp_path_factory.mktemp("plain")
    git("clone", "--quiet", "--depth=1", f"file://{repository}", str(shallow), folder=plain)
    assert "shallow" in why_it_cannot_tell(shallow)
    assert "no clone" in why_it_cannot_tell(plain)
    assert why_it_cannot_tell(repository) == ""


def test_a_part_says_when_it_was_made_and_its_text_does_not(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- begin: do it -->\n<!-- end: do it -->\nafter\n")
    assert made_in(page) == {"do it": ""}
    put(page, "do it", "| a table |", made="2026-11-27, commit 0123456789")
    assert part(page, "do it") == "| a table |"
    assert made_in(page) == {"do it": "2026-11-27, commit 0123456789"}
    put(page, "do it", "| another |")
    assert page.read_text().startswith("before\n<!-- begin: do it -->\n<!-- made: ")
    assert page.read_text().endswith("| another |\n<!-- end: do it -->\nafter\n")
