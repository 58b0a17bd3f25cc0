"""Data sets and generators whose elements do not fit each other, or what was announced."""

from __future__ import annotations

import re

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import REGRESSION, TWO_INPUTS, mend, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import Shape, parse_shape, tuple_code

__all__ = ["KINDS"]

_CHANNELS = (1, 3, 4)
"""Of an image: grey, or red, green and blue, or these and opacity. Tells which axis is that of the channels."""


def _picture(seen: Shape, expected: Shape) -> ShapesPicture:
    return ShapesPicture(seen=tuple(seen), expected=tuple(expected))


def _slices(case: Case) -> Finding | None:
    if case.method not in ("from_tensor_slices", "fit") and case.failure.call:
        return None
    a, b = case["left"], case["right"]
    parts = [p for p in case.arguments.values() if p.name.startswith("tensors/") and p.variable]
    n = min(int(a), int(b)) if a.isdigit() and b.isdigit() else None
    names = [p.variable for p in parts[:2]] if len(parts) >= 2 else ["x", "y"]
    return case.finding(
        f"The arrays hold {a} and {b} examples: the first axis of all of them must have the same size.",
        f"tf.data.Dataset.from_tensor_slices(({', '.join(f'{name}[:{n}]' for name in names)}))  # if "
        "these belong together\n"
        f"print({names[0]}.shape, {names[1]}.shape)",
        seen=a,
        expected=b,
        subject="data",
    )


def _yields(case: Case) -> bool:
    x = case.argument("x")
    return x is not None and x.yields_batches


def _alike(left: Shape, right: Shape) -> str:
    """Returns code that gives the elements of a `tf.data` pipeline one shape."""
    if not len(left) == len(right) == 3:
        return "dataset = dataset.padded_batch(32)  # in place of .batch(32): fills up the shorter ones"
    if left[2] == right[2]:
        return f"dataset = dataset.map(lambda x, y: (tf.image.resize(x, {left[:2]}), y))  # before .batch"
    return "tf.image.decode_image(data, channels=3, expand_animations=False)  # colour for all, before .batch"


def _alike_in_torch(left: Shape, right: Shape) -> str:
    """Returns code that gives the elements of a `DataLoader` of PyTorch one shape."""
    if not len(left) == len(right) == 3:
        return (
            "def padded(examples):  # fills up the shorter ones\n"
            "    x, y = zip(*examples)\n"
            "    x = [torch.as_tensor(element) for element in x]\n"
            "    x = torch.nn.utils.rnn.pad_sequence(x, batch_first=True)\n"
            "    return x, torch.utils.data.default_collate(y)\n"
            "loader = torch.utils.data.DataLoader(dataset, 32, collate_fn=padded)"
        )
    if left[2] == right[2] and left[2] in _CHANNELS:
        return f"x = keras.ops.image.resize(x, {left[:2]})  # in the Dataset's __getitem__"
    if left[0] == right[0] and left[0] in _CHANNELS:
        return f"x = torch.nn.functional.interpolate(x[None], {left[1:]})[0]  # in the Dataset's __getitem__"
    return 'image = PIL.Image.open(path).convert("RGB")  # colour for all, in the Dataset\'s __getitem__'


def _batched(case: Case) -> Finding | None:
    left, right = parse_shape(case["left"]), parse_shape(case["right"])
    if left is None or right is None or ("stack expects" in case.text and not _yields(case)):
        return None
    fix = _alike_in_torch(left, right) if "stack expects" in case.text else _alike(left, right)
    return case.finding(
        f"A batch would hold elements of shapes {shape_text(left)} and {shape_text(right)}.",
        fix,
        seen=shape_text(right),
        expected=shape_text(left),
        subject="data",
        picture=_picture(right, left),
    )


def _image_of(got: Shape, expected: Shape) -> str:
    """Returns code that gives a single image the announced channels or size; empty for other elements."""
    channels = expected[-1] if len(expected) == 3 else None
    if channels in (1, 3, 4) and len(got) in (2, 3) and got[:2] == expected[:2]:
        if channels == 1:
            channel = "[..., None]" if len(got) == 2 else "[..., :1]"
            return f"image = image{channel}  # in the generator: one channel, for grey files"
        mode = "RGB" if channels == 3 else "RGBA"
        first = f'image = Image.open(path).convert("{mode}")  # in the generator: the same channels for all files'
        return f"{first}\n# of an array: image = np.stack([image] * {channels}, axis=-1)" if len(got) == 2 else first
    if channels in (1, 3, 4) and len(got) == 3 and got[-1] == channels and None not in expected:
        return f"image = tf.image.resize(image, {tuple_code(expected[:2])})  # in the generator: one size for all"
    return ""


def _signature(case: Case) -> Finding | None:
    got, expected = parse_shape(case["got"]), parse_shape(case["expected"])
    if got is None or expected is None:
        return None
    fix = _image_of(got, expected)
    free = (
        tuple(a if a == b else None for a, b in zip(got, expected, strict=True)) if len(got) == len(expected) else got
    )
    return case.finding(
        f"The generator yields an element of shape {shape_text(got)}, and its signature says {shape_text(expected)}.",
        fix
        or f"tf.TensorSpec(shape={tuple_code(free)}, dtype=...)  # in output_signature; None: any size\n"
        f"# or yield what was announced: shape {tuple_code(expected)}",
        seen=shape_text(got),
        expected=shape_text(expected),
        subject="data",
        picture=_picture(got, expected),
    )


def _type(case: Case) -> Finding | None:
    value, wanted = case["value"].rstrip("."), case["type"]
    text = not value.lstrip("-[( ").replace(".", "", 1)[:1].isdigit()
    return case.finding(
        f"The generator yields {value[:60]!r}, and its signature says {wanted}.",
        "tf.TensorSpec(shape=(), dtype=tf.string)  # in output_signature: text"
        if text
        else f"yield np.asarray(value, dtype={wanted!r})",
        seen=value[:40],
        expected=wanted,
        subject="data",
    )


_LENGTH_LINES = re.compile(r"__len__|\blen\(")


def _length(case: Case) -> Finding | None:
    """A data set whose `__len__` returns something else than a whole number from 0 on."""
    line = case.failure.lines[-1] if case.failure.lines else ""
    data = next((a for a in case.arguments.values() if a.kind in ("pydataset", "loader")), None)
    own = _LENGTH_LINES.search(line) is not None and re.search(r"range\(|/", line.partition("len(")[2]) is None
    if data is None and not own:
        return None
    counted = {"NoneType": "nothing", "float": "a float", "numpy.float64": "a float of NumPy"}
    got = counted.get(case["type"], case["type"] or "a number below 0")
    missing = "`return` is missing there" if case["type"] == "NoneType" else "/ and np.ceil give floats"
    return case.finding(
        f"__len__ of {data.type.rpartition('.')[2] if data is not None else 'the data set'} returns {got}, and must "
        "return the number of batches: a whole number.",
        "def __len__(self):\n    return math.ceil(len(self.x) / self.batch_size)  # import math; "
        f"{missing}\n# self.x: what the data set cuts into batches",
        seen=got,
        expected="a whole number",
        subject="data",
    )


_LISTS = """
def batches():
    yield [ages, places], y

model.fit(batches())
"""
_HALVES = """
class Batches(keras.utils.PyDataset):
    def __len__(self):
        return np.ceil(100 / 32)

    def __getitem__(self, index):
        return np.random.rand(32, 4), np.zeros(32)

model.fit(Batches())
"""
_SIGNATURE = """\
def examples():
    for number in range(8):
        yield np.random.rand(4), np.array([number])

spec = tf.TensorSpec((4,), tf.float32), tf.TensorSpec((), tf.int32)
data = tf.data.Dataset.from_generator(examples, output_signature=spec).batch(4)
for batch in data:
    pass
"""
_TYPES = """\
def examples():
    yield "red", 1.0

data = tf.data.Dataset.from_generator(examples, output_types=(tf.float32, tf.float32))
for element in data:
    pass
"""
_RAGGED = """\
def examples():
    for length in (3, 4, 5):
        yield np.arange(length)

data = tf.data.Dataset.from_generator(examples, output_signature=tf.TensorSpec((None,), tf.int64))
for batch in data.batch(3):
    pass
"""
_NONE_LEFT = """
class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 3 // 32

    def __getitem__(self, index):
        return np.random.rand(32, 4), np.zeros(32)

model.fit(Batches())
"""
_WEIGHTS = "x, y = np.random.rand(8, 4), np.array([0, 1] * 4)\nweights = np.ones(8)\n"
_FEW = "x, y = np.random.rand(1, 4), np.zeros(1)\nmodel.fit(x, y, validation_split=0.2)\n"
KINDS = (
    Kind(
        id="slices-of-unequal-length",
        title="from_tensor_slices gets arrays of different lengths",
        words=(Words("TensorFlow", "Dimensions {left} and {right} are not compatible\n"),),
        cause="An element takes one row of each array.",
        failing="x, y = np.ones((3, 4)), np.ones(4)\ndata = tf.data.Dataset.from_tensor_slices((x, y))\n",
        mended="x, y = np.ones((3, 4)), np.ones(4)\ndata = tf.data.Dataset.from_tensor_slices((x[:3], y[:3]))\n",
        explain=_slices,
        rule="shape-mismatch",
        subject="data",
    ),
    Kind(
        id="batch-of-different-shapes",
        title="A batch would hold elements of different shapes",
        words=(
            Words(
                "TensorFlow",
                "Cannot batch tensors with different shapes in component {}. First element had shape "
                "{left} and element "
                "{} had shape {right}.",
            ),
            Words("TensorFlow", "Cannot add tensor to the batch: {}Shapes are: [tensor]: {right}, [batch]: {left}"),
            Words(
                "PyTorch", "stack expects each tensor to be equal size, but got {left} at entry 0 and {right} at entry"
            ),
        ),
        cause="A batch is one tensor, so its elements have one shape.",
        failing=_RAGGED,
        mended=mend(_RAGGED, "data.batch(3)", "data.padded_batch(3)"),
        explain=_batched,
        rule="shape-mismatch",
        subject="data",
    ),
    Kind(
        id="signature-of-a-generator",
        title="A generator yields another shape than its signature says",
        words=(
            Words(
                "TensorFlow",
                "`generator` yielded an element of shape {got} where an element of shape {expected} was expected",
            ),
            Words(
                "Keras", "Generator yielded an element of shape {got} where an element of shape {expected} was expected"
            ),
            Words("TensorFlow", "Incompatible shapes at component {}: expected {expected} but got {got}.\n"),
        ),
        cause="`output_signature` says what each element is like, without the batch axis that .batch adds later.",
        failing=_SIGNATURE,
        mended=mend(_SIGNATURE, "tf.TensorSpec((), tf.int32)", "tf.TensorSpec((1,), tf.int32)"),
        explain=_signature,
        rule="shape-mismatch",
        subject="data",
    ),
    Kind(
        id="types-of-a-generator",
        title="A generator yields another dtype than its signature says",
        words=(
            Words(
                "TensorFlow",
                "yielded an element that could not be converted to the expected type. The expected type "
                "was {type}, but "
                "the yielded element was {value}\n",
            ),
        ),
        cause="`output_signature` or `output_types` says which dtype each element has.",
        failing=_TYPES,
        mended=mend(_TYPES, "(tf.float32, tf.float32)", "(tf.string, tf.float32)"),
        explain=_type,
        rule="dtype-mismatch",
        subject="data",
    ),
    Kind(
        id="structure-of-a-generator",
        title="A generator yields another structure than its signature says",
        words=(
            Words(
                "TensorFlow",
                "yielded an element that did not match the expected structure. The expected structure "
                "was {expected}, but "
                "the yielded element was {received}\n",
            ),
        ),
        cause="`output_signature` has the structure of one element: a tuple for (x, y).",
        failing=mend(_SIGNATURE, "yield np.random.rand(4), np.array([number])", "yield np.random.rand(4)"),
        mended=mend(_SIGNATURE, "np.array([number])", "number"),
        explain=plainly(
            "The generator yields another structure than its output_signature says.",
            "yield x, y  # and output_signature=(tf.TensorSpec(...), tf.TensorSpec(...)), one for each part",
            seen="another structure",
            expected="{expected}",
        ),
        subject="data",
    ),
    Kind(
        id="generator-of-lists",
        title="A generator yields the inputs as a list",
        words=(
            Words("TensorFlow", "`output_signature` must contain objects that are subclass of `tf.TypeSpec` but found"),
        ),
        cause="TensorFlow takes tuples and dicts for structure, and a list for the values of one tensor.",
        failing=program(TWO_INPUTS, _LISTS),
        mended=program(TWO_INPUTS, mend(_LISTS, "[ages, places], y", "(ages, places), y")),
        explain=plainly(
            "The generator yields a list, and a data set takes a tuple or a dict for several inputs or outputs.",
            "yield (x1, x2), y  # round brackets, also around several targets",
            seen="a list",
            expected="a tuple or a dict",
        ),
        subject="data",
    ),
    Kind(
        id="length-of-a-pydataset",
        title="The __len__ of a data set does not return a whole number",
        words=(
            Words("Python", "'{type}' object cannot be interpreted as an integer"),
            Words("Python", "__len__() should return >= 0"),
        ),
        cause="`/` and np.ceil return floats in Python, also of whole numbers. math.ceil returns a whole number.",
        failing=program(REGRESSION, _HALVES),
        mended=program(REGRESSION, mend(_HALVES, "np.ceil(100 / 32)", "int(np.ceil(100 / 32))")),
        explain=_length,
        subject="data",
    ),
    Kind(
        id="empty-pydataset",
        title="A PyDataset or generator has no batch",
        words=(
            Words("Keras", "The PyDataset has length 0"),
            Words("Python", "StopIteration: "),
            Words("PyTorch", "is not optional, but None was passed"),
            Words("Keras", "the generator must yield at least one batch. Received an empty generator"),
        ),
        cause="`len(x) // batch_size` is 0 if there are fewer examples than a batch holds.",
        failing=program(REGRESSION, _NONE_LEFT),
        mended=program(REGRESSION, mend(_NONE_LEFT, "3 // 32", "-(-3 // 32)")),
        explain=lambda case: (
            None
            if "length 0" not in case.text and "empty generator" not in case.text and not _yields(case)
            else plainly(
                "The data set has no batch: its `__len__` is 0, or the generator ends at once.",
                "return math.ceil(len(self.x) / self.batch_size)  # __len__: the last batch may be smaller",
                seen="0 batches",
                expected="at least 1",
            )(case)
        ),
        subject="data",
    ),
    Kind(
        id="ranks-of-batches-differ",
        title="Batches have different numbers of axes",
        words=(
            Words(
                "Keras",
                "the corresponding arrays in each batch must have the same rank. Received: {left} and {right}\n",
            ),
        ),
        cause="All batches of a data set have the same axes; only their sizes may differ.",
        failing=program(
            REGRESSION,
            "def batches():\n    yield np.random.rand(5, 4), np.zeros(5)\n"
            "    yield np.random.rand(1, 4), np.zeros((1, 1))\n\n"
            "model.fit(batches())",
        ),
        mended=program(
            REGRESSION,
            "def batches():\n    yield np.random.rand(5, 4), np.zeros(5)\n"
            "    yield np.random.rand(1, 4), np.zeros(1)\n\n"
            "model.fit(batches())",
        ),
        explain=plainly(
            "One batch has another number of axes than the one before.",
            "yield np.reshape(x, (-1, *shape)), np.reshape(y, -1)  # the same axes in each batch; no np.squeeze",
            seen="{right}",
            expected="{left}",
        ),
        rule="shape-mismatch",
        subject="data",
    ),
    Kind(
        id="class-weight-and-sample-weight",
        title="class_weight and sample_weight are given together",
        words=(
            Words("Keras", "You cannot `class_weight` and `sample_weight` at the same time"),
            Words("Keras", "You cannot specify `class_weight` and `sample_weight` at the same time"),
            Words("Keras", "Arguments `sample_weight` and `class_weight` cannot be specified at the same time"),
        ),
        cause="Both say how much an example counts.",
        failing=program(REGRESSION, _WEIGHTS + "model.fit(x, y, class_weight={0: 1.0, 1: 2.0}, sample_weight=weights)"),
        mended=program(
            REGRESSION, _WEIGHTS + "weights = weights * np.array([1.0, 2.0])[y]\nmodel.fit(x, y, sample_weight=weights)"
        ),
        explain=plainly(
            "{method} got class_weight and sample_weight, and takes one of them.",
            "weights = weights * np.array([1.0, 2.0])[{y}]  # both in one: the weight of each example's class\n"
            "{model}.{method}({x}, {y}, sample_weight=weights)",
            seen="both",
            expected="one of them",
        ),
        subject="data",
    ),
    Kind(
        id="class-weight-of-a-generator",
        title="class_weight is used with a generator",
        words=(Words("Keras", "Argument `class_weight` is not supported for {what} inputs"),),
        cause="A generator can yield the weight of each example itself.",
        failing=program(
            REGRESSION,
            "def batches():\n    yield np.random.rand(5, 4), np.array([0, 1, 0, 1, 1])\n\n"
            "model.fit(batches(), class_weight={0: 1.0, 1: 2.0})",
        ),
        mended=program(
            REGRESSION,
            "def batches():\n    y = np.array([0, 1, 0, 1, 1])\n"
            "    yield np.random.rand(5, 4), y, np.array([1.0, 2.0])[y]\n\n"
            "model.fit(batches())",
        ),
        explain=plainly(
            "class_weight does not work with {what} inputs.",
            "yield x, y, np.array([1.0, 2.0])[y]  # the weight of each example's class",
            seen="class_weight",
            expected="a third part: sample weights",
        ),
        subject="data",
    ),
    Kind(
        id="too-few-to-split",
        title="validation_split leaves no example for training or validation",
        words=(
            Words(
                "Keras",
                "Training data contains {n} samples, which is not sufficient to split it into a "
                "validation and training",
            ),
        ),
        cause="Both parts need at least one example.",
        failing=program(REGRESSION, _FEW),
        mended=program(
            REGRESSION, mend(_FEW, "np.random.rand(1, 4), np.zeros(1)", "np.random.rand(8, 4), np.zeros(8)")
        ),
        explain=plainly(
            "There are {n} examples, too few for validation_split.",
            "{model}.fit({x}, {y})  # without validation_split; see {x}.shape: does the first axis count the examples?",
            seen="{n} examples",
            expected="more examples",
        ),
        subject="data",
    ),
)
"""Kinds of this family."""
