"""Data of types that Keras does not read: objects, lists, names of files, nothing."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ArgumentFacts
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.data_arguments import (
    OBJECT_WORDS,
    UNRECOGNIZED_WORDS,
    code_of,
    is_text,
    not_numbers,
    subject_of,
)
from tb_inputdiag.rules.exceptions.kind import Case, Kind, argument_text
from tb_inputdiag.rules.exceptions.programs import REGRESSION, program
from tb_inputdiag.rules.exceptions.text_data import text_input
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.text import join

__all__ = ["KINDS"]


def _objects(case: Case) -> Finding | None:
    culprits = not_numbers(case)
    if not culprits:
        return None
    name = code_of(culprits[0])
    types = culprits[0].element_types
    if any(kind.endswith(("str", "str_")) for kind in types):
        fix = (
            f'{name} = pd.get_dummies(pd.DataFrame({name}).infer_objects(), dtype="float32")\n'
            "# a column for each category; numbers stay as they are"
        )
    elif culprits[0].element_shapes and culprits[0].equal_shapes:
        fix = f"{name} = np.stack({name})  # the elements are arrays of one shape"
    else:
        fix = f'{name} = {name}.astype("float32")  # fails at the element that is not a number'
    return case.finding(
        f"'{name}' is an array of Python objects ({join(types) or 'unknown'}), not of numbers.",
        fix,
        seen="objects",
        expected="numbers",
        subject=subject_of(culprits[0]),
        evidence={"element_types": list(types)},
    )


def _python_list(case: Case) -> Finding | None:
    x, y = case.argument("x"), case.argument("y")
    if y is not None and y.kind == "list" and x is not None and x.kind != "list":
        return _list_of_labels(case, y)
    if case["type"] not in ("list", "tuple"):
        return None
    name = case.variable("x")
    if x is not None and x.equal_shapes is False:
        return None
    if x is not None and is_text(x):
        return text_input(case)
    inputs = case.facts.inputs if case.facts is not None else ()
    one = bool(
        x is not None
        and x.shape is not None
        and len(inputs) == 1
        and inputs[0].shape is not None
        and tuple(inputs[0].shape[1:]) == tuple(x.shape)
    )
    lines = [f"{name} = np.array([{name}])  # a batch of one example" if one else f"{name} = np.array({name})"]
    if y is not None and y.kind == "list":
        lines.append(f"{case.variable('y')} = np.array({case.variable('y')})")
    shape = f" of shape {shape_text(x.shape)}" if x is not None and x.shape else ""
    return case.finding(
        f"'{name}' is a Python list{shape}, and Keras takes arrays.",
        "\n".join(lines),
        seen="a list",
        expected="an array",
        subject="input:x",
    )


def _list_of_labels(case: Case, y: ArgumentFacts) -> Finding:
    """The inputs are an array, and the targets a list: Keras names the array."""
    name = case.variable("y")
    ids = f"classes, {name} = np.unique({name}, return_inverse=True)  # ids 0, 1, 2, ...; classes[id] is the name"
    return case.finding(
        f"'{name}' is a Python list, and Keras takes arrays.",
        ids if is_text(y) else f"{name} = np.array({name})",
        seen="a list",
        expected="an array",
        subject="target:y",
    )


def _unsupported(case: Case) -> Finding | None:
    x, name = case.argument("x"), case.variable("x")
    if x is not None and x.kind == "function" and x.value:
        name = str(x.value)
    if x is not None and x.kind == "text":
        fix = f'{name} = np.loadtxt({x.value!r}, delimiter=",")  # fit takes the data, not the name of a file'
    elif case["type"] == "zip":
        fix = f"x, y = map(np.array, zip(*{name}))  # arrays in place of pairs\n{case.model}.{case.method}(x, y)"
    elif (x is not None and x.kind == "function") or case["type"] == "function":
        fix = f"{case.model}.{case.method}({name}(), ...)  # call the function: fit takes the generator it returns"
    else:
        fix = f"{name} = np.array(list({name}))  # or a tf.data.Dataset, a keras.utils.PyDataset, a generator"
    return case.finding(
        f"'{name}' is a {case['type']}, which is not a kind of data that Keras reads.",
        fix,
        seen=case["type"],
        expected="arrays, a tf.data.Dataset, a PyDataset, a DataLoader or a generator",
        subject="input:x",
    )


def _empty(case: Case) -> Finding | None:
    x = case.argument("x")
    shown = argument_text(x) if x is not None else "the data"
    return case.finding(
        f"There is no example in {shown}, so {case.method} had nothing to compute.",
        f"print(len({case.variable('x')}))  # must be at least 1; see what was sliced or filtered away, and whether "
        f"batch(..., drop_remainder=True) drops the only batch",
        seen="0 examples",
        expected="at least 1",
        subject="data",
    )


KINDS = (
    Kind(
        id="array-of-objects",
        title="An array holds Python objects",
        words=OBJECT_WORDS,
        cause="NumPy makes an array of dtype object of what it cannot stack, and no tensor can hold objects.",
        failing=program(
            REGRESSION,
            "x = np.empty(8, dtype=object)\nx[:] = [np.random.rand(4) for _ in range(8)]\nmodel.fit(x, np.zeros(8))",
        ),
        mended=program(
            REGRESSION,
            "x = np.empty(8, dtype=object)\nx[:] = [np.random.rand(4) for _ in range(8)]\n"
            "model.fit(np.stack(x), np.zeros(8))",
        ),
        explain=_objects,
        rule="dtype-mismatch",
    ),
    Kind(
        id="python-list",
        title="The data are Python lists",
        words=UNRECOGNIZED_WORDS,
        cause="Keras takes a list for a collection of arrays. Lists of numbers have to become an array.",
        failing=program(REGRESSION, "x = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]\nmodel.fit(x, [0.0, 1.0])"),
        mended=program(
            REGRESSION,
            "x = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]\nmodel.fit(np.array(x), np.array([0.0, 1.0]))",
        ),
        explain=_python_list,
    ),
    Kind(
        id="unsupported-data",
        title="Keras cannot read this kind of data",
        words=UNRECOGNIZED_WORDS,
        cause="`fit` reads arrays, tensors, data frames, tf.data, PyDataset, DataLoader and generators.",
        failing=program(REGRESSION, 'model.fit("train.csv", np.zeros(8))'),
        mended=program(
            REGRESSION, 'x = np.random.rand(8, 4)  # np.loadtxt("train.csv", delimiter=",")\nmodel.fit(x, np.zeros(8))'
        ),
        explain=_unsupported,
    ),
    Kind(
        id="empty-data",
        title="There is no data",
        words=(
            Words("Keras", "Unexpected result of `{function}` (Empty {what})"),
            Words("Python", "local variable 'batch_outputs'"),
            Words("Python", "local variable 'logs'"),
            Words("TensorFlow", "Your input ran out of data; interrupting epoch {}at least `steps_per_epoch"),
        ),
        cause="A slice, a filter or a split left no example, or `drop_remainder=True` drops the only batch.",
        failing=program(REGRESSION, "x = np.random.rand(100, 4)\nmodel.predict(x[100:])"),
        mended=program(REGRESSION, "x = np.random.rand(100, 4)\nmodel.predict(x[:100])"),
        explain=_empty,
        subject="data",
    ),
)
"""Kinds of this family."""
