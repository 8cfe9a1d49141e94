"""A Launchpad in memory that looks at each text as it lands, and says which invariant it breaks.

Rule: only what the texts themselves must be like is checked here; who was told of what is the world's to know.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timedelta

from ppa_assigner.automaton.transitions import LEGAL
from ppa_assigner.options import Grow
from ppa_assigner.port import ActAnswer, Content, Deleted, Entry, Look, Refused, Unavailable, Unknown
from ppa_assigner.record import Record, State
from ppa_assigner.reference import Reference
from tests.memory import Archive, MemoryLaunchpad, Request

from .stage import Stage, parsed

PAIRS = {pair for legal in LEGAL.values() for pair in legal}
LISTS = ("items", "builds", "uploads", "uploaders", "dependencies", "processors", "indexed")


class WatchedLaunchpad(MemoryLaunchpad):
    """`words` is what people wrote in each description; `content_seen` when a survey last showed something there,
    `empty_seen` when one last showed nothing.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.boot)
        self.stage = stage
        self.words: dict[Reference, str | None] = {}
        self.nonces: dict[Reference, frozenset[str]] = {}
        self.lying_database = False
        self.grow: Grow | None = None
        self.lied = False  # its clock, once: then dates in records say nothing to a judge
        self.content_seen: dict[Reference, float] = {}
        self.empty_seen: dict[Reference, datetime] = {}
        self.veils: dict[Reference, tuple[str, float]] = {}
        self.texts: dict[Reference, tuple[str | None, ...]] = {}
        self.fault = self.veiled

    def veiled(self, request: Request) -> str | None:
        veil = self.veils.get(request.ppa)
        return veil[0] if veil is not None and request.what in ("read", "write") else None

    def deleted(self, ppa: Reference) -> Deleted | Unavailable:
        """Those that people made another of."""
        return Deleted(self.texts.get(ppa, ()), self._moment(self.boot()))

    def remake(self, ppa: Reference, *, wiped: bool) -> None:
        """People delete it, and make another of its name."""
        self.texts[ppa] = (*self.texts.get(ppa, ()), None if wiped else self.archives[ppa].description)
        self.archives[ppa] = Archive("theirs")
        self.words[ppa] = "theirs"
        for kept in (self.nonces, self.content_seen, self.empty_seen):
            kept.pop(ppa, None)
        self.upload(ppa, "theirs")

    def make(self, ppa: Reference, *, empty: bool) -> None:
        """People make a PPA of a name that is free."""
        self.archives[ppa] = Archive("theirs")
        self.words[ppa] = "theirs"
        if not empty:
            self.upload(ppa, "theirs")

    def judge_name(self, ppa: Reference) -> None:
        """A PPA of this name is about to be created."""
        if self.is_used_up(ppa):
            self.stage.wrong.append(f"names: {ppa.name} is to be created, and its name was used before")

    def is_used_up(self, ppa: Reference) -> bool:
        """Whether the name may have no PPA of ours any more: one of a range that had one, or of one discarded."""
        texts = self.texts.get(ppa, ())
        return any(map(_discarded, texts)) or (bool(texts) and self.grow is not None and ppa in self.grow.names)

    def publisher(self, ppa: Reference) -> None:
        """Of one that is being deleted nothing is left but another name, and the description."""
        archive = self.archives.pop(ppa)
        self.texts[ppa] = (*self.texts.get(ppa, ()), archive.description)
        for kept in (self.nonces, self.content_seen, self.empty_seen, self.words):
            kept.pop(ppa, None)

    def look(self, owner: str, compare: bool = False) -> Look | Refused | Unavailable:
        """Deleted PPAs are listed for ever, under other names."""
        look = super().look(owner, compare)
        if not isinstance(look, Look):
            return look
        gone = {ppa._replace(name=f"{ppa.name}-deletedppa") for ppa, texts in self.texts.items() if texts}
        return replace(look, named=look.named | gone)

    def remove(self, entry: Entry, not_after: float) -> ActAnswer:
        """Judges the deletion of a PPA: it hits what is there when it lands."""
        ppa = Reference.parse(entry.url.removeprefix("memory:"))
        archive = self.archives.get(ppa)
        if archive is None or archive.status != "Active":
            return Unavailable("404", sent=True, status=404)
        record = self.record(ppa)
        if any(item.publication.name == "theirs" for item in archive.items):
            self.stage.wrong.append(f"I5: {ppa.name}, which people made, is deleted")
        elif record is None or record.state is not State.DISCARDED:
            what = record.state.value if record is not None else "nobody's"
            self.stage.wrong.append(f"I5: {ppa.name} is deleted and is {what}")
        return super().remove(entry, not_after)

    def create(self, ppa: Reference, displayname: str, description: str) -> Entry | Refused | Unknown | Unavailable:
        """A PPA comes to be, and nobody wrote words there."""
        if ppa not in self.archives:
            self.words[ppa] = None
        answer = super().create(ppa, displayname, description)
        records = [self.record(one) for one in self.archives if not self.is_used_up(one)]
        if self.grow is not None and sum(r is not None and r.state is not State.DISCARDED for r in records) > (
            self.grow.max
        ):
            self.stage.wrong.append(f"growth: with {ppa.name} there are more than {self.grow.max}")
        return answer

    def copy(self) -> WatchedLaunchpad:
        """One that goes its own way from here."""
        new = object.__new__(WatchedLaunchpad)
        vars(new).update(vars(self))
        new.archives = {ppa: _copy(archive) for ppa, archive in self.archives.items()}
        new.words, new.nonces = dict(self.words), dict(self.nonces)
        new.content_seen, new.empty_seen = dict(self.content_seen), dict(self.empty_seen)
        new.veils, new.texts, new.fault = dict(self.veils), dict(self.texts), new.veiled
        new.log, new.late = [], []
        return new

    def database(self) -> datetime:
        """The clock of the database, by which publications are dated."""
        return self.date() if self.lying_database else self.true()

    def true(self) -> datetime:
        """The true time."""
        return self.date() - timedelta(seconds=self.skew)

    def record(self, ppa: Reference) -> Record | None:
        """The record that stands; None also where there is no PPA of this name."""
        archive = self.archives.get(ppa)
        return parsed(archive.description).record if archive is not None else None

    def content(self, entry: Entry, whole: bool = True) -> Content | Refused | Unavailable:
        """Remembers what it showed."""
        answer, ppa = super().content(entry, whole), Reference.parse(entry.url.removeprefix("memory:"))
        if isinstance(answer, Content) and answer.empty:
            self.empty_seen[ppa] = self.true()
        elif isinstance(answer, Content):
            self.content_seen[ppa] = self.boot()
        return answer

    def _store(self, ppa: Reference, text: str | None) -> None:
        archive = self.archives[ppa]
        self._judge(ppa, archive, text)
        archive.description = text

    def _judge(self, ppa: Reference, archive: Archive, text: str | None) -> None:
        before, after, say = parsed(archive.description), parsed(text), self.stage.wrong.append
        if after.human != self.words.get(ppa):
            say(f"I6: the words of {ppa.name} became {after.human!r}")
        if after.record is None:
            say(f"I6: no record is left in {ppa.name}: {after.fault}")
            return
        if after.record.nonce in self.nonces.get(ppa, frozenset()):
            say(f"record: {ppa.name} has a nonce again")
        self.nonces[ppa] = self.nonces.get(ppa, frozenset()) | {after.record.nonce}
        active = any(item.active for item in archive.items) or bool(archive.uploads)
        if before.record is None:
            if not self._looked_empty(ppa, archive):
                say(f"I5: {ppa.name} was not empty and had no record")
            return
        self._follows(ppa, before.record, after.record)
        self._stays_whole(ppa, before.record, after.record)
        if after.record.state is State.FREE and before.record.state is not State.FREE:
            self._proved(ppa, archive, after.record, active)
        if (before.record.state, after.record.state) == (State.FREE, State.USED) and active:
            say(f"I2: {ppa.name} is lent and not empty")
        if after.record.state in (State.FREE, State.USED) and self.is_used_up(ppa):
            say(f"names: {ppa.name} is {after.record.state.value}, and its name was used before")

    def _looked_empty(self, ppa: Reference, archive: Archive) -> bool:
        """Whether a look at all of it showed nothing; what came after that no request can be conditional on."""
        seen = self.empty_seen.get(ppa)
        return seen is not None and not any(item.active and item.created < seen for item in archive.items)

    def _follows(self, ppa: Reference, before: Record, after: Record) -> None:
        say = self.stage.wrong.append
        if after.serial != before.serial + 1:
            say(f"record: serial {before.serial} of {ppa.name} was followed by {after.serial}")
        if (before.state, after.state) not in PAIRS:
            say(f"I2: {ppa.name} went from {before.state.value} to {after.state.value}")
        if not {State.FREE, State.DISCARDED} & {before.state, after.state} and before.lease != after.lease:
            say(f"I1: one lease followed another in {ppa.name}, which was not free between them")
        if before.state is after.state is State.USED and after.attempt < before.attempt:
            say(f"I3: the attempt in {ppa.name} went back")

    def _stays_whole(self, ppa: Reference, before: Record, after: Record) -> None:
        """A group is lent only with all members claimed for it, and none leaves it while it is lent."""
        if before.state is State.FREE and after.state is State.USED:
            for member in after.members:
                record = self.record(member)
                claim = record.claim if record is not None else None
                if claim is None or (claim.group, claim.lead) != (after.group, ppa):
                    self.stage.wrong.append(f"whole: {ppa.name} is lent with {member.name}, which it does not claim")
        group, lead = (before.claim.group, before.claim.lead) if before.claim else (before.group, before.lead)
        leading = self.record(lead) if lead is not None else None
        if leading is None or lead in (None, ppa) or leading.until is None or leading.until <= self.true():
            return
        lent = leading.state is State.USED and leading.group == group and ppa in leading.members
        if lent and group not in (after.group, after.claim.group if after.claim else None):
            self.stage.wrong.append(f"whole: {ppa.name} leaves its group, which is lent")
        if lent and after.state is State.DIRTY:
            self.stage.wrong.append(f"whole: {ppa.name} is dirty, and its group is lent")

    def _proved(self, ppa: Reference, archive: Archive, record: Record, active: bool) -> None:
        say = self.stage.wrong.append
        since = record.since
        if any(item.active and item.created < since for item in archive.items) or archive.uploads:
            say(f"I2: {ppa.name} became free and was not empty")
        shown = self.content_seen.get(ppa)
        if shown is not None and not self.lied and self.boot() - shown < (self.date() - since).total_seconds():
            say(f"I2: {ppa.name} became free after something was seen in it")
        if archive.uploaders:
            say(f"I2: {ppa.name} became free while {archive.uploaders} may upload to it")


def _discarded(text: str | None) -> bool:
    record = parsed(text).record
    return record is not None and record.state is State.DISCARDED


def _copy(archive: Archive) -> Archive:
    new = copy.copy(archive)
    for name in LISTS:
        setattr(new, name, list(getattr(new, name)))
    new.items = [replace(item) for item in new.items]
    new.history = []
    return new
