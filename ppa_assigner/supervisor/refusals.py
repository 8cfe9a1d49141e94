"""What an assign is told that got no PPA: the problems, their facts, and the ticket that keeps the place in the line.

Rule: `none-free` is said only when Launchpad answered; where it did not, nobody can know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..automaton.events import Refusal
from ..automaton.now import AGREE_S
from ..backoff import RETRY_AFTER_S, RETRY_SOON_S
from ..config import Pool
from ..problems import Kind, Problem
from ..record import State, format_time
from ..reference import Reference
from ..views import AssignRequest, Condition, End, EndsBy, LeaseView, Sight, Snapshot
from . import shares
from .core import Core
from .fitting import may_match, possible, unjudged
from .registry import counted
from .requests import PendingRequest, key_of
from .tickets import Place

IN_SERVICE = (Condition.OK, Condition.DUPLICATE)
SHOWN = 5
"""How many leases of a full quota a sentence names; `leases` has all."""
TOLD_NO = (Sight.LASTING_DENIED, Sight.BARRED)
"""Launchpad did answer: these are not ours to lend until a person acts."""
NOT_READ = "it was not read yet"


def problem(wish: AssignRequest, kind: Kind, detail: str, **facts: Any) -> Problem:
    """A problem of an assign names its request."""
    return Problem(kind, detail, request_id=wish.request_id, **facts)


def unmet(wish: AssignRequest, pools: Mapping[str, Pool]) -> Problem | None:
    """Why no PPA can ever meet this wish."""
    unknown = next((name for name in (wish.pool, *(want.pool for want in wish.want)) if name not in pools), None)
    if unknown is not None:
        return problem(wish, Kind.UNKNOWN_POOL, f"there is no pool {unknown!r}; the pools are {', '.join(pools)}")
    pool = pools[wish.pool]
    if wish.ppa is not None and wish.ppa not in pool.ppas and wish.ppa not in _range(pool):
        return problem(wish, Kind.UNKNOWN_PPA, f"{wish.ppa} is not in pool {wish.pool!r}")
    if wish.ttl is not None and wish.ttl > pool.options.max_ttl:
        return problem(wish, Kind.INVALID, f"ttl: at most {pool.options.max_ttl:g} s in this pool")
    if wish.uploader is not None:
        wanted = (pool, *(pools[want.pool] for want in wish.want))
        closed = next((one.name for one in wanted if not one.options.grant_upload), None)
        if closed is not None:
            return problem(wish, Kind.INVALID, f"uploader: pool {closed!r} gives no upload rights (grant_upload)")
    return None


def _range(pool: Pool) -> tuple[Reference, ...]:
    return pool.options.grow.names if pool.options.grow is not None else ()


def no_match(core: Core, wish: AssignRequest) -> Problem | None:
    """Why no PPA of its pool can ever match the selector of this wish, which has one; None as long as one may."""
    pool = core.settings.pools.get(wish.pool)
    if wish.ppa is None and pool is not None and pool.options.grow is not None:  # one that comes to be may match
        return None
    if _may_be_met(core, wish):
        return None
    never = f"no PPA of pool {wish.pool!r} can ever match" if wish.ppa is None else f"{wish.ppa} can never match"
    return problem(wish, Kind.NO_MATCH, f"{never} {wish.select}")


def _may_be_met(core: Core, wish: AssignRequest) -> bool:
    if wish.ppa is None:
        return any(core.registry.labels(wish.pool).judge(wish.select))
    managed = core.registry.ppas.get(wish.ppa)
    return managed is not None and may_match(wish, managed) is not False


def unavailable(core: Core, request: PendingRequest, detail: str, retry_after: float = RETRY_AFTER_S) -> Problem:
    """No answer can be given now; the place in the line is kept."""
    return _later(core, request.wish, *_standing(request), detail, retry_after)


def soon(core: Core, wish: AssignRequest, detail: str) -> Problem:
    """A wish that cannot be taken just now."""
    if (place := place_of(core, wish)) is not None:
        return _later(core, wish, place.first_asked, place.position, detail, RETRY_SOON_S)
    first = core.arrival()
    return _later(core, wish, first, shares.key_of_new(core, wish, first), detail, RETRY_SOON_S)


def place_of(core: Core, wish: AssignRequest) -> Place | None:
    """The place that its ticket tells of, unless that is spent or of a time to come."""
    key = key_of(wish)
    now = core.now.epoch if core.now.time.trusted else None
    place = core.tickets.redeem(wish.ticket, wish.pool, key, now, priority=wish.priority, want=selection(wish))
    if place is None or (now is not None and place.first_asked > now + AGREE_S):
        return None
    return None if core.spent.is_spent(key, place.first_asked, core.now.boot) else place


def none_free(core: Core, request: PendingRequest, position: int) -> Problem:
    """None free, as far as Launchpad answered; `position` is its place in the line, from 1."""
    wish, they = request.wish, _candidates(core, request.wish)
    if (outage := _outage(core, request, they)) is not None:
        return unavailable(core, request, outage)
    end = they.end
    return problem(
        wish, Kind.NONE_FREE, why_none(core, request), counts=they.counts,
        position=position, ticket=_ticket(core, wish, *_standing(request)),
        next_until=they.until, next_ends=_earliest([end.at] if end else []), retry_after=RETRY_AFTER_S,
    )  # fmt: skip


def why_none(core: Core, request: PendingRequest) -> str:
    """Why it has no PPA, for people: none is free, or how the one is that it asked for."""
    wish, they = request.wish, _candidates(core, request.wish)
    if wish.ppa is not None and they.wanted:
        return f"{wish.ppa} {_as_it_is(they.wanted[0])}"
    if wish.want:
        return f"the {wish.many} PPAs that are wanted are not free all at once{_next(they.end)}"
    which = f" that matches {wish.select}" if wish.select.requirements else ""
    return f"no PPA of pool {wish.pool!r}{which} is free{_next(they.end)}"


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The PPAs that a wish may match: how many are in each state, and of those that it wants when the next lease ends,
    and why one is out of reach.
    """

    counts: Mapping[str, Mapping[str, int]]
    wanted: Sequence[Snapshot]
    until: str | None
    end: End | None
    away: str | None


def _candidates(core: Core, wish: AssignRequest) -> _Candidates:
    """Counted once until a PPA changes: thousands may be told at a moment that none is free."""
    asked_for = wish.pool, wish.select, wish.ppa, wish.want
    found: _Candidates | None = core.registry.counts.get(asked_for)
    if found is None:
        wanted = [(want.pool, want.select) for want in wish.want] or [(wish.pool, wish.select)]
        could = {one.ppa: one.snapshot for pool, select in wanted for one in possible(core, pool, select)}
        found = _counted([*could.values()], wish.ppa)
        core.registry.counts[asked_for] = found
    return found


def _counted(snapshots: Sequence[Snapshot], ppa: Reference | None) -> _Candidates:
    wanted = [s for s in snapshots if ppa in (None, s.ppa)]
    untils = [s.record.until for s in wanted if s.record and s.record.state is State.USED and s.record.until]
    end = min((s.end for s in wanted if s.end is not None), key=lambda end: end.at, default=None)
    away = (s for s in wanted if s.condition is Condition.UNREACHABLE and s.sight not in TOLD_NO)
    why = next((f"{s.ppa}: {s.fault or NOT_READ}" for s in away), None)
    return _Candidates(counted(snapshots), wanted, _earliest(untils), end, why)


def selection(wish: AssignRequest) -> str | None:
    """What it asks for, for tickets; None: for one PPA of its pool, whatever labels that has."""
    if wish.want:
        return "; ".join(f"{want.count} {want.pool}:{want.select}" for want in wish.want)
    return str(wish.select) if wish.select.requirements else None


def over_quota(core: Core, request: PendingRequest, quota: shares.Quota, position: int | None) -> Problem:
    """It would be more than a quota allows; `position` is its place in the line, None where it may not wait at all."""
    filling = shares.leases_of(core, quota)
    if position is None:
        return _over(core, request, f"{quota}: that is less than this request wants", filling, None)
    by = [*(str(lent.ppa) for lent in filling[:SHOWN]), *(["…"] if len(filling) > SHOWN else [])]
    by += ["requests that came before"] if len(filling) < quota.most else []
    return _over(core, request, f"{quota} is full: {', '.join(by)}", filling, position)


def too_many_wait(core: Core, request: PendingRequest, most: int) -> Problem:
    """Its client has as many requests in the line as it may have."""
    detail = f"max_waiting {most} of client {request.wish.by}: as many of its requests wait already"
    return _over(core, request, detail, [], None)


def _over(
    core: Core, request: PendingRequest, detail: str, filling: Sequence[LeaseView], position: int | None
) -> Problem:
    return problem(
        request.wish, Kind.QUOTA, detail, leases=filling, position=position,
        ticket=_ticket(core, request.wish, *_standing(request)),
        retry_after=None if position is None else RETRY_AFTER_S,
    )  # fmt: skip


def all_burnt(request: PendingRequest, burnt: Mapping[Reference, str]) -> Problem:
    """No PPA takes these sources: Launchpad forgets no version, and no file for long (`burnt`: which had what)."""
    wish, had = request.wish, ", ".join(sorted(set(burnt.values())))
    which = f"every PPA of pool {wish.pool!r} that is in service" if wish.ppa is None else str(wish.ppa)
    if wish.want:
        of = ", ".join(map(repr, wish.by_pool))
        which = f"so many of the PPAs of pool {of} that fewer than {wish.many} are left"
    return problem(
        wish, Kind.ALL_BURNT, f"{which} had one of these sources or files before, and cannot take it: {had}",
        sources=[{"name": source.name, "version": source.version} for source in wish.sources],
        burnt={str(ppa): source for ppa, source in burnt.items()},
    )  # fmt: skip


def not_confirmed(core: Core, request: PendingRequest, why: Refusal, detail: str) -> Problem:
    """The lease that this request seemed to have cannot be told."""
    match why:
        case Refusal.TAKEN:
            return problem(
                request.wish,
                Kind.REQUEST_ID_TAKEN,
                "your lease for another owner, pool or select has it",
            )
        case Refusal.SUPERSEDED:
            return problem(request.wish, Kind.SUPERSEDED, "a later attempt of this request has a lease")
        case Refusal.INVALID:
            return problem(request.wish, Kind.INVALID, detail)
    return unavailable(core, request, detail)


def _outage(core: Core, request: PendingRequest, they: _Candidates) -> str | None:
    """Where Launchpad did not answer: a PPA that could have been lent, for all that is known."""
    boot = core.now.boot
    if request.outage is not None and any(request.avoids(s, boot) for s in they.wanted):
        return request.outage
    if unread := next((one for one in unjudged(core, request.wish) if one.unread is not None), None):
        return f"{unread.ppa}: {unread.unread}"
    return they.away


def _later(core: Core, wish: AssignRequest, first: float, rank: float, detail: str, retry_after: float) -> Problem:
    ticket = _ticket(core, wish, first, rank)
    return problem(wish, Kind.UNAVAILABLE, detail, retry_after=retry_after, ticket=ticket)


def _standing(request: PendingRequest) -> tuple[float, float]:
    return request.first, request.place[0]


def _ticket(core: Core, wish: AssignRequest, first: float, rank: float) -> str:
    key = None if rank == first else rank
    place = Place(wish.pool, wish.request_id, first, core.now.epoch, wish.by, key, wish.priority, selection(wish))
    return core.tickets.issue(place)


def _next(end: End | None) -> str:
    """When one may be, for people."""
    return "" if end is None else f"; the next lease ends at {_moment(end)}"


def _moment(end: End) -> str:
    return format_time(end.at) + (" unless it is touched" if end.by is EndsBy.IDLE else "")


def _as_it_is(snapshot: Snapshot) -> str:
    """Why the one PPA that is wanted is not to be had, for people; whose it is they may look up."""
    record, condition = snapshot.record, snapshot.condition
    if record is not None and record.state is State.USED and condition in IN_SERVICE:
        return "is used" + (f" until {_moment(snapshot.end)}" if snapshot.end is not None else "")
    if condition not in IN_SERVICE:
        why = (record.quarantined if record is not None else None) or snapshot.fault
        return f"is {condition.value}" + (f": {why}" if why else "")
    if record is not None and record.state is State.DIRTY:
        step = snapshot.cleaning.step if snapshot.cleaning is not None else None
        return "is being cleaned" + (f": {step}" if step else "")
    return "is not to be had just now"


def _earliest(moments: Sequence[datetime]) -> str | None:
    return format_time(min(moments)) if moments else None
