"""The gate: one way to open a model, for every operation.

    model = open_model(files.input(request.model), files)

Parsers accept garbage quietly: a file cut in half opens as half a building. The gate refuses what is not a
whole STEP file with a ModelError that names the reason and the line, repairs what can be read in only one
way (a BOM, raw characters, an older name of IFC4X3) with a warning, and says when the parser has left out
instances that are in the file. What is wrong inside an instance shows later: see functions/ifc/faults.py.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path

import ifcopenshell

from functions.core.errors import InputError, ModelError, TooLargeError
from functions.core.operation import Files
from functions.ifc import archive, faults, recode
from functions.ifc.step import excerpt, syntax
from functions.ifc.step.census import Census

__all__ = ["FACES", "SCHEMAS", "SOLIDS", "Checked", "check_model", "is_object", "open_checked", "open_model",
           "release"]  # fmt: skip

BOM = b"\xef\xbb\xbf"
# Schema names in files, and the name that ifcopenshell 0.9 reads them by. IFC4X3 and IFC4X3_ADD1 were
# superseded by ADD2, which is ISO 16739-1:2024; release candidates differ in their entities.
SCHEMAS = {
    "IFC2X3": "IFC2X3",
    "IFC4": "IFC4",
    "IFC4X3": "IFC4X3_ADD2",
    "IFC4X3_ADD1": "IFC4X3_ADD2",
    "IFC4X3_ADD2": "IFC4X3_ADD2",
}
SCHEMAS_READ = "IFC2X3, IFC4 and IFC4X3 are"
MAX_NAMED = 5
# Parts of shapes that shapes alone are made of, and that there can be most of in a model. What asks for no
# shapes opens it without them, as an instance takes 170 bytes.
FACES = (
    "IfcCartesianPointList3D", "IfcConnectedFaceSet", "IfcEdge", "IfcFace", "IfcFaceBasedSurfaceModel",
    "IfcFaceBound", "IfcIndexedPolygonalFace", "IfcLoop", "IfcManifoldSolidBrep", "IfcStyledItem",
    "IfcTessellatedFaceSet", "IfcVertex",
)  # fmt: skip
# The shapes around them, whose numbers and profiles some read.
SOLIDS = (
    "IfcArbitraryClosedProfileDef", "IfcBooleanResult", "IfcExtrudedAreaSolid",
    "IfcMappedItem", "IfcPlane", "IfcPolyline", "IfcRectangleProfileDef", "IfcShapeRepresentation",
)  # fmt: skip
# What says nothing about shapes: properties and quantities are often a third of a model.
UNSHAPED = (
    "IfcElementQuantity", "IfcPropertySet", "IfcPropertySingleValue", "IfcQuantityArea", "IfcQuantityLength",
    "IfcQuantityVolume", "IfcRelAssociatesClassification", "IfcRelConnectsPathElements",
    "IfcRelDefinesByProperties", "IfcRelSpaceBoundary",
)  # fmt: skip
# What says of shapes only what they look like.
LOOKS = (
    "IfcColourRgb", "IfcIndexedColourMap", "IfcMaterial", "IfcMaterialDefinition",
    "IfcMaterialDefinitionRepresentation", "IfcMaterialLayer", "IfcMaterialLayerSet",
    "IfcMaterialLayerSetUsage", "IfcMaterialList", "IfcMaterialUsageDefinition", "IfcPresentationStyle",
    "IfcPresentationStyleAssignment", "IfcRelAssociatesMaterial", "IfcStyledItem", "IfcSurfaceStyleShading",
)  # fmt: skip

# The overloads in ifcopenshell's own annotations do not know `lazy`.
_open: Callable[..., ifcopenshell.file] = ifcopenshell.open
# The instances of a lazily opened model do not keep it alive, and reading one after its model is gone is a
# segmentation fault: `open_model(...).by_type(...)` would be one.
_KEPT: list[ifcopenshell.file] = []


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A model that has passed: a clean STEP file, its schema, and how many instances its text declares.

    `path` is the input itself, or a repaired copy in the job's scratch: open that one, with whatever engine.
    `counts` has how many instances of which classes are left out when it is opened here; `named_by` is the
    field of the request that names it.
    """

    path: Path
    schema: str
    instances: int
    counts: Mapping[str, int] = field(default_factory=dict)
    census: Census | None = None
    named_by: str | None = None


def open_model(path: Path, files: Files, *, without: Sequence[str] = ()) -> ifcopenshell.file:
    """Check and open a model (.ifc or .ifczip), lazily parsed, without the instances of some classes.

    Raises a ModelError naming the field, the reason and the place, or a TooLargeError. Warns of what it
    repaired and of instances that were not read. The model lives as long as the process, the job's own.
    """
    return open_checked(check_model(path, files, without=without), files)


def check_model(path: Path, files: Files, *, without: Sequence[str] = ()) -> Checked:
    """Check a model's container, size, syntax and schema without parsing it; raises as `open_model` does.

    What is opened later is left without the instances of the classes `without` and their subtypes.
    """
    named_by = files.field(path)
    with _naming(named_by):
        return replace(_check(path, files, without), named_by=named_by)


def open_checked(checked: Checked, files: Files) -> ifcopenshell.file:
    """Open a checked model; refuses instances that share a number, warns of those that were not read."""
    with _naming(checked.named_by):
        return _open_checked(checked, files)


@contextmanager
def _naming(field: str | None) -> Iterator[None]:
    """Have errors name the field that the model stands in: there may be several."""
    try:
        yield
    except InputError as error:
        raise (error.at(field) if field else error) from None


def _check(path: Path, files: Files, without: Sequence[str]) -> Checked:
    _check_size(path, files)
    if path.suffix.lower() in archive.SUFFIXES:
        unpacked = _scratch(files)
        archive.extract(path, unpacked, limit=files.max_input_bytes)
        path = unpacked
    if path.stat().st_size == 0:
        raise ModelError("The model is empty", where="byte 0")
    with path.open("rb") as stream, closing(mmap(stream.fileno(), 0, access=ACCESS_READ)) as data:
        return _check_text(path, data, files, without)


def _open_checked(checked: Checked, files: Files) -> ifcopenshell.file:
    path, passed_over = _excerpt(checked, files)
    faults.OPENED.append(faults.Opened(path, checked.path))
    try:
        model = _open(path, format=".ifc", lazy=True, bypass_types=passed_over)
    except (ifcopenshell.Error, OSError, RuntimeError) as error:
        _compare(checked, None, files)
        raise faults.explain(error) or ModelError(f"The model cannot be parsed: {error}") from None
    _KEPT.append(model)
    numbers = model.entity_names()
    whole = len(numbers) == checked.instances - sum(checked.counts.values())
    if not whole or (numbers and not 0 < min(numbers) <= max(numbers) <= syntax.MAX_ID):
        _compare(checked, frozenset(numbers), files)
        ifcopenshell.get_log()  # it says the same again, in its own words
    return model


def _excerpt(checked: Checked, files: Files) -> tuple[Path, list[str]]:
    """Write what of a model is to be read, and return the path and the classes to pass over in it.

    The whole model where nothing is left out, or where its text cannot be cut.
    """
    names = {name.upper(): name for name in checked.counts}
    if names and checked.census:
        path = _scratch(files)
        with checked.path.open("rb") as stream, closing(mmap(stream.fileno(), 0, access=ACCESS_READ)) as data:
            start = syntax.read_header(data).data_start
            stub = excerpt.write(data, start, path, checked.census, names)
        if stub is not None:
            return path, [names[stub]]
        path.unlink()
    return checked.path, list(names.values())


def release(model: ifcopenshell.file) -> None:
    """Let a model go before the process ends: its owner answers for it that no instance is read any more."""
    _KEPT[:] = [kept for kept in _KEPT if kept is not model]


def is_object(kind: str) -> bool:
    """Say whether a class is one of objects, by the first schema that has it: in the next it is no other."""
    for schema in ("IFC4", "IFC2X3", "IFC4X3_ADD2"):
        try:
            return bool(
                ifcopenshell.schema_by_name(schema).declaration_by_name(kind)._is("IfcObjectDefinition")
            )
        except RuntimeError:
            continue
    return True


def _check_size(path: Path, files: Files) -> None:
    size = path.stat().st_size
    if size > files.max_input_bytes:
        raise TooLargeError(
            f"The model has {size} bytes; this operation reads {files.max_input_bytes} at the most"
        )


def _check_text(path: Path, data: mmap, files: Files, without: Sequence[str]) -> Checked:
    """Check a STEP file, and write a repaired copy where it needs one."""
    start = len(BOM) if data[: len(BOM)] == BOM else 0
    scan = syntax.scan(data, start=start, census=bool(without))
    classes = scan.census.classes if scan.census else {}
    name, schema = _schema(scan.header, data)
    begin, end = scan.header.schema_span
    rename = data[begin:end].upper() != schema.encode()
    if start or rename or not scan.ascii:
        path = _scratch(files)
        recoded = recode.rewrite(
            data, path, start=start, replace=(begin, end, schema.encode()) if rename else None
        )
        if recoded:
            files.warn(f"Strings with raw characters above ASCII, read as UTF-8 or Latin-1: {recoded}")
        if name != schema:
            files.warn(f"The schema {name} is read as {schema}")
    return Checked(
        path=path,
        schema=schema,
        instances=scan.instances,
        counts=_left_out(classes, without, schema),
        census=scan.census,
    )


def _left_out(classes: Mapping[str, int], without: Sequence[str], schema: str) -> dict[str, int]:
    """Return how many instances there are of some classes and their subtypes."""
    found: dict[str, int] = {}
    declarations = ifcopenshell.schema_by_name(schema)
    for name, count in classes.items():
        try:
            entity = declarations.declaration_by_name(name).as_entity()
        except RuntimeError:
            continue
        own, above = str(entity.name()) if entity else "", entity
        while above and own not in found:
            if above.name() in without:
                found[own] = count
            above = above.supertype()
    return found


def _schema(header: syntax.Header, data: mmap) -> tuple[str, str]:
    """Return the schema's name in the file and the one it is read by."""
    where = f"line {syntax.line(data, header.schema_span[0])}"
    if len(header.schemas) != 1:
        raise ModelError(f"FILE_SCHEMA names {len(header.schemas)} schemas; exactly one is read", where=where)
    name = header.schemas[0]
    if name not in SCHEMAS:
        raise ModelError(f"The schema {name[:40]!r} is not read; {SCHEMAS_READ}", where=where)
    return name, SCHEMAS[name]


def _compare(checked: Checked, read: frozenset[int] | None, files: Files) -> None:
    """Say which instances of the text the parser has not `read`; two of one number are refused."""
    seen: set[int] = set()
    missing: Counter[str] = Counter()
    first: dict[str, int] = {}
    left_out = {name.upper() for name in checked.counts}
    with checked.path.open("rb") as stream, closing(mmap(stream.fileno(), 0, access=ACCESS_READ)) as data:
        for offset, number, entity in syntax.instances(data, syntax.read_header(data)):
            if number in seen:
                syntax.fail(data, offset, f"there are two instances #{number}")
            if not number:
                syntax.fail(data, offset, f"#0 is no instance number; they go from 1 to {syntax.MAX_ID}")
            seen.add(number)
            if read is not None and number not in read and entity not in left_out:
                missing[entity] += 1
                first.setdefault(entity, syntax.line(data, offset))
    named = [
        f"{count} {entity} from line {first[entity]}" for entity, count in missing.most_common(MAX_NAMED)
    ]
    if missing:
        more = ", ..." if len(missing) > MAX_NAMED else ""
        files.warn(
            f"{missing.total()} of {checked.instances} instances were not read,"
            f" {checked.schema} has no such entity: {', '.join(named)}{more}"
        )


def _scratch(files: Files) -> Path:
    """Return a new empty file in the job's scratch."""
    with tempfile.NamedTemporaryFile(dir=files.scratch, suffix=".ifc", delete=False) as stream:
        return Path(stream.name)
