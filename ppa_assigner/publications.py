"""What Launchpad shows of an upload: the publication of its source, its builds, and their binaries.

Rule: plain values as Launchpad gave them; what they mean is decided in `uploads`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

ACTIVE_STATUSES = ("Pending", "Published")
"""Statuses of a publication that is in the indexes, or will be."""
PUBLISHED = "Published"


@dataclass(frozen=True, slots=True)
class SourcePublication:
    """A source in a series of a PPA, whatever its status.  `number` is how Launchpad names it in lists of builds."""

    number: int
    name: str
    version: str
    series: str
    status: str
    created: datetime

    @property
    def is_published(self) -> bool:
        """Whether the publisher has put it into the indexes."""
        return self.status == PUBLISHED

    @property
    def active(self) -> bool:
        """Whether the source is in the indexes, or will be."""
        return self.status in ACTIVE_STATUSES


@dataclass(frozen=True, slots=True)
class PastSource:
    """A source that a PPA has or had.  `published`: the publisher has put it into the indexes at some time; `comment`:
    what whoever deleted it said of that.
    """

    name: str
    version: str
    series: str
    created: datetime
    active: bool = False
    published: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class SourceBuild:
    """A build of a source for an architecture.  `state` is Launchpad's text; `waits_for` what a dependency wait needs;
    `log` the address of its log, None before there is one.
    """

    url: str
    arch: str
    state: str
    log: str | None = None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class BinaryPublication:
    """A binary in a series of a PPA, for one architecture: one for all architectures is there once for each.  `build`
    is the address of the build that made it, None where Launchpad does not say so.
    """

    name: str
    version: str
    series: str
    arch: str
    source: str
    source_version: str
    status: str
    published: datetime | None = None
    build: str | None = None
    debug: bool = False

    @property
    def is_published(self) -> bool:
        """Whether the publisher has put it into the indexes."""
        return self.status == PUBLISHED


@dataclass(frozen=True, slots=True)
class TakenSpace:
    """What the files of a PPA take up, at the least, in bytes, and what they may, in MiB."""

    at_least: int
    limit: int


@dataclass(frozen=True, slots=True)
class SeriesIndexes:
    """The package indexes of a series as apt reads them: name and version of each package, by architecture.
    `validators` (by file) and `sums` (by architecture) tell at the next read what has changed since.
    """

    packages: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    validators: Mapping[str, str] = field(default_factory=dict)
    sums: Mapping[str, str] = field(default_factory=dict)
