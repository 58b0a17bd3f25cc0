"""The curves that show where something went wrong, as references to logged quantities.

A rule lists the best curve first. Those who draw it take the first one that the run has logged.
"""

from __future__ import annotations

from collections.abc import Mapping

from tb_inputdiag.records import Curve, Quantity, Role, Span, Split, Stage, TensorView
from tb_inputdiag.rules.support.scale import fed_source
from tb_inputdiag.rules.views.context import Context

__all__ = [
    "epoch_curve",
    "gradient_norm_curve",
    "layer_curve",
    "loss_curve",
    "named_tensor_curves",
    "nonfinite_curves",
    "sample_curve",
    "tensor_column_curve",
    "tensor_curves",
    "validation_loss_curve",
    "weight_curve",
]

_WEIGHT_LABELS = {
    "gradient_norm": "Gradient norm of {}",
    "update_ratio": "Update over weight of {}",
    "weight_norm": "Norm of {}",
}
_LAYER_LABELS = {
    "dead_fraction": "Dead units of {}",
    "saturated_fraction": "Saturated outputs of {}",
    "moving_mean_shift": "Moving mean of {} from the batch's, in std",
    "moving_std_factor": "Moving std of {} over the batch's, or the inverse",
    "std": "Standard deviation of the outputs of {}",
    "zero_fraction": "Outputs of {} that are 0",
    "nonfinite_count": "NaN and infinite outputs of {}",
}


def loss_curve(*, high: float | None = None) -> Curve:
    """Returns the training loss of every step.

    Args:
        high: Largest loss that would have been fine, to be drawn as a band from 0; None draws none.
    """
    return Curve(label="Training loss", quantity=Quantity(stream="losses", column="loss"), expected=_up_to(high))


def validation_loss_curve() -> Curve:
    """Returns the loss of the sampled validation batches beside the training loss."""
    return Curve(
        label="Validation loss",
        quantity=Quantity(stream="samples", column="loss", split="validation"),
        beside=Quantity(stream="losses", column="loss"),
        beside_label="Training loss",
    )


def epoch_curve(key: str, label: str, *, beside: str = "", beside_label: str = "") -> Curve:
    """Returns an entry of Keras' logs over the epochs.

    Args:
        key: As in `EpochEnd.logs`: ``loss``, ``val_loss``, ``accuracy``, ...
        label: A word or two for the legend.
        beside: Another key to compare with.
        beside_label: Its label.
    """
    return Curve(
        label=label,
        quantity=Quantity(stream="epochs", column=key),
        beside=Quantity(stream="epochs", column=beside) if beside else None,
        beside_label=beside_label,
    )


def sample_curve(column: str, label: str, *, beside: str = "", beside_label: str = "") -> Curve:
    """Returns a number of each sampled training step.

    Args:
        column: Of the table ``sample``: ``learning_rate``, ``penalty``, ``loss_scale``, ...
        label: A word or two for the legend.
        beside: Another column to compare with.
        beside_label: Its label.
    """
    return Curve(
        label=label,
        quantity=Quantity(stream="samples", column=column),
        beside=Quantity(stream="samples", column=beside) if beside else None,
        beside_label=beside_label,
    )


def gradient_norm_curve(*, high: float | None = None) -> Curve:
    """Returns the global norm of the gradient, before clipping; `high` as for `loss_curve`."""
    quantity = Quantity(stream="samples", column="gradient_norm")
    return Curve(label="Global gradient norm", quantity=quantity, expected=_up_to(high))


def weight_curve(name: str, column: str = "gradient_norm", *, expected: Span | None = None) -> Curve:
    """Returns a column of the weight table for the weight `name`."""
    label = _label(_WEIGHT_LABELS, column, name)
    return Curve(label=label, quantity=Quantity(stream="weights", column=column, name=name), expected=expected)


def layer_curve(name: str, column: str = "std", *, expected: Span | None = None) -> Curve:
    """Returns a column of the layer table for the row `name`, which is a layer's path or ``path#2``."""
    label = _label(_LAYER_LABELS, column, name)
    return Curve(label=label, quantity=Quantity(stream="layers", column=column, name=name), expected=expected)


def tensor_curves(context: Context, view: TensorView, *, expected: Span | None = None) -> tuple[Curve, ...]:
    """Returns range and mean of a tensor of the sample that is being judged, where the rule looked at it.

    What a layer reads is followed by the input that it comes from, for runs that did not log the former.
    """
    layout = view.layout
    first = _tensor_curve(layout.role, view.name, layout.stage, context.split, expected, reader=layout.layer)
    fed = fed_source(context, view) if layout.stage == "entry" else None
    if fed is None:
        return (first,)
    return first, _tensor_curve(layout.role, fed.name, "fed", context.split, expected if layout.same_as_fed else None)


def named_tensor_curves(
    role: Role, name: str, *, split: Split = "train", expected: Span | None = None
) -> tuple[Curve, ...]:
    """Returns range and mean of a fed tensor by its name, for hooks that have no sample."""
    return (_tensor_curve(role, name, "fed", split, expected),)


def tensor_column_curve(
    context: Context, view: TensorView, column: str, label: str, *, expected: Span | None = None
) -> Curve:
    """Returns a column of the tensor table for a tensor of the sample that is being judged.

    Args:
        context: Of the sample.
        view: The tensor.
        column: ``nan_count``, ``zero_fraction``, ...
        label: What the column holds, for the legend; the tensor's name is added.
        expected: Where the values should lie.
    """
    layout = view.layout
    quantity = Quantity(
        stream="tensors",
        column=column,
        name=view.name,
        split=context.split,
        role=layout.role,
        stage=layout.stage,
    )
    return Curve(label=f"{label} of {view.name}", quantity=quantity, expected=expected)


def nonfinite_curves(context: Context, view: TensorView) -> tuple[Curve, ...]:
    """Returns how many NaN and infinities a tensor held over time; the more frequent kind comes first."""
    nan = tensor_column_curve(context, view, "nan_count", "NaN")
    infinite = tensor_column_curve(context, view, "inf_count", "Infinities")
    return (nan, infinite) if view.nan_count >= view.inf_count else (infinite, nan)


def _tensor_curve(role: Role, name: str, stage: Stage, split: Split, expected: Span | None, reader: str = "") -> Curve:
    def column(name_: str, of: Split = split) -> Quantity:
        return Quantity(stream="tensors", column=name_, name=name, split=of, role=role, stage=stage)

    where = f" as '{reader}' reads it" if stage == "entry" and reader else ""
    if split == "train":
        return Curve(
            label=f"Range and mean of {name}{where}",
            quantity=column("mean"),
            low=column("min"),
            high=column("max"),
            expected=expected,
        )
    return Curve(
        label=f"Mean of {name}{where}, {split}",
        quantity=column("mean"),
        beside=column("mean", "train"),
        beside_label="in training",
        expected=expected,
    )


def _up_to(high: float | None) -> Span | None:
    return Span(low=0.0, high=high, label="Expected") if high is not None else None


def _label(labels: Mapping[str, str], column: str, name: str) -> str:
    return labels.get(column, f"{column.replace('_', ' ').capitalize()} of {{}}").format(name)
