"""Persons, teams and distributions: who owns PPAs, and the series that packages are for.

Nobody's rights are decided here except who may make a PPA.
"""

# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# (zope and lazr.restful ship no types)

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from .access import EDIT, WRITERS, Principal, current, current_person, require
from .enums import Pocket, SeriesStatus, UploadStatus, Visibility
from .errors import BadRequestError, GoneError, MissingError
from .interfaces import IDistribution, IDistroArchSeries, IDistroSeries, IPerson, IProcessor, ITeam
from .listing import Listing
from .urls import Located, Step

if TYPE_CHECKING:
    from .model import ArchiveLike, PackageUploadLike, WorldLike


@implementer(IProcessor)
class Processor(Located):
    """A kind of machine that packages are built for."""

    restricted = False
    build_by_default = supports_virtualized = supports_nonvirtualized = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = self.description = f"{name} processor"

    @property
    def path(self) -> str:
        """The address of the processor, below `+processors`."""
        return f"+processors/{self.name}"


@implementer(IDistroArchSeries)
class DistroArchSeries(Located):
    """A series for one architecture."""

    official = supports_virtualized = True

    def __init__(self, distroseries: DistroSeries, tag: str, processor: Processor) -> None:
        self.distroseries, self.architecture_tag, self.processor = distroseries, tag, processor
        self.display_name = f"{distroseries.distribution.title} {distroseries.displayname} {tag}"
        self.title = f"The {distroseries.displayname} series for {tag}"

    @property
    def path(self) -> str:
        """The address of the architecture, below its series."""
        return f"{self.distroseries.path}/{self.architecture_tag}"

    @property
    def is_nominated_arch_indep(self) -> bool:
        """Whether this one builds what is architecture independent."""
        return self.distroseries.nominatedarchindep is self


@implementer(IDistroSeries)
class DistroSeries(Located):
    """A series of a distribution."""

    active = supported = True

    def __init__(self, world: WorldLike, distribution: Distribution, name: str, status: SeriesStatus) -> None:
        self.world, self.distribution, self.name, self.status = world, distribution, name, status
        self.displayname, self.version = name.title(), name
        self.title = f"The {self.displayname} series"
        self.arches: dict[str, DistroArchSeries] = {}
        self.nominatedarchindep: DistroArchSeries | None = None

    @property
    def path(self) -> str:
        """The address of the series, below its distribution."""
        return f"{self.distribution.path}/{self.name}"

    @property
    def main_archive(self) -> Any:
        """The distribution's own archive."""
        return self.distribution.main_archive

    @property
    def architectures(self) -> Listing:
        """The architectures of the series, by tag."""
        return Listing([self.arches[tag] for tag in sorted(self.arches)])

    def get(self, request: Any, name: str) -> Any:
        """What is below the series: an architecture, or the upload queue."""
        return Step(self.world.upload) if name == "+upload" else self.arches.get(name)

    def getDistroArchSeries(self, archtag: str) -> DistroArchSeries:
        """The architecture of that tag; 404 when there is none."""
        if archtag not in self.arches:
            raise MissingError(f"No such architecture: '{archtag}'.")
        return self.arches[archtag]

    def getPackageUploads(
        self,
        created_since_date: datetime | None = None,
        status: UploadStatus | None = None,
        archive: ArchiveLike | None = None,
        pocket: Pocket | None = None,
        name: str | None = None,
        version: str | None = None,
        exact_match: bool = False,
    ) -> Listing:
        """Uploads to an archive (the main one unless said), newest first."""

        def fits(upload: PackageUploadLike) -> bool:
            return (
                upload.distroseries is self
                and (status is None or upload.status is status)
                and (pocket is None or upload.pocket is pocket)
                and (created_since_date is None or upload.date_created >= created_since_date)
                and (name is None or (upload.package_name == name if exact_match else name in upload.package_name))
                and (version is None or upload.package_version == version)
            )

        return Listing([u for u in reversed((archive or self.main_archive).uploads) if fits(u)])


@implementer(IDistribution)
class Distribution(Located):
    """A distribution, with its series and PPAs."""

    supports_ppas = True

    def __init__(self, world: WorldLike, name: str) -> None:
        self.world, self.name = world, name
        self.display_name = self.title = name.title()
        self._series: dict[str, DistroSeries] = {}
        self.main_archive: Any

    @property
    def path(self) -> str:
        """The address of the distribution: its name."""
        return self.name

    @property
    def series(self) -> Listing:
        """All series in the order of the world's specification, the development series first."""
        return Listing(list(self._series.values()))

    @property
    def current_series(self) -> DistroSeries | None:
        """The development series."""
        return next(iter(self._series.values()), None)

    def add(self, name: str) -> DistroSeries:
        """Add a series; the first one is the one in development."""
        status = SeriesStatus.CURRENT if self._series else SeriesStatus.DEVELOPMENT
        series = self._series[name] = DistroSeries(self.world, self, name, status)
        return series

    def find(self, name: str | None) -> DistroSeries:
        """A series by its name, the development series when there is none; 404 when unknown."""
        found = self._series.get(name) if name else self.current_series
        if found is None:
            raise MissingError(f"No such distribution series: '{name}'.")
        return found

    def getSeries(self, name_or_version: str) -> DistroSeries:
        """The series of that name; 404 when there is none."""
        return self.find(name_or_version)

    def get(self, request: Any, name: str) -> Any:
        """What is below the distribution: a series, or the main archive."""
        if name == "+archive":
            return Step({"primary": self.main_archive}.get)
        return self._series.get(name)


@implementer(IPerson)
class Person(Located):
    """A person; `permits` knows no permission but Edit, which is what making a PPA needs."""

    is_team, is_admin, suspended = False, False, False
    visibility, time_zone, hide_email_addresses, karma = Visibility.PUBLIC, "UTC", False, 0
    team_owner: Person | None = None
    has_key = True

    def __init__(self, world: WorldLike, name: str, display_name: str | None = None) -> None:
        self.world, self.name = world, name
        self.display_name = display_name or name.replace("-", " ").title()
        self.date_created = world.now()
        self.members: set[Person] = set()
        self.administrators: set[Person] = set()
        self._teams: set[Team] = set()
        self.archives: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Person {self.name} ({self.display_name})>"

    @property
    def path(self) -> str:
        """The address of the person: its name with a tilde."""
        return f"~{self.name}"

    @property
    def is_valid(self) -> bool:
        """Whether the account is active."""
        return not self.suspended

    @property
    def ppas(self) -> Listing:
        """All PPAs, deleted ones too, by name."""
        if self.suspended and not self._asked_by_admin():
            raise GoneError(f"'User is suspended: {self.path}'")
        return Listing([self.archives[name] for name in sorted(self.archives)])

    @property
    def super_teams(self) -> Listing:
        """All teams that this is a direct or indirect member of, by name."""
        everybody = self.world.people.values()
        return Listing(sorted((t for t in everybody if t is not self and self.within(t)), key=lambda t: t.name))

    @property
    def admins(self) -> Listing:
        """The members that may change the team, by name; none of a person."""
        return Listing(sorted(self.administrators, key=lambda member: member.name))

    @staticmethod
    def _asked_by_admin() -> bool:
        person = current_person()
        return person is not None and person.is_admin

    def within(self, other: Person) -> bool:
        """Whether this is `other` or a direct or indirect member of it."""
        return other is self or any(team.within(other) for team in self._teams)

    def permits(self, permission: str, caller: Principal) -> bool:
        """Who may act for this person: itself, an administrator of all, and for a team its owner and administrators,
        or who is in a team that is one of these.
        """
        if permission != EDIT:
            return True
        who = caller.person
        if who is None or caller.level not in WRITERS:
            return False
        above = self.administrators | ({self.team_owner} if self.team_owner is not None else set())
        return who is self or who.is_admin or any(who.within(one) for one in above)

    def get(self, request: Any, name: str) -> Any:
        """What is below the person: `+archive/DISTRIBUTION/NAME`."""
        if name != "+archive":
            return None
        return Step(lambda distribution: Step(lambda ppa: self.find(distribution, ppa)))

    def find(self, distribution: str, name: str) -> Any:
        """The PPA of that distribution and name, or None."""
        archive = self.archives.get(name)
        return archive if archive is not None and archive._distribution.name == distribution else None

    def getPPAByName(self, name: str, distribution: Distribution | None = None) -> ArchiveLike:
        """The PPA of that name; 404 when there is none, or when the caller may not see it."""
        archive: ArchiveLike | None = self.archives.get(name)
        if (
            archive is None
            or not archive.named_to(current_person())
            or distribution not in (None, archive._distribution)
        ):
            raise MissingError(f"No such ppa: '{name}'.")
        return archive

    def createPPA(
        self,
        distribution: Distribution | None = None,
        name: str | None = None,
        displayname: str | None = None,
        description: str | None = None,
        private: bool | None = False,
        suppress_subscription_notifications: bool | None = False,
    ) -> ArchiveLike:
        """Create a PPA; 400 when one of that name exists or the name is the distribution's."""
        require(self, "createPPA", EDIT)
        distribution, name = distribution or self.world.ubuntu, name or "ppa"
        if name == distribution.name:
            raise BadRequestError("A PPA cannot have the same name as its distribution.")
        if name in self.archives:
            who = f"{self.display_name} already has" if self.is_team else "You already have"
            raise BadRequestError(f"{who} a PPA for {distribution.display_name} named '{name}'.")
        if private and current() is not None and not self._asked_by_admin():
            raise BadRequestError(f"{self.name} is not allowed to make private PPAs")
        archive = self.world.make_archive(self, distribution, name, displayname, description)
        archive._private = bool(private)
        archive._suppress_subscription_notifications = bool(suppress_subscription_notifications)
        return archive


@implementer(ITeam)
class Team(Person):
    """Persons and teams that own PPAs together; members may do with them what an owner may."""

    is_team = True

    def join(self, member: Person, admin: bool = False) -> None:
        """Add a member; `admin`: as one who may change the team."""
        self.members.add(member)
        (self.administrators.add if admin else self.administrators.discard)(member)
        member._teams.add(self)

    def leave(self, member: Person) -> None:
        """Remove a member."""
        self.members.discard(member)
        self.administrators.discard(member)
        member._teams.discard(self)
