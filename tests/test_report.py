"""Alerts as text, JSON and HTML."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_inputdiag.jsonable import jsonable_fields, to_jsonable
from tb_inputdiag.png import encode_png
from tb_inputdiag.records import (
    Alert,
    Consequence,
    Degraded,
    Examples,
    Images,
    LimitPicture,
    NotJudged,
    Picture,
    RangePicture,
    Severity,
    ShapesPicture,
    ShownExample,
    SizesPicture,
    Span,
    WordsPicture,
)
from tb_inputdiag.report import alert_line, format_alert
from tb_inputdiag.report.ansi import clean
from tb_inputdiag.report.charts import Band, Chart, Line, decimate, draw
from tb_inputdiag.report.html import ReportTable, Section, render_html
from tb_inputdiag.report.picture_text import picture_text
from tb_inputdiag.report.pictures import draw_picture
from tb_inputdiag.report.text import is_code

ALERT = Alert(
    id=3,
    rule="unnormalized-input",
    severity=Severity.WARNING,
    subject="input:image",
    split="train",
    first_step=0,
    last_step=1200,
    count=40,
    message="Input 'image' reaches the first trainable layer 'conv2d' with values from 0 to 255.",
    evidence={"min": 0.0, "max": 255.0, "mean": 33.318, "expected_max_abs": 20.0, "layer": "conv2d", "nan": math.nan},
    why="Weights are initialised for inputs of unit scale; inputs a hundred times larger make the first updates a "
    "hundred times too large, and training slow or unstable.",
    fix="# first in the model, so that serving does the same:\nkeras.layers.Rescaling(1/255)\n\nx = x / 255",
    consequences=(Consequence(rule="exploding-gradient", subject="weight:conv2d/kernel", text="The norm is 1e6."),),
    picture=RangePicture(
        seen=(Span(low=0, high=255, label="Seen", mark=33.318),), expected=Span(low=-20, high=20, label="Expected")
    ),
)


def test_an_alert_reads_well_at_80_columns() -> None:
    assert format_alert(ALERT) == (
        "WARNING unnormalized-input                                           input:image\n"
        "  Input 'image' reaches the first trainable layer 'conv2d' with values from 0 to\n"
        "  255.\n"
        "  seen     0 to 255, mean 33.3; expected -20 to 20\n"
        "  since    step 0, last seen at step 1,200, on 40 samples\n"
        "  numbers  min 0, max 255, mean 33.32, expected max abs 20, layer conv2d, nan\n"
        "           NaN\n"
        "  why      Weights are initialised for inputs of unit scale; inputs a hundred\n"
        "           times larger make the first updates a hundred times too large, and\n"
        "           training slow or unstable.\n"
        "  fix      # first in the model, so that serving does the same:\n"
        "           keras.layers.Rescaling(1/255)\n"
        "\n"
        "           x = x / 255\n"
        "  leads to exploding-gradient [weight:conv2d/kernel]: The norm is 1e6."
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_but_code_is_wider_than_the_terminal(width: int) -> None:
    text = format_alert(replace(ALERT, fix=""), width)
    assert max(map(len, text.split("\n"))) <= width
    assert max(map(len, alert_line(ALERT, width).split("\n"))) <= width
    assert len(alert_line(ALERT, width, cut=True)) <= width
    assert alert_line(ALERT, width, cut=True).count("\n") == 0


def test_colours_change_nothing_but_colour() -> None:
    coloured = format_alert(ALERT, color=True)
    assert "\x1b[1;33mWARNING" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == format_alert(ALERT)
    assert "\x1b" not in format_alert(ALERT)


def test_resolved_and_reopened_alerts_say_so() -> None:
    text = format_alert(replace(ALERT, state="resolved", resolved_step=1300, reopened=2, split="validation", count=1))
    assert "on 1 sample of validation; resolved at step 1,300; came back 2 times" in " ".join(text.split())


def test_an_alert_names_the_examples_that_show_it() -> None:
    found = replace(ALERT, examples=Examples(subject="input:image", step=1200, batch=(3, 9)))
    assert "  examples 3, 9 of the batch of step 1,200\n" in format_alert(found)
    assert found.examples is not None
    found = replace(found, examples=replace(found.examples, rows=(35, 41)))
    assert "  examples 3, 9 of the batch of step 1,200: rows 35, 41\n" in format_alert(found)
    page = render_html("t", "", [Section(title="s", status="finished", facts=[], alerts=[found])])
    assert "<p>Examples 3, 9 of the batch of step 1,200: rows 35, 41.</p>" in page


def test_the_examples_of_an_alert_are_shown() -> None:
    row = tuple([0.5] * 20 + [math.nan] + [0.25] * 11)
    shown = (
        ShownExample(subject="input:image", place=3, png=EVIL, low=0, high=255),
        ShownExample(subject="input:row", place=3, values=row, first=18, size=50),
        ShownExample(subject="target:y", place=3, values=(11.0,), size=1),
    )
    found = replace(ALERT, examples=Examples(subject="input:row", step=1200, batch=(3,), shown=shown))
    text = " ".join(format_alert(found).split())
    assert (
        "shown input:row of example 3: ..., 0.5, 0.5, 0.5, 0.5, NaN, 0.25, 0.25, 0.25, ... (34 to 41 of 50 values) "
        "target:y of example 3: 11 since" in text
    )
    page = render_html("t", "", [Section(title="s", status="finished", facts=[], alerts=[found])])
    assert 'alt="input:image of example 3"' in page
    assert EVIL not in page
    assert "<th>37</th><th>38</th><th>39</th>" in page
    assert '<td>0.5</td><td class="bad">NaN</td><td>0.25</td>' in page
    assert "<p>target:y of example 3: <b>11</b></p>" in page


def test_names_from_the_log_cannot_drive_the_terminal() -> None:
    evil = replace(
        ALERT, message="a\x1b[2Jb\x07", subject="input:\x9bx\r", fix="x\x1b]0;t\x07", evidence={"\x1b": "\x1b"}
    )
    for text in (format_alert(evil), alert_line(evil)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert clean("a\x1b[31m‮") == "a\\x1b[31m\\x202e"


def test_an_empty_alert_is_not_an_error() -> None:
    bare = replace(ALERT, message="", evidence={}, why="", fix="", consequences=(), subject="")
    assert format_alert(bare).startswith("WARNING unnormalized-input")
    assert alert_line(bare).startswith("WARNING unnormalized-input")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("x = x / 255", True),
        ("keras.layers.Rescaling(1/255)", True),
        ("    anything at all", True),
        ("# a comment", True),
        ("for x in y:", True),
        ("good, x = f(x)", True),
        ("Divide the data by 255.", False),
        ("or feed x / 255.", False),
    ],
)
def test_code_is_distinguished_from_sentences(line: str, code: bool) -> None:
    assert is_code(line) is code


def test_json_is_standard() -> None:
    fields = jsonable_fields(ALERT)
    assert fields["severity"] == "WARNING"
    assert fields["evidence"]["nan"] == "NaN"
    values = to_jsonable({"a": np.float32(2), "b": np.arange(2), "c": -math.inf, 3: (1, None), "d": np.array([np.nan])})
    assert values == {"a": 2.0, "b": [0, 1], "c": "-Infinity", "3": [1, None], "d": ["NaN"]}
    json.dumps(values, allow_nan=False)


# ---- HTML


class Page(HTMLParser):
    """Collects tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


EVIL = "<img src=x onerror=alert(1)>\"'&</style><script>alert(2)</script>"

EVIL_PICTURES: tuple[Picture, ...] = (
    RangePicture(seen=(Span(low=0, high=1, label=EVIL),), expected=Span(low=0, high=1, label=EVIL)),
    LimitPicture(label=EVIL, value=1, limit=2),
    ShapesPicture(seen=(1,), expected=(2,), seen_label=EVIL, expected_label=EVIL),
    SizesPicture(label=EVIL, names=(EVIL,), sizes=(1.0,)),
    SizesPicture(label=EVIL, names=(EVIL,) * 40, sizes=(1.0,) * 40, marked=(3,)),
)


def a_page() -> str:
    steps = np.arange(2000)
    values = np.where(steps % 500 == 0, np.nan, np.sin(steps / 50) + 2)
    pixels = np.zeros((2, 8, 8, 3), np.uint8)
    images = Images(step=1, split="train", name=EVIL, stage="fed", pixels=pixels, low=0, high=255, labels=(EVIL,))
    chart = Chart(EVIL, [Line(EVIL, steps, values)], [Band(EVIL, steps, values - 1, values + 1)], marks=[(100, EVIL)])
    alert = replace(
        ALERT,
        message=EVIL,
        subject=EVIL,
        fix=EVIL,
        why=EVIL,
        evidence={EVIL: EVIL},
        consequences=(Consequence(rule=EVIL, subject=EVIL, text=EVIL),),
        picture=WordsPicture(seen=EVIL, expected=EVIL, seen_label=EVIL, expected_label=EVIL),
    )
    section = Section(
        title=EVIL,
        status=EVIL,
        facts=[(EVIL, EVIL)],
        alerts=[alert, *(replace(alert, picture=picture) for picture in EVIL_PICTURES)],
        curves={alert.id: chart},
        charts=[chart],
        tables=[ReportTable(EVIL, [EVIL, EVIL], [[EVIL, EVIL]])],
        images=[images],
        not_judged=[NotJudged(rule=EVIL, reason=EVIL)],
        degraded=[Degraded(accessor=EVIL, effect=EVIL)],
        problems=[EVIL],
    )
    return render_html(EVIL, EVIL, [section, section], [EVIL])


def test_the_page_fetches_and_runs_nothing_and_everything_in_it_is_text() -> None:
    page = Page(a_page())
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("srcset", "action")]
    assert [value for name, value in page.attributes if name == "href"] == ["#s0", "#s1"]
    assert [value for name, value in page.attributes if name == "id"] == ["s0", "s1"]
    sources = [value for name, value in page.attributes if name == "src"]
    assert len(sources) == 4
    assert all(value and value.startswith("data:image/png;base64,") for value in sources)
    assert EVIL in page.words
    assert ("http-equiv", "Content-Security-Policy") in page.attributes


def test_the_page_says_what_was_not_judged() -> None:
    section = Section(
        title="run",
        status="finished",
        facts=[],
        alerts=[],
        not_judged=[NotJudged(rule="dead-relu", reason="No layer was sampled.")],
        degraded=[Degraded(accessor="loss_config", effect="The loss is unknown.")],
    )
    words = Page(render_html("t", "s", [section])).words
    assert "Not judged" in words
    assert "dead-relu: No layer was sampled." in words
    assert "loss_config failed: The loss is unknown." in words
    assert "Not judged" not in render_html("t", "s", [replace(section, not_judged=(), degraded=())])


# ---- pictures

NUMBERS = st.floats() | st.sampled_from([0.0, 1.0, -1.0, math.nan, math.inf, -math.inf])
SPANS = st.builds(Span, low=NUMBERS, high=NUMBERS, label=st.just("Seen"), mark=st.none() | NUMBERS)
AXES = st.lists(st.none() | st.integers(0, 999), max_size=6).map(tuple)
SIZES = st.lists(st.floats(0, allow_nan=False), max_size=40).map(tuple)
PICTURES = st.one_of(
    st.builds(RangePicture, seen=st.lists(SPANS, min_size=1, max_size=3).map(tuple), expected=SPANS),
    st.builds(
        LimitPicture,
        label=st.just("number"),
        value=NUMBERS,
        limit=NUMBERS,
        unit=st.sampled_from(["", "fraction", "bytes", "s"]),
    ),
    st.builds(ShapesPicture, seen=AXES, expected=AXES),
    SIZES.map(lambda sizes: SizesPicture(label="sizes", names=tuple(map(str, range(len(sizes)))), sizes=sizes)),
)


@given(PICTURES)
def test_any_numbers_can_be_drawn_as_a_picture(picture: Picture) -> None:
    html = draw_picture(picture)
    lengths = [float(length) for length in re.findall(r"(?:left|width):(-?[\d.einfa]+)%", html)]
    assert all(0 <= length <= 100 for length in lengths)
    assert not re.search(r'(?:height|x|y)="(?:nan|-?inf|-)', html)
    assert "\n" not in picture_text(picture)


def test_bars_lie_where_the_values_are() -> None:
    picture = RangePicture(seen=(Span(low=0, high=100, label="Seen", mark=50),), expected=Span(low=0, high=50))
    html = draw_picture(picture)
    assert re.findall(r'<i style="left:([\d.]+)%;width:([\d.]+)%"', html) == [("0.0", "100.0"), ("0.0", "50.0")]
    assert '<b style="left:50.0%">' in html


def test_a_range_thousands_of_times_as_wide_does_not_hide_the_other() -> None:
    picture = RangePicture(seen=(Span(low=0, high=1e6),), expected=Span(low=0, high=1))
    assert "compressed" in draw_picture(picture)
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%", draw_picture(picture))]
    assert widths[1] > 5


def test_axes_that_differ_are_marked() -> None:
    html = draw_picture(ShapesPicture(seen=(None, 28, 28), expected=(None, 28, 28, 1)))
    assert html.count("axis none") == 1
    html = draw_picture(ShapesPicture(seen=(None, 10), expected=(None, 1)))
    assert '<td class="axis seen">10</td>' in html
    assert '<td class="axis expected">1</td>' in html


def test_a_chart_shows_where_values_were_expected() -> None:
    line = Line("mean", np.arange(10), np.arange(10.0))
    assert 'class="should"' in draw(Chart("c", [line], expected=(2, 4)))
    assert "expected 2 to 4" in draw(Chart("c", [line], expected=(2, 4)))
    outside = draw(Chart("c", [line], expected=(1e6, 2e6)))
    assert '<path class="should"' not in outside, "what is far away would press the curve flat"
    assert "expected 1,000,000 to 2,000,000" in outside


def test_a_curve_keeps_its_spikes_and_gaps() -> None:
    values = np.sin(np.arange(100_000) / 3000)
    values[54_321] = 99.0
    values[70_000] = np.nan
    step, kept = decimate(np.arange(100_000), values)
    assert len(step) <= 1000
    assert np.nanmax(kept) == 99.0
    assert np.isnan(kept).sum() == 1
    assert (np.diff(step) > 0).all()


@pytest.mark.parametrize(
    "values",
    [[], [np.nan, np.nan], [1.0], [0.0, 0.0], [-1.0, 1.0], [np.inf, 1.0, 2.0], [1e-300, 1e300]],
    ids=["none", "nan", "one", "constant", "negative", "infinite", "wide"],
)
@pytest.mark.parametrize("log", [False, True])
def test_any_values_can_be_drawn(values: list[float], log: bool) -> None:
    svg = draw(Chart("c", [Line("l", np.arange(len(values)), np.array(values))], log=log))
    assert "nan" not in svg
    assert "inf" not in svg.replace("info", "")


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(("low", "high"), [(3e-7, 2e-6), (0.3, 0.9), (2e5, 1e8), (1, 1e12), (5e7, 9e7), (1e-5, 1e5)])
def test_axes_have_a_few_numbers_that_fit_beside_them(low: float, high: float, log: bool) -> None:
    svg = draw(Chart("c", [Line("l", np.arange(50), np.geomspace(low, high, 50))], log=log))
    labels = re.findall(r'text-anchor="end">([^<]*)<', svg)
    assert 2 <= len(labels) <= 7
    assert max(map(len, labels)) <= 9
    values = [float(label.replace(",", "")) for label in labels]
    assert values == sorted(set(values))
    assert 0.5 * low < values[0] if log else True
    assert values[-1] <= high * 1.0001


def test_png_is_what_a_browser_reads() -> None:
    import struct
    import zlib

    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    data = encode_png(pixels)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (3, 2)
    start = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[start - 4 : start])
    rows = np.frombuffer(zlib.decompress(data[start + 4 : start + 4 + length]), np.uint8).reshape(2, 10)
    assert (rows[:, 0] == 0).all()
    assert np.array_equal(rows[:, 1:].reshape(2, 3, 3), pixels)
