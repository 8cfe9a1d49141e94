"""What is asked for calls that no worker answers: it outlives no call, and who asks for a PPA never waits behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from random import Random

import pytest

from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.packages import SourcePackage
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.supervisor.archive_calls import ArchiveCalls
from ppa_assigner.supervisor.inquiries import AT_ONCE, Inquiries, go_on
from ppa_assigner.supervisor.office import Office
from ppa_assigner.supervisor.order import Order
from ppa_assigner.supervisor.promoting import GOES_ON_S
from ppa_assigner.supervisor.ticket import TicketOffice
from ppa_assigner.times import boottime

from .memory import MemoryLaunchpad
from .settings import settings

TIMEOUT_S = 20.0


@pytest.fixture
def office() -> Iterator[Office]:
    """One whose calls take 20 seconds at the most."""
    office = Office(LaunchpadClock(boottime), TicketOffice(b"secret"), Random(1), TIMEOUT_S)
    office.timer.start()
    yield office
    office.timer.stop()


def test_what_goes_on_after_its_call_ends_at_its_next_question(office: Office) -> None:
    """Its thread is for others then."""
    inquiries, asked, gate = Inquiries(office), list[int](), threading.Event()

    def read(order: Order[int]) -> int:
        for number in range(1000):
            go_on(order)
            asked.append(number)
            gate.wait(TIMEOUT_S)
        return len(asked)

    with office.deciding():
        order: Order[int] = inquiries.call()
        inquiries.run(partial(read, order), order)
    with office.deciding():
        order.end(Problem(Kind.UNAVAILABLE, "nobody waits any more"))
    gate.set()
    with office.deciding():
        others = [inquiries.ask(lambda: 1) for _ in range(AT_ONCE)]
    assert [one.result(TIMEOUT_S) for one in others] == [1] * AT_ONCE
    inquiries.stop(wait=True)
    assert len(asked) <= 1


@pytest.mark.parametrize("stopping", [False, True])
def test_a_promote_goes_on_for_a_while_but_not_beyond_a_shutdown(office: Office, stopping: bool) -> None:
    """Its reads alone may take longer than a call; asked again it is further."""
    with office.deciding():
        order: Order[int] = Inquiries(office).call()
    go_on(order)
    with office.deciding():
        order.end(1)
        office.stopping = stopping
    if stopping:
        with pytest.raises(Problem):
            go_on(order, GOES_ON_S)
    else:
        go_on(order, GOES_ON_S)
    with pytest.raises(Problem):
        go_on(order)
    order.deadline = boottime() - GOES_ON_S
    with pytest.raises(Problem):
        go_on(order, GOES_ON_S)


def test_who_asks_for_a_ppa_waits_behind_no_copies_and_histories(office: Office) -> None:
    """Their upstream tarballs are compared by threads of their own."""
    calls, gate = ArchiveCalls(office, settings(), MemoryLaunchpad(boottime), None), threading.Event()
    with office.deciding():
        others = [calls._inquiries.ask(partial(gate.wait, TIMEOUT_S)) for _ in range(AT_ONCE)]
    assert calls.compare_origs((SourcePackage("hello", "1"),)).result(TIMEOUT_S) is None
    assert not any(one.done() for one in others)
    gate.set()
    calls._ask_no_more()
