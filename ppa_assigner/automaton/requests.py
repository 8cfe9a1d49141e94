"""What the automaton may ask of Launchpad: values, one request of the port each.

Rule: plain frozen values; a request that cannot be made conditional carries the moment after which it must not leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..port import Build, Entry, Lane, Publication, Unavailable
from ..reference import Reference

# -- what is read and written ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """Read the PPA."""

    lane: Lane = Lane.WORK


@dataclass(frozen=True, slots=True)
class Write:
    """Write this description, if the PPA is still what `entry` shows."""

    entry: Entry
    description: str
    lane: Lane = Lane.WORK


@dataclass(frozen=True, slots=True)
class Create:
    """Create the PPA, with this description from its first moment on."""

    ppa: Reference
    displayname: str
    description: str


@dataclass(frozen=True, slots=True)
class ReadDeleted:
    """Read the deleted PPAs that had this name."""


@dataclass(frozen=True, slots=True)
class CheckEnabled:
    """Ask whether the PPA is enabled."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class LookForNewContent:
    """List active content that was created since then (None: at any time)."""

    entry: Entry
    since: datetime | None


@dataclass(frozen=True, slots=True)
class WasPublished:
    """Ask whether this version of this source was ever published here."""

    entry: Entry
    source: str
    version: str
    lane: Lane = Lane.ASSIGN


@dataclass(frozen=True, slots=True)
class ListVersions:
    """List the versions of this source that were ever published here."""

    ppa: Reference
    source: str
    lane: Lane = Lane.ASSIGN


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """Read which files a source publication has that Launchpad still keeps."""

    url: str
    lane: Lane = Lane.ASSIGN


@dataclass(frozen=True, slots=True)
class Survey:
    """List everything active or on its way.  A clean does not need it `whole`: accepted uploads can only be waited for,
    and everything else has to go first.
    """

    entry: Entry
    whole: bool = True


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """Read dependencies, processors and uploaders."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class ReadProcessors:
    """Read what the PPA builds for."""

    ppa: Reference


@dataclass(frozen=True, slots=True)
class ReadIndexes:
    """Read what the indexes for apt still name."""

    ppa: Reference


@dataclass(frozen=True, slots=True)
class ReadDisk:
    """List what is not removed from the disk yet."""

    entry: Entry


# -- what a clean changes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a publication."""

    publication: Publication

    def __str__(self) -> str:
        return f"{self.publication.name} {self.publication.version} in {self.publication.where}"


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel a build."""

    build: Build

    def __str__(self) -> str:
        return self.build.title


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take a person's upload right away."""

    who: str

    def __str__(self) -> str:
        return f"upload right of {self.who}"


@dataclass(frozen=True, slots=True)
class Grant:
    """Give a person the upload right."""

    who: str

    def __str__(self) -> str:
        return f"upload right for {self.who}"


@dataclass(frozen=True, slots=True)
class RemoveDependency:
    """Remove a dependency on an archive."""

    dependency: str

    def __str__(self) -> str:
        return f"dependency on {self.dependency}"


@dataclass(frozen=True, slots=True)
class AddDependency:
    """Add a dependency on an archive."""

    dependency: str

    def __str__(self) -> str:
        return f"dependency on {self.dependency}"


@dataclass(frozen=True, slots=True)
class SetProcessors:
    """Build for exactly these processors."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"processors {', '.join(self.names) or 'none'}"


@dataclass(frozen=True, slots=True)
class SetFields:
    """Set fields of the PPA's entry, by a conditional write like that of the record."""

    fields: tuple[tuple[str, str | bool], ...]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.fields)


Setting = Grant | RemoveDependency | AddDependency | SetProcessors | SetFields
"""What a baseline may ask for and Launchpad may refuse, without the PPA being any less empty."""
Change = Delete | Cancel | Revoke | Setting


@dataclass(frozen=True, slots=True)
class Apply:
    """Make one change before `not_after` (boot time, seconds; checked just before the request leaves) or not at all.
    `comment` is what a deletion says of itself.
    """

    change: Change
    entry: Entry
    not_after: float
    lane: Lane = Lane.WORK
    comment: str = ""


@dataclass(frozen=True, slots=True)
class LookForPublished:
    """Ask whether anything that was created since then was ever published."""

    entry: Entry
    since: datetime


PastRequest = WasPublished | ListVersions | ReadFiles | LookForPublished
"""What is asked of the past of a PPA, before it is lent and at the end of a lease."""
ReadRequest = (
    Read
    | ReadDeleted
    | CheckEnabled
    | LookForNewContent
    | PastRequest
    | Survey
    | ReadSettings
    | ReadProcessors
    | ReadIndexes
    | ReadDisk
)


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the PPA itself before `not_after` (boot time) or not at all."""

    entry: Entry
    not_after: float


Request = ReadRequest | Write | Create | Apply | Remove

TOO_LATE = Unavailable("too late: the last look at the record is too old for this request")
