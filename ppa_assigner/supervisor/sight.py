"""The one rule of looking: when a look has seen enough to say that a request or a lease is nowhere.

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
from ..backoff import FAILING_S
from ..record import Record
from ..reference import Reference
from ..views import Sight
from .core import Core
from .registry import ManagedPPA
from .rounds import Failures

DENIED = frozenset({Sight.DENIED, Sight.LASTING_DENIED})


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
        managed = core.registry.get(ppa)
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
