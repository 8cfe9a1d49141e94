"""What people do now: take a PPA by writing into its description with launchpadlib.

`python -m tests.bench.lpscript FOLDER SERVICE_ROOT PPA…`: one PPA is one script; several are one process with a
thread, and a Launchpad object of its own, for each.  Prints the seconds of each load and save.  No lock, no check that
it is empty, nothing that cleans it later.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from time import perf_counter
from typing import Any

from launchpadlib.credentials import Credentials
from launchpadlib.launchpad import Launchpad


def log_in(folder: Path, root: str) -> Any:
    """From credentials in a file and the description in the cache."""
    credentials = Credentials.load_from_path(str(folder / "launchpad.credentials"))
    return Launchpad(credentials, None, None, root, str(folder / "lp-cache"), 60, None, "devel")


def take(launchpad: Any, ppa: str) -> None:
    """Load, change, save: two requests."""
    owner, distribution, name = ppa.split("/")
    archive = launchpad.load(f"{owner}/+archive/{distribution}/{name}")
    archive.description = f"taken at {perf_counter()}"
    archive.lp_save()


def main() -> None:
    """Take them all."""
    folder, root, *ppas = sys.argv[1:]
    logged_in = threading.Barrier(len(ppas))
    times: list[float] = []

    def one(ppa: str) -> None:
        launchpad = log_in(Path(folder), root)
        logged_in.wait(120)
        start = perf_counter()
        take(launchpad, ppa)
        times.append(perf_counter() - start)

    threads = [threading.Thread(target=one, args=(ppa,)) for ppa in ppas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(*times)  # noqa: T201 - what was asked for


if __name__ == "__main__":
    main()
