"""Who had a PPA, when, and what was in it: what the comments of its deletions say.

Rule: pure.  `comment` writes what `past_leases` reads.  Only leases that published something leave a trace, and what
they published is told by when it came (docs/explanation/launchpad.md#removal-comments).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .publications import PastSource
from .record import Record, RecordError, format_time, parse_time

WITHOUT = "emptied by ppa-assigner after its lease"
"""The comment where nobody is to be named, or nobody can be."""
_COMMENT = re.compile(r"ppa-assigner: lease (?P<lease>\S+) from (?P<since>\S+) to (?P<until>\S+) of (?P<owner>.*)")
_UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class PastLease:
    """A lease that is over.  `since` is None where a daemon that did not keep it wrote the record; `sources` as (name,
    version, series); `published` whether one of them was in the indexes.
    """

    lease: str
    owner: str
    since: datetime | None
    until: datetime
    sources: tuple[tuple[str, str, str], ...]
    published: bool


def comment(record: Record | None, *, named: bool) -> str:
    """The comment for a deletion after the lease in this dirty record, on one line; `named`: it may name the lease."""
    if record is None or record.lease is None or not named:
        return WITHOUT
    since = format_time(record.began) if record.began is not None else _UNKNOWN
    return f"ppa-assigner: lease {record.lease} from {since} to {format_time(record.since)} of {record.owner}"


def past_leases(sources: Iterable[PastSource]) -> tuple[PastLease, ...]:
    """The leases that these publications tell of, the newest first."""
    found = list(sources)
    told: dict[tuple[str, str, datetime | None, datetime], set[PastSource]] = {}
    for source in found:
        if (lease := _told(source.comment)) is not None:
            told.setdefault(lease, set()).add(source)
    for lease, theirs in told.items():
        theirs.update(source for source in found if source.comment is None and _within(source, lease[2], lease[3]))
    leases = [_past(*lease, theirs) for lease, theirs in told.items()]
    return tuple(sorted(leases, key=lambda one: one.until, reverse=True))


def _told(text: str | None) -> tuple[str, str, datetime | None, datetime] | None:
    if text is None or (match := _COMMENT.fullmatch(text)) is None:
        return None
    try:
        since = None if match["since"] == _UNKNOWN else parse_time(match["since"])
        return match["lease"], match["owner"], since, parse_time(match["until"])
    except RecordError:
        return None


def _within(source: PastSource, since: datetime | None, until: datetime) -> bool:
    """Whether it came while that lease lasted: a version that was superseded then is not deleted by us."""
    return not source.active and since is not None and since <= source.created <= until


def _past(lease: str, owner: str, since: datetime | None, until: datetime, sources: Iterable[PastSource]) -> PastLease:
    theirs = tuple(sorted({(one.name, one.version, one.series) for one in sources}))
    return PastLease(lease, owner, since, until, theirs, any(one.published for one in sources))
