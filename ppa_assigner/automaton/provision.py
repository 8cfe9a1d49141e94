"""PPAs without a record: one that Launchpad lacks is created where the pool says so, one that is empty is taken in.

Invariant: a PPA has our record from its first moment on, as dirty, so that a kill at any instant leaves a PPA that is
proved clean like any other.  Launchpad creates no second one of a name, so asking again does no harm.  A PPA without a
record is somebody's until all of it was seen to be empty.
"""

from __future__ import annotations

from dataclasses import replace

from ..backoff import FORBIDDEN, UNMANAGED_S
from ..port import AccessDenied, Content, Deleted, Entry, Gone, ReadAnswer, Refused, Unavailable, Unknown
from ..record import Record, RecordError, State, compose, parse
from . import clean, rollback, write
from .events import Alarm, Command
from .now import Now
from .observe import denied, draw_nonce, not_there, shown, unreachable
from .operation import Before, Creating
from .requests import Create, Read
from .rollback import absorb
from .state import Known
from .transitions import Purpose
from .write import Step, back_off, moved, next_serial, start, unwritable

PREDECESSOR = "it is not made anew: a deleted one of its name has a record of a version that this daemon does not know"
CreateAnswer = Entry | Refused | Unknown | Unavailable


def due(known: Known) -> bool:
    """Whether it is to be made: it was never seen, or is gone for good."""
    return known.lacking and known.options.create and known.highest is None


def look_first(known: Known) -> Step:
    """What its predecessors were says whether there may be another one."""
    return rollback.ask(known, Before.CREATE)


def looked(known: Known, answer: Deleted | Unavailable, now: Now) -> Step:
    """Nothing that this daemon can read speaks against it."""
    if isinstance(answer, Unavailable):
        return back_off(known, now), []
    return _not_now(known, PREDECESSOR, now) if rollback.newer(answer) else create(known, now)


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
    known = clean.started(shown(known, entry, entry.moment.ended))
    return known, moved(None, known, Purpose.CREATE.value, now, first=False)


def _is_not_there(known: Known, outcome: Refused | Unknown | None, now: Now) -> Step:
    if not isinstance(outcome, Refused):
        return back_off(known, now), []
    return _not_now(known, f"it cannot be created: {outcome.reason}", now)


def _not_now(known: Known, reason: str, now: Now) -> Step:
    told = [Alarm(f"{known.ppa}: {reason}")] if reason != known.uncreated else []
    return replace(known, uncreated=reason, not_before=now.boot + FORBIDDEN.cap), [*told]


def take_in(known: Known, purpose: Purpose, now: Now, command: Command | None = None) -> Step:
    """A PPA without a record becomes dirty without an owner, and is proved clean like any other."""
    record = Record(
        serial=0, nonce="", state=State.DIRTY, since=now.date, touched=now.date, pool=known.pool,
        cleaner=known.daemon.cleaner,
    )  # fmt: skip
    return start(known, purpose, record, now, command)


SurveyAnswer = Content | Refused | Unavailable


def _looked_into(known: Known, answer: SurveyAnswer, now: Now) -> Step:
    """A PPA without a record: taken in if it is wholly empty, else somebody's, never touched until adopted."""
    if known.flight is not None:
        return write.taking_in_settled(known, answer, now)
    match answer:
        case Content(empty=True):
            return take_in(known, Purpose.TAKE_IN, now)
        case Content():
            return replace(known, occupied=True, not_before=now.boot + UNMANAGED_S), []
    return write.back_off(known, now), []
