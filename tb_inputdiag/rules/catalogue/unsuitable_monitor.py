"""The rule `unsuitable-monitor`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tb_inputdiag.keras_vocabulary import better_metric
from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import JSON, EpochEnd, Severity, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.configured import number
from tb_inputdiag.rules.support.curves import epoch_curve
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["UnsuitableMonitor"]

_MODES = {"min": "lower", "max": "higher"}
_WRONG_WAY = {
    "EarlyStopping": "stops when the model gets better, and restore_best_weights takes the worst",
    "ModelCheckpoint": "keeps the worst weights",
    "ReduceLROnPlateau": "cuts the learning rate while the model gets better",
}
_BLIND = {
    "EarlyStopping": "never stops",
    "ModelCheckpoint": "saves nothing",
    "ReduceLROnPlateau": "never acts",
}


class UnsuitableMonitor(Rule):
    """A callback follows a metric that does not exist, or takes worse values for better ones.

    ## What it does
    Reads `monitor` and `mode` of Keras' `EarlyStopping`, `ModelCheckpoint(save_best_only=True)` and
    `ReduceLROnPlateau`, and compares them with Keras' logs of an epoch. It fires on a loss or an error with
    `mode="max"`, on an accuracy, an AUC and the like with `mode="min"`, and on a metric that no epoch has. It is an
    INFO where callbacks of your own may add the metric, and where a `train_step` of your own may mean it differently.

    ## Why is this bad?
    Training stops while the model improves, and the worst weights are kept. If the metric does not exist, nothing is
    stopped or saved. Keras only prints a warning.

    ## Example
    ```python
    EarlyStopping(monitor="val_auc", mode="min", restore_best_weights=True)
    model.fit(x, y, callbacks=[EarlyStopping(monitor="val_loss")])           # no validation data
    ```

    ## What to do
    Use `mode="max"` for what should be high. Give `fit` validation data, or follow a metric that the logs have.

    ## References
    - https://keras.io/api/callbacks/early_stopping/
    - https://keras.io/api/callbacks/model_checkpoint/
    """

    id = "unsuitable-monitor"
    severity = Severity.WARNING
    explains = ("unfinished-training", "learning-rate-too-low")
    why = "Training stops at the wrong time or never, and the weights that are kept are not the best ones."

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Compares what callbacks follow with the logs of the epoch."""
        params = context.session.params if context.session is not None else {}
        followers = params.get("monitors")
        if not isinstance(followers, list):
            return None
        for follower in followers:
            if isinstance(follower, Mapping) and (found := _judge(context, follower, params, end.logs)):
                return [found]
        return []

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(callback: str, monitor: str, mode: str, **logs: float) -> Scenario:
            follower = {"callback": callback, "monitor": monitor, "mode": mode}
            params = {"monitors": [follower], "own_callbacks": False, "validation_freq": 1}
            return Scenario(params=params).train(steps=3).epoch_end(loss=1.0, **logs)

        warning, stop = Severity.WARNING, "EarlyStopping"
        return (
            fires(
                "a loss that should be high", lambda: run(stop, "val_loss", "max", val_loss=1.0), "training", warning
            ),
            fires("an AUC that should be low", lambda: run(stop, "val_auc_1", "min", val_auc_1=0.7), "training"),
            fires("no validation data", lambda: run(stop, "val_loss", "auto"), "training", warning),
            fires(
                "a metric of another name",
                lambda: run("ModelCheckpoint", "val_acc", "max", val_loss=1.0, val_accuracy=0.5),
                "training",
            ),
            silent("a loss", lambda: run(stop, "val_loss", "auto", val_loss=1.0)),
            silent(
                "an accuracy", lambda: run("ModelCheckpoint", "val_accuracy", "max", val_loss=1.0, val_accuracy=0.5)
            ),
            silent("a metric of unknown direction", lambda: run(stop, "val_energy", "min", val_energy=1.0)),
            silent("no such callback", lambda: Scenario().train(steps=3).epoch_end(loss=1.0)),
        )


def _judge(
    context: Context, follower: Mapping[str, JSON], params: Mapping[str, JSON], logs: Mapping[str, float]
) -> Finding | None:
    callback, monitor, mode = (str(follower.get(key)) for key in ("callback", "monitor", "mode"))
    if monitor not in logs:
        return _missing(context, callback, monitor, params, logs)
    better = better_metric(monitor)
    if not better or _MODES.get(mode, better) == better:
        return None
    right = "max" if better == "higher" else "min"
    own_step = context.facts is not None and context.facts.custom_train_step
    return Finding(
        subject="training",
        message=f"{callback} has mode='{mode}' for '{monitor}' ({format_number(logs[monitor])}), where {better} is "
        f"better: it {_WRONG_WAY.get(callback, 'acts the wrong way')}.",
        evidence={"callback": callback, "monitor": monitor, "mode": mode, "value": logs[monitor]},
        fix=f'{callback}(monitor="{monitor}", mode="{right}", ...)',
        severity=Severity.INFO if own_step else None,
        picture=WordsPicture(seen=f"mode='{mode}'", expected=f"mode='{right}'", seen_label=monitor),
        curves=(epoch_curve(monitor, monitor),),
    )


def _missing(
    context: Context, callback: str, monitor: str, params: Mapping[str, JSON], logs: Mapping[str, float]
) -> Finding | None:
    validates = any(name.startswith("val_") for name in logs)
    validation = monitor.startswith("val_")
    if validation and not validates and not _had_its_turn(context, params):
        return None
    names = sorted(logs)
    evidence: dict[str, Any] = {"callback": callback, "monitor": monitor, "logs": names[:16]}
    if validation and not validates:
        reason = "there is no validation data"
        fix = "model.fit(..., validation_split=0.2)  # or validation_data=(x_val, y_val)"
    else:
        reason = f"the logs have {join([repr(name) for name in names])}"
        fix = f'{callback}(monitor="{_similar(monitor, names)}", ...)'
    return Finding(
        subject="training",
        message=f"{callback} follows '{monitor}', which does not exist: {reason}. So it "
        f"{_BLIND.get(callback, 'fails')}.",
        evidence=evidence,
        fix=fix,
        severity=Severity.INFO if params.get("own_callbacks") else None,
        picture=WordsPicture(seen=monitor, expected=join(names, 3), seen_label="monitor", expected_label="logs"),
        curves=(epoch_curve("loss", "Training loss"),),
    )


def _had_its_turn(context: Context, params: Mapping[str, JSON]) -> bool:
    """Returns whether validation should have run by now, and never has."""
    epochs = context.epochs
    never = not any(name.startswith("val_") for end in epochs for name in end.logs)
    return never and "validation_freq" in params and len(epochs) >= number(params, "validation_freq")


def _similar(monitor: str, names: list[str]) -> str:
    """Returns the metric that was likely meant."""
    prefix = "val_" if monitor.startswith("val_") else ""
    alike = [name for name in names if name.startswith("val_") == bool(prefix)]
    stem = monitor.removeprefix(prefix)
    return next((name for name in alike if stem in name or name in monitor), alike[0] if alike else names[0])
