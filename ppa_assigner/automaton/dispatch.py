"""Which event leads to what: the automaton as tables.

`COMMANDS` says who decides on a command, `ANSWERS` who makes what of an answer, `FOLLOWS` what comes after a record
stands, `ticking.tick` what time brings.  The rules themselves are in the modules that these name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..backoff import ABSENCE_AGAIN_S
from ..port import AccessDenied, Entry, Gone, Unavailable
from ..views import Sight
from . import clean, expiry, lease, operator, provision, purge, replies, rollback, verify, write
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
    Lent,
    Looked,
    LookFailed,
    Progress,
    Quarantine,
    ReadNow,
    Reconfigured,
    Refusal,
    Release,
    Resume,
    RoundDone,
    Supersede,
    Tick,
    Touch,
)
from .now import Now
from .observe import dated, not_shown, unreachable, unseen_because
from .operation import (
    Before,
    Checking,
    Comparing,
    Creating,
    Emptying,
    Examining,
    Flight,
    Granting,
    Reading,
    Surveying,
    Tracing,
    Verifying,
    Why,
    Writing,
)
from .operator import _inspected
from .provision import SurveyAnswer, _looked_into
from .requests import Read
from .state import IN_DOUBT, Known
from .timers import tick
from .transitions import Purpose
from .write import Step

ABANDONED_KEPT = 64  # many more than one PPA is searched for at a time

COMMANDS: dict[type[Command], Callable[[Known, Any, Now], Step]] = {
    Assign: lease.assign,
    Confirm: lease.confirm,
    Touch: lease.touch,
    Release: lease.release,
    GiveUp: lease.give_up,
    Supersede: lease.supersede,
    ReadNow: replies.read_now,
    CheckBurnt: lease.trace,
    Hold: operator.hold,
    Adopt: operator.adopt,
    Quarantine: operator.quarantine,
    Resume: operator.resume,
    Inspect: operator.inspect,
}

AFTER_READ: dict[type[Command], Callable[[Known, Any, Now], Step]] = {
    Confirm: lease.confirmed,
    Touch: lease.touched,
    ReadNow: replies.stands,
}
"""What is decided on the read that these commands asked for; any other is decided anew as if it had just come."""


def step(known: Known, event: Event, now: Now) -> Step:
    """What is known after the event, and what is to be done.  Never raises for anything Launchpad answers."""
    before = known
    known, effects = _step(dated(known, now), event, now)
    if (ahead := expiry.ahead(known.record, now)) != known.ahead:
        known = replace(known, ahead=ahead)
    return known, [*_news(before, known, now), *effects]


def _news(before: Known, known: Known, now: Now) -> list[Effect]:
    """What is told of a change, whatever led to it."""
    news: list[Effect] = []
    was, cleaning_ = before.cleaning, known.cleaning
    if cleaning_ is not None and (was is None or was.step != cleaning_.step):
        news.append(Progress(cleaning_))
    if known.final and not before.final and before.record is not None:
        news.append(rollback.gone(before.record, now))
    if known.barred is not None and before.barred is None:
        news.append(Alarm(f"{known.ppa}: {known.barred}"))
    return news


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
    known = lease.heard(known, command, now)
    if known.flight is not None:  # nothing is decided while an outcome is unknown
        return replace(known, waiting=(*known.waiting, command)), []
    if now.boot >= command.deadline:
        return replies.deny(known, command, Refusal.OUTAGE, "its time is up")
    if _is_in_question(known, command):
        return replies.read_first(known, command)
    return COMMANDS[type(command)](known, command, now)


def _is_in_question(known: Known, command: Command) -> bool:
    """Whether what stands may not be what is known: then nothing is written † before it was read and compared."""
    hidden = known.entry is None or known.absent is not None or known.denied is not None
    return hidden or (known.suspect > 0 and not isinstance(command, Assign))  # that is denied without a read


def _looked(known: Known, look: Looked, now: Now) -> Step:
    """A look older than what is known is ignored.  Who waits for it is served all the same if what is known rests on a
    request that left after the look began; else, and where the PPA was not listed (absence proves nothing), it is
    read alone †.
    """
    if known.flight is not None:  # a denial that lasts holds up nobody whom it does not concern
        lasting = known.sight is Sight.LASTING_DENIED and known.unreachable is None
        return known, [RoundDone(look.round, None if lasting else IN_DOUBT)]
    if look.started <= known.basis and look.started < known.asof:
        return known, [RoundDone(look.round, unseen_because(known))]
    if look.entry is None or look.started < known.asof:
        return replace(known, doing=Reading(Why.LOOK, round=look.round)), [Read()]
    known, effects = rollback.absorb(known, look.entry, look.entry.moment.started, now)
    if look.hidden is not None:
        known = replace(known, disabled=look.hidden)
    known, more = purge.check(known)
    return known, [*effects, *more, RoundDone(look.round)]


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
            return _judged(*write.answered(known, answer, now), now)
        case Reading():
            return _read(known, doing, answer, now)
        case Surveying():
            return surveyed(known, doing, answer, now)
        case Verifying():
            return lease.verified(known, doing.command, answer, now)
        case Tracing():
            return lease.traced(known, doing, answer, now)
        case Granting():
            return lease.granted(known, doing, answer, now)
    return _answered_more(known, doing, answer, now)


def _answered_more(known: Known, doing: Any, answer: Any, now: Now) -> Step:
    match doing:
        case Emptying():
            return purge.acted(known, doing.change, answer, now)
        case Examining():
            return verify.looked(known, doing.stage, answer, now)
        case Creating():
            return provision.answered(known, doing, answer, now)
        case Comparing():
            return _compared(known, doing, answer, now)
        case Checking():
            return purge.checked(known, doing, answer, now)
    raise AssertionError("an answer to nothing")


def _read(known: Known, doing: Reading, answer: Any, now: Now) -> Step:
    match doing:
        case Reading(why=Why.SETTLE):
            return _judged(*write.settled_by_read(known, answer, now), now)
        case Reading(why=Why.LOOK, round=int(round_)):
            return _looked_alone(known, answer, round_, now)
        case Reading(why=Why.AGAIN):
            return _read_again(known, answer, now)
        case Reading(command=Command() as command):
            return _read_for(known, command, answer, now)
    return clean.fenced(known, answer, now)


def _looked_alone(known: Known, answer: Any, round_: int, now: Now) -> Step:
    match answer:
        case Entry():
            known, effects = rollback.absorb(known, answer, answer.moment.started, now)
            return known, [*effects, RoundDone(round_)]
        case Gone() | AccessDenied():
            known = not_shown(known, answer)
            return known, [RoundDone(round_, unseen_because(known))]
    return unreachable(known, answer.reason), [RoundDone(round_, answer.reason)]


def _read_again(known: Known, answer: Any, now: Now) -> Step:
    """Whether it is gone or denied for longer than a moment.  One that was renamed when it was deleted is gone for
    good, and tells so itself.
    """
    match answer:
        case Entry():
            return rollback.absorb(known, answer, answer.moment.started, now)
        case Gone() | AccessDenied():
            known = _put_off(not_shown(known, answer), now)
            renamed = known.lacking and known.highest is not None
            return rollback.ask(known, Before.GIVE_UP) if renamed else (known, [])
    return _put_off(unreachable(known, answer.reason), now), []


def _put_off(known: Known, now: Now) -> Known:
    absence = known.absence
    return replace(known, absence=replace(absence, due=now.boot + ABSENCE_AGAIN_S)) if absence is not None else known


def _compared(known: Known, doing: Comparing, answer: Any, now: Now) -> Step:
    """The deleted PPAs of its name are known, or are not."""
    match doing.before:
        case Before.GIVE_UP:
            return rollback.given_up(known, answer), []
        case Before.CREATE:
            return provision.looked(known, answer, now)
        case Before.SETTLE if isinstance(answer, Unavailable) or not rollback.was_another(known, answer):
            return write.written_back_again(known, answer, now)
        case Before.SETTLE:
            return _judged(*write.never_landed(known), now)
    known, effects = rollback.compared(known, doing.command, answer, now)
    command = doing.command
    if command is None or known.flight is not None:
        return known, effects
    if isinstance(answer, Unavailable):
        known, more = replies.lost_sight(known, command, now, answer.reason)
    else:
        known, more = _decided_on_read(known, command, now)
    return known, [*effects, *more]


def _read_for(known: Known, command: Command, answer: Any, now: Now) -> Step:
    match answer:
        case Gone() | AccessDenied():
            return replies.lost_sight(not_shown(known, answer), command, now)
        case Unavailable():
            return replies.deny(unreachable(known, answer.reason), command, Refusal.OUTAGE, answer.reason)
    known, effects = rollback.absorb(known, answer, answer.moment.started, now)
    if isinstance(known.doing, Comparing):  # it may have to be written back first
        return replace(known, doing=replace(known.doing, command=command)), effects
    known, more = _decided_on_read(known, command, now)
    return known, [*effects, *more]


def _decided_on_read(known: Known, command: Command, now: Now) -> Step:
    if known.suspect > 0:
        return replies.lost_sight(known, command, now)
    return AFTER_READ.get(type(command), COMMANDS[type(command)])(known, command, now)


# -- after a write -------------------------------------------------------------------------------------------------


def _judged(known: Known, effects: list[Effect], verdict: write.Verdict, now: Now) -> Step:
    match verdict:
        case write.Landed(flight=flight, meant=True):
            known, more = _landed(known, flight, now)
            return known, [*effects, *more]
        case write.Landed(flight=flight):
            return clean.started(known), [*write.decided_again(flight), *effects]
        case write.Lost(flight=flight, entry=entry):
            known, more = rollback.absorb(known, entry, entry.moment.started, now)
            return known, [*write.decided_again(flight), *effects, *more]
    return known, effects


def _landed(known: Known, flight: Flight, now: Now) -> Step:
    known, command = clean.started(known), flight.command
    match flight.purpose, command:
        case Purpose.ASSIGN, Assign():
            return lease.grant_or_tell(known, command, fresh=True)
        case Purpose.RAISE, Confirm():
            return lease.grant_or_tell(known, command, fresh=False)
        case Purpose.TOUCH, Touch() if known.record is not None:
            return replies.tell(known, command, Lent(known.record))
        case Purpose.FOUND, Assign():
            return replies.deny(known, command, Refusal.LOST, "it was not empty")
        case ((Purpose.RESTORE | Purpose.ROLLED_BACK), Command()):
            return known, write.decided_again(flight)
        case _, Command():
            return replies.stands(known, command, now)
    return known, []


def surveyed(known: Known, doing: Surveying, answer: SurveyAnswer, now: Now) -> Step:
    """Who asked for it is told; else it is taken in, or left alone."""
    if doing.command is not None:
        return _inspected(known, doing.command, answer)
    return _looked_into(known, answer, now)
