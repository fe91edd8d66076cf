"""The implementation of ifcdiff."""

from __future__ import annotations

import json
from pathlib import Path

from functions.core import Files
from functions.ifc.comparison.classes import Classes
from functions.ifc.comparison.comparison import Comparison
from functions.ifc.comparison.index import Index, read_index
from functions.ifc.comparison.notation import unify
from functions.ifc.comparison.report import Report
from functions.ifc.comparison.version import Version
from functions.ifc.gate import Checked, check_model, open_checked
from functions.ifc.reader import Reader
from functions.ifc.selector import select
from functions.operations.ifcdiff import DiffRequest, DiffResult

SUSPECT = 0.05  # of all objects: then the files may say the same in two notations
NAMED_FAILURES = 20


def run(request: DiffRequest, files: Files) -> DiffResult:
    """Compare the models and write the report."""
    comparison = compare(request, files)
    report = Report(comparison, is_shallow=request.is_shallow)
    target = files.output(request.output_file or f"diff.{request.kind}")
    _write(report, request, files, target)
    statistics = report.statistics()
    message = ", ".join(f"{statistics[name]} {name}" for name in ("added", "deleted", "changed"))
    return DiffResult(message=message, output=target.name, statistics=statistics)


def compare(request: DiffRequest, files: Files) -> Comparison:
    """Return the comparison of the two models of a request."""
    classes = Classes()
    checked, readers, indexes = [], [], []
    for number, reference in enumerate((request.old_file, request.new_file)):
        files.progress("read", number, 2)
        model = check_model(files.input(reference), files)
        checked.append(model)
        readers.append(Reader(open_checked(model, files)))
        indexes.append(read_index(model, classes))
    chosen = None
    if request.filter_elements:
        old, new = (
            [item.id() for item in select(reader.model, request.filter_elements, name="filter_elements")]
            for reader in readers
        )
        chosen = old, new

    def prepare(old: Index, new: Index) -> Comparison:
        versions = (
            Version(readers[0], old, classes, salt=1),
            Version(readers[1], new, classes, salt=2),
        )
        return Comparison(versions, request.kinds, request.tolerance, files.progress, robust=files.robust)

    comparison = prepare(*indexes)
    if comparison.suspects(chosen) > SUSPECT:
        paths: tuple[Path, Path] = (checked[0].path, checked[1].path)
        comparison = prepare(*unify((indexes[0], indexes[1]), paths))
    comparison.run(chosen)
    _warn(comparison, readers, files)
    return comparison


def _warn(comparison: Comparison, readers: list[Reader], files: Files) -> None:
    """Say what was odd about the models."""
    if comparison.repeated:
        files.warn(f"{comparison.repeated} objects have a GlobalId that another one has: paired by likeness")
    failed = sorted(comparison.failed.items())
    for guid, reason in failed[:NAMED_FAILURES]:
        files.warn(f"{guid}: {reason}; its shape was compared by its definition")
    if len(failed) > NAMED_FAILURES:
        files.warn(f"{len(failed) - NAMED_FAILURES} more shapes were compared by their definition")
    for which, reader in zip(("old", "new"), readers, strict=True):
        if reader.unreadable:
            files.warn(f"{reader.unreadable} attributes of the {which} model could not be read")


def _write(report: Report, request: DiffRequest, files: Files, target: Path) -> None:
    """Write the report in its format."""
    target.write_text(json.dumps(report.document(), indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
