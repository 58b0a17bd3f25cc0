"""Stands between a program and the methods of `keras.Model` that train, evaluate and predict.

The methods of the class are replaced, so a subclass that calls ``super().fit(...)`` comes here, too. Without a listener
a replacement only calls the original.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal, Protocol, TypeAlias

from tb_inputdiag.capture.replacing import replace

__all__ = ["CALLS", "Call", "CallMode", "Listener", "replace_calls"]

CallMode: TypeAlias = Literal["fit", "evaluate", "predict", "train_on_batch"]
CALLS: tuple[CallMode, ...] = ("fit", "evaluate", "predict", "train_on_batch")
"""The methods of `keras.Model` that are recorded."""


class Call(Protocol):
    """A call that is recorded."""

    callbacks: object
    """What to give as `callbacks`, for the methods that take them."""

    def end(self, exc: BaseException | None) -> None:
        """Receives how the call ended. Must not raise."""


class Listener(Protocol):
    """Receives the calls."""

    def begin(self, mode: CallMode, model: Any, callbacks: object) -> Call | None:
        """Receives a call before it is made. Must not raise.

        Args:
            mode: Which method.
            model: The model.
            callbacks: The argument of that name.

        Returns:
            The call if it is recorded; None to leave it as it is.
        """

    def failed(self, exc: Exception) -> None:
        """Receives an exception that leaves a call. Must not raise."""


def replace_calls(keras: ModuleType, listener: Callable[[], Listener | None]) -> Callable[[], None]:
    """Replaces the methods. Returns a function that puts them back.

    Args:
        keras: The module.
        listener: Returns who receives the calls at present; None: nobody does.
    """
    undo = [replace(keras.Model, mode, _replacement(keras.Model, mode, listener)) for mode in CALLS]

    def put_back() -> None:
        for one in undo:
            one()

    return put_back


def _replacement(owner: type, mode: CallMode, listener: Callable[[], Listener | None]) -> Callable[..., Any]:
    original = getattr(owner, mode)
    signature = inspect.signature(original)

    @functools.wraps(original)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        present = listener()
        if present is None:
            return original(*args, **kwargs)
        call, args, kwargs = _begin(present, mode, signature, args, kwargs)
        try:
            result = original(*args, **kwargs)
        except BaseException as exc:
            if call is not None:
                call.end(exc)
            if isinstance(exc, Exception):
                present.failed(exc)
            raise
        if call is not None:
            call.end(None)
        return result

    return replacement


def _begin(
    listener: Listener, mode: CallMode, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Call | None, tuple[Any, ...], dict[str, Any]]:
    """Returns the call if it is recorded, and the arguments to make it with."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:  # the original says what is wrong
        return None, args, kwargs
    model = next(iter(bound.arguments.values()))
    call = listener.begin(mode, model, bound.arguments.get("callbacks"))
    if call is None or "callbacks" not in signature.parameters:
        return call, args, kwargs
    bound.arguments["callbacks"] = call.callbacks
    return call, bound.args, bound.kwargs
