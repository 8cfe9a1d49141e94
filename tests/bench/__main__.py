"""`python -m tests.bench [--json] [TABLE…]`: what things cost, beside what they cannot cost less than.

Rule: each table measures its figures and their floors side by side, in one run; which of them are targets, and which
were met, is printed with them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from importlib.metadata import version

from . import (
    cleaning,
    coordinator,
    growth,
    idle,
    latency,
    listing,
    scripts,
    start,
    throughput,
    waiting,
)
from .rows import Table, document, markdown
from .scale import FULL, Scale
from .site import Launchpad, stand_in

TABLES: dict[str, Callable[[Scale, Launchpad], Table]] = {
    "latency": latency.measure,
    "throughput": throughput.measure,
    "scripts": scripts.measure,
    "labgrid": coordinator.measure,
    "start": start.measure,
    "idle": idle.measure,
    "waiting": waiting.measure,
    "lists": listing.measure,
    "cleaning": cleaning.measure,
    "growth": growth.measure,
}
PACKAGES = ("urllib3", "uvicorn", "fastapi", "pydantic", "launchpadlib", "lazr.restful")


def main() -> int:
    """Measure, and print each table as soon as it is there; with `--json` all at the end."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What things cost, and their floors.")
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}; all if none is given")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args()
    if unknown := set(options.tables) - set(TABLES):
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    if not options.json:
        _print(" · ".join(f"{name} {value}" for name, value in header().items()) + "\n")
    measured = []
    with stand_in() as launchpad:
        for name in options.tables or TABLES:
            measured.append(TABLES[name](FULL, launchpad))
            if not options.json:
                _print(markdown(measured[-1]))
    if options.json:
        _print(json.dumps(document(header(), measured), indent=1))
    return 0


def header() -> dict[str, str]:
    """When and where this was measured."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "cores": str(os.cpu_count()),
        "delay": f"{FULL.delay * 1000:g} ms",
    }


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what was asked for


if __name__ == "__main__":
    sys.exit(main())
