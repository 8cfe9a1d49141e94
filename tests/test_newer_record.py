"""A lease in a record of a newer version: this daemon cannot read it, and does not say that it is unknown either."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.problems import Kind
from ppa_assigner.record import State
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor import Supervisor
from ppa_assigner.views import AssignRequest, Condition

from .fakecrew import problem
from .fleet import Fleet
from .waiting import until

LEASE = "4c1f"
NEWER = f'ppa-assigner: {{"v":3,"state":"used","lease" : "{LEASE}","request":"build-77"}}'
GARBLED = f'ppa-assigner: {{"v":1,"state":"used","lease":"{LEASE}"}}'


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """Two PPAs, no daemon yet."""
    made = Fleet(2)
    yield made
    made.close()


def beside(fleet: Fleet, description: str) -> tuple[Supervisor, Reference]:
    """A daemon that knows one PPA as unreadable, for this description, and the other as free."""
    fleet.launchpad.describe(fleet.ppas[0], description)
    supervisor = fleet.daemon()
    until(lambda: supervisor.snapshot(fleet.ppas[0]).condition is Condition.UNREADABLE, "unreadable", 20)
    return supervisor, fleet.ppas[0]


def test_a_lease_that_another_version_wrote_is_not_unknown(fleet: Fleet) -> None:
    """A client whose release is answered with 404 counts it as released: it is 503, and says where the lease is."""
    supervisor, ppa = beside(fleet, NEWER)
    for asked in (
        supervisor.release(LEASE, EVERYBODY),
        supervisor.touch(LEASE, None, EVERYBODY),
        supervisor.lease(LEASE),
    ):
        asked.exception(20)
        told = problem(asked)
        assert told.kind is Kind.UNAVAILABLE
        assert str(ppa) in told.detail
        assert told.retry_after


@pytest.mark.parametrize("lease", ["4c1", "used", "build-77"])
def test_any_other_lease_is_unknown_as_ever(fleet: Fleet, lease: str) -> None:
    """One PPA of a newer version does not keep others from being told that their lease is gone."""
    supervisor, _ = beside(fleet, NEWER)
    asked = supervisor.release(lease, EVERYBODY)
    asked.exception(20)
    assert problem(asked).kind is Kind.UNKNOWN_LEASE


def test_a_request_that_another_version_served_gets_no_second_ppa(fleet: Fleet) -> None:
    """Asked again, or withdrawn: what it got runs, and only the newer daemon can tell it or end it."""
    supervisor, ppa = beside(fleet, NEWER)
    until(lambda: State.FREE in fleet.states(supervisor), "the other is free", 20)
    wish = AssignRequest(owner="me", pool="default", request_id="build-77", attempt=1)
    for ask in (lambda: supervisor.assign(wish).future, lambda: supervisor.withdraw("build-77", EVERYBODY)):
        asked: Future[Any] = ask()
        asked.exception(20)
        told = problem(asked)
        assert told.kind is Kind.UNAVAILABLE
        assert str(ppa) in told.detail
        assert told.retry_after
    assert supervisor.assign(replace(wish, request_id="build-7")).future.result(20).ppa == fleet.ppas[1]


def test_a_garbled_record_keeps_nobody_waiting(fleet: Fleet) -> None:
    """It is no daemon's lease any more: only `adopt` leads out."""
    supervisor, _ = beside(fleet, GARBLED)
    asked = supervisor.release(LEASE, EVERYBODY)
    asked.exception(20)
    assert problem(asked).kind is Kind.UNKNOWN_LEASE
