"""The rule `shape-mismatch`."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import Failure, Severity, ShapesPicture, TensorLayout
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, columns, fires, layer, pixels, silent
from tb_inputdiag.rules.exceptions import findings_for
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.failures import essential_text
from tb_inputdiag.rules.support.shape_errors import read_shape_error
from tb_inputdiag.rules.support.shape_findings import built_shape, shape_finding
from tb_inputdiag.rules.support.shapes import reshape_fix
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["ShapeMismatch"]


class ShapeMismatch(Rule):
    """A tensor has a different shape than the model or the loss expects.

    ## What it does
    Reads the exception that ended the step: a wrong number of axes, a wrong size of one axis, channels first, a missing
    batch or channel axis, a missing input. It compares what was fed with what the model was built for, and gives the
    line of code that makes it fit. It also fires if Keras silently adds or drops an axis to make the input fit.

    ## Why is this bad?
    `fit` cannot continue. If an axis is added silently, the model may read rows as channels, or examples as steps.

    ## Example
    ```python
    model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(32, 3), ...])
    model.fit(x.reshape(-1, 784), y)
    ```

    ## What to do
    Use `x.reshape(-1, 28, 28, 1)`, `x[..., None]` for a missing channel axis, or `np.moveaxis(x, 1, -1)` for channels
    first. Or change `keras.Input` to the shape of the data.

    ## References
    - https://keras.io/guides/sequential_model/
    """

    id = "shape-mismatch"
    severity = Severity.ERROR
    needs = ("sequential_function",)
    splits = ("train", "validation", "predict")
    why = "The layers were built for one shape. With another, the step fails, or it computes something you do not mean."

    def on_sample(self, context: Context) -> Findings:
        """Judges inputs that Keras silently expands or squeezes."""
        facts = context.facts
        if facts is None:
            return None
        found = []
        for view in context.fed("input"):
            built = built_shape(facts, view.name, alone=len(context.fed("input")) == 1)
            if built is None or len(built) == len(view.shape):
                continue
            if len(view.shape) + len(built) == 3 and {view.shape[1:], built[1:]} == {(), (1,)}:
                continue  # one number per example can be read in only one way
            name, got = variable(view.name, "input", facts), (None, *view.shape[1:])
            found.append(
                Finding(
                    subject=view.subject,
                    message=f"'{view.name}' has shape {shape_text(got)} but the model was built for "
                    f"{shape_text(built)}, so Keras silently adds or drops an axis of length 1.",
                    evidence={"shape": list(view.shape), "expected_shape": list(built)},
                    fix=reshape_fix(name, got, built) or f"{name} = {name}[..., None]",
                    severity=Severity.INFO,
                    picture=ShapesPicture(seen=got, expected=built),
                    curves=tensor_curves(context, view),
                )
            )
        return found

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads the exception."""
        found = findings_for(self.id, context, failure)
        if found is not None:
            return found
        error = read_shape_error(essential_text(failure.message))
        return [shape_finding(context, failure, error)] if error is not None else []

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        x = (TensorLayout(name="x", role="input", shape=(16, 784)),)
        built = (TensorLayout(name="x", role="input", shape=(None, 28, 28, 1)),)
        scalar = (TensorLayout(name="x", role="input", shape=(None, 1)),)
        conv = (
            "Invalid input shape for input Tensor(...). Expected shape (None, 28, 28, 1), but input has "
            "incompatible shape (16, 784)"
        )
        by_torch = conv.replace("(16, 784)", "torch.Size([16, 784])")
        axis = (
            "Input 0 with name 'None' of layer 'conv2d' is incompatible with the layer: expected axis -1 of input "
            "shape to "
            "have value 1, but received input with shape (16, 1, 28, 28)"
        )
        rank = (
            "Input 0 with name 'None' of layer 'lstm' is incompatible with the layer: expected ndim=3, found "
            "ndim=2. Full shape received: (16, 15)"
        )
        late = "Incompatible shapes: [16] vs. [16,3]\n\t [[{{node compile_loss/mse/sub}}]] [Op:__inference_1260]"

        def run() -> Scenario:
            return Scenario(inputs=built)

        return (
            fires("flattened images", lambda: run().fail("ValueError", conv, fed=x), "input:x", Severity.ERROR),
            fires(
                "flattened images, with PyTorch",
                lambda: run().fail("ValueError", by_torch, fed=x),
                "input:x",
                Severity.ERROR,
            ),
            fires("channels first", lambda: run().fail("ValueError", axis), "input:x", Severity.ERROR),
            fires("class ids against three units", lambda: Scenario().fail("InvalidArgumentError", late), "target:y"),
            fires(
                "a table into an LSTM", lambda: Scenario((layer("lstm", "LSTM"),)).fail("ValueError", rank), "input:x"
            ),
            silent("one number per example", lambda: Scenario(inputs=scalar).train(x=columns(n=1)[:, 0])),
            fires("silently expanded", lambda: run().train(x=pixels()[..., 0]), "input:x", Severity.INFO),
            silent("a partial batch", lambda: run().train(x=pixels()).train(x=pixels()[:3])),
            silent("another exception", lambda: run().fail("ValueError", "Invalid dtype: str1024")),
            silent("unknown inputs", lambda: Scenario().train(x=columns())),
        )
