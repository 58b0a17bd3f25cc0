"""The rule `token-out-of-range`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from tb_inputdiag.numbers import format_number, interval, percent, whole
from tb_inputdiag.records import ExpectedRange, Failure, LimitPicture, Severity, Span, TensorLayout, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, class_ids, fires, layer, silent
from tb_inputdiag.rules.exceptions import findings_for
from tb_inputdiag.rules.support.curves import layer_curve, named_tensor_curves, tensor_curves
from tb_inputdiag.rules.support.failures import essential_text
from tb_inputdiag.rules.support.pictures import range_picture, span_of
from tb_inputdiag.rules.support.single_examples import extreme_examples
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["TokenOutOfRange"]

_COUNTED = re.compile(r"indices\[(\d+)\] = (\d+) is not in")
_MESSAGE = re.compile(r"indices\[[\d,]*\] = (-?\d+) is not in \[0, (\d+)\)")


class TokenOutOfRange(Rule):
    """An embedding has no row for an id, or gets numbers that are not ids.

    ## What it does
    Compares the ids that an `Embedding` reads with its `input_dim`. It also fires on numbers between the whole ones,
    which are cut to ids, and reads the exception that TensorFlow raises for ids out of range on a CPU.

    ## Why is this bad?
    An embedding with `input_dim=n` has rows 0 to n-1. On a CPU the step fails. On a GPU, or compiled with XLA, the
    embedding silently returns zeros, the last row or NaN.

    ## Example
    ```python
    lookup = keras.layers.StringLookup(max_tokens=1000)
    keras.layers.Embedding(input_dim=len(words), output_dim=64)      # forgets padding and unknown words
    ```

    ## What to do
    Set `input_dim` to the largest id + 1, or to `lookup.vocabulary_size()` for a lookup layer. Negative ids usually
    come from padding with -1: pad with 0 and set `mask_zero=True`.

    ## References
    - https://keras.io/api/layers/core_layers/embedding/
    """

    id = "token-out-of-range"
    severity = Severity.ERROR
    needs = ("own_trainable_variables",)
    splits = ("train", "validation", "predict")
    explains = SYMPTOMS
    supersedes = ("shape-mismatch",)
    why = "The embedding has no such row: the step fails on a CPU, and silently reads arbitrary values elsewhere."

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Returns the ids that each embedding has rows for."""
        for view in context.entries:
            rows = _rows(context, view)
            if rows is not None:
                yield ExpectedRange(
                    rule=self.id,
                    subject=view.subject,
                    stage="entry",
                    low=0.0,
                    high=rows - 1.0,
                    reason=f"The embedding '{view.layout.layer}' has rows 0 to {whole(rows - 1)}.",
                )

    def on_sample(self, context: Context) -> Findings:
        """Judges what embeddings read."""
        return [found for view in context.entries if (found := self._judge(context, view)) is not None]

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads the exception."""
        found = findings_for(self.id, context, failure)
        match = _MESSAGE.search(essential_text(failure.message))
        if match is None or found is not None:
            return found or []
        inputs = [t for t in failure.fed if t.role == "input"]
        value, rows = int(match[1]), int(match[2])
        where = failure.where
        if not where and context.facts is not None:
            embeddings = [i for i in context.facts.layers if i.class_name == "Embedding"]
            fitting = [i.name for i in embeddings if i.config.get("input_dim") == rows]
            where = fitting[0] if fitting else ""
        name = inputs[0].name if len(inputs) == 1 else "x"
        # Ids that the model makes itself, such as positions, are not in any input.
        entries = set(context.facts.entries.values()) if context.facts is not None else set()
        fed = len(inputs) == 1 and (not where or not entries or where in entries)
        counted = _COUNTED.search(essential_text(failure.message))
        if counted is not None and counted[1] == counted[2]:
            return [_positions(context, inputs, name, rows, where)]
        finding = _finding(context, name, value, value, rows, where, fed=fed)
        picture = range_picture(Span(low=value, high=value, label="Seen"), 0.0, rows - 1.0)
        curves = named_tensor_curves("input", name, expected=picture.expected) if fed else (layer_curve(where),)
        return [replace(finding, picture=picture, curves=curves)]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        model = (layer("embedding", "Embedding", input_dim=100), *REGRESSOR)
        counted = "indices[100] = 100 is not in [0, 100)\n\t [[{{node position/GatherV2}}]]"
        message = "Graph execution error:\n\nindices[0,3] = 118 is not in [0, 100)\n\t [[{{node embedding/GatherV2}}]]"

        def ids(top: int, first: int = 0) -> Scenario:
            return Scenario(model).train(x=class_ids(top, rows=400, first=first).reshape(40, 10))

        return (
            fires("ids of one row too many", lambda: ids(101), "input:x", Severity.ERROR),
            fires("padding with -1", lambda: ids(50, -1), "input:x"),
            fires(
                "the exception of TensorFlow",
                lambda: Scenario(model).fail("InvalidArgumentError", message),
                "layer:embedding",
            ),
            fires("ids that were scaled to 0..1", _scaled, "input:x", Severity.ERROR),
            silent("0..99", lambda: ids(100)),
            fires("more positions than rows", lambda: Scenario(model).fail("InvalidArgumentError", counted), "input:x"),
            silent("another exception", lambda: Scenario(model).fail("ValueError", "indices are not sorted")),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        rows = _rows(context, view)
        if rows is None:
            return None
        name = (view.layout.sources or (view.name,))[0]
        if view.value("whole_fraction") < 1 and view.nan_count + view.inf_count == 0:
            return _fractions(context, view, name, rows)
        if not (view.min < 0 or view.max >= rows):
            return None
        picture = range_picture(span_of(view), 0.0, rows - 1.0)
        return replace(
            _finding(context, name, view.min, view.max, rows, view.layout.layer),
            picture=picture,
            curves=tensor_curves(context, view, expected=picture.expected),
            examples=extreme_examples(context, view, 0.0, rows - 1.0),
        )


def _scaled() -> Scenario:
    model = (layer("embedding", "Embedding", input_dim=100), *REGRESSOR)
    return Scenario(model).train(x=(class_ids(100, rows=400).reshape(40, 10) / 100).astype("float32"))


def _rows(context: Context, view: TensorView) -> int | None:
    """Returns the number of rows of the embedding that reads a tensor, or None if another layer reads it."""
    reader = context.facts.layer(view.layout.layer) if context.facts is not None else None
    rows = reader.config.get("input_dim") if reader is not None and reader.class_name == "Embedding" else None
    return rows if isinstance(rows, int) else None


def _fractions(context: Context, view: TensorView, name: str, rows: int) -> Finding:
    """Returns the finding that ids were scaled like measured numbers."""
    between = 1 - view.value("whole_fraction")
    code = variable(name, "input", context.facts)
    return Finding(
        subject=f"input:{name}",
        message=f"'{name}' holds {interval(view.min, view.max)}, {percent(between)} of it not whole numbers, but "
        f"embedding '{view.layout.layer}' looks up ids: it drops what follows the decimal point.",
        evidence={"min": view.min, "max": view.max, "fraction_not_whole": between, "layer": view.layout.layer},
        fix=f'{code} = ids.astype("int32")  # the ids themselves, not scaled',
        why="Ids that were scaled to 0..1 all become the id 0, so the model sees the same for all examples.",
        picture=range_picture(span_of(view), 0.0, rows - 1.0),
        curves=tensor_curves(context, view),
    )


def _positions(context: Context, inputs: list[TensorLayout], name: str, rows: int, where: str) -> Finding:
    """Returns the finding that sequences are too long: ids that count up from 0 are positions."""
    code = variable(name, "input", context.facts)
    shape = inputs[0].shape if len(inputs) == 1 else None
    steps = shape[1] if shape is not None and len(shape) > 1 else None
    return Finding(
        subject=f"input:{name}",
        message=f"'{name}' has {whole(steps) if steps else f'more than {whole(rows)}'} steps, but embedding "
        f"'{where}' has "
        f"rows for {whole(rows)} positions.",
        evidence={"steps": steps, "positions": rows, "layer": where},
        fix=f"keras.layers.Embedding(input_dim={steps or '...'}, ...)  # of the positions\n"
        f"{code} = {code}[:, :{rows}]  # or use shorter sequences",
        picture=LimitPicture(label=f"steps of {name}", value=steps or rows + 1, limit=rows),
        curves=named_tensor_curves("input", name),
    )


def _finding(
    context: Context, name: str, low: float, high: float, rows: int, where: str, *, fed: bool = True
) -> Finding:
    code = variable(name, "input", context.facts)
    if low < 0:
        fix = (
            f"{code} = np.where({code} < 0, 0, {code})  # 0 is padding\nkeras.layers.Embedding({rows}, ..., "
            f"mask_zero=True)"
        )
    else:
        fix = f"keras.layers.Embedding(input_dim={int(high) + 1}, ...)  # the largest id + 1"
        fix += "\n# or, with a lookup layer: input_dim=lookup.vocabulary_size()"
    span = f"ids from {interval(low, high)}" if low != high else f"the id {format_number(low)}"
    of = f"embedding '{where}'" if where else "the embedding"
    holder = f"'{name}' holds {span}" if fed else f"The model looks up {span}"
    return Finding(
        subject=f"input:{name}" if fed else f"layer:{where}",
        message=f"{holder}, but {of} has rows 0 to {whole(rows - 1)}.",
        evidence={"min": low, "max": high, "expected_low": 0, "expected_high": rows - 1, "layer": where},
        fix=fix,
    )
