"""The implementation of ifcdiff."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from functions.core import Files
from functions.ifc.comparison.classes import Classes
from functions.ifc.comparison.comparison import Comparison
from functions.ifc.comparison.excerpt import write_excerpt
from functions.ifc.comparison.index import Index, read_index
from functions.ifc.comparison.notation import unify, unknown
from functions.ifc.comparison.page import show_page
from functions.ifc.comparison.report import Report, spell
from functions.ifc.comparison.scene import fill
from functions.ifc.comparison.topics import make_topics
from functions.ifc.comparison.version import Version, is_whole, read_guids
from functions.ifc.gate import Checked, check_model, open_checked
from functions.ifc.geometry.gltf import Scene
from functions.ifc.reader import Reader
from functions.ifc.report.bcf import write_topics
from functions.operations.ifcdiff import DiffRequest, DiffResult

WHOLE = frozenset({"bcf", "glb"})  # reports that need more of the models than what has changed
SUSPECT = 0.05  # of all objects: then the files may say the same in two notations
NAMED_FAILURES = 20


@dataclass
class Compared:
    """The comparison, and the models as they were opened."""

    comparison: Comparison
    checked: tuple[Checked, Checked]
    readers: tuple[Reader, Reader]


def run(request: DiffRequest, files: Files) -> DiffResult:
    """Compare the models and write the report."""
    compared = compare(request, files)
    report = Report(compared.comparison, is_shallow=request.is_shallow)
    target = files.output(request.output_file or f"diff.{request.kind}")
    _write(report, request, files, compared, target)
    _warn(compared, files)
    statistics = report.statistics()
    message = ", ".join(f"{statistics[name]} {name}" for name in ("added", "deleted", "changed"))
    return DiffResult(message=message, output=target.name, statistics=statistics)


def compare(request: DiffRequest, files: Files) -> Compared:
    """Return the comparison of the two models of a request."""
    classes = Classes()
    old, new = (check_model(files.input(name), files) for name in (request.old_file, request.new_file))
    indexes = read_index(old, classes), read_index(new, classes)
    is_sound = all(
        is_whole(index, checked, classes) for index, checked in zip(indexes, (old, new), strict=True)
    )
    readers: tuple[Reader, Reader] | None = None
    if not is_sound or request.filter_elements or request.kind in WHOLE:
        files.progress("open", 0, 2)
        readers = Reader(open_checked(old, files)), Reader(open_checked(new, files))
    chosen = _choose(request, readers)
    comparison = _prepare(request, files, classes, indexes, readers)
    if comparison.prepare(chosen) > SUSPECT and unknown(*indexes) > SUSPECT:
        comparison = _prepare(request, files, classes, unify(indexes, (old.path, new.path)), readers)
        comparison.prepare(chosen)
    opened = [old, new]
    if readers is None:
        rows = comparison.wanted()
        opened = [
            write_excerpt(checked, version, some, files.scratch / f"excerpt-{version.salt}.ifc")
            for checked, version, some in zip((old, new), comparison.versions, rows, strict=True)
        ]
        readers = Reader(open_checked(opened[0], files)), Reader(open_checked(opened[1], files))
    for version, reader, checked in zip(comparison.versions, readers, opened, strict=True):
        version.attach(reader, checked)
    comparison.run()
    return Compared(comparison, (old, new), readers)


def _prepare(
    request: DiffRequest, files: Files, classes: Classes, indexes: tuple[Index, Index],
    readers: tuple[Reader, Reader] | None,
) -> Comparison:  # fmt: skip
    old, new = (
        Version(index, classes, salt, read_guids(index, classes, reader))
        for salt, (index, reader) in enumerate(zip(indexes, readers or (None, None), strict=True), start=1)
    )
    return Comparison((old, new), request.kinds, request.tolerance, files.progress, robust=files.robust)


def _choose(
    request: DiffRequest, readers: tuple[Reader, Reader] | None
) -> tuple[list[int], list[int]] | None:
    """Return the numbers of the instances that the query selects in both models."""
    if request.filter_elements is None or readers is None:
        return None
    from functions.ifc.selector import select  # noqa: PLC0415 - its grammars take 0.2 s, and few ask for it

    query = request.filter_elements
    old, new = (
        [item.id() for item in select(reader.model, query, name="filter_elements")] for reader in readers
    )
    return old, new


def _warn(compared: Compared, files: Files) -> None:
    """Say what was odd about the models."""
    comparison, readers = compared.comparison, compared.readers
    if comparison.repeated:
        files.warn(f"{comparison.repeated} objects have a GlobalId that another one has: paired by likeness")
    if comparison.nameless:
        files.warn(f"{comparison.nameless} objects have no GlobalId to be known by: they are left out")
    failed = sorted(comparison.failed.items())
    for guid, reason in failed[:NAMED_FAILURES]:
        files.warn(f"{guid}: {reason}; its shape was compared by its definition")
    if len(failed) > NAMED_FAILURES:
        files.warn(f"{len(failed) - NAMED_FAILURES} more shapes were compared by their definition")
    for which, reader in zip(("old", "new"), readers, strict=True):
        if reader.unreadable:
            files.warn(f"{reader.unreadable} attributes of the {which} model could not be read")


def _write(report: Report, request: DiffRequest, files: Files, compared: Compared, target: Path) -> None:
    """Write the report in its format."""
    old, new = (Path(name).name for name in (request.old_file, request.new_file))
    if request.kind == "html":
        target.write_text(show_page(report, old=old, new=new), encoding="utf-8")
    elif request.kind == "bcf":
        topics = list(make_topics(report, old=old, new=new))
        date = str(compared.readers[1].model.header.file_name.time_stamp)
        write_topics(target, topics, project=new, date=date, version=request.bcf_version)
    elif request.kind == "glb":
        _write_scene(report, files, compared, target)
    else:
        with target.open("w", encoding="utf-8") as file:
            file.writelines(spell(report.document()))


def _write_scene(report: Report, files: Files, compared: Compared, target: Path) -> None:
    with ExitStack() as stack:
        vertices, indices = (
            stack.enter_context((files.scratch / name).open("w+b")) for name in ("vertices", "indices")
        )
        scene = Scene(vertices, indices)
        failed = fill(scene, report, compared.checked, files.progress)
        scene.save(target, name="comparison")
    for guid, reason in list(failed.items())[:NAMED_FAILURES]:
        files.warn(f"{guid} is not in the scene: {reason}")
    if not scene.meshes:
        files.warn("no element has a shape: the scene is empty")
