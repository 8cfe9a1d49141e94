"""What `doctor` found, and how it is told.

Rule: a finding is one line that says what is the case and, unless all is well, what to do; the exit code is that of the
gravest.  Nothing here looks at anything.
"""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from .. import output

GRAVEST_FIRST = (os.EX_CONFIG, os.EX_NOPERM, os.EX_UNAVAILABLE)
"""What a person has to put right comes before what may pass by itself."""
_FEW = 5


class Grade(enum.Enum):
    """How bad a finding is."""

    GOOD = "good"
    NOTE = "note"
    WARNING = "warning"
    BAD = "bad"


_MARKS = {Grade.GOOD: "✓", Grade.NOTE: "·", Grade.WARNING: "!", Grade.BAD: "✗"}
_PLAIN = {Grade.GOOD: "+", Grade.NOTE: "-", Grade.WARNING: "!", Grade.BAD: "X"}


@dataclass(frozen=True, slots=True)
class Finding:
    """`check`: what was looked at; `todo`: what to do about it; `code`: the exit code that a bad one asks for."""

    check: str
    grade: Grade
    found: str
    todo: str | None = None
    code: int = 0


def good(check: str, found: str) -> Finding:
    """A finding that is as it should be."""
    return Finding(check, Grade.GOOD, found)


def note(check: str, found: str, todo: str | None = None) -> Finding:
    """A finding that is neither good nor bad."""
    return Finding(check, Grade.NOTE, found, todo)


def warning(check: str, found: str, todo: str) -> Finding:
    """A finding with which the daemon works, but a person may want to do something."""
    return Finding(check, Grade.WARNING, found, todo)


def bad(check: str, found: str, todo: str, code: int) -> Finding:
    """A finding with which the daemon cannot do its work, or not all of it."""
    return Finding(check, Grade.BAD, found, todo, code)


def few(names: Sequence[object]) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:_FEW])
    return shown if len(names) <= _FEW else f"{shown} and {len(names) - _FEW} more"


def exit_code(findings: Sequence[Finding]) -> int:
    """The exit code of the gravest finding; 0 when nothing is bad."""
    codes = {one.code for one in findings}
    return next((code for code in GRAVEST_FIRST if code in codes), 0)


def show(finding: Finding) -> None:
    """Print a finding on one line for people."""
    todo = f" -> {finding.todo}" if finding.todo else ""
    output.line(f"{_mark(finding.grade)} {finding.check:<13} {output.escaped(finding.found + todo)}")


def document(findings: Sequence[Finding]) -> dict[str, object]:
    """The findings as a document for programs."""
    checks = [{"check": o.check, "grade": o.grade.value, "found": o.found, "todo": o.todo} for o in findings]
    code = exit_code(findings)
    return {"ok": code == 0, "exit_code": code, "items": checks}


def _mark(grade: Grade) -> str:
    """A terminal that lacks one of the marks gets plain ones for all."""
    try:
        "".join(_MARKS.values()).encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return _PLAIN[grade]
    return _MARKS[grade]
