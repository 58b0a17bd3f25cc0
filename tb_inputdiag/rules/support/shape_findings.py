"""Findings about shapes that did not fit, from what an exception says."""

from __future__ import annotations

from collections.abc import Sequence

from tb_inputdiag.numbers import shape_text, whole
from tb_inputdiag.records import (
    Failure,
    LayerFacts,
    ModelFacts,
    Picture,
    Role,
    ShapesPicture,
    TensorLayout,
    WordsPicture,
)
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.support.curves import named_tensor_curves
from tb_inputdiag.rules.support.failures import fed_text, find_fed
from tb_inputdiag.rules.support.output_sizes import size_fix
from tb_inputdiag.rules.support.shape_errors import (
    AxisError,
    CardinalityError,
    InputShapeError,
    LabelCountError,
    MissingInputError,
    OperationError,
    OutputShapeError,
    RankError,
    ReshapeError,
    ShapeError,
)
from tb_inputdiag.rules.support.shapes import parse_shape, rank_fix, reshape_fix, target_fix
from tb_inputdiag.rules.support.text import join, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["built_shape", "shape_finding"]


def shape_finding(context: Context, failure: Failure, error: ShapeError) -> Finding:
    """Returns what to report about shapes that did not fit."""
    match error:
        case InputShapeError():
            return _input_shape(context, failure, error)
        case AxisError():
            return _axis(context, failure, error)
        case RankError():
            return _rank(context, failure, error)
        case LabelCountError():
            return _label_count(context, failure, error)
        case OutputShapeError():
            return _output_shape(context, failure, error)
        case OperationError():
            return _loss(context, failure, error) if error.in_loss else _operation(failure, error)
        case ReshapeError():
            return _reshape(failure, error)
        case MissingInputError():
            return _missing_input(error)
        case CardinalityError():
            return _cardinality(error)


def built_shape(facts: ModelFacts, name: str, *, alone: bool) -> tuple[int | None, ...] | None:
    """Returns the shape that the model was built for, or None if it is unknown.

    Args:
        facts: The model.
        name: Name of the input.
        alone: Whether it is the only fed input, so that it belongs to the model's only input whatever their names.
    """
    built = next((t for t in facts.inputs if t.name == name), None)
    if built is None and alone and len(facts.inputs) == 1:
        built = facts.inputs[0]
    return built.shape if built is not None else None


def _fed(failure: Failure, role: Role) -> list[TensorLayout]:
    return [t for t in failure.fed if t.role == role]


def _layers(context: Context) -> tuple[LayerFacts, ...]:
    return context.facts.layers if context.facts is not None else ()


def _target(failure: Failure) -> str:
    return next((t.name for t in _fed(failure, "target")), "y")


def _input_finding(
    context: Context, name: str, got: Sequence[int | None], expected: Sequence[int | None], dtype: str, where: str = ""
) -> Finding:
    fix = reshape_fix(variable(name, "input", context.facts), got, expected)
    if not fix:
        sizes = ", ".join(map(str, got[1:])) + ("," if len(got) == 2 else "")
        fix = f"keras.Input(({sizes}))  # if the data is right: build the model for its shape"
    reader = f"layer '{where}'" if where else "the input"
    return Finding(
        subject=f"input:{name}",
        message=f"'{name}' has shape {shape_text((None, *got[1:]) if got else got)}"
        f"{f' ({dtype})' if dtype else ''}, but {reader} expects "
        f"{shape_text(expected)}.",
        evidence={"shape": list(got), "expected_shape": list(expected), "dtype": dtype, "layer": where},
        fix=fix,
        picture=ShapesPicture(seen=tuple(got), expected=tuple(expected)),
        curves=named_tensor_curves("input", name),
    )


def _input_shape(context: Context, failure: Failure, error: InputShapeError) -> Finding:
    known = find_fed(failure, "input", error.name, error.got)
    label = known.name if known is not None else (error.name if error.name not in {"", "None"} else "x")
    return _input_finding(context, label, error.got, error.expected, known.dtype if known else "")


def _axis(context: Context, failure: Failure, error: AxisError) -> Finding:
    facts, got, fed = context.facts, error.got, _fed(failure, "input")
    known = find_fed(failure, "input", "", got)
    if known is None and facts is not None and len(facts.inputs) == 1 and len(fed) <= 1:
        # A layer deep inside got something that is made from the only input: compare the input with its own shape.
        built, shape = facts.inputs[0].shape, fed[0].shape if fed else got
        if built is not None and shape is not None and tuple(shape[1:]) != tuple(built[1:]):
            name = fed[0].name if fed else facts.inputs[0].name
            return _input_finding(context, name, shape, built, fed[0].dtype if fed else "")
    known = known or (fed[0] if fed else None)
    built = built_shape(facts, known.name if known is not None else "", alone=True) if facts is not None else None
    if known is not None and built is not None and known.shape is not None and len(known.shape) == len(built):
        return _input_finding(context, known.name, known.shape, built, known.dtype)
    expected: list[int | None] = [None] * len(got)
    expected[error.axis] = error.size
    name = known.name if known is not None else "x"
    return _input_finding(context, name, got, expected, known.dtype if known else "", error.layer)


def _rank(context: Context, failure: Failure, error: RankError) -> Finding:
    got, rank = error.got, error.rank
    known = find_fed(failure, "input", "", got)
    name = known.name if known is not None else "x"
    return Finding(
        subject=f"input:{name}",
        message=f"'{name}' has shape {shape_text(got)} with {len(got)} axes, but layer '{error.layer}' expects "
        f"{error.bound}{rank} axes.",
        evidence={
            "shape": list(got),
            "expected_rank": rank,
            "layer": error.layer,
            "dtype": known.dtype if known else "",
        },
        fix=rank_fix(variable(name, "input", context.facts), got, rank),
        picture=ShapesPicture(seen=got, expected=(None,) * rank),
        curves=named_tensor_curves("input", name),
    )


def _label_count(context: Context, failure: Failure, error: LabelCountError) -> Finding:
    labels, predictions, name = error.labels, error.predictions, _target(failure)
    code = variable(name, "target", context.facts)
    if labels and predictions and labels % predictions == 0 and labels > predictions:
        fix = (
            f"{code} = {code}.argmax(axis=-1)  # if the {labels // predictions} numbers per example are one-hot\n"
            "# For one label per step, return one prediction per step: return_sequences=True, no Flatten."
        )
    else:
        fix = f"# Inputs and targets of a batch must hold the same examples:\nassert len(x) == len({code})"
    return Finding(
        subject=f"target:{name}",
        message=f"The loss got {whole(labels)} labels from '{name}' for {whole(predictions)} predictions.",
        evidence={"labels": labels, "predictions": predictions},
        fix=fix,
        picture=ShapesPicture(
            seen=(labels,), expected=(predictions,), seen_label="labels", expected_label="predictions"
        ),
        curves=named_tensor_curves("target", name),
    )


def _compared(target: tuple[int | None, ...], output: tuple[int | None, ...]) -> ShapesPicture:
    return ShapesPicture(seen=target, expected=output, seen_label="target", expected_label="prediction")


def _output_shape(context: Context, failure: Failure, error: OutputShapeError) -> Finding:
    name = _target(failure)
    return Finding(
        subject=f"target:{name}",
        message=f"'{name}' has shape {shape_text(error.target)}, but the output has shape {shape_text(error.output)}.",
        evidence={"shape": list(error.target), "prediction_shape": list(error.output)},
        fix=size_fix(_layers(context), error.target, error.output),
        picture=_compared(error.target, error.output),
        curves=named_tensor_curves("target", name),
    )


def _loss(context: Context, failure: Failure, error: OperationError) -> Finding:
    left, right, name = error.left, error.right, _target(failure)
    shapes = [t.shape for t in _fed(failure, "target") if t.shape is not None]
    if len(shapes) == 1 and _is(shapes[0], right) and not _is(shapes[0], left):
        left, right = right, left
    own = _in_own_loss(context, shapes, left, right)
    if own:
        return _operands(name, left, right, own)
    code = variable(name, "target", context.facts)
    have, want = parse_shape(left), parse_shape(right)
    holds_integers = any("int" in t.dtype for t in _fed(failure, "target")[:1])
    fix = target_fix(code, have, want, whole=holds_integers) if have and want else ""
    if have and want and len(have) == len(want) > 2 and have[1:-1] != want[1:-1]:
        fix = size_fix(_layers(context), have, want)
    return Finding(
        subject=f"target:{name}",
        message=f"The loss cannot compare '{name}' of shape {left} with predictions of shape {right}.",
        evidence={"target_shape": left, "prediction_shape": right},
        fix=fix or f"{code} = {code}.reshape(...)  # the shape of the predictions is {right}",
        picture=_two_shapes(left, right, "target", "prediction"),
        curves=named_tensor_curves("target", name),
    )


def _is(shape: Sequence[int | None], text: str) -> bool:
    """Tells whether a shape, but for its batch axis, is the one in an exception."""
    found = parse_shape(text)
    return found is not None and len(found) == len(shape) and tuple(found[1:]) == tuple(shape[1:])


def _in_own_loss(context: Context, targets: Sequence[Sequence[int | None]], left: str, right: str) -> str:
    """Returns code for a loss of the user's own that compares other shapes than those of target and output."""
    facts, have, want = context.facts, parse_shape(left), parse_shape(right)
    outputs = [t.shape for t in facts.outputs if t.shape is not None] if facts is not None else []
    custom = facts is not None and isinstance(facts.loss, dict) and bool(facts.loss.get("custom"))
    if not custom or len(outputs) != 1 or len(targets) != 1 or not have or not want:
        return ""
    if tuple(outputs[0][1:]) != tuple(targets[0][1:]) or len(have) != 2 or len(want) != 2:
        return ""
    size = min((n for n in (have[1], want[1]) if n is not None), default=1)
    return f"y_true[:, :{size}], y_pred[:, :{size}]  # in your loss: the same columns of both"


def _operands(name: str, left: str, right: str, fix: str) -> Finding:
    return Finding(
        subject=f"target:{name}",
        message=f"Your loss compares tensors of shapes {left} and {right}, though target and output fit.",
        evidence={"left": left, "right": right},
        fix=fix,
        picture=_two_shapes(left, right, "left", "right"),
        curves=named_tensor_curves("target", name),
    )


def _operation(failure: Failure, error: OperationError) -> Finding:
    return _inside(
        failure,
        f"The operation '{error.operation}' cannot combine shapes {error.left} and {error.right}.",
        {"left": error.left, "right": error.right, "operation": error.operation},
        _two_shapes(error.left, error.right, "left", "right"),
    )


def _two_shapes(left: str, right: str, left_label: str, right_label: str) -> Picture:
    seen, expected = parse_shape(left), parse_shape(right)
    if seen and expected and seen != expected:
        return ShapesPicture(seen=seen, expected=expected, seen_label=left_label, expected_label=right_label)
    return WordsPicture(seen=left, expected=right, seen_label=left_label, expected_label=right_label)


def _reshape(failure: Failure, error: ReshapeError) -> Finding:
    return _inside(
        failure,
        f"A reshape in the model got {whole(error.values)} values, which do not fill its shape of "
        f"{whole(error.wanted)}.",
        {"numbers": join([error.values, error.wanted])},
        WordsPicture(seen=f"{whole(error.values)} values", expected=f"{whole(error.wanted)}, or a multiple of it"),
    )


def _inside(failure: Failure, message: str, evidence: dict[str, str | int], picture: Picture) -> Finding:
    """Returns the finding for an operation inside the model."""
    inputs, where, fed = _fed(failure, "input"), failure.where, fed_text(failure)
    alone = inputs[0].name if len(inputs) == 1 else ""
    return Finding(
        subject=f"layer:{where}" if where else (f"input:{alone}" if alone else "model"),
        message=message,
        evidence={**evidence, "fed": fed, "layer": where},
        fix=f"# Fed: {fed or 'unknown'}\nmodel.summary()  # compare each shape with what `call` does to it",
        picture=picture,
        curves=named_tensor_curves("input", alone) if alone else (),
    )


def _missing_input(error: MissingInputError) -> Finding:
    return Finding(
        subject=f"input:{error.name}",
        message=f"The model has an input '{error.name}', but the data has only {error.received}.",
        evidence={"missing": error.name, "received": error.received},
        fix=f'model.fit({{..., "{error.name}": ...}}, y)  # the keys must be the names of the inputs',
        picture=WordsPicture(seen=error.received, expected=f"'{error.name}' among them", seen_label="keys"),
    )


def _cardinality(error: CardinalityError) -> Finding:
    return Finding(
        subject="data",
        message=f"x holds {error.x} examples, but y holds {error.y}.",
        evidence={"x": error.x, "y": error.y},
        fix="print(x.shape, y.shape)  # the first axis counts examples; use x[None] for a single one",
        picture=WordsPicture(
            seen=error.x, expected=error.y, seen_label="examples in x", expected_label="examples in y"
        ),
    )
