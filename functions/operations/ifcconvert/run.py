"""Tessellate a model and stream it into a GLB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ifcopenshell
import numpy as np

from functions.core import Files
from functions.core.errors import InputError, ModelError
from functions.ifc.gate import check_model
from functions.ifc.geometry.engines import HYBRID, OPENCASCADE
from functions.ifc.geometry.gltf import Scene
from functions.ifc.geometry.stream import Geometry, is_free
from functions.ifc.geometry.texts import Texts
from functions.ifc.geometry.thin import COUNTED, open_thin
from functions.ifc.reader import Reader
from functions.ifc.spatial import Tree
from functions.operations.ifcconvert import ConvertRequest, ConvertResult

SETTINGS = (
    "disable_opening_subtractions",
    "layerset_first",
    "force_space_transparency",
    "mesher_linear_deflection",
    "mesher_angular_deflection",
    "circle_segments",
    "no_normals",
)
# Properties and quantities are often a third of a model, and say nothing about shapes.
UNREAD = (
    "IfcPropertySingleValue",
    "IfcPropertySet",
    "IfcRelDefinesByProperties",
    "IfcElementQuantity",
    "IfcQuantityLength",
    "IfcQuantityArea",
    "IfcQuantityVolume",
    "IfcRelConnectsPathElements",
    "IfcRelAssociatesClassification",
    "IfcRelSpaceBoundary",
)
NAMED_FAILURES = 20
REPORT_EVERY = 200


def run(request: ConvertRequest, files: Files) -> ConvertResult:
    """Write the GLB and say what went into it."""
    checked = check_model(files.input(request.input_filename), files, without=(*UNREAD, *COUNTED))
    settings, engines = _settings(request), _engines(request, robust=files.robust)
    texts = Texts(checked.path, checked.instances)
    reader, thin = open_thin(checked, texts, files, free=is_free(engines, settings))
    geometry = Geometry(
        reader, settings=settings, engines=engines, threads=request.threads, texts=texts, thin=thin
    )
    output = request.output_filename or f"{Path(request.input_filename).stem}.glb"
    target = files.output(output)
    with ExitStack() as stack:
        vertices, indices = (
            stack.enter_context((files.scratch / name).open("w+b")) for name in ("vertices", "indices")
        )
        scene = Scene(vertices, indices, normals=not request.no_normals)
        labels = Labels(request, reader)
        for shape in geometry.stream(choose(request, reader)):
            name, extras = labels.of(shape.element)
            scene.add(shape.mesh, shape.placement, name=name, extras=extras)
            if geometry.meshed % REPORT_EVERY == 0:
                files.progress("tessellate", geometry.meshed, geometry.elements)
        _judge(geometry, request, files)
        _move(scene, request)
        scene.save(target, name=_project(reader))
    files.progress("tessellate", geometry.elements, geometry.elements)
    return ConvertResult(
        message=f"{geometry.meshed} of {geometry.elements} elements",
        output=output,
        statistics={
            "elements": geometry.elements,
            "meshed": geometry.meshed,
            "shared": geometry.shared,
            "made": geometry.made,
            "confirmed": geometry.confirmed,
            "fell_back": geometry.fell_back,
            "failed": len(geometry.failed),
            "meshes": scene.meshes,
            "triangles": scene.triangles,
            "vertices": scene.points,
            "materials": scene.materials,
        },
    )


def choose(request: ConvertRequest, reader: Reader) -> Iterator[ifcopenshell.entity_instance]:
    """Yield the products to convert: those with a representation, openings left out."""
    included = _picked(request.include, request.include_type, "include", reader)
    excluded = _picked(request.exclude, request.exclude_type, "exclude", reader)
    for product in reader.all("IfcProduct"):
        if product.is_a("IfcFeatureElement") or reader.entity(product, "Representation") is None:
            continue
        if (not request.include or product.id() in included) and product.id() not in excluded:
            yield product


def _picked(names: tuple[str, ...], kind: str, field: str, reader: Reader) -> set[int]:
    """Return the ids that classes or GlobalIds stand for. A name that stands for nothing is refused."""
    if kind == "guids":
        wanted = set(names)
        found = {p.id(): reader.read(p, "GlobalId") for p in reader.all("IfcProduct") if wanted}
        missing = wanted - set(found.values())
        picked = {number for number, guid in found.items() if guid in wanted}
    else:
        missing = {name for name in names if not _is_class(name, reader.model)}
        picked = {product.id() for name in set(names) - missing for product in reader.all(name)}
    if missing:
        raise InputError(f"{field}: {min(missing)!r} is not in the model or its schema", field=field)
    return picked


def _is_class(name: str, model: ifcopenshell.file) -> bool:
    """Tell whether the model's schema has a class of that name."""
    try:
        model.by_type(name)
    except RuntimeError:
        return False
    return True


def _settings(request: ConvertRequest) -> dict[str, Any]:
    """Return the options that go to IfcOpenShell as they are."""
    values = {name: getattr(request, name) for name in SETTINGS}
    return {name.replace("_", "-"): value for name, value in values.items() if value not in (None, False)}


def _engines(request: ConvertRequest, *, robust: bool) -> tuple[str, ...]:
    """Return the engines in the order to try them."""
    if request.kernel == "auto":
        return (OPENCASCADE, HYBRID) if robust else (HYBRID, OPENCASCADE)
    return (request.kernel,)


@dataclass
class Labels:
    """What a node says about its element."""

    request: ConvertRequest
    reader: Reader

    def __post_init__(self) -> None:
        """Read the tree of the model once."""
        self.tree = Tree.of(self.reader)

    def of(self, element: ifcopenshell.entity_instance) -> tuple[str, dict[str, str]]:
        """Return the node's name and its extras."""
        storey = self.tree.storey(element)
        extras = {
            "GlobalId": self.reader.text(element, "GlobalId") or "",
            "class": element.is_a(),
            "name": self.reader.text(element, "Name") or "",
            "storey": (self.reader.text(storey, "Name") or "") if storey else "",
        }
        number = f"#{element.id()}"
        parts = [
            extras["class"] if self.request.use_element_types else "",
            extras["name"] if self.request.use_element_names else "",
            extras["GlobalId"] if self.request.use_element_guids else "",
            number if self.request.use_element_step_ids else "",
        ]
        return " ".join(part for part in parts if part) or number, extras


def _judge(geometry: Geometry, request: ConvertRequest, files: Files) -> None:
    """Say what failed. A result without any of the elements that have a shape is none."""
    failed = [f"#{number}: {reason}" for number, reason in sorted(geometry.failed.items())]
    if failed and (request.validate_ or not geometry.meshed):
        raise ModelError(f"{len(failed)} of {geometry.elements} elements have no shape; {failed[0]}")
    for line in failed[:NAMED_FAILURES]:
        files.warn(line)
    if len(failed) > NAMED_FAILURES:
        files.warn(f"{len(failed) - NAMED_FAILURES} more elements have no shape")
    if geometry.reader.unreadable:
        files.warn(f"{geometry.reader.unreadable} attributes could not be read")
    if not geometry.elements:
        files.warn("no element that was asked for has a shape: the scene is empty")


def _move(scene: Scene, request: ConvertRequest) -> None:
    """Move the whole scene as the request asks."""
    if request.center_model and scene.meshes:
        scene.centre()
    if request.model_offset:
        scene.offset = scene.offset + np.array(request.model_offset)


def _project(reader: Reader) -> str:
    """Return the project's name, for the root node."""
    projects = reader.all("IfcProject")
    return (reader.text(projects[0], "Name") if projects else None) or "model"
