"""From a wish to a lease that may be told: who gets which PPA, and what becomes of every way that can go wrong.

Invariants: a wish is bound to at most one PPA at a time, and to a PPA whose outcome is unknown until that is settled;
a request that may have been sent before (`attempt` > 0) is searched for in a look that began after it came; a lease
is told only on an answer of Launchpad's that began after the request came
(docs/explanation/protocol.md#telling-a-lease).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from ..automaton.events import Assign, Denied, LeaseShown, Outcome, Refusal
from ..backoff import AVOID_S, RETRY_SOON_S
from ..config import Pool
from ..problems import Kind
from ..record import Record
from ..reference import Reference
from ..views import AssignRequest, Snapshot
from . import line
from .claims import Claims
from .confirming import Confirming, why_not
from .fresh import Fresh
from .keys import Key, key_of
from .line import IN_LINE, Asked, Avoided, Call, Stage
from .office import Office
from .places import Places
from .searching import Searching
from .tracing import Tracing
from .waits import Waits
from .wishes import Wishes

LOSSES_PER_PPA = 2


class Assigning:
    """The waiting line and all wishes on their way.  Every method is called under the office's lock."""

    def __init__(self, office: Office, pools: Mapping[str, Pool]) -> None:
        self._office = office
        self._pools = pools
        self._wishes = Wishes(office)
        self._searching = Searching(office, self._wishes, self._decide, self._turn_is_over)
        self._confirming = Confirming(office, self._wishes, self._decide, self._not_here, self._finish)
        self._claims = Claims(office, self._wishes.__contains__)
        self._bound = office.crew.shelf.bound
        self._tracing = Tracing(office, self._wishes, self._bound, self._wait_on)
        self._places = Places(office, self.match)
        self._fresh = Fresh(office)
        self._waits = Waits(office, self._wishes, self._places, self._tracing, self.match)

    # -- calls come and go -----------------------------------------------------------------------------------------

    def assign(self, wish: AssignRequest) -> Call:
        """Take a place in the line, or join that of its request id.  Raises Problem for a wish no PPA can meet."""
        if self._office.stopping:
            raise self._wishes.refusals.soon(wish, "the daemon is being stopped")
        if (unmet := self._wishes.refusals.unmet(wish, self._pools)) is not None:
            raise unmet
        asked, boot = self._wishes.get(key_of(wish)), self._office.clock.boot() - wish.spent
        call = Call(wish, boot + wish.wait, boot + wish.wait + self._office.total)
        if asked is None:
            before = self._places.take(wish)
            asked = self._wishes.enter(wish, before)
            self._wishes.join(asked, call, self._waits.time_is_up)
            (self._searching.begin if asked.searched < asked.attempt else self._decide)(asked)
            if before is None and wish.attempt == 0 and wish.ticket is None and asked.stage is Stage.WAITING:
                self._fresh.look(call.until)
            return call
        self._wishes.admit(asked, wish)
        raised = wish.attempt > asked.attempt
        if raised:
            asked.attempt = wish.attempt
            self._wishes.refuse(asked, Kind.SUPERSEDED, "a later attempt of this request came")
        self._wishes.join(asked, call, self._waits.time_is_up)
        if raised and asked.stage in IN_LINE:
            self._searching.begin(asked)
        return call

    def hang_up(self, call: Call) -> None:
        """The connection is gone.  The last one to go takes the wish, or the lease that nobody was told of, along."""
        if call.claim is not None:
            self._claims.hang_up(call.claim, call)
        elif call.asked is not None and call in call.asked.calls:
            asked = call.asked
            self._wishes.leave(asked, call)
            asked.abandoned = not asked.calls
            if asked.abandoned and asked.stage is not Stage.ASSIGNING:
                self._claims.abandoned(asked.key)

    def to_withdraw(self, key: Key, *, others: bool) -> tuple[list[Asked], bool]:
        """The wishes on their way that are to end: the caller's own, or where it has none (`others`) those of other
        clients under the same request id; places that are kept for them go at once.  And whether it had one itself.
        """
        self._office.spent.withdrawn(key)
        kept, asked = self._places.withdraw(key), self._wishes.get(key)
        if asked is not None or kept or not others or self._office.crew.with_request(key):
            return [asked] if asked is not None else [], True
        for one in self._places.of_others(key):
            self._places.withdraw(one.key)
        ending = self._wishes.of_others(key)
        for asked in ending:
            self._office.spent.withdrawn(asked.key)
        return ending, False

    def withdraw(self, asked: Asked, settled: Callable[[bool], None]) -> None:
        """End this wish.  `settled` is called once what it got is known to those who look for it; with False when it
        may have something that was not seen yet.
        """
        self._wishes.refuse(asked, Kind.SUPERSEDED, "the request was withdrawn")
        if asked.stage is Stage.ASSIGNING:
            self._wishes.search_no_more(asked)
            asked.withdrawn.append(settled)
        else:
            self._wishes.forget(asked)
            settled(asked.stage is Stage.WAITING)

    def serve(self, pools: Mapping[str, Pool]) -> None:
        """These are the pools from now on."""
        self._pools = pools
        for asked in [asked for asked in self._wishes if asked.stage in IN_LINE]:
            if (unmet := self._wishes.refusals.unmet(asked.wish, pools)) is not None:
                self._wishes.answer(asked, unmet)
                self._wishes.forget(asked)

    def stop(self) -> None:
        """Answer all who wait; their tickets keep their places."""
        for asked in self._wishes:
            problem = self._wishes.refusals.unavailable(asked, "the daemon is being stopped", RETRY_SOON_S)
            for call in list(asked.calls):
                self._wishes.end(asked, call, problem)

    # -- matching --------------------------------------------------------------------------------------------------

    def match(self, pool: str) -> None:
        """Which request gets which PPA, and who learns that it gets none: the one place where that is decided."""
        self._match(pool)
        self._tracing.pursue_all(pool)

    def _match(self, pool: str) -> None:
        crew, lines, boot, searching = self._office.crew, self._wishes.lines, self._office.clock.boot(), 0
        if not lines.length(pool) or not crew.shelf.count(pool):
            return
        for asked in lines.of(pool):
            if asked.stage is not Stage.WAITING:
                searching += asked.keeps_its_turn(boot)
            elif crew.shelf.count(pool) <= searching + (self._places.ahead(asked) if asked.may_wait(boot) else 0):
                continue  # a wait that is over may be the first part of a long one: it is no reason to pass a search
            elif holding := self._holding(asked):
                self._confirming.begin(asked, holding.ppa)
            elif chosen := line.choose(asked, crew.free(pool, asked.wish.ppa), self._office.rng, boot):
                self._bind(asked, chosen.ppa)
            if not crew.shelf.count(pool):
                return

    def appeared(self, key: Key) -> None:
        """A PPA is used for this wish: what was sent before may have landed only now."""
        asked = self._wishes.get(key)
        if asked is not None and asked.stage is Stage.WAITING and (holding := self._holding(asked)):
            self._confirming.begin(asked, holding.ppa)

    def untold(self, key: Key) -> None:
        """What was given up for this wish before anybody was told spent no place: it has again what its tickets say."""
        asked = self._wishes.get(key)
        if asked is not None and asked.calls:
            self._wishes.placed_by(asked, asked.calls)

    def waiting(self, pool: str) -> list[Asked]:
        """The line of a pool."""
        return self._wishes.lines.of(pool)

    def _holding(self, asked: Asked) -> Snapshot | None:
        """A PPA that is used for this wish, as far as is known."""
        found, boot = self._office.crew.with_request(asked.key), self._office.clock.boot()
        kept = (s for s in found if s.record is None or s.record.lease not in self._office.releases)
        return next((snapshot for snapshot in kept if not asked.avoids(snapshot, boot)), None)

    def _avoid(self, asked: Asked, ppa: Reference) -> None:
        """Pass this PPA by for a while, or until it changes; then see what it is, and try again."""
        member, until = self._office.crew.get(ppa), self._office.clock.boot() + AVOID_S
        asked.avoided[ppa] = Avoided(line.nonce_of(member.snapshot) if member else None, until)
        self._office.at(until, partial(self._try_again, asked))

    def _try_again(self, asked: Asked) -> None:
        if asked.stage is Stage.WAITING and asked.calls:
            self._office.later(self._office.look_now)
            self.match(asked.wish.pool)

    def _decide(self, asked: Asked) -> None:
        """Nothing binds this wish to a PPA, but perhaps a lease that it has."""
        if asked.searched < asked.attempt:
            self._searching.begin(asked)
            return
        if holding := self._holding(asked):
            self._confirming.begin(asked, holding.ppa)
            return
        asked.bound = None
        self._wishes.put(asked, Stage.WAITING)
        self._wait_on(asked)

    def _wait_on(self, asked: Asked) -> None:
        """It is in the line, or more is known of those that it waits for."""
        self.match(asked.wish.pool)
        for call in list(asked.calls):
            self._waits.time_is_up(asked, call)

    # -- bound to a PPA --------------------------------------------------------------------------------------------

    def _bind(self, asked: Asked, ppa: Reference) -> None:
        asked.bound, asked.outage, asked.lease = ppa, None, secrets.token_hex(16)
        self._wishes.put(asked, Stage.ASSIGNING)
        self._office.crew.shelf.bind(ppa)
        wish = replace(asked.wish, attempt=asked.attempt)
        asked.assign = self._office.order(
            ppa,
            lambda token: Assign(token=token, deadline=asked.deadline, lease=asked.lease, wish=wish),
            partial(self._assigned, asked, ppa),
        )

    def _assigned(self, asked: Asked, ppa: Reference, outcome: Outcome) -> None:
        self._office.soon(partial(self._waits.overdue, asked.wish.pool))
        if isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT:
            return  # the wish stays bound to this PPA
        self._office.crew.unbind(ppa)
        match outcome:
            case LeaseShown(record):
                self._holds(asked, ppa, record)
            case Denied(Refusal.INVALID, detail):
                self._wishes.refuse(asked, Kind.INVALID, detail)
                self._settled(asked)
            case Denied(Refusal.BURNT, source):
                self._tracing.burnt(asked, ppa, source)
                self._go_on(asked)
            case Denied(why, detail) if why is not Refusal.UNTOLD:
                self._lost(asked, ppa, why, detail)
                self._go_on(asked)
            case _:
                self._untold(asked, ppa, why_not(outcome)[1])

    def _holds(self, asked: Asked, ppa: Reference, record: Record) -> None:
        if asked.withdrawn:
            self._settled(asked)
            return
        if record.attempt > asked.attempt:
            self._wishes.refuse(asked, Kind.SUPERSEDED, "a later attempt of this request has a lease")
            self._settled(asked)
            return
        self._made(asked, ppa, record)
        if not asked.calls:
            self._settled(asked)
            if asked.abandoned:
                self._claims.abandoned(asked.key)
        elif asked.searched < asked.attempt:
            self._decide(asked)
        else:
            self._finish(asked, ppa, record, fresh=True)

    def _made(self, asked: Asked, ppa: Reference, record: Record) -> None:
        """A record with a higher attempt than was sent is another daemon's, who told of the lease: not ours to end."""
        if record.lease == asked.lease and record.attempt <= asked.searched:
            self._claims.made(ppa, record)

    def _untold(self, asked: Asked, ppa: Reference, detail: str) -> None:
        """The lease stands and may not be told yet: asking again gets it, until it is given up."""
        member = self._office.crew.get(ppa)
        record = member.snapshot.record if member is not None else None
        self._wishes.answer(asked, self._wishes.refusals.unavailable(asked, detail))
        if record is not None and not asked.withdrawn:
            self._made(asked, ppa, record)
        self._settled(asked)

    def _lost(self, asked: Asked, ppa: Reference, why: Refusal, detail: str) -> None:
        asked.lost += 1
        if why is Refusal.OUTAGE:
            asked.outage = detail
        if why is Refusal.OUTAGE or asked.lost >= LOSSES_PER_PPA:
            self._avoid(asked, ppa)

    def _go_on(self, asked: Asked) -> None:
        """The next candidate, if anybody still waits for one."""
        if asked.calls:
            self._decide(asked)
        else:
            self._settled(asked)

    def _settled(self, asked: Asked) -> None:
        """What the wish got is known; who withdrew it waits for that."""
        self._wishes.forget(asked)
        for settled in asked.withdrawn:
            settled(asked.searched >= asked.attempt)

    def _not_here(self, asked: Asked, ppa: Reference) -> None:
        self._claims.elsewhere(asked.key, ppa)
        self._avoid(asked, ppa)
        self._decide(asked)

    # -- ends ------------------------------------------------------------------------------------------------------

    def _finish(self, asked: Asked, ppa: Reference, record: Record, *, fresh: bool = False) -> None:
        self._claims.told(record, asked.calls)
        if asked.calls:
            self._office.spent.served(record)
        self._wishes.answer(asked, self._office.crew.lent(ppa, record, fresh=fresh))
        self._wishes.forget(asked)

    def _turn_is_over(self, pool: str) -> None:
        """One was searched for too long: those behind it go on, or learn that they get none."""
        self.match(pool)
        self._waits.overdue(pool)
