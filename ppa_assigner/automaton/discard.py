"""PPAs that are used up: discarded at their next clean in place of being freed, and deleted when that is wanted.

Invariants: a PPA is discarded only from dirty, after the right of its last lease was taken; nothing leads out of
`discarded`.  A deletion cannot be made conditional, so this daemon stands in the record as `deleter` first, over a
record that it saw unchanged for a whole `settle`, its own `deleter` included †; the deletion leaves once, soon after
that write was *sent*, and only after its answer said that the PPA is Active †
(docs/explanation/protocol.md#deleting-a-ppa).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..backoff import DELETE_SPREAD_S, FENCE_S, FORBIDDEN, TIME_AGAIN_S
from ..port import ActAnswer, Deleted, Done, Refused, Unavailable
from ..record import NOTHING_OF_A_LEASE, Record, State
from ..record_claims import Deleter
from . import rollback
from .events import Alarm
from .now import Now
from .observe import jitter
from .operation import DeletedReason, PendingWrite, Reading, ReadReason, Removing
from .requests import Read, Remove
from .state import Step, WorkerState
from .transitions import WriteReason
from .write import back_off, begin

NOT_ALLOWED = (401, 403)
DELETING = "{ppa}: it is being deleted on Launchpad, for it was discarded: {why}"
NOT_DELETED = "{ppa}: it cannot be deleted: {reason}"


# -- in place of free ----------------------------------------------------------------------------------------------


def why(known: WorkerState, record: Record) -> str | None:
    """Why this clean of the PPA ends in `discarded`; None if it ends in `free`."""
    after = known.options.as_new.after
    if record.why is None and after is not None and record.leases >= after:
        return f"it had {record.leases} lease{'s' if record.leases != 1 else ''}"
    return record.why


def why_at_once(known: WorkerState, record: Record) -> str | None:
    """Why it is discarded as it is: it will be deleted, or cleaning it has failed too often.  None if it is not."""
    deleted = known.options.delete_discarded is not None or known.deleting
    return why(known, record) if deleted or record.tries >= known.options.max_tries else None


def discard(known: WorkerState, reason: str, now: Now) -> Step:
    """Write dirty -> discarded."""
    record = known.record
    if record is None:
        return known, []
    last: dict[str, Any] = {**NOTHING_OF_A_LEASE, "by": record.by, "request": record.request, "why": reason}
    changes: dict[str, Any] = {"since": now.date, "touched": now.date, "pool": known.pool, **last}
    return begin(known, WriteReason.DISCARD, now, state=State.DISCARDED, **changes)


def read_past(known: WorkerState) -> Step:
    """Read which deleted PPAs had the name of a PPA that a daemon made, before it is cleaned."""
    return rollback.read_deleted(known, DeletedReason.PROOF)


def on_past(known: WorkerState, answer: Deleted | Unavailable, now: Now) -> Step:
    """The deleted PPAs of the name are known: it is discarded if it may not be used again †.  Where there is none,
    nothing that was meant for an earlier PPA can arrive, so as long as it is young it needs no quiet window †.
    """
    record, clean = known.record, known.clean
    if record is None or clean is None or clean.since != record.since:
        return known, []
    if isinstance(answer, Unavailable):
        return back_off(known, now), []
    if (reason := rollback.why_never_again(known, answer)) is not None:
        return discard(known, reason, now)
    age = (now.date - record.since).total_seconds()
    alone = not answer.descriptions and now.trusted and age >= 0
    fresh_until = now.boot + known.options.settle - age if alone else float("-inf")
    return replace(known, clean=replace(clean, past_known=True, fresh_until=fresh_until)), []


# -- deleting ------------------------------------------------------------------------------------------------------


def due(known: WorkerState, now: Now) -> float | None:
    """The boot time at which this daemon may write itself as the deleter; None: the PPA is not to be deleted.  Many
    that were discarded together are not deleted together.
    """
    record, after = known.record, known.options.delete_discarded
    if record is None or (after is None and not known.deleting):
        return None
    if not now.trusted:
        return max(known.not_before, now.boot + TIME_AGAIN_S)
    stood = (now.date - record.since).total_seconds()
    left = 0.0 if known.deleting or after is None else after + min(after, DELETE_SPREAD_S) * jitter(known) - stood
    return max(known.not_before, known.unchanged + known.options.settle, now.boot + max(0.0, left))


def advance(known: WorkerState, now: Now) -> Step:
    """Write this daemon as the deleter of a discarded PPA, if that is due."""
    if (at := due(known, now)) is None or now.boot < at:
        return known, []
    return begin(known, WriteReason.DELETE, now, deleter=Deleter(known.daemon.cleaner, now.date))


def on_deleter_written(known: WorkerState, pending: PendingWrite, now: Now) -> Step:
    """The record names this daemon as the deleter: delete the PPA if the answer to that write itself says so, in
    time.
    """
    not_after = pending.under_way + FENCE_S
    if pending.unsettled or now.boot >= not_after or known.entry is None or known.record is None:
        return known, []
    alarm = Alarm(DELETING.format(ppa=known.ppa, why=known.record.why or "nobody said why"))
    return replace(known, operation=Removing()), [alarm, Remove(known.entry, not_after)]


def on_removed(known: WorkerState, _: Removing, answer: ActAnswer, now: Now) -> Step:
    """The answer to the deletion, after which a read tells what became of it.  One that was lost is sent again only
    when the record stood unchanged for as long again.
    """
    if isinstance(answer, Refused) and answer.status in NOT_ALLOWED:
        known = replace(known, deleting=False, not_before=now.boot + FORBIDDEN.cap)
        return known, [Alarm(NOT_DELETED.format(ppa=known.ppa, reason=answer.reason))]
    if not isinstance(answer, Done | Refused) and not answer.sent:
        return back_off(known, now), []
    return replace(known, operation=Reading(ReadReason.AGAIN)), [Read()]
