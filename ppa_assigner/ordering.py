"""What is asked of a lease or a PPA that exists: touch, release, show, the operator's acts.

Rule: each call is one Order; what may be done is the automaton's to say, who may do it is `access`'s.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from typing import Any

from .access import Caller
from .automaton.events import (
    Adopt,
    Command,
    Hold,
    Inspect,
    Inspected,
    Lent,
    Outcome,
    Quarantine,
    Release,
    Resume,
    Touch,
)
from .office import Office
from .order import Order
from .port import Content
from .problems import Kind, Problem
from .reference import Reference
from .views import Act, AdoptAct, HoldAct, QuarantineAct, ReleaseAct, Snapshot
from .views import Lent as LentView


class Ordering:
    """Every method is called under the office's lock and gives a future that ends within the office's `total`."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def touch(self, lease: str, ttl: float | None, caller: Caller) -> Future[LentView]:
        """Proof of life."""
        order = Order(self._office, _lent)
        command = partial(_with_deadline, Touch, lease=lease, ttl=ttl)
        return order.with_lease(lease, caller, lambda snapshot: order.send(snapshot.ppa, command))

    def release(self, lease: str, caller: Caller) -> Future[Snapshot]:
        """used -> dirty; the PPA, while it remembers the lease."""
        order = Order(self._office, self._snapshot)
        command = partial(_with_deadline, Release, lease=lease)
        return order.with_lease(lease, caller, lambda snapshot: order.send(snapshot.ppa, command))

    def lease(self, lease: str) -> Future[LentView]:
        """What is known of a lease."""
        order = Order(self._office, _lent)

        def show(snapshot: Snapshot) -> None:
            if snapshot.record is not None:
                order.end(LentView(snapshot.ppa, snapshot.record))

        return order.with_lease(lease, None, show)

    def operate(self, ppa: Reference, act: Act) -> Future[Snapshot]:
        """An operator's act on a PPA."""
        order = Order(self._office, self._snapshot)
        order.send(ppa, partial(_command, act))
        return order.future

    def content(self, ppa: Reference) -> Future[Content]:
        """What a clean would delete."""
        order = Order(self._office, _content)
        order.send(ppa, partial(_with_deadline, Inspect))
        return order.future

    def withdraw(self, request_id: str, caller: Caller) -> Future[list[Snapshot]]:
        """Release whatever the request got."""
        order = Order(self._office, lambda ppa, outcome: [self._snapshot(ppa, outcome)])

        def found() -> bool:
            snapshots = self._office.crew.with_request(request_id)
            mine = [s for s in snapshots if s.record is not None and caller.may_end(s.record)]
            if snapshots and not mine:
                order.end(Problem(Kind.FORBIDDEN, f"what request {request_id} got is not yours"))
            for snapshot in mine:
                lease = snapshot.record.lease if snapshot.record is not None else None
                order.send(snapshot.ppa, partial(_with_deadline, Release, lease=lease))
            return bool(snapshots)

        order.search(found, Problem(Kind.UNKNOWN_REQUEST, f"no wish and no lease has the request id {request_id!r}"))
        return order.future

    def _snapshot(self, ppa: Reference, _: Outcome) -> Snapshot:
        member = self._office.crew.get(ppa)
        if member is None:
            raise AssertionError(f"{ppa} answered and is not served")
        return member.snapshot


def _with_deadline(kind: type[Command], token: int, deadline: float, **fields: Any) -> Command:
    return kind(token=token, deadline=deadline, **fields)


def _command(act: Act, token: int, deadline: float) -> Command:
    match act:
        case ReleaseAct(lease):
            return Release(token=token, deadline=deadline, lease=lease)
        case HoldAct(lease, seconds):
            return Hold(token=token, deadline=deadline, lease=lease, seconds=seconds)
        case QuarantineAct(reason):
            return Quarantine(token=token, deadline=deadline, reason=reason)
        case AdoptAct():
            return Adopt(token=token, deadline=deadline)
    return Resume(token=token, deadline=deadline)


def _lent(ppa: Reference, outcome: Outcome) -> LentView:
    if not isinstance(outcome, Lent):
        raise AssertionError(f"{ppa}: {outcome} is no lease")
    return LentView(ppa, outcome.record, outcome.fresh)


def _content(ppa: Reference, outcome: Outcome) -> Content:
    if not isinstance(outcome, Inspected):
        raise AssertionError(f"{ppa}: {outcome} is no content")
    return outcome.content
