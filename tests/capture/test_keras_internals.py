"""Keras' private names: each accessor gives what it says on the installed Keras, and training survives its failure."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.capture import keras_internals
from tb_inputdiag.capture.facts import model_facts
from tb_inputdiag.capture.failed_build import failed_batch
from tb_inputdiag.capture.failed_call import failed_call
from tb_inputdiag.capture.keras_internals import ACCESSORS, Degraded, Producer, held_value
from tb_inputdiag.capture.names import layer_paths, weight_names
from tb_inputdiag.capture.tensorflow import tf_internals
from tb_inputdiag.console import InputDiagWarning
from tb_inputdiag.records import Failure, ModelFacts, Sample
from tests.modes.harness import assert_same_history, assert_same_weights, fresh, records_of, weights_of


class Subclassed(keras.Model):
    """Has layers as attributes, in a list, and inside another layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = L.Dense(3)
        self.blocks = [L.BatchNormalization(), L.Bidirectional(L.LSTM(2))]

    def call(self, x: Any) -> Any:
        return self.first(x)


def functional() -> keras.Model:
    """Returns ``{"a", "b"} -> {"sum", "flat"}``, with a layer that is called twice."""
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    shared = L.Dense(4, name="shared")
    total = L.Add(name="total")([shared(a), shared(b)])
    flat = L.Flatten(name="flat")(L.Softmax(name="soft")(total))
    return keras.Model({"a": a, "b": b}, {"sum": total, "flat": flat})


def sequential() -> keras.Model:
    return keras.Sequential([L.Input((3,)), L.Dense(2, name="one"), L.Dense(1, name="two")])


# -- canaries: what each docstring says ---------------------------------------------------------------


def sublayers_canary(read: Callable[..., Any]) -> None:
    model = Subclassed()
    assert [layer.name for layer in read(model)] == [model.first.name, *(layer.name for layer in model.blocks)]
    assert [type(layer).__name__ for layer in read(model.blocks[1])] == ["LSTM", "LSTM"]
    model = sequential()
    assert [layer.name for layer in read(model)][1:] == ["one", "two"]
    assert {"a", "b", "shared", "total", "soft", "flat"} == {layer.name for layer in read(functional())}
    tracked = functional()
    tracked.beside = L.Dense(1, name="beside")
    tracked.beside.build((None, 4))
    # Keras 3.7 does not count it as part of the model
    counted = any(variable is tracked.beside.kernel for variable in tracked.variables)
    assert ("beside" in [layer.name for layer in read(tracked)]) == counted


def own_trainable_variables_canary(read: Callable[..., Any]) -> None:
    dense, norm = L.Dense(2), L.BatchNormalization()
    dense.build((None, 3))
    norm.build((None, 3))
    assert [v.name for v in read(dense)] == ["kernel", "bias"]
    assert [v.name for v in read(norm)] == ["gamma", "beta"]
    dense.trainable = False
    assert [v.name for v in read(dense)] == ["kernel", "bias"]
    assert read(sequential()) == []


def own_non_trainable_variables_canary(read: Callable[..., Any]) -> None:
    norm, dropout = L.BatchNormalization(), L.Dropout(0.5)
    norm.build((None, 3))
    assert [v.name for v in read(norm)] == ["moving_mean", "moving_variance"]
    assert read(dropout) == []


def sequential_function_canary(read: Callable[..., Any]) -> None:
    function = read(sequential())
    assert isinstance(function, keras.Function)
    assert [operation.name for operation in function.operations][1:] == ["one", "two"]
    assert read(keras.Sequential([L.Dense(1)])) is None
    assert read(functional()) is None
    assert read(Subclassed()) is None


def function_nodes_canary(read: Callable[..., Any]) -> None:
    nodes = read(functional())
    assert sorted(node.operation.name for node in nodes) == ["a", "b", "flat", "shared", "shared", "soft", "total"]
    assert {len(node.inputs) for node in nodes if node.operation.name == "total"} == {2}
    assert all(isinstance(tensor, keras.KerasTensor) for node in nodes for tensor in node.inputs)


def producer_canary(read: Callable[..., Any]) -> None:
    shared = L.Dense(2)
    tensors = [shared(keras.Input((3,))) for _ in range(2)]
    assert [read(tensor) for tensor in tensors] == [Producer(shared, 0), Producer(shared, 1)]


def operation_inputs_canary(read: Callable[..., Any]) -> None:
    shared = L.Dense(2)
    inputs = [keras.Input((3,)) for _ in range(2)]
    for tensor in inputs:
        shared(tensor)
    assert [read(Producer(shared, number)) for number in range(2)] == [[tensor] for tensor in inputs]


def symbolic_calls_canary(read: Callable[..., Any]) -> None:
    attention, x = L.MultiHeadAttention(1, 2), keras.Input((4, 3))
    assert read(attention) == []
    attention(x, x, use_causal_mask=True)
    (call,) = read(attention)
    assert call.args == (x, x)
    assert call.kwargs["use_causal_mask"] is True


def input_structure_canary(read: Callable[..., Any]) -> None:
    structure = read(functional())
    assert {key: tensor.shape for key, tensor in structure.items()} == {"a": (None, 3), "b": (None, 3)}


def output_structure_canary(read: Callable[..., Any]) -> None:
    structure = read(functional())
    assert {key: tensor.shape for key, tensor in structure.items()} == {"sum": (None, 4), "flat": (None, 4)}


def optimizer_variables_canary(read: Callable[..., Any]) -> None:
    variables = [keras.Variable(np.zeros(2), name="a"), keras.Variable(np.zeros(3), name="b")]
    optimizer = keras.optimizers.Adam()
    optimizer.build(variables)
    assert [id(v) for v in read(optimizer)] == [id(v) for v in variables]


def learning_rate_schedule_canary(read: Callable[..., Any]) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    assert read(keras.optimizers.SGD(schedule)) is schedule
    assert read(keras.optimizers.SGD(0.1)) is None
    assert read(keras.optimizers.SGD(lambda: 0.1)) is None


def loss_weights_canary(read: Callable[..., Any]) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd")
    assert read(model) is None
    model.compile("sgd", "mse")
    assert read(model) is None
    model.compile("sgd", "mse", loss_weights=[0.5])
    assert read(model) == [0.5]


def batch_iterations_canary(read: Callable[..., Any]) -> None:
    variable = keras.Variable(np.zeros(2, np.float32))
    for optimizer in (keras.optimizers.SGD(), keras.optimizers.SGD(gradient_accumulation_steps=2)):
        optimizer.build([variable])
        for expected in (1, 2, 3):
            optimizer.apply([tf.ones(2)], [variable])
            assert int(keras.ops.convert_to_numpy(read(optimizer))) == expected
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
    scaled.build([variable])
    assert isinstance(read(scaled.inner_optimizer), keras.Variable)


def clipped_gradients_canary(read: Callable[..., Any]) -> None:
    gradients = [tf.constant([3.0, 4.0]), tf.constant([0.3, 0.4])]

    def clipped(**settings: float) -> list[list[float]]:
        found = read(keras.optimizers.SGD(**settings), gradients)
        return [[round(float(value), 4) for value in gradient] for gradient in found]

    assert clipped(clipnorm=1.0) == [[0.6, 0.8], [0.3, 0.4]]
    assert clipped(clipvalue=0.35) == [[0.35, 0.35], [0.3, 0.35]]
    length = (5.0**2 + 0.5**2) ** 0.5
    assert clipped(global_clipnorm=length / 2) == [[1.5, 2.0], [0.15, 0.2]]


def gradient_sum_method_canary(read: Callable[..., Any]) -> None:
    owner, name = read()
    pairs = [(tf.ones(2), tf.Variable(tf.zeros(2)))]
    (found,) = getattr(owner, name)(keras.optimizers.SGD(), pairs)
    assert found[1] is pairs[0][1]
    np.testing.assert_array_equal(found[0], np.ones(2))


def build_method_canary(read: Callable[..., Any]) -> None:
    owner, name = read()
    model = keras.Sequential([L.Dense(2)])
    model.compile("sgd", "mse")
    getattr(owner, name)(model, data_batch=(np.ones((4, 3), np.float32), np.ones((4, 2), np.float32), None))
    assert model.built
    assert model.input_shape == (4, 3)


def compiled_metrics_canary(read: Callable[..., Any]) -> None:
    model = sequential()
    model.compile(loss="mse", metrics=["mae"])
    metrics = read(model)
    assert metrics.built is False
    metrics.build(tf.ones((4, 1)), tf.ones((4, 1)))
    assert metrics.built is True
    assert any(metrics is metric for metric in model.metrics)
    assert read(sequential()) is None


def batch_being_built_canary(read: Callable[..., Any]) -> None:
    class Unbuildable(keras.Model):
        def call(self, x: Any) -> Any:
            raise ValueError("no")

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = Unbuildable()
        model.compile("sgd", "mse")
    keras.config.disable_traceback_filtering()
    try:
        # Keras 3.7 puts an exception of its own in the place of the ValueError
        with pytest.raises((ValueError, RuntimeError)) as caught:
            model.fit(np.ones((4, 3), np.float32), np.ones(4, np.float32), batch_size=2, verbose=0)
    finally:
        keras.config.enable_traceback_filtering()
    x, y = read(caught.value)
    assert [tensor.shape[-1] for tensor in (x, y)] == [3, 2]
    assert read(ValueError("elsewhere")) is None


def wrapped_call_canary(read: Callable[..., Any]) -> None:
    model, x = sequential(), np.ones((4, 3), np.float32)
    with pytest.raises(ValueError, match="compile") as caught:
        model.fit(x, epochs=2)
    frame = caught.value.__traceback__.tb_next.tb_frame
    function, args, kwargs = read(frame)
    assert function.__name__ == "fit"
    assert args == (model, x)
    assert kwargs == {"epochs": 2}
    assert read(caught.value.__traceback__.tb_frame) is None


def decorated_function_canary(read: Callable[..., Any]) -> None:
    name, function = read(tf.matmul)
    assert (name, function.__name__, next(iter(inspect.signature(function).parameters))) == ("tf.matmul", "matmul", "a")
    assert read(tf.nn.softmax)[0] == "tf.nn.softmax"
    assert read(decorated_function_canary) == ("", decorated_function_canary)


def is_unlifted_canary(read: Callable[..., Any]) -> None:
    made: list[Any] = []

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow ships no types
    def step() -> Any:
        if not made:
            made.append(tf.Variable(1.0))
        return made[0] + 1

    step()
    assert read(made[0])
    assert not read(tf.Variable(1.0))
    assert not read(keras.Variable(1.0))


def copy_mask_canary(read: Callable[..., Any]) -> None:
    masked, plain = L.Masking()(np.float32([[[0], [1]]])), tf.zeros((1, 2, 1))
    read(plain, tf.zeros((1, 2, 1)))
    read(masked, plain)
    assert plain._keras_mask is masked._keras_mask


def held_value_canary(read: Callable[..., Any]) -> None:
    assert float(read(keras.Variable(2.5))) == 2.5


def hold_value_canary(read: Callable[..., Any]) -> None:
    variable, other = keras.Variable(2.5), keras.Variable(3.5)
    read(variable, held_value(other))
    assert float(variable.value) == 3.5
    read(variable, None)
    assert held_value(variable) is None


@pytest.mark.parametrize("name", ACCESSORS)
def test_accessor_gives_what_its_docstring_says(name: str) -> None:
    fresh()
    globals()[f"{name}_canary"](ACCESSORS[name].read)


@pytest.mark.parametrize("name", ACCESSORS)
def test_accessor_says_what_it_reads_and_what_is_unknown_without_it(name: str) -> None:
    module = keras_internals if hasattr(keras_internals, name) else tf_internals
    assert getattr(module, name).__doc__
    assert ACCESSORS[name].effect.endswith(".")


# -- an accessor that fails ---------------------------------------------------------------------------

READ_WHILE_TRACING = {
    "own_trainable_variables",
    "optimizer_variables",
    "batch_iterations",
    "clipped_gradients",
    "gradient_sum_method",
    "compiled_metrics",
    "is_unlifted",
}


READ_ELSEWHERE = {"build_method", "copy_mask", "held_value", "hold_value"}
"""Accessors that the backends of JAX and PyTorch need, and what explains exceptions."""


class CustomStep(keras.Model):
    """Applies gradients without naming the variables."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables))
        return self.compute_metrics(x, y, self(x), None)


def model_for_every_accessor() -> keras.Model:
    fresh()
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    inner = keras.Sequential([L.Input((3,)), L.Dense(4, activation="relu"), L.BatchNormalization()], name="inner")
    seen = L.Flatten()(L.Attention()([L.Reshape((3, 1))(a)] * 2))
    joined = L.Concatenate()([inner(a), inner(b), seen])
    output = L.Reshape((2,), name="out")(L.Dense(2, activation="softmax")(joined))
    model = CustomStep({"a": a, "b": b}, {"out": output})
    model.compile(keras.optimizers.Adam(clipnorm=0.1), {"out": "categorical_crossentropy"}, metrics={"out": ["mae"]})
    model.optimizer.build(model.trainable_variables)
    return model


def fit(model: keras.Model, callbacks: list[Any]) -> dict[str, list[float]]:
    rng = np.random.default_rng(3)
    x = {key: rng.normal(size=(12, 3)).astype(np.float32) for key in ("a", "b")}
    y = {"out": np.eye(2, dtype=np.float32)[rng.integers(0, 2, 12)]}
    history = model.fit(x, y, batch_size=4, shuffle=False, verbose=0, callbacks=callbacks).history
    return {key: list(values) for key, values in history.items()}


class Intact(NamedTuple):
    """What a run with all accessors ends with."""

    history: dict[str, list[float]]
    weights: list[np.ndarray]
    samples: list[Sample]


def run(log_dir: Path | None) -> Intact:
    model = model_for_every_accessor()
    callbacks = [] if log_dir is None else [InputDiagnostics(log_dir, every=1, verbose=0)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputDiagWarning)
        history = fit(model, callbacks)
    records = [] if log_dir is None else records_of(log_dir)
    return Intact(history, weights_of(model), [record for record in records if isinstance(record, Sample)])


def facts_in_log(log_dir: Path) -> ModelFacts:
    """Returns the facts that count: the last ones."""
    found: ModelFacts = [record for record in records_of(log_dir) if isinstance(record, ModelFacts)][-1]
    return found


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Intact:
    plain = run(None)
    log_dir = tmp_path_factory.mktemp("intact")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras_internals, "_reports", {})
        watched = run(log_dir)
    assert_same_weights(plain.weights, watched.weights)
    assert facts_in_log(log_dir).degraded == ()
    return watched


@pytest.fixture
def break_accessor(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    monkeypatch.setattr(keras_internals, "_reports", {})

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise AttributeError("this Keras has it elsewhere")

    return lambda name: monkeypatch.setitem(ACCESSORS, name, ACCESSORS[name]._replace(read=broken))


def an_exception() -> BaseException:
    with pytest.raises(ValueError, match="compile") as caught:
        sequential().fit(np.ones((4, 3), np.float32))
    return caught.value


@pytest.mark.parametrize("name", [name for name in ACCESSORS if name not in READ_WHILE_TRACING | READ_ELSEWHERE])
def test_facts_name_what_could_not_be_read(name: str, break_accessor: Callable[[str], None]) -> None:
    break_accessor(name)
    model = model_for_every_accessor()
    paths = layer_paths(model)
    failed_batch(ValueError("elsewhere"), model)
    failed_call(an_exception())
    facts = model_facts(model, paths, weight_names(model, paths))
    assert facts.degraded == (Degraded(accessor=name, effect=ACCESSORS[name].effect),)
    assert facts.loss is not None
    assert facts.weights


@pytest.mark.parametrize("name", [*sorted(READ_WHILE_TRACING), "all"])
def test_training_goes_on_unharmed_and_the_log_names_what_failed(
    name: str, intact: Intact, break_accessor: Callable[[str], None], tmp_path: Path
) -> None:
    for accessor in ACCESSORS if name == "all" else [name]:
        break_accessor(accessor)
    found = run(tmp_path)
    assert_same_history(intact.history, found.history)
    assert_same_weights(intact.weights, found.weights)
    assert [sample.loss for sample in found.samples] == [sample.loss for sample in intact.samples]
    degraded = {report.accessor for report in facts_in_log(tmp_path).degraded}
    # without the variables there are no updates whose gradients could be clipped
    assert degraded >= READ_WHILE_TRACING - {"clipped_gradients"} if name == "all" else degraded == {name}


def test_an_exception_passes_through_if_its_batch_cannot_be_found(
    break_accessor: Callable[[str], None], tmp_path: Path
) -> None:
    fresh()
    break_accessor("batch_being_built")
    model = sequential()
    model.compile("sgd", "mse")
    with pytest.raises(RuntimeError, match="the loop's own"), InputDiagnostics(tmp_path, verbose=0).watch(model):
        raise RuntimeError("the loop's own")
    assert [report.accessor for report in facts_in_log(tmp_path).degraded] == ["batch_being_built"]
    assert any(isinstance(record, Failure) for record in records_of(tmp_path))
