"""What is known of the arguments of a call, without a copy of their data."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.capture import keras_internals
from tb_inputdiag.capture.plain_values import attempt
from tb_inputdiag.capture.tensor_layout import static_shape
from tb_inputdiag.records import JSON, ArgumentFacts, ArgumentKind

__all__ = ["argument_facts", "list_shape", "type_name"]

_MOST_FACTS = 64
_MOST_PARTS = 8
"""Parts of a list that are described one by one."""
_MOST_KEYS = 16
_FIRST = 256
"""Elements of a list, or of an array of objects, whose types are looked at."""
_LONGEST_TEXT = 80
_MOST_VALUES = 10_000_000
"""Numbers of an array whose range is looked for: at most some 50 ms."""
_DEEPEST = 3


def argument_facts(given: Mapping[str, Any], variables: Mapping[int, str]) -> Iterator[ArgumentFacts]:
    """Yields the facts of arguments and their parts, at most 64.

    Args:
        given: Name -> value, as the user passed them.
        variables: ``id(value) -> name`` of the user's variables.
    """
    count = 0
    for name, value in given.items():
        if value is None and name != "y":
            continue
        for facts in _facts(name, value, variables, 0):
            yield facts
            count += 1
            if count == _MOST_FACTS:
                return


def _facts(name: str, value: Any, variables: Mapping[int, str], depth: int) -> Iterator[ArgumentFacts]:
    variable = variables.get(id(value), "")
    yield attempt(
        lambda: _one(name, value, variable), ArgumentFacts(name=name, type=type_name(value), variable=variable)
    )
    if depth < _DEEPEST:
        for key, part in _parts(value):
            yield from _facts(f"{name}/{key}", part, variables, depth + 1)


def type_name(value: object) -> str:
    """Returns the package and class of a value, e.g. ``numpy.ndarray``; only the class of Python's own types."""
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    return kind.__qualname__ if package == "builtins" else f"{package}.{kind.__qualname__}"


def _parts(value: Any) -> list[tuple[object, Any]]:
    if isinstance(value, Mapping):
        return [(key, value[key]) for key in list(value)[:_MOST_KEYS]]
    if isinstance(value, list | tuple) and len(value) <= _MOST_PARTS and not _is_numbers(value):
        return list(enumerate(value))
    return []


def _is_numbers(value: Sequence[Any]) -> bool:
    """Tells whether a list holds numbers, or lists of numbers: data that is not an array yet."""
    first = value
    while isinstance(first, list | tuple) and first:
        first = first[0]
    return isinstance(first, bool | int | float | np.number) or (first is not value and isinstance(first, str))


def _is_short(value: Any) -> bool:
    """Tells whether a list is one of a few whole numbers: a shape, an order of axes, a size."""
    return isinstance(value, list | tuple) and 0 < len(value) <= _MOST_PARTS and all(type(n) is int for n in value)


def _one(name: str, value: Any, variable: str) -> ArgumentFacts:
    kind = _kind(value)
    shape: tuple[int | None, ...] | None = None
    dtype = ""
    shown: JSON = None
    if kind in ("array", "series", "frame", "tensor", "symbolic"):
        shape, dtype = static_shape(value), _dtype(value)
    elif kind == "list":
        shape = list_shape(value)
        shown = list(value) if _is_short(value) else None
    elif kind == "number":
        shown = value.item() if isinstance(value, np.generic) else value
    elif kind == "text":
        shown = str(value)[:_LONGEST_TEXT]
    elif kind in ("function", "class", "layer", "model"):
        shown = getattr(value, "__name__", None) or getattr(value, "name", None)
    return ArgumentFacts(
        name=name,
        type=type_name(value),
        kind=kind,
        variable=variable,
        shape=shape,
        dtype=dtype,
        value=shown,
        **attempt(lambda: _details(kind, value), {}),
    )


def _kind(value: Any) -> ArgumentKind:
    simple: tuple[tuple[type | tuple[type, ...], ArgumentKind], ...] = (
        (type(None), "none"),
        (str, "text"),
        ((bool, int, float, complex, np.number, np.bool_), "number"),
        (np.ndarray, "array"),
        (Mapping, "dict"),
        ((list, tuple, set, frozenset, range), "list"),
        (types.GeneratorType, "generator"),
        (type, "class"),
        (keras.KerasTensor, "symbolic"),
        (keras.Model, "model"),
        (keras.Layer, "layer"),
        (keras.utils.PyDataset, "pydataset"),
    )
    for classes, kind in simple:
        if isinstance(value, classes):
            return kind
    return _library_kind(value)


def _library_kind(value: Any) -> ArgumentKind:
    """Returns what an object of pandas, TensorFlow, JAX or PyTorch is, without an import of them."""
    package, name = type(value).__module__.partition(".")[0], type(value).__name__
    if package == "pandas" and hasattr(value, "columns"):
        return "frame"
    if package == "pandas" and hasattr(value, "dtype"):
        return "series"
    if hasattr(value, "element_spec") and hasattr(value, "cardinality"):
        return "dataset"
    if hasattr(value, "batch_sampler") and hasattr(value, "collate_fn"):
        return "loader"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return "tensor"
    if isinstance(value, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        return "function"
    return "generator" if hasattr(value, "__next__") and name != "Iterator" else "object"


def _dtype(value: Any) -> str:
    if hasattr(value, "dtypes") and hasattr(value, "columns"):
        found = {str(dtype) for dtype in value.dtypes}
        return found.pop() if len(found) == 1 else "mixed"
    dtype = getattr(value, "dtype", None)
    return "" if dtype is None else getattr(dtype, "name", None) or str(dtype)


def list_shape(value: Any) -> tuple[int | None, ...] | None:
    """Returns the shape of nested lists of numbers or arrays; None for an axis whose parts differ in length.

    Only the first 256 elements of each axis are looked at.
    """
    if not isinstance(value, list | tuple):
        return None
    if not value:
        return (0,)
    inner = {_shape_of(item) for item in value[:_FIRST]}
    if len(inner) == 1:
        (first,) = inner
        return (len(value), *first)
    ranks = {len(shape) for shape in inner}
    if len(ranks) > 1:
        return (len(value),)
    common = tuple(sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*inner, strict=True))
    return (len(value), *common)


def _shape_of(value: Any) -> tuple[int | None, ...]:
    if isinstance(value, list | tuple):
        return list_shape(value) or ()
    return static_shape(value) or ()


def _details(kind: ArgumentKind, value: Any) -> dict[str, Any]:
    """Returns the fields of `ArgumentFacts` that only some kinds of arguments have."""
    match kind:
        case "frame":
            text = [str(name) for name, dtype in value.dtypes.items() if _is_text(str(dtype))]
            odd = next(filter(None, (_odd_text(list(value[name].iloc[:_FIRST])) for name in text[:_MOST_KEYS])), None)
            return {"text_columns": tuple(text[:_MOST_KEYS]), "odd_text": odd}
        case "array" | "series":
            holds_objects = _is_text(_dtype(value))
            if not holds_objects:
                return _range(np.asarray(value))
            columns = np.atleast_2d(np.asarray(value)).reshape(len(value), -1)[:_FIRST, :_MOST_KEYS].T
            odd = next(filter(None, (_odd_text(list(column)) for column in columns)), None)
            return {**_elements(list(np.asarray(value).reshape(-1)[:_FIRST])), "odd_text": odd}
        case "list":
            first = list(value)[:_FIRST]
            return {"length": len(value), **_elements(first), "layers": _chain(first)}
        case "symbolic":
            return {"layers": _made_by(value)}
        case "dict":
            return {"keys": tuple(str(key) for key in list(value)[:_MOST_KEYS])}
        case "dataset":
            return _dataset(value)
        case "layer":
            return {"layers": _chain([getattr(value, "forward_layer", getattr(value, "layer", None))])}
        case "model":
            return {"layers": _chain(value.layers)} if isinstance(value, keras.Sequential) else {}
    return {}


def _range(values: NDArray[Any]) -> dict[str, Any]:
    """Describes the values of an array of numbers."""
    if not 0 < values.size <= _MOST_VALUES or values.dtype.kind not in "buif":
        return {}
    finite = values[np.isfinite(values)]
    found: dict[str, Any] = {"nonfinite": int(values.size - finite.size)}
    return found | {"low": float(finite.min()), "high": float(finite.max())} if finite.size else found


def _made_by(tensor: Any) -> tuple[str, ...]:
    """Returns the classes of the layers that a symbolic tensor has gone through, the last one last."""
    found: list[str] = []
    producer = keras_internals.producer(tensor)
    while producer is not None and len(found) < _MOST_PARTS:
        found.append(type(producer.operation).__name__)
        inputs = keras_internals.operation_inputs(producer)
        producer = keras_internals.producer(inputs[0]) if inputs else None
    return tuple(reversed(found))


def _chain(items: list[Any]) -> tuple[str, ...]:
    """Returns the classes of layers that follow each other."""
    return tuple(type(item).__name__ for item in items if isinstance(item, keras.Layer))


def _is_text(dtype: str) -> bool:
    return dtype.startswith(("object", "str", "string", "category", "<U", "|S", "bytes"))


def _elements(items: list[Any]) -> dict[str, Any]:
    """Describes the elements of a list or of an array of objects."""
    shapes = [_shape_of(item) for item in items]
    texts = [item for item in items if isinstance(item, str)]
    return {
        "element_types": tuple(sorted({type_name(item) for item in items})),
        "element_shapes": tuple(shapes[:_MOST_PARTS]) if any(shapes) else (),
        "equal_shapes": len(set(shapes)) <= 1,
        "numeric_text": bool(texts) and all(_is_number(text) for text in texts),
    }


def _odd_text(items: list[Any]) -> str | None:
    """Returns the first text that is not a number, if most of the others are."""
    texts = [item for item in items if isinstance(item, str)]
    odd = [text for text in texts if not _is_number(text)]
    return odd[0][:_LONGEST_TEXT] if odd and len(odd) * 2 < len(texts) else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _dataset(value: Any) -> dict[str, Any]:
    spec = value.element_spec
    return {
        "parts": len(spec) if isinstance(spec, tuple) else 1,
        "element_spec": str(spec)[:400],
        "cardinality": attempt(lambda: int(value.cardinality()), -2),
    }
