"""The rule `out-of-memory`."""

from __future__ import annotations

import re

from tb_inputdiag.records import Failure, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.failures import essential_text, fed_text
from tb_inputdiag.rules.views.context import Context

__all__ = ["OutOfMemory"]

_TENSOR = re.compile(r"OOM when allocating tensor with shape\s*\[([\d,]+)\] and type (\w+)")


class OutOfMemory(Rule):
    """The device has no memory left for the step.

    ## What it does
    Reads the exception that ended the step and names the tensor that did not fit, and the batch that was fed.

    ## Why is this bad?
    `fit` cannot go on. Memory is mostly taken by the outputs of the layers, which grow with the batch.

    ## Example
    ```python
    keras.layers.Dense(4096)          # right behind a Flatten of a large image
    ```

    ## What to do
    Halve the batch size, use smaller images or pooling before `Flatten`, or mixed precision.

    ## References
    - https://keras.io/api/mixed_precision/
    """

    id = "out-of-memory"
    severity = Severity.ERROR
    why = "The outputs of all layers are kept for the backward pass, so memory grows with the size of the batch."

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads the exception."""
        text = essential_text(failure.message)
        if failure.exception != "ResourceExhaustedError" and "OOM when allocating" not in text:
            return []
        match = _TENSOR.search(text)
        shape = f"a tensor of shape ({match[1].replace(',', ', ')}) and type {match[2]}" if match else "a tensor"
        batch = next((t.shape[0] for t in failure.fed if t.role == "input" and t.shape and t.shape[0]), None)
        smaller = max(batch // 2, 1) if batch else "..."
        return [
            Finding(
                subject="model",
                message=f"There was no memory left for {shape}{f', with batches of {batch}' if batch else ''}.",
                evidence={"tensor_shape": match[1] if match else "", "batch_size": batch, "fed": fed_text(failure)},
                fix=f"model.fit(..., batch_size={smaller})\n"
                'keras.mixed_precision.set_global_policy("mixed_float16")  # halves what activations take',
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        message = "OOM when allocating tensor with shape[64,512,512,64] and type float on /device:GPU:0 by allocator"
        return (
            fires("the exception", lambda: Scenario().fail("ResourceExhaustedError", message), "model", Severity.ERROR),
            silent("another exception", lambda: Scenario().fail("ValueError", "Invalid dtype: object")),
        )
