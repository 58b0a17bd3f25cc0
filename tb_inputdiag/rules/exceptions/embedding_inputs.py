"""Tables that reach an Embedding with an axis too many: one-hot rows, or a last axis of length 1."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.model_inputs import model_input
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shape_errors import RankError, read_shape_error
from tb_inputdiag.rules.support.shapes import Shape, parse_shape, tuple_code

__all__ = ["KINDS"]

_KEEPING = {"Activation", "BatchNormalization", "Dropout", "LayerNormalization", "Masking", "SpatialDropout1D"}
"""Layers behind an Embedding that keep the shape of its vectors."""
_FEW = 8
"""Ids of one step, such as those of several features. A longer axis is more likely a one-hot row."""


def _is_embedded(case: Case, ids: Shape) -> bool:
    """Tells whether an Embedding has made what the layer reads, of ids that have this shape."""
    known = model_input(case)
    if known is not None and len(known.shape) != len(ids):
        return False
    chains = [argument.layers for argument in case.arguments.values() if "Embedding" in argument.layers]
    layers = case.facts.layers if case.facts is not None else ()
    if known is not None:
        return bool(chains) or any(layer.class_name == "Embedding" for layer in layers)
    behind = [chain[len(chain) - chain[::-1].index("Embedding") :] for chain in chains]
    return case.method == "__call__" and any(set(names) <= _KEEPING for names in behind)


def _vectors(case: Case) -> tuple[Shape, str] | None:
    """Returns the shape of what the layer reads if it has one axis too many, and the layer's name if it is known."""
    error = read_shape_error(case.text)
    if isinstance(error, RankError):
        return (error.got, error.layer) if len(error.got) == error.rank + 1 else None
    kernel, got = parse_shape(case["kernel"] or "()"), parse_shape(case["shape"] or "()")
    return (got, "") if kernel and got and len(got) == len(kernel) + 1 else None


def _too_many_axes(case: Case) -> Finding | None:
    found = _vectors(case)
    if found is None or len(found[0]) < 4 or not _is_embedded(case, found[0][:-1]):
        return None
    (got, layer), known = found, model_input(case)
    ids = got[:-1]
    if known is not None and len(known.shape) == len(ids) and None not in known.shape[1:]:
        ids = known.shape
    name = known.data if known is not None else "x"
    embedded = [
        item for item in (case.facts.layers if case.facts is not None else ()) if item.class_name == "Embedding"
    ]
    words = embedded[0].config.get("input_dim") if len(embedded) == 1 else None
    size, rows = ids[-1], tuple_code(ids[1:-1])
    if size == 1:
        what, fix = "an axis of length 1", f"{name} = {name}[..., 0]  # ids without the axis of length 1"
    elif size == words or (words is None and (size or 0) > _FEW):
        what, fix = f"one-hot rows of {size}", f"{name} = {name}.argmax(axis=-1)  # the id in place of the one-hot row"
    else:
        return _joined(case, got, layer, size)
    return case.finding(
        f"An Embedding reads ids and makes a vector of each, and '{name}' has {what}, {shape_text(ids)}: its output "
        f"has an axis too many, {shape_text(got)}.",
        f"{fix}\nkeras.Input({rows})  # if the model has an Input",
        seen=shape_text(ids),
        expected=shape_text(ids[:-1]),
        subject="input:x",
        evidence={"shape": list(ids), "embedded_shape": list(got), "layer": layer},
        picture=ShapesPicture(seen=tuple(ids), expected=tuple(ids[:-1])),
    )


def _joined(case: Case, got: Shape, layer: str, ids: int | None) -> Finding | None:
    """Several ids of each step, whose vectors are put one behind the other."""
    if len(got) != 4 or None in got[1:]:
        return None
    steps, size = got[1], (got[2] or 0) * (got[3] or 0)
    return case.finding(
        f"An Embedding makes a vector of each of the {ids} ids of a step, {shape_text(got)}: an axis too many for "
        f"'{layer or 'the next layer'}'.",
        f"keras.layers.Reshape(({steps}, {size}))  # behind the Embedding: the vectors of a step in one row",
        seen=shape_text(got),
        expected=shape_text((got[0], steps, size)),
        subject=f"layer:{layer}" if layer else "model",
        evidence={"shape": list(got), "layer": layer},
        picture=ShapesPicture(seen=tuple(got), expected=(got[0], steps, size)),
    )


_ONE_HOT = """\
x = np.eye(30)[np.random.randint(0, 30, (8, 20))]
model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Embedding(30, 8)])
model.add(keras.layers.LSTM(4))
"""
KINDS = (
    Kind(
        id="embedding-of-one-hot-rows",
        title="An Embedding reads one-hot rows, or ids with an axis too many",
        words=(
            Words("Keras", "is incompatible with the layer: expected ndim={rank}, found ndim={found}"),
            Words(
                "Keras",
                "Kernel shape must have the same length as input, but received kernel of shape {kernel} and "
                "input of shape {shape}.\n",
            ),
        ),
        cause="An Embedding looks up one row of its table for each number that it reads.",
        failing=_ONE_HOT,
        mended=mend(_ONE_HOT, "np.eye(30)[np.random.randint(0, 30, (8, 20))]", "np.random.randint(0, 30, (8, 20))"),
        explain=_too_many_axes,
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
