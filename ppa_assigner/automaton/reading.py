"""What a look or a read tells: the newest truth, or a text from the past that somebody brought back.

Invariant: a record never goes back.  What a worker knew as used or dirty is written again at once; what it knew as
free is lent no more and, after two looks, cleaned (design, section 2, Rollback).
"""

from __future__ import annotations

from dataclasses import replace

from ..port import Entry
from ..record import State, Text
from .events import Alarm, Effect
from .known import Known, Purpose
from .learning import made_dirty, rolled_back, shown, text_of
from .now import Now
from .writing import Step, begin, moved

LOOKS_BEFORE_DIRTY = 2


def absorb(known: Known, entry: Entry, asof: float, now: Now) -> Step:
    """Take in what an answer showed whose request left at `asof` (boot time), or write back what it lost."""
    if rolled_back(known.highest, text_of(known, entry)):
        return _brought_back(known, entry, asof, now)
    before, first = known.record, known.entry is None
    known = shown(known, entry, asof, suspect=0)
    effects = moved(before, known, "seen", now, first)
    return (replace(known, clean=None), effects) if effects else (known, effects)


def _brought_back(known: Known, entry: Entry, asof: float, now: Now) -> Step:
    highest = known.highest
    text = text_of(known, entry)
    # What stands is kept as the base of the write to come; what is known of the lease stays as it was.
    known = replace(
        known, entry=entry, text=replace(text, record=highest, fault=None), asof=max(known.asof, asof),
        basis=max(known.basis, entry.moment.started),
        seen=entry.moment.date, absent=None, lacking=False, uncreated=None, unreachable=None, verified=None,
        suspect=known.suspect + 1,
    )  # fmt: skip
    alarm: Effect = Alarm(f"{known.ppa}: an old or foreign description was put back; {_what(text)}")
    if highest is not None and highest.state is not State.FREE:
        known, effects = begin(known, Purpose.RESTORE, now)
        return known, [alarm, *effects]
    if known.suspect < LOOKS_BEFORE_DIRTY:
        return known, [alarm]
    known, effects = begin(known, Purpose.ROLLED_BACK, now, **made_dirty(known, now))
    return known, [alarm, *effects]


def _what(text: Text) -> str:
    if text.record is None:
        return text.fault or "no record"
    return f"{text.record.state.value}, serial {text.record.serial}"
