"""The world of the stand-in: everything that there is, under one lock.

Every reader and writer holds `lock`; a request of the web service is applied under it as a whole, so it is atomic.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .archive import Archive
from .builders import Building
from .clock import Clock
from .door import Door
from .oauth import RequestTokens, Tokens
from .people import Distribution, DistroArchSeries, DistroSeries, Person, Processor, Team
from .publications import SourcePackagePublishingHistory

if TYPE_CHECKING:
    from .copies import CopyJob
    from .packages import SourcePackageRelease
    from .uploads import PackageUpload

KEPT = timedelta(days=7)  # how long the content of files is kept after they left the disk


@dataclass(frozen=True)
class Spec:
    """What exists from the start. The first series is the one in development, the first architecture builds what is
    architecture independent; `processors` are those that no architecture needs."""

    series: Sequence[str] = ("noble", "jammy", "questing")
    arches: Sequence[str] = ("amd64", "arm64")
    processors: Sequence[str] = ()
    distributions: Sequence[str] = ("ubuntu", "debian")


@dataclass
class World:
    """All people, archives and queues. Nothing in it is safe to touch without `lock`."""

    clock: Clock = field(default_factory=Clock)
    spec: Spec = field(default_factory=Spec)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self.people: dict[str, Person] = {}
        self.distributions: dict[str, Distribution] = {}
        self.tokens = Tokens()
        self.waiting = RequestTokens()
        self.copy_jobs: list[CopyJob] = []
        self.after_request: list[Callable[[], None]] = []
        self.building = Building()
        self.door = Door()
        names = [*map(processor_of, self.spec.arches), *self.spec.processors]
        self.processors = {name: Processor(name) for name in sorted(names)}
        for name in self.spec.distributions:
            self._add_distribution(name)

    def _add_distribution(self, name: str) -> None:
        distribution = self.distributions[name] = Distribution(self, name)
        keeper = self.make_person(f"{name}-archive")
        distribution.main_archive = Archive(self, keeper, distribution, "primary")
        for series in self.spec.series:
            self._add_series(distribution.add(series))

    def _add_series(self, series: DistroSeries) -> None:
        for tag in self.spec.arches:
            series.arches[tag] = DistroArchSeries(series, tag, self.processors[processor_of(tag)])
        series.nominatedarchindep = series.arches[self.spec.arches[0]]

    @property
    def ubuntu(self) -> Distribution:
        """The distribution that PPAs are for."""
        return self.distributions[self.spec.distributions[0]]

    def now(self) -> datetime:
        """The time by the stand-in's clock."""
        return self.clock.now()

    def number(self) -> int:
        """A number that was not used before."""
        return next(self._numbers)

    def archives(self) -> Iterator[Archive]:
        """All PPAs, deleted ones too."""
        for person in list(self.people.values()):
            yield from list(person.archives.values())

    def make_person(self, name: str, display_name: str | None = None) -> Person:
        """Make a person; returns the one of that name if it exists."""
        return self.people.setdefault(name, Person(self, name, display_name))

    def make_team(self, name: str, owner: Person, members: Sequence[Person] = ()) -> Team:
        """Make a team; its owner is a member."""
        team = Team(self, name)
        self.people[name], team.team_owner = team, owner
        for member in (owner, *members):
            team.join(member)
        return team

    def make_archive(
        self, owner: Person, distribution: Distribution, name: str, displayname: str | None, description: str | None
    ) -> Archive:
        """Make a PPA; whether it may be made is checked elsewhere."""
        archive = owner.archives[name] = Archive(self, owner, distribution, name)
        if displayname is not None:
            archive._displayname = displayname
        archive.describe(description)
        return archive

    def archive(self, reference: str) -> Archive:
        """A PPA by `~owner/distribution/name`; KeyError when there is none."""
        found = self.find(reference)
        if found is None:
            raise KeyError(f"no archive {reference}")
        return found

    def find(self, reference: str) -> Archive | None:
        """An archive by one of the forms of a reference that Launchpad takes."""
        if reference.startswith("ppa:"):
            reference = f"~{reference[4:]}"
        parts = reference.split("/")
        if reference.startswith("~") and len(parts) == 3:
            owner = self.people.get(parts[0][1:])
            return owner.find(parts[1], parts[2]) if owner else None
        distribution = self.distributions.get(parts[0])
        if distribution is None or parts[1:] not in ([], ["primary"]):
            return None
        archive: Archive = distribution.main_archive
        return archive

    def upload(self, number: str) -> PackageUpload | None:
        """The entry of the upload queue with that number, or None."""
        found = (u for archive in self.archives() for u in archive.uploads if str(u.id) == number)
        return next(found, None)

    def knows_source(self, name: str) -> bool:
        """Whether any archive ever had a source of that name."""
        return any(s.name == name for archive in self._all_archives() for s in archive.sources)

    def keeps(self, release: SourcePackageRelease) -> bool:
        """Whether the content of a source's files is still kept: until a while after the last copy left the disk."""
        since = self.now() - KEPT
        return any(
            isinstance(source, SourcePackagePublishingHistory)
            and source.release is release
            and (source._date_removed is None or source._date_removed > since)
            for archive in self._all_archives()
            for source in archive.sources
        )

    def _all_archives(self) -> Iterator[Archive]:
        yield from (distribution.main_archive for distribution in self.distributions.values())
        yield from self.archives()

    def finish_request(self) -> None:
        """Run what follows a request, as the database does after a change."""
        actions, self.after_request = self.after_request, []
        for action in actions:
            action()


def processor_of(tag: str) -> str:
    """The processor of an architecture has its name, but for the oldest one."""
    return {"i386": "386"}.get(tag, tag)
