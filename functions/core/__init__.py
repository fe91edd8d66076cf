"""The pure core: pydantic and the standard library, no AWS and no ifcopenshell."""

from functions.core.compute import FargateSize, LambdaSize
from functions.core.operation import (
    FileField,
    FileName,
    Files,
    ModelFile,
    Operation,
    OutputName,
    Request,
    Result,
)

__all__ = [
    "FargateSize",
    "FileField",
    "FileName",
    "Files",
    "LambdaSize",
    "ModelFile",
    "Operation",
    "OutputName",
    "Request",
    "Result",
]
