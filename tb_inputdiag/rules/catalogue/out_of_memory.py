"""The rule `out-of-memory`."""

from __future__ import annotations

import math
import re

from tb_inputdiag.numbers import size_bytes, whole
from tb_inputdiag.records import Failure, Severity, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.failures import essential_text, fed_text
from tb_inputdiag.rules.views.context import Context

__all__ = ["OutOfMemory"]

_TENSOR = re.compile(r"OOM when allocating tensor with shape\s*\[([\d,]+)\] and type (\w+)")


class OutOfMemory(Rule):
    """The device has no memory left for the step.

    ## What it does
    Reads the exception that ended the step. It names the tensor that did not fit and the batch that was fed.

    ## Why is this bad?
    `fit` cannot continue. The outputs of the layers take most of the memory, and they grow with the batch.

    ## Example
    ```python
    keras.layers.Dense(4096)          # right after a Flatten of a large image
    ```

    ## What to do
    Halve the batch size. Or use smaller images, pooling before `Flatten`, or mixed precision.

    ## References
    - https://keras.io/api/mixed_precision/
    """

    id = "out-of-memory"
    severity = Severity.ERROR
    why = "The outputs of all layers are kept for the backward pass, so memory grows with the batch size."

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads the exception."""
        text = essential_text(failure.message)
        if failure.exception != "ResourceExhaustedError" and "OOM when allocating" not in text:
            return []
        match = _TENSOR.search(text)
        tensor, asked = _tensor(match)
        batch = next((t.shape[0] for t in failure.fed if t.role == "input" and t.shape and t.shape[0]), None)
        smaller = max(batch // 2, 1) if batch else "..."
        return [
            Finding(
                subject="model",
                message=f"The device has no memory left for {tensor}{f', with batches of {batch}' if batch else ''}.",
                evidence={"tensor_shape": match[1] if match else "", "batch_size": batch, "fed": fed_text(failure)},
                fix=f"model.fit(..., batch_size={smaller})\n"
                'keras.mixed_precision.set_global_policy("mixed_float16")  # halves the size of activations',
                picture=WordsPicture(
                    seen=asked,
                    expected="what fits into the free memory",
                    seen_label="needed",
                    expected_label="possible",
                ),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        message = "OOM when allocating tensor with shape[64,512,512,64] and type float on /device:GPU:0 by allocator"
        return (
            fires(
                "the exception of TensorFlow",
                lambda: Scenario().fail("ResourceExhaustedError", message),
                "model",
                Severity.ERROR,
            ),
            silent("another exception", lambda: Scenario().fail("ValueError", "Invalid dtype: object")),
        )


_BYTES = {"float": 4, "double": 8, "half": 2, "bfloat16": 2, "int32": 4, "int64": 8, "bool": 1}


def _tensor(match: re.Match[str] | None) -> tuple[str, str]:
    """Returns a tensor that did not fit in words, and its size."""
    if match is None:
        return "a tensor", "a tensor"
    sizes = [int(n) for n in match[1].split(",")]
    asked = f"{whole(math.prod(sizes))} values"
    if match[2] in _BYTES:
        asked = size_bytes(math.prod(sizes) * _BYTES[match[2]])
    return f"a tensor of shape ({', '.join(map(str, sizes))}) and type {match[2]} ({asked})", asked
