"""What people and scripts get to read.

Rule: stdout carries what was asked for and nothing else, stderr the rest; no text of others reaches a terminal with
its control characters; nothing is coloured, cut or wrapped in a pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from ..client.errors import AssignerError

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

STDERR = 2
_ENDLESS = 2**31 - 1  # no line of YAML is folded
_WIDTH, _HEIGHT = 80, 24  # of a terminal that does not tell its own
_DIGITS = 6


def escaped(text: object) -> str:
    """The text with what is not printable written as an escape: no owner or note may steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))


def say(message: str) -> None:
    """Print one line for people, on stderr."""
    print(f"ppa-assigner: {escaped(message)}", file=sys.stderr, flush=True)  # noqa: T201 - a command line speaks


def mask(secret: str | None) -> None:
    """Under GitHub Actions, have the log of the job show `***` in place of a secret from now on, whoever prints it."""
    if secret is not None and os.environ.get("GITHUB_ACTIONS") == "true":
        with contextlib.suppress(OSError):
            print(f"::add-mask::{secret}", file=sys.stderr, flush=True)  # noqa: T201 - the runner reads it there too


class OutputError(AssignerError):
    """The answer is here and cannot be told: stdout takes no more.  Its exit code is not one after which scripts ask
    again: nothing is wrong with the daemon, and asking again meets the same full disk.
    """


def line(text: str = "") -> None:
    """One line of what was asked for.  Raises BrokenPipeError when nobody reads, OutputError when it cannot be read."""
    if sys.stdout is None:  # Python's way to say that it was closed
        raise OutputError("could not write the answer: stdout is closed")
    try:
        print(text, flush=True)  # noqa: T201 - a command line speaks
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"could not write the answer: {error.strerror}") from error


def document(value: object) -> None:
    """Print a document as JSON."""
    line(json.dumps(value, indent=2))


def aligned(facts: Iterable[tuple[str, str | None]]) -> list[str]:
    """A line for each fact that is known: its name, and below each other what is known."""
    known = [(name, escaped(text)) for name, text in facts if text]
    width = max(len(name) for name, _ in known)
    return [f"{name.ljust(width)}  {text}" for name, text in known]


def structured(value: object, form: str) -> None:
    """Print a document as `json` or `yaml`; in ASCII both, so that no text of others steers a terminal."""
    if form == "json":
        document(value)
        return
    import yaml

    line(yaml.safe_dump(value, sort_keys=False, width=_ENDLESS).rstrip("\n"))


def configuration_error(error: Exception | str) -> int:
    """The lines as they are, for editors and scripts that read FILE:LINE: there; in the journal they are errors."""
    import logging

    from .. import journal, systemd

    mark = f"<{journal.priority(logging.ERROR)}>" if systemd.journalled(STDERR) else ""
    for line in str(error).splitlines():
        print(mark + line, file=sys.stderr, flush=True)  # noqa: T201 - for people
    return os.EX_CONFIG


# -- the terminal -------------------------------------------------------------------------------------------------


def terminal_width() -> int | None:
    """How many characters a line on stdout may have; None where it is not a terminal: as many as it takes."""
    return terminal_size()[0] if sys.stdout is not None and sys.stdout.isatty() else None


def terminal_size() -> tuple[int, int]:
    """The width and height of stdout's terminal, as $COLUMNS and $LINES or the terminal say."""
    try:
        told = os.get_terminal_size(sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):
        told = os.terminal_size((0, 0))
    return _number("COLUMNS") or told.columns or _WIDTH, _number("LINES") or told.lines or _HEIGHT


def _number(variable: str) -> int:
    text = os.environ.get(variable, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else 0


# -- contents ------------------------------------------------------------------------------------------------------


def content(value: Mapping[str, Any]) -> None:
    """Print what a clean would delete, a line each."""
    for name, entries in value.items():
        if isinstance(entries, list):
            line(f"{escaped(name)}: {len(entries)}")
            for entry in entries:
                line(f"  {_entry(entry)}")
        elif not isinstance(entries, dict):
            line(f"{escaped(name)}: {escaped(entries)}")


def _entry(entry: object) -> str:
    if isinstance(entry, dict):
        return " ".join(escaped(part) for part in entry.values() if part not in (None, "", False, True))
    return escaped(entry)
