"""The schemas of requests and responses: what is validated, and what the API's description shows.

Rule: names and limits are what users' scripts rely on.  What goes out is made in `serializers`, without these models; a
test holds both together.  Each example is a document that the daemon could send.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..record import State
from ..views import Condition, EndsBy

SOURCES = 50
"""The most sources that one request may name: each may cost a request to Launchpad for each PPA."""
FILES = 200
"""The most files that the sources of one request may name in all."""
LONGEST_S = 10 * 366 * 86400.0
"""More than any pool allows; a longer time could not be added to a date."""

RequestId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$", description="the client's own name for a request")]
Seconds = Annotated[float, Field(gt=0, le=LONGEST_S, allow_inf_nan=False)]
NO_NUL: dict[str, Any] = {"pattern": "^[^\\u0000]*$"}
"""For the document alone: `parsing` and `middleware` refuse it in their own words before anything else is looked at."""
Text = Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=NO_NUL)]
Time = Annotated[str, Field(description="RFC 3339, UTC, whole seconds", examples=["2026-11-25T03:14:12Z"])]
PpaName = Annotated[str, Field(description="~owner/ubuntu/name", examples=["~ci-pool/ubuntu/pool-001"])]

Ends = Annotated[
    Time | None, Field(description="when the lease ends if nobody touches it, as this daemon knows; null when not used")
]
EndingBy = Annotated[EndsBy | None, Field(description="what ends it then: its fixed end, or silence (`idle`)")]


class SnapshotAddress(BaseModel):
    """Where what a lease had stays readable."""

    at: Time
    url: str


LeftBehind = Annotated[
    SnapshotAddress | None,
    Field(description="of a lease that is over, while its PPA remembers it; null if nothing was published or kept"),
]


def shown(*examples: dict[str, Any]) -> ConfigDict:
    """The configuration of a model that shows these documents as its examples."""
    return ConfigDict(json_schema_extra={"examples": list(examples)})


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
}
_SOURCE: dict[str, Any] = {
    "name": "hello", "version": "2.10-3", "series": "noble",
    "files": [{"name": "hello_2.10.orig.tar.gz", "sha256": f"{0x2F2E3B:064x}"}],
}  # fmt: skip
_PPA: dict[str, Any] = {
    "ppa": "~ci-pool/ubuntu/pool-001",
    "pool": "default",
    "state": "dirty",
    "condition": "ok",
    "owner": "ticket-123",
    "lease": "4c1f8f0e3a7d4b5f9e2c6d1a0b7c8e9f",
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
}
_COUNTS: dict[str, Any] = {
    "state": {"free": 3, "used": 16, "dirty": 1},
    "condition": {c.value: 20 if c is Condition.OK else 0 for c in Condition},
}


class RequestBody(BaseModel):
    """A request's body: types are not converted, unknown members are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SourceFile(RequestBody):
    """A file of a source package, as its .changes and .dsc name it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9+.~_-]*$", max_length=256)]
    sha256: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{64}$")]


class Source(RequestBody):
    """A source package that is about to be uploaded."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]*$", max_length=256, examples=["hello"])]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z+.:~-]*$", max_length=256, examples=["2.10-3"])]
    series: Annotated[
        str | None, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9+.-]*$", max_length=256, examples=["noble"])
    ] = None
    files: Annotated[
        list[SourceFile] | None,
        Field(max_length=FILES, description="what it consists of; at most 200 in all sources of a request"),
    ] = None


class AssignRequest(RequestBody):
    """A request for a PPA."""

    model_config = shown(
        {"owner": "ticket-123", "request_id": "build-77", "attempt": 0, "wait": 600, "ttl": 28800},
        {"owner": "ticket-123", "request_id": "build-78", "sources": [_SOURCE]},
    )

    owner: Annotated[Text, Field(description="who holds the PPA; public")]
    pool: Text = "default"
    request_id: RequestId | None = None
    attempt: Annotated[int, Field(ge=0, le=2**53, description="how often this request was sent before")] = 0
    wait: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False, description="seconds to wait in line")] = 0
    ttl: Annotated[Seconds | None, Field(description="seconds that the lease lasts; absent: the pool's default")] = None
    idle: Annotated[
        Seconds | None,
        Field(
            description="the lease ends so many seconds, and a margin (a quarter, at most 60 s), after its last touch"
        ),
    ] = None
    note: Annotated[str | None, Field(max_length=1024, description="public", json_schema_extra=NO_NUL)] = None
    ppa: Annotated[str | None, Field(max_length=512, description="this very PPA: ~owner/ubuntu/name, ppa:…")] = None
    sources: Annotated[
        list[Source] | None,
        Field(
            max_length=SOURCES,
            description="what will be uploaded: lent is only a PPA that never had any of these versions, deleted or not"
            "; with `files`, one that has no file of such a name with other content that Launchpad may still keep",
        ),
    ] = None
    uploader: Annotated[str | None, Field(pattern=r"^~[a-z0-9][a-z0-9+.-]*$", max_length=256)] = None
    ticket: Annotated[
        str | None,
        Field(
            description="from an earlier answer: keeps the place; one that is not valid counts as none",
            json_schema_extra=NO_NUL,
        ),
    ] = None


class TouchRequest(RequestBody):
    """A sign of life of the lease's owner."""

    model_config = shown({}, {"ttl": 3600})

    ttl: Annotated[Seconds | None, Field(description="the lease lasts that many seconds from now")] = None


class ReleaseRequest(RequestBody):
    """The lease to end."""

    model_config = shown({"lease": _LEASE["id"]})

    lease: Text


class HoldRequest(RequestBody):
    """The lease to keep, and how many seconds longer."""

    model_config = shown({"lease": _LEASE["id"], "for": 86400})

    lease: Text
    seconds: Annotated[Seconds, Field(alias="for")]


class QuarantineRequest(RequestBody):
    """The reason for a quarantine; everybody can read it."""

    model_config = shown({"reason": "kept for the investigation of #42"})

    reason: Annotated[str, Field(min_length=1, max_length=1024, json_schema_extra=NO_NUL)]


class EmptyBody(RequestBody):
    """A body without members; it may be absent."""


class Lease(BaseModel):
    """One owner's time with one PPA."""

    model_config = shown(_LEASE)

    id: str
    request_id: str | None
    attempt: int
    ppa: PpaName
    dput: Annotated[str, Field(description="the PPA as dput takes it")]
    web: str
    pool: str
    owner: str | None
    by: Annotated[str | None, Field(description="the configured client who made it")]
    state: State
    since: Time
    touched: Time
    until: Time | None
    ends: Ends
    ends_by: EndingBy
    idle: int | None
    note: str | None
    uploader: str | None
    snapshot: LeftBehind


class LeaseList(BaseModel):
    """A list of leases in use."""

    items: list[Lease]


class Cleaning(BaseModel):
    """How far a clean is."""

    step: str
    found: int
    deleted: int
    left: int
    since: Time


class Ppa(BaseModel):
    """What is known of a PPA."""

    model_config = shown(_PPA)

    ppa: PpaName
    pool: str
    state: Annotated[State | None, Field(description="null without a readable record")]
    condition: Condition
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


class PpaList(BaseModel):
    """A list of PPAs."""

    items: list[Ppa]


class Counts(BaseModel):
    """How many PPAs are in each state and condition."""

    model_config = shown(_COUNTS)

    state: dict[str, int]
    condition: dict[str, int]


class Pool(BaseModel):
    """A pool in numbers."""

    pool: str
    counts: Counts
    waiting: Annotated[int, Field(description="length of the line")]
    oldest_wait: Annotated[float | None, Field(description="seconds; null while nobody waits")]


class PoolList(BaseModel):
    """A list of all pools."""

    model_config = shown({"items": [{"pool": "default", "counts": _COUNTS, "waiting": 0, "oldest_wait": None}]})

    items: list[Pool]


class Caller(BaseModel):
    """As whom the daemon knows who calls."""

    name: Annotated[str | None, Field(description="as the configuration names it; null where it names no clients")]
    role: Literal["client", "operator"]
    owners: Annotated[list[str], Field(description="patterns of owners whose leases it may end and touch too")]


class Event(BaseModel):
    """Something that happened to a PPA; numbers start from 1 with each start of the daemon."""

    number: int
    at: Time
    ppa: PpaName
    kind: Annotated[str, Field(examples=["transition", "cleaning", "failure", "condition", "upload", "alarm"])]
    data: dict[str, Any]


class Reset(BaseModel):
    """Events are missing here that are no longer known; the next one is `first`."""

    why: Literal["restarted", "forgotten"]
    first: int


class Liveness(BaseModel):
    """The daemon answers."""

    alive: Literal[True]


class LaunchpadStatus(BaseModel):
    """Whether Launchpad answers and takes the daemon's credentials."""

    ok: bool
    since: Annotated[Time, Field(description="since when that is so")]
    why: Annotated[str | None, Field(description="what is in the way, and what to do; null where nothing is")]


class Readiness(BaseModel):
    """Every PPA was looked at."""

    ready: Literal[True]
    launchpad: LaunchpadStatus


class Problem(BaseModel):
    """Problem details (RFC 9457); `type` ends in the kind."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    request_id: Annotated[str | None, Field(description="with every problem of an assign")] = None
    counts: Annotated[Counts | None, Field(description="with `none-free`")] = None
    position: Annotated[int | None, Field(description="with `none-free`: the place in the line, from 1")] = None
    next_until: Annotated[Time | None, Field(description="with `none-free`: the earliest `until` of a lease")] = None
    next_ends: Annotated[Time | None, Field(description="with `none-free`: the earliest `ends` of a lease")] = None
    sources: Annotated[list[Source] | None, Field(description="with `all-burnt`: as asked")] = None
    burnt: Annotated[
        dict[str, str] | None, Field(description="with `all-burnt`: which PPA had what: name and version, or a file")
    ] = None
    file: Annotated[str | None, Field(description="with `orig-differs`: the upstream tarball")] = None
    sha256: Annotated[str | None, Field(description="with `orig-differs`: of the right one")] = None
    url: Annotated[str | None, Field(description="with `orig-differs`: where the right one is")] = None
    unfinished: Annotated[
        list[dict[str, str]] | None, Field(description="with `unfinished`: each source, its state and why")
    ] = None
    launchpad: Annotated[LaunchpadStatus | None, Field(description="with a 503 of `/readyz`")] = None
    pending: Annotated[
        bool | None,
        Field(description="with the 503 of a release: it is carried out when Launchpad is back; a restart forgets it"),
    ] = None
    heard: Annotated[
        bool | None,
        Field(
            description="with the 503 of a touch that could not be written: it was heard, and silence counts from then"
        ),
    ] = None
    ticket: Annotated[str | None, Field(description="bring it back within 10 minutes to keep your place")] = None
