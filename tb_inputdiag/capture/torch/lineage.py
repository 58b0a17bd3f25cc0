"""Where the tensors of a step come from: from which inputs, and whether through learned weights.

A `TorchFunctionMode` sees each call of PyTorch's functions from Python and calls it as it is. Unlike a
`TorchDispatchMode` it changes nothing below that: not which kernel runs, nor how derivatives are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from tb_inputdiag.capture import hooks
from tb_inputdiag.capture.names import backend_value
from tb_inputdiag.capture.observations import StepObservations
from tb_inputdiag.capture.origins import Origin
from tb_inputdiag.capture.torch.aside import aside
from tb_inputdiag.capture.torch.reader import Tensor

__all__ = ["TorchLineage"]

_Function: TypeAlias = Callable[..., Any]

_TRANSPARENT = {
    "alias",
    "as_tensor",
    "bfloat16",
    "clone",
    "contiguous",
    "cpu",
    "cuda",
    "detach",
    "double",
    "expand",
    "flatten",
    "float",
    "half",
    "int",
    "long",
    "ravel",
    "reshape",
    "reshape_as",
    "squeeze",
    "tensor",
    "to",
    "type",
    "type_as",
    "unflatten",
    "unsqueeze",
    "view",
    "view_as",
}
"""Functions that change no value, if they keep the number of values. A cast may round."""

_DIFFERENTIATE = (torch.Tensor.backward, torch.autograd.backward, torch.autograd.grad)
_ACTIVATIONS = {"softmax", "sigmoid", "relu", "tanh", "softplus"}
_LINEAR = {"add", "addmm", "bmm", "conv1d", "conv2d", "conv3d", "einsum", "linear", "matmul", "mean", "mm", "sum"}


class TorchLineage(TorchFunctionMode):  # type: ignore[misc]  # PyTorch ships it without types
    """Follows tensors through a step, in the thread that enters it.

    Args:
        step: Where failures and the differentiated loss go.
        inputs: The inputs of the batch, as the step gets them.
        learned: The parameters of all layers that learn, frozen ones included.
    """

    def __init__(
        self, step: StepObservations, inputs: Sequence[Tensor | NDArray[Any]], learned: Iterable[Tensor]
    ) -> None:
        super().__init__()
        self._step = step
        # weak, so that no tensor lives longer than without us
        self._origins = WeakIdKeyDictionary()
        self._made_by = WeakIdKeyDictionary()
        self._read = WeakIdKeyDictionary()
        self._arrays: list[tuple[NDArray[Any], Origin]] = []
        for index, leaf in enumerate(inputs):
            origin = Origin(sources=frozenset([index]), untouched=True)
            if isinstance(leaf, torch.Tensor):
                self._origins[leaf] = origin
            else:
                self._arrays.append((leaf, origin))
        for weight in learned:
            self._origins[weight] = Origin(weighted=True)

    def of(self, tensor: Tensor) -> Origin:
        """Returns where a tensor comes from."""
        found: Origin = self._origins.get(tensor, Origin())
        return found

    def is_read_first(self, tensor: Tensor) -> bool:
        """Returns whether no layer has read a tensor yet; from now on, one has."""
        is_first = tensor not in self._read
        self._read[tensor] = True
        return is_first

    def made_by(self, tensor: Tensor) -> str | None:
        """Returns the activation whose function made a tensor, looking through casts and reshapes; None if unknown."""
        name = self._made_by.get(tensor)
        return name if name in _ACTIVATIONS else "linear" if name in _LINEAR else None

    def __torch_function__(
        self, func: _Function, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Calls a function of PyTorch, and notes where its results come from."""
        kwargs = kwargs or {}
        if hooks.current() is None:
            return func(*args, **kwargs)
        if func in _DIFFERENTIATE:
            return self._differentiate(func, args, kwargs)
        results = func(*args, **kwargs)
        # most calls read a shape or a dtype, so this is the fast way
        made = (results,) if isinstance(results, torch.Tensor) else tuple(_tensors(results))
        if made:
            with self._step.guard():
                self._note(getattr(func, "__name__", ""), (args, tuple(kwargs.values())), made)
        return results

    def _differentiate(self, func: _Function, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Computes derivatives. Layers that are called again meanwhile, by checkpointing, are not observed."""
        with self._step.guard(), aside():
            target = next(_tensors((args, tuple(kwargs.values()))), None)
            if self._step.differentiated is None and target is not None and target.ndim == 0:
                self._step.differentiated = target.detach().clone()
        with hooks.paused():
            return func(*args, **kwargs)

    def _note(self, name: str, operands: Any, made: Sequence[Tensor]) -> None:
        tensors = list(_tensors(operands))
        origins = [self.of(operand) for operand in tensors]
        first = tensors[0] if tensors else None
        if first is None:
            origins = [self._of_array(leaf) for leaf in _leaves(operands) if isinstance(leaf, np.ndarray)]
        weighted = any(origin.weighted for origin in origins)
        sources = frozenset().union(*(origin.sources for origin in origins))
        for tensor in made:
            if tensor is first and name in _TRANSPARENT:
                continue
            keeps_values = name in _TRANSPARENT and (first is None or first.numel() == tensor.numel())
            if weighted or sources:
                untouched = keeps_values and origins[0].untouched
                self._origins[tensor] = Origin(weighted, sources, untouched)
            maker = self._made_by.get(first) if keeps_values and first is not None else name
            if maker is not None:
                self._made_by[tensor] = maker

    def _of_array(self, array: NDArray[Any]) -> Origin:
        """Returns which input of the batch an array is, of which Keras makes a copy before it makes a tensor."""
        for known, origin in self._arrays:
            if array is known or (
                array.shape == known.shape and array.dtype == known.dtype and array.tobytes() == known.tobytes()
            ):
                return origin
        return Origin()


def _leaves(structure: Any) -> Iterator[Any]:
    """Yields what is in nested lists and tuples."""
    if not isinstance(structure, (list, tuple)):
        yield structure
        return
    for item in structure:
        if isinstance(item, (list, tuple)):
            yield from _leaves(item)
        else:
            yield item


def _tensors(structure: Any) -> Iterator[Tensor]:
    """Yields the tensors in nested lists and tuples, and those that Keras' variables hold."""
    for leaf in _leaves(structure):
        if isinstance(leaf, torch.Tensor):
            yield leaf
        elif isinstance(leaf, keras.Variable):
            yield backend_value(leaf)
