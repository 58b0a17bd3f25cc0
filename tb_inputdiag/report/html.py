"""One self-contained HTML page of findings, curves and thumbnails: to mail, to attach, to keep."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from tb_inputdiag.records import Alert, Images
from tb_inputdiag.report.charts import Chart, draw
from tb_inputdiag.report.text import clean, evidence_text, since_text

__all__ = ["Section", "Table", "render_html"]


@dataclass(frozen=True)
class Table:
    """A table of text."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """One session."""

    title: str
    status: str
    """In a word or two: ``finished``, ``died``, ..."""
    facts: Sequence[tuple[str, str]]
    """(label, text)."""
    alerts: Sequence[Alert]
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    images: Sequence[Images] = ()
    problems: Sequence[str] = field(default=())
    """What of the log is lost."""


_MOST_NAMED = 6
"""Findings of a session that the overview names."""

_STYLE = """
:root{color-scheme:light dark;--ink:#1f1f1f;--soft:#5f6368;--line:#dadce0;--paper:#fff;--card:#f8f9fa;--code:#f1f3f4;
--error:#b3261e;--warning:#9a5b00;--info:#0b57d0;--c0:#0b57d0;--c1:#c5221f;--c2:#137333;--c3:#9334e6;--c4:#b06000;
--c5:#00796b}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#9aa0a6;--line:#4a4d51;--paper:#202124;--card:#292a2d;
--code:#35363a;--error:#f2b8b5;--warning:#fdd663;--info:#a8c7fa;--c0:#8ab4f8;--c1:#f28b82;--c2:#81c995;--c3:#d7aefb;
--c4:#fcad70;--c5:#78d9ec}}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 20px 64px;max-width:1080px;background:var(--paper);color:var(--ink);
font:15px/1.5 Roboto,system-ui,sans-serif}
h1{font-size:24px;margin:0 0 4px}h2{font-size:20px;margin:40px 0 8px;border-top:1px solid var(--line);padding-top:24px}
h3{font-size:16px;margin:24px 0 8px}p{margin:4px 0}.soft,dt,figcaption,.legend{color:var(--soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}dd{margin:0;overflow-wrap:anywhere}
.alert{border-left:4px solid var(--tone);background:var(--card);padding:12px 16px;margin:12px 0;
border-radius:0 6px 6px 0}
.ERROR{--tone:var(--error)}.WARNING{--tone:var(--warning)}.INFO{--tone:var(--info)}
.alert h3{margin:0;display:flex;flex-wrap:wrap;gap:4px 12px}.alert h3 b{color:var(--tone)}
.alert h3 span{margin-left:auto;font-weight:400;color:var(--soft)}
pre{background:var(--code);padding:10px 12px;border-radius:6px;overflow-x:auto;margin:6px 0 0;
font:13px/1.45 ui-monospace,Menlo,Consolas,monospace}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:16px}
figure{margin:0;min-width:0}svg{width:100%;height:auto;display:block}
svg text{fill:var(--soft);font-size:12px}svg path{fill:none;stroke-width:1.5;vector-effect:non-scaling-stroke}
svg .grid{stroke:var(--line);stroke-width:1}svg .mark{stroke:var(--error);stroke-dasharray:4 3}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:13px}.legend i{display:inline-block;width:12px;height:3px;
margin-right:6px;vertical-align:middle}
.legend .wide{height:10px;opacity:.25}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
th,td{padding:3px 12px 3px 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:500}
.thumbs{display:flex;flex-wrap:wrap;gap:8px}.thumbs figure{width:96px}.thumbs img{width:96px;height:96px;
object-fit:contain;image-rendering:pixelated;background:var(--card)}
.thumbs figcaption{font-size:12px;overflow-wrap:anywhere}
.overview{margin-top:16px}.overview td,.overview th{text-align:left;white-space:normal}
.overview b{color:var(--tone);font-weight:500}
.overview td:first-child{overflow-wrap:anywhere}a{color:var(--c0)}pre{white-space:pre-wrap;overflow-wrap:anywhere}
.lost{color:var(--error)}@media print{.alert,figure{break-inside:avoid}}
""" + "".join(
    f"svg .l{i}{{stroke:var(--c{i})}}svg .b{i}{{fill:var(--c{i});opacity:.16;stroke:none}}"
    f".k{i}{{background:var(--c{i})}}"
    for i in range(6)
)


def render_html(title: str, subtitle: str, sections: Sequence[Section], problems: Sequence[str] = ()) -> str:
    """Returns the page. Everything from the log is text in it, whatever it contains.

    Args:
        title: Its title.
        subtitle: What stands below it.
        sections: The sessions.
        problems: What is lost beside them: whole files.
    """
    single = len(sections) == 1
    parts = [f'<p class="lost">{_text(problem)}</p>' for problem in problems]
    parts += [] if single else _overview(sections)
    for number, section in enumerate(sections):
        parts += _section(section, None if single else number)
    body = "".join(parts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        # Nothing is to be fetched or run, even if a name should find a way into the markup.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        'img-src data:">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{_text(title)}</h1><p class="soft">{_text(subtitle)}</p>{body}</body></html>\n'
    )


def _text(text: object) -> str:
    return escape(clean(text), quote=True)


def _overview(sections: Sequence[Section]) -> Iterator[str]:
    """Yields a table of all sessions, each with a link to its own part."""
    yield '<div class="scroll"><table class="overview"><thead><tr><th>session</th><th>status</th><th>findings</th>'
    yield "</tr></thead><tbody>"
    for number, section in enumerate(sections):
        names = ", ".join(
            f'<b class="{alert.severity.name}">{_text(alert.rule)}</b>' for alert in section.alerts[:_MOST_NAMED]
        )
        more = len(section.alerts) - _MOST_NAMED
        yield f'<tr><td><a href="#s{number}">{_text(section.title)}</a></td><td>{_text(section.status)}</td>'
        yield f"<td>{names or 'none'}{f' and {more} more' if more > 0 else ''}</td></tr>"
    yield "</tbody></table></div>"


def _section(section: Section, number: int | None) -> Iterator[str]:
    yield "<section>" if number is None else f'<section id="s{number}"><h2>{_text(section.title)}</h2>'
    yield f"<dl>{''.join(f'<dt>{_text(label)}</dt><dd>{_text(text)}</dd>' for label, text in section.facts)}</dl>"
    for problem in section.problems:
        yield f'<p class="lost">{_text(problem)}</p>'
    yield "<h3>Findings</h3>"
    for alert in section.alerts:
        yield from _alert(alert)
    if not section.alerts:
        yield "<p>None.</p>"
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


def _alert(alert: Alert) -> Iterator[str]:
    severity = alert.severity.name
    yield f'<article class="alert {severity}"><h3><b>{severity}</b>{_text(alert.rule)}'
    yield f"<span>{_text(alert.subject)}</span></h3>"
    yield f"<p>{_text(alert.message)}</p>"
    yield f'<p class="soft">Since {_text(since_text(alert))}.</p>'
    numbers = evidence_text(alert)
    if numbers:
        yield f'<p class="soft">{_text(numbers)}</p>'
    if alert.why:
        yield f"<p>{_text(alert.why)}</p>"
    if alert.fix:
        yield f"<pre>{_text(alert.fix.strip(chr(10)))}</pre>"
    for consequence in alert.consequences:
        text = f"{consequence.rule} [{consequence.subject}]: {consequence.text}"
        yield f'<p class="soft">Leads to {_text(text)}</p>'
    yield "</article>"


def _table(table: Table) -> Iterator[str]:
    yield f'<h3>{_text(table.title)}</h3><div class="scroll"><table><thead><tr>'
    yield "".join(f"<th>{_text(name)}</th>" for name in table.header) + "</tr></thead><tbody>"
    for row in table.rows:
        yield f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>"
    yield "</tbody></table></div>"


def _images(images: Images) -> Iterator[str]:
    where = "as fed" if images.stage == "fed" else "as the first trainable layer reads it"
    yield f'<p class="soft">{_text(images.name)}, {where}, step {images.step:,}</p><div class="thumbs">'
    for index, pixels in enumerate(images.pixels):
        label = images.labels[index] if index < len(images.labels) else ""
        data = base64.b64encode(png(pixels)).decode("ascii")
        alternative = f"example {index} of {images.name}" + (f", target {label}" if label else "")
        yield f'<figure><img src="data:image/png;base64,{data}" alt="{_text(alternative)}">'
        yield f"<figcaption>{_text(label)}</figcaption></figure>"
    yield "</div>"


def png(pixels: Any) -> bytes:
    """Returns an image ``[height, width, 1 or 3]`` of uint8 as a PNG file."""
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    content = part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows.tobytes())) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content
