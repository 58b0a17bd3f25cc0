"""The rule `baseline-skew`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tb_inputdiag.baseline import InputDifference, InputProfile, input_differences, tensor_differences
from tb_inputdiag.baseline.profile import tensor_of_data
from tb_inputdiag.records import (
    Baseline,
    BaselineColumn,
    BaselineTensor,
    DataSummary,
    EpochEnd,
    LimitPicture,
    Role,
    SessionEnd,
    Severity,
    Split,
    split_of,
)
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, silent
from tb_inputdiag.rules.support.curves import named_tensor_curves
from tb_inputdiag.rules.support.whole_data import part_word
from tb_inputdiag.rules.views.context import Context

__all__ = ["BaselineSkew"]


class BaselineSkew(Rule):
    """The inputs differ from those of the run that the baseline was taken from.

    ## What it does
    Compares inputs and targets with a baseline: names, shapes, dtypes, gaps, ranges, means, spreads, categories and the
    order of columns. A difference counts only if another sample of the same data would not show it, and if it is larger
    than the tolerances in the file. Training runs are judged by their sampled batches at the end of each epoch,
    `check_data` by all examples. Without a baseline the rule is silent.

    ## Why is this bad?
    A model that was good on the old inputs is retrained, or used, on others. Training goes well all the same, so the
    first sign is a worse product.

    ## Example
    ```python
    df = pd.read_csv("export.csv")         # last month "income" was in euros, now it is in cents
    ```

    ## What to do
    Find out what changed upstream. If the change is meant, take a new baseline of this run:
    `tb-inputdiag baseline logs -o inputs.json`.

    ## References
    - Breck et al.: Data validation for machine learning (2019).
    - https://www.tensorflow.org/tfx/data_validation/get_started
    """

    id = "baseline-skew"
    severity = Severity.WARNING
    scope = "session"
    resolve_after = 0
    why = "The model was good on other inputs. Nothing in training shows that these have changed."

    min_examples = Threshold(
        64,
        "Examples of sampled batches before their values are judged.",
        source="The relative standard error of a standard deviation is 9 % then.",
    )

    def start(self) -> None:
        """Clears what was seen of the inputs."""
        self._profile = InputProfile()

    def on_sample(self, context: Context) -> Findings:
        """Adds a batch, and judges names, shapes and dtypes of the first one."""
        if context.baseline is None or context.whole_data:
            return None
        self._profile.add_sample(context.sample, context.layout)
        if self._profile.samples > 1:
            return None
        found = _findings(context.baseline, self._profile.tensors, whole_data=False, where="")
        return [finding for kind, finding in found if kind in _FORMS]

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Judges the batches so far."""
        params = context.session.params if context.session is not None else {}
        steps = params.get("steps")
        if context.epoch == 0 and not context.whole_data:
            self._profile.see_epoch(steps if isinstance(steps, int) else end.step + 1, context.loss_examples)
        return self._judge(context)

    def on_session_end(self, context: Context, end: SessionEnd) -> Findings:
        """Judges the batches of a run that ended before its first epoch did."""
        return self._judge(context) if not context.epochs else None

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges a whole part of a data set."""
        if context.baseline is None:
            return None
        now = [tensor_of_data(tensor, data.examples) for tensor in data.tensors]
        where = "" if data.part == "train" else f" of the {part_word(data.part)} data"
        found = _findings(context.baseline, now, whole_data=True, where=where, split=split_of(data.part))
        return [finding for _, finding in found]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        same, moved, swapped = np.array([0, 5.0, 0, 0]), np.array([0, 9.0, 0, 0]), np.array([5.0, 0, 0, 0])
        baseline = Baseline(source="example", tensors=(_described(columns(rows=512, n=4) + same),))

        def run(change: np.ndarray, seed: int = 3) -> Scenario:
            x = columns(rows=512, n=4, seed=seed) + change
            return Scenario(REGRESSOR, loss="mse").compared_with(baseline).data(x=x.astype(np.float32))

        def training(change: np.ndarray) -> Scenario:
            scenario = Scenario(REGRESSOR, loss="mse").compared_with(baseline)
            for step in range(16):
                scenario.train(x=(columns(rows=32, n=4, seed=10 + step) + change).astype(np.float32))
            return scenario.epoch_end(loss=0.1).end()

        return (
            fires("a column that moved", lambda: run(moved), "input:x", Severity.WARNING),
            fires("columns that were swapped", lambda: run(swapped), "input:x"),
            fires("a training run whose column moved", lambda: training(moved), "input:x"),
            fires(
                "another number of columns",
                lambda: Scenario(REGRESSOR).compared_with(baseline).train(x=columns(n=5)),
                "input:x",
                Severity.ERROR,
            ),
            silent("another sample of the same data", lambda: run(same)),
            silent("a training run on the same data", lambda: training(same)),
            silent("no baseline", lambda: Scenario(REGRESSOR).data(x=columns(rows=512, n=4))),
        )

    def _judge(self, context: Context) -> Findings:
        if context.baseline is None or context.whole_data:
            return None
        if sum(tensor.examples for tensor in self._profile.tensors[:1]) < self.min_examples:
            return None
        found = _findings(context.baseline, self._profile.tensors, whole_data=False, where="")
        return [finding for _, finding in found]


_FORMS = ("missing", "new", "dtype", "shape")
"""Differences that a single batch shows."""


def _findings(
    baseline: Baseline, now: Sequence[BaselineTensor], *, whole_data: bool, where: str, split: Split = "train"
) -> Iterator[tuple[str, Finding]]:
    """Yields one finding for each input that differs, with its first kind of difference."""
    roles: tuple[Role, ...] = ("input", "target")
    for role in roles:
        differences, pairs = input_differences(baseline.tensors, now, role)
        for difference in differences:
            yield difference.kind, _finding(baseline, [difference], role, where, split)
        for base, tensor in pairs:
            found = tensor_differences(base, tensor, baseline.tolerances, whole_data=whole_data)
            if found:
                yield found[0].kind, _finding(baseline, found, role, where, split)


def _finding(
    baseline: Baseline, differences: Sequence[InputDifference], role: Role, where: str, split: Split = "train"
) -> Finding:
    worst = max(differences, key=lambda item: item.severity)
    name = worst.subject.partition(":")[2]
    return Finding(
        subject=worst.subject,
        message=f"'{name}'{where} {'; it '.join(item.text for item in differences[:4])}.",
        evidence={
            "differences": [item.kind for item in differences],
            "baseline": baseline.source,
            **{key: value for item in reversed(differences) for key, value in item.evidence.items()},
        },
        fix="# If the change is meant, take a new baseline of this run:\n"
        "# tb-inputdiag baseline LOG_DIR -o inputs.json",
        severity=worst.severity,
        picture=worst.picture or LimitPicture(label=f"inputs named '{name}'", value=0, limit=1, bound="at least"),
        at_once=worst.kind in _FORMS,
        curves=named_tensor_curves(role, name, split=split),
    )


def _described(x: np.ndarray) -> BaselineTensor:
    return BaselineTensor(
        name="x",
        role="input",
        dtype="float32",
        shape=(None, x.shape[1]),
        examples=len(x),
        min=float(x.min()),
        max=float(x.max()),
        mean=float(x.mean()),
        std=float(x.std()),
        columns=tuple(
            BaselineColumn(
                name=str(i),
                place=i,
                min=float(column.min()),
                max=float(column.max()),
                mean=float(column.mean()),
                std=float(column.std()),
            )
            for i, column in enumerate(x.T)
        ),
    )
