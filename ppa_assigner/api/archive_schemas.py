"""The schemas of what is asked and told about archives: checks before an upload.

Rule: as in `schemas`: names and limits are what users' scripts rely on, and each example is a document that the daemon
could send.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

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
