"""Rights to upload that an archive gives, and the archives that its builds may use.

In a PPA only component main counts; other rights are rows that mean nothing, as in Launchpad.
"""

# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# (zope and lazr.restful ship no types)

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zope.interface import implementer

from .access import APPEND, EDIT, VIEW, Principal, may_upload, require
from .enums import Pocket
from .errors import BadRequestError, ForbiddenError
from .interfaces import IArchiveDependency, IArchivePermission, IArchiveSubscriber
from .listing import Listing
from .urls import Located

if TYPE_CHECKING:
    from .model import ArchiveLike, WorldLike
    from .people import DistroSeries, Person


@implementer(IArchivePermission)
class Permission(Located):
    """A person's right to upload."""

    permission, explicit = "Archive Upload Rights", False
    package_set_name = distro_series_name = None

    def __init__(self, archive: ArchiveLike, person: Person, kind: str, item: Any) -> None:
        self.archive, self.person, self.kind, self.item = archive, person, kind, item
        self.date_created = archive.world.now()
        self.component_name = item if kind == "component" else None
        self.source_package_name = item if kind == "packagename" else None
        self.pocket = item if kind == "pocket" else None

    @property
    def key(self) -> str:
        """What the right is for, as its address says it."""
        return str(self.item.name if self.kind == "pocket" else self.item)

    @property
    def path(self) -> str:
        """The address of the right, with a query as in Launchpad."""
        return f"{self.archive.path}/+upload/{self.person.name}?type={self.kind}&item={quote(self.key)}"

    def permits(self, permission: str, caller: Principal) -> bool:
        """Whether the caller has that permission: anonymous callers see no rights in lists."""
        return permission == VIEW and caller.person is not None


@implementer(IArchiveDependency)
class Dependency(Located):
    """An archive whose packages builds may use."""

    snap_base = None

    def __init__(
        self, number: int, archive: ArchiveLike, dependency: ArchiveLike, pocket: Any, component: str | None
    ) -> None:
        self.id, self.archive, self.dependency = number, archive, dependency
        self.pocket, self.component_name = pocket, component
        self.date_created, self.title = archive.world.now(), dependency._displayname

    @property
    def path(self) -> str:
        """The address of the dependency, below its archive."""
        return f"{self.archive.path}/+dependency/{self.id}"


@implementer(IArchiveSubscriber)
class Subscriber(Located):
    """A person who may read a private archive."""

    def __init__(self, archive: ArchiveLike, subscriber: Person) -> None:
        self.archive, self.subscriber = archive, subscriber

    @property
    def path(self) -> str:
        """The address of the subscription, below its archive."""
        return f"{self.archive.path}/+subscriptions/{self.subscriber.name}"


class Permissions:
    """The part of an archive that says who may upload, and what its builds may use."""

    world: WorldLike
    permissions: list[Permission]
    _dependencies: list[Dependency]

    def main_uploaders(self) -> list[Person]:
        """Those who may upload without being members of the owner."""
        return [p.person for p in self.permissions if p.kind == "component"]

    def find_permission(self, who: str, kind: str | None, key: str | None) -> Permission | None:
        """The right at an address, or None."""
        return next((p for p in self.permissions if (p.person.name, p.kind, p.key) == (who, kind, key)), None)

    def _grant(self: Any, person: Person, kind: str, item: Any) -> Permission:
        rights: list[Permission] = self.permissions
        for found in rights:
            if found.kind == kind and found.item == item and person.within(found.person):
                return found
        made = Permission(self, person, kind, item)
        rights.append(made)
        return made

    def _revoke(self, person: Person, kind: str, item: Any) -> None:
        self.permissions[:] = [p for p in self.permissions if (p.person, p.kind, p.item) != (person, kind, item)]

    def newComponentUploader(self, person: Person, component_name: str) -> Permission:
        """Give the right to upload; a right that exists is returned, a team's too. 400 for other components."""
        require(self, "newComponentUploader", EDIT)
        if component_name != "main":
            raise BadRequestError("Component for PPAs should be 'main'")
        return self._grant(person, "component", "main")

    def deleteComponentUploader(self, person: Person, component_name: str) -> None:
        """Take away the right of exactly that person or team; does nothing when there is none."""
        require(self, "deleteComponentUploader", EDIT)
        self._revoke(person, "component", component_name)

    def newPackageUploader(self, person: Person, source_package_name: str) -> Permission:
        """Give a right for one package, which means nothing in a PPA."""
        require(self, "newPackageUploader", EDIT)
        return self._grant(person, "packagename", source_package_name)

    def deletePackageUploader(self, person: Person, source_package_name: str) -> None:
        """Take away a right for one package."""
        require(self, "deletePackageUploader", EDIT)
        self._revoke(person, "packagename", source_package_name)

    def newPocketUploader(self, person: Person, pocket: Any) -> Permission:
        """Give a right for a pocket, which means nothing in a PPA; 400 for other pockets than Release."""
        require(self, "newPocketUploader", EDIT)
        if pocket is not Pocket.RELEASE:
            raise BadRequestError("PPA uploads must be for the RELEASE pocket.")
        return self._grant(person, "pocket", pocket)

    def deletePocketUploader(self, person: Person, pocket: Any) -> None:
        """Take away a right for a pocket."""
        require(self, "deletePocketUploader", EDIT)
        self._revoke(person, "pocket", pocket)

    def getUploadersForComponent(self, component_name: str | None = None) -> Listing:
        """The rights for a component, or for any."""
        return Listing(
            [p for p in self.permissions if p.kind == "component" and component_name in (None, p.component_name)]
        )

    def getAllPermissions(self) -> Listing:
        """All rights."""
        return Listing(self.permissions)

    def getPermissionsForPerson(self, person: Person) -> Listing:
        """The rights of a person, those of its teams too."""
        return Listing([p for p in self.permissions if person.within(p.person)])

    def getNamedAuthTokens(self, names: list[str] | None = None) -> list[dict[str, str]]:
        """No keys, for none are made; 401 for those who may not edit the archive."""
        require(self, "getNamedAuthTokens", EDIT)
        return []

    def checkUpload(
        self: Any,
        person: Person,
        distroseries: DistroSeries,
        sourcepackagename: str,
        component: str,
        pocket: Any,
        strict_component: bool | None = True,
    ) -> bool:
        """True if the person may upload; a refusal is a 403 and never False."""
        refusal = self.refuses(person, pocket)
        if refusal:
            raise ForbiddenError(refusal)
        return True

    def refuses(self: Any, person: Person | None, pocket: Any = Pocket.RELEASE) -> str | None:
        """Why somebody may not upload here, None when they may."""
        if not self.enabled:
            return f"{self._displayname} is disabled."
        if pocket is not Pocket.RELEASE:
            return "PPA uploads must be for the RELEASE pocket."
        if person is None or not may_upload(self, person):
            return "Signer has no upload rights to this PPA."
        return None

    def newSubscription(self: Any, subscriber: Person, **more: Any) -> Subscriber:
        """Let a person read a private archive; 400 for a public one."""
        require(self, "newSubscription", APPEND)
        if not self._private:
            raise BadRequestError("Only private archives can have subscriptions.")
        return Subscriber(self, subscriber)

    @property
    def dependencies(self) -> Listing:
        """Archives whose packages builds may use."""
        return Listing(self._dependencies)

    def addArchiveDependency(
        self: Any, dependency: ArchiveLike, pocket: Any, component: str | None = None
    ) -> Dependency:
        """Add a dependency; 400 for the archive itself and for one that is there already."""
        require(self, "addArchiveDependency", EDIT)
        if dependency is self:
            raise BadRequestError("An archive should not depend on itself.")
        if any(d.dependency is dependency for d in self._dependencies):
            raise BadRequestError("This dependency is already registered.")
        made = Dependency(self.world.number(), self, dependency, pocket, component)
        self._dependencies.append(made)
        return made

    def removeArchiveDependency(self, dependency: ArchiveLike) -> None:
        """Remove a dependency; one that is not there is an error of the server, as in Launchpad."""
        require(self, "removeArchiveDependency", EDIT)
        found = next((d for d in self._dependencies if d.dependency is dependency), None)
        if found is None:
            raise AssertionError("This dependency does not exist.")
        self._dependencies.remove(found)
