"""The rule `unmasked-padding`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.keras_vocabulary import LOOKUPS
from tb_inputdiag.numbers import percent
from tb_inputdiag.records import LimitPicture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import tensor_column_curve
from tb_inputdiag.rules.support.labels import class_counts_of, has_one_label_each
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair

__all__ = ["UnmaskedPadding"]


class UnmaskedPadding(Rule):
    """Most positions of the target are padding, and nothing leaves them out of the loss.

    ## What it does
    Looks at models that answer each position of a sequence of ids. It fires if most positions of the input are 0, at
    least as many labels are class 0, and no mask arrives at the loss: there is no `Embedding(mask_zero=True)`, no
    `Masking` layer, no sample weights, and no `ignore_class`.

    ## Why is this bad?
    The loss is mostly the loss of the padding, which any model learns within an epoch. Loss and accuracy look
    excellent, while the words are learned slowly or not at all.

    ## Example
    ```python
    x = keras.utils.pad_sequences(sentences, maxlen=80)     # of 3 to 10 words
    keras.layers.Embedding(5000, 64)                        # without mask_zero=True
    ```

    ## What to do
    Set `mask_zero=True`, and check that the layers behind it pass the mask on, as recurrent layers do and convolutions
    do not. Or give a sample weight of 0 to the padding. Shorter sequences and batches of similar length help too.

    ## References
    - https://keras.io/guides/understanding_masking_and_padding/
    """

    id = "unmasked-padding"
    severity = Severity.WARNING
    persistence = 2
    explains = ("class-imbalance", "single-class-batch", "stalled-loss", "constant-output", "initial-loss-off")
    why = "The loss and the accuracy are mostly those of the padding, so they say little about the real positions."

    max_padding = Threshold(
        0.6,
        "Largest fraction of the positions that may be padding without a mask.",
        source="Buckets of similar lengths leave 10-30 %; from about 60 % on most of the gradient is the padding's.",
        high=1.0,
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges targets with a class for each position."""
        facts = context.facts
        if facts is None or facts.custom_train_step or facts.custom_loss or context.fed("sample_weight"):
            return None
        if any(item.class_name == "Masking" or item.config.get("mask_zero") for item in facts.layers):
            return None
        return [found for pair in context.pairs if (found := self._judge(context, pair)) is not None]

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

        return (
            fires("short sentences, long padding", lambda: run(7), "target:y", Severity.WARNING),
            silent("mask_zero", lambda: run(7, mask_zero=True)),
            silent("little padding", lambda: run(21)),
            silent("a frequent class 0 without padding", tags),
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
