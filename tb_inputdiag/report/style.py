"""The style sheets of the report and of cards in a notebook: light and dark, wide and narrow, on paper as well."""

from __future__ import annotations

import re

__all__ = ["CARD_STYLE", "STYLE"]

_LIGHT = """color-scheme:light;--ink:#1f1f1f;--soft:#5f6368;--line:#dadce0;--paper:#fff;--card:#f8f9fa;--code:#f1f3f4;
--error:#b3261e;--warning:#9a5b00;--info:#0b57d0;--seen:#c5221f;--expected:#137333;--track:#e8eaed;
--c0:#0b57d0;--c1:#c5221f;--c2:#137333;--c3:#9334e6;--c4:#b06000;--c5:#00796b"""
_DARK = """color-scheme:dark;--ink:#e8eaed;--soft:#9aa0a6;--line:#4a4d51;--paper:#202124;--card:#292a2d;--code:#35363a;
--error:#f2b8b5;--warning:#fdd663;--info:#a8c7fa;--seen:#f28b82;--expected:#81c995;--track:#3c4043;
--c0:#8ab4f8;--c1:#f28b82;--c2:#81c995;--c3:#d7aefb;--c4:#fcad70;--c5:#78d9ec"""
_COLOURS = f":root{{{_LIGHT}}}\n@media(prefers-color-scheme:dark){{:root{{{_DARK}}}}}\n"

_PAGE = """
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 20px 64px;max-width:1080px;background:var(--paper);color:var(--ink);
font:15px/1.5 Roboto,system-ui,sans-serif}
h1{font-size:24px;margin:0 0 4px}h2{font-size:20px;margin:40px 0 8px;border-top:1px solid var(--line);padding-top:24px}
h3{font-size:16px;margin:24px 0 8px}p{margin:4px 0}.soft,dt,figcaption,.legend{color:var(--soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:8px 0}dd{margin:0;overflow-wrap:anywhere}
pre{background:var(--code);padding:10px 12px;border-radius:6px;overflow-x:auto;margin:10px 0 0;
font:13px/1.45 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
a{color:var(--c0)}figure{margin:0;min-width:0}ul{margin:4px 0;padding-left:20px}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
th,td{padding:3px 12px 3px 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:500}td.text,th.text{text-align:left}
td.long{white-space:normal;min-width:14em}td.bad{color:var(--error);font-weight:500}
.overview{margin-top:16px}.overview td,.overview th{text-align:left;white-space:normal}
.overview b{color:var(--tone);font-weight:500}.overview td:first-child{overflow-wrap:anywhere}
.lost{color:var(--error)}@media print{.alert,figure{break-inside:avoid}}
"""

_ALERTS = """
.alert{border-left:4px solid var(--tone);background:var(--card);padding:12px 16px;margin:12px 0;
border-radius:0 6px 6px 0}
.ERROR{--tone:var(--error)}.WARNING{--tone:var(--warning)}.INFO{--tone:var(--info)}
.alert h3{margin:0;display:flex;flex-wrap:wrap;gap:4px 12px}.alert h3 b{color:var(--tone)}
.alert h3 span{margin-left:auto;font-weight:400;color:var(--soft);overflow-wrap:anywhere}
.evidence{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:12px 28px;
align-items:start;margin:12px 0}
"""

_PICTURES = """
.picture{max-width:560px;font-size:14px;font-variant-numeric:tabular-nums}.picture figcaption{margin-bottom:4px}
.bar{display:grid;grid-template-columns:1fr auto;gap:0 12px;margin-bottom:8px}.bar .value{text-align:right}
.bar .label{color:var(--soft);overflow-wrap:anywhere}
.track{grid-column:1/-1;position:relative;height:12px;border-radius:3px;background:var(--track);overflow:hidden}
.track i{position:absolute;top:0;bottom:0;min-width:3px;border-radius:3px;background:var(--tone)}
.track b{position:absolute;top:0;bottom:0;width:2px;margin-left:-1px;background:var(--ink)}
.seen{--tone:var(--seen)}.expected{--tone:var(--expected)}.other{--tone:var(--soft)}
.bar .value,.axis.seen,.axis.expected,.words b{color:var(--tone);font-weight:500}.bar.other .value{color:inherit}
.shapes td.axis{border:1px solid var(--line);padding:3px 10px;text-align:center;background:var(--paper)}
.shapes td.axis.seen,.shapes td.axis.expected{border-color:var(--tone)}
.shapes td.none{border-color:transparent;background:none;color:var(--soft)}.shapes th{border:0;text-align:left}
.shapes{border-collapse:separate;border-spacing:4px;margin-left:-4px}
.words{display:grid;grid-template-columns:max-content 1fr;gap:4px 12px}.words b{overflow-wrap:anywhere}
.picture svg{width:100%;height:72px}.picture rect{fill:var(--soft);opacity:.55}.picture rect.seen{fill:var(--seen);
opacity:1}.picture p{margin:4px 0 0;color:var(--soft)}
"""

_CHARTS = """
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:16px 28px}
svg{width:100%;height:auto;display:block}
svg text{fill:var(--soft);font-size:13px}svg path{fill:none;stroke-width:1.5;vector-effect:non-scaling-stroke}
svg .grid{stroke:var(--line);stroke-width:1}svg .mark{stroke:var(--error);stroke-dasharray:4 3}
svg .should{fill:var(--expected);opacity:.14;stroke:none}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:13px}.legend i{display:inline-block;width:12px;height:3px;
margin-right:6px;vertical-align:middle}.legend .wide{height:10px;opacity:.25}
.legend .should{height:10px;background:var(--expected);opacity:.25}
""" + "".join(
    f"svg .l{i}{{stroke:var(--c{i})}}svg .b{i}{{fill:var(--c{i});opacity:.16;stroke:none}}"
    f".k{i}{{background:var(--c{i})}}"
    for i in range(6)
)

_THUMBNAILS = """
.thumbs{display:flex;flex-wrap:wrap;gap:8px}.thumbs figure{width:96px}.thumbs img{width:96px;height:96px;
object-fit:contain;image-rendering:pixelated;background:var(--card)}
.thumbs figcaption{font-size:12px;overflow-wrap:anywhere}
"""

STYLE = _COLOURS + _PAGE + _ALERTS + _PICTURES + _CHARTS + _THUMBNAILS
"""CSS for `report.html`."""


_CARD = ".tb-inputdiag.tb-inputdiag"
"""The class of a card, twice: a notebook has rules for tables and headings in an output, and more specific ones win."""


def _within_card(css: str) -> str:
    """Returns rules that hold within a card only; those of the page's body are the card's own."""

    def scoped(match: re.Match[str]) -> str:
        selectors = [part.strip() for part in match[2].split(",")]
        return (match[1] or "") + ",".join(_CARD if part == "body" else f"{_CARD} {part}" for part in selectors) + "{"

    return re.sub(r"(@[^{]+\{)?([^{}@]+)\{", scoped, css)


def _themed(names: str, colours: str) -> str:
    """Returns the colours of a card where an element around it says which theme the notebook has."""
    return ",".join(f"{name} {_CARD}" for name in names.split(",")) + "{" + colours + "}\n"


_CARD_ONLY = """
body{margin:4px 0;padding:10px 16px 14px;max-width:900px;border:1px solid var(--line);border-radius:8px;font-size:14px}
h3{font-size:15px;font-weight:600;line-height:1.4;color:inherit}h3:first-child,section>h3:first-child{margin-top:0}
p{margin:4px 0;text-align:left}dl{font-size:13px}dt{float:none;width:auto;font-style:normal;font-weight:400}
dd{padding:0;margin:0}tr,tbody tr:nth-child(odd),tbody tr:hover{background:none}table{margin:0;border:0;color:inherit}
pre{margin:10px 0 0;line-height:1.45;color:inherit}figure{padding:0}img{margin:0;max-width:none}h3 a{display:none}
.charts figure,.evidence figure{max-width:520px}
"""

CARD_STYLE = (
    f"{_CARD}{{{_LIGHT}}}\n@media(prefers-color-scheme:dark){{{_CARD}{{{_DARK}}}}}\n"
    # JupyterLab and Notebook 7, Visual Studio Code, Colab
    + _themed('[data-jp-theme-light="true"],.vscode-light,html[theme="light"]', _LIGHT)
    + _themed('[data-jp-theme-light="false"],.vscode-dark,.vscode-high-contrast,html[theme="dark"]', _DARK)
    + _within_card(_PAGE + _ALERTS + _PICTURES + _CHARTS + _THUMBNAILS + _CARD_ONLY)
)
"""CSS for a card: it changes nothing of the page around it."""
