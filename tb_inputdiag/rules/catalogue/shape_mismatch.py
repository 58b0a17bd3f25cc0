"""The rule `shape-mismatch`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tb_inputdiag.records import Failure, Severity, TensorLayout
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, columns, fires, layer, pixels, silent
from tb_inputdiag.rules.support.failures import essential_text, fed_text, find_fed
from tb_inputdiag.rules.support.shapes import parse_shape, reshape_fix
from tb_inputdiag.rules.support.text import join, shape_text, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["ShapeMismatch"]

_SHAPE = r"(\([^()]*\)|\[[^\[\]]*\])"
_EXPECTED_SHAPE = re.compile(rf"Expected shape {_SHAPE}, but input has incompatible shape {_SHAPE}")
_FOUND_SHAPE = re.compile(rf"with name '([^']*)' of layer '([^']*)' .*expected shape={_SHAPE}, found shape={_SHAPE}")
_AXIS = re.compile(
    rf"of layer '([^']*)' .*expected axis (-?\d+) of input shape to have value (\d+), but received input with "
    rf"shape {_SHAPE}"
)
_NDIM = re.compile(
    rf"of layer '([^']*)' .*expected (min_|max_)?ndim=(\d+), found ndim=(\d+)\. Full shape received: {_SHAPE}"
)
_FIRST_AXIS = re.compile(r"same first dimension, got logits shape \[(\d+),\d+\] and labels shape \[(\d+)\]")
_PLACES = re.compile(rf"must have the same shape\. Received: target\.shape={_SHAPE}, output\.shape={_SHAPE}")
_MISSING = re.compile(r'Missing data for input "([^"]*)"\. You passed a data dictionary with keys (\[.*?\])')
_SIZES = re.compile(r"Data cardinality is ambiguous.*?'x' sizes: ([\d, ]+).*?'y' sizes: ([\d, ]+)", re.DOTALL)
_DIMENSIONS = re.compile(
    rf"Dimensions must be equal, but are (\d+) and (\d+) for '(.*?)' with input shapes: {_SHAPE}, {_SHAPE}"
)
_INCOMPATIBLE = re.compile(rf"Incompatible shapes: {_SHAPE} vs\. {_SHAPE}(?:[^{{]*\{{\{{node ([^}}]*)\}}\}})?")
_DIVISIBLE = re.compile(
    r"evenly divisible by (\d+) but is (\d+) for|reshape is a tensor with (\d+) values, but the requested shape "
    r"has (\d+)"
)


class ShapeMismatch(Rule):
    """A tensor has another shape than the model or the loss expects.

    ## What it does
    Reads the exception that ended the step: wrong number of axes, wrong size of one, channels first, a missing batch or
    channel axis, a missing input. It compares what was fed with what the model was built for, and says which line of
    code makes it fit. It also fires where Keras quietly adds or drops an axis to make the input fit.

    ## Why is this bad?
    `fit` cannot go on. Where an axis is added in silence, the model may read rows as channels or examples as steps.

    ## Example
    ```python
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(32, 3), ...])
    model.fit(x.reshape(-1, 784), y)
    ```

    ## What to do
    `x.reshape(-1, 28, 28, 1)`, `x[..., None]` for a missing channel axis, `np.moveaxis(x, 1, -1)` for channels first,
    or change `keras.Input` to the shape of the data.

    ## References
    - https://keras.io/guides/sequential_model/
    """

    id = "shape-mismatch"
    severity = Severity.ERROR
    splits = ("train", "validation", "predict")
    why = "The layers were built for one shape; with another the step cannot be computed, or not in the way you mean."

    def on_sample(self, context: Context) -> Findings:
        """Judges inputs that Keras expands or squeezes without a word."""
        facts = context.facts
        if facts is None:
            return None
        found = []
        for view in context.fed("input"):
            built = next((t for t in facts.inputs if t.name == view.name), None)
            if built is None and len(facts.inputs) == 1 == len(context.fed("input")):
                built = facts.inputs[0]
            if built is None or built.shape is None or len(built.shape) == len(view.shape):
                continue
            if len(view.shape) + len(built.shape) == 3 and {view.shape[1:], built.shape[1:]} == {(), (1,)}:
                continue  # one number an example: there is but one way to read it
            name = variable(view.name, "input", facts)
            found.append(
                Finding(
                    subject=view.subject,
                    message=f"'{view.name}' has shape {shape_text((None, *view.shape[1:]))}, the model was built for "
                    f"{shape_text(built.shape)}: Keras adds or drops an axis of length 1 in silence.",
                    evidence={"shape": list(view.shape), "expected_shape": list(built.shape)},
                    fix=reshape_fix(name, (None, *view.shape[1:]), built.shape) or f"{name} = {name}[..., None]",
                    severity=Severity.INFO,
                )
            )
        return found

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads the exception."""
        text = essential_text(failure.message)
        for reader in (_by_shape, _by_axis, _by_ndim, _by_target, _by_places, _by_operation, _by_structure):
            finding = reader(context, failure, text)
            if finding is not None:
                return [finding]
        return []

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        x = (TensorLayout(name="x", role="input", shape=(16, 784)),)
        built = (TensorLayout(name="x", role="input", shape=(None, 28, 28, 1)),)
        scalar = (TensorLayout(name="x", role="input", shape=(None, 1)),)
        conv = (
            "Invalid input shape for input Tensor(...). Expected shape (None, 28, 28, 1), but input has "
            "incompatible shape (16, 784)"
        )
        axis = (
            "Input 0 with name 'None' of layer 'conv2d' is incompatible with the layer: expected axis -1 of input "
            "shape "
            "to have value 1, but received input with shape (16, 1, 28, 28)"
        )
        rank = (
            "Input 0 with name 'None' of layer 'lstm' is incompatible with the layer: expected ndim=3, found "
            "ndim=2. Full shape received: (16, 15)"
        )

        late = "Incompatible shapes: [16] vs. [16,3]\n\t [[{{node compile_loss/mse/sub}}]] [Op:__inference_1260]"

        def run() -> Scenario:
            return Scenario(inputs=built)

        return (
            fires("flat images", lambda: run().fail("ValueError", conv, fed=x), "input:x", Severity.ERROR),
            fires("channels first", lambda: run().fail("ValueError", axis), "input:x", Severity.ERROR),
            fires("ids against three units", lambda: Scenario().fail("InvalidArgumentError", late), "target:y"),
            fires("rows for an LSTM", lambda: Scenario((layer("lstm", "LSTM"),)).fail("ValueError", rank), "input:x"),
            silent("one number an example", lambda: Scenario(inputs=scalar).train(x=columns(n=1)[:, 0])),
            fires("expanded in silence", lambda: run().train(x=pixels()[..., 0]), "input:x", Severity.INFO),
            silent("a partial batch", lambda: run().train(x=pixels()).train(x=pixels()[:3])),
            silent("another exception", lambda: run().fail("ValueError", "Invalid dtype: str1024")),
            silent("no inputs known", lambda: Scenario().train(x=columns())),
        )


def _finding(
    context: Context, name: str, got: Sequence[int | None], expected: Sequence[int | None], dtype: str, where: str = ""
) -> Finding:
    code = variable(name, "input", context.facts)
    batch = (None, *got[1:]) if got else got
    fix = reshape_fix(code, got, expected)
    if not fix:
        sizes = ", ".join(map(str, got[1:])) + ("," if len(got) == 2 else "")
        fix = f"keras.Input(({sizes}))  # if the data is right: build the model for its shape"
    at = f" of layer '{where}'" if where else ""
    return Finding(
        subject=f"input:{name}",
        message=f"'{name}' came with shape {shape_text(batch)}{f' ({dtype})' if dtype else ''}, "
        f"but the input{at} must have shape {shape_text(expected)}.",
        evidence={"shape": list(got), "expected_shape": list(expected), "dtype": dtype, "layer": where},
        fix=fix,
    )


def _by_shape(context: Context, failure: Failure, text: str) -> Finding | None:
    match = _EXPECTED_SHAPE.search(text)
    name = ""
    if match is not None:
        shapes = match[1], match[2]
    else:
        match = _FOUND_SHAPE.search(text)
        if match is None:
            return None
        name, shapes = match[1], (match[3], match[4])
    expected, got = parse_shape(shapes[0]), parse_shape(shapes[1])
    if expected is None or got is None:
        return None
    known = find_fed(failure, "input", name, got)
    label = known.name if known is not None else (name if name not in {"", "None"} else "x")
    return _finding(context, label, got, expected, known.dtype if known else "", "")


def _by_axis(context: Context, failure: Failure, text: str) -> Finding | None:
    match = _AXIS.search(text)
    if match is None:
        return None
    where, axis, want = match[1], int(match[2]), int(match[3])
    got = parse_shape(match[4])
    if got is None or not -len(got) <= axis < len(got):
        return None
    expected: list[int | None] = [None] * len(got)
    expected[axis] = want
    known = find_fed(failure, "input", "", got)
    facts = context.facts
    fed = [t for t in failure.fed if t.role == "input"]
    if known is None and facts is not None and len(facts.inputs) == 1 and len(fed) <= 1:
        # The layer deep inside got something derived from the only input: compare that with what it was built for.
        built, shape = facts.inputs[0].shape, fed[0].shape if fed else got
        name = fed[0].name if fed else facts.inputs[0].name
        if built is not None and shape is not None:
            dtype = fed[0].dtype if fed else ""
            if reshape_fix("x", shape, built) or tuple(shape[1:]) != tuple(built[1:]):
                return _finding(context, name, shape, built, dtype, "")
    if known is None and fed:
        known = fed[0]
    built = next((t.shape for t in facts.inputs if known is not None and t.name == known.name), None) if facts else None
    if built is None and facts is not None and len(facts.inputs) == 1:
        built = facts.inputs[0].shape
    if known is not None and built is not None and known.shape is not None and len(known.shape) == len(built):
        return _finding(context, known.name, known.shape, built, known.dtype, "")
    name = known.name if known is not None else "x"
    return _finding(context, name, got, expected, known.dtype if known else "", where)


def _by_ndim(context: Context, failure: Failure, text: str) -> Finding | None:
    match = _NDIM.search(text)
    if match is None:
        return None
    where, rank, got = match[1], int(match[3]), parse_shape(match[5])
    if got is None:
        return None
    known = find_fed(failure, "input", "", got)
    name = known.name if known is not None else "x"
    code = variable(name, "input", context.facts)
    if rank == len(got) + 1:
        fix = f"{code} = {code}[..., None]  # adds an axis: shape {shape_text((None, *got[1:], 1))}"
        if rank == 3:
            fix += f"\n# or, with several features a step:\n{code} = {code}.reshape(-1, n_steps, n_features)"
    elif rank == len(got) - 1:
        fix = f"{code} = {code}.reshape({', '.join(['-1', *map(str, got[2:])])})" if len(got) == 3 else ""
        fix = fix or f"{code} = {code}[..., 0]  # or flatten: keras.layers.Flatten()"
    else:
        fix = f"{code} = {code}.reshape(-1, {', '.join(['...'] * (rank - 1))})  # {rank} axes with the batch axis"
    bound = {"min_": "at least ", "max_": "at most "}.get(match[2] or "", "")
    return Finding(
        subject=f"input:{name}",
        message=f"'{name}' came with shape {shape_text(got)}: {len(got)} axes, but layer '{where}' wants "
        f"{bound}{rank}.",
        evidence={"shape": list(got), "expected_rank": rank, "layer": where, "dtype": known.dtype if known else ""},
        fix=fix,
    )


def _by_target(context: Context, failure: Failure, text: str) -> Finding | None:
    match = _FIRST_AXIS.search(text)
    if match is None:
        return None
    logits, labels = int(match[1]), int(match[2])
    target = next((t for t in failure.fed if t.role == "target"), None)
    name = target.name if target is not None else "y"
    code = variable(name, "target", context.facts)
    if labels and logits and labels % logits == 0 and labels > logits:
        fix = (
            f"{code} = {code}.argmax(axis=-1)  # one id an example, if the {labels // logits} numbers are one-hot\n"
            f"# for one label a step of a sequence, return one prediction a step: return_sequences=True, no Flatten"
        )
    else:
        fix = f"# inputs and targets of a batch must hold the same examples:\nassert len(x) == len({code})"
    return Finding(
        subject=f"target:{name}",
        message=f"The loss got {labels} labels from '{name}' for {logits} predictions.",
        evidence={"labels": labels, "predictions": logits},
        fix=fix,
    )


def _by_places(context: Context, failure: Failure, text: str) -> Finding | None:
    match = _PLACES.search(text)
    have, want = (parse_shape(match[1]), parse_shape(match[2])) if match is not None else (None, None)
    if not have or not want or len(have) != len(want) or have[1:-1] == want[1:-1]:
        return None
    target = next((t for t in failure.fed if t.role == "target"), None)
    name = target.name if target is not None else "y"
    factors = {a / b for a, b in zip(have[1:-1], want[1:-1], strict=True) if a and b}
    fix = '# Make the output as large as the target: padding="same", and as much upsampling as downsampling'
    factor = factors.pop() if len(factors) == 1 else 0.0
    if factor > 1 and factor.is_integer():
        fix = (
            f"keras.layers.UpSampling{len(have) - 2}D({int(factor)})  # before the last layer: the output is too small"
        )
    return Finding(
        subject=f"target:{name}",
        message=f"'{name}' has shape {shape_text(have)}, but the output has shape {shape_text(want)}.",
        evidence={"shape": list(have), "prediction_shape": list(want)},
        fix=fix,
    )


def _by_operation(context: Context, failure: Failure, text: str) -> Finding | None:
    match, late = _DIMENSIONS.search(text), _INCOMPATIBLE.search(text)
    divisible = _DIVISIBLE.search(text)
    if match is None and late is None and divisible is None:
        return None
    fed = fed_text(failure)
    if match is not None or late is not None:
        # Where a dimension is not known while tracing, the operation itself finds out.
        if match is not None:
            node, left, right = match[3], match[4], match[5]
        else:
            assert late is not None
            left, right, node = late[1], late[2], late[3] or ""
        if "compile_loss" in node or "/loss" in node:
            return _loss_shapes(context, failure, left, right)
        operation = node.partition("=")[0].strip("{ ").removeprefix("{node ").strip() or "unknown"
        message = f"The operation '{operation}' got shapes {left} and {right}, which do not fit together."
        evidence = {"left": left, "right": right, "operation": operation}
    else:
        assert divisible is not None
        numbers = [int(n) for n in divisible.groups() if n]
        message = (
            f"A reshape in the model got {numbers[-1] if divisible[1] else numbers[0]} values, which do not "
            f"fill its shape."
        )
        evidence = {"numbers": join(numbers)}
    inputs = [t for t in failure.fed if t.role == "input"]
    where = failure.where
    return Finding(
        subject=f"layer:{where}" if where else (f"input:{inputs[0].name}" if len(inputs) == 1 else "model"),
        message=message,
        evidence={**evidence, "fed": fed, "layer": where},
        fix=f"# What came: {fed or 'unknown'}\nmodel.summary()  # compare each shape with what `call` does to it",
    )


def _loss_shapes(context: Context, failure: Failure, left: str, right: str) -> Finding:
    target = next((t for t in failure.fed if t.role == "target"), None)
    name = target.name if target is not None else "y"
    code = variable(name, "target", context.facts)
    have, want = parse_shape(left), parse_shape(right)
    fix = ""
    if have and want:
        if len(want) == 2 and len(have) == 2:
            fix = f"keras.layers.Dense({have[1]})  # as last layer: one unit for each column of {code}"
        elif len(have) == 1 and len(want) == 2 and want[1] != 1 and target is not None and "int" in target.dtype:
            fix = f'model.compile(..., loss="sparse_categorical_crossentropy")  # for class ids in {code}'
            fix += f"\n# or, for a number to be predicted: keras.layers.Dense(1) as last layer, {code}[:, None]"
        elif len(have) == 1 and len(want) == 2:
            fix = f"keras.layers.Dense(1)  # as last layer, with {code}[:, None]: one number an example"
        fix = fix or reshape_fix(code, have, want)
    return Finding(
        subject=f"target:{name}",
        message=f"The loss compares '{name}' of shape {left} with predictions of shape {right}: they do not fit.",
        evidence={"target_shape": left, "prediction_shape": right},
        fix=fix or f"{code} = {code}.reshape(...)  # the shape of the predictions is {right}",
    )


def _by_structure(context: Context, failure: Failure, text: str) -> Finding | None:
    missing = _MISSING.search(text)
    if missing is not None:
        return Finding(
            subject=f"input:{missing[1]}",
            message=f"The model has an input '{missing[1]}', but the data has only {missing[2]}.",
            evidence={"missing": missing[1], "received": missing[2]},
            fix=f'model.fit({{..., "{missing[1]}": ...}}, y)  # the keys must be the names of the inputs',
        )
    sizes = _SIZES.search(text)
    if sizes is not None:
        return Finding(
            subject="data",
            message=f"x holds {sizes[1].strip()} examples, y holds {sizes[2].strip()}: they must be as many.",
            evidence={"x": sizes[1].strip(), "y": sizes[2].strip()},
            fix="print(x.shape, y.shape)  # the first axis counts examples; use x[None] for a single one",
        )
    return None
