"""What is asked of archives that are not lent: the distribution's own, and PPAs that packages are passed on to.

Rule: as in `port`: absence and outage are different types.  Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .port import ActAnswer, SourceFiles, Unavailable
from .publications import PastSource, SourcePublication
from .reference import Reference


class PrimaryArchives(Protocol):
    """What is asked of distributions and their primary archives.  As with `Launchpad`, every call ends by its deadline
    and raises nothing for what Launchpad or the network does.
    """

    def series(self, distribution: str) -> Mapping[str, bool] | Unavailable:
        """The names of the series, and whether each takes uploads; none where the service does not list them."""

    def component(self, distribution: str, source: str, series: str) -> str | Unavailable | None:
        """The component that a source has in a series of the primary archive; None: it is not there.  One request."""


class Copies(Protocol):
    """What is asked to pass packages on to another PPA, over `Lane.FOLLOW`.  As with `Launchpad`, every call ends by
    its deadline, sends each request once, and raises nothing for what Launchpad or the network does.
    """

    def published(self, ppa: Reference, source: str) -> tuple[SourcePublication, ...] | Unavailable:
        """The active publications of a source: at least two requests."""

    def files(self, ppa: Reference, number: int) -> SourceFiles | Unavailable:
        """The files of a source by the number of its publication: one request."""

    def copy(
        self, source: tuple[str, str], from_ppa: Reference, from_series: str, ppa: Reference, series: str,
        not_after: float,
    ) -> ActAnswer:  # fmt: skip
        """Ask for a source (name, version) to be copied with its binaries: one POST.  Done says nothing of its job.
        `not_after` as for other acts.
        """


class Histories(Protocol):
    """What is asked of the past of a PPA, as for `Copies`."""

    def past_sources(self, ppa: Reference) -> tuple[PastSource, ...] | Unavailable:
        """The latest publications of sources, the newest first, whatever became of them: a request per 300."""
