"""The rule `unmasked-padding`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_inputdiag.keras_vocabulary import LOOKUPS, RECURRENT, TRAINING_ONLY
from tb_inputdiag.numbers import percent, whole
from tb_inputdiag.records import LayerFacts, LimitPicture, ModelFacts, Severity, TensorView, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import tensor_column_curve
from tb_inputdiag.rules.support.labels import class_counts_of, has_one_label_each
from tb_inputdiag.rules.support.layers import after
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair

__all__ = ["UnmaskedPadding"]


class UnmaskedPadding(Rule):
    """Most positions are padding, and nothing leaves them out of the loss, or of what a recurrent layer remembers.

    ## What it does
    Looks at models that answer each position of a sequence of ids. It fires if most positions of the input are 0, at
    least as many labels are class 0, and no mask arrives at the loss: there is no `Embedding(mask_zero=True)`, no
    `Masking` layer, no sample weights, and no `ignore_class`. In other models it fires if ids are padded behind, with 0
    in most positions, and the last output of a recurrent layer is all that the next layer reads. And it fires if sample
    weights are 0 at the ids and not at the padding.

    ## Why is this bad?
    The loss is mostly the loss of the padding, which any model learns within an epoch. Loss and accuracy look
    excellent, while the words are learned slowly or not at all. A recurrent layer that reads a hundred steps of padding
    after ten words has forgotten the words.

    ## Example
    ```python
    x = keras.utils.pad_sequences(sentences, maxlen=80)     # of 3 to 10 words
    keras.layers.Embedding(5000, 64)                        # without mask_zero=True
    ```

    ## What to do
    Set `mask_zero=True`, and check that the layers behind it pass the mask on, as recurrent layers do and convolutions
    do not. Or give a sample weight of 0 to the padding. For a recurrent layer, padding in front will do. Shorter
    sequences and batches of similar length help too.

    ## References
    - https://keras.io/guides/understanding_masking_and_padding/
    """

    id = "unmasked-padding"
    severity = Severity.WARNING
    persistence = 2
    needs = ("own_trainable_variables", "function_nodes", "producer")
    explains = ("class-imbalance", "single-class-batch", "stalled-loss", "constant-output", "initial-loss-off")
    why = "The loss and the accuracy are mostly those of the padding, so they say little about the real positions."

    max_padding = Threshold(
        0.6,
        "Largest fraction of the positions that may be padding without a mask.",
        source="Buckets of similar lengths leave 10-30 %; from about 60 % on most of the gradient is the padding's.",
        high=1.0,
    )
    max_steps = Threshold(
        30,
        "Steps of padding behind the ids that a recurrent layer may read before it gives its last output.",
        source="With the initial forget gate of an LSTM, 0.73, less than 1e-4 of a state is left after 30 steps.",
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges targets with a class for each position."""
        facts = context.facts
        if facts is None or facts.custom_train_step or facts.custom_loss:
            return None
        if weights := context.fed("sample_weight"):
            return [item for view in weights if (item := _upside_down(context, view)) is not None]
        if any(item.class_name == "Masking" or item.config.get("mask_zero") for item in facts.layers):
            return None
        found = [item for pair in context.pairs if (item := self._judge(context, pair)) is not None]
        return found or [item for view in context.fed("input") if (item := self._forgotten(context, facts, view))]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(longest: int, **settings: object) -> Scenario:
            model = (
                layer("embedding", "Embedding", input_dim=50, **settings),
                layer("lstm", "LSTM", units=16, return_sequences=True),
                layer("dense", "Dense", units=6, activation="softmax"),
            )
            rng = np.random.default_rng(1)
            filled = np.arange(20) < rng.integers(2, longest, (16, 1))
            x, y = filled * rng.integers(1, 50, (16, 20)), filled * rng.integers(1, 6, (16, 20))
            return Scenario(model).train(x=x, y=y, y_pred=np.full((16, 20, 6), 1 / 6, np.float32), steps=3)

        def tags() -> Scenario:
            full = run(21)
            x = np.random.default_rng(1).integers(1, 50, (16, 20))
            y = (x > 45).astype(np.int64)
            return Scenario(full.layers).train(x=x, y=y, y_pred=np.full((16, 20, 6), 1 / 6, np.float32), steps=3)

        def weighted(weigh_padding: bool) -> Scenario:
            rng = np.random.default_rng(1)
            filled = np.arange(20) < rng.integers(2, 15, (16, 1))
            x, y = filled * rng.integers(1, 50, (16, 20)), filled * rng.integers(1, 6, (16, 20))
            weights = (filled != weigh_padding).astype(np.float32)
            answer = np.full((16, 20, 6), 1 / 6, np.float32)
            return Scenario(run(7).layers).train(x=x, y=y, y_pred=answer, sample_weight=weights, steps=3)

        return (
            fires("weights of the padding", lambda: weighted(True), "sample_weight:sample_weight", Severity.WARNING),
            silent("weights of the ids", lambda: weighted(False)),
            fires("short sentences, long padding", lambda: run(7), "target:y", Severity.WARNING),
            silent("mask_zero", lambda: run(7, mask_zero=True)),
            silent("little padding", lambda: run(21)),
            silent("a frequent class 0 without padding", tags),
            fires("an LSTM that ends in padding", lambda: _tweets(before=False), "input:x", Severity.WARNING),
            silent("padding in front", lambda: _tweets(before=True)),
            silent("padding behind, pooled", lambda: _tweets(before=False, return_sequences=True)),
        )

    def _forgotten(self, context: Context, facts: ModelFacts, view: TensorView) -> Finding | None:
        """Returns a finding if the last output of a recurrent layer comes after a long stretch of padding."""
        shape, padding = view.shape, view.value("zero_fraction")
        if len(shape) != 2 or padding < self.max_padding or view.value("whole_fraction") != 1 or view.min < 0:
            return None
        steps = padding * shape[1]
        reader = _last_output(facts, [e.layout.layer for e in context.entries if e.layout.sources == (view.name,)])
        ids = view.feature_mean
        behind = len(ids) > 2 and ids[-1] < 0.1 * ids[0]
        if reader is None or not behind or steps < self.max_steps:
            return None
        return Finding(
            subject=view.subject,
            message=f"'{view.name}' is padded behind: {percent(padding)} of its {shape[1]} positions are 0. "
            f"'{reader.name}' reads them without a mask before it gives its last output, about {whole(round(steps))} "
            "steps after the last id.",
            evidence={
                "padding_fraction": padding,
                "expected_max_padding": self.max_padding,
                "steps_of_padding": steps,
                "positions": shape[1],
            },
            fix='x = keras.utils.pad_sequences(texts, padding="pre")  # padding in front\n'
            "# or: keras.layers.Embedding(..., mask_zero=True)",
            why="A recurrent layer forgets what it has read while it reads padding, so its last output says little.",
            picture=LimitPicture(label="steps of padding before the last output", value=steps, limit=self.max_steps),
            curves=(tensor_column_curve(context, view, "zero_fraction", "Fraction of 0"),),
        )

    def _judge(self, context: Context, pair: Pair) -> Finding | None:
        ids = _padded_ids(context, pair)
        counts = class_counts_of(pair)
        if ids is None or counts is None or (pair.loss or {}).get("ignore_class") is not None:
            return None
        padding = ids.value("zero_fraction")
        positions = int(np.prod(pair.target.shape[:2]))
        labelled = float(counts[0]) / positions
        # At least as many labels as ids are 0: a class 0 of real words comes on top of the padding.
        if padding < self.max_padding or labelled < padding - 0.01:
            return None
        return Finding(
            subject=pair.target.subject,
            message=f"{percent(padding)} of the positions of '{ids.name}' are padding (0), '{pair.target.name}' has "
            "class 0 there, and no mask leaves them out of the loss.",
            evidence={
                "padding_fraction": padding,
                "expected_max_padding": self.max_padding,
                "class_0_fraction": labelled,
                "positions": positions,
            },
            fix="keras.layers.Embedding(..., mask_zero=True)  # if all layers behind it pass the mask on\n"
            '# or: model.fit(x, y, sample_weight=(x != 0).astype("float32"))',
            picture=LimitPicture(
                label=f"padding in {ids.name}", value=padding, limit=self.max_padding, unit="fraction"
            ),
            curves=(tensor_column_curve(context, ids, "zero_fraction", "Fraction of 0"),),
        )


def _upside_down(context: Context, weights: TensorView) -> Finding | None:
    """Returns a finding if weights are 0 just where the ids of an input are not: there are as many of each."""
    left_out = weights.value("zero_fraction")
    for ids in context.fed("input"):
        padding = ids.value("zero_fraction")
        of_ids = len(ids.shape) == 2 and ids.shape == weights.shape and ids.value("whole_fraction") == 1
        # half and half fits either way
        if not of_ids or not 0 < padding < 1 or abs(padding - 0.5) < 0.01 or abs(padding + left_out - 1) > 1e-6:
            continue
        return Finding(
            subject=weights.subject,
            message=f"'{weights.name}' is upside down: the weights are 0 at the ids of '{ids.name}' "
            f"({percent(left_out)} of the positions), and above 0 at the padding ({percent(padding)}).",
            evidence={"padding_fraction": padding, "zero_weight_fraction": left_out},
            fix=f'sample_weight = ({variable(ids.name, "input", context.facts)} != 0).astype("float32")',
            picture=WordsPicture(seen="weights of the padding", expected="weights of the ids"),
            curves=(tensor_column_curve(context, ids, "zero_fraction", "Fraction of 0"),),
        )
    return None


def _last_output(facts: ModelFacts, readers: Sequence[str]) -> LayerFacts | None:
    """Returns the recurrent layer that reads embedded ids and gives its last output only, or None."""
    for reader in readers:
        item = facts.layer(reader)
        if item is None or item.class_name not in LOOKUPS:
            continue
        behind = list(after(facts, reader))
        while len(behind) == 1 and behind[0].class_name in TRAINING_ONLY:
            behind = list(after(facts, behind[0].name))
        last = [b for b in behind if b.class_name in RECURRENT and b.config.get("return_sequences") is False]
        if last:
            return last[0]
    return None


def _tweets(before: bool, return_sequences: bool = False) -> Scenario:
    model = (
        layer("embedding", "Embedding", input_dim=50),
        layer("lstm", "LSTM", units=16, return_sequences=return_sequences),
        layer("dense", "Dense", units=1, activation="sigmoid"),
    )
    rng = np.random.default_rng(1)
    filled = np.arange(60) < rng.integers(3, 12, (16, 1))
    x = filled * rng.integers(1, 50, (16, 60))
    y = rng.integers(0, 2, (16, 1))
    scenario = Scenario(model, loss="binary_crossentropy")
    return scenario.train(x=x[:, ::-1] if before else x, y=y, y_pred=np.full((16, 1), 0.5, np.float32), steps=3)


def _padded_ids(context: Context, pair: Pair) -> TensorView | None:
    """Returns the ids that a target has a class for at each position, or None."""
    shape = pair.target.shape
    if pair.kind not in {"sparse", "categorical"} or has_one_label_each(pair) or len(shape) < 2:
        return None
    looked_up = {
        source for view in context.entries if view.layout.layer_class in LOOKUPS for source in view.layout.sources
    }
    for view in context.fed("input"):
        fits = view.shape == shape[:2] and view.value("whole_fraction") == 1
        if fits and (view.name in looked_up or not context.entries):
            return view
    return None
