"""Neighbours of the kinds about a batch axis, a channel axis and an axis too many: the fix has the program's names."""

from __future__ import annotations

import linecache

import keras
import numpy as np
import pandas as pd
import pytest

from tb_inputdiag.recording.explanations import explain_exception

_IMAGES = """\
model = keras.Sequential([keras.Input((64, 64, 3)), keras.layers.Conv2D(2, 3), keras.layers.Flatten()])
photo = np.ones((64, 64, 3))
"""
_TABLE = """\
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
frame = pd.DataFrame(np.ones((9, 5)))
"""
_PAIR = """\
a, b = keras.Input((7, 5), name="a"), keras.Input((3,), name="b")
output = keras.layers.Dense(1)(keras.layers.Concatenate()([keras.layers.Flatten()(a), b]))
model = keras.Model([a, b], output)
window, meta = np.ones((7, 5)), np.ones(3)
"""
_GENERATED = """\
model = keras.Sequential([keras.Input({shape}), {layer}])
model.compile("sgd", loss="{loss}")
data, labels = np.ones((20, *{shape})), np.zeros(20)

def examples():
    for i in range(20):
        yield {element}

model.fit(examples(), steps_per_epoch=2, verbose=0)
"""
_WORDS = "model = keras.Sequential([keras.Input({shape}), keras.layers.Embedding(30, 8)])\n"


def generated(element: str, shape: str = "(5,)", layer: str = "keras.layers.Dense(1)", loss: str = "mse") -> str:
    return _GENERATED.format(element=element, shape=shape, layer=layer, loss=loss)


def run(program: str) -> None:
    linecache.cache["axes.py"] = (len(program), None, program.splitlines(keepends=True), "axes.py")
    exec(compile(program, "axes.py", "exec"), {"keras": keras, "np": np, "pd": pd, "__name__": "__main__"})


def fix_of(program: str) -> tuple[str, str]:
    """Returns the kind and the fix."""
    keras.utils.disable_interactive_logging()
    with pytest.raises(Exception) as caught:  # noqa: PT011  # any exception: which one is the backend's affair
        run(program)
    alert = explain_exception(caught.value)[0]
    return str(alert.evidence.get("kind")), alert.fix


@pytest.mark.parametrize(
    ("program", "fix"),
    [
        (_IMAGES + "model.predict(photo)", "photo = photo[None]"),
        (_IMAGES + "model.predict(photo, batch_size=1)", "photo = photo[None]"),
        (_IMAGES + "model.predict([photo])", "photo = photo[None]"),
        (_IMAGES + "model(photo)", "photo = photo[None]"),
        (_IMAGES + "model.compile('sgd', 'mse')\nmodel.fit(photo, np.ones(1))", "photo = photo[None]"),
        (_TABLE + "row = frame.iloc[0]\nmodel.predict(row)", "row = row.to_frame().T"),
        (_PAIR + "model.predict([window, meta])", "window = window[None]\nmeta = meta[None]"),
        (_PAIR + "model.predict({'b': meta, 'a': window})", "window = window[None]\nmeta = meta[None]"),
    ],
)
def test_one_example_gets_a_batch_axis(program: str, fix: str) -> None:
    kind, found = fix_of(program)
    assert kind == "example-without-batch-axis"
    assert "\n".join(line for line in found.splitlines() if not line.startswith("#")) == fix


def test_an_axis_with_a_target_for_each_entry_counts_examples() -> None:
    fit = "model.compile('sgd', 'mse')\nmodel.fit(photo, np.ones((64, 1)), verbose=0)"
    kind, found = fix_of(_IMAGES + fit)
    assert (kind, found) == ("examples-in-input-shape", "keras.Input(photo.shape[1:])")


@pytest.mark.parametrize(
    ("program", "line"),
    [
        (generated("data[i], labels[i:i + 1]"), "yield data[i][None], labels[i:i + 1]"),
        (generated("data[i], [[labels[i]]]"), "yield data[i][None], np.array([[labels[i]]])"),
        (generated("data[i], np.array([labels[i]])", "(6, 5)"), "yield data[i][None], np.array([labels[i]])"),
        (generated("data[i] * 2, np.array([labels[i]])"), "yield (data[i] * 2)[None], np.array([labels[i]])"),
    ],
)
def test_a_generator_of_single_examples_gets_a_batch_axis(program: str, line: str) -> None:
    kind, found = fix_of(program)
    assert kind in ("generator-without-batch-axis", "generator-of-single-examples")
    assert line in found.splitlines()


@pytest.mark.parametrize(
    ("program", "kind", "fix"),
    [
        ("keras.Sequential([keras.Input((3, 64, 64)), keras.layers.Conv2D(8, 5)])", "channels-in-front", "(64, 64, 3)"),
        ("keras.layers.Conv2D(8, 3)(keras.Input((1, 28, 28)))", "channels-in-front", "keras.Input((28, 28, 1))"),
        # a map of 8 channels in front may be one that small layers have made
        ("keras.layers.Conv2D(8, 9)(keras.Input((8, 28, 28)))", "window-larger-than-input", 'padding="same"'),
        ("keras.layers.Conv2D(8, 5)(keras.Input((3, 4, 16)))", "window-larger-than-input", 'padding="same"'),
    ],
)
def test_channels_in_front_are_told_from_small_maps(program: str, kind: str, fix: str) -> None:
    found = fix_of(program)
    assert found[0] == kind
    assert fix in found[1]


def test_a_model_for_channels_in_front_is_built_for_the_images() -> None:
    program = """\
model = keras.Sequential([keras.Input((3, 32, 32)), keras.layers.Conv2D(2, 3, padding="same"), keras.layers.Flatten()])
model.predict(np.ones((4, 32, 32, 3)))
"""
    assert fix_of(program)[1] == "keras.Input((32, 32, 3))  # channels last: height, width, channels"


@pytest.mark.parametrize(
    ("shape", "layer", "fix"),
    [
        ("(20, 30)", "LSTM(4)", "x = x.argmax(axis=-1)"),
        ("(20, 30)", "Conv1D(4, 3)", "x = x.argmax(axis=-1)"),
        ("(20, 30)", "GlobalAveragePooling1D()", "x = x.argmax(axis=-1)"),
        ("(20, 1)", "GRU(4)", "x = x[..., 0]"),
        ("(20, 4)", "LSTM(4)", "keras.layers.Reshape((20, 32))"),
    ],
)
def test_an_embedding_reads_one_id_for_each_step(shape: str, layer: str, fix: str) -> None:
    kind, found = fix_of(_WORDS.format(shape=shape) + f"model.add(keras.layers.{layer})")
    assert kind == "embedding-of-one-hot-rows"
    assert fix in found


def test_an_axis_that_is_added_behind_an_embedding_is_not_one_hot() -> None:
    program = (
        _WORDS.format(shape="(20,)") + "model.add(keras.layers.Reshape((20, 8, 1)))\nmodel.add(keras.layers.LSTM(4))"
    )
    assert fix_of(program)[0] == "number-of-axes"


@pytest.mark.parametrize(
    ("shape", "layer", "fix"),
    [
        ("(10, 40, 60)", "Conv2D(8, 3)", "clips = clips[..., None]"),
        ("(10, 40, 60)", "Conv2D(8, 3)", "keras.Input((10, 40, 60, 1))"),
        ("(10, 100)", "Conv1D(8, 3)", "keras.Input((10, 100, 1))"),
        ("(64, 64, 3)", "Conv2D(8, 3)", "keras.layers.Conv2D(8, 3)"),
    ],
)
def test_a_convolution_of_each_step_needs_channels(shape: str, layer: str, fix: str) -> None:
    program = f"""\
clips = np.ones((2, *{shape}))
frames = keras.Input(shape=clips.shape[1:])
x = keras.layers.TimeDistributed(keras.layers.{layer})(frames)
"""
    kind, found = fix_of(program)
    assert kind == "kernel-of-other-rank"
    assert fix in found
