"""The pure core: pydantic and the standard library, no AWS and no ifcopenshell."""

from functions.core.compute import FargateSize, LambdaSize
from functions.core.operation import (
    FileField,
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
    "Files",
    "LambdaSize",
    "ModelFile",
    "Operation",
    "OutputName",
    "Request",
    "Result",
]
