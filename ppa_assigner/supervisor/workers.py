"""Which PPAs have a worker, and what becomes of a worker that died or of a PPA that was taken off the list.

Rule: a PPA with a lease is never just dropped; what a dead worker knew of an unknown outcome goes to its successor.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from ..automaton import WorkerState
from ..automaton.events import Denied, Reconfigured, Refusal
from ..automaton.operation import Granting
from ..backoff import LONG_ALIVE_S, WORKER_START
from ..options import PoolOptions
from ..record import State
from ..reference import Reference
from ..views import Condition, Sight, Snapshot
from .core import Core
from .events import Died, LetGo, NotStarted, Send, Start, Started, Warn
from .looks import forget as round_without
from .registry import ManagedPPA
from .steps import Replace

SERVED_ON = "{} is served to the end of its lease; list it under `retire` to keep that over a restart"


def serve(core: Core) -> None:
    """Start, move and retire workers until they are those of the settings.  Warns people of what is served on."""
    settings = core.settings
    wanted = {ppa: settings.pools[pool] for ppa, pool in of_ranges(core).items()}
    wanted |= {ppa: pool for pool in settings.pools.values() for ppa in pool.ppas}
    for ppa, pool in wanted.items():
        put(core, ppa, pool.name, pool.options, lent=True)
    for ppa in settings.retire:
        put(core, ppa, *_options_of_record(core, ppa), lent=False)
    removed = [m for m in core.registry if m.ppa not in wanted and m.ppa not in settings.retire]
    for managed in removed:
        put(core, managed.ppa, *_options_of_record(core, managed.ppa), lent=False)
        serve_out(core, managed)
    for managed in removed:
        if core.registry.ppas.get(managed.ppa) is managed:
            core.effects.append(Warn(SERVED_ON.format(managed.ppa)))


def serve_out(core: Core, managed: ManagedPPA) -> None:
    """A PPA that is lent no more keeps the options of the pool that its record names; when nobody has it and nothing
    is to be done about it, it is let go.
    """
    ppa = managed.ppa
    name, options = _options_of_record(core, ppa)
    if name != managed.pool:
        _reconfigure(core, managed, name, options)
    if ppa not in core.settings.retire and _at_rest(managed.snapshot) and not core.expects(ppa):
        core.registry.drop(ppa)
        core.effects.append(LetGo(ppa))
        round_without(core, ppa)


def on_died(core: Core, event: Died) -> None:
    """Answer what it was asked, but for what its successor will know, and have that one follow."""
    managed = core.registry.ppas.get(event.known.ppa)
    if managed is None or managed.down is not None or managed.seed != event.known.seed or core.stopping:
        return  # it is seen to already, or another works on
    core.restarts += 1
    if core.now.boot - managed.started > LONG_ALIVE_S:
        managed.restarts = 0
    reason = f"the worker failed of a bug ({event.error}): the log says more"
    _went_down(core, managed, event.known, reason)


def on_started(core: Core, event: Started) -> None:
    """It works for its PPA from now on; what follows another has to look before anything is lent there."""
    managed = core.registry.ppas.get(event.ppa)
    if managed is not None:
        managed.seed = event.seed
    if managed is not None and managed.down is not None:
        managed.started, managed.down = core.now.boot, None
        managed.told = replace(managed.told, condition=Condition.UNREACHABLE, fault=None)
        core.registry.indexed(managed)
        core.look()


def on_not_started(core: Core, event: NotStarted) -> None:
    """A thread that cannot be started (none left, no memory) is tried again like one that died."""
    managed = core.registry.ppas.get(event.known.ppa)
    if managed is None:
        return
    reason = f"its worker cannot be started, trying on: {event.error}"
    if reason != managed.down:
        core.say(f"{managed.ppa}: {reason}", managed.ppa, logging.ERROR)
    _went_down(core, managed, event.known, reason)


def on_replace(core: Core, step: Replace) -> None:
    """Another worker follows the one that is gone, with what that knew."""
    known = step.known
    managed = core.registry.ppas.get(known.ppa)
    if managed is None or managed.down is None or core.stopping:
        return
    pending = replace(known.pending, unsettled=True, due=0.0) if known.pending is not None else None
    successor = WorkerState(
        known.ppa, managed.pool, _options(core, managed), core.daemon, "", heard=known.heard,
        heard_at=known.heard_at, unchanged=known.unchanged,
        highest=known.highest, entry=known.entry if pending else None, text=known.text, pending=pending,
        waiting=known.waiting, duplicate=known.duplicate, burnt=known.burnt, files=known.files,
        vanished=known.vanished, over=known.over, floor=known.floor, disabled=known.disabled,
        snapshots=known.snapshots,
    )  # fmt: skip
    core.effects.append(Start(successor))


def _went_down(core: Core, managed: ManagedPPA, known: WorkerState, reason: str) -> None:
    """Nobody works for this PPA.  That it is tried again is seen to first, whatever fails after that."""
    ppa, now = managed.ppa, core.now.boot
    tried = managed.restarts
    pause = WORKER_START.pause(tried - 1) if tried else 0.0
    managed.restarts += 1
    managed.down_since = now if managed.down is None else managed.down_since
    managed.down = reason
    managed.failing = now if managed.failing is None else managed.failing
    core.at(now + pause, Replace(known))
    core.registry.indexed(managed)
    _answer_for(core, ppa, known, reason)
    round_without(core, ppa, reason)


def _answer_for(core: Core, ppa: Reference, known: WorkerState, reason: str) -> None:
    """A lease that stood already when the worker died is not to be looked for elsewhere."""
    kept = {command.token for command in known.waiting}
    if known.pending is not None and known.pending.command is not None:
        kept.add(known.pending.command.token)
    if isinstance(known.operation, Granting):
        core.outcome(known.operation.command.token, Denied(Refusal.UNTOLD, reason))
    for token in [token for token, (where, _) in core.expected.items() if where == ppa and token not in kept]:
        core.outcome(token, Denied(Refusal.OUTAGE, reason))


def put(core: Core, ppa: Reference, pool: str, options: PoolOptions, *, lent: bool, make: bool = False) -> None:
    """Serve a PPA, by a worker that is started now if it has none; `make`: to create it, once."""
    managed, labels = core.registry.ppas.get(ppa), _labels(core, ppa, pool)
    if managed is not None:
        managed.lent, managed.configured = lent, labels
        _reconfigure(core, managed, pool, options)
        return
    known = WorkerState(ppa, pool, options, core.daemon, "", snapshots=core.settings.launchpad.snapshots, make=make)
    told, boot = known.snapshot(), core.now.boot
    core.registry.put(ManagedPPA(ppa, pool, options, lent, told, started=boot, configured=labels))
    core.effects.append(Start(known))


def of_ranges(core: Core) -> dict[Reference, str]:
    """The PPAs that are served because a pool's range has their name, with that pool."""
    return {
        name: pool.name
        for pool in core.settings.pools.values()
        if pool.options.grow is not None
        for name in pool.options.grow.names
        if core.registry.ppas.get(name) is not None
    }


def _reconfigure(core: Core, managed: ManagedPPA, pool: str, options: PoolOptions) -> None:
    managed.pool, managed.options = pool, options
    core.registry.put(managed)
    core.effects.append(Send(managed.ppa, Reconfigured(pool, options)))


def _labels(core: Core, ppa: Reference, pool: str) -> dict[str, str]:
    return dict(core.settings.pools[pool].labels_of(ppa)) if pool in core.settings.pools else {}


def _options_of_record(core: Core, ppa: Reference) -> tuple[str, PoolOptions]:
    pools, managed = core.settings.pools, core.registry.ppas.get(ppa)
    record = managed.snapshot.record if managed is not None else None
    pool = pools.get(record.pool if record is not None else "") or next(iter(pools.values()))
    return pool.name, replace(pool.options, create=False)  # what is lent no more is not made either


def _options(core: Core, managed: ManagedPPA) -> PoolOptions:
    pool = core.settings.pools.get(managed.pool)
    return pool.options if pool is not None else _options_of_record(core, managed.ppa)[1]


def _at_rest(snapshot: Snapshot) -> bool:
    """Nobody has it, and nothing is to be cleaned: free, nothing of ours as far as was ever seen, or gone for good."""
    if snapshot.sight in (Sight.GONE, Sight.DENIED, Sight.LASTING_DENIED):
        return False  # there may be a lease in it
    if snapshot.record is not None:
        return snapshot.record.state in (State.FREE, State.DISCARDED) and snapshot.condition in (
            Condition.OK,
            Condition.DISABLED,
        )
    return snapshot.condition in (Condition.UNMANAGED, Condition.UNREADABLE, Condition.MISSING)
