"""How single values stand in a record: the forms that are read and written, and their bounds.

Rule: what is out of bounds is refused when it is read and when it is written, so a record that was written can be read.
This module must not know which fields a record has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

LONGEST_LINE = 64 * 1024
YEARS = range(2004, 2201)
"""The years of times in records and of Launchpad's clock: a duration can be added to any of them."""
INTEGER_MAX = 2**53
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_SECONDS_MAX = 10**10
Reader = Callable[[Any], Any]
"""Checks a value of a JSON document, and gives what a record has for it.  Raises RecordError."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class RecordError(ValueError):
    """A text that is not a valid record, or a value that a record cannot hold."""


def whole_seconds(moment: datetime) -> datetime:
    """The moment as a record keeps it: UTC, whole seconds, rounded down."""
    return moment.astimezone(UTC).replace(microsecond=0)


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def parse_time(text: str) -> datetime:
    """The moment that `format_time` wrote.  Raises RecordError for any other form."""
    if not _TIME.fullmatch(text):
        raise RecordError(f"{text!r} is not a time like 2026-11-25T03:14:12Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise RecordError(f"{text!r} is not a time: {error}") from None


def unstorable(text: str) -> bool:
    """Whether Launchpad answers 500 for this text (docs/explanation/launchpad.md#unstorable-texts)."""
    return _UNSTORABLE.search(text) is not None


def check_bounds(value: Any) -> None:
    """Raise RecordError for a value, or one inside of it, that would not be read again."""
    if isinstance(value, str):
        if unstorable(value):
            raise RecordError("NUL and lone surrogates cannot be kept on Launchpad")
    elif isinstance(value, int):
        if not 0 <= value <= INTEGER_MAX:
            raise RecordError("a number below 0 or beyond 2^53")
    elif isinstance(value, datetime):
        if value.year not in YEARS:
            raise RecordError(f"a time that is not in the years {YEARS.start} to {YEARS.stop - 1}")
    elif isinstance(value, tuple):
        for one in value:
            check_bounds(one)


def text(value: Any) -> str:
    """A text that Launchpad can store."""
    if not isinstance(value, str) or unstorable(value):
        raise RecordError("not a text")
    return value


def count(value: Any) -> int:
    """A whole number from 0 on."""
    if type(value) is not int or value < 0:
        raise RecordError("not a whole number from 0 on")
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise RecordError("neither true nor false")
    return value


def time(value: Any) -> datetime:
    """A moment, within the years that a record may name."""
    moment = parse_time(text(value))
    if moment.year not in YEARS:
        raise RecordError(f"not in the years {YEARS.start} to {YEARS.stop - 1}")
    return moment


def seconds(value: Any) -> int:
    """A duration."""
    if count(value) > _SECONDS_MAX:
        raise RecordError("too long")
    return count(value)


def fields(data: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The fields that are said, by name.  Raises RecordError, which names the one that cannot be read."""
    known = [name for name, value in data.items() if value is not None and name in readers]
    return {name: field(data, name, readers[name]) for name in known}


def field(data: Mapping[str, Any], name: str, reader: Reader) -> Any:
    """The field of this name.  Raises RecordError, which names it."""
    try:
        return reader(data[name])
    except RecordError as error:
        raise RecordError(f"{name}: {error}") from None
