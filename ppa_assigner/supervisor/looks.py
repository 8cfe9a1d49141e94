"""Rounds of looks: what is looked at, when the daemon is ready, and when a look has seen enough to say that a request
or a lease is nowhere.

Rule: the daemon is ready once one round got through: a PPA of its own trouble does not keep the others waiting.
Invariant: a PPA that cannot be read counts as looked at when it is gone for good, or when it was denied in all reads
over a minute, or its worker has been failing for as long; but where its last record that was read, or one that was
sent and may stand, shows this very request or lease, only when it is gone for good, or that is past its end.  When all
PPAs of an owner are denied it is the account that is denied: then nothing was looked at.  So one PPA that will never be
read again holds nobody up for longer than a minute, and nobody is given a second PPA beside one that is only out of
sight (docs/explanation/protocol.md#absence).
"""

from __future__ import annotations

from collections.abc import Callable

from ..automaton.replies import alive
from ..backoff import FAILING_S, LOOK_FIRST_S
from ..record import Record
from ..reference import Reference
from ..views import Sight
from .core import Core
from .events import LookBegins, LookDone, LookSaw, Poll, Send
from .registry import ManagedPPA
from .steps import LookNow, Match, Readiness, RoundOver
from .timers import Failures

DENIED = frozenset({Sight.DENIED, Sight.LASTING_DENIED})


def on_begins(core: Core, _: LookBegins) -> None:
    """The next round begins, at all PPAs that are served."""
    names, ranges = list(core.registry.ppas), _ranges(core)
    number = core.rounds.begin([*names, *map(range_of, ranges)])
    _over(core, core.rounds.over(number))
    core.effects.append(Poll(number, tuple(names), ranges, core.to_list))
    core.to_list = frozenset()


def _ranges(core: Core) -> dict[str, tuple[tuple[Reference, ...], ...]]:
    """The names of growing pools, by owner."""
    found: dict[str, tuple[tuple[Reference, ...], ...]] = {}
    for pool in core.settings.pools.values():
        every = pool.options.grow.names if pool.options.grow is not None else ()
        for owner in sorted({name.owner for name in every}):
            names = tuple(name for name in every if name.owner == owner)
            found[owner] = (*found.get(owner, ()), names)
    return found


def range_of(owner: str) -> Reference:
    """What stands in a round for all names of growing pools that an owner may have."""
    return Reference(owner, "ubuntu", "*")


def end_of_range(core: Core, owner: str, number: int, reason: str | None) -> None:
    """The names of an owner's ranges are known as of that round, or (`reason`) are not."""
    _over(core, core.rounds.done(range_of(owner), number, reason))


def on_seen(core: Core, event: LookSaw) -> None:
    """Its worker is told; while there is none, the PPA is not looked at."""
    managed = core.registry.ppas.get(event.ppa)
    if managed is not None and managed.down is None:
        core.effects.append(Send(event.ppa, event.look))
    else:
        down = managed.down if managed is not None else None
        _over(core, core.rounds.done(event.ppa, event.look.round, down))


def on_done(core: Core, event: LookDone) -> None:
    """A PPA is known as of that round, or is not; its worker lives, and says so."""
    if (managed := core.registry.ppas.get(event.ppa)) is not None:
        managed.failing = None
    _over(core, core.rounds.done(event.ppa, event.number, event.reason))


def on_look_now(core: Core, _: LookNow) -> None:
    """Look at all PPAs."""
    core.look()


def on_round_over(core: Core, _: Readiness, failed: Failures) -> None:
    """Is the daemon ready now?"""
    if core.ready:
        return
    registry = core.registry
    away = [ppa for ppa in failed if (managed := registry.ppas.get(ppa)) and managed.snapshot.sight is Sight.SHOWN]
    growing = any(pool.options.grow is not None for pool in core.settings.pools.values())
    if len(away) < len(registry) or (growing and not (registry.ppas or failed)):
        core.ready, core.trouble = True, None
        core.say(f"ready: {len(registry)} PPAs looked at, {len(failed)} of them out of reach")
        for pool in core.settings.pools:
            core.then(Match(pool))
        return
    core.trouble = next(iter(failed.values()), "there is no PPA to look at")
    core.after(LOOK_FIRST_S, LookNow())


def forget(core: Core, ppa: Reference, reason: str | None = None) -> None:
    """The PPA is no longer looked at, or (`reason`) whoever did that is gone."""
    for number in core.rounds.pending(ppa):
        _over(core, core.rounds.done(ppa, number, reason))


def _over(core: Core, ended: tuple[Failures, list[object]] | None) -> None:
    if ended is not None:
        failed, waiting = ended
        for waits in (Readiness(), *waiting):
            core.then(RoundOver(waits, failed))


# -- when a look has seen enough ---------------------------------------------------------------------------------------


def unseen(
    core: Core,
    failed: Failures,
    names: Callable[[Record], bool],
    concerns: Callable[[Reference], bool] | None = None,
) -> str | None:
    """Why what `names` tells may still be in one of the PPAs (only those that it `concerns`, if given), after a look
    that `failed` for these; None: it was looked for everywhere.
    """
    for ppa in sorted({*failed, *core.registry.denied}):
        managed = core.registry.ppas.get(ppa)
        if managed is None and ppa == range_of(ppa.owner):
            return f"~{ppa.owner}: {failed[ppa]}"
        if managed is None or (concerns is not None and not concerns(ppa)):
            continue
        if (why := _why(core, managed, failed.get(ppa), names)) is not None:
            return f"{ppa}: {why}"
    return None


def _why(core: Core, managed: ManagedPPA, reason: str | None, names: Callable[[Record], bool]) -> str | None:
    snapshot, failing = managed.snapshot, managed.failing
    if reason is not None and (failing is None or core.now.boot - failing < FAILING_S):
        return reason
    if snapshot.sight in DENIED and _all_denied(core, managed.ppa.owner):
        return reason or f"all PPAs of ~{managed.ppa.owner} are denied to us"
    if reason is None and snapshot.sight not in DENIED:
        return None
    now, records = core.now.time, (snapshot.record, snapshot.sent)
    shows = any(record is not None and names(record) and alive(record, now) for record in records)
    return (reason or snapshot.fault) if shows else None


def _all_denied(core: Core, owner: str) -> bool:
    """Of an owner with a single PPA here, what the listing answered tells: a denial of that is no look at all."""
    sights = [managed.snapshot.sight for managed in core.registry if managed.ppa.owner == owner]
    return len(sights) > 1 and DENIED.issuperset(sights)
