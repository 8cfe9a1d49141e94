"""How what is known changes: by what Launchpad showed, by its silence, and what follows from the records themselves.

Rule: pure functions of what is known; nothing here decides what is to be done.  Source versions that a PPA once had,
and their files, are remembered when they were seen, since Launchpad never accepts an upload of one again
(docs/explanation/launchpad.md#burnt-versions); that a PPA never had one must be asked each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from typing import Any

from ..backoff import jitter_of
from ..packages import NamedFile, SourcePackage
from ..port import AccessDenied, Entry, Gone
from ..record import INTEGER_MAX, OVER_WITH_A_LEASE, Record, State, Text, parse, whole_seconds
from .now import AGREE, Now
from .reachability import SEEN, Seen, absent, gone_for_good, of_unknown_name, read_denied
from .state import NO_TEXT, FileDigests, WorkerState

NOT_FOUND = 404
SOURCES_KEPT = 500
VERSIONS_KEPT = 100
DIGEST_BYTES = 7  # an integer of 32 bytes of memory, where name and version take hundreds


def jitter(known: WorkerState) -> float:
    """A number in [0, 1) that looks random: jitter that can be replayed."""
    return jitter_of(f"{known.seed}/{known.draws}/jitter")


def draw_nonce(known: WorkerState) -> tuple[WorkerState, str]:
    """A nonce that was never used before: each worker has a seed of its own, and the count grows with each draw."""
    nonce = hashlib.sha256(f"{known.seed}/{known.draws}".encode()).hexdigest()[:32]
    return replace(known, draws=known.draws + 1), nonce


def with_entry(known: WorkerState, entry: Entry, asof: float, suspect: int | None = None) -> WorkerState:
    """The state after an answer that showed this entry: the newest truth, and no doubt left about reaching the PPA.
    `suspect`, if given, is set in the same copy: another copy would cost as much as the rest of a look.
    """
    text = text_of(known, entry)
    highest = text.record or known.highest  # an older record does not get here
    if known.occupied and text.record is not None:  # adopted meanwhile: its content is not a reason to wait any more
        known = replace(known, occupied=False, not_before=float("-inf"))
    return replace(
        known, entry=entry, text=text, parsed=(entry.description, text), highest=highest,
        asof=max(known.asof, asof), basis=max(known.basis, entry.moment.started), seen=entry.moment.date,
        reach=SEEN, silent=None, vanished=False, uncreated=None, make=False,
        **_silence_counts_from(known, entry), unchanged=_unchanged(known, entry, text), failures=0,
        suspect=known.suspect if suspect is None else suspect,
    )  # fmt: skip


def text_of(known: WorkerState, entry: Entry) -> Text:
    """The parsed description of an entry.  Most looks show the description of the one before, which is not parsed
    again.
    """
    description, text = known.parsed
    return text if description == entry.description else parse(entry.description)


def _silence_counts_from(known: WorkerState, entry: Entry) -> dict[str, Any]:
    """The change of `heard`: silence counts from this daemon's first look on, and again from each time the PPA can be
    reached after it could not.
    """
    if known.heard is None or known.silent is not None or not isinstance(known.reach, Seen):
        return {"heard": whole_seconds(entry.moment.date), "heard_at": entry.moment.ended}
    return {}


def with_dates_corrected(known: WorkerState, now: Now) -> WorkerState:
    """The state with `heard` corrected, if a wrong clock had told it."""
    if known.heard is None or not now.trusted or abs(now.date_of(known.heard_at) - known.heard) <= AGREE:
        return known
    return replace(known, heard=whole_seconds(now.date_of(known.heard_at)))


def _unchanged(known: WorkerState, entry: Entry, text: Text) -> float:
    """Since when the record stands, as far as this daemon saw itself: its dates may be those of a wrong clock."""
    before, after = known.text.record, text.record
    same = before is not None and after is not None and before.nonce == after.nonce
    return known.unchanged if same else entry.moment.ended


def rolled_back(highest: Record | None, text: Text) -> bool:
    """Whether a text is older than what was read or confirmed before.  A record of an unknown version is never rolled
    back.  No serial is higher than the highest there can be, which a person must have written: after it any other is
    newer.
    """
    if highest is None or text.foreign:
        return False
    if text.record is None or highest.serial == INTEGER_MAX:
        return text.record is None
    same = text.record.serial == highest.serial
    return text.record.serial < highest.serial or (same and text.record.nonce != highest.nonce)


def with_absence(known: WorkerState, gone: Gone) -> WorkerState:
    """The state with the PPA gone.  Its record is remembered, for the PPA may come back, until its absence is
    believed.
    """
    asof, basis = max(known.asof, gone.moment.ended), max(known.basis, gone.moment.started)
    reach = absent(known.reach, gone)
    known = replace(known, reach=reach, silent=None, vanished=True, asof=asof, basis=basis, seen=gone.moment.date)
    return with_ppa_gone(known) if reach.streak.lasting and not reach.final else known


def with_denial(known: WorkerState, answer: AccessDenied) -> WorkerState:
    """The state with Launchpad not showing the PPA: like an outage, since nobody can tell what is there."""
    asof, basis = max(known.asof, answer.moment.ended), max(known.basis, answer.moment.started)
    reach = read_denied(known.reach, answer.reason, answer.moment)
    return replace(known, reach=reach, silent=None, asof=asof, basis=basis)


def with_no_entry(known: WorkerState, answer: Gone | AccessDenied) -> WorkerState:
    """The state after a read of the PPA itself that showed no entry."""
    return with_nothing_there(known, answer) if isinstance(answer, Gone) else with_denial(known, answer)


def with_ppa_gone(known: WorkerState) -> WorkerState:
    """The state with the PPA gone for good, and everything that was in it: its lease is over."""
    return replace(without_ppa(known), reach=gone_for_good(known.reach), not_before=known.not_before)


def without_ppa(known: WorkerState) -> WorkerState:
    """The state without anything of the PPA that had this name, except whose lease it was."""
    record = known.record
    over = record if record is not None and record.lease is not None else known.over
    floor = max(known.floor, known.highest.serial if known.highest is not None else 0)
    return replace(
        known, over=over, floor=floor, entry=None, text=NO_TEXT,
        parsed=(None, NO_TEXT), highest=None, forbidden=None, refusals=0, occupied=False, duplicate=False, suspect=0,
        verified=None, clean=None, burnt=frozenset(), files=(), disabled=False, failures=0, not_before=float("-inf"),
    )  # fmt: skip


def with_nothing_there(known: WorkerState, gone: Gone) -> WorkerState:
    """The state with the PPA gone by a read of the PPA itself, which tells whether Launchpad knows one of that name at
    all.
    """
    known = with_absence(known, gone)
    if gone.status != NOT_FOUND:
        return known
    # A PPA that is created again has no history (docs/explanation/launchpad.md#new-ppas).
    return replace(known, reach=of_unknown_name(known.reach), burnt=frozenset(), files=(), verified=None)


def with_outage(known: WorkerState, reason: str) -> WorkerState:
    """The state with Launchpad not answering: what was known is shown with its age, and silence does not count."""
    return replace(known, silent=reason)


def made_dirty(known: WorkerState, now: Now) -> dict[str, Any]:
    """The fields that change in a record that becomes dirty: the former lease stays, and its pool (by which a retired
    PPA finds its options), and this daemon is the cleaner.
    """
    record = known.record
    began = record.since if record is not None and record.state is State.USED else None
    return {
        **OVER_WITH_A_LEASE, "state": State.DIRTY, "since": now.date, "touched": now.date,
        "cleaner": known.daemon.cleaner, "began": began,
    }  # fmt: skip


def with_sources(known: WorkerState, sources: Iterable[tuple[str, str]]) -> WorkerState:
    """The state with these sources (name, version) remembered as published here.  Where there are too many only the
    newest are kept: they only spare requests.
    """
    new = frozenset(_digest(source) for source in islice(sources, SOURCES_KEPT))
    if new <= known.burnt:
        return known
    return replace(known, burnt=known.burnt | new if len(known.burnt | new) <= SOURCES_KEPT else new)


def source_seen(known: WorkerState, sources: Iterable[SourcePackage]) -> SourcePackage | None:
    """The first of these sources that is remembered as published here, if any."""
    return next((one for one in sources if _digest(one.identity) in known.burnt), None) if known.burnt else None


def with_files(known: WorkerState, source: tuple[str, str], files: Iterable[NamedFile]) -> WorkerState:
    """The state with the files of this source (name, version) remembered, which never change; of the last ones asked
    for.
    """
    of = _digest(source)
    others = tuple(one for one in known.files if one[0] != of)[1 - VERSIONS_KEPT :]
    digests = frozenset((_digest((file.name,)), _digest((file.sha256,))) for file in files)
    return replace(known, files=(*others, (of, digests)))


def files_of(known: WorkerState, source: tuple[str, str]) -> FileDigests | None:
    """The digests of the files of this source (name, version), if they are remembered."""
    of = _digest(source)
    return next((digests for one, digests in known.files if one == of), None)


def other_content(kept: FileDigests, files: Iterable[NamedFile]) -> str | None:
    """The name of the first of these files that is among the kept ones with other content, if any."""
    sums = dict(kept)
    for file in files:
        digest = _digest((file.sha256,))
        if sums.get(_digest((file.name,)), digest) != digest:
            return file.name
    return None


def _digest(source: Iterable[str]) -> int:
    return int.from_bytes(blake2b(" ".join(source).encode(errors="replace"), digest_size=DIGEST_BYTES).digest())
