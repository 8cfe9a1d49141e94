"""Leases that were made here, and whether anybody was told of them.

Invariant: a lease is given up only while nobody who asked for it was told or still waits under its request id, and
only while its record is that of the assignment: by its very nonce, or one that settled an unknown outcome since
(docs/explanation/protocol.md#telling-a-lease).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..automaton.events import Denied, GiveUp, Outcome, Refusal
from ..backoff import UNCLAIMED_AGAIN_S, UNCLAIMED_S
from ..record import Record
from ..reference import Reference
from .core import Claim, Core
from .requests import CallId, ClaimId, Key, key_in
from .steps import ClaimIsDue, GivesUp


def made(core: Core, key: Key, ppa: Reference, record: Record) -> None:
    """An assignment for the request of this key is settled; nobody was told yet."""
    unclaimed = core.unclaimed
    unclaimed.last += 1
    claim = Claim(ClaimId(unclaimed.last), ppa, record)
    unclaimed.claims[claim.id] = claim
    unclaimed.of_key[key] = claim.id
    claim.timer = core.timers.at(core.now.boot + UNCLAIMED_S, ClaimIsDue(claim.id))


def told(core: Core, key: Key, record: Record, calls: Iterable[CallId]) -> None:
    """These connections, which asked under this key, are told of this lease."""
    claim = _of_key(core, key)
    if claim is None or claim.record.lease != record.lease:
        return
    for call in calls:
        claim.calls.add(call)
        core.unclaimed.told[call] = claim.id


def elsewhere(core: Core, key: Key, ppa: Reference) -> None:
    """The lease is not there any more."""
    claim = _of_key(core, key)
    if claim is not None and claim.ppa == ppa:
        _end(core, claim)


def on_hang_up(core: Core, call: CallId) -> None:
    """A connection that was to be told was gone before any byte of its answer was handed to it."""
    number = core.unclaimed.told.pop(call, None)
    claim = core.unclaimed.claims.get(number) if number is not None else None
    if claim is not None:
        claim.calls.discard(call)
        if not claim.calls and not _wanted(core, claim):
            _give_up(core, claim)


def abandoned(core: Core, key: Key) -> None:
    """The last one who waited under this key hung up."""
    claim = _of_key(core, key)
    if claim is not None and not claim.calls:
        _give_up(core, claim)


def on_due(core: Core, step: ClaimIsDue) -> None:
    """Told by now, or unclaimed for long enough."""
    claim = core.unclaimed.claims.get(step.claim)
    if claim is None:
        return
    if claim.calls:
        _end(core, claim)
    elif _wanted(core, claim):
        _look_again(core, claim, UNCLAIMED_AGAIN_S)
    else:
        _give_up(core, claim)


def on_given_up(core: Core, waits: GivesUp, outcome: Outcome) -> None:
    """Go on until Launchpad answered, or the lease is over anyway."""
    claim = core.unclaimed.claims.get(waits.claim)
    if claim is None or (isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT):
        return
    claim.giving_up = False
    unanswered = isinstance(outcome, Denied) and (
        outcome.why is Refusal.OUTAGE or _as_it_is_now(core, claim) is not None
    )
    until, now = claim.record.until, core.now.time
    if unanswered and (until is None or not now.trusted or now.date < until):
        _look_again(core, claim, UNCLAIMED_AGAIN_S)
    else:
        _end(core, claim)


def _of_key(core: Core, key: Key | None) -> Claim | None:
    number = core.unclaimed.of_key.get(key)
    return core.unclaimed.claims[number] if number is not None else None


def _wanted(core: Core, claim: Claim) -> bool:
    """Whether somebody waits under its key."""
    return core.requests.get(key_in(claim.record)) is not None


def _look_again(core: Core, claim: Claim, seconds: float) -> None:
    core.timers.cancel(claim.timer)
    claim.timer = core.after(seconds, ClaimIsDue(claim.id))


def _give_up(core: Core, claim: Claim) -> None:
    """Have it ended; a command that an outage outlasts is given again."""
    if claim.giving_up:
        return
    claim.giving_up = True
    claim.record = _as_it_is_now(core, claim) or claim.record
    lease, nonce, deadline = claim.record.lease or "", claim.record.nonce, core.now.boot + UNCLAIMED_S
    command = GiveUp(token=core.token(), deadline=deadline, lease=lease, nonce=nonce)
    core.order(claim.ppa, command, GivesUp(claim.id))


def _as_it_is_now(core: Core, claim: Claim) -> Record | None:
    """The record of the assignment, if it stands as far as is known: also in a PPA that is missing and may come
    back, and under another nonce when nothing else changed.  That is what settles an unknown outcome; whoever is
    told of the lease with a higher attempt, or touches it, leaves a trace.  Times that were put right are none:
    only what a clock that lied wrote ever goes back.
    """
    managed = core.registry.ppas.get(claim.ppa)
    record = managed.snapshot.record if managed is not None else None
    return record if record is not None and record == _unclaimed(claim.record, record) else None


def _end(core: Core, claim: Claim) -> None:
    unclaimed = core.unclaimed
    core.timers.cancel(claim.timer)
    del unclaimed.claims[claim.id]
    for call in claim.calls:
        del unclaimed.told[call]
    if unclaimed.of_key.get(key_in(claim.record)) == claim.id:
        del unclaimed.of_key[key_in(claim.record)]


def _unclaimed(made: Record, found: Record) -> Record:
    """What the record that was made looks like in place of the one found, if nobody claimed it."""
    made = replace(made, serial=found.serial, nonce=found.nonce)
    if found.touched < made.touched:
        made = replace(made, since=found.since, touched=found.touched, until=found.until, clock=found.clock)
    return made
