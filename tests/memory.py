"""A Launchpad in memory: the worker's port with nothing behind it, whose answers can be lost, delayed or refused.

Rule: each request is one atomic step, as on the real one; ETags are hashes of content, so an old text makes an old
ETag valid again.  A lost request may land later: `land()`.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ppa_assigner.packages import NamedFile
from ppa_assigner.port import (
    AccessDenied,
    ActAnswer,
    ArchiveSettings,
    Build,
    Conflict,
    Content,
    Deleted,
    Done,
    Entry,
    Gone,
    Lane,
    Leftovers,
    Look,
    Moment,
    NewContent,
    Publication,
    PublishedVersion,
    PublishedVersions,
    ReadAnswer,
    Refused,
    SourceFiles,
    Unavailable,
    Unknown,
    WriteAnswer,
)
from ppa_assigner.record import Record, parse
from ppa_assigner.reference import Reference

START = datetime(2026, 11, 25, 3, 0, 0, tzinfo=UTC)


@dataclass
class Item:
    """A publication; `active` is Pending or Published, `removed` that it is gone from the disk."""

    publication: Publication
    created: datetime
    binary: bool = False
    active: bool = True
    removed: bool = False
    removed_at: datetime | None = None
    files: tuple[NamedFile, ...] = ()  # of a source, as long as they are kept
    scheduled: datetime | None = None  # until then it stays on the disk at the least


@dataclass
class Archive:
    """A PPA in memory."""

    description: str | None = None
    history: list[str | None] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    uploaders: list[str] = field(default_factory=list)
    status: str = "Active"
    listed: bool = True
    writable: bool = True
    readable: bool = True
    enabled: bool = True
    private: bool = False
    displayname: str = "PPA"
    publish: bool = True
    build_debug_symbols: bool = False
    publish_debug_symbols: bool = False
    dependencies: list[str] = field(default_factory=list)
    processors: list[str] = field(default_factory=lambda: ["amd64", "arm64"])
    indexed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """What was asked, for the log and for fault rules."""

    what: str
    ppa: Reference
    text: str | None = None


Fault = Callable[[Request], str | None]
"""None: no fault.  "down": no answer, nothing done.  "unknown": the same, but of a write nobody can know that.
"lost": done, no answer.  "late": no answer, done by `land()`.  "resent": a write that something on the way sent twice.
"refused", "gone", "denied": answered so; "oops", "overloaded": a listing was, with 500 or 503, and an act that was
done too."""
STATUSES = {"oops": 500, "overloaded": 503, "gone": 404, "denied": 403}


class MemoryLaunchpad:
    """Implements ppa_assigner.port.Launchpad.  `boot` is the clock of the host that asks; `skew` is Launchpad's."""

    def __init__(self, boot: Callable[[], float]) -> None:
        self.boot = boot
        self.started = boot()
        self.skew = 0.0
        self.archives: dict[Reference, Archive] = {}
        self.log: list[Request] = []
        self.fault: Fault = lambda request: None
        self.late: list[Callable[[], object]] = []
        self.lock = threading.RLock()
        self._ids = itertools.count(1)

    # -- the world, not through the port ------------------------------------------------------------------------------

    def add(self, *refs: str, description: str | None = None) -> list[Reference]:
        """Create PPAs."""
        names = [Reference.parse(ref) for ref in refs]
        for name in names:
            self.archives[name] = Archive(description, [description])
        return names

    def delete_ppa(self, ppa: Reference, *, published: bool = True) -> None:
        """A person deletes it.  Until the publisher ran it is Deleting under its name; then it has another one."""
        with self.lock:
            archive = self.archives[ppa]
            archive.status = "Deleting"
            if published:
                archive.status, number = "Deleted", len(self._deleted(ppa))
                self.archives[ppa._replace(name=f"{ppa.name}-deletedppa{number or ''}")] = self.archives.pop(ppa)

    def _deleted(self, ppa: Reference) -> list[Archive]:
        names = (ppa._replace(name=f"{ppa.name}-deletedppa{number or ''}") for number in itertools.count())
        return [self.archives[name] for name in itertools.takewhile(self.archives.__contains__, names)]

    def upload(
        self,
        ppa: Reference,
        name: str,
        *,
        binary: bool = False,
        debug: bool = False,
        where: str = "noble",
        version: str = "1",
        files: tuple[NamedFile, ...] = (),
    ) -> Item:
        """A publication comes to be."""
        publication = Publication(f"memory://{next(self._ids)}", name, version, where, debug)
        item = Item(publication, self.database(), binary, files=files)
        with self.lock:
            self.archives[ppa].items.append(item)
        return item

    def describe(self, ppa: Reference, text: str | None) -> None:
        """Somebody else, or a person, writes the description."""
        with self.lock:
            self._store(ppa, text)

    def record(self, ppa: Reference) -> Record | None:
        """The record that stands."""
        return parse(self.archives[ppa].description).record

    def records(self, ppa: Reference) -> list[Record]:
        """All records that ever stood, oldest first."""
        texts = (parse(text).record for text in self.archives[ppa].history)
        return [record for record in texts if record is not None]

    def land(self) -> None:
        """What was under way arrives."""
        with self.lock:
            late, self.late = self.late, []
            for request in late:
                request()

    def publish(self) -> None:
        """One run of the publisher: indexes name what is active now, of PPAs that are published at all."""
        with self.lock:
            for archive in self.archives.values():
                if archive.publish:
                    archive.indexed = [item.publication.name for item in archive.items if item.active]

    def death_row(self) -> None:
        """One run of it: what is not active is gone from the disk."""
        with self.lock:
            for archive in self.archives.values():
                for item in (item for item in archive.items if not item.active and not item.removed):
                    item.removed, item.removed_at = True, self.database()

    def date(self) -> datetime:
        """Launchpad's clock."""
        return START + timedelta(seconds=self.boot() - self.started + self.skew)

    def database(self) -> datetime:
        """The clock by which publications are dated; here the same."""
        return self.date()

    def host(self) -> float:
        """A host's clock that is right, in seconds since 1970."""
        return START.timestamp() + self.boot() - self.started

    def moment(self, ago: float) -> Moment:
        """An answer so many seconds ago."""
        date = (self.date() - timedelta(seconds=ago)).replace(microsecond=0)
        return Moment(date, self.boot() - ago, self.boot() - ago)

    # -- the port -----------------------------------------------------------------------------------------------------

    def look(self, owner: str, compare: bool = False) -> Look | Refused | Unavailable:
        started = self.boot()
        if self._fault("look", Reference(owner, "ubuntu", "*")):
            return Unavailable("down")
        with self.lock:
            archives = {n: a for n, a in self.archives.items() if n.owner == owner and a.status == "Active"}
            names = [n for n, a in archives.items() if a.listed and a.readable]
            hidden = frozenset(n for n in names if not archives[n].enabled and not archives[n].private)
            entries = {name: self.entry_of(name, started) for name in names}
            named = frozenset(name for name in self.archives if name.owner == owner)
            return Look(entries, started, self.boot(), hidden if compare else None, named)

    def read(self, ppa: Reference, lane: Lane = Lane.WORK) -> ReadAnswer:
        started = self.boot()
        fault = self._fault("read", ppa)
        if fault not in (None, "gone", "denied"):
            return Unavailable("down")
        with self.lock:
            archive = self.archives.get(ppa)
            if fault == "denied" or (archive is not None and not archive.readable):
                return AccessDenied("403", self._moment(started), 403)
            if fault or archive is None:
                return Gone("404", self._moment(started), 404)
            if archive.status != "Active":
                return Gone(archive.status, self._moment(started))
            return self.entry_of(ppa, started)

    def deleted(self, ppa: Reference) -> Deleted | Unavailable:
        started = self.boot()
        if self._fault("deleted", ppa):
            return Unavailable("down")
        with self.lock:
            return Deleted(tuple(archive.description for archive in self._deleted(ppa)), self._moment(started))

    def enabled(self, entry: Entry) -> bool | Unavailable:
        if self._fault("enabled", _ppa(entry)):
            return Unavailable("down")
        archive = self.archives.get(_ppa(entry))
        return archive.enabled if archive is not None else Unavailable("404")

    def write(self, entry: Entry, description: str, lane: Lane = Lane.WORK) -> WriteAnswer:
        started, ppa = self.boot(), Reference.parse(entry.url.removeprefix("memory:"))
        fault = self._fault("write", ppa, description)
        match fault:
            case "down":
                return Unavailable("down")
            case "unknown":
                return Unknown("no answer")
            case "late":
                self.late.append(lambda: self.write_now(ppa, entry, description, started))
                return Unknown("no answer")
            case "refused" | "denied":
                return AccessDenied("401", self._moment(started), 401)
            case "gone":
                return Gone("404", self._moment(started), 404)
        answer = self.write_now(ppa, entry, description, started)
        if fault == "resent":
            answer = self.write_now(ppa, entry, description, started)
        return Unknown("no answer") if fault == "lost" else answer

    def new_content(self, entry: Entry, since: datetime | None, lane: Lane = Lane.WORK) -> NewContent | Unavailable:
        started, ppa = self.boot(), Reference.parse(entry.url.removeprefix("memory:"))
        if failed := self._failed("new_content", ppa, started):
            return Unavailable(failed.reason)
        with self.lock:
            found = [i for i in self.archives[ppa].items if i.active and (since is None or i.created >= since)]
            return NewContent(len(found), self._moment(started))

    def content(self, entry: Entry, whole: bool = True) -> Content | Refused | Unavailable:
        first, ppa = self._moment(self.boot()), Reference.parse(entry.url.removeprefix("memory:"))
        if failed := self._failed("content", ppa, first.started):
            return failed
        with self.lock:
            archive = self.archives[ppa]
            active = [item for item in archive.items if item.active]
            sources = tuple(i.publication for i in active if not i.binary)
            return Content(
                sources,
                tuple(i.publication for i in active if i.binary),
                replace(first, ended=self.boot()),
                tuple(archive.builds),
                () if not whole and (sources or archive.builds) else tuple(archive.uploads),
            )

    def delete(self, publication: Publication, comment: str, not_after: float) -> ActAnswer:
        def act() -> None:
            for archive in self.archives.values():
                for item in archive.items:
                    if item.publication.url == publication.url:
                        item.active = False

        return self._act("delete", self._where(publication), publication.name, act)

    def cancel(self, build: Build, not_after: float) -> ActAnswer:
        def act() -> None:
            for archive in self.archives.values():
                archive.builds = [b for b in archive.builds if b.url != build.url]

        return self._act("cancel", Reference("x", "ubuntu", "x"), build.title, act)

    def uploaders(self, entry: Entry) -> Collection[str] | Refused | Unavailable:
        archive = self.archives.get(_ppa(entry))
        return list(archive.uploaders) if archive is not None else Unavailable("404", status=404)

    def grant(self, entry: Entry, who: str, lane: Lane, not_after: float) -> ActAnswer:
        ppa = Reference.parse(entry.url.removeprefix("memory:"))

        def act() -> None:
            uploaders = self.archives[ppa].uploaders
            uploaders.extend({who}.difference(uploaders))

        return self._act("grant", ppa, who, act)

    def remove(self, entry: Entry, not_after: float) -> ActAnswer:
        ppa = Reference.parse(entry.url.removeprefix("memory:"))

        def act() -> None:
            if ppa in self.archives:
                self.archives[ppa].status = "Deleting"

        return self._act("remove", ppa, "", act)

    def revoke(self, entry: Entry, who: str, not_after: float) -> ActAnswer:
        ppa = Reference.parse(entry.url.removeprefix("memory:"))

        def act() -> None:
            self.archives[ppa].uploaders = [u for u in self.archives[ppa].uploaders if u != who]

        return self._act("revoke", ppa, who, act)

    def archive_settings(self, entry: Entry) -> ArchiveSettings | Refused | Unavailable:
        started, ppa = self.boot(), _ppa(entry)
        if failed := self._failed("archive_settings", ppa, started):
            return failed
        with self.lock:
            a = self.archives[ppa]
            dependencies, processors, uploaders = (
                tuple(sorted(names)) for names in (a.dependencies, a.processors, a.uploaders)
            )
            return ArchiveSettings(dependencies, processors, uploaders, self._moment(started))

    def processors(self, ppa: Reference) -> tuple[str, ...] | Unavailable:
        if (failed := self._failed("processors", ppa, self.boot())) is not None:
            return Unavailable(failed.reason)
        with self.lock:
            return tuple(sorted(self.archives[ppa].processors))

    def set_fields(self, entry: Entry, fields: Mapping[str, str | bool]) -> WriteAnswer:
        started, ppa = self.boot(), _ppa(entry)

        def swap() -> WriteAnswer:
            def change() -> None:
                for name, value in fields.items():
                    setattr(self.archives[ppa], name, value)

            return self.swap(ppa, entry, change, started)

        fault = self._fault("set_fields", ppa, ",".join(sorted(fields)))
        match fault:
            case "down":
                return Unavailable("down")
            case "unknown":
                return Unknown("no answer")
            case "late":
                self.late.append(swap)
                return Unknown("no answer")
            case "refused" | "denied":
                return AccessDenied("401", self._moment(started), 401)
            case "gone":
                return Gone("404", self._moment(started), 404)
        answer = swap()
        if fault == "resent":
            answer = swap()
        return Unknown("no answer") if fault == "lost" else answer

    def add_dependency(self, entry: Entry, dependency: str, not_after: float) -> ActAnswer:
        def act() -> None:
            archive = self.archives[_ppa(entry)]
            archive.dependencies = sorted({*archive.dependencies, dependency})

        return self._act("add_dependency", _ppa(entry), dependency, act)

    def remove_dependency(self, entry: Entry, dependency: str, not_after: float) -> ActAnswer:
        found = dependency in self.archives[_ppa(entry)].dependencies

        def act() -> None:
            archive = self.archives[_ppa(entry)]
            archive.dependencies = [d for d in archive.dependencies if d != dependency]

        answer = self._act("remove_dependency", _ppa(entry), dependency, act)
        return answer if found or not isinstance(answer, Done) else Unavailable("500", sent=True)

    def set_processors(self, entry: Entry, names: Collection[str], not_after: float) -> ActAnswer:
        def act() -> None:
            self.archives[_ppa(entry)].processors = sorted(names)

        return self._act("set_processors", _ppa(entry), ",".join(sorted(names)), act)

    def was_published(self, entry: Entry, source: str, version: str, lane: Lane = Lane.WORK) -> bool | Unavailable:
        if failed := self._failed("was_published", _ppa(entry), self.boot()):
            return Unavailable(failed.reason) if isinstance(failed, Refused) else failed
        with self.lock:
            sources = (i.publication for i in self.archives[_ppa(entry)].items if not i.binary)
            return any((one.name, one.version) == (source, version) for one in sources)

    def published_since(self, entry: Entry, since: datetime) -> bool | Unavailable:
        if failed := self._failed("published_since", _ppa(entry), self.boot()):
            return Unavailable(failed.reason) if isinstance(failed, Refused) else failed
        with self.lock:
            items = self.archives[_ppa(entry)].items
            return any(item.created >= since for item in items if not item.binary)

    def source_versions(
        self, archive: Reference | str, source: str, lane: Lane = Lane.WORK
    ) -> PublishedVersions | Unavailable:
        started, ppa = self.boot(), Reference.parse(str(archive))
        if failed := self._failed("source_versions", ppa, started):
            return Unavailable(failed.reason) if isinstance(failed, Refused) else failed
        with self.lock:
            items = [i for i in self.archives[ppa].items if not i.binary and i.publication.name == source]
            found = (PublishedVersion(i.publication.version, i.publication.url, i.removed_at) for i in reversed(items))
            return PublishedVersions(tuple(found), self._moment(started))

    def source_files(self, url: str, lane: Lane = Lane.WORK) -> SourceFiles | Unavailable:
        started = self.boot()
        with self.lock:
            places = [(ppa, i) for ppa, a in self.archives.items() for i in a.items if i.publication.url == url]
        ppa, item = places[0]
        if failed := self._failed("source_files", ppa, started):
            return Unavailable(failed.reason) if isinstance(failed, Refused) else failed
        return SourceFiles(item.files, self._moment(started))

    def create(self, ppa: Reference, displayname: str, description: str) -> Entry | Refused | Unknown | Unavailable:
        started = self.boot()

        def make() -> Entry | Refused:
            with self.lock:
                if ppa in self.archives:
                    return Refused("there is one of that name", self._moment(started))
                self.archives[ppa] = Archive(description, [description], displayname=displayname)
                return self.entry_of(ppa, started)

        match self._fault("create", ppa, description):
            case None:
                return make()
            case "down":
                return Unavailable("down")
            case "refused" | "gone":
                return Refused("401", self._moment(started), 401)
            case "late":
                self.late.append(make)
            case "lost":
                make()
        return Unknown("no answer")

    def index_leftovers(self, ppa: Reference) -> Leftovers | Unavailable:
        started = self.boot()
        if self._fault("index_leftovers", ppa):
            return Unavailable("down")
        with self.lock:
            archive = self.archives.get(ppa)
            return self._leftovers(archive.indexed if archive else [], started)

    def disk_leftovers(self, entry: Entry) -> Leftovers | Refused | Unavailable:
        started, ppa = self.boot(), _ppa(entry)
        if failed := self._failed("disk_leftovers", ppa, started):
            return failed
        with self.lock:
            left = [i for i in self.archives[ppa].items if i.active or not i.removed]
            until = max((i.scheduled for i in left if i.scheduled is not None), default=None)
            return replace(self._leftovers([i.publication.name for i in left], started), until=until)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _fault(self, what: str, ppa: Reference, text: str | None = None) -> str | None:
        request = Request(what, ppa, text)
        self.log.append(request)
        return self.fault(request)

    def _failed(self, what: str, ppa: Reference, started: float) -> Refused | Unavailable | None:
        """How a read failed, if it did."""
        fault = self._fault(what, ppa)
        if fault == "refused":
            return Refused("400", self._moment(started))
        if fault is not None:
            return Unavailable("down", status=STATUSES.get(fault))
        return Unavailable("404", status=404) if ppa not in self.archives else None

    def _leftovers(self, names: list[str], started: float) -> Leftovers:
        return Leftovers(len(names), names[0] if names else None, self._moment(started))

    def _where(self, publication: Publication) -> Reference:
        found = (ppa for ppa, a in self.archives.items() for i in a.items if i.publication.url == publication.url)
        return next(found, Reference("x", "ubuntu", "x"))

    def _act(self, what: str, ppa: Reference, text: str, act: Callable[[], None]) -> ActAnswer:
        started = self.boot()
        fault = self._fault(what, ppa, text)
        if fault == "refused":
            return Refused("400", self._moment(started))
        if fault in ("gone", "denied"):
            return Refused(str(STATUSES[fault]), self._moment(started), STATUSES[fault])
        if fault == "late":
            self.late.append(act)
            return Unavailable("no answer", sent=True)
        if fault in (None, "lost", *STATUSES):
            with self.lock:
                act()
        if fault is None:
            return Done(self._moment(started))
        return Unavailable("no answer", sent=fault != "down", status=STATUSES.get(fault))

    def _moment(self, started: float) -> Moment:
        return Moment(self.date().replace(microsecond=0), started, self.boot())

    def entry_of(self, ppa: Reference, started: float) -> Entry:
        archive = self.archives[ppa]
        return Entry(
            f"memory:{ppa}",
            self.etag_of(ppa),
            archive.description,
            self._moment(started),
            archive.displayname,
            archive.publish,
            archive.build_debug_symbols,
            archive.publish_debug_symbols,
            private=archive.private,
        )

    def etag_of(self, ppa: Reference) -> str:
        archive = self.archives[ppa]
        flags = (archive.publish, archive.build_debug_symbols, archive.publish_debug_symbols)
        text = f"{archive.description!r}{archive.displayname}{flags}"
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

    def write_now(self, ppa: Reference, entry: Entry, description: str, started: float) -> WriteAnswer:
        return self.swap(ppa, entry, lambda: self._store(ppa, description), started)

    def swap(self, ppa: Reference, entry: Entry, change: Callable[[], None], started: float) -> WriteAnswer:
        with self.lock:
            archive = self.archives.get(ppa)
            if archive is None:
                return Gone("404", self._moment(started), 404)
            if not archive.writable:
                return AccessDenied("401 Unauthorized", self._moment(started), 401)
            if self.etag_of(ppa) != entry.etag:
                return Conflict(self._moment(started))
            change()
            if archive.status != "Active":
                return Gone(archive.status, self._moment(started))
            return self.entry_of(ppa, started)

    def _store(self, ppa: Reference, text: str | None) -> None:
        self.archives[ppa].description = text
        self.archives[ppa].history.append(text)


def _ppa(entry: Entry) -> Reference:
    return Reference.parse(entry.url.removeprefix("memory:"))


def aged(entry: Entry, started: float) -> Entry:
    """The entry as an answer to an earlier request."""
    return replace(entry, moment=replace(entry.moment, started=started))
