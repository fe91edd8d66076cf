"""Runs a command and prints the CPU seconds, wall seconds and peak bytes that it took, as JSON.

    python -m benchmarks.meter COMMAND [ARGUMENT...]

A process of its own, and a small one: Linux counts what a parent holds to the peak of a child.
"""

from __future__ import annotations

import json
import os
import sys
import time

KB = 1024


def main() -> None:
    """Run the command line; ends as the command does."""
    started = time.monotonic()
    child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
    _, status, usage = os.wait4(child, 0)
    took = {
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "wall_s": time.monotonic() - started,
        "peak": usage.ru_maxrss * KB,
    }
    print(json.dumps(took))
    sys.exit(os.waitstatus_to_exitcode(status) and 1)


if __name__ == "__main__":
    main()
