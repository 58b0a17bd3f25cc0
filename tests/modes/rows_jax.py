"""Training steps of the user's own, as Keras has them on JAX: pure functions of state and batch."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers as L

from tests.modes.models import compiled, fit_table, table_batches
from tests.modes.rows import EVERYTHING, Row, Seen

GROUP = "How the step runs"


class AppliesStateless(keras.Model):
    """The step of Keras' guide to custom training on JAX."""

    def __init__(self) -> None:
        super().__init__()
        self.a = L.Dense(5, activation="relu", name="a")
        self.b = L.Dense(1, name="b")

    def call(self, x: Any) -> Any:
        return self.b(self.a(x))

    def loss_and_others(self, weights: Any, others: Any, x: Any, y: Any) -> Any:
        y_pred, others = self.stateless_call(weights, others, x)
        return self.compute_loss(x, y, y_pred), (y_pred, others)

    def train_step(self, state: Any, data: Any) -> Any:
        from jax import value_and_grad

        weights, others, of_optimizer, of_metrics = state
        x, y = data
        (loss, (y_pred, others)), gradients = value_and_grad(self.loss_and_others, has_aux=True)(weights, others, x, y)
        weights, of_optimizer = self.optimizer.stateless_apply(of_optimizer, gradients, weights)
        logs, updated = {}, []
        for metric in self.metrics:
            mine, of_metrics = of_metrics[: len(metric.variables)], of_metrics[len(metric.variables) :]
            seen = (loss,) if metric.name == "loss" else (y, y_pred)
            mine = metric.stateless_update_state(mine, *seen)
            logs[metric.name] = metric.stateless_result(mine)
            updated += mine
        return logs, (weights, others, of_optimizer, updated)


class NestsJit(AppliesStateless):
    """A layer call inside functions that are compiled and checkpointed by themselves."""

    def call(self, x: Any) -> Any:
        import jax

        return self.b(jax.jit(jax.checkpoint(lambda x: self.a(x)))(x))


class ScansLayer(AppliesStateless):
    """A layer inside a loop of JAX, which cannot be looked into."""

    def call(self, x: Any) -> Any:
        import jax

        hidden = self.a(x)
        last, _ = jax.lax.scan(lambda carry, _: (0.5 * self.inner(carry), None), hidden, None, length=2)
        return self.b(last)

    def build(self, shape: Any) -> None:
        self.inner = L.Dense(5, name="inner")
        self.inner.build((None, 5))
        self.a.build(shape)
        self.b.build((None, 5))
        self.built = True


class StatelessOwnLoss(AppliesStateless):
    """A step that never calls `compute_loss`, and logs the batch's loss."""

    def loss_and_others(self, weights: Any, others: Any, x: Any, y: Any) -> Any:
        y_pred, others = self.stateless_call(weights, others, x)
        return keras.ops.mean(keras.ops.abs(y - y_pred)), (y_pred, others)

    def train_step(self, state: Any, data: Any) -> Any:
        from jax import value_and_grad

        weights, others, of_optimizer, of_metrics = state
        (loss, (_, others)), gradients = value_and_grad(self.loss_and_others, has_aux=True)(weights, others, *data)
        weights, of_optimizer = self.optimizer.stateless_apply(of_optimizer, gradients, weights)
        return {"loss": loss}, (weights, others, of_optimizer, of_metrics)


def _custom(seen: Seen) -> None:
    assert seen.facts.custom_train_step


def _nested(seen: Seen) -> None:
    assert [t.layer for t in seen.layouts[0].tensors if t.stage == "entry"] == ["a"]
    assert seen.layouts[0].layers == ("a", "b")


def _says_what_is_hidden(seen: Seen) -> None:
    assert seen.layouts[0].layers == ("a", "b")
    assert [d.accessor for d in seen.facts.degraded if d.accessor == "jax_control_flow"] == ["jax_control_flow"]


def stateless(row_id: str, mode: str, model: type[keras.Model], **more: Any) -> Row:
    """Returns a row that trains on the table."""
    settings: dict[str, Any] = {"batches": table_batches, "steps": 12, "expect": _custom, "on": ("jax",), **more}
    fit = lambda built, callbacks: fit_table(built, callbacks, epochs=2)  # noqa: E731  # as a field of the row
    return Row(row_id, GROUP, mode, lambda: compiled(model(), optimizer="adam", jit_compile=True), fit, **settings)


ROWS = [
    stateless("jax-custom-step", "`train_step` of your own with `apply_gradients` or `apply`", AppliesStateless),
    stateless("jax-nested-jit", "Layers inside `jax.jit` and `jax.checkpoint`", NestsJit, expect=_nested),
    stateless(
        "jax-scan",
        "Layers inside `jax.lax.scan`, `cond`, `while_loop`",
        ScansLayer,
        expect=_says_what_is_hidden,
        note="the loop or branch as a whole: layers in it are not seen, and the log says so",
    ),
    stateless(
        "jax-own-loss",
        "`train_step` that never calls `compute_loss`",
        StatelessOwnLoss,
        sees=EVERYTHING - {"loss"},
    ),
]
