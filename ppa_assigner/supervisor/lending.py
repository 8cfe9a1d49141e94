"""How a request ends with a lease that is told, and what is remembered of PPAs that disappointed it.

Rule: called by those who know that the lease stands, or that it does not.
"""

from __future__ import annotations

from ..automaton.events import Denied, Outcome, Refusal
from ..backoff import AVOID_S
from ..record import Record
from ..reference import Reference
from . import pending, unclaimed
from .core import Core
from .requests import Avoided, PendingRequest, nonce_of
from .steps import TryAgain


def finish(core: Core, request: PendingRequest, ppa: Reference, record: Record, *, fresh: bool = False) -> None:
    """Tell all who wait for it of this lease."""
    unclaimed.told(core, record, request.calls)
    if request.calls:
        core.spent.served(record, core.now.boot, core.arrival())
    pending.answer(core, request, core.registry.lent(ppa, record, fresh=fresh))
    pending.forget(core, request)


def avoid(core: Core, request: PendingRequest, ppa: Reference) -> None:
    """Pass this PPA by for a while, or until it changes; then see what it is, and try again."""
    managed, until = core.registry.get(ppa), core.now.boot + AVOID_S
    request.avoided[ppa] = Avoided(nonce_of(managed.snapshot) if managed is not None else None, until)
    core.at(until, TryAgain(request.id))


def why_not(outcome: Outcome) -> tuple[Refusal, str]:
    """An outcome that no such command has would be a bug; its calls end all the same."""
    return (outcome.why, outcome.detail) if isinstance(outcome, Denied) else (Refusal.OUTAGE, f"unexpected: {outcome}")
