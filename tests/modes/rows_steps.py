"""Ways a training step is compiled, and steps of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

from tb_inputdiag.records import Sample
from tests.modes.models import (
    BATCH,
    STEPS,
    N,
    compiled,
    convolutional,
    fit_pictures,
    fit_table,
    pictures,
    regressor,
    table_batches,
    tape_norms,
)
from tests.modes.rows import NOT_TORCH, Row, Seen, dense, split

GROUP = "How the step runs"


def _one_epoch(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    return fit_table(model, callbacks)


def _two_epochs(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    return fit_table(model, callbacks, epochs=2)


def _pictures(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    return fit_pictures(model, callbacks, epochs=2, validation_split=0.2)


def _picture_batches() -> list[Any]:
    return split({k: v[:17] for k, v in pictures().items()}, BATCH)


def plain(row_id: str, mode: str, build: Any, fit: Any = _two_epochs, **more: Any) -> Row:
    """Returns a row that trains on the table."""
    settings: dict[str, Any] = {"batches": table_batches, "steps": 2 * STEPS, **more}
    return Row(row_id, settings.pop("group", GROUP), mode, build, fit, **settings)


# -- several steps in one execution ---------------------------------------------------------------------


def _every_step(seen: Seen) -> None:
    assert [s.step for s in seen.samples()] == list(range(2 * STEPS))
    assert not [w for w in seen.warnings if "retracing" in w.lower()]


# -- mixed precision ----------------------------------------------------------------------------------


def _mixed(scale: float = 2.0**8) -> Any:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = keras.Sequential(
            [L.Input((3,)), L.Dense(5, activation="relu", name="a"), L.Dense(1, dtype="float32", name="b")]
        )
        optimizer = keras.optimizers.LossScaleOptimizer(
            keras.optimizers.Adam(0.01), initial_scale=scale, dynamic_growth_steps=3
        )
        return compiled(model, "mse", optimizer)
    finally:
        keras.config.set_dtype_policy("float32")


def _scales(seen: Seen) -> None:
    assert [s.loss_scale for s in seen.samples()][:1] == [2.0**8]
    assert seen.facts.optimizer["loss_scaled"] is True
    assert not any(s.skipped for s in seen.samples())


def _skips(seen: Seen) -> None:
    samples = seen.samples()
    assert samples[0].skipped
    assert np.isinf(samples[0].gradient_norm) or np.isnan(samples[0].gradient_norm)
    assert samples[0].loss_scale == 2.0**30
    assert any(not s.skipped for s in samples)
    applied = next(s for s in samples if not s.skipped)
    assert applied.loss_scale < 2.0**20
    assert 0 < applied.gradient_norm < 100


# -- clipping -----------------------------------------------------------------------------------------


def _clips_each(seen: Seen) -> None:
    for sample in seen.samples():
        assert sample.weights is not None
        clipped = np.minimum(sample.weights.gradient_norm, 0.02)
        np.testing.assert_allclose(sample.weights.clipped_gradient_norm, clipped, rtol=1e-5)


def _clips_together(seen: Seen) -> None:
    for sample in seen.samples():
        np.testing.assert_allclose(sample.clipped_gradient_norm, min(sample.gradient_norm, 0.02), rtol=1e-5)
        assert sample.gradient_norm > 0.02


def _clips_values(seen: Seen) -> None:
    for sample in seen.samples():
        assert sample.weights is not None
        assert (sample.weights.clipped_gradient_norm <= 0.001 * np.sqrt(15) + 1e-6).all()
        assert sample.gradient_norm > sample.clipped_gradient_norm


def _rates(seen: Seen) -> None:
    for sample in seen.samples():
        np.testing.assert_allclose(sample.learning_rate, 0.1 * 0.5**sample.step, rtol=1e-5)


def _updates(seen: Seen) -> None:
    """Plain SGD: the update is the gradient times the learning rate."""
    for sample in seen.samples():
        table = sample.weights
        assert table is not None
        known = table.weight_norm > 0
        expected = 0.01 * table.gradient_norm[known] / table.weight_norm[known]
        np.testing.assert_allclose(table.update_ratio[known], expected, rtol=1e-2)


def _accumulates(seen: Seen) -> None:
    for sample in seen.samples():
        assert sample.weights is not None
        updated = (sample.step + 1) % 4 == 0
        assert bool((sample.weights.update_ratio > 0).any()) is updated, sample.step


# -- steps of the user's own --------------------------------------------------------------------------


class Applies(keras.Model):
    """A training step as in Keras' guides."""

    grads = "apply_gradients"

    def __init__(self) -> None:
        super().__init__()
        self.a = L.Dense(5, activation="relu", name="a")
        self.b = L.Dense(1, name="b")

    def call(self, x: Any) -> Any:
        return self.b(self.a(x))

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        if self.grads == "apply_gradients":
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        else:
            self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


class AppliesDirectly(Applies):
    grads = "apply"


class OwnLoss(Applies):
    """A step that never calls `compute_loss`, and logs the batch's loss, not a running mean."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = tf.reduce_mean(tf.abs(y - y_pred))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


class ComputesLoss(Applies):
    train_step = keras.Model.train_step

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        return keras.ops.mean(keras.ops.abs(y - y_pred)) + 0.5


class AddsLoss(Applies):
    train_step = keras.Model.train_step

    def call(self, x: Any) -> Any:
        hidden = self.a(x)
        self.add_loss(0.1 * keras.ops.sum(keras.ops.square(hidden)))
        return self.b(hidden)


class OwnMetric(keras.metrics.Metric):
    def __init__(self) -> None:
        super().__init__(name="largest")
        self.largest = self.add_variable((), "zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.largest.assign(keras.ops.maximum(self.largest, keras.ops.max(y_pred)))

    def result(self) -> Any:
        return keras.ops.convert_to_tensor(self.largest)


class Gan(keras.Model):
    """Two optimizers, three updates a step, no targets."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = keras.Sequential([L.Input((2,)), L.Dense(4, activation="tanh"), L.Dense(3)], name="generator")
        self.critic = keras.Sequential([L.Input((3,)), L.Dense(4, activation="relu"), L.Dense(1)], name="critic")
        self.seeds = keras.random.SeedGenerator(5)
        self.loss_tracker = keras.metrics.Mean("d_loss")

    def compile(self, d_optimizer: Any, g_optimizer: Any, **settings: Any) -> None:
        super().compile(**settings)
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

    @property
    def metrics(self) -> list[Any]:
        return [self.loss_tracker]

    def train_step(self, real: Any) -> Any:
        bce = keras.losses.BinaryCrossentropy(from_logits=True)
        noise = keras.random.normal((4, 2), seed=self.seeds)
        made = self.generator(noise)
        for _ in range(2):
            with tf.GradientTape() as tape:
                scores = tf.concat([self.critic(made), self.critic(real)], 0)
                truth = tf.concat([tf.ones_like(scores[:4]), tf.zeros_like(scores[4:])], 0)
                d_loss = bce(truth, scores)
            weights = self.critic.trainable_weights
            self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
        with tf.GradientTape() as tape:
            scores = self.critic(self.generator(noise))
            g_loss = bce(tf.zeros_like(scores), scores)
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        self.loss_tracker.update_state(d_loss)
        return {"d_loss": self.loss_tracker.result(), "g_loss": g_loss}


def _gan() -> Any:
    model = Gan()
    model.compile(keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01), jit_compile=False)
    return model


def _fit_gan(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    data = tf.data.Dataset.from_tensor_slices(dense((N, 3))).batch(BATCH)
    return dict(model.fit(data, epochs=2, verbose=0, callbacks=callbacks).history)


def _both_networks(seen: Seen) -> None:
    weights = seen.layouts[seen.samples()[0].layout].weights
    assert {w.split("/")[0] for w in weights} == {"generator", "critic"}
    assert len(weights) == 8
    for sample in seen.samples():
        assert sample.weights is not None
        assert (sample.weights.gradient_norm > 0).all()


def _penalty(seen: Seen) -> None:
    assert all(0 < s.penalty < s.loss for s in seen.samples())
    assert seen.facts.custom_loss


def _custom(seen: Seen) -> None:
    assert seen.facts.custom_train_step


def _norms_of_scaled(model: Any) -> Mapping[str, float]:
    return tape_norms(model)


def _losses_match(seen: Seen) -> None:
    samples: list[Sample] = seen.samples()
    assert all(s.loss > 0.5 for s in samples)


def _exact_updates() -> Any:
    return regressor("sgd")


ROWS = [
    plain(
        "graph",
        "`jit_compile=False`: a graph with TensorFlow (Keras' default on CPU)",
        regressor,
        expect=_updates,
        gradients=tape_norms,
    ),
    plain("eager", "`run_eagerly=True`", lambda: regressor(run_eagerly=True), gradients=tape_norms),
    plain("jit", "`jit_compile=True`", lambda: regressor(jit_compile=True), gradients=tape_norms, on=NOT_TORCH),
    plain(
        "jit-pictures",
        "",
        lambda: convolutional(jit_compile=True),
        _pictures,
        batches=_picture_batches,
        steps=10,
        on=NOT_TORCH,
    ),
    plain(
        "spe5",
        "`steps_per_execution`: every step of a sampled execution",
        lambda: regressor(steps_per_execution=5),
        every=1,
        expect=_every_step,
        gradients=tape_norms,
        on=NOT_TORCH,
        note="Keras refuses it on PyTorch",
    ),
    plain("spe5-sparse", "", lambda: regressor(steps_per_execution=5), every=7, on=NOT_TORCH),
    plain("spe100", "", lambda: regressor(steps_per_execution=100), every=1, expect=_every_step, on=NOT_TORCH),
    plain(
        "spe5-jit",
        "",
        lambda: regressor(steps_per_execution=5, jit_compile=True),
        every=1,
        expect=_every_step,
        on=NOT_TORCH,
    ),
    plain("spe5-eager", "", lambda: regressor(steps_per_execution=5, run_eagerly=True), every=1, on=NOT_TORCH),
    plain(
        "mixed",
        "Mixed precision, dynamic loss scaling: true gradients",
        _mixed,
        expect=_scales,
        gradients=_norms_of_scaled,
    ),
    plain(
        "mixed-skips",
        "Steps that loss scaling skips are marked as such",
        lambda: _mixed(2.0**30),
        batches=None,
        expect=_skips,
        every=1,
        steps=None,
        fit=lambda m, c: fit_table(m, c, epochs=4),
    ),
    plain(
        "clipnorm",
        "`clipnorm`, `clipvalue`, `global_clipnorm`: before and after",
        lambda: regressor(keras.optimizers.SGD(0.01, clipnorm=0.02)),
        expect=_clips_each,
        gradients=tape_norms,
    ),
    plain(
        "global-clipnorm", "", lambda: regressor(keras.optimizers.Adam(global_clipnorm=0.02)), expect=_clips_together
    ),
    plain("clipvalue", "", lambda: regressor(keras.optimizers.Adam(clipvalue=0.001)), expect=_clips_values),
    plain(
        "accumulation",
        "`gradient_accumulation_steps`: each batch's own gradient; steps count batches",
        lambda: regressor(keras.optimizers.Adam(gradient_accumulation_steps=4)),
        every=1,
        expect=_accumulates,
        gradients=tape_norms,
    ),
    plain("ema", "`use_ema`", lambda: regressor(keras.optimizers.Adam(use_ema=True, ema_overwrite_frequency=5))),
    plain(
        "schedule",
        "Learning-rate schedules: the rate of each step",
        lambda: regressor(keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5))),
        expect=_rates,
    ),
    plain(
        "loss-scale-factor",
        "",
        lambda: regressor(keras.optimizers.SGD(0.01, loss_scale_factor=64.0)),
        gradients=tape_norms,
    ),
    plain(
        "apply-gradients",
        "`train_step` of your own with `apply_gradients` or `apply`",
        lambda: compiled(Applies()),
        expect=_custom,
        on=("tensorflow",),
    ),
    plain("apply", "", lambda: compiled(AppliesDirectly(), optimizer="adam"), expect=_custom, on=("tensorflow",)),
    plain("apply-jit", "", lambda: compiled(AppliesDirectly(), optimizer="adam", jit_compile=True), on=("tensorflow",)),
    plain(
        "own-loss",
        "`train_step` that never calls `compute_loss`",
        lambda: compiled(OwnLoss()),
        expect=_custom,
        note="TensorFlow: the loss is the one that the step's first tape differentiates",
        on=("tensorflow",),
    ),
    plain("compute-loss", "`compute_loss` of your own", lambda: compiled(ComputesLoss()), expect=_losses_match),
    plain("add-loss", "`add_loss`: counted as a penalty", lambda: compiled(AddsLoss()), expect=_penalty),
    plain("metrics", "Metrics of your own", lambda: regressor(metrics=[OwnMetric(), "mae"])),
    Row(
        "gan",
        GROUP,
        "Several optimizers (GAN): each network's gradients",
        _gan,
        _fit_gan,
        lambda: split({"input:x": dense((N, 3))}, BATCH),
        sees=frozenset({"inputs", "entry", "gradients", "layers", "loss"}),
        expect=_both_networks,
        note="no predictions: such a step does not report them to Keras; the loss is the one differentiated first",
        on=("tensorflow",),
    ),
    Row(
        "gan-eager",
        GROUP,
        "",
        lambda: _eager(_gan()),
        _fit_gan,
        None,
        sees=frozenset({"inputs", "gradients", "layers", "loss"}),
        expect=_both_networks,
        on=("tensorflow",),
    ),
]


def _eager(model: Any) -> Any:
    model.run_eagerly = True
    return model
