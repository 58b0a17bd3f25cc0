"""The call of Keras that raised an exception, from the exception's traceback alone."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import os
import re
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, NamedTuple

import keras

from tb_inputdiag.capture import keras_internals
from tb_inputdiag.capture.argument_facts import argument_facts
from tb_inputdiag.capture.call_layouts import call_layouts
from tb_inputdiag.capture.failed_line import made, operands
from tb_inputdiag.capture.plain_values import attempt
from tb_inputdiag.records import ArgumentFacts, OperandFacts, Place, TensorLayout

__all__ = ["FailedCall", "failed_call"]

_LIBRARIES = ("keras", "tensorflow")
_PACKAGE = __name__.partition(".")[0]
_PLACES: Mapping[str, Place] = {
    "fit": "data",
    "evaluate": "data",
    "predict": "data",
    "train_on_batch": "step",
    "test_on_batch": "step",
    "predict_on_batch": "step",
    "compile": "compile",
    "compile_from_config": "compile",
    "save": "save",
    "save_model": "save",
    "save_weights": "save",
    "export": "save",
    "load_model": "load",
    "load_weights": "load",
    "set_weights": "load",
    "model_from_json": "load",
    "from_config": "load",
    "clone_model": "load",
}
_IN_LAYER = "Exception encountered when calling"
"""How Keras begins the message of an exception that the call of a layer raised."""
_UNPACKING = re.compile(
    r"values to unpack|cannot unpack non-iterable|Iterating over a symbolic KerasTensor is not supported"
)
_LONGEST_LINE = 160
_INSTALLED = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "purelib", "platlib")})


@dataclass(frozen=True, slots=True)
class FailedCall:
    """The outermost call of Keras, or of TensorFlow, that the user's program made."""

    call: str = ""
    """See `records.Failure.call`."""
    place: Place = "other"
    model: keras.Model | None = None
    """The model whose method was called, or that was called itself."""
    arguments: tuple[ArgumentFacts, ...] = ()
    fed: tuple[TensorLayout, ...] = ()
    """What the call was given as inputs, targets and weights of examples."""
    lines: tuple[str, ...] = ()
    """See `records.Failure.lines`."""
    callbacks: tuple[keras.callbacks.Callback, ...] = ()
    """The callbacks that the call was given."""
    operands: tuple[OperandFacts, ...] = ()
    """See `records.Failure.operands`."""


def failed_call(exc: BaseException) -> FailedCall:
    """Finds the call that raised an exception, and describes its arguments without copying data.

    Keras takes its own frames out of tracebacks, except that of the wrapper around the function that the user called.
    This frame holds the arguments. If the exception is still on its way up, the frames above it are read as well.

    Args:
        exc: A raised exception.
    """
    return replace(_call_of(exc), operands=attempt(functools.partial(_operands, exc), ()))


def _operands(exc: BaseException) -> tuple[OperandFacts, ...]:
    """Returns the operands of the innermost operation of the user's program."""
    traceback, found = exc.__traceback__, None
    while traceback is not None:
        if _is_users(traceback.tb_frame):
            found = traceback
        traceback = traceback.tb_next
    return () if found is None else operands(found.tb_frame, found.tb_lasti, found.tb_lineno)


def _call_of(exc: BaseException) -> FailedCall:
    frames = list(_frames(exc))
    lines = _lines(frames)
    result: tuple[FrameType, _Called] | None = attempt(functools.partial(_unpacked_call, exc, frames))
    if result is not None:
        return _described(exc, result[1], result[0], lines)
    for number, (frame, _) in enumerate(frames):
        if _is_library(frame):
            user = frames[number - 1][0] if number else None
            found: _Called | None = attempt(functools.partial(_bound, frame))
            if found is not None:
                return _described(exc, found, user, lines)
    return FailedCall(lines=lines)


def _frames(exc: BaseException) -> Iterator[tuple[FrameType, int]]:
    """Yields frames and line numbers, outermost first, without those of this package."""
    traceback = exc.__traceback__
    if traceback is None:
        return
    above, frame = [], traceback.tb_frame.f_back
    while frame is not None:
        above.append((frame, frame.f_lineno))
        frame = frame.f_back
    found = above[::-1]
    while traceback is not None:
        found.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    yield from (item for item in found if not _module(item[0]).startswith("tb_inputdiag"))


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_library(frame: FrameType) -> bool:
    return _module(frame).partition(".")[0] in _LIBRARIES


class _Called(NamedTuple):
    """A function that was called."""

    name: str
    call: str
    """The name with that of the class."""
    given: Mapping[str, Any]
    """The arguments by name."""


def _bound(frame: FrameType) -> _Called:
    wrapped = keras_internals.wrapped_call(frame)
    if wrapped is None:
        name = frame.f_code.co_name
        info = inspect.getargvalues(frame)
        extra = dict(info.locals.get(info.keywords, {})) if info.keywords else {}
        given = {**{key: info.locals[key] for key in info.args if key in info.locals}, **extra}
        if info.varargs:
            given[info.varargs] = info.locals.get(info.varargs)
        given = _without_defaults(frame, given)
    else:
        public, function = keras_internals.decorated_function(wrapped.function)
        given = _by_name(wrapped._replace(function=function))
        name = getattr(function, "__name__", "")
        if public:
            return _Called(public.rpartition(".")[2], public, given)
    owner = given.get("self", given.get("cls"))
    kind = owner if isinstance(owner, type) else type(owner)
    if owner is None:
        return _Called(name, name, given)
    return _Called(name, kind.__name__ if name in ("__init__", "__new__") else f"{kind.__name__}.{name}", given)


def _without_defaults(frame: FrameType, given: dict[str, Any]) -> dict[str, Any]:
    """Leaves out arguments that have the value of their default: the user need not have given them."""
    owner = given.get("self")
    holder = type(owner) if owner is not None else None
    name = frame.f_code.co_name
    function = getattr(holder, name, None) if holder is not None else frame.f_globals.get(name)
    if not callable(function):
        return given
    parameters = inspect.signature(function).parameters
    defaults = {key: item.default for key, item in parameters.items()}
    simple = bool | int | float | str | None
    return {
        key: value
        for key, value in given.items()
        if not (isinstance(value, simple) and key in defaults and value == defaults[key])
    }


def _by_name(wrapped: keras_internals.WrappedCall) -> dict[str, Any]:
    try:
        bound = inspect.signature(wrapped.function).bind_partial(*wrapped.args, **wrapped.kwargs)
    except (TypeError, ValueError):  # the arguments do not fit, which may be what the exception is about
        own = {"self": wrapped.args[0]} if wrapped.args and isinstance(wrapped.args[0], keras.Operation) else {}
        return {**own, **{f"args/{i}": value for i, value in enumerate(wrapped.args[len(own) :])}, **wrapped.kwargs}
    given = dict(bound.arguments)
    for parameter in bound.signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            given.update(given.pop(parameter.name, {}))
    return given


def _unpacked_call(exc: BaseException, frames: list[tuple[FrameType, int]]) -> tuple[FrameType, _Called] | None:
    """Returns the call of Keras whose result could not be unpacked: it has returned, so it has no frame any more."""
    if not _UNPACKING.search(str(exc)):
        return None
    while frames and _module(frames[-1][0]).startswith("keras.src.backend.common.keras_tensor"):
        frames = frames[:-1]
    if not frames or not _is_users(frames[-1][0]):
        return None
    frame, number = frames[-1]
    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    statements = (item for item in ast.walk(ast.parse(source)) if isinstance(item, ast.Assign))
    found = [item for item in statements if item.lineno <= number <= (item.end_lineno or 0)]
    if not found or not isinstance(found[-1].value, ast.Call):
        return None
    function = found[-1].value.func
    owner = _held(frame, function)
    if isinstance(owner, keras.Layer):
        return frame, _Called("__call__", f"{type(owner).__name__}.__call__", {"self": owner})
    if isinstance(function, ast.Attribute) and isinstance(owner := _held(frame, function.value), keras.Model):
        return frame, _Called(function.attr, f"{type(owner).__name__}.{function.attr}", {"self": owner})
    made = function.func if isinstance(function, ast.Call) else None
    kind = getattr(keras.layers, made.attr if isinstance(made, ast.Attribute) else getattr(made, "id", ""), None)
    if isinstance(kind, type):
        return frame, _Called("__call__", f"{kind.__name__}.__call__", {})
    return None


def _held(frame: FrameType, code: ast.expr) -> object:
    """Returns what a variable or an attribute holds, without running code of the program; None if it is neither."""
    if isinstance(code, ast.Name):
        return frame.f_locals.get(code.id, frame.f_globals.get(code.id))
    if isinstance(code, ast.Attribute):
        return getattr(_held(frame, code.value), "__dict__", {}).get(code.attr)
    return None


def _described(exc: BaseException, called: _Called, user: FrameType | None, lines: tuple[str, ...]) -> FailedCall:
    name, call, given = called
    owner = given.get("self")
    model = owner if isinstance(owner, keras.Model) else None
    if model is None:
        model = next((value for key, value in given.items() if key == "model" and isinstance(value, keras.Model)), None)
    callbacks = given.get("callbacks")
    callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    if all(type(item).__module__.startswith(_PACKAGE) for item in callbacks):
        given = {key: value for key, value in given.items() if key != "callbacks"}
    arguments = tuple(argument_facts(given, _Variables(user)))
    line = next((number for frame, number in _frames(exc) if frame is user), 0)
    if user is not None:
        arguments = attempt(functools.partial(made, arguments, given, user, line), arguments)
    place = _PLACES.get(name, "build" if isinstance(owner, keras.Operation) or "Model" in call else "other")
    if place == "data" and (str(exc).startswith(_IN_LAYER) or hasattr(exc, "node_def")):
        place = "step"
    return FailedCall(
        call=call,
        place=place,
        model=model,
        arguments=arguments,
        fed=attempt(lambda: call_layouts(name, given, model), ()),
        lines=lines,
        callbacks=tuple(item for item in callbacks if isinstance(item, keras.callbacks.Callback)),
    )


class _Variables(Mapping[int, str]):
    """``id(object) -> name`` of the variables that a frame sees; local ones first."""

    def __init__(self, frame: FrameType | None) -> None:
        self._names: dict[int, str] = {}
        if frame is not None:
            for scope in (frame.f_globals, frame.f_locals):
                public = {key: value for key, value in scope.items() if not key.startswith("_")}
                self._names.update({id(value): key for key, value in public.items() if _has_identity(value)})

    def __getitem__(self, key: int) -> str:
        return self._names[key]

    def __iter__(self) -> Iterator[int]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _has_identity(value: object) -> bool:
    """Tells whether two variables with this value are likely to mean the same object."""
    return not (value is None or isinstance(value, bool | int | float | str | bytes | type) or callable(value)) or (
        isinstance(value, keras.Operation)
    )


def _lines(frames: list[tuple[FrameType, int]]) -> tuple[str, ...]:
    """Returns the lines of the user's program: the last one before the first library's, and the innermost one."""
    first = next((number for number, (frame, _) in enumerate(frames) if _is_library(frame)), len(frames))
    own = [number for number, (frame, _) in enumerate(frames) if _is_users(frame)]
    chosen = [*[number for number in own if number < first][-1:], *own[-1:]]
    return tuple(dict.fromkeys(filter(None, (_line(*frames[number]) for number in chosen))))


def _is_users(frame: FrameType) -> bool:
    filename = frame.f_code.co_filename
    if filename.startswith("<") and not filename.startswith(("<stdin", "<ipython")):
        return False
    return not filename.startswith(_INSTALLED) and not _is_library(frame)


def _line(frame: FrameType, number: int) -> str:
    filename = frame.f_code.co_filename
    code = linecache.getline(filename, number, frame.f_globals).strip()
    return f"{os.path.basename(filename)}:{number}: {code}"[:_LONGEST_LINE] if code else ""
