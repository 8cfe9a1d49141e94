"""The record: the one ASCII line in a PPA's description that holds all that the assigner knows of it.

Rule: a text is read strictly and written so that people's own words survive byte for byte; what cannot be
understood is `unreadable`, never guessed at (docs/explanation/launchpad.md#description-field).  This module must
not know Launchpad, threads or the time.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from . import strict_json

PREFIX = "ppa-assigner:"
VERSION = 1
"""Of the record.  A new state, or a field that changes what another daemon may do, needs a new version: a daemon leaves
alone what has a version that it does not know, but takes an unknown state under a version that it knows for a rollback,
and writes over it (docs/explanation/protocol.md#record-versions).
"""
HOST = "host"
_LINE = re.compile(r"^ppa-assigner:(.*)$", re.MULTILINE)
LONGEST_LINE = 64 * 1024
YEARS = range(2004, 2201)
"""The years of times in records and of Launchpad's clock: a duration can be added to any of them."""
INTEGER_MAX = 2**53
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_SECONDS_MAX = 10**10
_LONGEST_WORDS = 256  # characters of a text for people, where the line would be too long
_LINE_ROOM = 16 * 1024  # room for the fields that later states of a record have
_ESCAPED = 12  # bytes of one character at the most: two surrogates, each as `\ud83d`
_SHORT = 32 * 1024  # bytes of texts that leave that room for certain, whatever else stands in the line
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class State(enum.Enum):
    """Who may use the PPA: anyone (free), its owner (used), nobody until it is proved clean (dirty).

    A state that is added here needs a new VERSION.
    """

    FREE = "free"
    USED = "used"
    DIRTY = "dirty"

    __hash__ = object.__hash__  # Enum's own is Python code: counting a thousand of them would take a millisecond


class RecordError(ValueError):
    """A text that is not a valid record, or a value that a record cannot hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the assigner wrote in a PPA.  Times: UTC by Launchpad's clock (but see `clock`), whole seconds; `idle` in
    seconds.
    """

    serial: int
    nonce: str
    state: State
    since: datetime
    touched: datetime
    pool: str
    until: datetime | None = None
    owner: str | None = None
    lease: str | None = None
    request: str | None = None
    attempt: int = 0
    idle: int | None = None
    by: str | None = None
    note: str | None = None
    uploader: str | None = None
    held: bool = False
    tries: int = 0
    fault: str | None = None
    quarantined: str | None = None
    cleaner: str | None = None
    clock: str | None = None
    """`HOST`: times in a used record were written while Launchpad's clock was not believed."""
    told: bool = True  # of a lease that is over: false when it was given up before anybody was told of it
    began: datetime | None = None  # when the lease began that is over
    published: bool = False  # whether something was published in it


NOTHING_OF_A_LEASE: Mapping[str, Any] = {f.name: f.default for f in fields(Record) if f.default is not MISSING}
"""What a free PPA's record says of leases and cleans."""
_REMEMBERED = {"owner", "lease", "request", "attempt", "by", "uploader", "told", "published"}
_OF_CLEANS = {"tries", "fault", "quarantined"}
OVER_WITH_A_LEASE: Mapping[str, Any] = {
    name: value for name, value in NOTHING_OF_A_LEASE.items() if name not in _REMEMBERED | _OF_CLEANS
}
"""What a record says, once a lease is over, of all that a dirty PPA does not remember of it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A parsed description.  `fault` says why its record cannot be read; then `record` is None."""

    human: str | None
    record: Record | None = None
    fault: str | None = None
    foreign: bool = False  # the record is of a version that this program does not know


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


def parse(description: str | None) -> Text:
    """Parse a description.  Never raises: why a record cannot be read is in `fault`."""
    if description is None or not (lines := list(_LINE.finditer(description))):
        return Text(description)
    human = _without(description, lines)
    if len(lines) > 1:
        return Text(human, fault=f"{len(lines)} record lines")
    try:
        return Text(human, decode(lines[0][1]))
    except _ForeignVersionError as error:
        return Text(human, fault=str(error), foreign=True)
    except RecordError as error:
        return Text(human, fault=str(error))


def compose(human: str | None, record: Record) -> str:
    """The description with this record below this text.  Raises RecordError for what cannot be stored."""
    if human is not None and (unstorable(human) or _LINE.search(human)):
        raise RecordError("the text holds NUL, a lone surrogate or a record line of its own")
    return encode(record) if human is None else f"{human}\n{encode(record)}"


def encode(record: Record) -> str:
    """The record as one ASCII line; where it would be too long, its texts for people are cut.  Raises RecordError for
    what Launchpad cannot store, and for what `decode` would not read.
    """
    _check_bounds(record)
    line = _line(record)
    if len(line) > LONGEST_LINE:
        line = _line(_shortened(record))
    if len(line) > LONGEST_LINE:
        raise RecordError(f"longer than {LONGEST_LINE} bytes")
    return line


def decode(text: str) -> Record:
    """The record in the JSON after the prefix.  Raises RecordError, which says what is wrong with it."""
    if len(PREFIX) + len(text.encode(errors="surrogatepass")) > LONGEST_LINE:
        raise RecordError(f"longer than {LONGEST_LINE} bytes")
    try:
        data = strict_json.loads(text, integer=_bounded)
    except (RecursionError, ValueError) as error:
        raise RecordError(f"not strict JSON: {_cut(str(error))}") from None
    if not isinstance(data, dict):
        raise RecordError("not a JSON object")
    _check_version(data)
    if absent := [name for name in _REQUIRED if data.get(name) is None]:
        raise RecordError(f"without {', '.join(absent)}")
    return _checked(_of_its_state(Record(**{n: _field(data, n) for n in _READERS if data.get(n) is not None})))


class _ForeignVersionError(RecordError):
    pass


def _without(description: str, lines: list[re.Match[str]]) -> str | None:
    """The human text: the record lines go, each with the one newline that was put before it."""
    rest: str | None = None
    end = 0
    for line in lines:
        before = description[end : line.start()]
        if end or line.start():
            rest = (rest or "") + before.removesuffix("\n")
        end = line.end()
    after = description[end:]
    if rest is None:
        return after[1:] if after else None
    return rest + after


def _bounded(digits: str) -> int:
    """Check the digits before they are converted: Python refuses thousands, and other programs more than sixteen."""
    if len(digits) > len(str(-INTEGER_MAX)) or abs(int(digits)) > INTEGER_MAX:
        raise ValueError("a number beyond 2^53")
    return int(digits)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_WORDS else text[: _LONGEST_WORDS - 3] + "..."


def _check_version(data: Mapping[str, Any]) -> None:
    version = data.get("v")
    if type(version) is int and version == VERSION:
        return
    if version is not None:
        raise _ForeignVersionError(f"record version {_cut(repr(version))} is not known here")
    raise RecordError("no record version")


def _of_its_state(record: Record) -> Record:
    """Without the fields of a lease or a clean where the PPA is free: they mean nothing there."""
    return replace(record, **NOTHING_OF_A_LEASE) if record.state is State.FREE else record


def _checked(record: Record) -> Record:
    if record.state is State.USED:
        missing = [n for n in ("owner", "lease", "request", "until") if getattr(record, n) is None]
        if missing:
            raise RecordError(f"used without {', '.join(missing)}")
    if _longest(record) > _SHORT and len(_line(_shortened(record))) > LONGEST_LINE - _LINE_ROOM:
        raise RecordError("its texts are so long that none could be added")
    return record


def _longest(record: Record) -> int:
    """An upper bound of the bytes of its texts, quicker to compute than the texts are to write."""
    return _ESCAPED * sum(len(text) for text in map(partial(getattr, record), _TEXTS) if text is not None)


def _shortened(record: Record) -> Record:
    note, fault, quarantined = (text and _cut(text) for text in (record.note, record.fault, record.quarantined))
    return replace(record, note=note, fault=fault, quarantined=quarantined)


def _check_bounds(record: Record) -> None:
    values = [getattr(record, name) for name in _READERS]
    if any(isinstance(value, str) and unstorable(value) for value in values):
        raise RecordError("NUL and lone surrogates cannot be kept on Launchpad")
    if any(isinstance(value, int) and not 0 <= value <= INTEGER_MAX for value in values):
        raise RecordError("a number below 0 or beyond 2^53")
    if any(isinstance(value, datetime) and value.year not in YEARS for value in values):
        raise RecordError(f"a time that is not in the years {YEARS.start} to {YEARS.stop - 1}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or unstorable(value):
        raise RecordError("not a text")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise RecordError("not a whole number from 0 on")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise RecordError("neither true nor false")
    return value


def _state(value: Any) -> State:
    try:
        return State(value)
    except ValueError:
        raise RecordError("not free, used or dirty") from None


def _time(value: Any) -> datetime:
    moment = parse_time(_text(value))
    if moment.year not in YEARS:
        raise RecordError(f"not in the years {YEARS.start} to {YEARS.stop - 1}")
    return moment


def _seconds(value: Any) -> int:
    if _count(value) > _SECONDS_MAX:
        raise RecordError("too long")
    return _count(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "serial": _count, "nonce": _text, "state": _state, "since": _time, "touched": _time, "until": _time,
    "pool": _text, "owner": _text, "lease": _text, "request": _text, "attempt": _count, "idle": _seconds,
    "by": _text, "note": _text, "uploader": _text, "held": _flag, "tries": _count, "fault": _text,
    "quarantined": _text, "cleaner": _text, "clock": _text, "told": _flag, "began": _time,
    "published": _flag,
}  # fmt: skip
_REQUIRED = ("serial", "nonce", "state", "since", "touched", "pool")


def _field(data: Mapping[str, Any], name: str) -> Any:
    try:
        return _READERS[name](data[name])
    except RecordError as error:
        raise RecordError(f"{name}: {error}") from None


_TEXTS = tuple(name for name, reader in _READERS.items() if reader is _text)


def _line(record: Record) -> str:
    said = {field: _encoded(value) for field, value in _present(record)}
    return f"{PREFIX} " + json.dumps({"v": VERSION, **said}, separators=(",", ":"))


def _present(record: Record) -> list[tuple[str, Any]]:
    """The fields to write, in the order of `_READERS`, without those that mean nothing in this state."""
    said = {
        "attempt": record.request is not None,
        "held": record.state is State.USED,
        "tries": record.tries > 0,
        "told": record.state is State.DIRTY and not record.told,
        "began": record.state is State.DIRTY,
        "published": record.state is State.DIRTY and record.published,
    }
    values = ((name, getattr(record, name)) for name in _READERS)
    return [(name, value) for name, value in values if value is not None and said.get(name, True)]


def _encoded(value: Any) -> Any:
    if isinstance(value, State):
        return value.value
    return format_time(value) if isinstance(value, datetime) else value
