"""The rule `target-in-input`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tb_inputdiag.numbers import whole
from tb_inputdiag.records import JSON, LayerFacts, LimitPicture, ModelFacts, Severity, TensorLayout, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold, findings_of
from tb_inputdiag.rules.examples import Example, Scenario, columns, fires, layer, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.near_copies import read_by_keras
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.statistics.target_copies import EXACT, Comparison, comparisons

__all__ = ["TargetInInput"]


class TargetInInput(Rule):
    """The target is part of the input, so the model only has to copy it.

    ## What it does
    Compares each target with the inputs of the same batch, value by value. It fires if one column, one step of a
    window, or the step of a sequence that is to be predicted holds the target in all rows, as it is or multiplied by a
    number and moved. It also fires if the target is the next step of a sequence, and a layer reads that step: from both
    ends, by self-attention without a causal mask, or by a convolution that is padded on both sides. It is silent where
    the whole input is the target, as in autoencoders, and where half of the columns or more are like it.

    ## Why is this bad?
    The loss falls to 0 and the metrics are perfect, in validation, too. The model has learned to copy, and nothing that
    holds for new data, for which the target is not known.

    ## Example
    ```python
    x = StandardScaler().fit_transform(frame)                  # the label is still one of the columns
    model.fit([source, target], target)                        # the decoder reads the very token that it has to say
    x, y = series[i : i + 24], series[i + 23]                  # the target is the last step of the window
    ```

    ## What to do
    Drop the column, let the window end before the target, or shift the decoder's input by one step. To predict the next
    step, call attention with `use_causal_mask=True`. Calls inside of layers of your own are not known to the rule.

    ## References
    - Kaufman, Rosset, Perlich: Leakage in Data Mining: Formulation, Detection, and Avoidance (KDD 2011).
    - https://keras.io/examples/nlp/lstm_seq2seq/
    """

    id = "target-in-input"
    severity = Severity.WARNING
    persistence = 2
    needs = ("own_trainable_variables", "function_nodes", "producer", "symbolic_calls")
    explains = ("unfinished-training", "overfitting", "train-validation-overlap")
    why = "The model learns to copy the target, not to predict it: metrics look good, and it fails on new data."

    min_rows = Threshold(
        24,
        "Rows that differ in the target and must all agree with the same place of the input.",
        source="Of 1,024 columns of zeros and ones, one agrees in 24 rows by chance in 1 of 16,000 cases.",
        low=1,
    )
    max_share = Threshold(
        0.5,
        "Share of the values of the inputs from which on a copy is normal.",
        source="Inputs that are made of the target, as in autoencoders and toy data, have it in all of their columns.",
        high=1.0,
    )
    min_shifted = Threshold(
        0.999,
        "Share of the steps in which target and neighbouring step of the input must be equal.",
        source="All but the last one of a sequence that was cut, where the following step is not known.",
        high=1.0,
    )

    def start(self) -> None:
        """Forgets the rows that agreed."""
        self._agreed: dict[str, tuple[tuple[int, int], float]] = {}
        self._compared: dict[tuple[int, int], Comparison] = {}

    def on_layout(self, context: Context) -> None:
        """Finds what is compared in samples of this layout."""
        self._compared = {(c.target, c.source): c for c in comparisons(context.layout.tensors)}

    def on_sample(self, context: Context) -> Findings:
        """Judges each target."""
        return findings_of(self._judge(context, view) for view in context.fed("target"))

    def _judge(self, context: Context, view: TensorView) -> Finding | bool | None:
        """Returns what was found, False for nothing, None for no verdict."""
        if not np.isfinite(source_index := view.value("copy_input")):
            return None
        compared = self._compared.get((view.index, int(source_index)))
        if compared is None:
            return None
        source = context.layout.tensors[compared.source]
        if compared.shifts and (neighbour := self._neighbour(context, view, compared, source)) is not None:
            return neighbour
        if view.value("copy_residual") > EXACT or not self._counts(context, view, compared, source):
            self._agreed.pop(view.subject, None)
            return False
        place = compared.source, int(view.value("copy_place"))
        before, rows = self._agreed.get(view.subject, (place, 0.0))
        rows = view.value("copy_rows") + (rows if before == place else 0.0)
        self._agreed[view.subject] = place, rows
        return self._finding(context, view, compared, source, rows) if rows >= self.min_rows else None

    def _counts(self, context: Context, view: TensorView, compared: Comparison, source: TensorLayout) -> bool:
        """Returns whether a copy is a fault here."""
        if compared.shifts and view.value("copy_share") > self.max_share:
            return context.facts is not None and _keeps_steps(context.facts)
        if view.value("copy_share") > self.max_share or (compared.width > 1 and compared.width == compared.targets):
            return False
        return compared.width > 1 or compared.steps > 0 or read_by_keras(context, source.name)

    def _neighbour(
        self, context: Context, view: TensorView, compared: Comparison, source: TensorLayout
    ) -> Finding | None:
        """Returns a finding about the step before or after, where the model reads it."""
        facts = context.facts
        if facts is None or view.value("copy_rows") < self.min_rows or view.value("copy_residual") <= EXACT:
            return None
        if view.value("next_step_equal") >= self.min_shifted and _keeps_steps(facts) and (ahead := _looks_ahead(facts)):
            how, fix = _WAYS_AHEAD.get(ahead.class_name, _WAYS_AHEAD["MultiHeadAttention"])
            message = (
                f"The target '{view.name}' is the next step of '{source.name}', and '{ahead.name}' {how}, so it sees "
                "the next step."
            )
            return self._shaped(context, view, source, message, fix, view.value("next_step_equal"))
        many = len(context.fed("input")) > 1
        if view.value("previous_step_equal") >= self.min_shifted and many:
            message = (
                f"The target '{view.name}' is the previous step of '{source.name}': it was shifted in the wrong "
                "direction, so the model has read each target before it has to predict it."
            )
            return self._shaped(context, view, source, message, _shift(context, source), 1.0)
        return None

    def _finding(
        self, context: Context, view: TensorView, compared: Comparison, source: TensorLayout, rows: float
    ) -> Finding:
        equal = view.value("copy_equal") == 1
        same = "equals" if equal else "is, multiplied by a number and moved,"
        place = int(view.value("copy_place"))
        name = variable(source.name, "input", context.facts)
        window = len(source.shape or ()) == 3 and not compared.steps
        if compared.steps:
            column = f"Column {place} of '{source.name}'" if compared.width > 1 else f"'{source.name}'"
            message = f"{column} {same} the target '{view.name}' at the very step that is to be predicted."
            fix = _shift(context, source) if compared.width == 1 else f"{name} = np.delete({name}, {place}, axis=2)"
        elif window:
            step, column_index = divmod(place, (source.shape or (1,))[-1] or 1)
            steps = (source.shape or (0, 0))[1]
            message = (
                f"Step {step} of the {steps} steps of '{source.name}', column {column_index}, {same} the target "
                f"'{view.name}'."
            )
            fix = f"y = series[{steps}:]  # what comes after the window {name}[i] = series[i : i + {steps}]"
        elif compared.width > 1:
            message = f"Column {place} of '{source.name}' {same} the target '{view.name}'."
            fix = f"{name} = np.delete({name}, {place}, axis=1)  # the target itself"
        else:
            message = f"The input '{source.name}' {same} the target '{view.name}'."
            fix = f"# Leave the input '{source.name}' out: it is the target."
        severity = Severity.INFO if window and not equal else None
        message = f"{message[:-1]}, in all of {whole(int(rows))} rows that differ."
        return self._shaped(context, view, source, message, fix, 1 - view.value("copy_residual"), severity)

    def _shaped(
        self,
        context: Context,
        view: TensorView,
        source: TensorLayout,
        message: str,
        fix: str,
        likeness: float,
        severity: Severity | None = None,
    ) -> Finding:
        return Finding(
            subject=view.subject,
            message=message,
            evidence={
                "input": source.name,
                "place": int(view.value("copy_place")),
                "equal_fraction": view.value("copy_equal"),
                "squared_correlation": 1 - view.value("copy_residual"),
                "share_of_columns": view.value("copy_share"),
            },
            fix=fix,
            severity=severity,
            picture=LimitPicture(
                label="agreement of target and input", value=likeness, limit=self.min_shifted, unit="fraction"
            ),
            curves=tensor_curves(context, view),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        return (
            fires("the label among the columns", lambda: _table(3), "target:y", Severity.WARNING),
            fires("the label among scaled columns", lambda: _table(3, factor=0.01), "target:y", Severity.WARNING),
            fires("a window that ends too late", lambda: _windows(-1), "target:y", Severity.WARNING),
            fires("a decoder that is not shifted", lambda: _decoder(0), "target:y", Severity.WARNING),
            fires("a decoder that is shifted backwards", lambda: _decoder(-1), "target:y", Severity.WARNING),
            fires("a language model that reads ahead", lambda: _language("Bidirectional", 1), "target:y"),
            fires(
                "a language model without a causal mask",
                lambda: _language("MultiHeadAttention", 1, reads_all_steps=True),
                "target:y",
            ),
            fires("a language model without a shift", lambda: _language("LSTM", 0), "target:y"),
            silent("a table without the label", lambda: _table(None)),
            silent("a forecast", lambda: _windows(None)),
            silent("teacher forcing", lambda: _decoder(1)),
            silent("a language model", lambda: _language("LSTM", 1)),
            silent(
                "a language model with a causal mask", lambda: _language("MultiHeadAttention", 1, reads_all_steps=False)
            ),
            silent("a wavenet", lambda: _language("Conv1D", 1, padding="causal")),
            silent("a tagger with attention", lambda: _language("MultiHeadAttention", None, reads_all_steps=True)),
            silent("an autoencoder of a table", lambda: _copies(columns(rows=64))),
            silent("an autoencoder of sequences", _sequence_autoencoder),
            silent("all columns are the label", lambda: _copies(np.repeat(columns(rows=64, n=1), 8, 1), first=True)),
            silent("a label that a layer of the user's own reads", _margin_loss),
        )


def _keeps_steps(facts: ModelFacts) -> bool:
    """Returns whether all layers hand on every step of a sequence, so that nothing has to be remembered."""
    shapes = [item.output_shape for item in facts.layers if not _is_inner(facts, item)]
    if facts.kind == "subclassed" or not shapes or any(shape is None or len(shape) != 3 for shape in shapes):
        return False
    return len({shape[1] for shape in shapes if shape is not None}) == 1


def _is_inner(facts: ModelFacts, item: LayerFacts) -> bool:
    """Returns whether the shape of a layer says nothing: an input, a table of vectors for steps, or a part of a layer.

    Parts of attention have shapes of their own, and tables inside of layers are looked up in ways that no graph shows.
    """
    if item.class_name == "InputLayer" or (item.class_name == "Embedding" and item.output_shape is None):
        return True
    parent = facts.layer(item.parent) if item.parent else None
    return parent is not None and "reads_all_steps" in parent.config


_WAYS_AHEAD = {
    "Bidirectional": (
        "reads sequences from both ends",
        "keras.layers.LSTM(units, return_sequences=True)  # not Bidirectional",
    ),
    "Conv1D": (
        'reads steps before and after each (padding="same")',
        'keras.layers.Conv1D(filters, kernel_size, padding="causal")',
    ),
    "MultiHeadAttention": (
        "is self-attention without a causal mask",
        "attention(x, x, use_causal_mask=True)  # MultiHeadAttention",
    ),
}
"""Class of a layer -> how it sees later steps, and the fix. Other classes are attention, too."""


def _looks_ahead(facts: ModelFacts) -> LayerFacts | None:
    """Returns a layer that reads steps that come later, or None."""
    return next((item for item in facts.layers if _reads_later_steps(item)), None)


def _reads_later_steps(item: LayerFacts) -> bool:
    if item.class_name == "Conv1D":
        size = item.config.get("kernel_size")
        width = size[0] if isinstance(size, list | tuple) and size else size
        return item.config.get("padding") == "same" and isinstance(width, int) and width > 1
    return item.class_name == "Bidirectional" or item.config.get("reads_all_steps") is True


def _shift(context: Context, source: TensorLayout) -> str:
    name = variable(source.name, "input", context.facts)
    return f"{name} = np.pad(target[:, :-1], ((0, 0), (1, 0)))  # one step behind"


_RNG = 11


def _table(leaked: int | None, factor: float = 1.0) -> Scenario:
    rng, scenario = np.random.default_rng(_RNG), Scenario()
    for _ in range(4):
        x = rng.normal(size=(32, 8)).astype(np.float32)
        y = (rng.random((32, 1)) < 0.3).astype(np.float32)
        if leaked is not None:
            x[:, leaked] = y[:, 0] * factor - (1 - factor)
        scenario.train(x=x, y=y)
    return scenario


def _windows(step: int | None) -> Scenario:
    rng, scenario = np.random.default_rng(_RNG), Scenario()
    for _ in range(4):
        x = rng.normal(size=(32, 12, 2)).astype(np.float32)
        scenario.train(x=x, y=rng.normal(size=(32, 1)) if step is None else x[:, step, :1])
    return scenario


def _decoder(shift: int) -> Scenario:
    """A decoder that reads the target, moved by so many steps."""
    rng, scenario = np.random.default_rng(_RNG), Scenario(_sequence("LSTM"))
    for _ in range(4):
        source, target = rng.integers(1, 30, (2, 16, 9))
        read = {0: target, 1: np.pad(target[:, :-1], ((0, 0), (1, 0))), -1: np.pad(target[:, 1:], ((0, 0), (0, 1)))}
        scenario.train(x={"source": source, "decoder_in": read[shift]}, y=target)
    return scenario


def _sequence(reader: str, steps: int = 9) -> tuple[LayerFacts, ...]:
    shape = (None, steps, 16)
    return (
        layer("embedding", "Embedding", output_shape=shape, input_dim=30),
        layer("reader", reader, output_shape=shape),
        layer("dense", "Dense", output_shape=(None, steps, 30), units=30, activation="softmax"),
    )


def _language(reader: str, shift: int | None, **config: JSON) -> Scenario:
    """A model of sequences whose target is the input, moved by so many steps, or something else."""
    embedding, between, dense = _sequence(reader)
    between = replace(between, config={**between.config, "kernel_size": 3, **config})
    rng, scenario = np.random.default_rng(_RNG), Scenario((embedding, between, dense))
    for _ in range(4):
        text = rng.integers(1, 30, (16, 10))
        target = rng.integers(1, 30, (16, 9)) if shift is None else text[:, shift : 9 + shift]
        scenario.train(x=text[:, :9], y=target)
    return scenario


def _copies(x: np.ndarray, first: bool = False) -> Scenario:
    return Scenario().train(x=x, y=x[:, :1] if first else x, steps=4)


def _sequence_autoencoder() -> Scenario:
    embedding, _, dense = _sequence("LSTM")
    squeezed = layer("encoder", "LSTM", output_shape=(None, 16)), layer("repeat", "RepeatVector", n_params=0)
    rng, scenario = np.random.default_rng(_RNG), Scenario((embedding, *squeezed, dense))
    for _ in range(4):
        x = rng.integers(1, 30, (16, 9))
        scenario.train(x=x, y=x)
    return scenario


def _margin_loss() -> Scenario:
    own = layer("arcface", "ArcFace", module="mine", units=10)
    rng, scenario = np.random.default_rng(_RNG), Scenario((layer("dense", "Dense", units=8), own))
    for _ in range(4):
        y = rng.integers(0, 10, (32, 1))
        x = {"image": rng.random((32, 20)).astype(np.float32), "label": y}
        scenario.train(x=x, y=y, entry_layers={"label": "arcface"})
    return scenario
