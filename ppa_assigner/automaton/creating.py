"""A PPA that the list names and Launchpad lacks is made, where the pool says so.

Invariant: it has our record from its first moment on, as dirty, so that a kill at any instant leaves a PPA that is
proved clean like any other (docs/explanation/cleaning.md#taking-in-a-ppa).  Launchpad makes no second one of a
name, so asking again does no harm.
"""

from __future__ import annotations

from dataclasses import replace

from ..backoff import FORBIDDEN
from ..port import AccessDenied, Deleted, Entry, Gone, ReadAnswer, Refused, Unavailable, Unknown
from ..record import Record, RecordError, State, compose, parse
from . import cleaning, comparing
from .asks import Create, Read
from .events import Alarm
from .known import Before, Creating, Known, Purpose
from .learning import denied, draw_nonce, not_there, shown, unreachable
from .now import Now
from .reading import absorb
from .writing import Step, back_off, moved, next_serial, unwritable

PREDECESSOR = "it is not made anew: a deleted one of its name has a record of a version that this daemon does not know"
CreateAnswer = Entry | Refused | Unknown | Unavailable


def due(known: Known) -> bool:
    """Whether it is to be made: it was never seen, or is gone for good."""
    return known.lacking and known.options.create and known.highest is None


def look_first(known: Known) -> Step:
    """What its predecessors were says whether there may be another one."""
    return comparing.ask(known, Before.CREATE)


def looked(known: Known, answer: Deleted | Unavailable, now: Now) -> Step:
    """Nothing that this daemon can read speaks against it."""
    if isinstance(answer, Unavailable):
        return back_off(known, now), []
    return _not_now(known, PREDECESSOR, now) if comparing.newer(answer) else create(known, now)


def create(known: Known, now: Now) -> Step:
    """Ask for it.  Its serial is higher than that of any record that may have stood in one of that name."""
    known, nonce = draw_nonce(known)
    record = Record(
        serial=max(next_serial(known, now), int(now.date.timestamp())), nonce=nonce, state=State.DIRTY, since=now.date,
        touched=now.date, pool=known.pool, cleaner=known.daemon.cleaner,
    )  # fmt: skip
    try:
        text = compose(None, record)
    except RecordError as error:
        return unwritable(known, None, error, now)
    displayname = known.options.baseline.displayname or known.ppa.name
    return replace(known, doing=Creating(nonce)), [Create(known.ppa, displayname, text)]


def answered(known: Known, doing: Creating, answer: CreateAnswer | ReadAnswer, now: Now) -> Step:
    """It was made; or it was not, or nobody knows: then a read tells what is there."""
    match answer:
        case Entry():
            return _is_there(known, doing, answer, now)
        case Refused() | Unknown():
            return replace(known, doing=replace(doing, outcome=answer)), [Read()]
        case Unavailable() if doing.outcome is not None:
            return back_off(unreachable(known, answer.reason), now), []
        case AccessDenied():
            return back_off(denied(known, answer), now), []
        case Gone():
            return _is_not_there(not_there(known, answer), doing.outcome, now)
    return back_off(known, now), []


def _is_there(known: Known, doing: Creating, entry: Entry, now: Now) -> Step:
    record = parse(entry.description).record
    if record is None or record.nonce != doing.nonce:  # it was there already, or another daemon was first
        return absorb(known, entry, entry.moment.started, now)
    known = cleaning.started(shown(known, entry, entry.moment.ended))
    return known, moved(None, known, Purpose.CREATE.value, now, first=False)


def _is_not_there(known: Known, outcome: Refused | Unknown | None, now: Now) -> Step:
    if not isinstance(outcome, Refused):
        return back_off(known, now), []
    return _not_now(known, f"it cannot be created: {outcome.reason}", now)


def _not_now(known: Known, reason: str, now: Now) -> Step:
    told = [Alarm(f"{known.ppa}: {reason}")] if reason != known.uncreated else []
    return replace(known, uncreated=reason, not_before=now.boot + FORBIDDEN.cap), [*told]
