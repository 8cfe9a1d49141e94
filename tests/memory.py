"""A Launchpad in memory: the worker's port with nothing behind it, whose answers can be lost, delayed or refused.

Rule: each request is one atomic step, as on the real one; ETags are hashes of content, so an old text makes an old
ETag valid again.  A lost request may land later: `land()`.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from ppa_assigner.port import (
    ActAnswer,
    Arrivals,
    Build,
    Conflict,
    Content,
    Done,
    Entry,
    Gone,
    Lane,
    Look,
    Moment,
    Publication,
    ReadAnswer,
    Refused,
    Unavailable,
    Unknown,
    WriteAnswer,
)
from ppa_assigner.record import Record, parse
from ppa_assigner.reference import Reference

START = datetime(2026, 11, 25, 3, 0, 0, tzinfo=timezone.utc)


@dataclass
class Item:
    """A publication; `active` is Pending or Published."""

    publication: Publication
    created: datetime
    binary: bool = False
    active: bool = True


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
    displayname: str = "PPA"


@dataclass(frozen=True)
class Request:
    """What was asked, for the log and for fault rules."""

    what: str
    ppa: Reference
    text: str | None = None


Fault = Callable[[Request], str | None]
"""None: no fault.  "down": no answer, nothing done.  "unknown": the same, but of a write nobody can know that.
"lost": done, no answer.  "late": no answer, done by `land()`.  "resent": a write that something on the way sent twice.
"refused", "gone": answered so."""


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

    def upload(self, ppa: Reference, name: str, *, binary: bool = False, debug: bool = False) -> Item:
        """A publication comes to be."""
        publication = Publication(f"memory://{next(self._ids)}", name, "1", "noble", debug)
        item = Item(publication, self.date(), binary)
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

    def date(self) -> datetime:
        """Launchpad's clock."""
        return START + timedelta(seconds=self.boot() - self.started + self.skew)

    # -- the port -----------------------------------------------------------------------------------------------------

    def look(self, owner: str) -> Look | Gone | Refused | Unavailable:
        started = self.boot()
        if self._fault("look", Reference(owner, "ubuntu", "*")):
            return Unavailable("down")
        with self.lock:
            names = [n for n, a in self.archives.items() if n.owner == owner and a.status == "Active" and a.listed]
            return Look({name: self._entry(name, started) for name in names}, started, self.boot())

    def read(self, ppa: Reference, lane: Lane = Lane.WORK) -> ReadAnswer:
        started = self.boot()
        fault = self._fault("read", ppa)
        if fault not in (None, "gone"):
            return Unavailable("down")
        with self.lock:
            archive = self.archives.get(ppa)
            if fault or archive is None or archive.status != "Active":
                return Gone("404", self._moment(started))
            return self._entry(ppa, started)

    def write(self, entry: Entry, description: str, lane: Lane = Lane.WORK) -> WriteAnswer:
        started, ppa = self.boot(), Reference.parse(entry.url.removeprefix("memory:"))
        fault = self._fault("write", ppa, description)
        match fault:
            case "down":
                return Unavailable("down")
            case "unknown":
                return Unknown("no answer")
            case "late":
                self.late.append(lambda: self._write(ppa, entry, description, started))
                return Unknown("no answer")
            case "refused":
                return Refused("401", self._moment(started), 401)
            case "gone":
                return Gone("404", self._moment(started))
        answer = self._write(ppa, entry, description, started)
        if fault == "resent":
            answer = self._write(ppa, entry, description, started)
        return Unknown("no answer") if fault == "lost" else answer

    def arrivals(self, entry: Entry, since: datetime, lane: Lane = Lane.WORK) -> Arrivals | Gone | Unavailable:
        started, ppa = self.boot(), Reference.parse(entry.url.removeprefix("memory:"))
        fault = self._fault("arrivals", ppa)
        if fault not in (None, "gone"):
            return Unavailable("down")
        if fault or ppa not in self.archives:
            return Gone("404", self._moment(started))
        with self.lock:
            found = [i for i in self.archives[ppa].items if i.active and i.created >= since]
            return Arrivals(len(found), self._moment(started))

    def content(self, entry: Entry) -> Content | Gone | Refused | Unavailable:
        started, ppa = self.boot(), Reference.parse(entry.url.removeprefix("memory:"))
        fault = self._fault("content", ppa)
        if fault == "refused":
            return Refused("400", self._moment(started))
        if fault not in (None, "gone"):
            return Unavailable("down")
        if fault or ppa not in self.archives:
            return Gone("404", self._moment(started))
        with self.lock:
            archive = self.archives[ppa]
            active = [item for item in archive.items if item.active]
            return Content(
                tuple(i.publication for i in active if not i.binary),
                tuple(i.publication for i in active if i.binary),
                self._moment(started),
                tuple(archive.builds),
                tuple(archive.uploads),
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

    def uploaders(self, entry: Entry) -> Collection[str] | Gone | Refused | Unavailable:
        return list(self.archives[Reference.parse(entry.url.removeprefix("memory:"))].uploaders)

    def grant(self, entry: Entry, who: str, lane: Lane, not_after: float) -> ActAnswer:
        ppa = Reference.parse(entry.url.removeprefix("memory:"))
        return self._act("grant", ppa, who, lambda: self.archives[ppa].uploaders.append(who))

    def revoke(self, entry: Entry, who: str, not_after: float) -> ActAnswer:
        ppa = Reference.parse(entry.url.removeprefix("memory:"))

        def act() -> None:
            self.archives[ppa].uploaders = [u for u in self.archives[ppa].uploaders if u != who]

        return self._act("revoke", ppa, who, act)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _fault(self, what: str, ppa: Reference, text: str | None = None) -> str | None:
        request = Request(what, ppa, text)
        self.log.append(request)
        return self.fault(request)

    def _where(self, publication: Publication) -> Reference:
        return next(ppa for ppa, a in self.archives.items() for i in a.items if i.publication.url == publication.url)

    def _act(self, what: str, ppa: Reference, text: str, act: Callable[[], None]) -> ActAnswer:
        started = self.boot()
        fault = self._fault(what, ppa, text)
        if fault == "refused":
            return Refused("400", self._moment(started))
        if fault == "gone":
            return Gone("404", self._moment(started))
        if fault == "late":
            self.late.append(act)
            return Unavailable("no answer", sent=True)
        if fault is None or fault == "lost":
            with self.lock:
                act()
        return Done(self._moment(started)) if fault is None else Unavailable("no answer", sent=fault != "down")

    def _moment(self, started: float) -> Moment:
        return Moment(self.date().replace(microsecond=0), started, self.boot())

    def _entry(self, ppa: Reference, started: float) -> Entry:
        archive = self.archives[ppa]
        text = archive.description
        return Entry(f"memory:{ppa}", self._etag(ppa), text, self._moment(started), displayname=archive.displayname)

    def _etag(self, ppa: Reference) -> str:
        archive = self.archives[ppa]
        return hashlib.sha256(f"{archive.description!r}{archive.displayname}".encode("utf-8", "replace")).hexdigest()

    def _write(self, ppa: Reference, entry: Entry, description: str, started: float) -> WriteAnswer:
        with self.lock:
            archive = self.archives.get(ppa)
            if archive is None:
                return Gone("404", self._moment(started))
            if not archive.writable:
                return Refused("401 Unauthorized", self._moment(started), 401)
            if self._etag(ppa) != entry.etag:
                return Conflict(self._moment(started))
            self._store(ppa, description)
            if archive.status != "Active":
                return Gone(archive.status, self._moment(started))
            return self._entry(ppa, started)

    def _store(self, ppa: Reference, text: str | None) -> None:
        self.archives[ppa].description = text
        self.archives[ppa].history.append(text)


def aged(entry: Entry, started: float) -> Entry:
    """The entry as an answer to an earlier request."""
    return replace(entry, moment=replace(entry.moment, started=started))
