"""What a request for several PPAs asks for, and which PPAs it is to get at once: free ones, and such as a younger
request claims.

Rule: nothing is changed here.  All PPAs of a try are chosen together; one of them, of the first thing that is wanted,
leads.  What is claimed is chosen only by an older request, and only where too few are free: then the claim of the
younger group's lead is broken before those of its members are (docs/explanation/protocol.md#groups).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from ..problems import Kind, Problem
from ..record import GroupClaim, Rank, Record
from ..reference import Reference
from ..views import AssignRequest, Condition, LeaseView, Want
from . import fitting, growth
from .allocation import QueuedWish, allocate
from .core import Core
from .fitting import FreePpas, possible
from .group_try import ClaimOn
from .refusals import problem
from .registry import ManagedPPA
from .requests import PendingRequest


class Plan(NamedTuple):
    """Which PPAs are to be taken, and in which order what is claimed: `broken` are leads of younger groups."""

    lead: Reference
    members: tuple[Reference, ...]
    broken_first: tuple[Reference, ...] = ()  # before the own lead is claimed; it may be a member too
    before: tuple[Reference, ...] = ()  # members that lead younger groups
    broken: tuple[Reference, ...] = ()
    rest: tuple[Reference, ...] = ()


LENDABLE = frozenset({Condition.OK, Condition.DUPLICATE, Condition.UNREACHABLE})


def rank_of(request: PendingRequest) -> Rank:
    """Its place among the requests of all daemons."""
    return Rank(max(0, round(request.place[0] * 1000)), request.key.client or "", request.key.request)


def wants_of(wish: AssignRequest) -> tuple[Want, ...]:
    """What it asks for; one PPA of its pool where it does not say more."""
    return wish.want or (Want(wish.pool, wish.select),)


def pools_of(wish: AssignRequest) -> set[str]:
    """The pools whose PPAs it asks for."""
    return {want.pool for want in wants_of(wish)}


def may_serve(wish: AssignRequest, managed: ManagedPPA) -> bool:
    """Whether a PPA may be one that this wish asks for, as far as is known."""
    if not wish.want:
        return fitting.may_match(wish, managed) is not False
    in_pool = (want for want in wish.want if managed.lent and want.pool == managed.pool)
    return any(managed.labels.judge(want.select) is not False for want in in_pool)


# -- chosen ------------------------------------------------------------------------------------------------------------


def enough(core: Core, request: PendingRequest, burnt: Collection[Reference] | None = None) -> bool:
    """Whether all PPAs that could ever be lent would be enough for several, used and dirty ones and such as may be
    created included, but without those that are `burnt`.
    """
    if not request.wish.want:
        return True
    lacks = lacking(core, request, request.burnt if burnt is None else burnt)
    return all(many <= (growth.creatable(core, pool) if growth.may_create(core, pool) else 0)
               for pool, many in lacks.items())  # fmt: skip


def lacking(core: Core, request: PendingRequest, burnt: Collection[Reference]) -> dict[str, int]:
    """How many more PPAs than could ever be lent it wants of each pool, those that are `burnt` left out."""
    found = {}
    for pool, many in request.wish.by_pool.items():
        have = _matching(core, request.wish, pool, lambda one: _could_serve(one) and one.ppa not in burnt)
        if (lacks := many - have) > 0:
            found[pool] = lacks
    return found


def _could_serve(managed: ManagedPPA) -> bool:
    return managed.snapshot.condition in LENDABLE or managed.snapshot.making


def _matching(core: Core, wish: AssignRequest, pool: str, usable: Callable[[ManagedPPA], bool] = lambda _: True) -> int:
    """How many of the PPAs of a pool that are wanted there could be at once, of those that are usable."""
    wants = [want for want in wants_of(wish) if want.pool == pool]
    may_be = [[one.ppa for one in possible(core, pool, want.select) if usable(one)] for want in wants]
    asked = QueuedWish(0, needs=tuple(want.count for want in wants), shape=0)
    found = allocate([asked], dict.fromkeys(chain.from_iterable(may_be)), lambda _, number: may_be[number])
    return len(found.served.get(0, ()) or found.kept.get(0, ()))


def plan(chosen: tuple[Reference, ...]) -> Plan:
    """What is done to take free PPAs, the first of which leads."""
    return Plan(chosen[0], chosen[1:], rest=chosen[1:])


def plan_over_claims(core: Core, request: PendingRequest, kept: Collection[Reference]) -> Plan | None:
    """The same with PPAs that younger requests claim; None where these do not help either."""
    claims = _younger_claims(core, request)
    if not claims:
        return None
    free = [one.ppa for pool in sorted(pools_of(request.wish)) for one in core.registry.free(pool)]
    leads_first = sorted(claims, key=lambda ppa: (claims[ppa].lead != ppa, ppa))
    chosen, whole = _matched(core, request, [*(ppa for ppa in free if ppa not in kept), *leads_first])
    return _over_claims(core, request, chosen, claims) if whole else None


def old_leads(core: Core, request: PendingRequest) -> list[ClaimOn]:
    """The claims of leads that earlier attempts of it left, and that nobody takes care of here."""
    mine, found = rank_of(request)[1:], []
    for ppa in sorted(core.registry.claimed - core.registry.free_list.bound):
        claim, managed = _claim_of(core, ppa), core.registry.ppas[ppa]
        if claim is None or claim.lead != ppa or claim.rank[1:] != mine or claim.group in core.tries:
            continue
        if not request.avoids(managed.told, core.now.boot):
            found.append(ClaimOn(ppa, claim.group, ppa))
    return found


def _over_claims(
    core: Core, request: PendingRequest, chosen: tuple[Reference, ...], claims: dict[Reference, GroupClaim]
) -> Plan:
    first = chosen[: wants_of(request.wish)[0].count]
    lead = min(first, key=lambda ppa: (ppa in claims, ppa in claims and claims[ppa].lead != ppa))
    members = tuple(ppa for ppa in chosen if ppa != lead)
    binding = {ppa: claims[ppa].lead for ppa in chosen if ppa in claims and _leads(core, claims[ppa])}
    broken_first = {binding[lead]} - {lead} if lead in binding else set()
    broken = {binding[ppa] for ppa in members if ppa in binding} - {*chosen} - broken_first
    before = tuple(ppa for ppa in members if ppa in claims and claims[ppa].lead == ppa)
    rest = tuple(ppa for ppa in members if ppa not in before)
    return Plan(lead, members, tuple(broken_first), before, tuple(sorted(broken)), rest)


def _younger_claims(core: Core, request: PendingRequest) -> dict[Reference, GroupClaim]:
    rank, found = rank_of(request), {}
    for ppa in sorted(core.registry.claimed - core.registry.free_list.bound):
        claim = _claim_of(core, ppa)
        lead = core.registry.ppas.get(claim.lead) if claim is not None and rank < claim.rank else None
        if claim is not None and lead is not None and not request.avoids(lead.told, core.now.boot):
            found[ppa] = claim
    return found


def _claim_of(core: Core, ppa: Reference) -> GroupClaim | None:
    managed = core.registry.ppas.get(ppa)
    record = managed.snapshot.record if managed is not None else None
    return record.claim if record is not None else None


def _leads(core: Core, claim: GroupClaim) -> bool:
    """Whether the lead is claimed by that group, as far as is known: else the claim binds nobody."""
    of_lead = _claim_of(core, claim.lead)
    return of_lead is not None and of_lead.group == claim.group


def _matched(core: Core, request: PendingRequest, ppas: Sequence[Reference]) -> tuple[tuple[Reference, ...], bool]:
    free, wants = FreePpas(core, ppas), wants_of(request.wish)
    found = allocate(
        [QueuedWish(0, needs=tuple(want.count for want in wants), shape=0)], ppas,
        lambda _, number: free.fit(request, wants[number]),
    )  # fmt: skip
    return (found.served[0], True) if 0 in found.served else (found.kept.get(0, ()), False)


# -- refused, and told -------------------------------------------------------------------------------------------------


def never(core: Core, wish: AssignRequest) -> Problem | None:
    """Why the PPAs of the pools can never be all that this wish asks for; None as long as they may."""
    for want in wish.want:
        grows = growth.of(core, want.pool) is not None  # one that comes to be may match
        none = not grows and not any(core.registry.labels(want.pool).judge(want.select))
        if none and want.pool in core.settings.pools:
            return problem(wish, Kind.NO_MATCH, f"no PPA of pool {want.pool!r} can ever match {want.select}")
    for pool, many in sorted(wish.by_pool.items()) if wish.want else ():
        have = _matching(core, wish, pool) + growth.creatable(core, pool)
        if have < many:
            return _too_many(wish, pool, many, have)
    return None


def _too_many(wish: AssignRequest, pool: str, many: int, have: int) -> Problem:
    chosen = any(want.select.requirements for want in wish.want if want.pool == pool)
    which = " that match" if chosen else ""
    return problem(
        wish, Kind.TOO_MANY_WANTED, f"{many} PPAs of pool {pool!r} are wanted, and it has {have}{which}",
        pool=pool, wanted=many, has=have,
    )  # fmt: skip


def is_of(core: Core, wish: AssignRequest, record: Record, ppa: Reference) -> bool:
    """Whether the lease of this lead is what the wish asks for, by how many there are of which pool; what else was
    asked for is compared by who reads the record.
    """
    ppas = (ppa, *record.members)
    if len(ppas) != sum(want.count for want in wants_of(wish)):
        return False
    known = [managed.pool for one in ppas if (managed := core.registry.ppas.get(one)) is not None]
    asked = [want.pool for want in wants_of(wish) for _ in range(want.count)]
    return len(known) < len(ppas) or sorted(known) == sorted(asked)


def members_of(core: Core, record: Record) -> Iterator[LeaseView]:
    """The leases of its members, which all end with the lead's."""
    for ppa in record.members:
        managed = core.registry.ppas.get(ppa)
        member = managed.snapshot.record if managed is not None else None
        if member is not None and member.group == record.group:
            yield core.registry.lent(ppa, member)
