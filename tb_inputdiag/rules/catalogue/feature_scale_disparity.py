"""The rule `feature-scale-disparity`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tb_inputdiag.keras_vocabulary import LOOKUPS, NORMALIZERS
from tb_inputdiag.numbers import interval, times
from tb_inputdiag.records import F4, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import (
    BESIDE_IDS,
    REGRESSOR,
    Example,
    Scenario,
    beside_ids,
    columns,
    fires,
    layer,
    silent,
)
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.layers import is_keras, is_normalized_by
from tb_inputdiag.rules.support.mixed_tables import MixedTables
from tb_inputdiag.rules.support.pictures import sizes_picture
from tb_inputdiag.rules.support.scale import feature_rms, fed_source, looks_like_flat_image
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.support.whole_data import column_name
from tb_inputdiag.rules.views.context import Context

__all__ = ["FeatureScaleDisparity"]


class FeatureScaleDisparity(Rule):
    """The columns of a table differ in size by a factor of a thousand or more.

    ## What it does
    Compares the size (root mean square) of the columns that the first trainable layer reads. It fires if the largest is
    a thousand times the smallest, and is at least 20. Columns that are joined with the vectors of an `Embedding` count,
    too. It stays silent after `Normalization` or `BatchNormalization`, and for one-hot columns beside standardized
    ones.

    ## Why is this bad?
    In every sum of the first layer the large columns drown out the small ones. The gradients of their weights are
    larger by the same factor, so no learning rate suits both.

    ## Example
    ```python
    x = df[["age", "income"]].to_numpy()      # 20..80 and 10,000..1,000,000
    ```

    ## What to do
    Standardize each column with `keras.layers.Normalization`, adapted to the training data, or with scikit-learn's
    `StandardScaler`. Take the logarithm of amounts of money first.

    ## References
    - LeCun, Bottou, Orr, Müller: Efficient BackProp (1998), section 4.3.
    """

    id = "feature-scale-disparity"
    severity = Severity.WARNING
    persistence = 3
    needs = ("own_trainable_variables", "function_nodes", "producer")
    explains = (*SYMPTOMS, "degenerate-initialization")
    supersedes = ("unnormalized-input", "integer-input")
    why = "Large columns drown out small ones in every sum of the first layer, and no learning rate suits both."

    max_ratio = Threshold(
        1000.0,
        "Largest ratio of the sizes (root mean square) of two columns that is fine.",
        source="Curvature grows with the square of a column's size, so the condition number is then 1e6.",
    )
    min_size = Threshold(
        20.0,
        "Size that the largest column must have for the rule to fire.",
        source="Rare flags beside standardized columns give a large ratio too, but no column is large.",
    )

    def start(self) -> None:
        """Forgets which layers read which tables."""
        self._mixed = MixedTables()

    def on_sample(self, context: Context) -> Findings:
        """Judges tables and series as the first trainable layer reads them."""
        return [found for view in self._mixed.entries(context) if (found := self._judge(context, view)) is not None]

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
            fires("beside embedded ids", lambda: _beside_ids(raw), "input:numbers", Severity.WARNING),
            silent("beside embedded ids, standardized", lambda: _beside_ids(columns())),
            silent("beside embedded ids, after Normalization", lambda: _beside_ids(raw, "Normalization")),
            fires("beside ids in a model of one's own", lambda: _beside_ids(raw, std=3e4), "input:numbers"),
            silent("beside ids in a model that scales", lambda: _beside_ids(raw, std=0.5)),
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
        big, small = int(rows[np.argmax(sizes[rows])]), int(rows[np.argmin(sizes[rows])])
        ratio = float(sizes[big] / sizes[small])
        if ratio < self.max_ratio or sizes[big] < self.min_size:
            return None
        fed = fed_source(context, view)
        source = fed if fed is not None else view
        name = variable(source.name, "input", facts)
        large, little = layout.features[big], layout.features[small]
        first, second = column_name(context, source, large), column_name(context, source, little)
        return Finding(
            subject=f"input:{source.name}",
            message=f"Columns of '{source.name}' differ in size by a factor of {times(ratio)}: "
            f"column {first} goes from {_column_range(view, big)}, column {second} from {_column_range(view, small)}.",
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
            picture=sizes_picture(
                "size (root mean square) of each column",
                [layout.features[row] for row in rows],
                sizes[rows],
                marked=np.flatnonzero((rows == big) | (rows == small)),
                largest_ratio=self.max_ratio,
            ),
            curves=tensor_curves(context, view),
        )


def _beside_ids(numbers: F4, before: str = "Dropout", std: float | None = None) -> Scenario:
    """A table that is joined with embedded ids.

    Args:
        numbers: The table.
        before: Class of the layer that reads the table before it is joined.
        std: Standard deviation of the outputs of the layer that reads both; with it, the model has no graph.
    """
    graph = tuple(replace(item, class_name=before) if item.name == "dropout" else item for item in BESIDE_IDS)
    own = tuple(replace(item, inbound=()) for item in BESIDE_IDS if item.n_params)
    scenario = Scenario(graph, kind="functional") if std is None else Scenario(own, kind="subclassed")
    activations = {} if std is None else {"dense": {"std": std}}
    return scenario.train(**beside_ids(numbers), activations=activations, steps=3)


def _column_range(view: TensorView, column: int) -> str:
    return interval(float(view.feature_min[column]), float(view.feature_max[column]))
