"""The command line: `ifcpipe`, or `python -m functions`."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn


class Interrupt(KeyboardInterrupt):
    """Ctrl-C.

    Under `python -m` CPython forgets the exit code of a program that has caught a plain KeyboardInterrupt
    raised below `exec` of a text, where dataclasses are made for one, and ends by the signal instead.
    """


def _interrupt(_number: int, _frame: object) -> NoReturn:
    """Raise what the commands catch."""
    raise Interrupt


def _terminate(number: int, _frame: object) -> NoReturn:
    """End like an interrupt does, so that whatever was started is ended too."""
    sys.exit(128 + number)


def main() -> None:
    """Run the command line."""
    from functions.cli.app import app  # noqa: PLC0415 - a signal must not meet a half-imported program

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # `nohup` and shells' & ignore it
        signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _terminate)
    app(prog_name="ifcpipe")


if __name__ == "__main__":
    main()
