"""How a record is written: compare-and-swap only, and what becomes of a write whose answer was lost.

Invariant: while an outcome is unknown nothing else is decided about the PPA.  A read that still shows the text we
wrote over never settles it (the request may still land); one of our nonces, another record, or a conditional write
of our own does (docs/explanation/protocol.md#settling).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..backoff import FORBIDDEN, OWN_WORK, REQUEST_ENDS_S, SETTLING, UNMANAGED_S
from ..port import (
    AccessDenied,
    Conflict,
    Content,
    Deleted,
    Entry,
    Gone,
    Lane,
    ReadAnswer,
    Refused,
    Unavailable,
    Unknown,
    WriteAnswer,
)
from ..record import INTEGER_MAX, Record, RecordError, State, compose, parse
from . import expiry
from .events import Alarm, Assign, Command, Confirm, Denied, Effect, Refusal, Reply, Requeue, Transition
from .now import Now
from .observe import absent, denied, draw_nonce, fraction, not_there, shown, unreachable
from .operation import Before, Comparing, Flight, Reading, Sent, Surveying, Why, Writing
from .requests import Read, ReadDeleted, Survey, Write
from .state import FORBIDDEN_BECAUSE, Known
from .transitions import LEGAL, Purpose

Step = tuple[Known, list[Effect]]


@dataclass(frozen=True, slots=True)
class Landed:
    """One of ours stands: what was meant, or (not `meant`) the base again, written only to settle."""

    flight: Flight
    meant: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """Somebody else's record stands, as this entry shows: ours did not land and never will."""

    flight: Flight
    entry: Entry


Verdict = Landed | Lost | None
Settled = tuple[Known, list[Effect], Verdict]
_INTENDED_AGAIN = (Purpose.RESTORE, Purpose.ROLLED_BACK)


def begin(known: Known, purpose: Purpose, now: Now, command: Command | None = None, **changes: Any) -> Step:
    """Write the known record with these changes.  Serial and nonce are set here, and nowhere else."""
    before = known.record
    if before is None or known.entry is None:
        raise AssertionError(f"{purpose} without a record to start from")
    record = replace(before, **changes)
    if before.state is record.state is State.USED and purpose not in _INTENDED_AGAIN:
        record = expiry.written(record, now)
    return start(known, purpose, record, now, command)


def start(known: Known, purpose: Purpose, record: Record, now: Now, command: Command | None = None) -> Step:
    """Write this record over what is known.  Only what LEGAL allows is ever written."""
    before, entry = known.record, known.entry
    if ((before.state if before else None), record.state) not in LEGAL[purpose] or entry is None:
        raise AssertionError(f"{purpose} may not lead from {before} to {record}")
    known, nonce = draw_nonce(known)
    record = replace(record, serial=next_serial(known, now), nonce=nonce)
    try:
        text = compose(known.text.human, record)
    except RecordError as error:
        return unwritable(known, command, error, now)
    flight = Flight(purpose, entry, record, (Sent(nonce, True),), command, under_way=now.boot)
    return replace(known, flight=flight, doing=Writing()), [Write(entry, text, _lane(command))]


def next_serial(known: Known, now: Now) -> int:
    """One more than any serial seen; a record that starts anew starts with Launchpad's clock, and so does what follows
    the highest serial that there can be.
    """
    seen = max(known.floor, *(record.serial for record in (known.record, known.highest) if record is not None), 0)
    return seen + 1 if 0 < seen < INTEGER_MAX else int(now.date.timestamp())


def answered(known: Known, answer: WriteAnswer, now: Now) -> Settled:
    """What a write's answer means: the outcomes are kept apart.  None: there is no verdict (yet)."""
    flight = _flight(known)
    match answer:
        case Entry():
            return _landed(known, answer, flight.sent[-1].meant, now)
        case Gone():
            return *_gone(absent(known, answer), now), None
        case Conflict():
            return *look_again(replace(known, flight=replace(flight, unsettled=True, under_way=now.boot))), None
        case Unknown():
            return *_in_doubt(known, now), None
        case AccessDenied() | Refused() | Unavailable() if not flight.unsettled:
            return *_not_sent(known, answer, now), None
        case AccessDenied() | Refused() if flight.base.moment.started - flight.under_way > REQUEST_ENDS_S:
            return *_not_sent(known, answer, now), None
    return *_later(known, now), None


def settled_by_read(known: Known, answer: ReadAnswer, now: Now) -> Settled:
    """What a read tells about an unsettled write."""
    flight = _flight(known)
    if isinstance(answer, Gone):
        return *_gone(not_there(known, answer), now), None
    if isinstance(answer, AccessDenied):
        return *_later(denied(known, answer), now), None
    if isinstance(answer, Unavailable):
        return *_later(unreachable(known, answer.reason), now), None
    record = parse(answer.description).record
    ours = next((sent for sent in flight.sent if record is not None and sent.nonce == record.nonce), None)
    if ours is not None:
        return _landed(known, answer, ours.meant, now)
    if _still_stands(flight.base, answer) and not (record is None and known.vanished):
        return *_settle(known, answer), None
    known, drained = _drained(_ended(known), [])
    return known, drained, Lost(flight, answer)


def _gone(known: Known, now: Now) -> Step:
    """The PPA is not there.  A write that may still be on its way binds nobody once it is gone for good: till then it
    may come back, and the write land.  Who asked for what was not written is told by a read.
    """
    flight = _flight(known)
    if flight.unsettled and not known.final:
        return _later(known, now)
    if isinstance(flight.command, Assign):
        return _drained(_ended(known), _told(flight.command, Denied(Refusal.LOST, known.fault or "")))
    return _drained(_ended(known), [Requeue(flight.command)] if flight.command is not None else [])


def retry_due(known: Known, now: Now) -> bool:
    """Whether an unsettled write is to be looked at again."""
    return known.flight is not None and known.flight.unsettled and now.boot >= known.flight.due


def look_again(known: Known) -> Step:
    """Read, to settle what is unknown."""
    return replace(known, doing=Reading(Why.SETTLE)), [Read(_lane(_flight(known).command))]


def taking_in_settled(known: Known, answer: Content | Refused | Unavailable, now: Now) -> Step:
    """The base of an unsettled taking-in still stands: it is written once more, but only if it is still empty."""
    match answer:
        case Content(empty=True):
            return _conditional(known, _flight(known).record, meant=True)
        case Content():
            known = replace(_ended(known), unreachable=None, occupied=True, not_before=now.boot + UNMANAGED_S)
            return _drained(known, [])
    return _later(unreachable(known, answer.reason), now)


def _flight(known: Known) -> Flight:
    if known.flight is None:
        raise AssertionError("no write is under way")
    return known.flight


def _lane(command: Command | None) -> Lane:
    return Lane.ASSIGN if isinstance(command, Assign | Confirm) else Lane.WORK


def unwritable(known: Known, command: Command | None, error: RecordError, now: Now) -> Step:
    """A text that Launchpad cannot hold: the door should have refused it."""
    if command is not None:
        return known, _told(command, Denied(Refusal.INVALID, str(error)))
    return back_off(known, now), [Alarm(f"{known.ppa}: its record cannot be written: {error}")]


def _still_stands(base: Entry, entry: Entry) -> bool:
    """Whether what was written over stands as before; people's words beside its record may have changed."""
    before, record = parse(base.description).record, parse(entry.description).record
    if before is None or record is None:
        return base.description == entry.description
    return before.nonce == record.nonce


def _in_doubt(known: Known, now: Now) -> Step:
    """The request stays bound to this PPA, and its caller is told so; the end follows once it is settled."""
    flight = _flight(known)
    first = not flight.unsettled
    known = replace(known, flight=replace(flight, unsettled=True, under_way=now.boot))
    if not first:
        return _later(known, now)
    known, effects = look_again(known)
    return known, [*_told(flight.command, Denied(Refusal.IN_DOUBT)), *effects]


def _later(known: Known, now: Now) -> Step:
    flight = _flight(known)
    pause = SETTLING.pause(flight.reads, fraction(known))
    flight = replace(flight, reads=flight.reads + 1, due=now.boot + pause)
    told = _told(flight.command, Denied(Refusal.IN_DOUBT)) if flight.reads == 1 else []
    return replace(known, flight=flight), told


def _settle(known: Known, entry: Entry) -> Step:
    """The base still stands: only a conditional write of our own makes the one under way fail.

    What is assigned or freed rests on a look that has grown old meanwhile, so the base is written anew, unchanged.
    Where there is no base to repeat, or what was lost is written back over it, the meant record is written.
    """
    flight, base = _flight(known), parse(entry.description)
    known = replace(known, entry=entry)
    if flight.purpose is Purpose.TAKE_IN:
        return replace(known, doing=Surveying(Why.TAKE_IN)), [Survey(entry, whole=False)]
    if flight.purpose in _INTENDED_AGAIN:
        return replace(known, doing=Comparing(Before.SETTLE)), [ReadDeleted()]
    if base.record is None:
        return _conditional(known, flight.record, meant=True)
    return _conditional(known, replace(base.record, serial=min(base.record.serial + 1, INTEGER_MAX)), meant=False)


def written_back_again(known: Known, answer: Deleted | Unavailable, now: Now) -> Step:
    """What was lost is written back once more: these are the deleted ones, and the PPA is none of them."""
    if isinstance(answer, Unavailable):
        return _later(unreachable(known, answer.reason), now)
    return _conditional(known, _flight(known).record, meant=True)


def never_landed(known: Known) -> Settled:
    """Another PPA has the name: what was to be written back never lands in it."""
    flight, entry = _flight(known), known.entry
    if entry is None:
        raise AssertionError("nothing was read")
    known, drained = _drained(_ended(replace(known, vanished=True)), [])
    return known, drained, Lost(flight, entry)


def _conditional(known: Known, record: Record, *, meant: bool) -> Step:
    """One more write of the flight, over what the last read showed."""
    flight, entry = _flight(known), known.entry
    if entry is None:
        raise AssertionError("nothing was read")
    known, nonce = draw_nonce(known)
    flight = replace(flight, base=entry, sent=(*flight.sent, Sent(nonce, meant)))
    text = compose(parse(entry.description).human, replace(record, nonce=nonce))
    return replace(known, flight=flight, doing=Writing()), [Write(entry, text, _lane(flight.command))]


def _landed(known: Known, entry: Entry, meant: bool, now: Now) -> Settled:
    flight, before = _flight(known), known.record
    known = shown(_ended(known), entry, entry.moment.ended)
    known = replace(known, suspect=0, forbidden=None, refusals=0, not_before=float("-inf"))
    effects = moved(before, known, flight.purpose.value if meant else Purpose.SETTLE.value, now, first=False)
    known, effects = _drained(known, effects)
    return known, effects, Landed(flight, meant)


def _not_sent(known: Known, answer: AccessDenied | Refused | Unavailable, now: Now) -> Step:
    """It did not land, and nothing that was sent before may any more."""
    flight, known = _flight(known), _ended(known)
    if not isinstance(answer, Unavailable):
        known = _forbidden(known, answer, now)
        return _drained(known, _told(flight.command, Denied(_refused(flight.command), answer.reason)))
    return _drained(back_off(known, now), _told(flight.command, Denied(Refusal.OUTAGE, answer.reason)))


def _forbidden(known: Known, answer: AccessDenied | Refused, now: Now) -> Known:
    """Leave it in peace, at first for a moment: a refusal may be of the account, and pass."""
    pause = FORBIDDEN.pause(known.refusals, fraction(known))
    forbidden = FORBIDDEN_BECAUSE.format(reason=answer.reason, owner=known.ppa.owner)
    return replace(known, forbidden=forbidden, refusals=known.refusals + 1, not_before=now.boot + pause)


def back_off(known: Known, now: Now) -> Known:
    """Let the clock's own work wait, longer each time that Launchpad fails in a row; seconds, with jitter."""
    pause = OWN_WORK.pause(known.failures, fraction(known))
    return replace(known, failures=known.failures + 1, not_before=now.boot + pause)


def _refused(command: Command | None) -> Refusal:
    return Refusal.LOST if isinstance(command, Assign) else Refusal.OUTAGE


def decided_again(flight: Flight) -> list[Effect]:
    """A lost assign is for the supervisor to match anew; any other command is decided again on what stands now."""
    if flight.command is None:
        return []
    if isinstance(flight.command, Assign):
        return [Reply(flight.command.token, Denied(Refusal.LOST, "another write came first"))]
    return [Requeue(flight.command)]


def over_waiting(known: Known, now: Now) -> Step:
    """Commands that have waited for an outcome until nobody waits for them."""
    late = [command for command in known.waiting if now.boot >= command.deadline]
    known = replace(known, waiting=tuple(command for command in known.waiting if command not in late))
    return known, [Reply(command.token, Denied(Refusal.OUTAGE, "its time is up")) for command in late]


def _ended(known: Known) -> Known:
    return replace(known, flight=None)


def _drained(known: Known, effects: list[Effect]) -> Step:
    """The outcome is known: what had to wait for it comes in again."""
    return replace(known, waiting=()), [*effects, *(Requeue(command) for command in known.waiting)]


def _told(command: Command | None, outcome: Denied) -> list[Effect]:
    return [Reply(command.token, outcome)] if command is not None else []


def moved(before: Record | None, known: Known, why: str, now: Now, *, first: bool) -> list[Effect]:
    """The transition to tell of, if state or lease changed.  `first`: this PPA was not seen before."""
    record = known.record
    if record is None or (before and (before.state, before.lease) == (record.state, record.lease)):
        return []
    if before is None:
        return [Transition(None, record, why, now.date, first=first)]
    lasted = (record.since - before.since).total_seconds()
    return [Transition(before.state, record, why, now.date, max(0.0, lasted), before.tries)]
