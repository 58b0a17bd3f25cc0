"""Inputs, targets and weights for different numbers of examples."""

from __future__ import annotations

import re

from tb_inputdiag.numbers import shape_text, whole
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.data_arguments import code_of
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import REGRESSION, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["KINDS"]

_CARDINALITY = (
    Words("Keras", "Data cardinality is ambiguous{}'x' sizes: {x}\n'y' sizes: {y}\n"),
    Words("Keras", "Data cardinality is ambiguous{}x sizes: {x}\n{}y sizes: {y}\n"),
    Words("Keras", "Data cardinality is ambiguous"),
)


def _list_of_examples(case: Case) -> Finding | None:
    x, sizes = case.argument("x"), [word for word in case["x"].split(",") if word.strip()]
    shapes = x.element_shapes if x is not None else ()
    known = x is not None and x.kind == "list" and (x.length or 0) > 1 and bool(shapes)
    if not known and len(sizes) < 3:
        return None
    inputs = len(case.facts.inputs) if case.facts is not None else 1
    n = len(sizes) or ((x.length or 0) if x is not None else 0)
    if n == inputs:
        return None
    name = case.variable("x")
    equal = x is None or x.equal_shapes
    shape = shape_text(shapes[0]) if shapes else "of their own"
    fix = (
        f"{name} = np.stack({name})  # one array whose first axis counts the examples"
        if equal
        else f'{name} = keras.utils.pad_sequences({name}, padding="post")  # one array: pads the shorter ones'
    )
    return case.finding(
        f"'{name}' is a list of {whole(n)} arrays of shape {shape}, and Keras takes each one for an input of the "
        f"model.",
        fix,
        seen=f"a list of {whole(n)} arrays",
        expected="one array",
        subject="input:x",
        evidence={"arrays": n, "inputs": inputs},
    )


def _unequal(case: Case) -> Finding | None:
    x, y = case["x"], case["y"]
    inputs = re.search(r"'?x'? sizes: ((?:\d+, )+\d+)", case.text)
    if inputs is not None and len(set(inputs[1].split(", "))) > 1:
        return _unequal_inputs(case, [int(size) for size in inputs[1].split(", ")])
    weights = re.search(r"'sample_weight' sizes: ([\d, ]+)", case.text)
    if weights is not None and x == y:
        name, given = case.variable("sample_weight"), _number(weights[1].strip(" ,"))
        few = given is not None and (_number(x) or 0) > given
        return case.finding(
            f"{name} holds {weights[1].strip()} weights for {x} examples.",
            f"{name} = {name}[{case.variable('y')}]  # the weight of its class for each example; ids 0, 1, 2, ...\n"
            f"# or: {case.model}.{case.method}(..., class_weight=dict(enumerate({name})))"
            if few
            else f"{name} = {name}[:{x}]  # one weight for each example",
            seen=weights[1].strip(),
            expected=x,
            subject="sample_weight:sample_weight",
        )
    x_name, y_name = case.variable("x"), case.variable("y")
    x_shape, y_shape = _shape(case, "input"), _shape(case, "target")
    a, b = _number(x), _number(y)
    if _is_unpacked_wrongly(x_name, y_name, x_shape, y_shape):
        return case.finding(
            f"{y_name} holds rows of {whole((y_shape or (0,))[-1] or 0)} numbers like {x_name}: they are inputs, too.",
            "# train_test_split returns both parts of the inputs, then both parts of the targets\n"
            "X_train, X_test, y_train, y_test = train_test_split(X, y)",
            seen=f"{x_name}, {y_name}, X_test, y_test",
            expected="X_train, X_test, y_train, y_test",
            subject="data",
            evidence={"x": x, "y": y},
        )
    fix = f"print({x_name}.shape, {y_name}.shape)  # the first axis counts the examples in both"
    if x_shape and y_shape and a is not None and b is not None:
        fix = _one_for_each(case, x_shape, y_shape) or _length_fix(x_name, y_name, x_shape, y_shape)
    elif a is not None and b is not None:
        n = min(a, b)
        fix = f"{x_name}, {y_name} = {x_name}[:{n}], {y_name}[:{n}]  # if the first {n} of both belong together"
    known = bool(x and y)
    return case.finding(
        f"{x_name} holds {x} examples, but {y_name} holds {y}."
        if known
        else f"{x_name} and {y_name} hold different numbers of examples.",
        fix,
        seen=f"{x} in {x_name}" if known else "different numbers",
        expected=f"{y} in {y_name}" if known else "one number",
        subject="data",
        evidence={"x": x, "y": y},
    )


def _unequal_inputs(case: Case, sizes: list[int]) -> Finding:
    """The inputs of a model with several of them have different lengths."""
    parts = [a for a in case.arguments.values() if a.name.startswith("x/") and a.name.count("/") == 1]
    names = [case.code(tensor) for tensor in case.fed("input")] if not parts else [code_of(a) for a in parts]
    if len(names) != len(sizes):
        names = [f"x{i + 1}" for i in range(len(sizes))]
    most = names[sizes.index(max(sizes))]
    single = [name for name, size in zip(names, sizes, strict=True) if size == 1]
    n = min(sizes)
    fix = (
        "\n".join(f"{name} = np.repeat({name}, len({most}), axis=0)  # once for each of {most}" for name in single)
        if set(sizes) == {1, max(sizes)}
        else f"{', '.join(names)} = {', '.join(f'{name}[:{n}]' for name in names)}  # if the first {n} belong together"
    )
    counted = join([f"{size} in {name}" for name, size in zip(names, sizes, strict=True)])
    return case.finding(
        f"The inputs hold different numbers of examples: {counted}.",
        fix,
        seen=counted,
        expected="one number",
        subject="data",
        evidence={"sizes": list(sizes)},
    )


def _is_unpacked_wrongly(x: str, y: str, x_shape: Shape | None, y_shape: Shape | None) -> bool:
    """Tells whether the targets are rows like the inputs, as the second result of `train_test_split` is."""
    if not x_shape or not y_shape or "train" not in x.lower() or "train" not in y.lower():
        return False
    return len(x_shape) > 1 and x_shape[1:] == y_shape[1:] and x_shape[1] != 1


def _shape(case: Case, role: str) -> Shape | None:
    fed = [tensor for tensor in case.failure.fed if tensor.role == role]
    return fed[0].shape if len(fed) == 1 else None


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _one_for_each(case: Case, x_shape: Shape, y_shape: Shape) -> str:
    """Returns a call for an array whose first axis counts the inputs or the outputs; empty if none does."""
    x, y, facts = case.variable("x"), case.variable("y"), case.facts
    inputs, outputs = (len(facts.inputs), len(facts.outputs)) if facts is not None else (0, 0)
    if outputs > 1 and y_shape[:2] == (outputs, x_shape[0]):
        y = f"[{', '.join(f'{y}[{number}]' for number in range(outputs))}]"
        return f"{case.called}({x}, {y}, ...)  # one array of targets for each output"
    if inputs > 1 and x_shape[:2] == (inputs, y_shape[0]):
        x = f"[{', '.join(f'{x}[{number}]' for number in range(inputs))}]"
        return f"{case.called}({x}, {y}, ...)  # one array for each input"
    return ""


def _length_fix(x: str, y: str, x_shape: Shape, y_shape: Shape) -> str:
    """Returns code that gives two arrays the same number of examples."""
    a, b = x_shape[0] or 0, y_shape[0] or 0
    if b == 1 and len(y_shape) == 2 and y_shape[1] == a:
        return f"{y} = {y}.reshape(-1, 1)  # the labels lie on the second axis"
    if len(x_shape) == 2 and x_shape[1] == b:
        return f"{x} = {x}.T  # the examples lie on the second axis"
    if len(x_shape) >= 3 and b in x_shape[1:] and a != b:
        axis = x_shape.index(b)
        return f"{x} = np.moveaxis({x}, {axis}, 0)  # the examples lie on axis {axis}"
    if b == 1:
        return f"{x} = {x}[None]  # if {x} is one example\n# or give one target for each of the {a} examples in {y}"
    if a == 1:
        return f"{y} = {y}[None]  # if {y} belongs to this one example"
    if len(x_shape) >= 2 and b - a == x_shape[1]:
        return f"{y} = {y}[{b - a}:]  # the value after each window of {b - a} steps"
    n = min(a, b)
    return f"{x}, {y} = {x}[:{n}], {y}[:{n}]  # if the first {n} of both belong together"


_FIRST = "Keras splits arrays into batches along their first axis"
KINDS = (
    Kind(
        id="list-of-examples",
        title="Each example is an array of its own",
        words=_CARDINALITY,
        cause="Keras takes a list of arrays for the inputs of a model with several inputs, not for the examples.",
        failing=program(REGRESSION, "x = [np.random.rand(4) for _ in range(8)]\nmodel.fit(x, np.zeros(8))"),
        mended=program(REGRESSION, "x = [np.random.rand(4) for _ in range(8)]\nmodel.fit(np.stack(x), np.zeros(8))"),
        explain=_list_of_examples,
        rule="shape-mismatch",
    ),
    Kind(
        id="unequal-lengths",
        title="Inputs and targets hold different numbers of examples",
        words=_CARDINALITY,
        cause=f"{_FIRST}, so inputs, targets and sample weights must have the same length.",
        failing=program(REGRESSION, "x = np.random.rand(100, 4)\ny = np.random.rand(101)\nmodel.fit(x, y)"),
        mended=program(REGRESSION, "x = np.random.rand(100, 4)\ny = np.random.rand(101)\nmodel.fit(x, y[:100])"),
        explain=_unequal,
        rule="shape-mismatch",
        subject="data",
    ),
)
"""Kinds of this family."""
