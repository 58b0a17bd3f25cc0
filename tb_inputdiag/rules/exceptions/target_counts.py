"""Targets for other examples than those that the model predicts."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ArgumentFacts
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.target_and_output import OUTPUT_WORDS, by_shapes, compared, is_target_of, target_name
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import tuple_code
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["KINDS"]


def _other_number(case: Case, target: Shape, output: Shape) -> Finding | None:
    """Targets for another number of examples than the model predicts: `train_on_batch` does not count them."""
    if not target or not output:
        return None
    given, made = target[0], output[0]
    if not given or not made or given == made or not is_target_of(target, output):
        return None
    size = _rest_of(case, given, made)
    if size:
        return _fixed_batch(case, size, target, output)
    fed = [t.shape[0] for t in case.fed("input") if t.shape]
    targets = [t.shape[0] for t in case.fed("target") if t.shape]
    of_the_loss = any(words in case.text for words in ("compile_loss", "target", "labels"))
    data = case.argument("x")
    unequal = data if data is not None and data.yields_batches and None in (fed or [None]) else None
    # TensorFlow does not always name the operation
    named = of_the_loss or given in targets
    if not named and (unequal is None or case.failure.where):
        return None
    y, x = target_name(case), case.variable("x")
    times, rest = divmod(made, given) if made > given else divmod(given, made)
    if unequal is not None:
        return _unequal_batch(case, unequal, target, output)
    if not rest and fed[:1] and fed[:1] == targets[:1]:
        return _joined_axes(case, target, output)
    if made > given and not rest:
        cut = f"{x}, {y} = {x}[:{given}], {y}[:{given}]  # if the first ones belong together"
        shape = tuple_code(target)
        repeated = f"{y} = np.concatenate([{', '.join([y] * times)}])  # the same ones for each part of {x}"
        of_a_gan = f"{y} = np.concatenate([np.ones({shape}), np.zeros({shape})])  # real, then made ones"
        fix = f"{of_a_gan}\n# or: {repeated}" if times == 2 and output[-1] == 1 else f"{cut}\n# or: {repeated}"
    else:
        fix = f"{x}, {y} = {x}[:{min(given, made)}], {y}[:{min(given, made)}]  # if the first ones belong together"
    return compared(
        case,
        f"'{y}' holds targets for {given} examples, {shape_text(target)}, and the model predicts {made}, "
        f"{shape_text(output)}.",
        fix,
        target,
        output,
    )


def _rest_of(case: Case, given: int, made: int) -> int:
    """Returns the batch size, if one of two numbers of examples is that, and the other one that of the last batch."""
    x, size = case.argument("x"), case.argument("batch_size")
    n = x.shape[0] if x is not None and x.kind != "list" and x.shape else None
    batch = size.value if size is not None and isinstance(size.value, int) else 32
    if n is None or case.method not in ("fit", "evaluate", "predict") or max(given, made) != batch:
        return 0
    split = case.argument("validation_split")
    share = split.value if split is not None and isinstance(split.value, float) else 0.0
    held_out = n - int(n * (1 - share))
    return batch if min(given, made) in {(n - held_out) % batch, held_out % batch} else 0


def _fixed_batch(case: Case, size: int, target: Shape, output: Shape) -> Finding:
    """A line inside of the model, such as one that draws noise, makes as many rows as a full batch has."""
    layers = case.facts.layers if case.facts is not None else ()
    own = next((x.class_name for x in layers if x.module and not x.module.startswith("keras.")), "")
    x, y = case.argument("x"), target_name(case)
    n = (x.shape or (0,))[0] if x is not None else 0
    names = list(dict.fromkeys((case.variable("x"), y)))
    whole_batches = f"{', '.join(names)} = {', '.join(f'{name}[:{(n or 0) // size * size}]' for name in names)}"
    whole = (n or 0) >= size and "validation_split" not in case.arguments
    cut = f"{whole_batches}  # whole batches of {size}" if whole else ""
    better = (
        f"# {'better, ' if cut else ''}in {f'the call of {own}' if own else 'the model'}: as many rows as its input "
        f"has, not {size}\nnoise = keras.random.normal(keras.ops.shape(x))"
    )
    rest = min(target[0] or 0, output[0] or 0)
    return compared(
        case,
        f"The last batch has {rest} examples, and {own or 'the model'} makes {size} rows: it was written for one size "
        "of the batch.",
        "\n".join(filter(None, (cut, better))),
        target,
        output,
    )


def _unequal_batch(case: Case, data: ArgumentFacts, target: Shape, output: Shape) -> Finding:
    """A batch of a data set or a generator whose inputs and targets are unequally many."""
    few, many = sorted((target[0] or 0, output[0] or 0))
    times, rest = divmod(many, few)
    place = "__getitem__" if data.kind == "pydataset" else data.variable or "the generator"
    fix = (
        f"y = np.concatenate([{', '.join(['y'] * times)}])  # in {place}: x holds each example {times} times"
        if not rest
        else f"x, y = x[:{few}], y[:{few}]  # in {place}: if the first ones belong together"
    )
    return compared(
        case,
        f"A batch of '{data.variable or 'x'}' has {many} examples in one part and {few} in the other: inputs and "
        "targets must be as many.",
        f"print(len(x), len(y))  # of the batch\n{fix}",
        target,
        output,
    )


def _joined_axes(case: Case, target: Shape, output: Shape) -> Finding:
    """The model has as many examples as targets, and its own reshape makes others of them."""
    fix = "keras.ops.reshape(x, (keras.ops.shape(x)[0], -1))  # keeps the batch axis"
    return compared(
        case,
        f"The model makes {output[0]} predictions of {target[0]} examples, {shape_text(output)}: a reshape inside "
        "moves values into the batch axis.",
        f"{fix}\n# better: keras.layers.Reshape(...) and Flatten(), which never touch the batch axis",
        target,
        output,
    )


_GAN = """\
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
real, made = np.random.rand(8, 4), np.random.rand(8, 4)
x, y = np.concatenate([real, made]), np.ones((8, 1))
model.train_on_batch(x, y)
"""
KINDS = (
    Kind(
        id="targets-for-other-examples",
        title="There are targets for fewer or more examples than the model predicts",
        words=(
            *OUTPUT_WORDS,
            Words(
                "TensorFlow",
                "logits and labels must have the same first dimension, got logits shape {output} and labels shape "
                "{target}\n",
            ),
            Words("TensorFlow", "Incompatible shapes: {target} vs. {output} [["),
            Words("TensorFlow", "Incompatible shapes: {target} vs. {output}\n"),
            Words(
                "TensorFlow",
                "Dimensions must be equal, but are {} for '{}' with input shapes: {target}, {output}.\n",
            ),
            Words("PyTorch", "tensor a ({target}) must match the size of tensor b ({output}) at {} dimension 0"),
            Words("JAX", "Incompatible shapes for broadcasting: shapes=[({target}), ({output})]\n"),
            Words("JAX", "got incompatible shapes for broadcasting: ({target}), ({output}).\n"),
        ),
        cause="`fit` counts the examples of arrays. `train_on_batch`, generators and your own steps give them as they "
        "are.",
        failing=_GAN,
        mended=mend(_GAN, "np.ones((8, 1))", "np.concatenate([np.ones((8, 1)), np.zeros((8, 1))])"),
        explain=by_shapes(_other_number),
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
