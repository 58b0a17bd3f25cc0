"""Numbers in what was configured: layers, losses, optimizers, and the calls of `fit`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tb_inputdiag.rules.views.context import Context

__all__ = ["asked", "number"]


def number(config: Mapping[str, object], name: str, default: float = math.nan) -> float:
    """Returns a number of a configuration, or `default` if it is missing or not a number."""
    value = config.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else default


def asked(context: Context) -> tuple[int, int]:
    """Returns how many epochs, and steps in each, `fit` was asked for; 0 where Keras does not know."""
    params = context.session.params if context.session is not None else {}
    return int(number(params, "epochs", 0)), int(number(params, "steps", 0))
