"""What the parts of the world may ask of each other, whichever module they are in.

A person has archives, an archive has an owner, and a build is in an archive: each module would have to import all
others. So what is above a module is known to it only by what is named here; nothing is implemented here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Protocol


class PersonLike(Protocol):
    """A person or a team (`people.Person`)."""

    world: WorldLike
    name: str
    display_name: str
    is_admin: bool
    has_key: bool
    archives: dict[str, Any]

    @property
    def path(self) -> str:
        """The address of the person, below the service root."""

    def within(self, other: Any) -> bool:
        """Whether this is `other` or a direct or indirect member of it."""


class BuildLike(Protocol):
    """A build of a source (`builds.Build`)."""

    id: int
    archive: Any
    buildstate: Any

    @property
    def series(self) -> Any:
        """The series that the build is for."""

    @property
    def arch_tag(self) -> str:
        """The architecture that the build is for."""


class PackageUploadLike(Protocol):
    """An entry of the queue of a series (`uploads.PackageUpload`)."""

    id: int
    distroseries: Any
    status: Any
    date_created: datetime
    pocket: Any
    package_name: str
    package_version: str


class ArchiveLike(Protocol):
    """A PPA, or the main archive of a distribution (`archive.Archive`)."""

    world: WorldLike
    enabled: bool
    _owner: Any
    _distribution: Any
    _name: str
    _displayname: str
    _private: bool
    _authorized_size: int | None
    _build_debug_symbols: bool
    _suppress_subscription_notifications: bool
    _processors: list[Any]
    sources: list[Any]
    binaries: list[Any]
    builds: list[Any]
    uploads: list[Any]
    suites: dict[str, Any]
    passwords: dict[str, str]
    ever_accepted: dict[tuple[str, str], str]

    @property
    def path(self) -> str:
        """The address of the archive, below the service root."""

    @property
    def reference(self) -> str:
        """The archive's reference, as people write it."""

    @property
    def open_to_all(self) -> bool:
        """Whether everybody may see what is in the archive."""

    def permits(self, permission: str, caller: Any) -> bool:
        """Whether the caller has that permission on the archive."""

    def named_to(self, person: Any) -> bool:
        """Whether a person may know that the archive exists."""

    def refuses(self, person: Any, pocket: Any = ...) -> str | None:
        """Why somebody may not upload here, None when they may."""

    def main_uploaders(self) -> list[Any]:
        """Those who may upload without being members of the owner."""

    def binaries_of(self, release: Any, series: Any) -> list[Any]:
        """Publications of what was built from a source, in a series."""

    def builds_of(self, release: Any, series: Any) -> list[Any]:
        """Builds of a source in a series that were not given up."""


class WorldLike(Protocol):
    """Everything that there is (`world.World`)."""

    lock: threading.RLock
    people: dict[str, Any]
    processors: dict[str, Any]
    copy_jobs: list[Any]
    after_request: list[Callable[[], None]]
    tokens: Any
    waiting: Any
    building: Any
    door: Any

    def find(self, reference: str) -> Any:
        """An archive by a reference, or None."""

    def archives(self) -> Iterator[Any]:
        """All PPAs, deleted ones too."""

    @property
    def ubuntu(self) -> Any:
        """The distribution that PPAs are for."""

    def now(self) -> datetime:
        """The time by the stand-in's clock."""

    def number(self) -> int:
        """A number that was not used before."""

    def make_archive(
        self, owner: Any, distribution: Any, name: str, displayname: str | None, description: str | None
    ) -> ArchiveLike:
        """Make a PPA; whether it may be made is checked elsewhere."""

    def upload(self, number: str) -> Any:
        """The entry of the upload queue with that number, or None."""

    def knows_source(self, name: str) -> bool:
        """Whether any archive ever had a source of that name."""

    def keeps(self, release: Any) -> bool:
        """Whether the content of a source's files is still kept."""
