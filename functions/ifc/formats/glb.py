"""GLB: every element a node, streamed from the geometry to the disk."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import numpy as np

from functions.core import Files
from functions.ifc.formats.meshes import Meshes, Meshing
from functions.ifc.formats.source import Source, Statistics
from functions.ifc.gate import UNSHAPED
from functions.ifc.geometry.gltf import Scene

UNREAD = UNSHAPED


class Options(Meshing, Protocol):
    """What a GLB can be asked for."""

    @property
    def generate_uvs(self) -> bool:
        """Write texture coordinates."""

    @property
    def instanced(self) -> bool:
        """Let equal shapes share a mesh."""

    @property
    def compression(self) -> str:
        """Say how vertices are stored: `none` or `quantized`."""

    @property
    def center_model(self) -> bool:
        """Put the middle of the model at the origin."""

    @property
    def model_offset(self) -> tuple[float, float, float] | None:
        """Move the whole model."""


def write(options: Options, source: Source, target: Path, files: Files) -> Statistics:
    """Write the GLB and say what went into it."""
    with ExitStack() as stack:
        vertices, indices = (
            stack.enter_context((files.scratch / name).open("w+b")) for name in ("vertices", "indices")
        )
        scene = Scene(
            vertices,
            indices,
            normals=not options.no_normals,
            textured=options.generate_uvs,
            shared=options.instanced,
            quantised=options.compression == "quantized",
        )
        meshes = Meshes(options, source, files)
        for made in meshes:
            scene.add(made.mesh, made.placement, name=made.name, extras=made.extras)
        _move(scene, options)
        scene.save(target, name=source.name)
    return meshes.statistics | {
        "meshes": scene.meshes,
        "triangles": scene.triangles,
        "vertices": scene.points,
        "materials": scene.materials,
        "quantization_step": scene.step,
    }


def _move(scene: Scene, options: Options) -> None:
    """Move the whole scene as the options ask."""
    if options.center_model and scene.meshes:
        scene.centre()
    if options.model_offset:
        scene.offset = scene.offset + np.array(options.model_offset)
