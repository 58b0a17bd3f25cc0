"""The rule `feature-scale-disparity`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.keras_vocabulary import LOOKUPS, NORMALIZERS
from tb_inputdiag.records import Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, layer, silent
from tb_inputdiag.rules.support.layers import is_keras, is_normalized_by
from tb_inputdiag.rules.support.scale import feature_rms, fed_of, looks_like_flat_image
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import number, times, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["FeatureScaleDisparity"]


class FeatureScaleDisparity(Rule):
    """Columns of a table have scales that differ by a thousand or more.

    ## What it does
    Compares the sizes of the columns as the first trainable layer reads them. It fires where the largest is a
    thousand times the smallest and large in itself. After `Normalization` or `BatchNormalization`, and for one-hot
    columns beside standardized ones, all is well.

    ## Why is this bad?
    In each sum of the first layer the large columns drown the small ones, and the gradients of their weights are as
    much
    larger: no learning rate fits both.

    ## Example
    ```python
    x = df[["age", "income"]].to_numpy()      # 20..80 and 10,000..1,000,000
    ```

    ## What to do
    Standardize each column: `keras.layers.Normalization`, adapted to the training data, or scikit-learn's
    `StandardScaler`; take the logarithm of amounts first.

    ## References
    - LeCun, Bottou, Orr, Müller: Efficient BackProp (1998), section 4.3.
    """

    id = "feature-scale-disparity"
    severity = Severity.WARNING
    persistence = 3
    explains = (*SYMPTOMS, "degenerate-initialization")
    supersedes = ("unnormalized-input", "integer-input")
    why = "Large columns drown the small ones in every sum of the first layer, and no learning rate fits both."

    max_ratio = Threshold(
        1000.0,
        "Largest ratio of the sizes (root mean square) of two columns that is fine.",
        source="Gradients scale with the column, so curvature differs by its square: a condition number of 1e6.",
    )
    min_size = Threshold(
        20.0,
        "The largest column must have at least this size.",
        source="Rare flags beside standardized columns are small, but nothing is large.",
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges tables and series as the first trainable layer reads them."""
        return [found for view in context.entries if (found := self._judge(context, view)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        raw = columns()
        raw[:, 0] = raw[:, 0] * 15 + 50
        raw[:, 1] = np.abs(raw[:, 1]) * 2e5
        one_hot = columns()
        one_hot[:, 4:] = 0
        one_hot[0, 4] = 1
        first = (layer("batch_normalization", "BatchNormalization"), *REGRESSOR)
        return (
            fires("age and income", lambda: Scenario(REGRESSOR, loss="mse").train(x=raw, steps=3), "input:x"),
            silent("standardized", lambda: Scenario(REGRESSOR, loss="mse").train(x=columns(), steps=3)),
            silent("one-hot beside standardized", lambda: Scenario(REGRESSOR, loss="mse").train(x=one_hot, steps=3)),
            silent("BatchNormalization first", lambda: Scenario(first, loss="mse").train(x=raw, steps=3)),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        layout, facts = view.layout, context.facts
        if len(view.shape) not in (2, 3) or len(layout.features) < 2 or looks_like_flat_image(view):
            return None
        if layout.layer_class in NORMALIZERS or layout.layer_class in LOOKUPS or is_normalized_by(facts, layout.layer):
            return None
        reader = facts.layer(layout.layer) if facts is not None else None
        sizes = feature_rms(view)
        varied = (view.feature_std > 0) & np.isfinite(sizes)
        if varied.sum() < 2 or (reader is not None and not is_keras(reader)):
            return None
        rows = np.flatnonzero(varied)
        big, small = rows[np.argmax(sizes[rows])], rows[np.argmin(sizes[rows])]
        ratio = float(sizes[big] / sizes[small])
        if ratio < self.max_ratio or sizes[big] < self.min_size:
            return None
        fed = fed_of(context, view)
        source = fed if fed is not None else view
        name = variable(source.name, "input", facts)
        large, little = layout.features[big], layout.features[small]
        return Finding(
            subject=f"input:{source.name}",
            message=f"Columns of '{source.name}' differ {times(ratio)}-fold in size: column {large} goes from "
            f"{number(float(view.feature_min[big]))} to {number(float(view.feature_max[big]))}, column {little} from "
            f"{number(float(view.feature_min[small]))} to {number(float(view.feature_max[small]))}.",
            evidence={
                "ratio": ratio,
                "expected_max_ratio": self.max_ratio,
                "largest_column": large,
                "smallest_column": little,
                "sizes": [float(s) for s in sizes],
                "min": view.min,
                "max": view.max,
                "layer": layout.layer,
            },
            fix=f"norm = keras.layers.Normalization()\nnorm.adapt({name})  # mean and variance of each column\n"
            "# then put norm first in the model",
        )
