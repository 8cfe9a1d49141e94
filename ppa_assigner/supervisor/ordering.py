"""What is asked of a lease or a PPA that exists: touch, release, show, the operator's acts.

Rule: each call is one Order; what may be done is the automaton's to say, who may do it is `access`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from ..access import Caller
from ..automaton.events import (
    Command,
    ContentShown,
    Denied,
    Inspect,
    LeaseShown,
    Operate,
    Outcome,
    Refusal,
    Release,
    Touch,
)
from ..backoff import IN_DOUBT_S, RETRY_AFTER_S
from ..port import Content
from ..problems import Kind, Problem
from ..record import Record
from ..reference import Reference
from ..views import HoldAction, LeaseView, OperatorAction, ReleaseAction, Snapshot
from .keys import Key, key_in
from .office import Office
from .order import Order
from .searching import NEWER

PUT_OFF = "that is carried out once Launchpad answers"
NOT_TAKEN = "; whether one of them holds this lease is not known, so its release was not taken over: ask again"
_PART_OF_IDLE = 1 / 8  # of which a touch may take so much: less than our client waits for one of several tries


class Ordering:
    """Every method is called under the office's lock and gives a future that ends within the office's `total`."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def touch(self, lease: str, ttl: float | None, caller: Caller) -> Future[LeaseView]:
        """Proof of life.  Where that can be neither written nor denied now, it is told whether it was heard."""
        order, came = Order(self._office, self._lent), self._office.clock.boot()
        command = partial(_with_deadline, Touch, lease=lease, ttl=ttl)

        def go(ppa: Reference, record: Record) -> None:
            if lease in self._office.releases:
                order.end(Problem(Kind.LEASE_OVER, f"the lease of {ppa} was released: {PUT_OFF}"))
            order.facts = partial(self._heard, ppa, came)
            if record.idle is not None:  # who holds it must hear in time that silence counts anew
                order.within(record.idle * _PART_OF_IDLE)
            order.send(ppa, command)

        return order.with_lease(lease, caller, go)

    def release(self, lease: str, caller: Caller) -> Future[Snapshot]:
        """used -> dirty; the PPA, while it remembers the lease.  What cannot be done now is done when it can be."""
        order = Order(self._office, self._snapshot)
        order.facts, order.unseen = (lambda: {"pending": False}), NOT_TAKEN
        command = partial(_with_deadline, Release, lease=lease)

        def go(ppa: Reference, _: Record) -> None:
            self._to_release(order, ppa, lease)
            order.send(ppa, command)

        return order.with_lease(lease, caller, go)

    def lease(self, lease: str) -> Future[LeaseView]:
        """What is known of a lease."""
        order = Order(self._office, self._lent)

        def shown(ppa: Reference, record: Record) -> None:
            member = self._office.crew.get(ppa)
            if member is not None and member.snapshot.over is record:
                order.end(Problem(Kind.UNKNOWN_LEASE, f"the lease {lease!r} is over: {ppa} is gone"))
            else:
                order.end(self._office.crew.lent(ppa, record))

        return order.with_lease(lease, None, shown)

    def operate(self, ppa: Reference, act: OperatorAction) -> Future[Snapshot]:
        """An operator's act on a PPA."""
        order = Order(self._office, self._snapshot)
        if isinstance(act, ReleaseAction):
            self._to_release(order, ppa, act.lease)
        if isinstance(act, HoldAction) and act.lease in self._office.releases:
            order.end(Problem(Kind.WRONG_STATE, f"{ppa}: this lease was released: {PUT_OFF}"))
        order.send(ppa, partial(_command, act))
        return order.future

    def content(self, ppa: Reference) -> Future[Content]:
        """What a clean would delete."""
        order = Order(self._office, _content)
        order.send(ppa, partial(_with_deadline, Inspect))
        return order.future

    def withdraw(self, key: Key, wishes: int, *, others: bool) -> Withdrawal:
        """Release whatever a request got of which so many `wishes` are to be ended first; where it got nothing and
        `others`, what those of other clients with the same id got.
        """
        return Withdrawal(self._office, key, wishes, self._snapshot, others=others)

    def _to_release(self, order: Order[Any], ppa: Reference, lease: str) -> None:
        """Nobody need wait for Launchpad until the deadline: what is in doubt, or put off already, is carried out."""
        order.facts, order.doubt = partial(self._put_off, ppa, lease), IN_DOUBT_S
        if lease in self._office.releases:
            order.within(IN_DOUBT_S)

    def _put_off(self, ppa: Reference, lease: str) -> dict[str, Any]:
        """Launchpad did not answer: the release is taken over."""
        return {"pending": self._office.releases.take(ppa, lease)}

    def _heard(self, ppa: Reference, came: float) -> dict[str, Any]:
        """Whether silence counts anew since then (boot time), for this daemon."""
        member = self._office.crew.get(ppa)
        heard = member is not None and member.down is None and member.worker.known.heard_at >= came
        return {"heard": True} if heard else {}

    def _lent(self, ppa: Reference, outcome: Outcome) -> LeaseView:
        if not isinstance(outcome, LeaseShown):
            raise AssertionError(f"{ppa}: {outcome} is not a lease")
        return self._office.crew.lent(ppa, outcome.record, fresh=outcome.fresh)

    def _snapshot(self, ppa: Reference, _: Outcome) -> Snapshot:
        member = self._office.crew.get(ppa)
        if member is None:
            raise AssertionError(f"{ppa} answered and is not served")
        return member.snapshot


class Withdrawal:
    """The end of a request: each of its leases is released, by one call that is answered when all of them are."""

    def __init__(
        self,
        office: Office,
        key: Key,
        wishes: int,
        shown: Callable[[Reference, Outcome], Snapshot],
        *,
        others: bool,
    ) -> None:
        self._office, self._key, self._shown, self._others = office, key, shown, others
        self._unsettled, self._certain = wishes, True
        self._order: Order[list[Snapshot]] = Order(office, lambda ppa, outcome: [shown(ppa, outcome)])
        self._order.facts = self._put_off
        self._releasing: dict[Reference, str] = {}
        self._released: list[Snapshot] = []
        self.future = self._order.future

    def search(self) -> None:
        """No wish of this request is on its way here: release what it got, or it is unknown."""
        unknown = Problem(
            Kind.UNKNOWN_REQUEST, f"you have no request and no lease under the request id {self._key.request!r}"
        )
        self._order.search(self._found, self._names, unknown)

    def settled(self, certain: bool) -> None:
        """A wish is ended; with the last one release what they got; if that was `certain`ly seen, without another
        look.
        """
        self._unsettled, self._certain = self._unsettled - 1, self._certain and certain
        if self._unsettled:
            return
        if not self._certain and not self._order.over:
            self._order.search(self._found, self._names, [])
        elif not self._found():
            self._order.end([])

    def _names(self, record: Record) -> bool:
        return key_in(record) == self._key or (self._others and record.request == self._key.request)

    def _found(self) -> bool:
        crew = self._office.crew
        leases = crew.with_request(self._key) or (crew.with_request_of_others(self._key) if self._others else [])
        if not leases and (newer := crew.behind_newer_request(self._key)) is not None:
            self._order.end(Problem(Kind.UNAVAILABLE, NEWER.format(newer), retry_after=RETRY_AFTER_S))
            return True
        self._releasing = {s.ppa: s.record.lease or "" for s in leases if s.record is not None}
        for ppa, lease in self._releasing.items():
            self._release(ppa, lease)
        return bool(leases)

    def _put_off(self) -> dict[str, Any]:
        """Launchpad did not answer: what is left to be released is taken over.  What a write in doubt got is released
        once that is settled in any case.
        """
        taken = [self._office.releases.take(ppa, lease) for ppa, lease in self._releasing.items()]
        return {"pending": any(taken) or (self._unsettled > 0 and not self._office.stopping)}

    def _release(self, ppa: Reference, lease: str) -> None:
        """Also when the call is over already: the wish was withdrawn all the same."""
        if lease in self._office.releases:
            self._order.within(IN_DOUBT_S)
        deadline = self._office.clock.boot() + self._office.total
        make = partial(_with_deadline, Release, lease=lease)
        self._office.order(ppa, lambda token: make(token, deadline), partial(self._outcome, ppa))

    def _outcome(self, ppa: Reference, outcome: Outcome) -> None:
        match outcome:
            case Denied(Refusal.IN_DOUBT):
                self._order.within(IN_DOUBT_S)
                return
            case Denied(Refusal.ELSEWHERE):  # it ended by itself meanwhile
                pass
            case Denied(_, detail):
                self._office.releases.take(ppa, self._releasing.get(ppa, ""))
                self._order.end(Problem(Kind.UNAVAILABLE, f"{ppa}: {detail}", retry_after=RETRY_AFTER_S))
            case _:
                self._released.append(self._shown(ppa, outcome))
        self._releasing.pop(ppa, None)
        if not self._releasing:
            self._order.end(self._released)


def _with_deadline(kind: type[Command], token: int, deadline: float, **fields: Any) -> Command:
    return kind(token=token, deadline=deadline, **fields)


def _command(act: OperatorAction, token: int, deadline: float) -> Command:
    if isinstance(act, ReleaseAction):
        return Release(token=token, deadline=deadline, lease=act.lease)
    return Operate(token=token, deadline=deadline, act=act)


def _content(ppa: Reference, outcome: Outcome) -> Content:
    if not isinstance(outcome, ContentShown):
        raise AssertionError(f"{ppa}: {outcome} is no content")
    return outcome.content
