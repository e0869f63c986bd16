"""Run a command and write what it used to a file; started for every measured command.

The kernel counts the memory of the process that starts a command as the command's own (its copy before exec). From
this small process that is nothing; from the benchmark, with its libraries, it would hide what a small step needs.
"""

import json
import os
import sys
import time
from pathlib import Path


def main() -> int:
    """bench_launch.py FILE COMMAND...: exit as the command does."""
    path, *command = sys.argv[1:]
    start = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    facts = {"cpu_s": used.ru_utime + used.ru_stime, "wall_s": wall, "maxrss": used.ru_maxrss}
    Path(path).write_text(json.dumps(facts))
    return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    sys.exit(main())
