"""What happens when a module is imported, and how attributes are replaced and put back."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tb_inputdiag.autologging.post_import import when_imported
from tb_inputdiag.capture.replacing import replace


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module that can be imported, and is not."""
    (tmp_path / "imported_later.py").write_text("import sys\nassert 'fail' not in sys.argv\nvalue = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    yield "imported_later"
    sys.modules.pop("imported_later", None)
    assert sys.meta_path == finders


def test_the_action_comes_after_the_modules_own_code(name: str) -> None:
    seen: list[int] = []
    when_imported(name, lambda module: seen.append(module.value))
    importlib.import_module("colorsys")
    assert seen == []
    module = importlib.import_module(name)
    assert seen == [1]
    assert type(module.__spec__.loader).__name__ == type(module.__loader__).__name__ == "SourceFileLoader"
    importlib.reload(module)
    assert seen == [1]


def test_a_module_that_is_there_already(name: str) -> None:
    seen: list[ModuleType] = []
    module = importlib.import_module(name)
    when_imported(name, seen.append)
    assert seen == [module]


def test_an_action_within_an_action(name: str) -> None:
    seen: list[int] = []
    when_imported(name, lambda module: when_imported(name, lambda again: seen.append(again.value)))
    importlib.import_module(name)
    assert seen == [1]


def test_several_actions_and_one_that_is_cancelled(name: str) -> None:
    seen: list[str] = []
    when_imported(name, lambda module: seen.append("first"))
    cancel = when_imported(name, lambda module: seen.append("cancelled"))
    when_imported(name, lambda module: seen.append("last"))
    cancel()
    cancel()
    importlib.import_module(name)
    assert sorted(seen) == ["first", "last"]


def test_an_import_that_fails_is_tried_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    when_imported(name, lambda module: seen.append(module.value))
    with monkeypatch.context() as patched:
        patched.setattr(sys, "argv", ["fail"])
        with pytest.raises(AssertionError):
            importlib.import_module(name)
    assert seen == []
    importlib.import_module(name)
    assert seen == [1]


class Base:
    def method(self) -> str:
        return "own"


class Derived(Base):
    pass


@pytest.mark.parametrize("owner", [Base, Derived])
def test_what_is_replaced_is_put_back(owner: type[Base]) -> None:
    before = dict(vars(owner))
    put_back = replace(owner, "method", lambda self: "ours")
    assert owner().method() == "ours"
    put_back()
    put_back()
    assert dict(vars(owner)) == before
    assert owner().method() == "own"


def test_what_somebody_else_replaced_since_stays() -> None:
    put_back = replace(Base, "method", lambda self: "ours")
    put_back_theirs = replace(Base, "method", lambda self: "theirs")
    put_back()
    assert Base().method() == "theirs"
    put_back_theirs()
    put_back()
    assert Base().method() == "own"
