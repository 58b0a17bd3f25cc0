"""One finding of every rule, drawn in the report: the picture shows what was seen and what was expected."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tb_inputdiag.numbers import format_number, interval
from tb_inputdiag.records import (
    Alert,
    LimitPicture,
    Picture,
    RangePicture,
    ShapesPicture,
    SizesPicture,
    WordsPicture,
)
from tb_inputdiag.report import format_alert
from tb_inputdiag.report.html import Section, render_html
from tb_inputdiag.report.picture_text import limit_number, picture_sides
from tb_inputdiag.rules import Rule, all_rules, judge
from tb_inputdiag.rules.examples import Example

FIRING = [(rule, example) for rule in all_rules() for example in rule.examples() if example.fires]


class PictureWords(HTMLParser):
    """The visible text of the figures of a page, and how many there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.figures = 0
        self.words = ""
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "figure" and (dict(attrs).get("class") or "").startswith("picture"):
            self.figures += 1
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "figure"

    def handle_data(self, data: str) -> None:
        self.words += f"{data} " if self._inside else ""


def seen_and_expected(picture: Picture) -> tuple[list[str], list[str]]:
    """Returns the texts of both sides that must be readable in the drawing."""
    match picture:
        case RangePicture():
            span = picture.expected
            return [interval(seen.low, seen.high) for seen in picture.seen], [interval(span.low, span.high)]
        case LimitPicture():
            return [picture.label, limit_number(picture, picture.value)], [
                f"{picture.bound} {limit_number(picture, picture.limit)}"
            ]
        case ShapesPicture():
            return [_axes(picture.seen)], [_axes(picture.expected)]
        case WordsPicture():
            return [picture.seen], [picture.expected]
        case SizesPicture():
            marked = [format_number(picture.sizes[place], 3) for place in picture.marked[:3]]
            return [picture.label, *marked], [picture_sides(picture).expected[1:]]


def _axes(shape: tuple[int | None, ...]) -> str:
    return " ".join("any" if n is None else str(n) for n in shape)


def alerts_of(rule: type[Rule], example: Example) -> list[Alert]:
    return [alert for alert in judge(example.build().records, [rule.id]) if alert.rule == rule.id]


@pytest.mark.parametrize(("rule", "example"), FIRING, ids=[f"{rule.id}: {example.name}" for rule, example in FIRING])
def test_a_finding_is_drawn_with_what_was_seen_and_what_was_expected(rule: type[Rule], example: Example) -> None:
    alerts = alerts_of(rule, example)
    assert alerts
    for alert in alerts:
        picture = alert.picture
        assert picture is not None
        page = PictureWords(render_html("t", "s", [Section(title="r", status="finished", facts=[], alerts=[alert])]))
        assert page.figures == 1
        words = " ".join(word for word in page.words.split() if word != "-")
        seen, expected = seen_and_expected(picture)
        assert [text for text in seen if " ".join(text.split()) not in words] == []
        assert [text for text in expected if " ".join(text.split()) not in words] == []
        assert seen != expected, "a picture shows a difference"
        text = " ".join(format_alert(alert, 10_000).split())
        assert " ".join("; ".join(picture_sides(picture)).split()) in text
