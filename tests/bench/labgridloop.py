"""Run by the Python that has labgrid: acquires and releases the place `one` so many times over one session.

Prints the median seconds of both.  Uses labgrid's own client; knows nothing of ours.
"""

import asyncio
import importlib
import os
import sys
from argparse import Namespace
from statistics import median
from time import perf_counter
from typing import Any

client: Any = importlib.import_module("labgrid.remote.client")


def main() -> None:
    """Acquire, release, again."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    args = Namespace(place="one", allow_unmatched=True, kick=False)
    session = client.start_session(os.environ["LG_COORDINATOR"], extra={"args": args}, loop=loop)
    times = []
    for _ in range(int(sys.argv[1])):
        start = perf_counter()
        loop.run_until_complete(session._acquire_place("one"))
        loop.run_until_complete(session._release_place("one"))
        times.append(perf_counter() - start)
    loop.run_until_complete(session.stop())
    loop.run_until_complete(session.close())
    sys.stdout.write(f"\n{median(times)}\n")


if __name__ == "__main__":
    main()
