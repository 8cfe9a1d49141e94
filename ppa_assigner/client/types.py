"""The documents of the HTTP API as types: what the daemon sends, passed on unchanged.

Rule: names and meanings are those of the API; times are RFC 3339 texts in UTC, durations seconds.  A newer daemon may
send more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict


class SnapshotAddress(TypedDict):
    """Where what a lease had stays readable: the PPA as it was `at` a time."""

    at: str
    url: str


class Lease(TypedDict):
    """One owner's time with one PPA.  `dput` is the PPA as dput takes it, `ppa` as Launchpad's API writes it; `ends` is
    when it ends if nobody touches it, as the daemon knows, and `ends_by` by what: `until` or `idle` (silence).
    """

    id: str
    request_id: str
    attempt: int
    ppa: str
    dput: str
    web: str
    pool: str
    owner: str
    by: str | None
    state: str
    since: str
    touched: str
    until: str
    ends: str | None
    ends_by: str | None
    idle: int | None
    note: str | None
    uploader: str | None
    snapshot: NotRequired[SnapshotAddress | None]


class Cleaning(TypedDict):
    """How far the cleaning of a PPA is."""

    step: str
    found: int
    deleted: int
    left: int
    since: str


class PPA(TypedDict):
    """What the daemon knows of a PPA; `seen` is when Launchpad last showed it; `ends` and `ends_by` as in Lease."""

    ppa: str
    pool: str
    state: str | None
    condition: str
    owner: str | None
    lease: str | None
    since: str | None
    touched: str | None
    until: str | None
    ends: str | None
    ends_by: str | None
    note: str | None
    tries: int | None
    fault: str | None
    quarantined: str | None
    cleaning: Cleaning | None
    seen: str | None
    snapshot: NotRequired[SnapshotAddress | None]


class Pool(TypedDict):
    """A pool in numbers; `oldest_wait` in seconds, None while nobody waits."""

    pool: str
    counts: dict[str, dict[str, int]]
    waiting: int
    oldest_wait: float | None


class Caller(TypedDict):
    """As whom the daemon knows a client.  `name` is None where it has no clients; then everybody is an operator."""

    name: str | None
    role: str
    owners: list[str]


class Event(TypedDict, total=False):
    """A transition of a PPA; numbers start from 1 with each start of the daemon.  Of the kind `reset` where events are
    missing: that one has `data` alone.
    """

    number: int
    at: str
    ppa: str
    kind: str
    data: dict[str, Any]


class SourceFile(TypedDict):
    """A file of a source package: its name, and the SHA-256 of its content in hexadecimal."""

    name: str
    sha256: str


class Source(TypedDict):
    """A source package that is about to be uploaded; with `files`, Launchpad's rules on file names count too.
    `changes.read_changes` gives all of it.
    """

    name: str
    version: str
    series: NotRequired[str]
    files: NotRequired[Sequence[SourceFile]]


class OrigConflict(TypedDict):
    """An upstream tarball that differs from the one of the distribution, which is at `url`."""

    file: str
    sha256: str
    url: str


class SourceCheck(TypedDict):
    """What is known of a source before its upload; `burnt`: which PPAs do not take it, and what they had."""

    name: str
    version: str
    series: str | None
    known: bool | None
    component: str | None
    orig: OrigConflict | None
    burnt: dict[str, str]


class UploadCheck(TypedDict):
    """What would become of an upload: `takes` are the PPAs that take all of it, `unknown` those not asked, and why."""

    accepted: bool
    sources: list[SourceCheck]
    takes: list[str]
    unknown: dict[str, str]


class UploadBuild(TypedDict):
    """A build of a source, in Launchpad's words."""

    arch: str
    state: str
    log: str | None
    waits_for: str | None


class UploadBinary(TypedDict):
    """A binary of a source, for one architecture; `status` is Pending or Published."""

    name: str
    version: str
    arch: str
    status: str


class UploadedSource(TypedDict):
    """A source and how far it is: `absent`, `accepted`, `building`, `built`, `published`, `installable`, `failed`,
    `rejected` or `lost`.
    """

    name: str
    version: str
    series: str | None
    state: str
    builds: list[UploadBuild]
    binaries: list[UploadBinary]


class Uploads(TypedDict):
    """What became of the uploads to a leased PPA.  `final`: the goal is reached, or never will be."""

    goal: str
    reached: bool
    final: bool
    why: str
    sources: list[UploadedSource]


class RetriedBuild(TypedDict):
    """A build that Launchpad was asked to try again."""

    name: str
    version: str
    arch: str


class Copy(TypedDict):
    """A source on its way to another PPA: `copying`, `published` or `failed`, and why it is no further."""

    name: str
    version: str
    series: str
    state: str
    why: str


class Promotion(TypedDict):
    """How far copies to another PPA are: `failed` if one is, `published` when all are, else `copying`."""

    state: str
    copies: list[Copy]


class AptSource(TypedDict):
    """What apt needs to read a PPA; `key`: the public key that signs it, None while Launchpad has made none;
    `snapshot`: where it stays readable as it is now, None where nothing keeps that.
    """

    ppa: str
    private: bool
    uri: str
    suites: list[str]
    components: list[str]
    key: str | None
    snapshot: SnapshotAddress | None


class PastSource(TypedDict):
    """A source that a lease had."""

    name: str
    version: str
    series: str


class PastLease(TypedDict):
    """A lease that is over, as Launchpad remembers it."""

    lease: str
    owner: str
    since: str | None
    until: str
    sources: list[PastSource]
    snapshot: SnapshotAddress | None


class Wish(TypedDict, total=False):
    """What may be asked for besides the owner; absent means the daemon's default.  `wait`, `ttl`, `idle` in seconds.

    `attempt` is how often this `request_id` was asked for before, by other calls of `assign`: give both, or neither.
    Each call asks the daemon many times, and the attempts that it counts itself are higher than all of earlier calls.
    """

    pool: str | None
    request_id: str | None
    attempt: int
    wait: float
    ttl: float | None
    idle: float | None
    note: str | None
    ppa: str | None
    sources: Sequence[Source]
    uploader: str | None
    ticket: str | None
