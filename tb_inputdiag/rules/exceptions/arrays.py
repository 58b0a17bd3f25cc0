"""Arrays, lists and tables that Keras cannot turn into batches."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tb_inputdiag.numbers import shape_text, whole
from tb_inputdiag.records import ArgumentFacts
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, argument_text
from tb_inputdiag.rules.exceptions.programs import CLASSIFIER, REGRESSION, TEXTS, mend, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["KINDS", "only_numbers"]

_CARDINALITY = (
    Words("Keras", "Data cardinality is ambiguous{}'x' sizes: {x}\n'y' sizes: {y}\n"),
    Words("Keras", "Data cardinality is ambiguous{}x sizes: {x}\n{}y sizes: {y}\n"),
    Words("Keras", "Data cardinality is ambiguous"),
)
_OBJECTS = (
    Words("Keras", "Invalid dtype: {dtype}"),
    Words("TensorFlow", "Failed to convert a NumPy array to a Tensor (Unsupported object type {type})"),
    Words("TensorFlow", "Cast string to {target} is not supported"),
    Words("JAX", "Dtype {dtype} is not a valid JAX array type"),
    Words("JAX", "is not a valid JAX array type"),
    Words("PyTorch", "can't convert np.ndarray of type numpy.{dtype}. The only supported types are"),
    Words("NumPy", "could not convert string to float: {value}"),
    Words("pandas", "float() argument must be a string or a real number, not '{type}'"),
)
_UNRECOGNIZED = (Words("Keras", "Unrecognized data type: x={value} (of type <class '{type}'>)"),)
_INHOMOGENEOUS = (
    Words("NumPy", "setting an array element with a sequence. The requested array has an inhomogeneous shape"),
    Words("NumPy", "setting an array element with a sequence."),
    Words("TensorFlow", "Can't convert non-rectangular Python sequence to Tensor"),
    Words("PyTorch", "expected sequence of length {expected} at dim {axis} (got {length})"),
)


def _subject(argument: ArgumentFacts) -> str:
    return f"target:{argument.name}" if argument.name.partition("/")[0] == "y" else f"input:{argument.name}"


def _code(argument: ArgumentFacts) -> str:
    return argument.variable or argument.name.replace("/", "_")


def _is_text(argument: ArgumentFacts) -> bool:
    types = argument.element_types
    return (
        argument.kind in ("array", "series", "list")
        and bool(types)
        and {t.split(".")[-1] for t in types}
        <= {
            "str",
            "str_",
            "bytes",
            "bytes_",
        }
    )


def _odd(case: Case) -> Sequence[ArgumentFacts]:
    """Returns the arguments that hold text or objects, inputs first."""
    found = [a for a in case.arguments.values() if a.element_types or a.text_columns]
    return [a for a in found if a.kind in ("array", "series", "frame", "list") and a.name.split("/")[0] in _DATA]


_DATA = ("x", "y", "args", "inputs", "validation_data", "sample_weight")


def only_numbers(case: Case) -> bool:
    """Returns whether `x` and `y` are known to be arrays of numbers."""
    data = [case.argument(name) for name in ("x", "y")]
    return all(a is not None and a.dtype.startswith(("float", "int", "uint", "bool")) for a in data)


# -- numbers of examples ----------------------------------------------------------------------------


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
        fix = _length_fix(x_name, y_name, x_shape, y_shape)
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
    names = [case.code(tensor) for tensor in case.fed("input")] if not parts else [_code(a) for a in parts]
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


# -- objects, text, lists ---------------------------------------------------------------------------


def _ragged(case: Case) -> Finding | None:
    culprits = [a for a in _odd(case) if a.equal_shapes is False]
    if culprits:
        name = _code(culprits[0])
        lengths = [shape[0] if shape else 0 for shape in culprits[0].element_shapes]
        if any(len(shape) > 1 for shape in culprits[0].element_shapes):
            return _images_of_other_sizes(case, culprits[0])
        message = f"The rows of '{name}' have different lengths ({join(lengths)}, ...), so they are not an array."
    elif case["axis"] or any(word in case.text for word in ("non-rectangular", "setting an array element")):
        name, message = "x", "The rows of the list have different lengths, so they do not make an array."
    else:
        return None
    return case.finding(
        message,
        f'{name} = keras.utils.pad_sequences({name}, padding="post")  # ids of tokens\n'
        f'# or, numbers: keras.utils.pad_sequences({name}, padding="post", dtype="float32")',
        seen="rows of different lengths",
        expected="rows of one length",
        subject=_subject(culprits[0]) if culprits else "data",
    )


def _images_of_other_sizes(case: Case, argument: ArgumentFacts) -> Finding:
    shapes = list(argument.element_shapes)
    name, first = _code(argument), shapes[0]
    return case.finding(
        f"The elements of '{name}' have different shapes ({join([shape_text(shape) for shape in shapes], 3)}).",
        f"{name} = np.stack([keras.ops.image.resize(item, {first[:2]}) for item in {name}])",
        seen="arrays of different shapes",
        expected="arrays of one shape",
        subject=_subject(argument),
    )


def _none(case: Case) -> Finding | None:
    culprits = [a for a in _odd(case) if "NoneType" in a.element_types]
    if not culprits and case["type"] != "NoneType":
        return None
    name = _code(culprits[0]) if culprits else "x"
    return case.finding(
        f"'{name}' holds None among its values.",
        f'{name} = np.asarray({name}, dtype="float32")  # None becomes NaN\n'
        f"{name} = np.nan_to_num({name})  # NaN becomes 0; or leave these rows out",
        seen="None among the values",
        expected="numbers",
        subject=_subject(culprits[0]) if culprits else "input:x",
    )


def _odd_text(case: Case) -> Finding | None:
    """Numbers that became text because some of them are a sign for "missing"."""
    culprits = [a for a in case.arguments.values() if a.odd_text is not None and a.name.split("/")[0] in _DATA]
    if not culprits:
        return None
    name, odd, columns = _code(culprits[0]), culprits[0].odd_text or "", list(culprits[0].text_columns)
    frame = culprits[0].kind == "frame"
    again = f"df = pd.read_csv(file, na_values={odd!r}).dropna()  # rows with {odd!r} are left out"
    inside = (
        f'{name}[{columns[0]!r}] = pd.to_numeric({name}[{columns[0]!r}], errors="coerce")'
        if frame and columns
        else f'df = pd.DataFrame({name}).apply(pd.to_numeric, errors="coerce")\n{name} = df.to_numpy("float32")'
    )
    return case.finding(
        f"'{name}' holds numbers as text{f' in {join([repr(c) for c in columns])}' if frame else ''}, because "
        f"{odd!r} stands among them.",
        f"{again}\n# or, after reading; what is not a number becomes NaN:\n{inside}",
        seen=repr(odd),
        expected="numbers",
        subject=_subject(culprits[0]),
        evidence={"text_columns": columns},
    )


def _text_column(case: Case) -> Finding | None:
    frames = [a for a in case.arguments.values() if a.kind == "frame" and a.text_columns]
    if not frames:
        return None
    columns, name = list(frames[0].text_columns), _code(frames[0])
    if frames[0].name == "y":
        return case.finding(
            f"The labels in '{name}' are text.",
            f"classes, {name} = np.unique({name}[{columns[0]!r}], return_inverse=True)  # ids 0, 1, 2, ...",
            seen="text",
            expected="class ids",
            subject="target:y",
        )
    several = f"the columns {join([repr(c) for c in columns])}" if len(columns) > 1 else f"the column {columns[0]!r}"
    return case.finding(
        f"'{name}' has text in {several}, which the model cannot compute with.",
        f'{name} = pd.get_dummies({name}, columns={columns!r}, dtype="float32")  # a column for each category\n'
        f"# or leave them out: {name} = {name}.drop(columns={columns!r})",
        seen=f"text in {join(columns)}",
        expected="numbers",
        subject=_subject(frames[0]),
        evidence={"text_columns": columns},
    )


def _time_column(case: Case) -> Finding | None:
    if case["type"] != "Timestamp" and "datetime64" not in case.text:
        return None
    name = case.variable("x")
    return case.finding(
        f"'{name}' has a column of dates, which the model cannot compute with.",
        f'{name}["day"] = {name}["day"].dt.dayofyear.astype("float32")  # a number that means something\n'
        f'# or leave dates out: {name} = {name}.select_dtypes("number")',
        seen="dates",
        expected="numbers",
        subject="input:x",
    )


def _text_labels(case: Case) -> Finding | None:
    culprits = _odd(case)
    if not culprits or not culprits[0].name.startswith("y") or not _is_text(culprits[0]):
        return None
    name = _code(culprits[0])
    return case.finding(
        f"The labels in '{name}' are text.",
        f"classes, {name} = np.unique({name}, return_inverse=True)  # ids 0, 1, 2, ...; classes[id] is the name",
        seen="text",
        expected="class ids",
        subject=_subject(culprits[0]),
    )


def _text_input(case: Case) -> Finding | None:
    culprits = _odd(case)
    if culprits and not _is_text(culprits[0]):
        return None
    of_text = "str" in case["dtype"] or bool(case["value"]) or "Cast string" in case.text
    if not culprits and (only_numbers(case) or not of_text):
        return None
    fed = next((t for t in case.failure.fed if t.kind == "string" or t.dtype.startswith(("str", "object"))), None)
    name = _code(culprits[0]) if culprits else (case.code(fed) if fed is not None else "x")
    subject = fed.subject if fed is not None else "input:x"
    if _reads_text(case):
        return _text_for_a_model_of_texts(case, name, _subject(culprits[0]) if culprits else subject)
    numeric = bool(culprits) and culprits[0].numeric_text
    fix = (
        f'{name} = np.asarray({name}, dtype="float32")  # the text holds numbers'
        if numeric
        else f"vectorize = keras.layers.TextVectorization()\nvectorize.adapt({name})\n"
        f"{name} = vectorize({name})  # ids of words, for an Embedding\n"
        f"# or, one category each: keras.layers.StringLookup(), and text labels:\n"
        f"# classes, y = np.unique(y, return_inverse=True)"
    )
    return case.finding(
        f"'{name}' is text, and the model computes with numbers.",
        fix,
        seen="text",
        expected="numbers",
        subject=_subject(culprits[0]) if culprits else subject,
    )


_TEXT_LAYERS = ("TextVectorization", "StringLookup", "Hashing", "HashedCrossing", "IntegerLookup", "FeatureSpace")


def _reads_text(case: Case) -> bool:
    """Tells whether the model itself turns text into numbers."""
    if case.facts is None:
        return False
    if any(tensor.dtype == "string" or tensor.kind == "string" for tensor in case.facts.inputs):
        return True
    first = next((layer.class_name for layer in case.facts.layers if layer.class_name != "InputLayer"), "")
    return first in _TEXT_LAYERS


def _text_for_a_model_of_texts(case: Case, name: str, subject: str) -> Finding:
    return case.finding(
        f"'{name}' holds text as Python or NumPy has it, and the model reads text as a tensor of TensorFlow.",
        f"{name} = tf.constant({name})  # or tf.data.Dataset.from_tensor_slices(...)\n"
        "# with JAX or PyTorch: vectorize before the model, whose input is then numbers",
        seen="an array or list of text",
        expected="a tensor of text",
        subject=subject,
    )


def _objects(case: Case) -> Finding | None:
    culprits = _odd(case)
    if not culprits:
        return None
    name = _code(culprits[0])
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
        subject=_subject(culprits[0]),
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
    if x is not None and _is_text(x):
        return _text_input(case)
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
        ids if _is_text(y) else f"{name} = np.array({name})",
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
    Kind(
        id="none-in-data",
        title="None stands among the values",
        words=_OBJECTS,
        cause="None makes NumPy use arrays of Python objects, which cannot become a tensor.",
        failing=program(REGRESSION, "x = np.array([[1.0, 2.0, None, 4.0]] * 8)\nmodel.fit(x, np.zeros(8))"),
        mended=program(
            REGRESSION,
            'x = np.array([[1.0, 2.0, None, 4.0]] * 8)\nx = np.nan_to_num(x.astype("float32"))\n'
            "model.fit(x, np.zeros(8))",
        ),
        explain=_none,
        rule="dtype-mismatch",
    ),
    Kind(
        id="ragged-lists",
        title="Rows have different lengths",
        words=(*_INHOMOGENEOUS, *_OBJECTS, *_UNRECOGNIZED),
        cause="A tensor is rectangular: all rows have the same length. Shorter rows are filled up, and masked.",
        failing=program(TEXTS, "texts = [[4, 8, 15], [16, 23], [42]]\nmodel.fit(np.array(texts), np.zeros(3))"),
        mended=program(
            TEXTS,
            "texts = [[4, 8, 15], [16, 23], [42]]\n"
            'model.fit(keras.utils.pad_sequences(texts, padding="post"), np.zeros(3))',
        ),
        explain=_ragged,
        rule="dtype-mismatch",
        subject="data",
    ),
    Kind(
        id="numbers-with-a-sign-for-missing",
        title="A column of numbers holds a text such as ?",
        words=_OBJECTS,
        cause="pandas reads a column as text if a single cell of it is not a number.",
        failing=program(
            mend(REGRESSION, "keras.Input((4,))", "keras.Input((2,))"),
            'df = pd.DataFrame({"power": ["90", "?", "95", "88"], "weight": [1.2, 1.3, 1.1, 1.4]})\n'
            "x = df.values\nmodel.fit(x, np.zeros(4))",
        ),
        mended=program(
            mend(REGRESSION, "keras.Input((4,))", "keras.Input((2,))"),
            'df = pd.DataFrame({"power": ["90", "?", "95", "88"], "weight": [1.2, 1.3, 1.1, 1.4]})\n'
            'df["power"] = pd.to_numeric(df["power"], errors="coerce").fillna(0)\n'
            "x = df.values\nmodel.fit(x, np.zeros(4))",
        ),
        explain=_odd_text,
        rule="dtype-mismatch",
    ),
    Kind(
        id="text-column",
        title="A table has columns of text",
        words=_OBJECTS,
        cause="All columns become one tensor of numbers. Text has to be encoded before.",
        failing="""\
df = pd.DataFrame({"age": [23.0, 35.0, 41.0], "city": ["Oslo", "Rome", "Oslo"]})
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(df, np.zeros(3))
""",
        mended="""\
df = pd.DataFrame({"age": [23.0, 35.0, 41.0], "city": ["Oslo", "Rome", "Oslo"]})
df = pd.get_dummies(df, columns=["city"], dtype="float32")
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(df, np.zeros(3))
""",
        explain=_text_column,
        rule="dtype-mismatch",
    ),
    Kind(
        id="date-column",
        title="A table has a column of dates",
        words=(
            Words("pandas", "float() argument must be a string or a real number, not '{type}'"),
            Words("Keras", "Invalid dtype: datetime64"),
        ),
        cause="All columns become one tensor of numbers, and a date is not a number.",
        failing="""\
df = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=4), "price": [1.0, 2.0, 3.0, 4.0]})
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(df, np.zeros(4))
""",
        mended="""\
df = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=4), "price": [1.0, 2.0, 3.0, 4.0]})
df["day"] = df["day"].dt.dayofyear.astype("float32")
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(df, np.zeros(4))
""",
        explain=_time_column,
        rule="dtype-mismatch",
    ),
    Kind(
        id="text-labels",
        title="Labels are text",
        words=_OBJECTS,
        cause="A loss compares numbers. Class names have to become ids.",
        failing=program(
            CLASSIFIER, 'x = np.random.rand(6, 4)\ny = np.array(["cat", "dog", "bird"] * 2)\nmodel.fit(x, y)'
        ),
        mended=program(
            CLASSIFIER,
            'x = np.random.rand(6, 4)\ny = np.array(["cat", "dog", "bird"] * 2)\n'
            "classes, ids = np.unique(y, return_inverse=True)\nmodel.fit(x, ids)",
        ),
        explain=_text_labels,
        rule="dtype-mismatch",
    ),
    Kind(
        id="text-input",
        title="The input is text",
        words=_OBJECTS,
        cause="Layers compute with numbers. Text has to become ids first, and an Embedding makes vectors of them.",
        failing=program(TEXTS, 'texts = np.array(["good film", "bad film"])\nmodel.fit(texts, np.zeros(2))'),
        mended=program(
            TEXTS,
            'texts = np.array(["good film", "bad film"])\nvectorize = keras.layers.TextVectorization()\n'
            "vectorize.adapt(texts)\nmodel.fit(vectorize(texts), np.zeros(2))",
        ),
        explain=_text_input,
        rule="dtype-mismatch",
    ),
    Kind(
        id="array-of-objects",
        title="An array holds Python objects",
        words=_OBJECTS,
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
        words=_UNRECOGNIZED,
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
        words=_UNRECOGNIZED,
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
