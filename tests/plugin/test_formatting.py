import base64
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_inputdiag.png import encode_png
from tb_inputdiag.records import Alert, ExpectedRange, Layout, Quantity, Severity, TensorLayout
from tensorboard_plugin.inputdiag.cached_session import Revised, SessionRecords
from tensorboard_plugin.inputdiag.decimated import CHARTED_COLUMNS
from tensorboard_plugin.inputdiag.encoding import dump, number, numbers, pack_grid
from tensorboard_plugin.inputdiag.payload_inputs import format_cards
from tensorboard_plugin.inputdiag.payload_runs import format_alert_row
from tensorboard_plugin.inputdiag.provider import display_run
from tensorboard_plugin.inputdiag.queries import BadQuery, Query
from tensorboard_plugin.inputdiag.series_keys import group_key, parse_series_key, row_of, series_key
from tensorboard_plugin.inputdiag.tensor_stats import TensorStats
from tensorboard_plugin.inputdiag.tensor_words import describe, feature_word

X = TensorLayout(name="x", role="input", shape=(None, 28, 28, 1))


def test_json_has_no_nan():
    found = json.loads(dump({"a": [math.nan, -math.inf, np.float32(0.5)], "b": Severity.ERROR, "c": np.arange(2)}))
    assert found == {"a": ["NaN", "-Infinity", 0.5], "b": 30, "c": [0, 1]}
    assert json.loads(dump(X))["shape"] == [None, 28, 28, 1]


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
        ({"shape": (None, 16, 64, 64, 2)}, "videos or volumes of 16 × 64 × 64 pixels, 2 channels"),
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


def found(*layouts, expected=(), alerts=()):
    """Returns what a session with these tensors has logged."""
    records = SessionRecords()
    records.layouts[0] = Layout(id=0, split="train", tensors=layouts)
    records.expected = {(item.rule, item.subject, item.stage): item for item in expected}
    records.alerts = {alert.id: Revised(1, alert) for alert in alerts}
    return records


def alert(number, **changes):
    made = Alert(
        id=number,
        rule="a-rule",
        severity=Severity.WARNING,
        subject="input:x",
        split="train",
        first_step=0,
        last_step=0,
        count=1,
        message="It is wrong.",
        evidence={},
        why="",
        fix="",
    )
    return replace(made, **changes)


ENTRY = replace(X, stage="entry", layer="conv", layer_class="Conv2D", sources=("x",))


def test_a_card_has_the_ranges_that_rules_judged_by():
    fed = ExpectedRange(rule="a", subject="input:x", low=0.0, reason="Of what is fed.")
    read = ExpectedRange(rule="b", subject="input:x", stage="entry", high=20.0, reason="Of what is read.")
    records = found(X, ENTRY, expected=[fed, read])
    assert [card["expected"] for card in format_cards(TensorStats(), records)] == [[fed], [read]]


def test_a_tensor_that_is_read_as_it_is_fed_has_one_card():
    read = ExpectedRange(rule="b", subject="input:x", stage="entry", high=20.0)
    target = TensorLayout(name="x", role="target", shape=(None,))
    cards = format_cards(TensorStats(), found(target, replace(ENTRY, same_as_fed=True), X, expected=[read]))
    assert [(card["layout"].role, card["layout"].stage) for card in cards] == [("input", "fed"), ("target", "fed")]
    assert [card["expected"] for card in cards] == [[read], []]


def test_a_card_is_marked_by_standing_alerts_alone():
    alerts = [
        alert(0),
        alert(1, severity=Severity.ERROR, split="validation"),
        alert(2, state="resolved"),
        alert(3, caused_by=1),
        alert(4, subject="target:x"),
    ]
    (card,) = format_cards(TensorStats(), found(X, alerts=alerts))
    assert [(item["id"], item["severity"], item["split"]) for item in card["alerts"]] == [
        (1, "error", "validation"),
        (0, "warning", "train"),
    ]


@pytest.mark.parametrize(
    ("change", "group"),
    [
        ({}, "standing"),
        ({"state": "resolved"}, "resolved"),
        ({"caused_by": 1}, "symptom"),
        ({"state": "resolved", "caused_by": 1}, "symptom"),
    ],
)
def test_an_alert_is_sent_with_its_place(change, group):
    row = format_alert_row(alert(3, first_step=7, rank=2, **change), revision=5)
    assert (row["severity"], row["group"], row["revision"]) == ("warning", group, 5)
    assert row["order"] == [int(group != "standing"), -20, -2, 7, 3]


@pytest.mark.parametrize(
    ("layout", "word"),
    [
        (X, "Channel"),
        (replace(X, shape=(None, 8)), "Feature"),
        (replace(X, shape=None), "Feature"),
        (replace(X, role="prediction"), "Output"),
    ],
)
def test_features_are_called_by_what_they_are(layout, word):
    assert feature_word(layout) == word


@pytest.mark.parametrize(
    ("run", "shown"), [("inputdiag", "."), ("exp/inputdiag", "exp"), ("my_inputdiag", "my_inputdiag"), ("a", "a")]
)
def test_runs_have_the_users_names(run, shown):
    assert display_run(run) == shown


NAMES = st.text(min_size=1) | st.sampled_from(["a:b/<kernel> é", ":", "::x:"])


@given(
    stream=st.sampled_from(["samples", "tensors", "weights", "layers"]),
    split=st.sampled_from(["train", "validation", "predict"]),
    role=st.sampled_from(["input", "target", "prediction", "sample_weight"]),
    stage=st.sampled_from(["fed", "entry"]),
    name=NAMES,
    number=st.integers(0, 4),
)
def test_a_key_of_a_series_comes_back_whatever_the_name(stream, split, role, stage, name, number):
    quantity = Quantity(stream=stream, column=CHARTED_COLUMNS[stream][number], split=split)
    if stream != "samples":
        quantity = replace(quantity, name=name)
    if stream == "tensors":
        quantity = replace(quantity, role=role, stage=stage)
    assert parse_series_key(series_key(quantity)) == quantity


def test_keys_of_series():
    tensor = Quantity(stream="tensors", column="mean", name="x", split="validation", stage="entry")
    assert series_key(tensor) == "tensors:validation:mean:input:entry:x"
    assert (group_key(tensor), row_of(tensor)) == ("tensors:validation", "input:entry:x")
    loss = Quantity(stream="losses", column="loss")
    assert (series_key(loss), group_key(loss)) == ("losses:loss", "losses:losses")
    assert parse_series_key("losses:loss") == loss
    epochs = Quantity(stream="epochs", column="val_a:b")
    assert (series_key(epochs), parse_series_key("epochs:train:val_a:b")) == ("epochs:train:val_a:b", epochs)


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
        "tensors:train:mean:input:fed:",
        "tensors:train:mean:nothing:fed:x",
        "epochs:train:",
        "epochs:validation:val_loss",
    ],
)
def test_other_keys_are_refused(text):
    with pytest.raises(BadQuery, match="Received"):
        Query({"q": [text]}, ("q",)).quantities()


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
