"""The documents of PPAs and pools: what is known of them, and an operator's actions on them.

Rule: as in `leases`.
"""

from typing import Annotated, Any, NotRequired

from pydantic import Field

from ..record import State
from ..words import Condition
from .leases import EndingBy, Ends
from .terms import (
    NO_NUL,
    Labels,
    LeftBehind,
    PpaName,
    Seconds,
    SnapshotAddress,
    Text,
    Time,
    TypedDict,
    body,
    sent_as,
    shown,
)

_LEASE = "4c1f8f0e3a7d4b5f9e2c6d1a0b7c8e9f"
_PPA: dict[str, Any] = {
    "ppa": "~ci-pool/ubuntu/pool-001",
    "pool": "default",
    "state": "dirty",
    "condition": "ok",
    "owner": "ticket-123",
    "lease": _LEASE,
    "since": "2026-11-25T11:14:12Z",
    "touched": "2026-11-25T11:14:12Z",
    "until": None,
    "ends": None,
    "ends_by": None,
    "note": None,
    "tries": 0,
    "fault": None,
    "quarantined": None,
    "cleaning": {"step": "delete", "found": 40, "deleted": 12, "left": 28, "since": "2026-11-25T11:14:13Z"},
    "seen": "2026-11-25T11:14:20Z",
    "snapshot": {
        "at": "2026-11-25T11:14:12Z",
        "url": "https://snapshot.ppa.launchpadcontent.net/ci-pool/pool-001/ubuntu/20261125T111412Z",
    },
    "labels": {"size": "big", "lp/owner": "ci-pool", "lp/distribution": "ubuntu", "lp/private": "false"},
}
_COUNTS: dict[str, Any] = {
    "state": {"free": 3, "used": 16, "dirty": 1},
    "condition": {c.value: 20 if c is Condition.OK else 0 for c in Condition},
}


@body({"lease": _LEASE})
class ReleaseRequest(TypedDict):
    """The lease to end."""

    lease: Text


HoldRequest = TypedDict("HoldRequest", {"lease": Text, "for": Seconds})
HoldRequest.__doc__ = "The lease to keep, and how many seconds longer."
body({"lease": _LEASE, "for": 86400})(HoldRequest)


@body({"reason": "kept for the investigation of #42"})
class QuarantineRequest(TypedDict):
    """The reason for a quarantine; everybody can read it."""

    reason: Annotated[str, Field(min_length=1, max_length=1024, json_schema_extra=NO_NUL)]


@body({"reason": "its signing key was replaced", "delete": False})
class DiscardRequest(TypedDict):
    """Why a PPA is not lent again, which everybody can read; and whether Launchpad is to delete it then, for good."""

    reason: NotRequired[Annotated[str, Field(min_length=1, max_length=1024, json_schema_extra=NO_NUL)]]
    delete: NotRequired[bool]


@body()
class EmptyBody(TypedDict):
    """A body without members; it may be absent."""


class Cleaning(TypedDict):
    """How far a clean is."""

    step: str
    found: int
    deleted: int
    left: int
    since: Time


@shown(_PPA)
class Ppa(TypedDict):
    """What is known of a PPA."""

    ppa: PpaName
    pool: str
    state: Annotated[str | None, sent_as(State | None), Field(description="null without a readable record")]
    condition: Annotated[str, sent_as(Condition)]
    owner: str | None
    lease: str | None
    since: Time | None
    touched: Time | None
    until: Time | None
    ends: Ends
    ends_by: EndingBy
    note: str | None
    tries: int | None
    fault: str | None
    quarantined: str | None
    cleaning: Cleaning | None
    seen: Annotated[Time | None, Field(description="when Launchpad last showed it")]
    snapshot: LeftBehind
    labels: Labels


class PpaList(TypedDict):
    """A list of PPAs."""

    items: list[Ppa]


@shown(_COUNTS)
class Counts(TypedDict):
    """How many PPAs are in each state and condition."""

    state: dict[str, int]
    condition: dict[str, int]


class Pool(TypedDict):
    """A pool in numbers."""

    pool: str
    counts: Counts
    waiting: Annotated[int, Field(description="length of the line")]
    oldest_wait: Annotated[float | None, Field(description="seconds; null while nobody waits")]
    labels: Annotated[dict[str, str], Field(description="that all its PPAs have, but for those that say otherwise")]


@shown({"items": [{"pool": "default", "counts": _COUNTS, "waiting": 0, "oldest_wait": None, "labels": {}}]})
class PoolList(TypedDict):
    """A list of all pools."""

    items: list[Pool]


class Publication(TypedDict):
    """A source or binary that is active."""

    name: str
    version: str
    where: str


class Build(TypedDict):
    """A build that is not finished."""

    title: str
    state: str


class Content(TypedDict):
    """What a clean would delete or cancel."""

    ppa: PpaName
    sources: list[Publication]
    binaries: list[Publication]
    builds: list[Build]
    uploads: list[str]
    seen: Time


class PastSource(TypedDict):
    """A source that a lease had."""

    name: str
    version: str
    series: str


class PastLease(TypedDict):
    """A lease that is over, as Launchpad remembers it."""

    lease: str
    owner: str
    since: Annotated[Time | None, Field(description="null where the daemon that ended it did not keep it")]
    until: Annotated[Time, Field(description="when the lease ended")]
    sources: list[PastSource]
    snapshot: Annotated[
        SnapshotAddress | None, Field(description="null where nothing was published, or nothing keeps it")
    ]


@shown(
    {
        "items": [
            {
                "lease": _LEASE,
                "owner": "ticket-123",
                "since": "2026-11-25T03:14:12Z",
                "until": "2026-11-25T11:14:12Z",
                "sources": [{"name": "hello", "version": "2.10-3", "series": "noble"}],
                "snapshot": _PPA["snapshot"],
            }
        ]
    }
)
class History(TypedDict):
    """The leases that a PPA had, the newest first."""

    items: list[PastLease]
