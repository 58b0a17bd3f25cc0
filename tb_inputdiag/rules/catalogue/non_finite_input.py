"""The rule `non-finite-input`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent, whole
from tb_inputdiag.records import MAX_BAD_EXAMPLES, DataSummary, Failure, LimitPicture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, silent
from tb_inputdiag.rules.exceptions import findings_for
from tb_inputdiag.rules.support.curves import nonfinite_curves
from tb_inputdiag.rules.support.finite_rows import keep_finite_code
from tb_inputdiag.rules.support.nonfinite_data import nonfinite_findings
from tb_inputdiag.rules.support.single_examples import bad_examples, names_all
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import join, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["NonFiniteInput"]

_WHY_OUTSIDE_TRAINING = "The predictions become NaN, and so do the metrics and all callbacks that watch them."


class NonFiniteInput(Rule):
    """An input holds NaN or infinities.

    ## What it does
    Counts NaN and infinities in every input of a batch, and names the examples that hold them. It also fires if the
    preprocessing inside the model turns finite values into NaN or infinities. It stays silent if the model removes them
    before a layer with weights reads them, and for additive attention masks of 0 and -inf.

    ## Why is this bad?
    One NaN in one example makes the loss NaN, then all gradients, then all weights. One step destroys the model, and
    every further step is wasted.

    ## Example
    ```python
    x_train = pd.read_csv("sensors.csv").to_numpy()    # an empty cell becomes NaN
    model.fit(x_train, y_train)
    ```

    ## What to do
    Drop such rows or fill the gaps before `fit`. Find out where they come from: empty cells, a division by zero, the
    logarithm of zero.

    ## References
    - https://github.com/keras-team/keras/issues/6921
    """

    id = "non-finite-input"
    severity = Severity.ERROR
    needs = ("own_trainable_variables",)
    judges = "batch"
    splits = ("train", "validation", "predict")
    explains = (*SYMPTOMS, "non-finite-weight", "train-validation-skew", "non-finite-target")
    why = "One such value in a batch makes the loss NaN, then all gradients and weights: one step destroys the model."

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Names all examples of a data set that are not finite."""
        return nonfinite_findings(context, data, "input")

    def on_sample(self, context: Context) -> Findings:
        """Judges every input, as fed and as the first trainable layer reads it."""
        table = context.sample.tensors
        if context.whole_data or not (table.nan_count.any() or table.inf_count.any()):
            return None if context.whole_data else []
        found = []
        bad_fed = set()
        for view in context.fed("input"):
            readers = [e for e in context.entries if view.name in (e.layout.sources or (e.name,))]
            if _bad(view):
                bad_fed.add(view.name)
                if not _is_mask(view) and not (readers and not any(map(_bad, readers))):
                    found.append(_finding(context, view, inside=False))
        for view in context.entries:
            sources = view.layout.sources or (view.name,)
            if _bad(view) and not bad_fed & set(sources) and not _is_mask(view) and not _made_by_a_layer(context):
                found.append(_finding(context, view, inside=True))
        return found

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads PyTorch's exceptions about predictions that NaN in an input has made NaN."""
        return findings_for(self.id, context, failure)

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        gap, log = columns(), columns()
        gap[3, 2] = np.nan
        log[5] = -np.inf
        mask = np.where(columns() > 0, 0.0, -np.inf).astype(np.float32)

        def run() -> Scenario:
            return Scenario(REGRESSOR, loss="mse")

        return (
            fires("an empty cell", lambda: run().train(x=gap, loss=float("nan")), "input:x", Severity.ERROR),
            fires("made by the preprocessing in the model", lambda: run().train(x=columns(), entry=log), "input:x"),
            fires("in validation", lambda: run().train(x=columns()).validate(x=gap), "input:x"),
            fires("in a whole data set", lambda: run().data(x=gap), "input:x", Severity.ERROR),
            silent("a finite data set", lambda: run().data(x=columns())),
            silent("finite", lambda: run().train(x=columns())),
            silent("filled by the model", lambda: run().train(x=gap, entry=np.nan_to_num(gap))),
            silent("an attention mask", lambda: run().train(x={"tokens": columns(), "mask": mask})),
        )


def _made_by_a_layer(context: Context) -> bool:
    """Whether a layer without weights that is not preprocessing makes them: the alert about that layer says more."""
    table, facts = context.sample.layers, context.facts
    if table is None or facts is None:
        return False
    rows = np.flatnonzero(np.nan_to_num(table.nonfinite_count) > 0)
    maker = facts.layer(context.layout.layers[rows[0]].partition("#")[0]) if len(rows) else None
    return maker is not None and not maker.is_preprocessing and not maker.n_params


def _bad(view: TensorView) -> bool:
    return bool(view.nan_count or view.inf_count)


def _is_mask(view: TensorView) -> bool:
    """Whether it holds 0 and -inf only, as additive attention masks do."""
    only_minus = view.nan_count == 0 and view.inf_count == int(view.value("negative_inf_count"))
    return only_minus and view.min == 0 == view.max


def _fix(context: Context, view: TensorView, name: str, empty: list[int]) -> str:
    """Returns code that drops what is bad, or fills the gaps if dropping would leave nothing."""
    last, lines = len(view.shape) - 1, []
    if empty and view.layout.feature_axis == last:
        lines.append(f"{name} = np.delete({name}, {[int(i) for i in empty]}, axis={last})  # has no finite value")
        if view.nan_count + view.inf_count == len(empty) * view.count // view.shape[last]:
            return lines[0]
    if names_all(context, view):
        lines += [
            f"{name} = np.where(np.isfinite({name}), {name}, np.nan)",
            f"{name} = np.where(np.isnan({name}), np.nanmedian({name}, axis=0), {name})  # "
            f"{'fills the remaining gaps' if lines else 'every example has gaps'}",
        ]
    else:
        lines += [
            f"{keep_finite_code(context, view, 'input')}  # drops these examples",
            "# or fill the gaps:",
            f"{name} = np.nan_to_num({name}, nan=0.0, posinf=0.0, neginf=0.0)",
        ]
    return "\n".join(lines)


def _finding(context: Context, view: TensorView, *, inside: bool) -> Finding:
    layout = view.layout
    source = (layout.sources or (view.name,))[0] if inside else view.name
    name = variable(source, "input", context.facts)
    counts = [f"{whole(n)} {what}" for n, what in ((view.nan_count, "NaN"), (view.inf_count, "infinite")) if n]
    total = view.nan_count + view.inf_count
    examples = view.bad_examples
    more = " (and maybe more)" if len(examples) == MAX_BAD_EXAMPLES else ""
    which = f", in example{'s' if len(examples) > 1 else ''} {join(examples, 8)}{more} of the batch" if examples else ""
    empty = [layout.features[i] for i in np.flatnonzero(~np.isfinite(view.feature_mean))] if layout.features else []
    columns_text = f"; feature {join(empty)} has no finite value" if empty else ""
    if inside:
        fix = (
            f"# The preprocessing in front of '{layout.layer}' makes them from finite values. Look for log(0),\n"
            f"# a division by 0, a Normalization that was adapted to a constant column.\n"
            f"x = keras.ops.log(x + 1e-6)  # for example"
        )
    else:
        if context.split == "validation":
            name = "x_val" + name.removeprefix("x")
        fix = _fix(context, view, name, empty)
    after = f" after the preprocessing in front of layer '{layout.layer}'" if inside else ""
    return Finding(
        subject=f"input:{source}",
        message=f"'{source}' holds {join(counts)} value{'s' if total > 1 else ''} of {whole(view.count)} "
        f"({percent(total / max(view.count, 1))}){after}{which}{columns_text}.",
        evidence={
            "nan_count": view.nan_count,
            "inf_count": view.inf_count,
            "count": view.count,
            "bad_examples": list(examples),
            "empty_features": [int(i) for i in empty],
            "min": view.min,
            "max": view.max,
        },
        fix=fix,
        why="" if context.split == "train" else _WHY_OUTSIDE_TRAINING,
        picture=LimitPicture(label=f"NaN or infinite values of {source}", value=total, limit=0),
        curves=nonfinite_curves(context, view),
        examples=bad_examples(context, view),
    )
