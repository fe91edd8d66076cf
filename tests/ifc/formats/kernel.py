"""What OpenCASCADE reads out of a STEP or IGES file; run as a process: `ifcopenshell` has one of its own.

python -m tests.ifc.formats.kernel FILE
"""

from __future__ import annotations

import json
import sys
from typing import Any

from OCP.Bnd import Bnd_Box
from OCP.BRepBndLib import BRepBndLib
from OCP.BRepCheck import BRepCheck_Analyzer
from OCP.BRepGProp import BRepGProp
from OCP.GProp import GProp_GProps
from OCP.IFSelect import IFSelect_ReturnStatus
from OCP.IGESControl import IGESControl_Reader
from OCP.STEPControl import STEPControl_Reader
from OCP.TopAbs import TopAbs_ShapeEnum
from OCP.TopExp import TopExp_Explorer

MM = 1000.0  # of OpenCASCADE's own unit


def read(path: str) -> Any:
    """Return all shapes of a file as one."""
    reader = IGESControl_Reader() if path.endswith(".igs") else STEPControl_Reader()
    if reader.ReadFile(path) != IFSelect_ReturnStatus.IFSelect_RetDone:
        raise SystemExit("OpenCASCADE cannot read the file")
    reader.TransferRoots()
    return reader.OneShape()


def solids(shape: Any) -> list[Any]:
    """Return the solids, each as often as it occurs."""
    found, explorer = [], TopExp_Explorer(shape, TopAbs_ShapeEnum.TopAbs_SOLID)
    while explorer.More():
        found.append(explorer.Current())
        explorer.Next()
    return found


def describe(shape: Any) -> dict[str, Any]:
    """Return solids, box in metres, volume of the solids in cubic metres, and whether all is sound."""
    box, volume, bodies = Bnd_Box(), 0.0, solids(shape)
    BRepBndLib.AddOptimal_s(shape, box, False, False)
    for body in bodies:
        properties = GProp_GProps()
        BRepGProp.VolumeProperties_s(body, properties)
        volume += properties.Mass() / MM**3
    corners = [
        [getattr(corner, axis)() / MM for axis in "XYZ"] for corner in (box.CornerMin(), box.CornerMax())
    ]
    sound = all(BRepCheck_Analyzer(body).IsValid() for body in bodies)
    return {"solids": len(bodies), "box": corners, "volume": volume, "sound": sound}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(describe(read(sys.argv[1]))))
