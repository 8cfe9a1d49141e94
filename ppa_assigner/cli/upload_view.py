"""How `wait` shows what becomes of uploads: a table that is drawn anew on a terminal, lines in a pipe, or the document.

Rule: the address of a log is printed whole, on a line of its own that stays.  Under GitHub Actions what failed is said
in lines that it marks as errors.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from . import output
from .rows import Column, Give, lines, shortened

if TYPE_CHECKING:
    from ..client import Uploads

_REWRITE = "\x1b[{}F\x1b[J"
_FAILED = ("failed", "rejected", "lost")


class UploadView(Protocol):
    """Shows reports as they come, and the last one."""

    def changed(self, report: Uploads) -> None:
        """There is something new."""

    def ended(self, report: Uploads) -> int:
        """There will be nothing new; gives the exit code."""


def view_for(json: bool) -> UploadView:
    """How this command shows it."""
    if json:
        return DocumentView()
    return TableView() if sys.stdout is not None and sys.stdout.isatty() else LinesView()


class DocumentView:
    """Prints the last report as JSON."""

    def changed(self, report: Uploads) -> None:
        """Nothing is printed before the end."""

    def ended(self, report: Uploads) -> int:
        """Print the report."""
        output.document(report)
        return _verdict(report, sys.stderr)


class LinesView:
    """Prints a line for each source and each build that is further than before."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def changed(self, report: Uploads) -> None:
        """Print what is new."""
        for what, how in _facts(report):
            if self._told.get(what) != how:
                self._told[what] = how
                output.line(output.escaped(f"{what}: {how}"))

    def ended(self, report: Uploads) -> int:
        """Say what the end is."""
        return _verdict(report, sys.stdout)


class TableView:
    """Draws a row for each build, anew at each change; above it stay the lines of what failed."""

    def __init__(self) -> None:
        self._drawn = 0
        self._told: set[str] = set()

    def changed(self, report: Uploads) -> None:
        """Draw the table."""
        self._erase()
        for text in failures(report):
            if text not in self._told:
                self._told.add(text)
                output.line(output.escaped(text))
        size = shutil.get_terminal_size()
        rows = lines(_rows(report), _COLUMNS, datetime.now(UTC), size.columns - 1)
        room = max(1, size.lines - 3)
        shown = [*rows[:room], *([f"… and {len(rows) - room} more"] if len(rows) > room else [])]
        shown.append(shortened(output.escaped(report["why"]), size.columns - 1))
        for row in shown:
            output.line(row)
        self._drawn = len(shown)

    def ended(self, report: Uploads) -> int:
        """Leave the table as it is, and say what the end is."""
        return _verdict(report, sys.stdout)

    def _erase(self) -> None:
        if self._drawn:
            sys.stdout.write(_REWRITE.format(self._drawn))
            self._drawn = 0


def failures(report: Uploads) -> list[str]:
    """What failed, a line each: the builds with their logs, or the sources."""
    found: list[str] = []
    for source in report["sources"]:
        if source["state"] in _FAILED:
            found += _failed_builds(source) or [f"{_name(source)}: {source['state']}"]
    return found


def _failed_builds(source: Any) -> list[str]:
    from ..uploads.verdict import BUILDS, BuildStage

    over = (BuildStage.FAILED, BuildStage.WAITING)
    builds = [build for build in source["builds"] if BUILDS.get(build["state"]) in over]
    return [f"{_name(source)} {build['arch']}: {_build(build)}" for build in builds]


def _errors(report: Uploads) -> list[str]:
    """What a job is told as its errors: the builds that failed, and why where it is something else."""
    builds = [_failed_builds(source) for source in report["sources"] if source["state"] in _FAILED]
    found = [text for texts in builds for text in texts]
    return found if builds and all(builds) else [*found, report["why"]]


def _verdict(report: Uploads, stream: Any) -> int:
    if report["reached"]:
        return 0
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for text in _errors(report):
            print(f"::error::{_github(text)}", file=stream, flush=True)
    if not report["final"]:
        output.say(f"the time is up, and not yet {report['goal']}: {report['why']}")
        return os.EX_TEMPFAIL
    output.say(report["why"])
    return os.EX_DATAERR


def _github(text: str) -> str:
    """A text as a workflow command takes it."""
    return output.escaped(text).replace("%", "%25")


def _facts(report: Uploads) -> Iterator[tuple[str, str]]:
    for source in report["sources"]:
        yield _name(source), source["state"]
        for build in source["builds"]:
            yield f"{_name(source)} {build['arch']}", _build(build)


def _build(build: Any) -> str:
    """The state of a build; of one that is not going well also what it waits for and its log."""
    if build["state"] in _WELL:
        return str(build["state"])
    waits = f" (needs {build['waits_for']})" if build["waits_for"] else ""
    return f"{build['state']}{waits}" + (f": {build['log']}" if build["log"] else "")


_WELL = ("Needs building", "Currently building", "Gathering build output", "Uploading build", "Successfully built")


def _name(source: Any) -> str:
    return " ".join(part for part in (source["name"], source["version"], source["series"]) if part)


def _rows(report: Uploads) -> Iterator[dict[str, Any]]:
    for source in report["sources"]:
        rows: list[Any] = [*source["builds"]] or [{"arch": None, "state": None}]
        for build in rows:
            yield {"source": _name(source), "is": source["state"], **build}


_COLUMNS = (
    Column("SOURCE", lambda item, _: item["source"]),
    Column("IS", lambda item, _: item["is"]),
    Column("ARCH", lambda item, _: item["arch"]),
    Column("BUILD", lambda item, _: item["state"], Give.END),
)
