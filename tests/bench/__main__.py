"""`python -m tests.bench [--json | --record] [TABLE…]`: what things cost, beside what they cannot cost less than.

Rule: each table measures its figures and their floors side by side, in one run; which of them are targets, and which
were met, is printed with them, and on stderr how long each took.  Exit code 1: a table could not be measured; it says
why, and all others are there.  A target that is missed is a figure like any other, and no failure: 0.  `--record` makes
a whole run the one that the docs quote, if every table was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from . import (
    cleaning,
    coordinator,
    groups,
    growth,
    idle,
    latency,
    listing,
    record,
    scripts,
    start,
    throughput,
    uploads,
    waiting,
)
from .rows import Table, document, markdown
from .scale import FULL, Scale
from .site import Launchpad, stand_in

TABLES: dict[str, Callable[[Scale, Launchpad], Table]] = {
    "latency": latency.measure,
    "groups": groups.measure,
    "throughput": throughput.measure,
    "scripts": scripts.measure,
    "labgrid": coordinator.measure,
    "start": start.measure,
    "idle": idle.measure,
    "waiting": waiting.measure,
    "order": waiting.measure_order,
    "lists": listing.measure,
    "cleaning": cleaning.measure,
    "growth": growth.measure,
}
BY_NAME: dict[str, Callable[[Scale, Launchpad], Table]] = {"uploads": uploads.measure}
"""Measured only where it is asked for by name: the record of the whole run goes without it, for it mostly waits."""
PACKAGES = ("urllib3", "uvicorn", "httptools", "fastapi", "pydantic", "typer", "launchpadlib", "lazr.restful")
FILES = 65_536
FILES_NEEDED = 5_000
"""Each of thousands of clients that wait is an open file, of this process and of the daemon."""


def main() -> int:
    """Measure, and print each table as soon as it is there; with `--json` all at the end."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has bytecode
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What things cost, and their floors.")
    parser.add_argument(
        "tables",
        nargs="*",
        metavar="TABLE",
        help=f"of {', '.join(TABLES)}, which are all measured if none is given, and {', '.join(BY_NAME)}",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="for machines")
    forms.add_argument("--record", action="store_true", help=f"write {record.RECORD.name} and {record.PAGE} anew")
    options = parser.parse_args()
    if options.record and options.tables:
        parser.error("the record is of one whole run: name no tables")
    if unknown := set(options.tables) - set(TABLES) - set(BY_NAME):
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    allow_many_files()
    if not options.json:
        _print(" · ".join(f"{name} {value}" for name, value in header().items() if value) + "\n")
    measured = []
    with stand_in() as launchpad:
        for name in options.tables or TABLES:
            measured.append(attempt(name, (TABLES | BY_NAME)[name], FULL, launchpad))
            if not options.json:
                _print(markdown(measured[-1]))
    told, failed = document(header(), measured), any(table.failed for table in measured)
    if options.json:
        _print(json.dumps(told, indent=1))
    if options.record and not failed:
        record.write(told)
        _print(f"written; for a person to explain in {record.PAGE}: {', '.join(record.missed(told)) or 'nothing'}")
    return int(failed)


def attempt(name: str, measure: Callable[[Scale, Launchpad], Table], scale: Scale, launchpad: Launchpad) -> Table:
    """The table, or one that only says what failed: those that were measured before it are not lost."""
    begun = time.monotonic()
    try:
        return measure(scale, launchpad)
    except Exception as error:
        traceback.print_exc()
        return Table(name, [], failed=f"{type(error).__name__}: {error}")
    finally:
        print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)  # noqa: T201 - for who waits


def allow_many_files() -> None:
    """As many as the host lets this process have.  SystemExit with a line that says so, where those are too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if most < FILES_NEEDED:
        raise SystemExit(f"the bench needs {FILES_NEEDED:,} open files, and the hard limit is {hard:,} (`ulimit -Hn`)")
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def header() -> dict[str, str]:
    """When and where this was measured; empty: not there."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "labgrid": coordinator.version(),
        "cores": str(os.cpu_count()),
        "delay": f"{FULL.delay * 1000:g} ms",
    }


def _commit() -> str:
    here = Path(__file__).parent
    try:
        told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True)
    except OSError:
        return ""
    return told.stdout.strip()


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what was asked for


if __name__ == "__main__":
    sys.exit(main())
