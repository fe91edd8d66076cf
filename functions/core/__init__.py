"""The pure core: pydantic and the standard library, no AWS and no ifcopenshell."""

from functions.core.operation import (
    FargateSize,
    FileField,
    Files,
    LambdaSize,
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
