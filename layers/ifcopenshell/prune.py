"""Make the packages fit a Lambda layer: `python prune.py FOLDER` removes what no operation in it can need.

A zip function and its layers may have 250 MB unpacked; the packages have more. What goes: boto3, which the
Lambda runtime brings along; the documentation tables of the EXPRESS schemas (their rules stay, for
ifcvalidate); the COLLADA writer with its libraries; the GPU library of the viewer; the web application of
ifctester; the packages' own tests.
`ifcopenshell_document_rdb.so` stays (opening a file needs it), and no library is stripped: that breaks
numpy's OpenBLAS.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

PRUNED = (
    "boto3",
    "botocore",
    "s3transfer",
    "bin",
    "ifcopenshell/express/*.csv",
    "ifcopenshell/mvd",
    "ifcopenshell/ifcopenshell_geometry_dae.so",
    "ifcopenshell/libGeneratedSaxParser.so",
    "ifcopenshell/libMathMLSolver.so",
    "ifcopenshell/libOpenCOLLADA*.so",
    "ifcopenshell/libUTF.so",
    "ifcopenshell/libbuffer.so",
    "ifcopenshell/libftoa.so",
    "ifcopenshell/libwgpu_native.so",
    "ifctester/webapp",
    "*/tests",
    "numpy/*/tests",
)


def prune(folder: Path) -> int:
    """Remove it all and return the bytes that are left. A pattern that fits nothing is a LookupError."""
    for pattern in PRUNED:
        found = list(folder.glob(pattern))
        if not found:
            raise LookupError(f"nothing to prune fits {pattern}: the packages have changed")
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.stdout.write(f"{prune(Path(sys.argv[1])) / 1e6:.0f} MB left\n")
