"""The floor of a process: an interpreter that has imported what the daemon imports, and does nothing with it."""

from __future__ import annotations

import sys

from .processtable import Run, run

IMPORTS = "import queue, sys, threading, ppa_assigner.cli.app, ppa_assigner.cli.daemon"
WAITING = f"""\
{IMPORTS}
for _ in range(int(sys.argv[1])):
    threading.Thread(target=queue.SimpleQueue().get, daemon=True).start()
"""


def with_threads(count: int = 0) -> Run:
    """To its end, which comes as soon as so many threads wait, each for a queue of its own."""
    return run([sys.executable, "-c", WAITING, str(count)])
