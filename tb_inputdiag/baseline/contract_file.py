"""A baseline as a JSON file that people review: sorted, rounded, a line for each column."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from tb_inputdiag.errors import ConfigurationError, did_you_mean
from tb_inputdiag.records import JSON, Baseline, BaselineColumn, BaselineTensor, Role, Tolerances

__all__ = ["as_baseline", "baseline_text", "read_baseline"]

_SCHEMA = 1
_DIGITS = 7
"""Significant digits: all that float32 has."""
_GROUPS: tuple[tuple[str, Role], ...] = (("inputs", "input"), ("targets", "target"))


def baseline_text(baseline: Baseline) -> str:
    """Returns the file's text: the same for the same baseline."""
    lines: dict[str, str] = {}

    def on_one_line(value: JSON) -> str:
        key = f"@{len(lines)}@"
        lines[key] = json.dumps(value, sort_keys=True)
        return key

    document: dict[str, Any] = {
        "schema": _SCHEMA,
        "source": baseline.source,
        "tolerances": _rounded(asdict(baseline.tolerances)),
    }
    for group, role in _GROUPS:
        document[group] = {
            tensor.name: _tensor_json(tensor, on_one_line) for tensor in baseline.tensors if tensor.role == role
        }
    text = json.dumps(document, indent=2, sort_keys=True)
    for key, line in lines.items():
        text = text.replace(f'"{key}"', line, 1)
    return text + "\n"


def _tensor_json(tensor: BaselineTensor, on_one_line: Any) -> dict[str, JSON]:
    found = {name: _rounded(value) for name, value in asdict(tensor).items() if name not in ("name", "role", "columns")}
    found["shape"] = on_one_line(None if tensor.shape is None else list(tensor.shape))
    found["columns"] = {
        column.name: on_one_line({name: _rounded(value) for name, value in asdict(column).items() if name != "name"})
        for column in tensor.columns
    }
    return found


def _rounded(value: Any) -> JSON:
    if isinstance(value, bool) or not isinstance(value, (float, Mapping, list, tuple)):
        return value
    if isinstance(value, Mapping):
        return {str(name): _rounded(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


def as_baseline(value: str | os.PathLike[str] | Baseline | None) -> Baseline | None:
    """Returns the baseline that an argument names: itself, or that of a file.

    Raises:
        ConfigurationError: if it is neither.
    """
    if value is None or isinstance(value, Baseline):
        return value
    if not isinstance(value, (str, os.PathLike)):
        raise ConfigurationError(
            f"baseline must be a file that `tb-inputdiag baseline` wrote, e.g. 'inputs.json'. Received: {value!r}."
        )
    return read_baseline(value)


def read_baseline(path: str | os.PathLike[str]) -> Baseline:
    """Returns the baseline of a file.

    Raises:
        ConfigurationError: if it cannot be read, or is not a baseline.
    """
    name = os.fspath(path)
    try:
        with open(name, encoding="utf-8") as stream:
            document = json.load(stream)
    except OSError as error:
        raise ConfigurationError(f"The baseline {name!r} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise ConfigurationError(f"The baseline {name!r} is not JSON: {error}.") from None
    if not isinstance(document, dict) or not isinstance(document.get("schema"), int):
        raise ConfigurationError(f"{name!r} is not a baseline. `tb-inputdiag baseline RUN -o {name}` writes one.")
    if document["schema"] > _SCHEMA:
        raise ConfigurationError(
            f"The baseline {name!r} has schema {document['schema']}; this tb_inputdiag reads up to {_SCHEMA}. Upgrade "
            "tb_inputdiag."
        )
    try:
        tensors = [
            _tensor(str(tensor), role, found)
            for group, role in _GROUPS
            for tensor, found in document.get(group, {}).items()
        ]
        tolerances = Tolerances(**_known(Tolerances, document.get("tolerances", {}), name))
        return Baseline(source=str(document.get("source", "")), tensors=tuple(tensors), tolerances=tolerances)
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(f"The baseline {name!r} is damaged: {type(error).__name__}: {error}.") from None


def _known(cls: type, found: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Returns fields as a class takes them. A misspelt name is an error: it would change nothing, silently."""
    names = [item.name for item in fields(cls)]
    for name in found:
        if name not in names:
            raise ConfigurationError(
                f"The baseline {where!r} has an unknown field {name!r}.{did_you_mean(name, names)}"
            )
    return dict(found)


def _tensor(name: str, role: Role, found: Mapping[str, Any]) -> BaselineTensor:
    values = _known(BaselineTensor, found, name)
    shape = values.get("shape")
    columns = tuple(
        sorted(
            (
                BaselineColumn(
                    name=column,
                    **{**_known(BaselineColumn, of, f"{name}/{column}"), "quantiles": tuple(of.get("quantiles", ()))},
                )
                for column, of in values.pop("columns", {}).items()
            ),
            key=lambda column: column.place,
        )
    )
    values["shape"] = None if shape is None else tuple(shape)
    return BaselineTensor(name=name, role=role, columns=columns, **values)
