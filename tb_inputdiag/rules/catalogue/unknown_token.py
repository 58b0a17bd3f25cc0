"""The rule `unknown-token`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent, whole
from tb_inputdiag.records import LimitPicture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.views.context import Context

__all__ = ["UnknownToken"]

_UNKNOWN = (1, 2)
"""`TextVectorization` and `StringLookup` give unknown words the id 1, `keras.datasets.imdb.load_data` the id 2."""


class UnknownToken(Rule):
    """Most words of a text have the same id, as words do that are not in the vocabulary.

    ## What it does
    Looks at the ids that an `Embedding` of at least 100 rows reads, in sequences of at least five steps. Padding, the
    id 0, is left out. It fires if most of the rest are the id 1 or 2, which Keras gives to unknown words. For another
    id it is an INFO.

    ## Why is this bad?
    The model reads "unknown, unknown, unknown". Usually the vocabulary was taken from other texts, or from text that
    was cleaned differently: with punctuation, in capitals, split into other pieces.

    ## Example
    ```python
    vectorize.adapt(labels)                 # meant: the texts
    ids = vectorize(texts)
    ```

    ## What to do
    Call `adapt` with all training texts, raise `max_tokens`, and clean all texts in the same way.

    ## References
    - https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/
    """

    id = "unknown-token"
    severity = Severity.WARNING
    persistence = 2
    splits = ("train", "validation")
    needs = ("own_trainable_variables",)
    explains = ("stalled-loss", "constant-output", "overfitting", "initial-loss-off")
    why = "The model cannot tell words apart that all have the same id."

    max_share = Threshold(
        0.6,
        "Largest share of one id among those that are not padding.",
        source="The most frequent word of a text has 4-7 %; a vocabulary of 1,000 words leaves 10-25 % unknown.",
        high=1.0,
    )
    min_rows = Threshold(
        100, "Rows of an embedding from which on ids are words.", source="Alphabets, bases and notes have fewer."
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges what embeddings read."""
        return [found for view in context.entries if (found := self._judge(context, view)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(share: float, common: int = 1, rows: int = 2000) -> Scenario:
            rng = np.random.default_rng(0)
            ids = np.where(rng.random((16, 40)) < share, common, rng.integers(2, rows, (16, 40)))
            ids[:, 30:] = 0
            return Scenario((layer("embedding", "Embedding", input_dim=rows),)).train(x=ids, steps=3)

        return (
            fires("unknown words", lambda: run(0.9), "input:x", Severity.WARNING),
            fires("one word", lambda: run(0.9, common=17), "input:x", Severity.INFO),
            silent("some unknown words", lambda: run(0.3)),
            silent("a small alphabet", lambda: run(0.9, rows=20)),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        reader = context.facts.layer(view.layout.layer) if context.facts is not None else None
        rows = reader.config.get("input_dim") if reader is not None and reader.class_name == "Embedding" else None
        sequence = len(view.shape) == 2 and view.shape[1] >= 5
        if not isinstance(rows, int) or rows < self.min_rows or not sequence or view.value("whole_fraction") != 1:
            return None
        found = _most_frequent(view)
        if found is None or found[1] <= self.max_share:
            return None
        common, share = found
        name = (view.layout.sources or (view.name,))[0]
        return Finding(
            subject=f"input:{name}",
            message=f"About {percent(share)} of the ids of '{name}' are {common}"
            f"{', which is an unknown word' if common in _UNKNOWN else ''} (padding left out), in a vocabulary of "
            f"{whole(rows)}.",
            evidence={"id": common, "share": share, "expected_max_share": self.max_share, "rows": rows},
            fix="vectorize.adapt(train_texts)  # the same texts and cleaning as for training\n"
            "print(vectorize.get_vocabulary()[:20])",
            severity=None if common in _UNKNOWN else Severity.INFO,
            picture=LimitPicture(
                label=f"ids of {name} that are {common}", value=share, limit=self.max_share, unit="fraction"
            ),
            curves=tensor_curves(context, view),
        )


def _most_frequent(view: TensorView) -> tuple[int, float] | None:
    """Returns the most frequent id other than 0 and its share among those; None if few are left besides 0.

    Quantiles are evenly spaced among the sorted values, so their share is that of the values.
    """
    ids = view.quantiles[np.isfinite(view.quantiles)]
    ids = ids[ids > 0].astype(np.int64)
    if len(ids) < 8:
        return None
    values, counts = np.unique(ids, return_counts=True)
    return int(values[counts.argmax()]), float(counts.max() / len(ids))
