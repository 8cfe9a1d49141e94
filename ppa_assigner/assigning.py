"""From a wish to a lease that may be told: who gets which PPA, and what becomes of every way that can go wrong.

Invariants: a wish is bound to at most one PPA at a time, and to a PPA whose outcome is unknown until that is settled;
a request that may have been sent before (`attempt` > 0) is searched for in a look that began after it came; a lease
is told only on an answer of Launchpad's that began after the request came (design, section 5).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

from . import line
from .access import Caller
from .automaton.events import Assign, Confirm, Denied, GiveUp, Lent, No, Outcome
from .config import Pool
from .crew import counted
from .line import Asked, Avoided, Call, Stage
from .looking import Failures
from .office import Office
from .problems import Kind, Problem
from .record import Record, State, format_time
from .reference import Reference
from .ticket import Place
from .views import Condition, Snapshot, Wish
from .views import Lent as LentView

UNCLAIMED_S = 300.0
SEARCH_AGAIN_S = 2.0
LOSSES_PER_PPA = 2
AVOID_S = 10.0
RETRY_AFTER_S = 5.0


class Assigning:
    """The waiting line and all wishes on their way.  Every method is called under the office's lock."""

    def __init__(self, office: Office, pools: Mapping[str, Pool], release: Callable[[str, Future[Any]], None]) -> None:
        self._office = office
        self.pools = pools
        self._release = release
        self._wishes: dict[str, Asked] = {}
        self._bound: dict[Reference, Asked] = {}
        self._number = 0

    # -- calls come and go -----------------------------------------------------------------------------------------

    def assign(self, wish: Wish) -> Call:
        """Take a place in the line, or join the one of this request id.  Raises Problem for a wish no PPA can meet."""
        self._check(wish)
        boot = self._office.clock.boot()
        call = Call(wish, boot + wish.wait, boot + wish.wait + self._office.total)
        asked = self._wishes.get(wish.request_id)
        if asked is None:
            self._join(self._enter(wish), call)
        elif not asked.same_wisher(wish):
            raise self._problem(wish, Kind.REQUEST_ID_TAKEN, "somebody else's wish has this request id")
        elif wish.attempt < asked.attempt:
            raise self._problem(wish, Kind.SUPERSEDED, f"attempt {asked.attempt} of this request came before")
        else:
            self._join(asked, call)
        return call

    def has(self, request_id: str) -> bool:
        """Whether a wish of this request id is on its way."""
        return request_id in self._wishes

    def hang_up(self, call: Call) -> None:
        """The connection is gone.  The last one to go takes the wish, or the lease that nobody was told of, along."""
        asked = call.asked
        if asked is None:
            return
        if call in asked.told:
            asked.told.remove(call)
            if not asked.told and asked.result is not None:
                self._give_up(asked)
        elif call in asked.calls:
            asked.abandoned = len(asked.calls) == 1
            self._leave(asked, call)

    def withdraw(self, request_id: str, caller: Caller, future: Future[Any]) -> bool:
        """End the wish of this request id.  False: there is none here.  `future` ends once what it got is released."""
        asked = self._wishes.get(request_id)
        if asked is None:
            return False
        wish = asked.wish
        if not caller.may_end(wish):
            raise Problem(Kind.FORBIDDEN, "this wish is not yours to withdraw")
        self._answer_all(asked, self._problem(wish, Kind.SUPERSEDED, "the wish was withdrawn"))
        if asked.stage is Stage.ASSIGNING:
            asked.withdrawn.append(future)
            return True
        self._forget(asked)
        return False

    def stop(self) -> None:
        """Answer all who wait; their tickets keep their places."""
        for asked in list(self._wishes.values()):
            for call in list(asked.calls):
                self._end(asked, call, self._unavailable(asked, "the daemon is being stopped", retry_after=1.0))

    # -- matching --------------------------------------------------------------------------------------------------

    def match(self, pool: str) -> None:
        """Which request gets which PPA: the one place where that is decided."""
        candidates = self._candidates(pool)
        if not candidates:
            return
        for asked in line.in_line(self._wishes.values(), pool):
            if asked.stage is not Stage.WAITING:
                continue
            if holding := self._holding(asked):
                self._confirm(asked, holding.ppa)
            elif chosen := line.choose(asked, candidates, self._office.rng, self._office.clock.boot()):
                candidates.remove(chosen)
                self._bind(asked, chosen.ppa)
            if not candidates:
                return

    def waiting(self, pool: str) -> list[Asked]:
        """The line of a pool."""
        return line.in_line(self._wishes.values(), pool)

    def _candidates(self, pool: str) -> list[Snapshot]:
        members = self._office.crew.in_pool(pool)
        return [m.snapshot for m in members if m.worker.ppa not in self._bound and line.free_for_anyone(m.snapshot)]

    def _holding(self, asked: Asked) -> Snapshot | None:
        """A PPA that is used under this request id, as far as is known."""
        found, boot = self._office.crew.with_request(asked.wish.request_id), self._office.clock.boot()
        return next((snapshot for snapshot in found if not asked.avoids(snapshot, boot)), None)

    def _avoid(self, asked: Asked, ppa: Reference) -> None:
        """Pass this PPA by for a while, or until it changes."""
        member, until = self._office.crew.get(ppa), self._office.clock.boot() + AVOID_S
        asked.avoided[ppa] = Avoided(line.nonce_of(member.snapshot) if member else None, until)
        self._office.at(until, partial(self.match, asked.wish.pool))

    # -- entering --------------------------------------------------------------------------------------------------

    def _check(self, wish: Wish) -> None:
        pool = self.pools.get(wish.pool)
        if self._office.stopping:
            raise self._problem(wish, Kind.UNAVAILABLE, "the daemon is being stopped", retry_after=1.0)
        if pool is None:
            raise self._problem(wish, Kind.UNKNOWN_POOL, f"there is no pool {wish.pool!r}")
        if wish.ppa is not None and wish.ppa not in pool.ppas:
            raise self._problem(wish, Kind.UNKNOWN_PPA, f"{wish.ppa} is not in pool {wish.pool!r}")
        if wish.ttl is not None and wish.ttl > pool.options.max_ttl:
            raise self._problem(wish, Kind.INVALID, f"ttl: at most {pool.options.max_ttl:g} s in this pool")
        if wish.uploader is not None and not pool.options.grant_upload:
            raise self._problem(wish, Kind.INVALID, "uploader: this pool gives no upload rights (grant_upload)")

    def _enter(self, wish: Wish) -> Asked:
        now = self._office.clock.epoch()
        place = self._office.tickets.redeem(wish.ticket, wish.pool, wish.request_id, now)
        self._number += 1
        asked = Asked(wish, wish.attempt, place.first_asked if place else now, self._number, lease="")
        self._wishes[wish.request_id] = asked
        return asked

    def _join(self, asked: Asked, call: Call) -> None:
        raised = call.wish.attempt > asked.attempt
        if raised:
            asked.attempt = call.wish.attempt
            self._answer_all(asked, self._problem(asked.wish, Kind.SUPERSEDED, "a later attempt of this request came"))
        new, asked.abandoned, call.asked = not asked.calls and asked.bound is None, False, asked
        asked.calls.append(call)
        for moment in {call.until, call.deadline}:
            self._office.at(moment, partial(self._time_is_up, asked, call))
        if asked.stage is Stage.UNCLAIMED and asked.bound is not None:
            self._confirm(asked, asked.bound)
        elif new or (raised and asked.stage is Stage.WAITING):
            self._search(asked)

    def _search(self, asked: Asked) -> None:
        """Does this request have a lease already?  Memory tells for a first attempt, else only a fresh look does."""
        asked.stage = Stage.SEARCHING
        if asked.attempt == 0 and self._office.ready:
            self._decide(asked)
        else:
            self._office.want_look(partial(self._searched, asked))

    def _searched(self, asked: Asked, failed: Failures) -> None:
        if not self._is_current(asked, Stage.SEARCHING):
            return
        asked.outage = self._why_not_searched(asked, failed)
        if asked.outage is None:
            self._decide(asked)
            return
        self._office.at(self._office.clock.boot() + SEARCH_AGAIN_S, partial(self._search_again, asked))
        for call in list(asked.calls):
            if self._office.ready and call.until <= self._office.clock.boot():
                self._end(asked, call, self._unavailable(asked, asked.outage))

    def _search_again(self, asked: Asked) -> None:
        if self._is_current(asked, Stage.SEARCHING):
            self._search(asked)

    def _why_not_searched(self, asked: Asked, failed: Failures) -> str | None:
        """Every PPA where the lease might be must have been seen; absence of an answer is no absence of a lease."""
        if not self._office.ready:
            return self._office.trouble or "the first look at the PPAs is not over"
        if asked.attempt == 0:
            return None
        concerned = [ppa for ppa in failed if self._office.crew.concerns(ppa, asked.wish.pool)]
        return f"{concerned[0]}: {failed[concerned[0]]}" if concerned else None

    def _decide(self, asked: Asked) -> None:
        if holding := self._holding(asked):
            self._confirm(asked, holding.ppa)
            return
        asked.stage, asked.bound = Stage.WAITING, None
        self.match(asked.wish.pool)
        for call in list(asked.calls):
            self._time_is_up(asked, call)

    # -- bound to a PPA --------------------------------------------------------------------------------------------

    def _bind(self, asked: Asked, ppa: Reference) -> None:
        wish, options = asked.wish, self.pools[asked.wish.pool].options
        asked.stage, asked.bound, asked.in_doubt, asked.outage = Stage.ASSIGNING, ppa, False, None
        asked.lease = secrets.token_hex(16)
        self._bound[ppa] = asked
        idle = wish.idle if wish.idle is not None else options.idle
        self._office.order(
            ppa,
            lambda token: Assign(
                token=token, deadline=asked.deadline, lease=asked.lease, request=wish.request_id, owner=wish.owner,
                attempt=asked.attempt, by=wish.by, ttl=wish.ttl if wish.ttl is not None else options.ttl,
                idle=None if idle is None else max(1, round(idle)), note=wish.note, uploader=wish.uploader,
            ),
            partial(self._assigned, asked, ppa),
        )  # fmt: skip

    def _assigned(self, asked: Asked, ppa: Reference, outcome: Outcome) -> None:
        if isinstance(outcome, Denied) and outcome.why is No.IN_DOUBT:
            asked.in_doubt = True
            return
        self._bound.pop(ppa, None)
        match outcome:
            case Lent(record):
                self._holds(asked, ppa, record)
            case Denied(No.INVALID, detail):
                self._answer_all(asked, self._problem(asked.wish, Kind.INVALID, detail))
                self._forget(asked)
            case Denied(No.UNTOLD, detail):
                self._answer_all(asked, self._unavailable(asked, detail))
                member = self._office.crew.get(ppa)
                asked.result = member.snapshot.record if member else None
                self._unclaimed(asked)
            case Denied(why, detail):
                self._next_candidate(asked, ppa, why, detail)

    def _holds(self, asked: Asked, ppa: Reference, record: Record) -> None:
        asked.result = record
        if asked.withdrawn:
            self._forget(asked)
            for future in asked.withdrawn:
                self._release(asked.lease, future)
        elif record.attempt < asked.attempt:
            self._confirm(asked, ppa)
        elif asked.calls:
            self._finish(asked, ppa, record, fresh=True)
        elif asked.abandoned:
            self._give_up(asked)
            self._forget(asked)
        else:
            self._unclaimed(asked)

    def _next_candidate(self, asked: Asked, ppa: Reference, why: No, detail: str) -> None:
        asked.lost += 1
        if why is No.OUTAGE:
            asked.outage = detail
        if why is No.OUTAGE or asked.lost >= LOSSES_PER_PPA:
            self._avoid(asked, ppa)
        if asked.calls:
            self._decide(asked)
            self.match(asked.wish.pool)
            return
        self._forget(asked)
        for future in asked.withdrawn:
            self._office.later(partial(future.set_result, []))

    def _confirm(self, asked: Asked, ppa: Reference) -> None:
        wish = asked.wish
        asked.stage, asked.bound = Stage.CONFIRMING, ppa
        self._office.order(
            ppa,
            lambda token: Confirm(
                token=token, deadline=asked.deadline, request=wish.request_id, attempt=asked.attempt, owner=wish.owner,
                by=wish.by, pool=wish.pool,
            ),
            partial(self._confirmed, asked, ppa),
        )  # fmt: skip

    def _confirmed(self, asked: Asked, ppa: Reference, outcome: Outcome) -> None:
        if not self._is_current(asked, Stage.CONFIRMING):
            return
        match outcome:
            case Lent(record) if record.attempt < asked.attempt:
                self._confirm(asked, ppa)
            case Lent(record):
                self._finish(asked, ppa, record, fresh=False)
            case Denied(No.ELSEWHERE):
                self._avoid(asked, ppa)
                self._decide(asked)
            case Denied(No.TAKEN):
                self._refuse(asked, Kind.REQUEST_ID_TAKEN, "somebody else's lease has this request id")
            case Denied(No.SUPERSEDED):
                self._refuse(asked, Kind.SUPERSEDED, "a later attempt of this request has a lease")
            case Denied(No.IN_DOUBT):
                asked.in_doubt = True
            case Denied(_, detail):
                self._answer_all(asked, self._unavailable(asked, detail))
                self._forget(asked)

    # -- ends ------------------------------------------------------------------------------------------------------

    def _finish(self, asked: Asked, ppa: Reference, record: Record, *, fresh: bool) -> None:
        asked.told, asked.calls = asked.calls, []
        self._forget(asked)
        for call in asked.told:
            self._office.later(partial(line.answer, call, LentView(ppa, record, fresh)))

    def _unclaimed(self, asked: Asked) -> None:
        asked.stage = Stage.UNCLAIMED
        self._office.at(self._office.clock.boot() + UNCLAIMED_S, partial(self._nobody_came, asked))

    def _nobody_came(self, asked: Asked) -> None:
        if self._is_current(asked, Stage.UNCLAIMED):
            self._give_up(asked)
            self._forget(asked)

    def _give_up(self, asked: Asked) -> None:
        record = asked.result
        if record is None or asked.bound is None or record.lease is None:
            return
        lease, nonce, deadline = record.lease, record.nonce, self._office.clock.boot() + UNCLAIMED_S
        self._office.order(
            asked.bound, lambda token: GiveUp(token=token, deadline=deadline, lease=lease, nonce=nonce), lambda _: None
        )

    def _time_is_up(self, asked: Asked, call: Call) -> None:
        """Its wait is over: none free.  Its deadline is over: no answer of Launchpad's came in time."""
        boot = self._office.clock.boot()
        if call not in asked.calls:
            return
        if boot >= call.deadline:
            self._end(asked, call, self._unavailable(asked, asked.outage or "Launchpad did not answer in time"))
        elif boot >= call.until and asked.stage is Stage.WAITING:
            self._end(asked, call, self._none_free(asked))

    def _end(self, asked: Asked, call: Call, problem: Problem) -> None:
        self._leave(asked, call)
        self._office.later(partial(line.answer, call, problem))

    def _leave(self, asked: Asked, call: Call) -> None:
        asked.calls.remove(call)
        if not asked.calls and asked.stage is not Stage.ASSIGNING:
            self._forget(asked)

    def _refuse(self, asked: Asked, kind: Kind, detail: str) -> None:
        self._answer_all(asked, self._problem(asked.wish, kind, detail))
        self._forget(asked)

    def _answer_all(self, asked: Asked, problem: Problem) -> None:
        for call in asked.calls:
            self._office.later(partial(line.answer, call, problem))
        asked.calls = []

    def _forget(self, asked: Asked) -> None:
        if self._wishes.get(asked.wish.request_id) is asked:
            del self._wishes[asked.wish.request_id]

    def _is_current(self, asked: Asked, stage: Stage) -> bool:
        return self._wishes.get(asked.wish.request_id) is asked and asked.stage is stage

    # -- problems --------------------------------------------------------------------------------------------------

    def _problem(self, wish: Wish, kind: Kind, detail: str, **facts: Any) -> Problem:
        return Problem(kind, detail, request_id=wish.request_id, **facts)

    def _unavailable(self, asked: Asked, detail: str, retry_after: float = RETRY_AFTER_S) -> Problem:
        return self._problem(asked.wish, Kind.UNAVAILABLE, detail, retry_after=retry_after, ticket=self._ticket(asked))

    def _none_free(self, asked: Asked) -> Problem:
        """None free, as far as Launchpad answered; where it did not, nobody can know."""
        wish = asked.wish
        snapshots = [member.snapshot for member in self._office.crew.in_pool(wish.pool)]
        silent = next((s for s in snapshots if s.condition is Condition.UNREACHABLE), None)
        if asked.outage or silent:
            return self._unavailable(asked, asked.outage or f"{silent and silent.ppa}: {silent and silent.fault}")
        ends = [s.record.until for s in snapshots if s.record and s.record.state is State.USED and s.record.until]
        return self._problem(
            wish, Kind.NONE_FREE, f"no PPA of pool {wish.pool!r} is free", counts=counted(snapshots),
            position=line.position(self.waiting(wish.pool), asked), ticket=self._ticket(asked),
            next_until=format_time(min(ends)) if ends else None, retry_after=RETRY_AFTER_S,
        )  # fmt: skip

    def _ticket(self, asked: Asked) -> str:
        place = Place(asked.wish.pool, asked.wish.request_id, asked.first, self._office.clock.epoch())
        return self._office.tickets.issue(place)
