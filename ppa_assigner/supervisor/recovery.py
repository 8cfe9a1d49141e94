"""Does a request have a lease already, or two?  It is searched for, and asked of Launchpad before it is told; of two
leases of one request, by a late PATCH of a killed daemon or by two daemons, the lower ends.

Invariants: what is found out for an attempt rests on a look that began after that attempt came, and that saw every PPA
where the lease might be: that it was not seen does not mean that it is not there; for a first attempt memory tells.  A
lease is told only on an answer that began after the request came, with the attempt of the request in its record
(docs/explanation/protocol.md#attempts).  Of two leases the one with the lower attempt ends, once a read that began
after it was seen shows the higher still used; with equal attempts neither does, and both are shown as `duplicate`
(docs/explanation/protocol.md#two-leases-of-one-request).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ..automaton.events import (
    Confirm,
    Denied,
    Duplicate,
    LeaseShown,
    Outcome,
    ReadNow,
    RecordShown,
    Refusal,
    Supersede,
)
from ..backoff import AVOID_S, SEARCH_AGAIN_S, SEARCH_TURN_S
from ..record import Record, State
from ..reference import Reference
from ..views import Condition, Snapshot
from . import groups, queue, refusals, unclaimed
from .core import Core
from .events import Send
from .group_steps import Adopts
from .looks import unseen
from .requests import Avoided, Key, PendingRequest, RequestId, Stage, key_in, nonce_of
from .steps import Compare, Confirms, Decide, Found, ReadsHigher, Search, SearchAgain, Supersedes, TryAgain, TurnIsOver
from .timers import Failures

NEWER = "{}: its record is of a version that this daemon does not know, and names this request"


# -- searched for ------------------------------------------------------------------------------------------------------


def search(core: Core, request: PendingRequest) -> bool:
    """Search; whether that is over already.  Else the calls whose wait is over meanwhile are told that it failed."""
    if request.attempt == 0 and core.ready:
        request.search += 1
        request.searched, request.outage = request.attempt, None
        return True
    if request.stage is not Stage.SEARCHING or request.search == 0:
        request.search_since = core.now.boot
    request.bound, request.search = None, request.search + 1
    core.requests.put(request, Stage.SEARCHING)
    core.at(request.search_since + SEARCH_TURN_S, TurnIsOver(request.wish.pool))
    core.want_look(Search(request.id, request.search), under_way=request.attempt == 0)
    return False


def on_look(core: Core, waits: Search, failed: Failures) -> None:
    """Only the look that was asked for last counts: an earlier one began before the attempt was raised."""
    request = _searched(core, waits.request, waits.search, Stage.SEARCHING)
    if request is None:
        return
    why_not = _why_not(core, request, failed)
    if why_not is None:
        # All who waited for this look are in the queue again before the first of them is served.
        request.searched, request.outage = request.attempt, None
        core.requests.put(request, Stage.WAITING)
        core.later(Found(request.id, request.search))
        return
    request.outage = why_not
    core.after(SEARCH_AGAIN_S, SearchAgain(request.id, request.search))
    for call in [call for call in request.calls.values() if core.ready and call.until <= core.now.boot]:
        queue.end(core, request, call.id, refusals.unavailable(core, request, why_not))


def on_found(core: Core, step: Found) -> None:
    """All who waited for the same look are in the queue: see what this one gets."""
    if _searched(core, step.request, step.search, Stage.WAITING) is not None:
        core.then(Decide(step.request))


def on_search_again(core: Core, step: SearchAgain) -> None:
    """The look before did not see every PPA."""
    request = _searched(core, step.request, step.search, Stage.SEARCHING)
    if request is not None and search(core, request):
        core.then(Decide(request.id))


def _searched(core: Core, number: RequestId, count: int, stage: Stage) -> PendingRequest | None:
    request = current(core, number, stage)
    return request if request is not None and request.search == count else None


def current(core: Core, number: RequestId, stage: Stage) -> PendingRequest | None:
    """The request of this number, if it is still on its way, and so far."""
    request = core.requests.by_id.get(number)
    return request if request is not None and request.stage is stage and core.requests.is_current(request) else None


def _why_not(core: Core, request: PendingRequest, failed: Failures) -> str | None:
    if not core.ready:
        return core.trouble or "the first look at the PPAs is not over"
    if request.attempt == 0:
        return None
    concerns = partial(core.registry.concerns, pool=request.wish.pool)
    if (why := unseen(core, failed, lambda record: key_in(record) == request.key, concerns)) is not None:
        return why
    newer = core.registry.behind_newer_request(request.key)
    return None if newer is None else NEWER.format(newer)


# -- confirmed ---------------------------------------------------------------------------------------------------------


def holding(core: Core, request: PendingRequest) -> Snapshot | None:
    """A PPA that is used for this request, as far as is known."""
    if request.key not in core.registry.requests:
        return None
    found, boot = core.registry.with_request(request.key), core.now.boot
    kept = (s for s in found if s.record is None or s.record.lease not in core.releases)
    return next((snapshot for snapshot in kept if not request.avoids(snapshot, boot)), None)


def confirm(core: Core, request: PendingRequest, ppa: Reference) -> None:
    """Bind the request to the PPA that seems to hold its lease, and ask there."""
    request.bound = ppa
    core.requests.put(request, Stage.CONFIRMING)
    wish = replace(request.wish, attempt=request.attempt)
    command = Confirm(token=core.token(), deadline=request.deadline, wish=wish)
    core.order(ppa, command, Confirms(request.id, ppa))


def on_confirmed(core: Core, waits: Confirms, outcome: Outcome) -> None:
    """Tell the lease, or go on without it."""
    request = current(core, waits.request, Stage.CONFIRMING)
    if request is None:
        return
    match outcome:
        case Denied(Refusal.IN_DOUBT):
            return  # its raised attempt may stand, and is told only once it does
        case LeaseShown(record) if record.attempt < request.attempt:
            core.then(Decide(request.id))
        case LeaseShown(record) if not groups.is_of(core, request.wish, record, waits.ppa):
            queue.close(core, request, refusals.not_confirmed(core, request, Refusal.TAKEN, ""))
        case LeaseShown(record) if record.members:
            core.then(Adopts(request.id, waits.ppa, record))
        case LeaseShown(record):
            finish(core, request, waits.ppa, record)
        case Denied(Refusal.ELSEWHERE):
            unclaimed.elsewhere(core, request.key, waits.ppa)
            avoid(core, request, waits.ppa)
            core.then(Decide(request.id))
        case _:
            queue.close(core, request, refusals.not_confirmed(core, request, *why_not(outcome)))


# -- how it ends, and what disappointed it -----------------------------------------------------------------------------


def finish(core: Core, request: PendingRequest, ppa: Reference, record: Record, *, fresh: bool = False) -> None:
    """Tell all who wait for it of this lease."""
    unclaimed.told(core, request.key, record, request.calls)
    if request.calls:
        core.spent.served(request.key, record, core.now.boot, core.arrival())
    lease = core.registry.lent(ppa, record, fresh=fresh)
    if record.members:
        lease = replace(lease, members=tuple(groups.members_of(core, record)))
    queue.close(core, request, lease)


def avoid(core: Core, request: PendingRequest, ppa: Reference) -> None:
    """Pass this PPA by for a while, or until it changes; then see what it is, and try again."""
    managed, until = core.registry.ppas.get(ppa), core.now.boot + AVOID_S
    request.avoided[ppa] = Avoided(nonce_of(managed.snapshot) if managed is not None else None, until)
    core.at(until, TryAgain(request.id))


def why_not(outcome: Outcome) -> tuple[Refusal, str]:
    """An outcome that no such command has would be a bug; its calls end all the same."""
    return (outcome.why, outcome.detail) if isinstance(outcome, Denied) else (Refusal.OUTAGE, f"unexpected: {outcome}")


# -- two leases of one request -----------------------------------------------------------------------------------------


def on_compare(core: Core, step: Compare) -> None:
    """A PPA is now this: is its request lent twice?"""
    before = [key for key, ppas in core.duplicates.marked.items() if step.ppa in ppas]
    for key in dict.fromkeys([*before, step.key] if step.key is not None else before):
        _compare(core, key)


def on_higher_read(core: Core, waits: ReadsHigher, outcome: Outcome) -> None:
    """The lower one ends if the higher still stands."""
    low, high = waits.low, waits.high
    core.duplicates.asked.discard((_lease(low), _lease(high)))
    match outcome:
        case RecordShown(Record(state=State.USED, lease=lease) as record) if lease == _lease(high):
            if same_wish(record, low.record) and record.attempt > _attempt(low):
                _end_lower(core, low)


def on_superseded(core: Core, waits: Supersedes, outcome: Outcome) -> None:
    """Nobody waits for that."""


def _compare(core: Core, key: Key) -> None:
    """The leases of one request stand together; those of the highest attempt are equal, the others end."""
    equal: set[Reference] = set()
    left = found = core.registry.with_request(key)
    while left:
        same = [s for s in left if same_wish(left[0].record, s.record)]
        left = [s for s in left if s not in same]
        highest = [s for s in same if _attempt(s) == _attempt(same[0])]
        equal |= {s.ppa for s in highest} if len(highest) > 1 else set()
        for low in same[len(highest) :]:
            _read_higher(core, low, highest[0])
    _mark(core, key, equal, {s.ppa: s for s in found})


def _mark(core: Core, key: Key, equal: set[Reference], found: dict[Reference, Snapshot]) -> None:
    """Told again while it is not shown: a worker's successor does not know it."""
    for ppa in core.duplicates.marked.pop(key, set()) - found.keys():
        if (managed := core.registry.ppas.get(ppa)) is not None:
            found[ppa] = managed.snapshot
    if equal:
        core.duplicates.marked[key] = equal
    for ppa in sorted(found):
        if (ppa in equal) != (found[ppa].condition is Condition.DUPLICATE):
            core.effects.append(Send(ppa, Duplicate(ppa in equal)))


def _read_higher(core: Core, low: Snapshot, high: Snapshot) -> None:
    pair = (_lease(low), _lease(high))
    if pair in core.duplicates.asked:
        return
    core.duplicates.asked.add(pair)
    command = ReadNow(token=core.token(), deadline=core.now.boot + core.total)
    core.order(high.ppa, command, ReadsHigher(low, high))


def _end_lower(core: Core, low: Snapshot) -> None:
    lease, attempt, deadline = _lease(low) or "", _attempt(low), core.now.boot + core.total
    command = Supersede(token=core.token(), deadline=deadline, lease=lease, attempt=attempt)
    core.order(low.ppa, command, Supersedes())


def same_wish(one: Record | None, other: Record | None) -> bool:
    """Whether two leases are of the same request id, owner, client and pool."""
    return one is not None and other is not None and _wish(one) == _wish(other)


def _wish(record: Record) -> tuple[str | None, str | None, str | None, str]:
    return record.request, record.owner, record.by, record.pool


def _attempt(snapshot: Snapshot) -> int:
    return snapshot.record.attempt if snapshot.record is not None else 0


def _lease(snapshot: Snapshot) -> str | None:
    return snapshot.record.lease if snapshot.record is not None else None
