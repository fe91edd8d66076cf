"""A report as one HTML file: no scripts, nothing loaded from elsewhere, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

Table = tuple[str, Sequence[str], Iterable[Sequence[object]]]
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1c2430}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:#5b6675}dd{margin:0}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;
border-bottom:1px solid #dfe3e8;overflow-wrap:break-word}th{background:#f3f5f7;white-space:nowrap}
td:last-child{overflow-wrap:anywhere}
.good{color:#0a7a3d}.bad{color:#b3261e}.note{color:#5b6675}
"""
HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    '<meta name="viewport" content="width=device-width"><title>{title}</title><style>{style}</style></head>\n'
    "<body><h1>{title}</h1>\n"
)


def begin_page(title: str, style: str = "") -> str:
    """Return the head of a page, with rules of its own after the common ones."""
    return HEAD.format(title=escape(title), style=STYLE + style)


def write_page(
    title: str,
    verdict: tuple[str, bool],
    facts: Mapping[str, object],
    tables: Iterable[Table],
) -> str:
    """Return a page: a verdict (text, good), facts by name, and tables (title, header, rows)."""
    text, good = verdict
    parts = [begin_page(title)]
    parts.append(f'<p id="verdict" class="{"good" if good else "bad"}">{escape(text)}</p>\n<dl>')
    for name, value in facts.items():
        parts.append(f'<dt>{escape(name)}</dt><dd id="{escape(name.replace(" ", "-"))}">{show(value)}</dd>')
    parts.append("</dl>\n")
    for heading, header, rows in tables:
        cells = "".join(f"<th>{escape(name)}</th>" for name in header)
        parts.append(f"<h2>{escape(heading)}</h2>\n<table><thead><tr>{cells}</tr></thead><tbody>\n")
        parts += ["<tr>" + "".join(f"<td>{show(cell)}</td>" for cell in row) + "</tr>\n" for row in rows]
        parts.append("</tbody></table>\n")
    parts.append("</body></html>\n")
    return "".join(parts)


def show(value: object) -> str:
    """Return a value as escaped text; nothing for None."""
    return "" if value is None else escape(str(value))
