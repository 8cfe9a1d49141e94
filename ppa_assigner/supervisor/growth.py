"""Pools that grow: which names of their ranges are served, when the next one is created, and which PPAs are worn.

Invariants: the lendable PPAs are counted, and the next name is found, by one look; after each creation, answered or
not, there is a new look before the next †.  One PPA of a pool is created at a time.  A PPA of a range is served as soon
as a look shows it, and a round of looks is over only when those that it showed were looked at too: another daemon may
have made and lent one since †.  Nothing is counted as free, or left out of the count, because it could not be read.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ..automaton.events import Looked, Operate
from ..backoff import FORBIDDEN
from ..options import Grow, Wear
from ..record import State
from ..reference import Reference
from ..times import HOUR
from ..views import Condition, DiscardAction, Sight, Snapshot
from . import workers
from .core import Core, Growth
from .events import LetGo, NamesSeen, Send
from .looks import end_of_range, forget as round_without
from .registry import ManagedPPA
from .requests import PendingRequest
from .steps import Discards, GrowthLook, LookNow
from .timers import Failures

BURNT = "all PPAs of the pool had what was to be uploaded"
STUCK = "it could not be cleaned: {fault}"
USED_UP = "pool {pool} cannot grow: all names of its range were used"
TOO_FAST = "pool {pool} grows no further for now: {most} PPAs were created within an hour"
CREATES = "pool {pool} grows: {ppa} is being created"
OUT_OF_PLACE = (Condition.UNMANAGED, Condition.UNREADABLE, Condition.QUARANTINED, Condition.DISABLED)


@dataclass(frozen=True, slots=True)
class Count:
    """The PPAs of a pool: how many may be lent now or once their lease or clean is over, and of those how many are
    free or being cleaned.
    """

    lendable: int
    ready: int


def of(core: Core, pool: str) -> tuple[Grow, Growth] | None:
    """How this pool grows, and how far that is; None if it does not."""
    options = core.settings.pools[pool].options if pool in core.settings.pools else None
    if options is None or options.grow is None:
        return None
    return options.grow, core.growths.setdefault(pool, Growth())


def count(core: Core, pool: str) -> Count:
    """How many PPAs it has, as far as is known."""
    snapshots = [managed.snapshot for managed in core.registry.in_pool(pool)]
    lendable = [snapshot for snapshot in snapshots if _is_lendable(snapshot)]
    return Count(len(lendable), sum(map(_is_ready, lendable)))


def _is_lendable(snapshot: Snapshot) -> bool:
    if snapshot.sight is Sight.LASTING_GONE or snapshot.condition in OUT_OF_PLACE:
        return False
    return snapshot.record is None or snapshot.record.state is not State.DISCARDED


def _is_ready(snapshot: Snapshot) -> bool:
    record = snapshot.record
    return record is not None and record.state in (State.FREE, State.DIRTY) and snapshot.condition is Condition.OK


def wants(core: Core, pool: str) -> bool:
    """Whether it is to grow, if there is a name left."""
    found = of(core, pool)
    if found is None or core.stopping:
        return False
    (grow, growth), now = found, count(core, pool)
    due = growth.wanted or now.ready < grow.keep_free
    return due and now.lendable < grow.max and growth.creating is None


def look(core: Core, grow: Grow) -> None:
    """Have a look begin that lists all PPAs of the owner: each creation needs one."""
    core.to_list |= {name.owner for name in grow.names}
    core.look()


def may_create(core: Core, pool: str) -> bool:
    """Whether a PPA may come to be for which nothing is burnt: then a request waits for it."""
    found = of(core, pool)
    being = found is not None and found[1].creating is not None
    return found is not None and (being or creatable(core, pool) > 0) and core.now.boot >= found[1].not_before


def creatable(core: Core, pool: str) -> int:
    """How many PPAs may still come to be in it, as far as is known, whether or not Launchpad refuses that for now."""
    if (found := of(core, pool)) is None:
        return 0
    grow, growth = found
    used_up = growth.creating is None and growth.known and growth.next is None
    names = sum(core.registry.ppas.get(name) is None for name in grow.names)
    return 0 if used_up else max(0, min(grow.max - count(core, pool).lendable, names))


def need(core: Core, pool: str) -> None:
    """A request waits for which what the pool has is not enough: create one, whatever is free."""
    if (found := of(core, pool)) is not None and may_create(core, pool):
        _want(core, *found)


# -- what a look shows -------------------------------------------------------------------------------------------------


def on_names(core: Core, event: NamesSeen) -> None:
    """Serve those that are there and were not known, in this very round of looks, and count at its end."""
    for pool in core.settings.pools.values():
        grow = pool.options.grow
        if grow is None or not any(name.owner == event.owner for name in grow.names) or event.found is None:
            continue
        growth = core.growths.setdefault(pool.name, Growth())
        for name in grow.names:
            if name in event.found.present and core.registry.ppas.get(name) is None:
                workers.put(core, name, pool.name, pool.options, lent=True)
                core.rounds.add(name, event.number)
        growth.next, growth.known = event.found.first_unknown(grow.names), event.found.whole
        core.rounds.wait(event.number, GrowthLook(pool.name))
    end_of_range(core, event.owner, event.number, event.reason)


def on_looked(core: Core, waits: GrowthLook, _: Failures) -> None:
    """All that the look showed was looked at: create the next one, if one is wanted."""
    found = of(core, waits.pool)
    if found is None or not wants(core, waits.pool):
        return
    grow, growth = found
    if not growth.known:  # by names read singly
        look(core, grow)
    elif growth.next is None:
        _say(core, growth, USED_UP.format(pool=waits.pool))
    elif core.now.boot < growth.not_before:
        core.at(growth.not_before, LookNow())
    elif not _within_bounds(core, grow, growth):
        _say(core, growth, TOO_FAST.format(pool=waits.pool, most=grow.per_hour))
        core.at(growth.created[0] + HOUR, LookNow())
    else:
        _create(core, waits.pool, growth, growth.next)


def _within_bounds(core: Core, grow: Grow, growth: Growth) -> bool:
    growth.created = [moment for moment in growth.created if core.now.boot - moment < HOUR]
    return len(growth.created) < grow.per_hour


def _create(core: Core, pool: str, growth: Growth, ppa: Reference) -> None:
    growth.creating, growth.next, growth.known, growth.wanted, growth.said = ppa, None, False, False, None
    growth.created.append(core.now.boot)
    core.say(CREATES.format(pool=pool, ppa=ppa), ppa)
    workers.put(core, ppa, pool, core.settings.pools[pool].options, lent=True, make=True)
    core.effects.append(Send(ppa, Looked(None, core.now.boot, 0)))


def _say(core: Core, growth: Growth, text: str) -> None:
    if growth.said != text:
        growth.said = text
        core.say(text, level=logging.WARNING)


# -- what becomes of PPAs ----------------------------------------------------------------------------------------------


def on_changed(core: Core, managed: ManagedPPA) -> None:
    """A PPA changed: its creation may be over, the pool may want another, and it may be worn."""
    if (found := of(core, managed.pool)) is None:
        _discard_stuck(core, managed)
        return
    grow, growth = found
    if growth.creating == managed.ppa and not managed.snapshot.making:
        _created(core, managed, growth)
    _discard_stuck(core, managed)
    if managed.ppa not in core.settings.pools[managed.pool].ppas and managed.snapshot.sight is Sight.LASTING_GONE:
        _let_go(core, managed.ppa)
    if wants(core, managed.pool) and core.now.boot >= growth.not_before and growth.said is None:
        look(core, grow)


def _created(core: Core, managed: ManagedPPA, growth: Growth) -> None:
    """It is there, or is not: either way nothing more is created before a new look."""
    growth.creating = None
    snapshot = managed.snapshot
    if snapshot.record is None and snapshot.sight in (Sight.GONE, Sight.LASTING_GONE):
        growth.not_before = core.now.boot + FORBIDDEN.cap if snapshot.uncreated else growth.not_before
        _let_go(core, managed.ppa)
    core.look()


def _let_go(core: Core, ppa: Reference) -> None:
    if core.expects(ppa):
        return
    core.registry.drop(ppa)
    core.effects.append(LetGo(ppa))
    round_without(core, ppa)


# -- worn ones ---------------------------------------------------------------------------------------------------------


def on_all_burnt(core: Core, request: PendingRequest, pool: str) -> bool:
    """A request finds all PPAs of a pool burnt, or too many: whether it waits for one that is not, which is created
    now, or when one of those that are is discarded.
    """
    if (found := of(core, pool)) is None or request.wish.ppa is not None:
        return False
    grow, growth = found
    if growth.creating is not None or may_create(core, pool):
        _want(core, grow, growth)
        return True
    return _discard_burnt(core, pool, growth, request.burnt)


def _want(core: Core, grow: Grow, growth: Growth) -> None:
    if not growth.wanted and growth.creating is None:
        growth.wanted = True
        look(core, grow)


def _discard_burnt(core: Core, pool: str, growth: Growth, burnt: Collection[Reference]) -> bool:
    """Whether one of those that are burnt is being discarded: the one with the most leases that is not lent."""
    if Wear.BURNT not in core.settings.pools[pool].options.as_new.when or (growth.known and growth.next is None):
        return False
    marked = any(_is_marked(managed.snapshot) for managed in core.registry.in_pool(pool) if _is_counted(managed))
    if growth.discarding is not None or marked:
        return True
    candidates = (one for one in _candidates(core, pool) if one.ppa in burnt)
    chosen = max(candidates, key=lambda one: (_leases(one), one.ppa), default=None)
    if chosen is None:
        return False
    growth.discarding = chosen.ppa
    order(core, chosen.ppa, BURNT)
    return True


def _candidates(core: Core, pool: str) -> Iterator[Snapshot]:
    snapshots = (managed.snapshot for managed in core.registry.in_pool(pool))
    return (one for one in snapshots if _is_ready(one) and not _is_marked(one))


def _is_counted(managed: ManagedPPA) -> bool:
    return _is_lendable(managed.snapshot)


def _is_marked(snapshot: Snapshot) -> bool:
    return snapshot.record is not None and snapshot.record.why is not None


def _leases(snapshot: Snapshot) -> int:
    return snapshot.record.leases if snapshot.record is not None else 0


def order(core: Core, ppa: Reference, reason: str) -> None:
    """Have a PPA that is not lent discarded."""
    token = core.token()
    act = DiscardAction(reason, lent=False)
    core.order(ppa, Operate(token=token, deadline=core.now.boot + core.total, act=act), Discards(ppa))


def on_discarded(core: Core, waits: Discards, _: object) -> None:
    """It is marked, or could not be: in its place another may be chosen."""
    managed = core.registry.ppas.get(waits.ppa)
    found = of(core, managed.pool) if managed is not None else None
    if found is not None and found[1].discarding == waits.ppa:
        found[1].discarding = None


def _discard_stuck(core: Core, managed: ManagedPPA) -> None:
    """In place of the quarantine of one that cannot be cleaned; one of a pool an hour at the most, and only while
    another was cleaned within that hour: an outage of Launchpad discards nothing.
    """
    if Wear.STUCK not in managed.options.as_new.when or (record := (snapshot := managed.snapshot).record) is None:
        return
    growth, now = core.growths.setdefault(managed.pool, Growth()), core.now.boot
    if record.state is State.FREE and record.tries == 0 and growth.cleaned.get(managed.ppa) != record.since.timestamp():
        growth.cleaned[managed.ppa] = record.since.timestamp()
    failed = snapshot.condition is Condition.QUARANTINED and record.tries >= managed.options.max_tries
    others = (at for ppa, at in growth.cleaned.items() if ppa != managed.ppa)
    lately = any(core.now.epoch - at < HOUR for at in others)
    if failed and not _is_marked(snapshot) and lately and now - growth.discarded >= HOUR:
        growth.discarded = now
        order(core, managed.ppa, STUCK.format(fault=record.fault or "cleaning failed"))
