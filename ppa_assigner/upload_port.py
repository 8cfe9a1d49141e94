"""What is asked of Launchpad about uploads: the port that `launchpad.uploads` implements, beside that of the workers.

Rule: as in `port`: absence and outage are different types.  Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from .port import ActAnswer, Unavailable
from .publications import BinaryPublication, SeriesIndexes, SourceBuild, SourcePublication, TakenSpace
from .reference import Reference


class UploadReports(Protocol):
    """What is asked about uploads, over connections of its own (`Lane.FOLLOW`).  As with `Launchpad`, every call ends
    by its deadline, sends each request once, and raises nothing for what Launchpad or the network does.
    """

    def sources(self, ppa: Reference, since: datetime) -> tuple[SourcePublication, ...] | Unavailable:
        """All sources of any status that were created since then: one request per 300."""

    def builds(self, ppa: Reference, numbers: Collection[int]) -> Mapping[int, tuple[SourceBuild, ...]] | Unavailable:
        """The builds of the sources with these numbers, of each only those that make its status
        (docs/explanation/launchpad.md#build-summaries): one request per 50.
        """

    def all_builds(self, ppa: Reference, number: int) -> tuple[SourceBuild, ...] | Unavailable:
        """All builds of the source with this number in this PPA: one request."""

    def binaries(self, ppa: Reference, since: datetime) -> tuple[BinaryPublication, ...] | Unavailable:
        """All active binaries that were created since then: one request per 300."""

    def indexes(
        self, ppa: Reference, series: str, arches: Collection[str], kept: SeriesIndexes
    ) -> SeriesIndexes | Unavailable:
        """The indexes of a public PPA for these architectures.  What has not changed since `kept` is not read again."""

    def refusal(
        self, ppa: Reference, source: str, version: str, since: datetime, uploader: str | None
    ) -> str | Unavailable | None:
        """Why Launchpad must have refused this upload, made since then, where that can be known; else None: at most
        three requests.
        """

    def taken_space(self, ppa: Reference) -> TakenSpace | Unavailable | None:
        """How full a PPA is; None: it has no limit, or none that is shown.  At most 63 requests."""

    def signing_key(self, ppa: Reference) -> str | Unavailable | None:
        """The public key that signs the indexes of a PPA, ASCII-armoured; None while there is none: one request."""

    def retry(self, build: str, not_after: float) -> ActAnswer:
        """Ask for the build at this address to be tried again: one POST.  `not_after` as for other acts."""
