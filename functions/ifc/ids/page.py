"""The HTML report of an audit: one file that loads nothing and runs nothing.

Everything that comes out of a model or an IDS is escaped, and the page's own policy forbids scripts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TextIO

from functions.ifc.ids.audit import Check, Outcome
from functions.ifc.ids.report import read_text
from functions.ifc.ids.verdicts import Count, Totals, describe, describe_check, passed
from functions.ifc.reader import Reader, clean
from functions.ifc.report.page import begin_page

MAX_ROWS = 500  # of a requirement; the JSON report has all
STYLE = """
table{margin:.6rem 0}h2{margin:0}p{margin:.3rem 0}.n{text-align:right}
section{border:1px solid #dfe3e8;border-radius:6px;padding:1rem;margin:1rem 0}
"""
VERDICTS = {True: ("good", "passes"), False: ("bad", "fails")}
COLUMNS = ("Class", "Name", "GlobalId", "Tag", "Instance", "Reason")


def write_page(
    stream: TextIO, outcomes: Sequence[Outcome], reader: Reader, *, title: str, date: str, name: str
) -> None:
    """Write the page. `name` is the model's file name, `date` the time that the report is of."""
    stream.write(begin_page(title, STYLE))
    stream.write(f"<p class=note>{_text(name)} {_text(date)}</p>\n")
    kind = VERDICTS[passed(outcomes)][0]
    words = "The model meets the IDS." if kind == "good" else "The model does not meet the IDS."
    stream.write(f'<p id="verdict" class="{kind}"><b>{words}</b></p>\n')
    stream.writelines(_totals(Totals.of(outcomes)))
    for number, outcome in enumerate(outcomes, start=1):
        stream.writelines(_specification(number, outcome, reader))
    stream.write("</body></html>\n")


def _totals(totals: Totals) -> Iterator[str]:
    yield "<table><tr><th></th><th class=n>pass</th><th class=n>fail</th><th class=n>all</th></tr>\n"
    for name, count in vars(totals).items():
        yield f'<tr id="{name}"><th>{name.capitalize()}</th>{_counts(count)}</tr>\n'
    yield "</table>\n"


def _counts(count: Count) -> str:
    cells = (count.passed, count.total - count.passed, count.total)
    return "".join(f"<td class=n>{cell}</td>" for cell in cells)


def _specification(number: int, outcome: Outcome, reader: Reader) -> Iterator[str]:
    facts = describe(outcome)
    kind, word = VERDICTS[outcome.status]
    yield f'<section id="specification-{number}" class="specification"><h2>{number}. {_text(facts["name"])} '
    yield f'<span class="{kind}">{word}</span></h2>\n'
    for key in ("description", "instructions"):
        yield f"<p>{_text(facts[key])}</p>\n" if facts[key] else ""
    yield f"<p class=note>{facts['cardinality'].capitalize()}. {_text('; '.join(facts['applicability']))}: "
    yield f"<b>{facts['total_applicable']}</b> elements, <b class={kind}>{facts['total_applicable_fail']}"
    yield "</b> at fault.</p>\n"
    if not outcome.status and not outcome.applicable:
        yield "<p class=bad>There is no such element.</p>\n"
    if outcome.specification.maxOccurs == 0 and outcome.applicable:
        unwanted = dict.fromkeys(outcome.applicable, "There should be no such element.")
        yield from _rows(outcome, unwanted, reader)
    for check in outcome.checks:
        yield from _check(check, outcome, reader)
    yield "</section>\n"


def _check(check: Check, outcome: Outcome, reader: Reader) -> Iterator[str]:
    facts = describe_check(check, outcome)
    kind, word = VERDICTS[check.status]
    yield f'<p class="requirement"><b class="{kind}">{word}</b> {_text(facts["description"])} '
    yield f"({facts['total_pass']} of {facts['total_applicable']})</p>\n"
    if instructions := facts["metadata"].get("@instructions"):
        yield f"<p class=note>{_text(instructions)}</p>\n"
    if check.failures:
        yield from _rows(outcome, check.failures, reader)


def _rows(outcome: Outcome, failures: dict[int, str], reader: Reader) -> Iterator[str]:
    """Yield a table of elements with what is wrong."""
    yield f"<table><tr>{''.join(f'<th>{column}</th>' for column in COLUMNS)}</tr>\n"
    for number in list(failures)[:MAX_ROWS]:
        element = outcome.applicable[number]
        names = (read_text(reader.read(element, name)) or "" for name in ("Name", "GlobalId", "Tag"))
        cells = (element.is_a(), *names, f"#{number}", failures[number])
        yield f'<tr class="failure">{"".join(f"<td>{_text(cell)}</td>" for cell in cells)}</tr>\n'
    yield "</table>\n"
    if len(failures) > MAX_ROWS:
        yield f"<p class=note>{len(failures) - MAX_ROWS} more stand in the JSON report.</p>\n"


def _text(text: str) -> str:
    return escape(clean(text))
