"""Laws about the sources: who may use private names of Keras, internal modules, and TensorFlow at all."""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "tb_inputdiag"
CAPTURE = PACKAGE / "capture"
PROCESSES = PACKAGE / "autologging" / "children.py"
"""Works with Python's processes, which have a private name that Keras happens to have, too."""
DOORS = (CAPTURE / "keras_internals.py", CAPTURE / "tensorflow" / "tf_internals.py")
_PRIVATE = re.compile(r"_[a-z]\w*")
_PYTHONS_OWN = frozenset(dir(namedtuple("Example", "field")))


def sources() -> list[Path]:
    """Returns every module that works with Keras' objects."""
    folders = (CAPTURE, PACKAGE / "autologging", PACKAGE / "recording", PACKAGE / "sampling")
    found = [*PACKAGE.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))]
    return sorted(path for path in found if path not in (*DOORS, PROCESSES))


@functools.cache
def names_in_keras() -> frozenset[str]:
    """Returns all private names in the sources of the installed Keras."""
    spec = importlib.util.find_spec("keras")
    assert spec is not None
    assert spec.origin is not None
    text = [path.read_text(encoding="utf-8") for path in Path(spec.origin).parent.rglob("*.py")]
    return frozenset(name for source in text for name in re.findall(r"\b_[a-z]\w*", source))


def defined_in(tree: ast.Module) -> set[str]:
    """Returns the private names that a module itself defines: functions, variables, fields, attributes of `self`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_self(node.value):
            found.add(node.attr)
    return found


def used_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields line and name of each private name that is read as an attribute, set, or given as a string."""
    modules = {
        alias.asname or alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _PRIVATE.fullmatch(node.attr):
            of_python = isinstance(node.value, ast.Name) and node.value.id in modules - {"keras"}
            if not of_python:
                yield node.lineno, node.attr
        elif isinstance(node, ast.Constant) and id(node) not in parts and _PRIVATE.fullmatch(str(node.value)):
            yield node.lineno, node.value


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def private_names_of_keras(source: str) -> list[tuple[int, str]]:
    """Returns line and name of each use of a name that Keras has, and the module itself does not define."""
    tree = ast.parse(source)
    ours = defined_in(tree) | _PYTHONS_OWN
    return [(line, name) for line, name in used_in(tree) if name in names_in_keras() and name not in ours]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_private_names_of_keras_are_read_in_keras_internals_only(path: Path) -> None:
    assert private_names_of_keras(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("rate = optimizer._learning_rate", "_learning_rate"),
        ("rate = getattr(optimizer, '_learning_rate', None)", "_learning_rate"),
        ("vars(model)['_jit_compile'] = False", "_jit_compile"),
        ("setattr(cls, '_clip_gradients', replacement)", "_clip_gradients"),
        ("found = {'_jit_compile': False}", "_jit_compile"),
        ("x._keras_history[0]", "_keras_history"),
        ("class Mine(keras.callbacks.Callback):\n    def on_train_end(self):\n        self._model", "_model"),
    ],
)
def test_the_law_finds_a_private_name(source: str, name: str) -> None:
    assert [found for _, found in private_names_of_keras(source)] == [name]


@pytest.mark.parametrize(
    "source",
    [
        "class Mine:\n    def f(self, model):\n        self._model = model\n        return self._model",
        "import sys\nframe = sys._getframe(1)",
        "record._replace(step=1)._asdict()",
        "'a _learning_rate in a sentence'",
        "f'{variable.name}_initializer'",
    ],
)
def test_the_law_lets_our_own_names_and_pythons_pass(source: str) -> None:
    assert private_names_of_keras(source) == []


def accessors() -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in ast.parse(DOORS[0].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            yield node.name, node


@pytest.mark.parametrize(("name", "function"), accessors())
def test_an_accessor_names_in_its_docstring_what_it_reads(name: str, function: ast.FunctionDef) -> None:
    docstring = ast.get_docstring(function) or ""
    read = {found for _, found in used_in(ast.Module(body=[function], type_ignores=[]))}
    assert all(f"{found}`" in docstring for found in read)
    assert re.search(r"`(\w+\.)?_\w+`", docstring)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_internal_modules_of_keras_and_tensorflow_are_not_imported(path: Path) -> None:
    imported = set(imports(path))
    assert not {name for name in imported if name.startswith(("keras.src", "tensorflow.python"))}


BACKENDS = ("tensorflow", "jax", "torch")
SHARED = sorted([*CAPTURE.glob("*.py"), *CAPTURE.glob("rows/*.py")])


@pytest.mark.parametrize("path", SHARED, ids=lambda path: path.name)
def test_what_every_backend_needs_imports_none(path: Path) -> None:
    refused = (*BACKENDS, *(f"tb_inputdiag.capture.{backend}" for backend in BACKENDS))
    assert not {name for name in imports(path) if name.startswith(refused)}


def imports(path: Path) -> Iterator[str]:
    """Yields the full names of what a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
