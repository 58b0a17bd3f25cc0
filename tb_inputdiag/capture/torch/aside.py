"""Operations of our own, beside those of the user's step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from tb_inputdiag.capture import hooks

__all__ = ["aside"]


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """Keeps what runs in a block out of the step's graph of derivatives, and unobserved.

    Modes and subclasses of the user, and our own `TorchLineage`, do not see it either.
    """
    with hooks.paused(), torch.no_grad(), torch._C.DisableTorchFunction():
        yield
