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
from datetime import datetime
from typing import Any

from . import record_claims as claims, record_values as values, strict_json
from .record_claims import Deleter, GroupClaim, Rank
from .record_values import (
    INTEGER_MAX,
    LONGEST_LINE,
    YEARS,
    RecordError,
    check_bounds,
    format_time,
    parse_time,
    unstorable,
    whole_seconds,
)
from .reference import Reference

__all__ = [
    "INTEGER_MAX",
    "LONGEST_LINE",
    "YEARS",
    "Deleter",
    "GroupClaim",
    "Rank",
    "RecordError",
    "format_time",
    "parse_time",
    "unstorable",
    "whole_seconds",
]

PREFIX = "ppa-assigner:"
VERSION = 2
"""The latest version of a record; 1 is read and, where it can say all that is to be said, written.

A new state, or a field that changes what another daemon may do, needs a new version: a daemon leaves alone what has a
version that it does not know, but takes an unknown state under a version that it knows for a rollback, and writes over
it (docs/explanation/protocol.md#record-versions).  A field that others may ignore may stand in every version; a daemon
that does not know it drops it at its next write.
"""
HOST = "host"
MEMBERS_MAX = 100
"""So many members a group has at most, besides its lead: the record of the lead names them all."""
_LINE = re.compile(r"^ppa-assigner:(.*)$", re.MULTILINE)
_LONGEST_WORDS = 256  # characters of a text for people, where the line would be too long
_LINE_ROOM = 16 * 1024  # room for the fields that later states of a record have
_ESCAPED = 12  # bytes of one character at the most: two surrogates, each as `\ud83d`
_SHORT = 32 * 1024  # bytes of texts that leave that room for certain, whatever else stands in the line


class State(enum.Enum):
    """Who may use the PPA: anyone (free), its owner (used), nobody until it is proved clean (dirty), nobody ever again
    (discarded).

    A state that is added here needs a new VERSION.
    """

    FREE = "free"
    USED = "used"
    DIRTY = "dirty"
    DISCARDED = "discarded"

    __hash__ = object.__hash__  # Enum's own is Python code: counting a thousand of them would take a millisecond


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
    select: str | None = None  # by which labels the PPA was chosen
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
    leases: int = 0
    """How many leases the PPA had, as far as daemons counted them."""
    warned: datetime | None = None  # when the end of the lease was announced
    made: bool = False  # created by a daemon, and never free since
    claim: GroupClaim | None = None  # of a free PPA
    group: str | None = None  # of a lease of several PPAs
    lead: Reference | None = None  # of a member of the group
    members: tuple[Reference, ...] = ()  # of the lead: all others
    want: str | None = None  # of the lead: what tells what was asked for from anything else
    why: str | None = None  # of a PPA that is discarded, or will be at its next clean
    deleter: Deleter | None = None

    @property
    def version(self) -> int:
        """The lowest version that can say this."""
        match self.state:
            case State.FREE:
                return 2 if self.claim is not None else 1
            case State.DISCARDED:
                return 2
        return 2 if self.group is not None else 1


_COUNTS = {"leases"}
NOTHING_OF_A_LEASE: Mapping[str, Any] = {
    f.name: f.default for f in fields(Record) if f.default is not MISSING and f.name not in _COUNTS
}
"""What the record of a PPA that was just proved clean says of leases and cleans."""
_REMEMBERED = {
    "owner", "lease", "request", "attempt", "by", "uploader", "told", "published", "group", "lead", "members",
}  # fmt: skip
_OF_CLEANS = {"tries", "fault", "quarantined", "why"}
OVER_WITH_A_LEASE: Mapping[str, Any] = {
    name: value for name, value in NOTHING_OF_A_LEASE.items() if name not in _REMEMBERED | _OF_CLEANS
}
"""What a record says, once a lease is over, of all that a dirty PPA does not remember of it."""
_UNSAID: Mapping[State, set[str]] = {
    State.FREE: NOTHING_OF_A_LEASE.keys() - {"claim"},
    State.USED: {"claim", "deleter", "made"},
    State.DIRTY: {"claim", "deleter", "select", "warned", "want"},
    State.DISCARDED: NOTHING_OF_A_LEASE.keys() - {"by", "request", "why", "deleter"},
}
"""The fields that mean nothing in a state: they are not written, and not read."""


@dataclass(frozen=True, slots=True)
class Text:
    """A parsed description.  `fault` says why its record cannot be read; then `record` is None."""

    human: str | None
    record: Record | None = None
    fault: str | None = None
    foreign: bool = False  # the record is of a version that this program does not know


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
    said = _said(record)
    check_bounds(tuple(said.values()))
    if "group" in said or "lead" in said or "members" in said:
        _check_group(record)
    line = _line(record, said)
    if len(line) > LONGEST_LINE:
        line = _line(record, _said(_shortened(record)))
    if len(line) > LONGEST_LINE:
        raise RecordError(f"longer than {LONGEST_LINE} bytes")
    return line


def decode(text: str) -> Record:
    """The record in the JSON after the prefix.  Raises RecordError, which says what is wrong with it."""
    if len(PREFIX) + len(text.encode(errors="surrogatepass")) > LONGEST_LINE:
        raise RecordError(f"longer than {LONGEST_LINE} bytes")
    try:
        data = strict_json.loads(text, exact=True)
    except (RecursionError, ValueError) as error:
        raise RecordError(f"not strict JSON: {_cut(str(error))}") from None
    if not isinstance(data, dict):
        raise RecordError("not a JSON object")
    readers = _READERS_OF[_version_of(data)]
    if absent := [name for name in _REQUIRED if data.get(name) is None]:
        raise RecordError(f"without {', '.join(absent)}")
    said = values.fields(data, readers)
    for name in _UNSAID[said["state"]]:
        said.pop(name, None)
    return _checked(Record(**said))


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


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_WORDS else text[: _LONGEST_WORDS - 3] + "..."


def _version_of(data: Mapping[str, Any]) -> int:
    version = data.get("v")
    if type(version) is int and version in _READERS_OF:
        return version
    if version is not None:
        raise _ForeignVersionError(f"record version {_cut(repr(version))} is not known here")
    raise RecordError("no record version")


def _checked(record: Record) -> Record:
    if record.state is State.USED:
        missing = [n for n in ("owner", "lease", "request", "until") if getattr(record, n) is None]
        if missing:
            raise RecordError(f"used without {', '.join(missing)}")
    _check_group(record)
    if _longest(record) > _SHORT and len(_line(record, _said(_shortened(record)))) > LONGEST_LINE - _LINE_ROOM:
        raise RecordError("its texts are so long that none could be added")
    return record


def _check_group(record: Record) -> None:
    """Who is in a group knows its lead, or is the lead and knows all others."""
    leads, follows = bool(record.members), record.lead is not None
    if (record.group is not None) != (leads or follows) or (leads and follows):
        raise RecordError("group, and either lead or members: all of it or nothing")
    if len(record.members) > MEMBERS_MAX or len({*record.members}) < len(record.members):
        raise RecordError(f"members: more than {MEMBERS_MAX}, or one twice")


def _longest(record: Record) -> int:
    """An upper bound of the bytes of its texts, quicker to compute than the texts are to write."""
    said = (getattr(record, name) for name in _TEXTS)
    return _ESCAPED * sum(len(value if isinstance(value, str) else repr(value)) for value in said if value)


def _shortened(record: Record) -> Record:
    said: dict[str, str | None] = {name: getattr(record, name) for name in _WORDS}
    return replace(record, **{name: _cut(text) for name, text in said.items() if text})  # type: ignore[arg-type]


def _state(value: Any) -> State:
    try:
        return State(value)
    except ValueError:
        raise RecordError("not free, used, dirty or discarded") from None


def _state_1(value: Any) -> State:
    if value == State.DISCARDED.value:  # a daemon that knows version 1 alone takes it for damaged too
        raise RecordError("not free, used or dirty")
    return _state(value)


_READERS_1: dict[str, values.Reader] = {
    "serial": values.count, "nonce": values.text, "state": _state_1, "since": values.time, "touched": values.time,
    "until": values.time, "pool": values.text, "owner": values.text, "lease": values.text, "request": values.text,
    "attempt": values.count, "idle": values.seconds, "by": values.text, "note": values.text, "uploader": values.text,
    "select": values.text, "held": values.flag, "tries": values.count, "fault": values.text, "quarantined": values.text,
    "cleaner": values.text, "clock": values.text, "told": values.flag, "began": values.time, "published": values.flag,
    "leases": values.count, "warned": values.time, "made": values.flag, "why": values.text,
}  # fmt: skip
_READERS: dict[str, values.Reader] = {
    **_READERS_1, "state": _state, "claim": claims.claim, "group": values.text, "lead": claims.reference,
    "members": claims.references, "want": values.text, "deleter": claims.deleter,
}  # fmt: skip
_READERS_OF = {1: _READERS_1, VERSION: _READERS}
"""How each field is read, by the version of the record; what a version does not know is ignored."""
_REQUIRED = ("serial", "nonce", "state", "since", "touched", "pool")
_WORDS = ("note", "fault", "quarantined", "why")  # for people
_TEXTS = (*(name for name, reader in _READERS.items() if reader is values.text), "claim", "members", "deleter")


def _line(record: Record, said: Mapping[str, Any]) -> str:
    written = {name: _encoded(value) for name, value in said.items()}
    return f"{PREFIX} " + json.dumps({"v": record.version, **written}, separators=(",", ":"))


def _said(record: Record) -> dict[str, Any]:
    """The fields to write, in the order of `_READERS`, without those that say nothing."""
    found = {name: value for name in _MEANT[record.state] if (value := getattr(record, name)) is not None}
    for name, says in _SAYS.items():
        if name in found and not says(record):
            del found[name]
    return found


_MEANT = {state: tuple(name for name in _READERS if name not in _UNSAID[state]) for state in State}
_SAYS: Mapping[str, Callable[[Record], bool]] = {
    "attempt": lambda record: record.request is not None,
    "held": lambda record: record.state is State.USED,
    "tries": lambda record: record.tries != 0,
    "told": lambda record: record.state is State.DIRTY and not record.told,
    "began": lambda record: record.state is State.DIRTY,
    "published": lambda record: record.state is State.DIRTY and record.published,
    "leases": lambda record: record.leases != 0,
    "made": lambda record: record.made,
    "members": lambda record: bool(record.members),
}
"""Which of the fields that always have a value say anything."""


def _encoded(value: Any) -> Any:
    match value:
        case State():
            return value.value
        case datetime():
            return format_time(value)
        case Reference():
            return str(value)
        case GroupClaim() | Deleter():
            return {name: _encoded(one) for name, one in value._asdict().items()}
        case tuple():
            return [_encoded(one) for one in value]
    return value
