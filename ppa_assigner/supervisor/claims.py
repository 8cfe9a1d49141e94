"""Leases that were made here, and whether anybody was told of them.

Invariant: a lease is given up only while nobody who asked for it was told or still waits under its request id, and
only while its record is that of the assignment: by its very nonce, or one that settled an unknown outcome since
(docs/explanation/protocol.md#telling-a-lease).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from ..automaton.events import Denied, GiveUp, Outcome, Refusal
from ..backoff import UNCLAIMED_AGAIN_S, UNCLAIMED_S
from ..record import Record
from ..reference import Reference
from .keys import Key, key_in
from .line import Call, Claim
from .office import Office


class Claims:
    """Every method is called under the office's lock.  `wanted` says whether somebody waits under a key."""

    def __init__(self, office: Office, wanted: Callable[[Key | None], bool]) -> None:
        self._office = office
        self._wanted = wanted
        self._claims: dict[Key | None, Claim] = {}

    def __len__(self) -> int:
        return len(self._claims)

    def made(self, ppa: Reference, record: Record) -> None:
        """An assignment is settled; nobody was told yet."""
        claim = Claim(ppa, record)
        self._claims[key_in(record)] = claim
        self._look_again(claim, UNCLAIMED_S)

    def told(self, record: Record, calls: Iterable[Call]) -> None:
        """These connections are told of this lease."""
        claim = self._claims.get(key_in(record))
        if claim is None or claim.record.lease != record.lease:
            return
        for call in calls:
            claim.calls.add(call)
            call.claim = claim

    def elsewhere(self, key: Key, ppa: Reference) -> None:
        """The lease is not there any more."""
        claim = self._claims.get(key)
        if claim is not None and claim.ppa == ppa:
            self._end(claim)

    def hang_up(self, claim: Claim, call: Call) -> None:
        """A connection that was to be told was gone before any byte of its answer was handed to it."""
        claim.calls.discard(call)
        if not claim.calls and not self._wanted(key_in(claim.record)):
            self._give_up(claim)

    def abandoned(self, key: Key) -> None:
        """The last one who waited under this key hung up."""
        claim = self._claims.get(key)
        if claim is not None and not claim.calls:
            self._give_up(claim)

    def _due(self, claim: Claim) -> None:
        """Told by now, or unclaimed for long enough."""
        if claim.calls:
            self._end(claim)
        elif self._wanted(key_in(claim.record)):
            self._look_again(claim, UNCLAIMED_AGAIN_S)
        else:
            self._give_up(claim)

    def _look_again(self, claim: Claim, seconds: float) -> None:
        if claim.timed is not None:
            self._office.timer.cancel(claim.timed)
        claim.timed = self._office.at(self._office.clock.boot() + seconds, partial(self._due, claim))

    def _give_up(self, claim: Claim) -> None:
        """Until Launchpad answered, or the lease is over anyway: a command that an outage outlasts is given again."""
        if claim.over or claim.giving_up:
            return
        claim.giving_up = True
        claim.record = self._as_it_is_now(claim) or claim.record
        lease, nonce, deadline = claim.record.lease or "", claim.record.nonce, self._office.clock.boot() + UNCLAIMED_S
        self._office.order(
            claim.ppa,
            lambda token: GiveUp(token=token, deadline=deadline, lease=lease, nonce=nonce),
            partial(self._given_up, claim),
        )

    def _given_up(self, claim: Claim, outcome: Outcome) -> None:
        if isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT:
            return
        claim.giving_up = False
        unanswered = isinstance(outcome, Denied) and (
            outcome.why is Refusal.OUTAGE or self._as_it_is_now(claim) is not None
        )
        until = claim.record.until
        now = self._office.clock.now()
        if unanswered and (until is None or not now.trusted or now.date < until):
            self._look_again(claim, UNCLAIMED_AGAIN_S)
        else:
            self._end(claim)

    def _as_it_is_now(self, claim: Claim) -> Record | None:
        """The record of the assignment, if it stands as far as is known: also in a PPA that is missing and may come
        back, and under another nonce when nothing else changed.  That is what settles an unknown outcome; whoever is
        told of the lease with a higher attempt, or touches it, leaves a trace.  Times that were put right are none:
        only what a clock that lied wrote ever goes back.
        """
        member = self._office.crew.get(claim.ppa)
        record = member.snapshot.record if member is not None else None
        return record if record is not None and record == _unclaimed(claim.record, record) else None

    def _end(self, claim: Claim) -> None:
        claim.over = True
        if claim.timed is not None:
            self._office.timer.cancel(claim.timed)
        if self._claims.get(key_in(claim.record)) is claim:
            del self._claims[key_in(claim.record)]


def _unclaimed(made: Record, found: Record) -> Record:
    """What the record that was made looks like in place of the one found, if nobody claimed it."""
    made = replace(made, serial=found.serial, nonce=found.nonce)
    if found.touched < made.touched:
        made = replace(made, since=found.since, touched=found.touched, until=found.until, clock=found.clock)
    return made
