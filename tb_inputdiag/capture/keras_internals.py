"""The one door to Keras' private names.

Each accessor reads one name that Keras does not promise to keep. Where public API gives the same result, it is used
instead, and there is no accessor.

If an accessor fails, it returns its fallback and reports what is unknown from then on. `degraded` lists these reports,
`ModelFacts.degraded` carries them into the log, and rules that need the accessor do not judge. Nothing is raised into
training. Reports last as long as the process: it has one version of Keras, and a traced step may serve several fits.

The names exist in all versions from 3.7 on, the oldest one that is supported.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeAlias, TypeVar

import keras

from tb_inputdiag.records import Degraded

Tensor: TypeAlias = Any
"""A tensor of Keras' backend, or a symbolic one."""
Structure: TypeAlias = Any
"""Nested dicts, lists and tuples of symbolic tensors."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Accessor(NamedTuple):
    """What stands behind the function of the same name."""

    read: Callable[..., Any]
    effect: str
    """What is unknown if `read` fails, as a sentence."""


ACCESSORS: dict[str, Accessor] = {}
"""All accessors by name. `Degraded.accessor` and the rules' `needs` hold these names."""

_reports: dict[str, Degraded] = {}


def degraded() -> tuple[Degraded, ...]:
    """Returns what could not be read so far, each accessor once, in the order of failing."""
    return tuple(_reports.values())


def report(name: str, effect: str) -> None:
    """Reports what else cannot be known in this process, once.

    Args:
        name: What could not be read, as an identifier.
        effect: What is unknown, as a sentence.
    """
    _reports.setdefault(name, Degraded(accessor=name, effect=effect))


def accessor(effect: str, fallback: Callable[..., Any]) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Makes a function an accessor: it never raises, and reports its failure.

    Args:
        effect: What is unknown if the function fails, as a sentence.
        fallback: Gives the result then. It takes the same arguments and must not raise.
    """

    def register(read: Callable[_P, _T]) -> Callable[_P, _T]:
        name = read.__name__
        ACCESSORS[name] = Accessor(read, effect)

        @functools.wraps(read)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            try:
                found: _T = ACCESSORS[name].read(*args, **kwargs)
                return found
            except Exception:
                _reports.setdefault(name, Degraded(accessor=name, effect=effect))
                replacement: _T = fallback(*args, **kwargs)
                return replacement

        return guarded

    return register


# -- layers and their weights -----------------------------------------------------------------------


@accessor(
    effect="Layers inside layers are unknown, so facts about them and about their weights are missing.",
    fallback=lambda layer: list(layer.layers) if isinstance(layer, keras.Model) else [],
)
def sublayers(layer: keras.Layer) -> list[keras.Layer]:
    """Returns the layers directly inside a layer or model, in the order in which Keras tracks them.

    Reads `Layer._flatten_layers`. The public `Model.layers` leaves out the layers that a Functional model has besides
    those of its graph, and other layers have nothing like it.
    """
    return list(layer._flatten_layers(include_self=False, recursive=False))


@accessor(
    effect="Which layer owns a weight is unknown, and with it where the first trainable layer reads the inputs.",
    fallback=lambda layer: [],
)
def own_trainable_variables(layer: keras.Layer) -> list[keras.Variable]:
    """Returns the variables that a layer itself made as trainable ones, without those of the layers inside it.

    Reads `Layer._trainable_variables`. Variables stay in it when the layer is frozen, unlike in the public
    `trainable_variables`: a frozen backbone is still a layer with learned weights.
    """
    return list(layer._trainable_variables)


@accessor(effect="Which layer owns a non-trainable weight is unknown.", fallback=lambda layer: [])
def own_non_trainable_variables(layer: keras.Layer) -> list[keras.Variable]:
    """Returns the variables that a layer itself made as non-trainable ones, such as moving averages.

    Reads `Layer._non_trainable_variables`. The states of seed generators are not among them.
    """
    return list(layer._non_trainable_variables)


# -- the graph of a Functional or Sequential model --------------------------------------------------


class Producer(NamedTuple):
    """Where a symbolic tensor comes from."""

    operation: keras.Operation
    node_index: int
    """Which call of the operation."""


class Node(NamedTuple):
    """One call of an operation in a model's graph."""

    operation: keras.Operation
    inputs: list[keras.KerasTensor]


@accessor(
    effect="The graph of a Sequential model is unknown, so its inputs, outputs and output activations are missing.",
    fallback=lambda model: None,
)
def sequential_function(model: keras.Model) -> keras.Function | None:
    """Returns the Functional graph of a Sequential model; None if it is not built, or for any other model.

    Reads `Sequential._functional`.
    """
    return model._functional if isinstance(model, keras.Sequential) else None


@accessor(effect="Which layer reads which is unknown.", fallback=lambda function: [])
def function_nodes(function: keras.Function) -> list[Node]:
    """Returns the calls of operations that a Functional model is made of.

    Reads `Function._nodes_by_depth`.
    """
    levels = function._nodes_by_depth.values()
    return [Node(node.operation, list(node.input_tensors)) for level in levels for node in level]


@accessor(
    effect="Which layer made a tensor is unknown, so connections of layers and output activations are missing.",
    fallback=lambda tensor: None,
)
def producer(tensor: keras.KerasTensor) -> Producer | None:
    """Returns the operation that made a symbolic tensor of a model's graph.

    Reads `KerasTensor._keras_history`.
    """
    history = tensor._keras_history
    return Producer(history.operation, history.node_index)


@accessor(
    effect="Output activations in front of a Reshape, Flatten or Dropout are unknown.", fallback=lambda producer: []
)
def operation_inputs(producer: Producer) -> list[keras.KerasTensor]:
    """Returns the symbolic tensors that an operation was called on.

    Reads `Operation._inbound_nodes`. The public `Operation.input` raises where an operation was called twice.
    """
    return list(producer.operation._inbound_nodes[producer.node_index].input_tensors)


class SymbolicCall(NamedTuple):
    """The arguments of one call of an operation on symbolic tensors."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@accessor(effect="Whether attention layers may read steps that come later is unknown.", fallback=lambda operation: [])
def symbolic_calls(operation: keras.Operation) -> list[SymbolicCall]:
    """Returns the arguments of each call of an operation in a graph; empty for one that is only called elsewhere.

    Reads `Operation._inbound_nodes` and their `arguments`.
    """
    arguments = [node.arguments for node in operation._inbound_nodes]
    return [SymbolicCall(tuple(made.args), dict(made.kwargs)) for made in arguments]


@accessor(
    effect="Keys of a model's dict inputs are unknown, so inputs are named by position.",
    fallback=lambda function: list(function.inputs),
)
def input_structure(function: keras.Function) -> Structure:
    """Returns the inputs of a Functional model in the structure that it was made with.

    Reads `Function._inputs_struct`. The public `Function.inputs` is the flat list.
    """
    return function._inputs_struct


@accessor(
    effect="Keys of a model's dict outputs are unknown, so outputs are named by position.",
    fallback=lambda function: list(function.outputs),
)
def output_structure(function: keras.Function) -> Structure:
    """Returns the outputs of a Functional model in the structure that it was made with.

    Reads `Function._outputs_struct`. The public `Function.outputs` is the flat list.
    """
    return function._outputs_struct


# -- optimizers -------------------------------------------------------------------------------------


class Method(NamedTuple):
    """A method that can be replaced."""

    owner: type
    name: str


@accessor(
    effect="Gradients and weight updates are missing where a step calls `apply` without variables.",
    fallback=lambda optimizer: None,
)
def optimizer_variables(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable] | None:
    """Returns the variables that an optimizer was built for, in the order of its gradients.

    Reads `Optimizer._trainable_variables`. Keras' own `apply` takes them when it is given gradients only. The public
    `variables` are the optimizer's state.
    """
    return list(optimizer._trainable_variables)


@accessor(effect="Whether the learning rate follows a schedule is unknown.", fallback=lambda optimizer: None)
def learning_rate_schedule(
    optimizer: keras.optimizers.Optimizer,
) -> keras.optimizers.schedules.LearningRateSchedule | None:
    """Returns the schedule that an optimizer's learning rate follows, or None if it follows none.

    Reads `Optimizer._learning_rate`. The public `learning_rate` is the current value, and `get_config` raises for a
    schedule that cannot be serialized.
    """
    rate = optimizer._learning_rate
    return rate if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) else None


@accessor(
    effect="Whether the loss is multiplied by a weight is unknown, and with it what a constant answer would lose.",
    fallback=lambda model: None,
)
def loss_weights(model: keras.Model) -> Any:
    """Returns what was given to ``compile(loss_weights=...)``; None if nothing was, or if there is no loss.

    Reads `Model._compile_loss` and the `_user_loss_weights` in it. The public `get_compile_config` serializes the loss,
    which warns, or raises, for a function of the user's own.
    """
    return None if model._compile_loss is None else model._compile_loss._user_loss_weights


@accessor(
    effect="With gradient accumulation, steps count the updates instead of the batches.",
    fallback=lambda optimizer: optimizer.iterations,
)
def batch_iterations(optimizer: keras.optimizers.Optimizer) -> keras.Variable:
    """Returns the variable that counts an optimizer's calls, an integer scalar.

    Reads `Optimizer._iterations`. The public `iterations` divides it by the steps of gradient accumulation.
    """
    return optimizer._iterations


@accessor(effect="Norms of gradients after clipping are unknown.", fallback=lambda optimizer, gradients: None)
def clipped_gradients(optimizer: keras.optimizers.Optimizer, gradients: Sequence[Tensor]) -> list[Tensor] | None:
    """Returns gradients as an optimizer clips them, by `clipnorm`, `clipvalue` or `global_clipnorm`.

    Calls `Optimizer._clip_gradients`.
    """
    return list(optimizer._clip_gradients(list(gradients)))


@accessor(
    effect="With several replicas, gradients are those of one replica, not their sum.",
    fallback=lambda: None,
)
def gradient_sum_method() -> Method | None:
    """Returns the method in which an optimizer sums the gradients of all replicas.

    Names `Optimizer._all_reduce_sum_gradients`, which takes and returns ``(gradient, variable)`` pairs. Only with the
    TensorFlow backend.
    """
    found = Method(keras.optimizers.Optimizer, "_all_reduce_sum_gradients")
    if not callable(getattr(*found)):
        raise TypeError(found.name)
    return found


# -- JAX ----------------------------------------------------------------------------------------------


@accessor(
    effect="Masks may be lost where values are observed, so losses of sampled steps may count padding.",
    fallback=lambda source, target: None,
)
def copy_mask(source: Tensor, target: Tensor) -> None:
    """Gives a tensor the mask of another one, if that has one.

    Reads and sets `_keras_mask` of tensors.
    """
    mask = getattr(source, "_keras_mask", None)
    if mask is not None:
        target._keras_mask = mask


@accessor(
    effect="Facts that are read between two steps lack what is in variables, such as the learning rate.",
    fallback=lambda variable: None,
)
def held_value(variable: keras.Variable) -> Tensor | None:
    """Returns the value that a variable holds; None while the JAX trainer keeps it in the state of a running `fit`.

    Reads `Variable._value`. The public `value` raises then.
    """
    return variable._value


@accessor(
    effect="Facts that are read between two steps lack what is in variables.", fallback=lambda variable, value: None
)
def hold_value(variable: keras.Variable, value: Tensor | None) -> None:
    """Lets a variable hold a value, or none; see `held_value`.

    Sets `Variable._value`. The public `assign` makes a copy, and cannot take the value away again.
    """
    variable._value = value


# -- compiling and building -------------------------------------------------------------------------


class CompiledMetrics(Protocol):
    """The metrics given to `compile`, as Keras holds them."""

    built: bool

    def build(self, y_true: Tensor, y_pred: Tensor) -> None:
        """Makes the metrics for targets and outputs of this structure."""


@accessor(
    effect="The first sampled step may be traced twice, because metrics are built in it. Records are complete.",
    fallback=lambda model: None,
)
def compiled_metrics(model: keras.Model) -> CompiledMetrics | None:
    """Returns what computes the metrics that `compile` was given, or None for a model that is not compiled.

    Reads `Trainer._compile_metrics`. It is also one of the public `metrics`, among which nothing tells it apart.
    """
    found: CompiledMetrics | None = model._compile_metrics
    return found


_BUILDING = ("_symbolic_build", "_maybe_symbolic_build")


@accessor(
    effect="An exception that is raised while Keras builds the model, before it calls callbacks, is not explained.",
    fallback=lambda: None,
)
def build_method() -> Method | None:
    """Returns the method in which the trainers of JAX and PyTorch build a model, before they call callbacks.

    Names `Trainer._symbolic_build`.
    """
    return Method(next(cls for cls in keras.Model.__mro__ if "_symbolic_build" in vars(cls)), "_symbolic_build")


@accessor(
    effect="The batch for which Keras failed to build the model is unknown.",
    fallback=lambda exc: None,
)
def batch_being_built(exc: BaseException) -> Structure:
    """Returns the batch for which Keras was building a model when an exception was raised; None if it was not.

    Reads the variable ``data_batch`` in the frames of `Trainer._symbolic_build` and of the TensorFlow backend's
    `_maybe_symbolic_build`. Keras takes these frames out of the traceback unless
    `keras.config.disable_traceback_filtering` was called.
    """
    if not callable(keras.Model._symbolic_build):
        raise TypeError(_BUILDING[0])
    traceback, batch = exc.__traceback__, None
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_name in _BUILDING and frame.f_locals.get("data_batch") is not None:
            batch = frame.f_locals["data_batch"]
        traceback = traceback.tb_next
    return batch


class WrappedCall(NamedTuple):
    """A call that passed through one of the wrappers that Keras puts around its public functions."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


_WRAPPER = "error_handler"


@accessor(
    effect="The arguments of the call that raised are unknown.",
    fallback=lambda frame: None,
)
def wrapped_call(frame: FrameType) -> WrappedCall | None:
    """Returns the call that a frame of `traceback_utils.filter_traceback` stands for; None for any other frame.

    Reads the variables ``fn``, ``args`` and ``kwargs`` of its inner function, `_WRAPPER`. TensorFlow wraps its own
    public functions in the same way.
    """
    if frame.f_code.co_name != _WRAPPER:
        return None
    found = frame.f_locals
    return WrappedCall(found["fn"], tuple(found["args"]), dict(found["kwargs"]))


@accessor(
    effect="The name and the arguments of the TensorFlow function that raised are unknown.",
    fallback=lambda function: ("", function),
)
def decorated_function(function: Callable[..., Any]) -> tuple[str, Callable[..., Any]]:
    """Returns the public name of a function of TensorFlow, and what stands below its decorators.

    Reads `_tf_decorator` with its ``decorated_target``, and the variable ``dispatch_target``, where TensorFlow's
    decorators keep what they decorate, and `_tf_api_names`, the names under which the function is exported. The name is
    empty for all other functions.
    """
    inner, names = function, ()
    while True:
        names = names or getattr(inner, "_tf_api_names", ())
        decorator = getattr(inner, "_tf_decorator", None)
        target = getattr(decorator, "decorated_target", None) or getattr(inner, "__wrapped__", None)
        if target is None and getattr(inner, "__closure__", None):
            target = inspect.getclosurevars(inner).nonlocals.get("dispatch_target")
        if target is None or target is inner:
            return (f"tf.{min(names, key=len)}" if names else ""), inner
        inner = target
