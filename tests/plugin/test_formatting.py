import base64
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from tb_inputdiag.records import LayerFacts, ModelFacts, Severity, TensorLayout
from tensorboard_plugin.inputdiag.encoding import dump, number, numbers, pack_grid, plain
from tensorboard_plugin.inputdiag.payload_inputs import describe, expected_range
from tb_inputdiag.png import encode_png
from tensorboard_plugin.inputdiag.queries import BadQuery, Query, parse_quantity
from tensorboard_plugin.inputdiag.source import display_run

X = TensorLayout(name="x", role="input", shape=(None, 28, 28, 1))


def test_json_has_no_nan():
    found = json.loads(dump({"a": [math.nan, -math.inf, np.float32(0.5)], "b": Severity.ERROR, "c": np.arange(2)}))
    assert found == {"a": ["NaN", "-Infinity", 0.5], "b": 30, "c": [0, 1]}
    assert plain(X)["shape"] == [None, 28, 28, 1]
    assert plain(object()).startswith("<object")


def test_numbers_are_short():
    assert numbers([1.23456789, np.nan, np.inf, 3.0, 1e20], 4) == [1.235, None, None, 3, 1e20]
    assert number(0.1 + 0.2) == 0.3


def test_a_grid_comes_back():
    cells = np.array([[0.01, 100.0, 0.0], [np.nan, 1.0, 5.0]], np.float32)
    bad = np.array([[False] * 3, [False, False, True]])
    text, low, high = pack_grid(cells, bad, log=True)
    packed = np.frombuffer(base64.b64decode(text), "<u2").reshape(2, 3)
    assert (packed[0, 2], packed[1, 0], packed[1, 2]) == (2, 0, 1)
    back = 10 ** (low + (packed[:, :2].astype(float) - 3) / 65532 * (high - low))
    np.testing.assert_allclose(back[0], [0.01, 100.0], rtol=1e-3)
    assert back[1, 1] == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_png_is_what_browsers_read(channels):
    image = pytest.importorskip("PIL.Image", reason="Pillow comes with tensorboard")
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    back = np.asarray(image.open(io.BytesIO(encode_png(pixels)))).reshape(5, 7, channels)
    np.testing.assert_array_equal(back, pixels)


@pytest.mark.parametrize("pixels", [np.zeros((2, 2, 2), np.uint8), np.zeros((2, 2, 1)), np.zeros((0, 2, 1), np.uint8)])
def test_png_refuses_other_arrays(pixels):
    with pytest.raises(ValueError, match="Received"):
        encode_png(pixels)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "images of 28 × 28 pixels, 1 channel (grey)"),
        ({"shape": (None, 3, 32, 32)}, "images of 32 × 32 pixels, 3 channels (colour) first"),
        ({"shape": (None, None, None, 3)}, "images of any × any pixels, 3 channels (colour)"),
        ({"shape": (None, 7, 7, 64)}, "maps of 7 × 7 with 64 channels"),
        ({"shape": (None, 13)}, "13 features per example"),
        ({"shape": (None, 40), "layer_class": "Embedding"}, "sequences of 40 token ids"),
        ({"shape": (None, None, 16)}, "sequences of any number of steps with 16 features"),
        ({"shape": (None,), "role": "target", "dtype": "int64"}, "one class id per example"),
        ({"shape": (None, 1), "role": "target"}, "one number per example"),
        ({"shape": None}, "arrays of unknown shape"),
        ({"kind": "string"}, "text"),
    ],
)
def test_tensors_are_described_in_words(change, words):
    assert describe(replace(X, **change)) == words


MODEL = ModelFacts(
    name="m",
    class_name="Sequential",
    kind="sequential",
    loss={"name": "sparse_categorical_crossentropy"},
    output_activations={"p": "softmax"},
    output_units={"p": 10},
    layers=(LayerFacts(name="embedding", class_name="Embedding", config={"input_dim": 1000}),),
)


@pytest.mark.parametrize(
    ("layout", "low", "high"),
    [
        (replace(X, stage="entry", layer="conv", layer_class="Conv2D"), -3.0, 3.0),
        (replace(X, stage="entry", layer="bn", layer_class="BatchNormalization"), None, None),
        (replace(X, stage="entry", layer="embedding", layer_class="Embedding"), 0.0, 999.0),
        (replace(X, role="target"), 0.0, 9.0),
        (replace(X, role="prediction", name="p"), 0.0, 1.0),
        (X, None, None),
        (replace(X, kind="string"), None, None),
    ],
)
def test_healthy_ranges(layout, low, high):
    assert expected_range(layout, MODEL)[:2] == (low, high)


@pytest.mark.parametrize(
    ("run", "shown"), [("inputdiag", "."), ("exp/inputdiag", "exp"), ("my_inputdiag", "my_inputdiag"), ("a", "a")]
)
def test_runs_have_the_users_names(run, shown):
    assert display_run(run) == shown


def test_a_name_in_a_quantity_may_hold_anything():
    found = parse_quantity("weights:train:gradient_norm:a:b/<kernel> é")
    assert (found.stream, found.split, found.column, found.row) == (
        "weights",
        "train",
        "gradient_norm",
        "a:b/<kernel> é",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "loss",
        "losses:x",
        "weights:train:nope:a",
        "weights:test:gradient_norm:a",
        "samples:train:loss:extra",
        "weights:train:gradient_norm:",
    ],
)
def test_quantities_that_are_none(text):
    with pytest.raises(BadQuery, match="Received"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"nope": ["1"]}, "Unknown parameter 'nope'"),
        ({"since": ["1", "2"]}, "given 2 times"),
        ({"since": ["-1"]}, "whole number"),
        ({"since": ["1e3"]}, "whole number"),
        ({"since": ["٣"]}, "whole number"),
        ({"since": ["9" * 5000]}, "longer than"),
        ({"points": ["0"]}, "from 2 to 4096"),
        ({"from": ["5"]}, "'to' is missing"),
        ({"from": ["5"], "to": ["4"]}, "must not be greater"),
        ({"have": ["a:b:3:1"]}, "power of two"),
        ({"have": ["a"]}, "power of two"),
        ({"q": ["losses:loss"] * 65}, "1 to 64 times"),
    ],
)
def test_queries_that_make_no_sense(parameters, message):
    def parse():
        query = Query(parameters, ("since", "points", "from", "to", "have", "q"))
        return query.since(), query.points(10), query.steps(), query.held(), query.quantities()

    with pytest.raises(BadQuery, match=message) as caught:
        parse()
    assert caught.value.code == 400
