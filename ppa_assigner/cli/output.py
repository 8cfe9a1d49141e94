"""What people and scripts get to read.

Rule: stdout carries what was asked for and nothing else, stderr the rest; no text of others reaches a terminal with
its control characters; nothing is coloured, cut or wrapped in a pipe.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..client.errors import AssignerError
from ..times import roughly

if TYPE_CHECKING:
    from rich.table import Table

    from ..client import PPA, Event

_HEADS = ("PPA", "STATE", "CONDITION", "OWNER", "SINCE", "LEFT", "CLEANING", "REMARK")
STDERR = 2
_NOTHING = "-"


def escaped(text: object) -> str:
    """The text with what is not printable written as an escape: no owner or note may steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))


def say(message: str) -> None:
    """Print one line for people, on stderr."""
    print(f"ppa-assigner: {escaped(message)}", file=sys.stderr, flush=True)  # noqa: T201 - a command line speaks


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


def configuration_error(error: Exception | str) -> int:
    """The lines as they are, for editors and scripts that read FILE:LINE: there; in the journal they are errors."""
    from .. import journal, systemd

    mark = f"<{journal.priority(logging.ERROR)}>" if systemd.journalled(STDERR) else ""
    for line in str(error).splitlines():
        print(mark + line, file=sys.stderr, flush=True)  # noqa: T201 - for people
    return os.EX_CONFIG


# -- tables -------------------------------------------------------------------------------------------------------


def ppas(items: Iterable[PPA]) -> None:
    """Print a table of PPAs: boxed on a terminal, in a pipe aligned columns of whole texts."""
    if sys.stdout.isatty():
        for text in drawn(items):
            line(text)
    else:
        _aligned(_HEADS, _rows(items))


def drawn(items: Iterable[PPA]) -> list[str]:
    """The lines of the table as a terminal shows it."""
    from rich.console import Console

    console = Console()
    with console.capture() as captured:
        console.print(_boxed(_HEADS, _rows(items)))
    return captured.get().splitlines()


def _rows(items: Iterable[PPA]) -> list[tuple[str, ...]]:
    now = datetime.now(UTC)
    return [tuple(escaped(cell) for cell in _row(item, now)) for item in items]


def _row(item: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    cells = (
        item.get("ppa"),
        item.get("state"),
        _condition(item, now),
        item.get("owner"),
        item.get("since"),
        _left(item, now) if item.get("state") == "used" else None,
        _cleaning(item.get("cleaning")),
        _remark(item),
    )
    return tuple(str(cell) if cell not in (None, "") else _NOTHING for cell in cells)


def _condition(item: Mapping[str, Any], now: datetime) -> str | None:
    condition = item.get("condition")
    seen = _time(item.get("seen"))
    if condition == "unreachable" and seen is not None:
        return f"{condition}, seen {roughly((now - seen).total_seconds())} ago"
    return condition


def _left(item: Mapping[str, Any], now: datetime) -> str | None:
    """Until it ends if nobody touches it, by silence or not."""
    end = _time(item.get("ends") or item.get("until"))
    silence = ", unless touched" if item.get("ends_by") == "idle" else ""
    return None if end is None else roughly((end - now).total_seconds()) + silence


def _cleaning(cleaning: Mapping[str, Any] | None) -> str | None:
    if not cleaning:
        return None
    step, found = cleaning.get("step"), cleaning.get("found")
    return f"{step}, {cleaning.get('deleted')} of {found} deleted" if found else str(step)


def _remark(item: Mapping[str, Any]) -> str:
    tries = f"{item['tries']} tries failed: " if item.get("tries") else ""
    parts = (
        f"quarantined: {item['quarantined']}" if item.get("quarantined") else None,
        f"{tries}{item['fault']}" if item.get("fault") else None,
        item.get("note"),
    )
    return "; ".join(part for part in parts if part)


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _boxed(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


# -- contents and events ------------------------------------------------------------------------------------------


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


def event(value: Event) -> None:
    """Print an event on one line."""
    data = " ".join(f"{escaped(key)}={escaped(part)}" for key, part in (value.get("data") or {}).items())
    line("  ".join(escaped(cell) for cell in (value.get("at"), value.get("ppa"), value.get("kind"))) + "  " + data)
