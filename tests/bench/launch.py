"""Runs a command and tells what it took: `python -I -S launch.py COMMAND…` prints one JSON object.

Rule: it stays small and imports nothing of ours.  The kernel counts what the parent of a process has in memory as the
child's own, until the child is another program; so nobody large may be the parent of what is measured.
"""

import json
import os
import subprocess
import sys
from time import perf_counter


def main() -> None:
    """The seconds begin before it is started, and end when it is gone."""
    start = perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
    assert process.stdout is not None
    out = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    wall = perf_counter() - start
    cpu, mb = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    told = {"wall": wall, "cpu": cpu, "mb": mb, "out": out, "code": os.waitstatus_to_exitcode(status)}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
