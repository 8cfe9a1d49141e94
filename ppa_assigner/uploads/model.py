"""The values: what is waited for, what was seen of it, and what that means.

Rule: immutable, no behaviour beyond naming; nothing here knows HTTP, threads or Launchpad's web service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..publications import BinaryPublication, SourceBuild, SourcePublication, TakenSpace
from ..words import Goal as Goal, SourceState as SourceState

OVER = frozenset({SourceState.FAILED, SourceState.REJECTED, SourceState.LOST})
"""States that waiting does not change."""


@dataclass(frozen=True, slots=True, order=True)
class NamedSource:
    """A source package by name and version."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody waits for: these `sources` (none: all that came since the lease began, at least one), for these
    architectures (none: those that each source has builds for), until they reach the goal.
    """

    goal: Goal = Goal.PUBLISHED
    sources: tuple[NamedSource, ...] = ()
    arches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overdue:
    """A source that did not appear in time.  `refusal` is why Launchpad refused it, where that can be proved; `space`
    how full the PPA is, where Launchpad says it.
    """

    refusal: str | None = None
    space: TakenSpace | None = None


ANY_SOURCE: NamedSource | None = None
"""Stands in `Observed.overdue` for the first source of those who named none."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of the uploads to a PPA since its lease began, at `at` by Launchpad's clock.

    `builds` by the number of the source's publication.  `indexed`: which of `binaries` the index that apt reads has,
    as (series, architecture, name, version).  `overdue`: what did not appear in time.
    """

    since: datetime
    at: datetime
    sources: tuple[SourcePublication, ...] = ()
    builds: Mapping[int, tuple[SourceBuild, ...]] = field(default_factory=dict)
    binaries: tuple[BinaryPublication, ...] = ()
    indexed: frozenset[tuple[str, str, str, str]] = frozenset()
    overdue: Mapping[NamedSource | None, Overdue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source: how far it is, and `why` it is no further."""

    name: str
    version: str
    series: str | None
    state: SourceState
    why: str
    builds: tuple[SourceBuild, ...] = ()
    binaries: tuple[BinaryPublication, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to `Wanted`.  `final`: waiting changes nothing any more, because the goal is reached or cannot be.

    `retry` has the addresses of builds that wait for what was published meanwhile: they are worth another try now.
    """

    goal: Goal
    reached: bool
    final: bool
    why: str
    sources: tuple[SourceReport, ...] = ()
    retry: tuple[str, ...] = ()
