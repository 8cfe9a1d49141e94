"""Assign, confirm, touch, release and the other ends of a lease.

Invariants: nothing is lent that was not looked into recently enough, or that ever had what is to be uploaded; a lease
is told only after Launchpad showed it; a late command of a former owner finds another lease id and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ..backoff import FENCE_S
from ..port import (
    AccessDenied,
    ActAnswer,
    Done,
    Entry,
    Gone,
    Lane,
    NewContent,
    PublishedVersions,
    ReadAnswer,
    Refused,
    SourceFiles,
    Unavailable,
)
from ..record import HOST, INTEGER_MAX, Record, State, format_time, whole_seconds
from ..views import Condition
from . import burnt, expiry
from .events import (
    DEADLINE_EXCEEDED,
    Assign,
    CheckBurnt,
    Command,
    Confirm,
    Denied,
    GiveUp,
    LeaseShown,
    RecordShown,
    Refusal,
    Release,
    Reply,
    Supersede,
    Touch,
)
from .expiry import touch_due_after
from .now import Now
from .observe import made_dirty, with_no_entry, with_outage
from .operation import CheckingContent, CheckingFiles, CheckingPublished, CheckingSource, Granting
from .replies import alive, deny, ended_with_ppa, read_first, tell, tell_record
from .requests import Apply, Grant, LookForNewContent, LookForPublished, Read
from .rollback import on_entry
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import begin, write_record

UNGRANTED = "the upload right could not be given yet"
OF_WHOM = (401, 403, 404, 410)
"""Answers to a grant that may have been given of the PPA, or of the person."""


# -- assign --------------------------------------------------------------------------------------------------------


def assign(known: WorkerState, command: Assign, now: Now) -> Step:
    """Lend a free PPA, once it is certain that it never had the sources to be uploaded and that nothing has arrived in
    it.
    """
    record, entry = known.record, known.entry
    if record is None or entry is None or record.state is not State.FREE or known.condition is not Condition.OK:
        return deny(known, command, Refusal.LOST, "not free")
    if command.nonce != record.nonce:  # a source that it had not had then, it may have had in another lease since
        command = replace(command, left=None, unread=(), nonce=record.nonce)
    return check_sources(known, command, now)


def _verify(known: WorkerState, command: Assign, record: Record, entry: Entry, now: Now) -> Step:
    if _looked_into(known, record, now):
        return _lend(known, command, now)
    return replace(known, operation=CheckingContent(command)), [LookForNewContent(entry, _since(known, record, now))]


def on_new_content(known: WorkerState, operation: CheckingContent, answer: NewContent | Unavailable, now: Now) -> Step:
    """The answer to the look for new content.  The lease is written after it, never before."""
    command = operation.command
    match answer:
        case NewContent(count=0, moment=moment):
            return _lend(replace(known, verified=moment.started), command, now)
        case NewContent():
            return begin(known, WriteReason.FOUND, now, command, **made_dirty(known, now))
    return deny(with_outage(known, answer.reason), command, Refusal.OUTAGE, answer.reason)


def _looked_into(known: WorkerState, record: Record, now: Now) -> bool:
    """Whether a look not older than `verify_age` exists: this daemon's, or the last one of the proof that made the PPA
    free.
    """
    age = known.options.verify_age
    if age is None:
        return True
    if known.verified is not None and now.boot - known.verified < age:
        return True
    recent = timedelta(0) <= now.date - record.since < timedelta(seconds=age)
    return recent and now.trusted and _watched_since(record.since, now)


def _since(known: WorkerState, record: Record, now: Now) -> datetime | None:
    """The time from which on new content is looked for; None: any content.  A date counts only if this daemon has seen
    both clocks agree ever since: that of the record, or of this daemon's own last look at all content.
    """
    looked = now.date_of(known.verified) if known.verified is not None else None
    since = next((date for date in (record.since, looked) if date and _watched_since(date, now)), None)
    return min(since, now.date) - timedelta(seconds=known.options.settle) if since is not None else None


def _watched_since(date: datetime, now: Now) -> bool:
    return now.agreeing_since is not None and date >= now.date_of(now.agreeing_since)


def check_sources(known: WorkerState, command: Assign | CheckBurnt, now: Now) -> Step:
    """Ask what decides whether the PPA can take the sources, a step at a time; then look into it and lend it."""
    return burnt.check(known, command, now, _on_clear_past)


def on_past(
    known: WorkerState, operation: CheckingSource, answer: bool | PublishedVersions | Unavailable, now: Now
) -> Step:
    """The answer whether the PPA had that source."""
    return burnt.on_past(known, operation, answer, now, _on_clear_past)


def on_files(known: WorkerState, operation: CheckingFiles, answer: SourceFiles | Unavailable, now: Now) -> Step:
    """The answer which files a version of it had."""
    return burnt.on_files(known, operation, answer, now, _on_clear_past)


def _on_clear_past(known: WorkerState, command: Assign | CheckBurnt, now: Now) -> Step:
    if isinstance(command, CheckBurnt):
        return tell_record(known, command, now)
    if known.record is None or known.entry is None:
        return deny(known, command, Refusal.LOST)
    return _verify(known, command, known.record, known.entry, now)


def _lend(known: WorkerState, command: Assign, now: Now) -> Step:
    if now.boot >= command.deadline:
        return deny(known, command, Refusal.OUTAGE, DEADLINE_EXCEEDED)
    return write_record(known, WriteReason.ASSIGN, _record_of(known, command, now), now, command)


def _record_of(known: WorkerState, command: Assign, now: Now) -> Record:
    """What is written for a new lease; what the wish leaves open is as the pool's options say."""
    wish, options = command.wish, known.options
    ttl, idle = (options.ttl if wish.ttl is None else wish.ttl), (options.idle if wish.idle is None else wish.idle)
    return Record(
        serial=0, nonce="", state=State.USED, since=now.stamp, touched=now.stamp, pool=known.pool,
        until=now.stamp + timedelta(seconds=ttl), owner=wish.owner, lease=command.lease, request=wish.request_id,
        attempt=wish.attempt, idle=None if idle is None else max(1, round(idle)), by=wish.by, note=wish.note,
        uploader=wish.uploader, clock=HOST if now.by_host else None, leases=_counted(known),
    )  # fmt: skip


def _counted(known: WorkerState) -> int:
    """How many leases the PPA had, with the one that begins now."""
    return min((known.record.leases if known.record is not None else 0) + 1, INTEGER_MAX)


def grant_or_tell(known: WorkerState, command: Assign | Confirm, *, fresh: bool) -> Step:
    """Grant the upload right, again if need be, before any lease is told; soon after an answer that showed the
    lease.
    """
    record, entry = known.record, known.entry
    if record is None or entry is None or record.uploader is None:
        return tell(known, command, LeaseShown(record, fresh)) if record else deny(known, command, Refusal.ELSEWHERE)
    known = replace(known, operation=Granting(command, fresh))
    return known, [Apply(Grant(record.uploader), entry, entry.moment.started + FENCE_S, Lane.ASSIGN)]


def on_grant(known: WorkerState, operation: Granting, answer: ActAnswer | ReadAnswer, now: Now) -> Step:
    """The answer to a grant.  The lease is told only with its right; a refused right ends a lease that nobody was told
    of yet.
    """
    command, record = operation.command, known.record
    match answer:
        case Done() if record is not None:
            return tell(known, command, LeaseShown(record, operation.fresh))
        case Refused(status=status) if status in OF_WHOM:
            return replace(known, operation=replace(operation, refused=answer)), [Read(Lane.ASSIGN)]
        case Refused():
            return _on_refused_right(known, operation, answer, now)
        case Entry() if operation.refused is not None:
            return _on_refused_here(known, operation, operation.refused, answer, now)
        case Gone() | AccessDenied():
            known = with_no_entry(known, answer)
    return deny(known, command, Refusal.UNTOLD, UNGRANTED)


def _on_refused_here(known: WorkerState, operation: Granting, refused: Refused, entry: Entry, now: Now) -> Step:
    """The PPA is there and shown: so the refusal was about the person."""
    lease = known.record.lease if known.record is not None else None
    known, effects = on_entry(known, entry, entry.moment.started, now)
    if known.operation is not None or known.record is None or known.record.lease != lease:
        return known, [*effects, Reply(operation.command.token, Denied(Refusal.UNTOLD, UNGRANTED))]
    known, more = _on_refused_right(known, operation, refused, now)
    return known, [*effects, *more]


def _on_refused_right(known: WorkerState, operation: Granting, refused: Refused, now: Now) -> Step:
    """The person cannot have the right: say so, and give up a fresh lease."""
    record = known.record
    if record is None or record.lease is None:
        return deny(known, operation.command, Refusal.UNTOLD, UNGRANTED)
    known, effects = deny(known, operation.command, Refusal.INVALID, f"uploader {record.uploader}: {refused.reason}")
    if not operation.fresh:
        return known, effects
    known, more = begin(known, WriteReason.GIVE_UP, now, **(made_dirty(known, now) | {"uploader": None, "told": False}))
    return known, [*effects, *more]


# -- a request that has its lease ----------------------------------------------------------------------------------


def confirm(known: WorkerState, command: Confirm, _: Now) -> Step:
    """Read the PPA before anything is told of a lease."""
    return read_first(known, command)


def on_confirm_read(known: WorkerState, command: Confirm, now: Now) -> Step:
    """Answer a `Confirm` on a read that began after it came.  A higher attempt is written to the record first †."""
    record, wish = known.record, command.wish
    theirs = record is None or (record.by, record.request) != (wish.by, wish.request_id)  # a client's own name
    if record is None or theirs or not alive(record, now):
        return deny(known, command, Refusal.ELSEWHERE)
    if (record.owner, record.pool) != (wish.owner, wish.pool):
        return deny(known, command, Refusal.TAKEN)
    if record.attempt > wish.attempt:
        return deny(known, command, Refusal.SUPERSEDED)
    if record.attempt < wish.attempt:
        return begin(known, WriteReason.RAISE, now, command, attempt=wish.attempt, **expiry.touch_fields(record, now))
    return grant_or_tell(known, command, fresh=False)


# -- touch ---------------------------------------------------------------------------------------------------------


def touch(known: WorkerState, command: Touch, now: Now) -> Step:
    """Write a touch when `touched` is old or the end moves; else only read."""
    return _touch(known, command, now, read_first)


def on_touch_read(known: WorkerState, command: Touch, now: Now) -> Step:
    """Answer a touch on a read that began after it came, or write it if that read shows that it is due."""
    return _touch(known, command, now, _tell_lease)


def count_touch(known: WorkerState, command: Touch, now: Now) -> WorkerState:
    """The state with a touch counted as proof of life, whether or not it can be written."""
    record = known.record
    if record is None or (record.state, record.lease) != (State.USED, command.lease):
        return known
    return replace(known, heard=now.date, heard_at=now.boot)


def _touch(known: WorkerState, command: Touch, now: Now, unwritten: Callable[[WorkerState, Touch], Step]) -> Step:
    record = known.record
    if record is None or record.lease != command.lease:
        return deny(known, command, Refusal.OVER if ended_with_ppa(known, command.lease) else Refusal.ELSEWHERE)
    if not alive(record, now):
        return deny(known, command, Refusal.OVER)
    right = expiry.corrected(record, now)  # first, and in the same write: the end is computed from these times
    until, latest = _new_end(right, command, now), _latest_end(known, right)
    if until != right.until and until > latest:
        if now.trusted:
            return deny(
                known, command, Refusal.INVALID, f"ttl: this lease may last until {format_time(latest)} at the most"
            )
        until = max(right.until or latest, latest)
    due = now.stamp - right.touched >= timedelta(seconds=touch_due_after(record.idle))
    if due or right != record or until != right.until:
        changes = {"since": right.since, "until": until, **expiry.touch_fields(right, now)}
        return begin(known, WriteReason.TOUCH, now, command, **changes)
    return unwritten(known, command)


def _tell_lease(known: WorkerState, command: Command) -> Step:
    return tell(known, command, LeaseShown(known.record)) if known.record else deny(known, command, Refusal.ELSEWHERE)


def _new_end(record: Record, command: Touch, now: Now) -> datetime:
    """The end that a touch asks for: with a ttl now + ttl, but never earlier than the end so far."""
    before, begin = record.until or now.stamp, expiry.ttl_begins(record, now)
    return before if command.ttl is None else max(before, whole_seconds(begin + timedelta(seconds=command.ttl)))


def _latest_end(known: WorkerState, record: Record) -> datetime:
    """The latest end that the pool allows for this lease."""
    return record.since + timedelta(seconds=known.options.max_ttl)


# -- the ends of a lease -------------------------------------------------------------------------------------------


def release(known: WorkerState, command: Release, now: Now) -> Step:
    """End the lease: used -> dirty.  Repeatable while the dirty record remembers the lease."""
    record = known.record
    if ended_with_ppa(known, command.lease):  # whatever has the name now is another PPA
        return tell(known, command, RecordShown(None))
    if record is None or record.lease != command.lease:
        return deny(known, command, Refusal.ELSEWHERE)
    if record.state is State.DIRTY:
        return tell(known, command, RecordShown(record))
    return _end(known, WriteReason.RELEASE, now, command)


def give_up(known: WorkerState, command: GiveUp, now: Now) -> Step:
    """End a lease that nobody was told of: only while the record has the very nonce of the assignment †."""
    record = known.record
    if record is None or record.state is not State.USED or record.nonce != command.nonce:
        return deny(known, command, Refusal.ELSEWHERE)
    return begin(known, WriteReason.GIVE_UP, now, command, **(made_dirty(known, now) | {"told": False}))


def supersede(known: WorkerState, command: Supersede, now: Now) -> Step:
    """End the lease with the lower attempt, of two leases of one request †."""
    record = known.record
    this = record is not None and (record.lease, record.attempt) == (command.lease, command.attempt)
    if not this or known.state is not State.USED:
        return deny(known, command, Refusal.ELSEWHERE)
    return _end(known, WriteReason.SUPERSEDE, now, command)


def expire(known: WorkerState, now: Now) -> Step:
    """End the lease by time: its end has come, or its owner was silent for too long."""
    return _end(known, WriteReason.EXPIRE, now)


def _end(known: WorkerState, reason: WriteReason, now: Now, command: Command | None = None) -> Step:
    """used -> dirty.  Where it stays readable, it is asked first whether anything was published: afterwards it is being
    deleted.
    """
    if known.snapshots is None or known.entry is None or known.record is None:
        return begin(known, reason, now, command, **made_dirty(known, now))
    asked = LookForPublished(known.entry, known.record.since)
    return replace(known, operation=CheckingPublished(reason, command)), [asked]


def on_published(known: WorkerState, operation: CheckingPublished, answer: bool | Unavailable, now: Now) -> Step:
    """The answer whether anything was published; the lease ends whatever it is, and without one something may have
    been.
    """
    changes = made_dirty(known, now) | {"published": answer is not False}
    return begin(known, operation.reason, now, operation.command, **changes)
