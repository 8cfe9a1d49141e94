"""The documents of leases: what is asked for, and what is told of it.

Rule: names and limits are what users' scripts rely on.  Each example is a document that could be sent.
"""

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired

from pydantic import Field

from ..access import HIGHEST_PRIORITY
from ..record import State
from ..words import EndsBy
from .terms import (
    FILES,
    NO_NUL,
    POOL,
    SOURCES,
    LeftBehind,
    PpaName,
    RequestId,
    Seconds,
    Selector,
    SourceName,
    SourceVersion,
    Text,
    Time,
    TypedDict,
    body,
    sent_as,
    shown,
)

Ends = Annotated[
    Time | None, Field(description="when the lease ends if nobody touches it, as this daemon knows; null when not used")
]
EndingBy = Annotated[
    str | None,
    sent_as(EndsBy | None),
    Field(description="what ends it then: its fixed end, or silence (`idle`)"),
]
MOST_WANTED = 64
"""PPAs of one request."""
_LEASE: dict[str, Any] = {
    "id": "4c1f8f0e3a7d4b5f9e2c6d1a0b7c8e9f",
    "request_id": "build-77",
    "attempt": 0,
    "ppa": "~ci-pool/ubuntu/pool-001",
    "dput": "ppa:ci-pool/ubuntu/pool-001",
    "web": "https://launchpad.net/~ci-pool/+archive/ubuntu/pool-001",
    "pool": "default",
    "owner": "ticket-123",
    "by": "jenkins",
    "state": "used",
    "since": "2026-11-25T03:14:12Z",
    "touched": "2026-11-25T03:20:00Z",
    "until": "2026-11-25T11:14:12Z",
    "ends": "2026-11-25T03:31:00Z",
    "ends_by": "idle",
    "idle": 600,
    "note": None,
    "uploader": "~ann",
    "snapshot": None,
    "group": None,
    "lead": None,
    "members": [],
}
_SOURCE: dict[str, Any] = {
    "name": "hello", "version": "2.10-3", "series": "noble",
    "files": [{"name": "hello_2.10.orig.tar.gz", "sha256": f"{0x2F2E3B:064x}"}],
}  # fmt: skip


@body()
class SourceFile(TypedDict):
    """A file of a source package, as its .changes and .dsc name it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9+.~_-]*$", max_length=256)]
    sha256: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{64}$")]


@body()
class Source(TypedDict):
    """A source package that is about to be uploaded."""

    name: SourceName
    version: SourceVersion
    series: NotRequired[
        Annotated[str | None, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9+.-]*$", max_length=256, examples=["noble"])]
    ]
    files: NotRequired[
        Annotated[
            Sequence[SourceFile],
            sent_as(list[SourceFile] | None),
            Field(max_length=FILES, description="what it consists of; at most 200 in all sources of a request"),
        ]
    ]


@body()
class Want(TypedDict):
    """So many PPAs of a pool, with labels that are selected."""

    pool: NotRequired[Annotated[str | None, sent_as(Text), Field(json_schema_extra={"default": POOL})]]
    select: NotRequired[Annotated[Selector | None, Field(description="only PPAs whose labels it selects")]]
    count: NotRequired[Annotated[int, Field(ge=1, le=MOST_WANTED, json_schema_extra={"default": 1})]]


class Owned(TypedDict):
    """Who asks for a PPA."""

    owner: NotRequired[
        Annotated[
            Text, Field(description="who holds the PPA; public; needed, unless the claims of a job's token say it")
        ]
    ]


class Wish(TypedDict, total=False):
    """What may be asked for besides the owner; what is absent, or None, is left to the daemon.

    Of the client, `attempt` is how often this `request_id` was asked for before, by other calls of `assign`: give both,
    or neither.  Each call asks the daemon many times, and the attempts that it counts itself are higher than all of
    earlier calls.
    """

    pool: Annotated[str | None, sent_as(Text), Field(json_schema_extra={"default": POOL})]
    request_id: RequestId | None
    attempt: Annotated[
        int,
        Field(ge=0, le=2**53, description="how often this request was sent before", json_schema_extra={"default": 0}),
    ]
    wait: Annotated[
        float,
        Field(
            ge=0,
            le=3600,
            allow_inf_nan=False,
            description="seconds to wait in line",
            json_schema_extra={"default": 0},
        ),
    ]
    ttl: Annotated[Seconds | None, Field(description="seconds that the lease lasts; absent: the pool's default")]
    idle: Annotated[
        Seconds | None,
        Field(
            description="the lease ends so many seconds, and a margin (a quarter, at most 60 s), after its last touch"
        ),
    ]
    note: Annotated[str | None, Field(max_length=1024, description="public", json_schema_extra=NO_NUL)]
    ppa: Annotated[str | None, Field(max_length=512, description="this very PPA: ~owner/ubuntu/name, ppa:…")]
    select: Annotated[Selector | None, Field(description="lent is only a PPA whose labels it selects")]
    want: Annotated[
        Sequence[Want] | None,
        sent_as(list[Want] | None),
        Field(
            min_length=1,
            max_length=MOST_WANTED,
            description="several PPAs, all or nothing, in place of `pool`, `select` and `ppa`; one of the first leads",
        ),
    ]
    sources: Annotated[
        Sequence[Source] | None,
        sent_as(list[Source] | None),
        Field(
            max_length=SOURCES,
            description="what will be uploaded: lent is only a PPA that never had any of these versions, deleted or not"
            "; with `files`, one that has no file of such a name with other content that Launchpad may still keep",
        ),
    ]
    priority: Annotated[
        int | None,
        Field(
            ge=0,
            le=HIGHEST_PRIORITY,
            description="who waits is served earlier for it; at most the client's `max_priority`",
            json_schema_extra={"default": 0},
        ),
    ]
    uploader: Annotated[str | None, Field(pattern=r"^~[a-z0-9][a-z0-9+.-]*$", max_length=256)]
    ticket: Annotated[
        str | None,
        Field(
            description="from an earlier answer: keeps the place; one that is not valid counts as none",
            json_schema_extra=NO_NUL,
        ),
    ]


@body(
    {"owner": "ticket-123", "request_id": "build-77", "attempt": 0, "wait": 600, "ttl": 28800},
    {"owner": "ticket-123", "request_id": "build-78", "sources": [_SOURCE]},
)
class AssignRequest(Owned, Wish):
    """A request for a PPA."""


@body({}, {"ttl": 3600})
class TouchRequest(TypedDict):
    """A sign of life of the lease's owner."""

    ttl: NotRequired[Annotated[Seconds | None, Field(description="the lease lasts that many seconds from now")]]


@shown(_LEASE)
class Lease(TypedDict):
    """One owner's time with one PPA."""

    id: str
    request_id: str | None
    attempt: int
    ppa: PpaName
    dput: Annotated[str, Field(description="the PPA as dput takes it")]
    web: str
    pool: str
    owner: str | None
    by: Annotated[str | None, Field(description="the configured client who made it")]
    state: Annotated[str, sent_as(State)]
    since: Time
    touched: Time
    until: Time | None
    ends: Ends
    ends_by: EndingBy
    idle: int | None
    note: str | None
    uploader: str | None
    snapshot: LeftBehind
    group: Annotated[str | None, Field(description="with which PPAs it is lent together, and ends together")]
    lead: Annotated[PpaName | None, Field(description="of a member: the PPA that decides for the group")]
    members: Annotated[list[PpaName], Field(description="of the lead: the other PPAs of the group")]


LeaseTokenText = Annotated[
    str,
    Field(description="a secret: good for touch, uploads and release of that lease or group, and for nothing else"),
]


@shown({**_LEASE, "token": "lease_eyJ….9Xk…"})
class AssignedLease(Lease):
    """A lease as the answer to an assign tells it."""

    token: NotRequired[LeaseTokenText]


@shown({"group": None, "request_id": "build-77", "attempt": 0, "leases": [_LEASE], "token": "lease_eyJ….9Xk…"})
class LeaseGroup(TypedDict):
    """What a request with `want` got."""

    group: Annotated[str | None, Field(description="null for one PPA")]
    request_id: str | None
    attempt: int
    leases: Annotated[list[Lease], Field(description="the lead first; touching or releasing any is the group's")]
    token: NotRequired[LeaseTokenText]


class LeaseList(TypedDict):
    """A list of leases in use."""

    items: list[Lease]
