"""The schemas of what is asked and told about uploads.

Rule: as in `schemas`: names and limits are what users' scripts rely on, and each example is a document that the daemon
could send.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from ..uploads.model import Goal, SourceState
from . import schemas

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


class UploadBuild(BaseModel):
    """A build of a source, in Launchpad's words."""

    arch: str
    state: Annotated[str, Field(examples=["Currently building"])]
    log: Annotated[str | None, Field(description="address of its log; null before there is one")]
    waits_for: Annotated[str | None, Field(description="what a dependency wait waits for")]


class UploadBinary(BaseModel):
    """A binary of a source, for one architecture; one for all architectures is there once for each."""

    name: str
    version: str
    arch: str
    status: Annotated[str, Field(description="Pending or Published")]


class UploadedSource(BaseModel):
    """A source, how far it is, and its builds and binaries for the wanted architectures."""

    name: str
    version: str
    series: Annotated[str | None, Field(description="null before it has appeared")]
    state: SourceState
    builds: list[UploadBuild]
    binaries: list[UploadBinary]


class Uploads(BaseModel):
    """What became of the uploads to a leased PPA."""

    model_config = schemas.shown(_UPLOADS)

    goal: Goal
    reached: bool
    final: Annotated[bool, Field(description="waiting changes nothing: the goal is reached, or can no longer be")]
    why: Annotated[str, Field(description="for people: what is missing, or what failed")]
    sources: list[UploadedSource]


class RetriedBuild(BaseModel):
    """A build that Launchpad was asked to try again."""

    name: str
    version: str
    arch: str


class RetriedBuildList(BaseModel):
    """The builds that are tried again; empty where none failed for a lost builder."""

    items: list[RetriedBuild]


class SourceVersion(schemas.RequestBody):
    """A source package."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]*$", max_length=256, examples=["hello"])]
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z+.:~-]*$", max_length=256, examples=["2.10-3"])]


class RetryRequest(schemas.RequestBody):
    """The sources whose builds are to be tried again; absent or empty: all since the lease began."""

    model_config = schemas.shown({}, {"sources": [{"name": "hello", "version": "2.10-3"}]})

    sources: Annotated[list[SourceVersion] | None, Field(max_length=schemas.SOURCES)] = None
