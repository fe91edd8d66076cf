"""Choose and mesh the elements, test the pairs, report."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from functions.core import Files
from functions.ifc.clash.contact import Rule
from functions.ifc.clash.history import compare, read_report
from functions.ifc.clash.report import Report, add_groups, make_set
from functions.ifc.clash.search import Clash, Search
from functions.ifc.clash.sides import Choice, Element, Models
from functions.ifc.thrift import give_back
from functions.operations.ifcclash import ClashRequest, ClashResult, Source

REPORT_EVERY = 500


def run(request: ClashRequest, files: Files) -> ClashResult:
    """Find the clashes of all sets, and write the report."""
    former = None
    if request.previous is not None:
        former = read_report(files.input(request.previous), field="previous")
    sides = [
        (
            _choices(one.a, f"clash_sets.{number}.a", files),
            _choices(one.b, f"clash_sets.{number}.b", files),
        )
        for number, one in enumerate(request.clash_sets)
    ]
    rule = Rule(
        mode=request.mode,
        tolerance=request.tolerance,
        clearance=request.clearance,
        touching=request.allow_touching,
    )
    scene = request.kind == "glb"  # which shows all elements
    models = Models(files, normals=scene, related=not request.include_related)
    models.read(sides, None if scene else rule.reach)
    search = Search(rule, skip=_never if request.include_related else models.are_related)
    found = []
    for a, b in sides:
        first = models.side(a)
        second = models.side(b) if b else first
        found.append(list(search.run(first, second, progress=_reporter(files))))
    search.forget()
    give_back()
    report = Report(
        mode=request.mode,
        tolerance=request.tolerance,
        clearance=request.clearance,
        allow_touching=request.allow_touching,
        files=[model.name for model in models.all],
        clash_sets=[
            make_set(one.name, clashes) for one, clashes in zip(request.clash_sets, found, strict=True)
        ],
    )
    for one in report.clash_sets:
        add_groups(one, request.max_cluster_distance if request.smart_grouping else None)
    clashes = {
        record.id: clash
        for one, several in zip(report.clash_sets, found, strict=True)
        for record, clash in zip(one.clashes, several, strict=True)
    }
    if former is not None:
        compare(report, former, lambda record: clashes[record.id].space)
    stem = PurePosixPath(request.clash_sets[0].a[0].file).stem
    output = request.output_filename or f"{stem}.clashes.{request.kind}"
    write(request, report, files.output(output), clashes=clashes, models=models)
    counts = report.count()
    return ClashResult(
        message=f"{counts['clashes']} clashes in {search.candidates} pairs of elements near each other",
        output=output,
        statistics={**models.counts, "candidates": search.candidates, **counts},
    )


def write(
    request: ClashRequest, report: Report, target: Path, *, clashes: dict[str, Clash], models: Models
) -> None:
    """Write the report in its format. What only one of them needs is imported for it."""
    kind = request.kind
    if kind == "json":
        report.write(target)
    elif kind == "csv":
        from functions.ifc.clash.report import make_rows  # noqa: PLC0415
        from functions.ifc.tables.sheets import open_sheet  # noqa: PLC0415

        rows = list(make_rows(report))
        with open_sheet(target, kind, rows=len(rows)) as put:
            for row in rows:
                put(row)
    elif kind == "html":
        target.write_text(make_page(report), encoding="utf-8")
    elif kind == "bcf":
        from functions.ifc.clash.topics import make_topics  # noqa: PLC0415
        from functions.ifc.report.bcf import write_topics  # noqa: PLC0415

        topics = list(make_topics(report, {name: _radius(clash) for name, clash in clashes.items()}))
        date = max((model.stamp for model in models.all), default="")
        write_topics(target, topics, project=report.files[0], date=date, version=request.bcf_version)
    else:
        from functions.ifc.clash.scene import write_scene  # noqa: PLC0415

        write_scene(target, models.elements(), clashes, scratch=models.files.scratch)


def make_page(report: Report) -> str:
    """Return the report as a page."""
    from functions.ifc.clash.report import make_tables  # noqa: PLC0415
    from functions.ifc.report.page import write_page  # noqa: PLC0415

    counts = report.count()
    facts = {
        "files": ", ".join(report.files),
        "mode": report.mode,
        "penetration allowed": f"{report.tolerance} m",
        "distance to keep": f"{report.clearance} m",
        **{name: count for name, count in counts.items() if count or name in {"clashes", "new"}},
    }
    verdict = (f"{counts['clashes']} clashes" if counts["clashes"] else "No clashes"), not counts["clashes"]
    return write_page("Clashes", verdict, facts, make_tables(report))


def _choices(sources: list[Source], place: str, files: Files) -> list[Choice]:
    """Return what to choose from which file."""
    return [
        Choice(
            path=files.input(source.file),
            selector=source.selector if source.chosen != "a" else None,
            mode=source.chosen,
            place=f"{place}.{number}",
        )
        for number, source in enumerate(sources)
    ]


def _never(_: Element, __: Element) -> bool:
    return False


def _reporter(files: Files) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done % REPORT_EVERY == 0 or done == total:
            files.progress("test", done, total)

    return progress


def _radius(clash: Clash) -> float:
    """Return the radius of a ball around what is near of both elements."""
    return math.dist(*clash.space) / 2
