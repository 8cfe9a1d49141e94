"""What a worker needs of Launchpad, and how Launchpad may answer: the port that the adapter implements.

Rule: lost race, refusal, absence and outage are different types, so that no caller can mistake one for another.
Nothing here does I/O.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from .packages import NamedFile
from .reference import Reference


class Lane(enum.Enum):
    """Which connections a request uses: a clean never waits for, nor takes, those reserved for assigning; nor do those
    that follow uploads, for whom others wait for hours.  The members of a group, which are written at once, neither
    wait for single leases nor keep them waiting.
    """

    ASSIGN = "assign"
    MEMBERS = "members"
    WORK = "work"
    FOLLOW = "follow"


@dataclass(frozen=True, slots=True)
class Moment:
    """When an answer was given: `date` by Launchpad's clock (its Date header, UTC); `started` (before the request
    left) and `ended` in seconds of this host's boot-time clock.
    """

    date: datetime
    started: float
    ended: float


# -- answers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """An Active PPA as one answer showed it.  `etag` is what a write must be conditional on."""

    url: str
    etag: str
    description: str | None
    moment: Moment
    displayname: str = ""
    publish: bool = True
    build_debug_symbols: bool = False
    publish_debug_symbols: bool = False
    web: str | None = None  # its page for people
    private: bool = False


@dataclass(frozen=True, slots=True)
class Gone:
    """The PPA does not exist, by an answer about the PPA itself: 404, 410, or status Deleting or Deleted.  `status` is
    the HTTP status, if that was what said so.
    """

    reason: str
    moment: Moment
    status: int | None = None


@dataclass(frozen=True, slots=True)
class AccessDenied:
    """The PPA is not shown to us, or we may not write to it: 401, 403, or redacted.  That proves nothing of whether it
    exists, nor of what is in it.
    """

    reason: str
    moment: Moment
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """412: the PPA is no longer what the entry showed.  Whether a write of our own did that, only a read shows."""

    moment: Moment


@dataclass(frozen=True, slots=True)
class Refused:
    """Launchpad refuses the request (other 4xx): nothing was changed, and a retry will not help.  With 404 or 410 to an
    act, something that it needs does not exist: the PPA, or what or whom it is about.
    """

    reason: str
    moment: Moment
    status: int = 400


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request may have been applied, or may still be: time-out, broken connection, 5xx, unreadable answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No usable answer: a read that failed, a write that was never sent, an idempotent act that may have been done.

    `sent` is false when nothing can have been changed: nothing left this host, or the response says so.  `status` is
    that of a response that proves nothing of what was asked: 5xx, and 401, 403, 404 or 410 to a listing, which proves
    nothing of the PPA itself.
    """

    reason: str
    retry_after: float | None = None
    sent: bool = False
    status: int | None = None


ReadAnswer = Entry | Gone | AccessDenied | Unavailable
WriteAnswer = Entry | Gone | AccessDenied | Conflict | Refused | Unknown | Unavailable


@dataclass(frozen=True, slots=True)
class Look:
    """All Active PPAs of one owner as one listing showed them.  Absence from it proves nothing: paging is not a
    snapshot.  `started` and `ended` as in Moment.  `hidden` are the public ones that an unsigned listing, a moment
    later, lacked; None: there was no such listing.  `named` are all names that it showed, whatever their status: those
    of deleted PPAs are listed for ever.  `requests` is what it cost.
    """

    entries: Mapping[Reference, Entry]
    started: float
    ended: float
    hidden: frozenset[Reference] | None = None
    named: frozenset[Reference] = frozenset()
    requests: int = 1


@dataclass(frozen=True, slots=True)
class Deleted:
    """The descriptions of the deleted PPAs that had a name: Launchpad calls them `NAME-deletedppa`,
    `NAME-deletedppa1` and so on.  `moment` is that of the first request.
    """

    descriptions: tuple[str | None, ...]
    moment: Moment


@dataclass(frozen=True, slots=True)
class Publication:
    """A source or binary that is active (Pending or Published) in a PPA.  One for all architectures is one for each
    (docs/explanation/launchpad.md#architecture-independent-binaries).
    """

    url: str
    name: str
    version: str
    where: str  # series, and architecture of a binary
    debug: bool = False  # cannot be deleted by itself, is deleted with the binary it belongs to


@dataclass(frozen=True, slots=True)
class Build:
    """A build that is pending, running or being cancelled."""

    url: str
    title: str
    state: str
    cancellable: bool


@dataclass(frozen=True, slots=True)
class Content:
    """What is active in a PPA or on its way into it.  `moment` is that of the first request of the listing: what came
    later may be missing.
    """

    sources: tuple[Publication, ...]
    binaries: tuple[Publication, ...]
    moment: Moment
    builds: tuple[Build, ...] = ()
    uploads: tuple[str, ...] = ()  # accepted, not yet published; if they were listed

    @property
    def empty(self) -> bool:
        """Whether nothing is active and nothing on its way."""
        return not (self.sources or self.binaries or self.builds or self.uploads)


@dataclass(frozen=True, slots=True)
class NewContent:
    """How many active sources and binaries were created since a moment, or exist at all.  If the former fill more than
    one page, the count is at least one.
    """

    count: int
    moment: Moment


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """The settings of a PPA that are not fields of its entry.  `dependencies` as `~owner/ubuntu/name`
    or, for an archive of the distribution, `ubuntu`; `uploaders` as `~name`, without the owner.
    """

    dependencies: tuple[str, ...]
    processors: tuple[str, ...]
    uploaders: tuple[str, ...]
    moment: Moment


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A version of a source that was ever published in an archive; `url` is one of its publications.  `removed` is when
    the last of them left the disk; None: it did not, or that is not known.
    """

    version: str
    url: str
    removed: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublishedVersions:
    """The versions of one source that were ever published in an archive, the newest first."""

    versions: tuple[PublishedVersion, ...]
    moment: Moment


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """The files of a source publication that Launchpad still keeps, whatever became of it; `urls` by name."""

    files: tuple[NamedFile, ...]
    moment: Moment
    urls: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What a stricter proof still finds: packages in the indexes, or publications not removed from the disk.  `example`
    names one of them; before `until`, if Launchpad says it, not all of them will be removed.
    """

    count: int
    example: str | None
    moment: Moment
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """An idempotent act was carried out (or had been before)."""

    moment: Moment


ActAnswer = Done | Refused | Unavailable


class Launchpad(Protocol):
    """The port.  Every call returns within the configured total deadline and sends each request once; no call
    raises for what Launchpad or the network does.  Safe for many threads; an Entry may be used in any.
    """

    def look(self, owner: str, compare: bool = False) -> Look | Refused | Unavailable:
        """All Active PPAs of an owner, one request per 300; none of an owner that Launchpad does not know.  `compare`:
        with those that are hidden, by as many requests without our signature.
        """

    def read(self, ppa: Reference, lane: Lane = Lane.WORK) -> ReadAnswer:
        """Read one PPA: one request."""

    def deleted(self, ppa: Reference) -> Deleted | Unavailable:
        """Read the deleted PPAs that had this name, one after the other until a 404: all of them, or Unavailable."""

    def enabled(self, entry: Entry) -> bool | Unavailable:
        """Whether a public PPA is shown to everybody, as only an enabled one is: one request, without our signature."""

    def write(self, entry: Entry, description: str, lane: Lane = Lane.WORK) -> WriteAnswer:
        """Compare-and-swap the description, one request.  An Entry means 209 and Active, and nothing else does."""

    def new_content(self, entry: Entry, since: datetime | None, lane: Lane = Lane.WORK) -> NewContent | Unavailable:
        """Count active sources and binaries created since then (`created_since_date`; None: of any age): two concurrent
        requests.
        """

    def content(self, entry: Entry, whole: bool = True) -> Content | Refused | Unavailable:
        """Everything active or on its way, all pages.  Not `whole`: without the accepted uploads where there are
        sources or builds.
        """

    def delete(self, publication: Publication, comment: str, not_after: float) -> ActAnswer:
        """Delete a publication, by the address that a listing gave: one POST.  By `not_after` (boot-time clock,
        seconds) it has left or never will; so for all acts.
        """

    def cancel(self, build: Build, not_after: float) -> ActAnswer:
        """Ask for a build to be cancelled: one POST."""

    def uploaders(self, entry: Entry) -> Collection[str] | Refused | Unavailable:
        """Who has a 'main' upload right here besides the owner, as `~name`."""

    def grant(self, entry: Entry, who: str, lane: Lane, not_after: float) -> ActAnswer:
        """Give `~name` the 'main' upload right: one POST, idempotent."""

    def revoke(self, entry: Entry, who: str, not_after: float) -> ActAnswer:
        """Take the 'main' upload right from `~name`: one POST, idempotent."""

    def archive_settings(self, entry: Entry) -> ArchiveSettings | Refused | Unavailable:
        """Read dependencies, processors and uploaders."""

    def processors(self, ppa: Reference) -> tuple[str, ...] | Unavailable:
        """What a PPA builds for, by name: one request, over `Lane.FOLLOW`."""

    def set_fields(self, entry: Entry, fields: Mapping[str, str | bool]) -> WriteAnswer:
        """Compare-and-swap `displayname`, `publish`, `build_debug_symbols` or `publish_debug_symbols`, one request.

        An Entry means that it was applied; its etag is new, and its description is what it was.  ValueError for any
        other field.
        """

    def add_dependency(self, entry: Entry, dependency: str, not_after: float) -> ActAnswer:
        """Add a dependency, in the form that `archive_settings` gives: one POST, idempotent."""

    def remove_dependency(self, entry: Entry, dependency: str, not_after: float) -> ActAnswer:
        """Remove a dependency: one POST.  Launchpad fails on one that is not there (Unavailable that was sent): read
        `archive_settings` first.
        """

    def set_processors(self, entry: Entry, names: Collection[str], not_after: float) -> ActAnswer:
        """Let builds be for exactly these processors: one POST, idempotent."""

    def was_published(self, entry: Entry, source: str, version: str, lane: Lane = Lane.WORK) -> bool | Unavailable:
        """Whether a version of a source was ever published here, whatever became of it: one request."""

    def source_versions(
        self, archive: Reference | str, source: str, lane: Lane = Lane.WORK
    ) -> PublishedVersions | Unavailable:
        """Which versions of a source were ever published in a PPA, or in the primary archive of the distribution of
        that name: a request per 300 publications, and of the primary archive the latest ones alone.
        """

    def source_files(self, url: str, lane: Lane = Lane.WORK) -> SourceFiles | Unavailable:
        """The files of a source publication, by the address that a listing gave: one request."""

    def published_since(self, entry: Entry, since: datetime) -> bool | Unavailable:
        """Whether any source that was created since then was ever published, whatever became of it: one request."""

    def create(self, ppa: Reference, displayname: str, description: str) -> Entry | Refused | Unknown | Unavailable:
        """Create the PPA with this description (lines end with a plain newline, else ValueError).  Refused also when it
        exists.  Unknown also when it was created and could not be read.
        """

    def remove(self, entry: Entry, not_after: float) -> ActAnswer:
        """Delete the PPA itself, for good: one DELETE, which sets no condition
        (docs/explanation/launchpad.md#deleting-a-ppa).  Refused also when it is deleted already.
        """

    def index_leftovers(self, ppa: Reference) -> Leftovers | Unavailable:
        """Packages that the indexes which apt reads still name, over all series: plain HTTP, no secret is sent.  For
        public PPAs: nobody is shown the indexes of a private one, which look empty.
        """

    def disk_leftovers(self, entry: Entry) -> Leftovers | Refused | Unavailable:
        """Publications of any status that Launchpad has not removed from its disk (`date_removed`), and active ones.
        The count is for people: it may be too low, but 0 means that there are none.
        """
