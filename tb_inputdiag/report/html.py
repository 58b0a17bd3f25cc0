"""One self-contained HTML page of findings, pictures, curves and thumbnails: to mail, to attach, to keep."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tb_inputdiag.numbers import format_number, whole
from tb_inputdiag.png import encode_png
from tb_inputdiag.records import Alert, Degraded, Examples, Images, NotJudged, ShownExample
from tb_inputdiag.report.charts import Chart, draw
from tb_inputdiag.report.markup import html_text
from tb_inputdiag.report.pictures import draw_picture
from tb_inputdiag.report.style import STYLE
from tb_inputdiag.report.text import consequence_text, evidence_text, examples_text, part_of_example, since_text

__all__ = ["ReportTable", "Section", "alert_parts", "overview_parts", "render_html", "section_parts"]


@dataclass(frozen=True)
class ReportTable:
    """A table of text."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1
    """Columns at the left that hold words; the others hold numbers."""
    long: bool = False
    """The last column holds sentences."""
    words: int = 0
    """Columns at the right that hold words."""
    note: str = ""
    """What the table leaves out, as a sentence."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One session."""

    title: str
    status: str
    """A word or two: ``finished``, ``died``, ..."""
    facts: Sequence[tuple[str, str]]
    """(label, text)."""
    alerts: Sequence[Alert]
    """Worst first."""
    curves: Mapping[int, Chart] = field(default_factory=dict)
    """`Alert.id` -> the curve that shows where it went wrong."""
    charts: Sequence[Chart] = ()
    tables: Sequence[ReportTable] = ()
    images: Sequence[Images] = ()
    not_judged: Sequence[NotJudged] = ()
    degraded: Sequence[Degraded] = ()
    problems: Sequence[str] = ()
    """What the log has lost, one sentence each."""
    steps: bool = True
    """Whether steps ran: alerts say since which one they hold."""


_BAD = ' class="bad"'
_MOST_NAMED = 6
"""Findings of a session that the overview names."""


def render_html(title: str, subtitle: str, sections: Sequence[Section], problems: Sequence[str] = ()) -> str:
    """Returns the page. Whatever the log contains is text in it.

    Args:
        title: Its title.
        subtitle: The line below the title.
        sections: The sessions.
        problems: What is lost beside the sessions, such as whole files; one sentence each.
    """
    single = len(sections) == 1
    parts = [f'<p class="lost">{html_text(problem)}</p>' for problem in problems]
    parts += [] if single else overview_parts(sections)
    for number, section in enumerate(sections):
        parts += section_parts(section, None if single else number)
    body = "".join(parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        # The page must fetch and run nothing, even if a name should find a way into the markup.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        'img-src data:">'
        f"<title>{html_text(title)}</title><style>{STYLE}</style></head><body>"
        f'<h1>{html_text(title)}</h1><p class="soft">{html_text(subtitle)}</p>{body}</body></html>\n'
    )


def overview_parts(sections: Sequence[Section], *, linked: bool = True) -> Iterator[str]:
    """Yields a table of sessions.

    Args:
        sections: The sessions.
        linked: Whether each has a link to its own part of the page.
    """
    yield '<div class="scroll"><table class="overview"><thead><tr><th>session</th><th>status</th><th>findings</th>'
    yield "</tr></thead><tbody>"
    for number, section in enumerate(sections):
        names = ", ".join(
            f'<b class="{alert.severity.name}">{html_text(alert.rule)}</b>' for alert in section.alerts[:_MOST_NAMED]
        )
        more = len(section.alerts) - _MOST_NAMED
        title = html_text(section.title)
        title = f'<a href="#s{number}">{title}</a>' if linked else title
        yield f"<tr><td>{title}</td><td>{html_text(section.status)}</td>"
        yield f"<td>{names or 'none'}{f' and {more} more' if more > 0 else ''}</td></tr>"
    yield "</tbody></table></div>"


def section_parts(section: Section, number: int | None = None) -> Iterator[str]:
    """Yields a session as HTML.

    Args:
        section: The session.
        number: Which of several it is; None: it is the only one, and needs no heading.
    """
    yield "<section>" if number is None else f'<section id="s{number}"><h2>{html_text(section.title)}</h2>'
    facts = [f"<dt>{html_text(label)}</dt><dd>{html_text(text)}</dd>" for label, text in section.facts]
    yield f"<dl>{''.join(facts)}</dl>"
    for problem in section.problems:
        yield f'<p class="lost">{html_text(problem)}</p>'
    yield "<h3>Findings</h3>"
    for alert in section.alerts:
        yield from alert_parts(alert, section.curves.get(alert.id), steps=section.steps)
    if not section.alerts:
        yield "<p>None.</p>"
    yield from _unknown(section)
    drawn = [figure for figure in map(draw, section.charts) if figure]
    if drawn:
        yield f'<h3>Curves</h3><div class="charts">{"".join(drawn)}</div>'
    for table in section.tables:
        yield from _table(table)
    if section.images:
        yield "<h3>What was fed</h3>"
        for images in section.images:
            yield from _images(images)
    yield "</section>"


def alert_parts(alert: Alert, curve: Chart | None = None, *, steps: bool = True) -> Iterator[str]:
    """Yields an alert as HTML: its numbers, its picture, its curve and its fix.

    Args:
        alert: The alert.
        curve: The curve that shows where it went wrong.
        steps: Whether steps ran.
    """
    severity = alert.severity.name
    yield f'<article class="alert {severity}"><h3><b>{severity}</b> {html_text(alert.rule)}'
    yield f" <span>{html_text(alert.subject)}</span></h3>"
    yield f"<p>{html_text(alert.message)}</p>"
    if steps:
        yield f'<p class="soft">Since {html_text(since_text(alert))}.</p>'
    drawn = [draw_picture(alert.picture)] if alert.picture is not None else []
    drawn += [draw(curve)] if curve is not None else []
    if any(drawn):
        yield f'<div class="evidence">{"".join(drawn)}</div>'
    if alert.examples is not None:
        yield f"<p>Examples {html_text(examples_text(alert))}.</p>"
        yield from _shown_examples(alert.examples)
    numbers = evidence_text(alert)
    if numbers:
        yield f'<p class="soft">{html_text(numbers)}</p>'
    if alert.why:
        yield f"<p>{html_text(alert.why)}</p>"
    if alert.fix:
        yield f"<pre>{html_text(alert.fix.strip(chr(10)))}</pre>"
    for consequence in alert.consequences:
        yield f'<p class="soft">Leads to {html_text(consequence_text(consequence))}</p>'
    yield "</article>"


def _shown_examples(examples: Examples) -> Iterator[str]:
    """Yields the thumbnails and the rows of the first examples that an alert names."""
    if not examples.shown:
        return
    yield '<div class="thumbs">'
    for item in examples.shown:
        if not item.png:
            continue
        what = f"{item.subject} of example {item.place}"
        yield f'<figure><img src="data:image/png;base64,{html_text(item.png)}" alt="{html_text(what)}">'
        yield f"<figcaption>{html_text(what)}, {format_number(item.low)} to {format_number(item.high)}</figcaption>"
        yield "</figure>"
    yield "</div>"
    for item in examples.shown:
        if item.values:
            yield from _row(item)


def _row(item: ShownExample) -> Iterator[str]:
    """Yields the values of an example: a single one in a sentence, several as a table of one row."""
    name = f"{html_text(item.subject)} of example {item.place}"
    if item.size == 1:
        yield f"<p>{name}: <b>{format_number(item.values[0])}</b></p>"
        return
    part = f", {part_of_example(item, 0, len(item.values))}" if len(item.values) < item.size else ""
    yield f'<p class="soft">{name}{part}</p>'
    cells = "".join(f"<td{'' if math.isfinite(value) else _BAD}>{format_number(value)}</td>" for value in item.values)
    heads = "".join(f"<th>{item.first + place}</th>" for place in range(len(item.values)))
    yield f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody><tr>{cells}</tr></tbody></table></div>'


def _unknown(section: Section) -> Iterator[str]:
    """Yields which rules could not judge the session, and what of the model could not be read."""
    items = [f"<b>{html_text(item.rule)}</b>: {html_text(item.reason)}" for item in section.not_judged]
    items += [f"<b>{html_text(item.accessor)}</b> failed: {html_text(item.effect)}" for item in section.degraded]
    if items:
        yield f"<h3>Not judged</h3><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _table(table: ReportTable) -> Iterator[str]:
    def row(tag: str, cells: Sequence[str]) -> str:
        last = len(cells) - 1
        found = []
        for place, cell in enumerate(cells):
            kinds = [
                *(["text"] if place < table.left or place > last - table.words else []),
                *(["text long"] if table.long and place == last else []),
            ]
            kind = f' class="{" ".join(kinds)}"' if kinds else ""
            found.append(f"<{tag}{kind}>{html_text(cell)}</{tag}>")
        return f"<tr>{''.join(found)}</tr>"

    yield f'<h3>{html_text(table.title)}</h3><div class="scroll"><table><thead>{row("th", table.header)}</thead><tbody>'
    for cells in table.rows:
        yield row("td", cells)
    yield "</tbody></table></div>"
    if table.note:
        yield f'<p class="soft">{html_text(table.note)}</p>'


def _images(images: Images) -> Iterator[str]:
    where = "as fed" if images.stage == "fed" else "as the first trainable layer reads it"
    yield f'<p class="soft">{html_text(images.name)}, {where}, step {whole(images.step)}</p><div class="thumbs">'
    for index, pixels in enumerate(images.pixels):
        label = images.labels[index] if index < len(images.labels) else ""
        data = base64.b64encode(encode_png(pixels)).decode("ascii")
        alternative = f"example {index} of {images.name}" + (f", target {label}" if label else "")
        yield f'<figure><img src="data:image/png;base64,{data}" alt="{html_text(alternative)}">'
        yield f"<figcaption>{html_text(label)}</figcaption></figure>"
    yield "</div>"
