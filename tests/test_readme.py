"""README and docs are correct: commands run, code runs, output is as printed, links lead somewhere."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tensorboard.program import TensorBoard

import tb_inputdiag
from demo.__main__ import ALL, SHORT
from demo._common import digits
from tb_inputdiag import InputDiagnostics, Severity, cli
from tb_inputdiag.cli.entry import parse
from tb_inputdiag.rules import Rule, all_rules, judge

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.timeout(600)  # the first that needs the demos' logs waits for them
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "tensorboard_plugin" / "http_api.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
NOT_COMMANDS = {"python": {"train.py"}}
"""Placeholders for files of the reader."""


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[CodeBlock]:
    """Yields the fenced blocks of a page. A longer fence holds shorter ones."""
    fence, language, start, lines = "", "", 0, []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        opened = re.match(r"\s*(`{3,})(\w*)\s*$", line)
        if not fence and opened:
            fence, language, start, lines = opened[1], opened[2], number, []
        elif fence and line.strip() == fence:
            yield CodeBlock(page, start, language, textwrap.dedent("\n".join(lines)) + "\n")
            fence = ""
        elif fence:
            lines.append(line)
    assert not fence, f"{page.name}:{start} is never closed"


BLOCKS = [block for page in PAGES for block in blocks(page)]


def commands(block: CodeBlock) -> Iterator[tuple[list[str], str]]:
    """Yields each command of a block, split into words, and the output that the page shows for it."""
    lines = block.text.splitlines()
    if block.language == "console":
        starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            yield shlex.split(lines[start][2:], comments=True), "\n".join(lines[start + 1 : end])
    elif block.language == "sh":
        for line in lines:
            yield shlex.split(re.sub(r"^KERAS_BACKEND=\w+ ", "", line), comments=True), ""
    elif block.language == "":
        for line in lines:
            if re.match(r"(tb-inputdiag|tensorboard|make|pip|python) ", line):
                yield shlex.split(line, comments=True), ""
    elif block.language == "yaml":
        for line in lines:
            found = re.match(r"\s*- (?:run: )?((?:tb-inputdiag|pip|python) .*)", line)
            if found:
                yield shlex.split(found[1], comments=True), ""


COMMANDS = [
    pytest.param(words, output, id=f"{block} {' '.join(words)[:60]}")
    for block in BLOCKS
    for words, output in commands(block)
    if words
]


def test_every_block_is_of_a_kind_that_is_looked_at() -> None:
    assert {block.language for block in BLOCKS} <= {
        "",
        "console",
        "json",
        "mermaid",
        "python",
        "sh",
        "text",
        "toml",
        "yaml",
    }
    assert len(COMMANDS) > 30


def test_the_readme_counts_right() -> None:
    text = (ROOT / "README.md").read_text()
    assert set(re.findall(r"(\d+) rules", text)) == {str(len(all_rules()))}
    assert f"has {len(ALL)} programs on real data" in text


# -- commands ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, demo_logs: Path) -> Path:
    """The folder of a user who ran `make demo`, and trained a model of their own with its log in ``logs``."""
    folder = tmp_path_factory.mktemp("reader")
    for name in SHORT:
        shutil.copytree(demo_logs / name, folder / "demo" / "logs" / name)
    for name in ("logs", "logs-of-today"):
        shutil.copytree(demo_logs / "integer_pixels", folder / name)
    assert cli.main(["baseline", str(folder / "logs"), "-o", str(folder / "inputs.json")]) == 0
    return folder


@pytest.mark.parametrize(("words", "output"), COMMANDS)
def test_a_command_works(
    words: list[str], output: str, reader: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(reader)
    program, arguments = Path(words[0]).name, words[1:]
    if program == "tb-inputdiag":
        _command_line(arguments, output, capsys)
    elif program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(arguments) <= set(targets)
    elif program == "pip":
        _pip(arguments)
    elif program == "tensorboard":
        tensorboard = TensorBoard()
        tensorboard.configure(argv=["tensorboard", *arguments])
        assert Path(tensorboard.flags.logdir).is_dir()
    elif program == "python":
        _python(arguments)
    elif program == "git":
        assert arguments[0] in ("add", "clone")
    else:
        pytest.fail(f"Nobody knows how to try {words}.")


def _command_line(arguments: list[str], output: str, capsys: Any) -> None:
    if arguments[0] in ("run", "data"):
        assert parse(arguments) is not None  # files are the reader's own; tests/autologging and tests/data have some
        return
    if arguments[0] == "watch" and "--once" not in arguments:
        arguments = [*arguments, "--until-end"]
    capsys.readouterr()
    code = cli.main(arguments)
    printed = capsys.readouterr()
    assert code in ((0, 1) if arguments[0] in ("check", "explain") else (0,)), printed.err
    if output:
        _agree(output, printed.out)


def _agree(shown: str, printed: str) -> None:
    """Tells whether a page shows what is printed. Numbers differ from run to run; the words around them must not."""

    def words(text: str) -> list[str]:
        text = re.sub(r"[▁▂▃▄▅▆▇█]+", "", text)
        text = re.sub(r"\b\d{8}T\d{6}-[0-9a-f]{6}\b", "SESSION", text)
        text = re.sub(r"[-+]?\d[\d.,:]*(e[-+]?\d+)?|\bnan\b|(?<= )-(?= )", "0", text)
        text = re.sub(r"started .* on [^,]+,", "started on,", text)
        return text.split()

    expected = words(shown)
    if expected[-1:] == ["..."]:
        expected = expected[:-1]
        assert words(printed)[: len(expected)] == expected
    else:
        assert words(printed) == expected


def _pip(arguments: list[str]) -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert arguments[0] == "install"
    for what in arguments[1:]:
        name, _, extras = what.partition("[")
        assert name in (".", setup["metadata"]["name"])
        for extra in filter(None, extras.rstrip("]").split(",")):
            assert extra in setup["options.extras_require"], f"there is no extra {extra!r}"


def _python(arguments: list[str]) -> None:
    if arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]), arguments
        if arguments[1] == "demo":
            assert set(arguments[2:]) <= {"--all"}
        elif arguments[1] == "tb_inputdiag":
            _command_line(arguments[2:], "", None)
    elif arguments[0] not in NOT_COMMANDS["python"]:
        assert (ROOT / arguments[0]).is_file(), arguments


# -- Python --------------------------------------------------------------------------------------------

RUN = [page for page in PAGES if any(block.page == page and block.language == "python" for block in BLOCKS)]
READ_ONLY = {"corpus.md", "errors.md", "remote.md", "rules.md"}
"""Pages whose code is a part of something, needs a server, or raises on purpose; it must be Python."""


def _scope() -> dict[str, Any]:
    """What code in the docs takes for granted: a model and data, all of it sound."""
    x, y = digits()
    x, y = (x[:384] / 255).astype("float32"), y[:384]
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(8, 3, activation="relu", name="conv2d"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax", name="dense"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return {
        "InputDiagnostics": InputDiagnostics,
        "Severity": Severity,
        "tb_inputdiag": tb_inputdiag,
        "batches": [(x[i : i + 32], y[i : i + 32]) for i in range(0, 128, 32)],
        "keras": keras,
        "model": model,
        "np": np,
        "val": (x[256:], y[256:]),
        "x_val": x[256:],
        "y_val": y[256:],
        "x": x[:256],
        "y": y[:256],
    }


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_python_on_a_page_runs(page: Path, reader: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(reader / "demo", tmp_path / "demo")
    shutil.copy(reader / "inputs.json", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", str(tmp_path / "mlruns"))
    monkeypatch.setenv("SLACK_WEBHOOK", "http://127.0.0.1:9/nobody-listens")
    monkeypatch.setenv("WANDB_MODE", "offline")
    scope = _scope()
    try:
        _run_python(page, scope, tmp_path)
    finally:
        tb_inputdiag.autolog(disable=True)


def _run_aside(text: str, folder: Path) -> None:
    """Runs a block in a process of its own, because ClearML patches other packages when it is imported."""
    close = "import clearml, os; task = clearml.Task.current_task(); task and task.close()"
    # what ClearML does at the exit of a program may wait for minutes
    code = f"from tests.test_readme import _scope\nexec({text!r}, _scope())\n{close}; os._exit(0)"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "CLEARML_OFFLINE_MODE": "1"}
    env["CLEARML_CACHE_DIR"] = str(folder / "clearml")
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=env, cwd=folder, timeout=240)
    (task,) = (folder / "clearml" / "offline").glob("offline-*/task.json")
    assert "inputdiag" in json.loads(task.read_text())["hyperparams"]["properties"]


def _run_python(page: Path, scope: dict[str, Any], folder: Path) -> None:
    for block in blocks(page):
        if block.language != "python":
            continue
        code = compile(block.text, str(block), "exec")
        is_program = any(
            isinstance(node, ast.FunctionDef) and node.decorator_list for node in ast.parse(block.text).body
        )
        if page.name in READ_ONLY or is_program or "import aim" in block.text:
            continue  # aim cannot be installed beside the others: it needs an older filelock
        if "from clearml" in block.text:
            _run_aside(block.text, folder)
            continue
        exec(code, scope)
        for name, value in list(scope.items()):
            if name.startswith("test_"):
                scope.pop(name)(folder / name)
            if isinstance(value, type) and issubclass(value, Rule) and value is not Rule and value.examples():
                for example in value.examples():
                    found = {alert.rule for alert in judge(example.build().records, [value, value.id])}
                    assert found == ({value.id} if example.fires else set())


# -- links ---------------------------------------------------------------------------------------------


def _anchors(page: Path) -> set[str]:
    """Returns the anchors that a code host gives to the headings of a page."""
    text = re.sub(r"^(`{3,}).*?^\1\s*$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = [re.sub(r"[`*]", "", heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_are_there(page: Path) -> None:
    text = re.sub(r"^(`{3,}).*?^\1\s*$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for label, target in re.findall(r"\[([^\]]*)\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), f"{page.name}: [{label}]({target})"
        assert not anchor or anchor in _anchors(file), f"{page.name}: [{label}]({target})"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    text = page.read_text()
    named = re.findall(r"`((?:tb_inputdiag|tests|demo|docs|benchmarks|tensorboard_plugin)/[\w./-]*)`", text)
    to_come = set(re.findall(r"tb_inputdiag/rules/catalogue/double_precision_input.py", text))
    for name in set(named) - to_come - {"demo/logs"}:
        assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        targets = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text())
        todo += [(page.parent / target).resolve() for target in targets if not target.startswith("http")]
    assert {page for page in PAGES if page.name != "CHANGELOG.md"} <= seen
