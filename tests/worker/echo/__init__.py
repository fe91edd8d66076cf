"""Echo a file: an operation for tests that can also do whatever goes wrong."""

from typing import Annotated, Literal

from functions.core import FileField, LambdaSize, ModelFile, Operation, OutputName, Request
from functions.core.operation import MODEL_SUFFIXES


class EchoRequest(Request):
    """What to echo, and how it shall go."""

    filename: ModelFile
    other: Annotated[str | None, FileField(MODEL_SUFFIXES)] = None
    output_filename: OutputName = None
    behaviour: Literal[
        "echo",
        "wrong",
        "passing",
        "bug",
        "crash",
        "crash-once",
        "sleep",
        "silent",
        "progress",
        "chatty",
        "meet",
        "hungry",
        "last",
    ] = "echo"
    mark: str = ""


operation = Operation(
    package=__name__,
    request=EchoRequest,
    compute=LambdaSize(memory_mb=512, timeout_s=60),
    max_input_mb=1,
)
