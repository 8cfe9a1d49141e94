"""The schemas of what is asked and told about archives: checks before an upload, copies and history after it.

Rule: as in `schemas`: names and limits are what users' scripts rely on, and each example is a document that the daemon
could send.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from ..uploads.promotion import CopyState
from . import schemas


class UploadCheckRequest(schemas.RequestBody):
    """The sources that somebody is about to upload."""

    model_config = schemas.shown({"sources": [{"name": "hello", "version": "2.10-3", "series": "noble"}]})

    sources: Annotated[list[schemas.Source], Field(min_length=1, max_length=schemas.SOURCES)]
    pool: Annotated[schemas.Text | None, Field(description="this pool's PPAs; absent: those of all pools")] = None


class OrigConflict(BaseModel):
    """An upstream tarball that differs from the one in the distribution's own archive."""

    file: str
    sha256: Annotated[str, Field(description="of the right one")]
    url: Annotated[str, Field(description="where the right one is")]


class SourceCheck(BaseModel):
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


class UploadCheck(BaseModel):
    """What would become of an upload."""

    model_config = schemas.shown(
        {
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
    )

    accepted: Annotated[bool, Field(description="whether a PPA takes all of it")]
    sources: list[SourceCheck]
    takes: Annotated[list[schemas.PpaName], Field(description="the PPAs that take all sources, lent or not")]
    unknown: Annotated[dict[str, str], Field(description="PPAs that could not be asked, and why")]


class AptSource(BaseModel):
    """What apt needs to read the PPA of a lease."""

    model_config = schemas.shown(
        {
            "ppa": "~ci-pool/ubuntu/pool-001",
            "private": False,
            "uri": "https://ppa.launchpadcontent.net/ci-pool/pool-001/ubuntu",
            "suites": ["noble"],
            "components": ["main"],
            "key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n…\n-----END PGP PUBLIC KEY BLOCK-----\n",
            "snapshot": None,
        }
    )

    ppa: schemas.PpaName
    private: Annotated[bool, Field(description="whether only subscribers can read it, each with a login of their own")]
    uri: str
    suites: list[str]
    components: list[str]
    key: Annotated[str | None, Field(description="the public key that signs it; null while Launchpad has made none")]
    snapshot: Annotated[
        schemas.SnapshotAddress | None,
        Field(description="where it stays readable as it is now; null: nothing keeps it"),
    ]


class PromotedSource(schemas.RequestBody):
    """A source of the lease."""

    name: Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=schemas.NO_NUL)]
    version: Annotated[str, Field(min_length=1, max_length=256, json_schema_extra=schemas.NO_NUL)]


SeriesName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]*$", max_length=256, examples=["noble"])]


class PromoteRequest(schemas.RequestBody):
    """Where packages of a lease are to be copied."""

    model_config = schemas.shown({"to": "ppa:acme/stable"})

    to: Annotated[str, Field(max_length=512, description="a PPA that `promote_to` allows: ~owner/ubuntu/name, ppa:…")]
    sources: Annotated[
        list[PromotedSource] | None,
        Field(max_length=schemas.SOURCES, description="of the lease; absent: all that came in it, at least one"),
    ] = None
    series: Annotated[
        Annotated[list[SeriesName], Field(max_length=20)] | SeriesName | None,
        Field(description="one or several; absent: the one that each source is in"),
    ] = None


class Copy(BaseModel):
    """A source on its way to another PPA."""

    name: str
    version: str
    series: Annotated[str, Field(description="to which it is copied")]
    state: CopyState
    why: str


class Promotion(BaseModel):
    """How far the copies are."""

    model_config = schemas.shown(
        {
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
    )

    state: CopyState
    copies: list[Copy]


class Publication(BaseModel):
    """A source or binary that is active."""

    name: str
    version: str
    where: str


class Build(BaseModel):
    """A build that is not finished."""

    title: str
    state: str


class Content(BaseModel):
    """What a clean would delete or cancel."""

    ppa: schemas.PpaName
    sources: list[Publication]
    binaries: list[Publication]
    builds: list[Build]
    uploads: list[str]
    seen: schemas.Time


class PastSource(BaseModel):
    """A source that a lease had."""

    name: str
    version: str
    series: str


class PastLease(BaseModel):
    """A lease that is over, as Launchpad remembers it."""

    lease: str
    owner: str
    since: Annotated[schemas.Time | None, Field(description="null where the daemon that ended it did not keep it")]
    until: Annotated[schemas.Time, Field(description="when the lease ended")]
    sources: list[PastSource]
    snapshot: Annotated[
        schemas.SnapshotAddress | None, Field(description="null where nothing was published, or nothing keeps it")
    ]


class History(BaseModel):
    """The leases that a PPA had, the newest first."""

    model_config = schemas.shown(
        {
            "items": [
                {
                    "lease": "4c1f8f0e3a7d4b5f9e2c6d1a0b7c8e9f",
                    "owner": "ticket-123",
                    "since": "2026-11-25T03:14:12Z",
                    "until": "2026-11-25T11:14:12Z",
                    "sources": [{"name": "hello", "version": "2.10-3", "series": "noble"}],
                    "snapshot": {
                        "at": "2026-11-25T11:14:12Z",
                        "url": "https://snapshot.ppa.launchpadcontent.net/ci-pool/pool-001/ubuntu/20261125T111412Z",
                    },
                }
            ]
        }
    )

    items: list[PastLease]
