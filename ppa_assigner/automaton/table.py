"""Which event leads to what: the automaton as tables.

`COMMANDS` says who decides on a command, `ANSWERS` who makes what of an answer, `FOLLOWS` what comes after a record
stands, `ticking.tick` what time brings.  The rules themselves are in the modules that these name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..port import Content, Entry, Gone, Unavailable
from . import cleaning, creating, dating, emptying, lending, operating, proving, reading, writing
from .asks import Read
from .events import (
    Abandoned,
    Adopt,
    Alarm,
    Answer,
    Assign,
    CheckBurnt,
    Command,
    Confirm,
    Duplicate,
    Effect,
    Event,
    GiveUp,
    Hold,
    Inspect,
    Inspected,
    Lent,
    Looked,
    LookFailed,
    No,
    Progress,
    Quarantine,
    ReadNow,
    Reconfigured,
    Release,
    Resume,
    RoundDone,
    Supersede,
    Tick,
    Touch,
)
from .known import (
    IN_DOUBT,
    UNMANAGED_S,
    Creating,
    Emptying,
    Examining,
    Flight,
    Granting,
    Known,
    Purpose,
    Reading,
    Surveying,
    Tracing,
    Verifying,
    Why,
    Writing,
)
from .learning import absent, dated, not_there, unreachable
from .now import Now
from .ticking import tick
from .writing import Step

ABANDONED_KEPT = 64  # many more than one PPA is searched for at a time

COMMANDS: dict[type[Command], Callable[[Known, Any, Now], Step]] = {
    Assign: lending.assign,
    Confirm: lending.confirm,
    Touch: lending.touch,
    Release: lending.release,
    GiveUp: lending.give_up,
    Supersede: lending.supersede,
    ReadNow: lending.read_now,
    CheckBurnt: lending.trace,
    Hold: operating.hold,
    Adopt: operating.adopt,
    Quarantine: operating.quarantine,
    Resume: operating.resume,
    Inspect: operating.inspect,
}

AFTER_READ: dict[type[Command], Callable[[Known, Any, Now], Step]] = {
    Confirm: lending.confirmed,
    Touch: lending.touched,
    ReadNow: lending.stands,
}
"""What is decided on the read that these commands asked for; any other is decided anew as if it had just come."""


def step(known: Known, event: Event, now: Now) -> Step:
    """What is known after the event, and what is to be done.  Never raises for anything Launchpad answers."""
    before = known.cleaning
    known, effects = _step(dated(known, now), event, now)
    if (ahead := dating.ahead(known.record, now)) != known.ahead:
        known = replace(known, ahead=ahead)
    after = known.cleaning
    if after is None or (before is not None and before.step == after.step):
        return known, effects
    return known, [Progress(after), *effects]


def _step(known: Known, event: Event, now: Now) -> Step:
    match event:
        case Answer():
            return _answered(known, event.value, now)
        case Command():
            return _command(known, event, now)
        case Looked():
            return _looked(known, event, now)
        case LookFailed():
            return unreachable(known, event.reason), [RoundDone(event.round, event.reason)]
        case Tick():
            return tick(known, now)
        case Duplicate():
            return _duplicate(known, event)
        case Abandoned():
            return replace(known, abandoned=(*known.abandoned[1 - ABANDONED_KEPT :], event.token)), []
        case Reconfigured():
            return replace(known, pool=event.pool, options=event.options), []


def _command(known: Known, command: Command, now: Now) -> Step:
    known = lending.heard(known, command, now)
    if known.flight is not None:  # nothing is decided while an outcome is unknown
        return replace(known, waiting=(*known.waiting, command)), []
    if now.boot >= command.deadline:
        return lending.deny(known, command, No.OUTAGE, "its time is up")
    if known.entry is None or known.absent is not None:
        return lending.read_first(known, command)
    return COMMANDS[type(command)](known, command, now)


def _looked(known: Known, look: Looked, now: Now) -> Step:
    """A look older than what is known is ignored.  Who waits for it is served all the same if what is known rests on a
    request that left after the look began; else, and where the PPA was not listed (absence proves nothing), it is
    read alone †.
    """
    if known.flight is not None:
        return known, [RoundDone(look.round, IN_DOUBT)]
    if look.started <= known.basis and look.started < known.asof:
        return known, [RoundDone(look.round, known.unreachable)]
    if look.entry is None or look.started < known.asof:
        return replace(known, doing=Reading(Why.LOOK, round=look.round)), [Read()]
    known, effects = reading.absorb(known, look.entry, look.entry.moment.started, now)
    return known, [*effects, RoundDone(look.round)]


def _duplicate(known: Known, event: Duplicate) -> Step:
    if event.found == known.duplicate:
        return known, []
    told = [Alarm(f"{known.ppa}: another PPA is lent under the same request and attempt")] if event.found else []
    return replace(known, duplicate=event.found), [*told]


# -- answers -------------------------------------------------------------------------------------------------------


def _answered(known: Known, answer: Any, now: Now) -> Step:
    doing = known.doing
    known = replace(known, doing=None)
    match doing:
        case Writing():
            return _judged(*writing.answered(known, answer, now), now)
        case Reading():
            return _read(known, doing, answer, now)
        case Surveying():
            return _surveyed(known, doing, answer, now)
        case Verifying():
            return lending.verified(known, doing.command, answer, now)
        case Tracing():
            return lending.traced(known, doing, answer, now)
        case Granting():
            return lending.granted(known, doing, answer, now)
        case Emptying():
            return emptying.acted(known, doing.change, answer, now)
        case Examining():
            return proving.looked(known, doing.stage, answer, now)
        case Creating():
            return creating.answered(known, doing, answer, now)
    raise AssertionError("an answer to nothing")


def _read(known: Known, doing: Reading, answer: Any, now: Now) -> Step:
    match doing:
        case Reading(why=Why.SETTLE):
            return _judged(*writing.settled_by_read(known, answer, now), now)
        case Reading(why=Why.LOOK, round=int(round_)):
            return _looked_alone(known, answer, round_, now)
        case Reading(command=Command() as command):
            return _read_for(known, command, answer, now)
    return cleaning.fenced(known, answer, now)


def _surveyed(known: Known, doing: Surveying, answer: Any, now: Now) -> Step:
    if doing.command is not None:
        return _inspected(known, doing.command, answer)
    return _looked_into(known, answer, now)


def _looked_alone(known: Known, answer: Any, round_: int, now: Now) -> Step:
    match answer:
        case Entry():
            known, effects = reading.absorb(known, answer, answer.moment.started, now)
            return known, [*effects, RoundDone(round_)]
        case Gone():
            return not_there(known, answer), [RoundDone(round_)]
    return unreachable(known, answer.reason), [RoundDone(round_, answer.reason)]


def _read_for(known: Known, command: Command, answer: Any, now: Now) -> Step:
    match answer:
        case Gone():
            return lending.lost_sight(known, command, answer)
        case Unavailable():
            return lending.deny(unreachable(known, answer.reason), command, No.OUTAGE, answer.reason)
    known, effects = reading.absorb(known, answer, answer.moment.started, now)
    if known.flight is not None:  # it had to be written back first
        return replace(known, flight=replace(known.flight, command=command)), effects
    known, more = AFTER_READ.get(type(command), COMMANDS[type(command)])(known, command, now)
    return known, [*effects, *more]


def _looked_into(known: Known, answer: Any, now: Now) -> Step:
    """A PPA without a record: taken in if it is wholly empty, else somebody's, never touched until adopted."""
    if known.flight is not None:
        return writing.taking_in_settled(known, answer, now)
    match answer:
        case Content(empty=True):
            return operating.take_in(known, Purpose.TAKE_IN, now)
        case Gone():
            return absent(known, answer), []
        case Content():
            return replace(known, occupied=True, not_before=now.boot + UNMANAGED_S), []
    return writing.back_off(known, now), []


def _inspected(known: Known, command: Inspect, answer: Any) -> Step:
    match answer:
        case Content():
            return lending.tell(known, command, Inspected(answer))
        case Gone():
            return lending.lost_sight(known, command, answer)
    return lending.deny(known, command, No.OUTAGE, answer.reason)


# -- after a write -------------------------------------------------------------------------------------------------


def _judged(known: Known, effects: list[Effect], verdict: writing.Verdict, now: Now) -> Step:
    match verdict:
        case writing.Landed(flight=flight, meant=True):
            known, more = _landed(known, flight, now)
            return known, [*effects, *more]
        case writing.Landed(flight=flight):
            return cleaning.started(known), [*writing.decided_again(flight), *effects]
        case writing.Lost(flight=flight, entry=entry):
            known, more = reading.absorb(known, entry, entry.moment.started, now)
            return known, [*writing.decided_again(flight), *effects, *more]
    return known, effects


def _landed(known: Known, flight: Flight, now: Now) -> Step:
    known, command = cleaning.started(known), flight.command
    match flight.purpose, command:
        case Purpose.ASSIGN, Assign():
            return lending.grant_or_tell(known, command, fresh=True)
        case Purpose.RAISE, Confirm():
            return lending.grant_or_tell(known, command, fresh=False)
        case Purpose.TOUCH, Touch() if known.record is not None:
            return lending.tell(known, command, Lent(known.record))
        case Purpose.FOUND, Assign():
            return lending.deny(known, command, No.LOST, "it was not empty")
        case ((Purpose.RESTORE | Purpose.ROLLED_BACK), Command()):
            return known, writing.decided_again(flight)
        case _, Command():
            return lending.stands(known, command, now)
    return known, []
