"""The documents of uploads: checks before one, what became of it, and copies of it to other PPAs.

Rule: as in `leases`.
"""

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired

from pydantic import Field

from ..words import CopyState, Goal, SourceState
from .leases import Source
from .terms import (
    NO_NUL,
    SOURCES,
    PpaName,
    SnapshotAddress,
    SourceName,
    SourceVersion as Version,
    Text,
    TypedDict,
    body,
    sent_as,
    shown,
)

_UPLOADS: dict[str, Any] = {
    "goal": "published",
    "reached": False,
    "final": False,
    "why": "hello 2.10-3 is being built: arm64 (Currently building)",
    "sources": [
        {
            "name": "hello",
            "version": "2.10-3",
            "series": "noble",
            "state": "building",
            "builds": [
                {"arch": "amd64", "state": "Successfully built", "log": "https://launchpad.net/…/log.txt.gz",
                 "waits_for": None},
                {"arch": "arm64", "state": "Currently building", "log": None, "waits_for": None},
            ],
            "binaries": [],
        }
    ],
}  # fmt: skip
_CHECK: dict[str, Any] = {
    "accepted": True,
    "sources": [
        {
            "name": "hello",
            "version": "2.10-3",
            "series": "noble",
            "known": True,
            "component": "main",
            "orig": None,
            "burnt": {"~ci-pool/ubuntu/pool-001": "hello 2.10-3"},
        }
    ],
    "takes": ["~ci-pool/ubuntu/pool-002"],
    "unknown": {},
}
_APT_SOURCE: dict[str, Any] = {
    "ppa": "~ci-pool/ubuntu/pool-001",
    "private": False,
    "uri": "https://ppa.launchpadcontent.net/ci-pool/pool-001/ubuntu",
    "suites": ["noble"],
    "components": ["main"],
    "key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n…\n-----END PGP PUBLIC KEY BLOCK-----\n",
    "snapshot": None,
}
_PROMOTION: dict[str, Any] = {
    "state": "copying",
    "copies": [
        {
            "name": "hello",
            "version": "2.10-3",
            "series": "noble",
            "state": "copying",
            "why": "hello 2.10-3 in noble is to be published",
        }
    ],
}


@body({"sources": [{"name": "hello", "version": "2.10-3", "series": "noble"}]})
class UploadCheckRequest(TypedDict):
    """The sources that somebody is about to upload."""

    sources: Annotated[Sequence[Source], sent_as(list[Source]), Field(min_length=1, max_length=SOURCES)]
    pool: NotRequired[Annotated[Text | None, Field(description="this pool's PPAs; absent: those of all pools")]]


class OrigConflict(TypedDict):
    """An upstream tarball that differs from the one in the distribution's own archive."""

    file: str
    sha256: Annotated[str, Field(description="of the right one")]
    url: Annotated[str, Field(description="where the right one is")]


class SourceCheck(TypedDict):
    """What is known of a source before its upload."""

    name: str
    version: str
    series: str | None
    known: Annotated[bool | None, Field(description="whether `series` takes uploads; null where none was named")]
    component: Annotated[
        str | None, Field(description="that it has in that series of the distribution, if it is there")
    ]
    orig: Annotated[OrigConflict | None, Field(description="why no PPA takes it")]
    burnt: Annotated[dict[str, str], Field(description="which PPAs do not take it, and what they had")]


@shown(_CHECK)
class UploadCheck(TypedDict):
    """What would become of an upload."""

    accepted: Annotated[bool, Field(description="whether a PPA takes all of it")]
    sources: list[SourceCheck]
    takes: Annotated[list[PpaName], Field(description="the PPAs that take all sources, lent or not")]
    unknown: Annotated[dict[str, str], Field(description="PPAs that could not be asked, and why")]


class UploadBuild(TypedDict):
    """A build of a source, in Launchpad's words."""

    arch: str
    state: Annotated[str, Field(examples=["Currently building"])]
    log: Annotated[str | None, Field(description="address of its log; null before there is one")]
    waits_for: Annotated[str | None, Field(description="what a dependency wait waits for")]


class UploadBinary(TypedDict):
    """A binary of a source, for one architecture; one for all architectures is there once for each."""

    name: str
    version: str
    arch: str
    status: Annotated[str, Field(description="Pending or Published")]


class UploadedSource(TypedDict):
    """A source, how far it is, and its builds and binaries for the wanted architectures."""

    name: str
    version: str
    series: Annotated[str | None, Field(description="null before it has appeared")]
    state: Annotated[str, sent_as(SourceState)]
    builds: list[UploadBuild]
    binaries: list[UploadBinary]


@shown(_UPLOADS)
class Uploads(TypedDict):
    """What became of the uploads to a leased PPA."""

    goal: Annotated[str, sent_as(Goal)]
    reached: bool
    final: Annotated[bool, Field(description="waiting changes nothing: the goal is reached, or can no longer be")]
    why: Annotated[str, Field(description="for people: what is missing, or what failed")]
    sources: list[UploadedSource]


class RetriedBuild(TypedDict):
    """A build that Launchpad was asked to try again."""

    name: str
    version: str
    arch: str


class RetriedBuildList(TypedDict):
    """The builds that are tried again; empty where none failed for a lost builder."""

    items: list[RetriedBuild]


@body()
class SourceVersion(TypedDict):
    """A source package."""

    name: SourceName
    version: Version


@body({}, {"sources": [{"name": "hello", "version": "2.10-3"}]})
class RetryRequest(TypedDict):
    """The sources whose builds are to be tried again; absent or empty: all since the lease began."""

    sources: NotRequired[Annotated[list[SourceVersion] | None, Field(max_length=SOURCES)]]


@shown(_APT_SOURCE)
class AptSource(TypedDict):
    """What apt needs to read the PPA of a lease."""

    ppa: PpaName
    private: Annotated[bool, Field(description="whether only subscribers can read it, each with a login of their own")]
    uri: str
    suites: list[str]
    components: list[str]
    key: Annotated[str | None, Field(description="the public key that signs it; null while Launchpad has made none")]
    snapshot: Annotated[
        SnapshotAddress | None,
        Field(description="where it stays readable as it is now; null: nothing keeps it"),
    ]


@body()
class PromotedSource(TypedDict):
    """A source of the lease."""

    name: Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=NO_NUL)]
    version: Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=NO_NUL)]


SeriesName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]*$", max_length=256, examples=["noble"])]


@body({"to": "ppa:acme/stable"})
class PromoteRequest(TypedDict):
    """Where packages of a lease are to be copied."""

    to: Annotated[str, Field(max_length=512, description="a PPA that `promote_to` allows: ~owner/ubuntu/name, ppa:…")]
    sources: NotRequired[
        Annotated[
            list[PromotedSource] | None,
            Field(max_length=SOURCES, description="of the lease; absent: all that came in it, at least one"),
        ]
    ]
    series: NotRequired[
        Annotated[
            Annotated[list[SeriesName], Field(max_length=20)] | SeriesName | None,
            Field(description="one or several; absent: the one that each source is in"),
        ]
    ]


class Copy(TypedDict):
    """A source on its way to another PPA, and why it is no further."""

    name: str
    version: str
    series: Annotated[str, Field(description="to which it is copied")]
    state: Annotated[str, sent_as(CopyState)]
    why: str


@shown(_PROMOTION)
class Promotion(TypedDict):
    """How far the copies are: `failed` if one is, `published` when all are, else `copying`."""

    state: Annotated[str, sent_as(CopyState)]
    copies: list[Copy]
