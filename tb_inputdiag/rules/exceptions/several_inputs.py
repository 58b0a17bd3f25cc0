"""Models with several inputs or outputs, and data that do not have their structure."""

from __future__ import annotations

import ast
import re

from tb_inputdiag.errors import did_you_mean
from tb_inputdiag.records import ArgumentFacts
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.generator_code import giving_word, yielded_parts
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import TWO_INPUTS, TWO_OUTPUTS, program
from tb_inputdiag.rules.exceptions.results import RETURNED_STATES
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.text import join

__all__ = ["KINDS"]


_LABELS = ("label", "labels", "target", "targets", "y", "class", "output")


def _names(text: str) -> list[str]:
    return re.findall(r"['\"]([^'\"]+)['\"]", text)


def _number_of_inputs(case: Case) -> Finding | None:
    facts = case.facts
    names = [t.name for t in facts.inputs] if facts is not None and facts.inputs else _names(case["keys"])
    expected = case["expected"] or str(len(names) or "?")
    received = case["received"] or str(len(case.fed("input")) or "?")
    x = case.variable("x")
    if expected == "1" and (states := _returned_states(case, received)) is not None:
        return states
    fed, data = [t.name for t in case.fed("input")], case.argument("x")
    if data is not None and data.kind == "dataset" and data.parts == 1 and len(fed) > len(names):
        name = data.variable or "dataset"
        label = next((key for key in fed if key.lower() in _LABELS), fed[-1])
        parts = [f'row["{key}"]' for key in fed if key != label]
        inputs = parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
        fix = f'{name} = {name}.map(\n    lambda row: ({inputs}, row["{label}"])\n)  # inputs and targets'
    elif flat := _flat_generator(data, len(names)):
        fix = flat
    elif expected == "1" and data is not None and data.kind == "dict":
        fix = f"{x} = np.stack(list({x}.values()), axis=-1)  # one array, with a column for each key"
    elif expected == "1":
        fix = f"{case.called}({x}[0], ...)  # one array, not a list of {received}\n" + (
            f"# or, if they are examples: {x} = np.stack({x})"
        )
    elif x_parts := _slices(case):
        fix = f"{case.called}([{x_parts}], ...)  # one array for each input"
    elif not names or all("/" in name for name in names):
        count = int(expected) if expected.isdigit() else 2
        words = ", ".join(f"x{number + 1}" for number in range(count))
        fix = f"{case.called}([{words}], ...)  # one array for each input, of as many examples"
    else:
        keys = names or [f"input_{i + 1}" for i in range(int(expected) if expected.isdigit() else 2)]
        words = ", ".join(f'"{key}": x{number + 1}' for number, key in enumerate(keys))
        fix = f"{case.called}({{{words}}}, ...)  # one array for each input, of as many examples"
        columns = _columns(case)
        if columns:
            fix = f"{columns}\n{fix}"
    return case.finding(
        f"The model has {expected} inputs{f' ({join(names)})' if names else ''}, and got {received}.",
        fix,
        seen=f"{received} inputs",
        expected=f"{expected} inputs",
        subject="data",
        evidence={"inputs": names},
    )


def _flat_generator(data: ArgumentFacts | None, inputs: int) -> str:
    """Returns the ``yield`` of a generator with its inputs in a tuple of their own; empty if they are in one."""
    yielded = yielded_parts(data) if data is not None and data.kind == "generator" else []
    if inputs < 2 or len(yielded) != inputs + 1:
        return ""
    parts = [ast.unparse(part) for part in yielded]
    return f"yield ({', '.join(parts[:-1])}), {parts[-1]}  # a flat tuple is x, y, sample_weight"


def _returned_states(case: Case, received: str) -> Finding | None:
    """A layer gets the output and the states of a recurrent layer with return_state=True, as one list."""
    parts = [a for a in case.arguments.values() if a.kind == "symbolic" and "/" in a.name]
    whole = next((a for a in case.arguments.values() if a.kind == "list" and a.variable), None)
    kind = parts[0].layers[-1] if parts and parts[0].layers else ""
    states = RETURNED_STATES.get(kind)
    if case.method != "__call__" or states is None or len(parts) != len(states) + 1:
        return None
    name = whole.variable if whole is not None else "x"
    made = whole.made if whole is not None else ""
    call = made.partition(" = ")[2] if made.startswith(f"{name} = ") else ""
    return case.finding(
        f"{kind}(return_state=True) returns {received} tensors, and '{name}' holds all of them.",
        f"{name}, {', '.join(states)} = {call or f'keras.layers.{kind}(..., return_state=True)({name})'}",
        seen=f"{received} tensors",
        expected="1 tensor",
        evidence={"layer": case.failure.call.partition(".")[0]},
    )


def _slices(case: Case) -> str:
    """Returns code for the inputs that one array holds along its second axis."""
    fed, facts = case.fed("input"), case.facts
    if facts is None or len(fed) != 1 or fed[0].shape is None or len(fed[0].shape) < 3:
        return ""
    n, inner = len(facts.inputs), tuple(fed[0].shape[2:])
    fits = all(t.shape is not None and tuple(t.shape[1:]) == inner for t in facts.inputs)
    if fed[0].shape[1] != n or not fits:
        return ""
    return ", ".join(f"{case.code(fed[0])}[:, {number}]" for number in range(n))


def _columns(case: Case) -> str:
    """Returns code that cuts one table into the inputs, if its columns are just those of the inputs."""
    fed, facts = case.fed("input"), case.facts
    if facts is None or len(fed) != 1 or not fed[0].shape or len(fed[0].shape) != 2:
        return ""
    sizes = [t.shape[1] for t in facts.inputs if t.shape and len(t.shape) == 2]
    if len(sizes) != len(facts.inputs) or sum(size or 0 for size in sizes) != fed[0].shape[1]:
        return ""
    name, parts, at = case.code(fed[0]), [], 0
    for size in sizes:
        parts.append(f"{name}[:, {at}:{at + (size or 0)}]")
        at += size or 0
    return f"{', '.join(f'x{i + 1}' for i in range(len(parts)))} = {', '.join(parts)}"


def _key(case: Case) -> Finding | None:
    missing, keys = case["missing"], _names(case["keys"])
    expected = [t.name for t in case.facts.inputs] if case.facts is not None else _names(case["wanted"])
    extra = [key for key in keys if key not in expected]
    hint = did_you_mean(missing, extra or keys)
    near = hint.partition("'")[2].rpartition("'")[0] or (extra[0] if len(extra) == 1 else "")
    name = case.variable("x")
    fix = f'{name}["{missing}"] = {name}.pop("{near}")' if near else f'{name}["{missing}"] = ...'
    x = case.argument("x")
    if x is not None and x.yields_batches:
        parts = ", ".join(f'"{key}": x["{near if key == missing else key}"]' for key in expected or [missing])
        fix = f"{name} = {name}.map(lambda x, y: ({{{parts}}}, y))" if x.kind == "dataset" else f"yield {{{parts}}}, y"
    elif x is not None and x.kind == "dict" and not x.variable and near:
        held = [a.variable for key in keys if (a := case.argument(f"x/{key}")) is not None]
        if all(held) and len(held) == len(keys):
            parts = ", ".join(f'"{missing if key == near else key}": {n}' for key, n in zip(keys, held, strict=True))
            fix = f"{case.called}({{{parts}}}, ...)"
    return case.finding(
        f"The model has an input '{missing}', and the data has no such key, only {join(keys) or 'others'}.",
        f"{fix}  # the keys are the names of the inputs",
        seen=f"keys {join(keys)}",
        expected=f"'{missing}' among them",
        subject=f"input:{missing}",
        evidence={"missing": missing, "received": ", ".join(keys)},
    )


def _outputs(case: Case) -> Finding | None:
    facts = case.facts
    names = list(facts.output_units) if facts is not None and len(facts.output_units) > 1 else []
    y = case.variable("y")
    n = len(names) or 2
    several = ", ".join(f"y{i + 1}" for i in range(n))
    parts = _target_parts(case)
    x = case.argument("x")
    if facts is not None and len(facts.outputs) == 1 and x is not None and x.kind in ("generator", "pydataset"):
        fix = f"{giving_word(x)} x, np.array(y)  # the model has one output, so one array of targets, not a list"
    elif facts is not None and len(facts.outputs) == 1:
        fix = f"{case.called}(x, {y}[0])  # the model has one output, so one array of targets"
    elif parts and x is not None and x.kind == "dataset":
        fix = (
            f"{case.variable('x')} = {case.variable('x')}.map(lambda x, y: (x, ({parts})))  # one part for each output"
        )
    elif parts and x is not None and x.yields_batches:
        fix = f"yield x, ({parts})  # one array of targets for each output"
    elif parts:
        fix = f"{case.called}({case.variable('x')}, [{parts}], ...)  # one array of targets for each output"
    elif names:
        fix = f"{case.called}(x, {{{', '.join(f'{chr(34)}{n}{chr(34)}: y_{n}' for n in names)}}})"
    else:
        fix = f"{case.called}(x, [{several}])  # one array of targets for each output"
    count = len(facts.outputs) if facts is not None and facts.outputs else "several"
    outputs = "1 output" if count == 1 else f"{count} outputs"
    return case.finding(
        f"The targets do not have the structure of the model's outputs: it has {outputs}"
        f"{f' ({join(names)})' if names else ''}{', and one array holds the targets of all' if parts else ''}.",
        fix,
        seen=case["true"] or "other targets",
        expected=case["predicted"] or "targets for each output",
        subject="data",
        evidence={"outputs": names},
    )


def _target_parts(case: Case) -> str:
    """Returns code for the targets of all outputs, where one array holds them; empty if it does not.

    It holds them side by side, as columns, or one after the other, along its first axis.
    """
    fed, facts = case.fed("target"), case.facts
    n = len(facts.outputs) if facts is not None else 0
    if facts is None or n < 2 or len(fed) != 1 or not fed[0].shape or len(fed[0].shape) < 2:
        return ""
    whole, data = case.argument("y"), case.argument("x")
    batches = data is not None and data.yields_batches
    y, shape = "y" if batches else case.code(fed[0]), fed[0].shape
    at = f"{y}.iloc" if whole is not None and whole.kind == "frame" else y
    widths = [facts.output_units.get(t.name, 1) for t in facts.outputs]
    examples = [t.shape[0] for t in case.fed("input") if t.shape]
    if shape[0] == n and examples[:1] not in ([n], [None], []):
        return ", ".join(f"{y}[{number}]" for number in range(n))
    if shape[1] == n:
        return ", ".join(f"{at}[:, {number}]" for number in range(n))
    if len(shape) == 2 and shape[1] == sum(widths):
        ends = [sum(widths[: number + 1]) for number in range(n)]
        return ", ".join(f"{at}[:, {end - width}:{end}]" for end, width in zip(ends, widths, strict=True))
    return ""


def _loss_keys(case: Case) -> Finding | None:
    outputs, keys = _names(case["outputs"]), _names(case["keys"])
    what = "metrics" if "metrics" in case.text else "loss"
    facts = case.facts
    if not outputs and facts is not None:
        outputs = list(facts.output_units)
    if not outputs:
        return None
    words = ", ".join(f'"{name}": "mse"' for name in outputs)
    wrong = [key for key in keys if key not in outputs]
    return case.finding(
        f"compile got {what} for {join([repr(k) for k in wrong]) or 'other names'}, and the outputs are named "
        f"{join([repr(name) for name in outputs])}.",
        f"{case.model}.compile(..., {what}={{{words}}})  # the keys are the names of the output layers",
        seen=join(wrong or keys) or "other keys",
        expected=join(outputs),
        subject="model",
    )


def _class_weight(case: Case) -> Finding | None:
    weights = {a.name.partition("/")[2]: a.value for a in case.arguments.values() if a.name.startswith("class_weight/")}
    table = f"{{{', '.join(f'{key}: {value}' for key, value in weights.items())}}}" if weights else "class_weight"
    targets = [(t.name, case.code(t)) for t in case.fed("target")] or [("0", "y1"), ("1", "y2")]
    units = case.facts.output_units if case.facts is not None else {}
    fitting = [i for i, (name, _) in enumerate(targets) if max(units.get(name, 0), 2) == len(weights)]
    place = fitting[0] if fitting else 0
    codes = [
        f"np.vectorize(weights.get)({code})" if i == place else f"np.ones(len({code}))"
        for i, (_, code) in enumerate(targets)
    ]
    y = case.argument("y")
    named = y is not None and y.kind == "dict"
    parts = [
        f'    "{name}": {code},' if named else f"    {code}," for (name, _), code in zip(targets, codes, strict=True)
    ]
    opened, closed = ("{", "}") if named else ("[", "]")
    listing = "\n".join(parts)
    return case.finding(
        "class_weight works for models with one output only.",
        f"weights = {table}\nsample_weight = {opened}\n{listing}\n{closed}  # a weight for each example\n"
        f"{case.model}.{case.method}({case.variable('x')}, {case.variable('y')}, sample_weight=sample_weight)",
        seen="class_weight",
        expected="sample_weight for each output",
    )


_FIT = 'model.compile(optimizer="adam", loss=["mse", "mse"])\n'
KINDS = (
    Kind(
        id="missing-input-key",
        title="A dict has no entry for an input of the model",
        words=(
            Words(
                "Keras",
                'Missing data for input "{missing}". You passed a data dictionary with keys {keys}. Expected '
                "the following keys: {wanted}\n",
            ),
            Words("Keras", 'Missing data for input "{missing}". You passed a data dictionary with keys {keys}.'),
            Words("Keras", 'No data provided for "{missing}". Need data for each key in: {wanted}'),
            Words("Python", "KeyError: '{missing}'"),
        ),
        cause="A dict of inputs is read by the names of the `keras.Input`s.",
        failing=program(TWO_INPUTS, 'model.fit({"age": ages, "location": places}, y)'),
        mended=program(TWO_INPUTS, 'model.fit({"age": ages, "place": places}, y)'),
        explain=lambda case: _key(case) if "Missing data" in case.text or "No data" in case.text else None,
        rule="shape-mismatch",
        subject="data",
    ),
    Kind(
        id="number-of-inputs",
        title="The model got another number of inputs than it has",
        words=(
            Words(
                "Keras", "expects {expected} named input(s) with keys {keys}, but it received {received} input tensors"
            ),
            Words("Keras", "expects {expected} input(s), but it received {received} input tensors"),
            Words("Keras", "Expected {expected} inputs, but got {received}"),
            Words(
                "Keras",
                "the list of Numpy arrays that you are passing to your model is not the size the model "
                "expected. Expected to see {expected} array(s)",
            ),
            Words("Keras", "The structure of `inputs` doesn't match the expected structure"),
        ),
        cause="A model takes one array for each `keras.Input`, in a list or a dict.",
        failing=program(TWO_INPUTS, "model.fit(ages, y)"),
        mended=program(TWO_INPUTS, "model.fit([ages, places], y)"),
        explain=_number_of_inputs,
        rule="shape-mismatch",
        subject="data",
    ),
    Kind(
        id="structure-of-targets",
        title="The targets do not have the structure of the outputs",
        words=(
            Words("Keras", "y_true and y_pred have different structures. y_true: {true} y_pred: {predicted}"),
            Words("Keras", "`y_true` and `y_pred` have different structures"),
            Words(
                "Keras",
                "For a model with multiple outputs, when providing the `{}` argument as a list, it should "
                "have as many entries as the model has outputs",
            ),
            Words("Keras", "Found {n} target arrays, but the model has {m} outputs"),
            Words("Keras", "`y_true` and `y_pred` should have the same structure"),
        ),
        cause="Each output is compared with targets of its own.",
        failing=program(TWO_OUTPUTS, _FIT + "model.fit(x, prices)"),
        mended=program(TWO_OUTPUTS, _FIT + "model.fit(x, [prices, sizes])"),
        explain=_outputs,
        rule="shape-mismatch",
        subject="data",
    ),
    Kind(
        id="unknown-output",
        title="A loss or metric is given for an output that does not exist",
        words=(
            Words("Keras", "Expected keys {outputs} in loss dict, but found loss.keys()={keys}\n"),
            Words("Keras", "In the dict argument `loss`, key '{key}' does not correspond to any model output"),
            Words(
                "Keras",
                "Invalid `{what}`. `{}` should contain metrics objects and either be a dict or a list "
                "matching the output names of the functional model {outputs} or",
            ),
            Words("Keras", "In the dict argument `metrics`, key '{key}' does not correspond to any model output"),
            Words("Keras", "Unknown entries in {what} dictionary: {keys}. Only expected following keys: {outputs}\n"),
            Words(
                "Keras",
                "Found unexpected {}keys that do not correspond to any Model output: {keys}. Expected: {outputs}\n",
            ),
        ),
        cause="The keys of `loss`, `loss_weights` and `metrics` are the names of the output layers.",
        failing=program(
            TWO_OUTPUTS,
            'model.compile(optimizer="adam", loss={"price": "mse", "weight": "mse"})\n'
            'model.fit(x, {"price": prices, "size": sizes})',
        ),
        mended=program(
            TWO_OUTPUTS,
            'model.compile(optimizer="adam", loss={"price": "mse", "size": "mse"})\n'
            'model.fit(x, {"price": prices, "size": sizes})',
        ),
        explain=_loss_keys,
    ),
    Kind(
        id="class-weight-of-several-outputs",
        title="class_weight is used with several outputs",
        words=(Words("Keras", "`class_weight` is only supported for Models with a single output"),),
        cause="class_weight would not know which output's classes it weighs.",
        failing=program(TWO_OUTPUTS, _FIT + "model.fit(x, [prices, sizes], class_weight={0: 1.0, 1: 2.0})"),
        mended=program(
            TWO_OUTPUTS,
            _FIT + "weights = np.where(sizes == 1, 2.0, 1.0)\n"
            "model.fit(x, [prices, sizes], sample_weight=[np.ones(8), weights])",
        ),
        explain=_class_weight,
        subject="data",
    ),
)
"""Kinds of this family."""
