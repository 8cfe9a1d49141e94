"""A lease that stands: confirm, touch, release and its other ends.

Invariants: a lease is told only after Launchpad showed it; a late command of a former owner finds another lease id and
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ..port import (
    Unavailable,
)
from ..record import Record, State, format_time, whole_seconds
from .assign import grant_or_tell
from .events import (
    Command,
    Confirm,
    GiveUp,
    LeaseShown,
    MemberShown,
    RecordShown,
    Refusal,
    Release,
    Supersede,
    Touch,
)
from .now import Now, corrected, touch_due_after, touch_fields, ttl_begins
from .observe import made_dirty
from .operation import CheckingPublished
from .replies import alive, deny, deny_plainly, ended_with_ppa, read_first, tell
from .requests import LookForPublished
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import begin

# -- a request that has its lease ----------------------------------------------------------------------------------


def confirm(known: WorkerState, command: Confirm, _: Now) -> Step:
    """Read the PPA before anything is told of a lease."""
    return read_first(known, command)


def on_confirm_read(known: WorkerState, command: Confirm, now: Now) -> Step:
    """Answer a `Confirm` on a read that began after it came.  A higher attempt is written to the record first †."""
    record, wish = known.record, command.wish
    theirs = record is None or (record.by, record.request) != (wish.by, wish.request_id)  # a client's own name
    if record is None or theirs or not alive(record, now) or record.lead is not None:  # a group is found at its lead
        return deny_plainly(known, command, Refusal.ELSEWHERE)
    if (record.owner, record.pool, record.select or "") != (wish.owner, wish.pool, str(wish.select)):
        return deny_plainly(known, command, Refusal.TAKEN)
    if record.want is not None and record.want != wish.wanted:
        return deny_plainly(known, command, Refusal.TAKEN)
    if record.attempt > wish.attempt:
        return deny_plainly(known, command, Refusal.SUPERSEDED)
    if record.attempt < wish.attempt:
        return begin(known, WriteReason.RAISE, now, command, attempt=wish.attempt, **touch_fields(record, now))
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
        return deny_plainly(known, command, Refusal.OVER if ended_with_ppa(known, command.lease) else Refusal.ELSEWHERE)
    if not alive(record, now):
        return deny_plainly(known, command, Refusal.OVER)
    if record.lead is not None:
        return tell(known, command, MemberShown(record))
    right = corrected(record, now)  # first, and in the same write: the end is computed from these times
    until, latest = _new_end(right, command, now), _latest_end(known, right)
    if until != right.until and until > latest:
        if now.trusted:
            return deny(
                known, command, Refusal.INVALID, f"ttl: this lease may last until {format_time(latest)} at the most"
            )
        until = max(right.until or latest, latest)
    due = now.stamp - right.touched >= timedelta(seconds=touch_due_after(record.idle))
    if due or right != record or until != right.until:
        changes = {"since": right.since, "until": until, **touch_fields(right, now)}
        return begin(known, WriteReason.TOUCH, now, command, **changes)
    return unwritten(known, command)


def _tell_lease(known: WorkerState, command: Command) -> Step:
    return (
        tell(known, command, LeaseShown(known.record))
        if known.record
        else deny_plainly(known, command, Refusal.ELSEWHERE)
    )


def _new_end(record: Record, command: Touch, now: Now) -> datetime:
    """The end that a touch asks for: with a ttl now + ttl, but never earlier than the end so far."""
    before, begin = record.until or now.stamp, ttl_begins(record, now)
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
        return deny_plainly(known, command, Refusal.ELSEWHERE)
    if record.state is State.DIRTY:
        return tell(known, command, RecordShown(record))
    if record.lead is not None:
        return tell(known, command, MemberShown(record))
    return end(known, WriteReason.RELEASE, now, command)


def give_up(known: WorkerState, command: GiveUp, now: Now) -> Step:
    """End a lease that nobody was told of: only while the record has the very nonce of the assignment †.  Of a group
    that is the lead's.
    """
    record = known.record
    if record is None or record.state is not State.USED or record.nonce != command.nonce or record.lead is not None:
        return deny_plainly(known, command, Refusal.ELSEWHERE)
    return begin(known, WriteReason.GIVE_UP, now, command, **(made_dirty(known, now) | {"told": False}))


def supersede(known: WorkerState, command: Supersede, now: Now) -> Step:
    """End the lease with the lower attempt, of two leases of one request †; of a group that is the lead's †."""
    record = known.record
    this = record is not None and (record.lease, record.attempt) == (command.lease, command.attempt)
    if record is None or not this or record.state is not State.USED or record.lead is not None:
        return deny_plainly(known, command, Refusal.ELSEWHERE)
    return end(known, WriteReason.SUPERSEDE, now, command)


def expire(known: WorkerState, now: Now) -> Step:
    """End the lease by time: its end has come, or its owner was silent for too long."""
    return end(known, WriteReason.EXPIRE, now)


def end(known: WorkerState, reason: WriteReason, now: Now, command: Command | None = None) -> Step:
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
