"""The rule `degenerate-initialization`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tb_inputdiag.keras_vocabulary import LINEAR, RECURRENT
from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import ModelFacts, Severity, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import BINARY, REGRESSOR, Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import layer_curve, weight_curve
from tb_inputdiag.rules.support.layers import activation_of, after
from tb_inputdiag.rules.support.mixed_tables import unread_inputs
from tb_inputdiag.rules.support.pictures import sizes_picture
from tb_inputdiag.rules.support.scale import typical_size
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.kernel_rows import is_kernel

__all__ = ["DegenerateInitialization"]

_WITH_KERNELS = LINEAR | RECURRENT


class DegenerateInitialization(Rule):
    """Initial weights are all equal, or so large or small that the layers' outputs explode or vanish.

    ## What it does
    Checks the weights before training. It fires on the kernel of a hidden layer whose elements are all equal. It also
    checks the layers' outputs in the first step, and fires if their spread grows or shrinks a thousandfold with depth.
    A last layer of zeros is a known method and does not fire.

    ## Why is this bad?
    Units with equal weights get equal gradients and stay equal, so a layer of 64 units works like one unit. With zeros
    the outputs do not depend on the input. Weights that are too large saturate the activations behind them, or make
    their outputs overflow.

    ## Example
    ```python
    keras.layers.Dense(64, activation="relu", kernel_initializer="zeros")
    ```

    ## What to do
    Keep the default, `glorot_uniform`, or use `he_normal` before ReLU. Use zeros for biases only.

    ## References
    - Glorot, Bengio (2010); He et al.: Delving deep into rectifiers (2015).
    """

    id = "degenerate-initialization"
    severity = Severity.WARNING
    resolve_after = 0
    needs = ("own_trainable_variables", "function_nodes", "producer")
    explains = SYMPTOMS
    why = "Units with equal weights stay equal. Weights far too large or small lose what the input says."

    max_growth = Threshold(
        1000.0,
        "Largest factor by which the spread of the outputs may grow or shrink with depth in the first step.",
        source="With usual initializers the factor is below about 10 at any depth.",
    )

    def on_model(self, context: Context) -> Findings:
        """Looks for kernels whose elements are all equal."""
        facts = context.facts
        if facts is None:
            return None
        linear = {item.name for item in facts.layers if item.class_name in _WITH_KERNELS and item.trainable}
        kernels = [w for w in facts.weights if w.layer in linear and w.trainable and is_kernel(w)]
        # The last layer may begin at zero: its units have different targets, so their gradients differ.
        bad = [w for w in kernels if w.initial_constant and w.layer != kernels[-1].layer and "lora" not in w.name]
        bad = [w for w in bad if max(w.shape) > 1 and not (w.initial_mean == 0 and _ends_branch(facts, w.layer))]
        if not bad:
            return []
        value = bad[0].initial_mean
        how = format_number(value) if value is not None else "equal"
        more = f" (as are those of {join([w.name for w in bad[1:]])})" if len(bad) > 1 else ""
        return [
            Finding(
                subject=f"weight:{bad[0].name}",
                message=f"All elements of '{bad[0].name}' are {how} before training{more}.",
                evidence={"weights": [w.name for w in bad], "value": value, "initializer": bad[0].initializer},
                fix='kernel_initializer="he_normal"  # or leave it out: the default is "glorot_uniform"',
                picture=WordsPicture(seen=f"all elements {how}", expected="random elements"),
                curves=(weight_curve(bad[0].name),),
            )
        ]

    def on_sample(self, context: Context) -> Findings:
        """Compares the spread of the layers' outputs with depth, in the first step."""
        table, names = context.sample.layers, context.layout.layers
        facts = context.facts
        if table is None or facts is None or context.age > 0 or context.sample.step > 0 or len(names) < 2:
            return None
        layers = [facts.layer(name.partition("#")[0]) for name in names]
        rows = [
            i
            for i, item in enumerate(layers[:-1])
            if item is not None
            and item.class_name in _WITH_KERNELS
            and activation_of(item) not in {"softmax", "sigmoid"}
        ]
        stds = table.std[rows].astype(np.float64)
        if not rows or not np.isfinite(stds).all() or not (stds > 0).all():
            return None
        # Growth counts from the input to the largest output, shrinkage from the first layer to the last.
        read = (*context.entries, *unread_inputs(context))
        entry = max([1.0, *(size for view in read if math.isfinite(size := typical_size(view)))])
        at = int(np.argmax(stds))
        begin, where, growth = entry, "the input", float(stds[at] / entry)
        if growth <= self.max_growth:
            begin, where, at = float(stds[0]), f"'{names[rows[0]]}'", len(rows) - 1
            growth = float(stds[at] / begin)
        if 1 / self.max_growth <= growth <= self.max_growth:
            return []
        last = names[rows[at]]
        what = "grows" if growth > 1 else "shrinks"
        places = ["the input"] if where == "the input" else []
        return [
            Finding(
                subject=f"layer:{last}",
                message=f"In the first step the standard deviation {what} from {format_number(begin)} in {where} to "
                f"{format_number(float(stds[at]))} in the output of '{last}'.",
                evidence={"first_std": begin, "last_std": float(stds[at]), "growth": growth},
                fix='kernel_initializer="he_normal"  # before ReLU; "glorot_uniform" (the default) elsewhere\n'
                "keras.layers.BatchNormalization()  # between the layers of deep networks",
                picture=sizes_picture(
                    "standard deviation of each layer's output in the first step",
                    [*places, *(names[row] for row in rows)],
                    [*([entry] if places else []), *stds.tolist()],
                    marked=[len(places) + at],
                    largest_ratio=self.max_growth,
                ),
                curves=(layer_curve(last),),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        deep = tuple(layer(f"dense_{i}", "Dense", activation="relu", units=32) for i in range(8))
        explode = {f"dense_{i}": {"std": 10.0**i} for i in range(8)}
        return (
            fires("a hidden layer of zeros", lambda: _initialized(0), "weight:dense/kernel", Severity.WARNING),
            fires("outputs that grow with depth", lambda: Scenario(deep).train(activations=explode), "layer:dense_6"),
            silent("a last layer of zeros", lambda: _initialized(1)),
            silent("default initializers", lambda: Scenario(BINARY).train()),
            silent("later in training", lambda: Scenario(deep).train(steps=2).train(activations=explode)),
        )


def _ends_branch(facts: ModelFacts, name: str) -> bool:
    """Whether a layer ends a branch that is added or multiplied: with zeros the branch has no effect at first."""
    readers = list(after(facts, name))
    while len(readers) == 1 and readers[0].class_name in _PASSING:
        readers = list(after(facts, readers[0].name))
    return bool(readers) and all(not reader.n_trainable_params for reader in readers)


_PASSING = frozenset({"BatchNormalization", "Dropout", "Activation", "Reshape", "Rescaling"})


def _initialized(constant: int) -> Scenario:
    kernels = [w for w in Scenario(REGRESSOR).facts.weights if w.name.endswith("kernel")]
    weights = [replace(w, initial_constant=i == constant, initial_mean=0.0) for i, w in enumerate(kernels)]
    return Scenario(REGRESSOR, weights=tuple(weights))
