"""The command line: `ifcpipe`, or `python -m functions`."""

from __future__ import annotations

import signal
import sys


def _terminate(number: int, _frame: object) -> None:
    """End like an interrupt does, so that whatever was started is ended too."""
    sys.exit(128 + number)


def main() -> None:
    """Run the command line."""
    from functions.cli.app import app  # noqa: PLC0415 - a signal must not meet a half-imported program

    signal.signal(signal.SIGTERM, _terminate)
    app(prog_name="ifcpipe")


if __name__ == "__main__":
    main()
