"""What a look or a read shows: the newest truth, or an old description that somebody put back.

Invariant: a record never goes back.  What a worker knew as used or dirty is written again at once; what it knew as free
is not lent and, after two looks, cleaned (docs/explanation/protocol.md#rollback).  But only in the PPA that had it:
never in one that was gone meanwhile, and never before the deleted ones of its name were read.  A deleted PPA keeps its
description (docs/explanation/launchpad.md#deleted-ppas): one with our last record in it was the one that is known.
"""

from __future__ import annotations

from dataclasses import replace

from ..port import Deleted, Entry, Unavailable
from ..record import Record, State, Text, parse
from .events import Alarm, Command, Effect, Transition
from .now import Now
from .observe import made_dirty, rolled_back, text_of, with_entry, with_ppa_gone, without_ppa
from .operation import DeletedReason, ReadingDeleted
from .reachability import SEEN
from .requests import ReadDeleted
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import back_off, begin, transitions_of

LOOKS_BEFORE_DIRTY = 2
GONE = "gone"


def read_deleted(known: WorkerState, before: DeletedReason) -> Step:
    """Read the deleted PPAs of this name first."""
    return replace(known, operation=ReadingDeleted(before)), [ReadDeleted()]


def was_replaced(known: WorkerState, answer: Deleted) -> bool:
    """Whether a deleted PPA had the record that is known, or a later one: then the PPA that has the name now is new."""
    highest = known.highest
    return highest is not None and any(_is_it(record, highest, later=True) for record in _records(answer))


def on_deleted_for_give_up(known: WorkerState, answer: Deleted | Unavailable) -> WorkerState:
    """The PPA is not there under its name: it is gone for good if a deleted one has the very record that is known."""
    highest = known.highest
    if isinstance(answer, Unavailable) or highest is None:
        return known
    very = any(_is_it(record, highest, later=False) for record in _records(answer))
    return with_ppa_gone(known) if very else known


def why_never_again(known: WorkerState, answer: Deleted) -> str | None:
    """Why the name of these deleted PPAs is not used again; None if it may be.  A name of a growing pool never is: an
    upload that was meant for the deleted PPA would land in the new one †.
    """
    if answer.descriptions and known.options.grow is not None and known.ppa in known.options.grow.names:
        return "it had a PPA before that is deleted, and names of a growing pool are used once"
    if any(record.state is State.DISCARDED for record in _records(answer)):
        return "a deleted one of its name was discarded"
    if any(parse(description).foreign for description in answer.descriptions):
        return "a deleted one of its name has a record of a version that this daemon does not know"
    return None


def _records(answer: Deleted) -> list[Record]:
    records = (parse(description).record for description in answer.descriptions)
    return [record for record in records if record is not None]


def _is_it(record: Record, highest: Record, *, later: bool) -> bool:
    return record.nonce == highest.nonce or (later and record.serial >= highest.serial)


def on_entry(known: WorkerState, entry: Entry, asof: float, now: Now) -> Step:
    """Take in an entry whose request left at `asof` (boot time), or begin to write back the record that it lost."""
    if rolled_back(known.highest, text_of(known, entry)):
        return on_recreated(known, entry, asof, now) if known.vanished else _on_rolled_back(known, entry, asof)
    before, first = known.record, known.entry is None
    known = with_entry(known, entry, asof, suspect=0)
    effects = transitions_of(before, known, "seen", now, first=first)
    return (replace(known, clean=None), effects) if effects else (known, effects)


def on_recreated(known: WorkerState, entry: Entry, asof: float, now: Now) -> Step:
    """Another PPA has the name.  Its record holds; without one its content is somebody's."""
    before, known = known.record, with_entry(without_ppa(known), entry, asof)
    effects: list[Effect] = [gone_transition(before, now)] if before is not None else []
    return known, [*effects, *transitions_of(None, known, "seen", now, first=False)]


def gone_transition(record: Record, now: Now) -> Transition:
    """The transition to report when the PPA of this record is gone for good."""
    lasted = max(0.0, (now.date - record.since).total_seconds())
    return Transition(record.state, record, GONE, now.date, lasted, record.tries, gone=True)


def _on_rolled_back(known: WorkerState, entry: Entry, asof: float) -> Step:
    """An old description was put back: keep what is known of the lease, and write it back once the deleted PPAs are
    known.
    """
    highest = known.highest
    text = text_of(known, entry)
    # What stands is kept as the base of the write to come; what is known of the lease stays as it was.
    known = replace(
        known, entry=entry, text=Text(text.human, highest), asof=max(known.asof, asof),
        basis=max(known.basis, entry.moment.started), seen=entry.moment.date, reach=SEEN,
        silent=None, verified=None, suspect=known.suspect + 1,
    )  # fmt: skip
    alarm: Effect = Alarm(f"{known.ppa}: an old or foreign description was put back; {_what(text)}")
    if highest is not None and highest.state is State.FREE and known.suspect < LOOKS_BEFORE_DIRTY:
        return known, [alarm]
    known, effects = read_deleted(known, DeletedReason.WRITE_BACK)
    return known, [alarm, *effects]


def on_deleted(known: WorkerState, command: Command | None, answer: Deleted | Unavailable, now: Now) -> Step:
    """The deleted PPAs of this name are known: write back what was lost, if it was lost in this PPA."""
    if isinstance(answer, Unavailable) or known.entry is None:
        return back_off(known, now), []
    if was_replaced(known, answer):
        return on_recreated(known, known.entry, known.entry.moment.started, now)
    return _write_back(known, command, now)


def _write_back(known: WorkerState, command: Command | None, now: Now) -> Step:
    """Write the known record again; what was free becomes dirty."""
    if known.highest is not None and known.highest.state is not State.FREE:
        return begin(known, WriteReason.RESTORE, now, command)
    return begin(known, WriteReason.ROLLED_BACK, now, command, **made_dirty(known, now))


def _what(text: Text) -> str:
    if text.record is None:
        return text.fault or "no record"
    return f"{text.record.state.value}, serial {text.record.serial}"
