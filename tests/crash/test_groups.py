"""Groups of PPAs over two daemons, real ones on one stand-in, that are killed between any two of their steps."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from random import SystemRandom
from typing import Any

import httpx
import pytest

from ppa_assigner.client import Client, Lease, UnknownLease
from ppa_assigner.record import State, parse

from ..processes import Daemon, Launchpad, configure, running, start_launchpad
from ..test_daemon import check_history
from ..waiting import until
from .lives import done_at_last
from .trial import said_of

PPAS = [f"~ci-pool/ubuntu/pool-{i:03}" for i in range(1, 7)]
SEED = int(os.environ.get("PPA_ASSIGNER_SEED", SystemRandom().randrange(2**32)))
FULL = os.environ.get("PPA_ASSIGNER_CRASH") == "full"
Property = Callable[[str, object], None]
STEPS = range(1, 7)  # of a group of three: the lead's claim, two claims, the commit, two members
RELEASED = list(product(range(1, 7), ("hold", "hold_after")))  # the lead's end, two members', three that are free
RELEASING = range(len(RELEASED)) if FULL else [SEED % len(RELEASED)]


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with six empty PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "6")
    yield launchpad
    launchpad.stop()


def records(launchpad: Launchpad) -> dict[str, Any]:
    """The record of each PPA, as it is."""
    return {ppa: parse(launchpad.control.description(ppa)).record for ppa in PPAS}


def is_whole(launchpad: Launchpad, leases: list[Lease]) -> None:
    """All that was told stands, in one group."""
    found = records(launchpad)
    lead, *members = (found[lease["ppa"]] for lease in leases)
    assert lead.state is State.USED
    assert [str(ppa) for ppa in lead.members] == [lease["ppa"] for lease in leases[1:]]
    for member in members:
        assert (member.state, member.group, str(member.lead)) == (State.USED, lead.group, leases[0]["ppa"])


def nothing_left(launchpad: Launchpad, daemon: Daemon, seconds: float) -> None:
    """Every PPA is free in the end, and nobody claims one."""

    def free() -> bool:
        return all(one.state is State.FREE and one.claim is None for one in records(launchpad).values())

    until(free, lambda: f"all free: {records(launchpad)}; {daemon.log[-3000:]}", seconds)


def test_two_daemons_and_rivals(tmp_path: Path, launchpad: Launchpad) -> None:
    """Groups of one to four at two daemons at once: each is told whole, and nothing is lent twice."""
    daemons = [configure(tmp_path, launchpad, name, PPAS, look_every="2s") for name in ("first", "second")]
    with running(*daemons), ThreadPoolExecutor(8) as pool:
        for daemon in daemons:
            daemon.start().wait_for_states(free=6)

        def one(number: int) -> None:
            with Client(f"unix:{daemons[number % 2].address}") as client:
                leases = client.assign_several(f"o{number}", want=[{"count": 1 + number % 4}], wait=100.0)
                assert len(leases) == 1 + number % 4
                if len(leases) > 1:
                    is_whole(launchpad, leases)
                client.release(leases[-1]["id"])

        for done in [pool.submit(one, number) for number in range(8)]:
            done.result(120)
        nothing_left(launchpad, daemons[0], 60)
        check_history(launchpad, PPAS)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("where", ["hold", "hold_after"])
def test_killed_between_two_steps(tmp_path: Path, launchpad: Launchpad, step: int, where: str) -> None:
    """Before that write is carried out, or before its answer: the next daemon tells the group whole, or takes another;
    no PPA is left claimed.
    """
    daemon = configure(tmp_path, launchpad, "one", PPAS, look_every="2s")
    with running(daemon), ThreadPoolExecutor(1) as pool:
        daemon.start().wait_for_states(free=6)
        launchpad.control.fault(where, method="PATCH", skip=step - 1, times=1)
        lost = pool.submit(_asked, daemon)
        (held,) = launchpad.control.held(least=1, timeout=20)
        daemon.kill()
        lost.result(30)
        daemon.start()
        launchpad.control.release(held["number"])
        with Client(f"unix:{daemon.address}") as client:
            leases = client.assign_several("tester", want=[{"count": 3}], request_id="r", attempt=1, wait=60.0)
            is_whole(launchpad, leases)
            client.release(leases[1]["id"])
        nothing_left(launchpad, daemon, 60)


def _asked(daemon: Daemon) -> None:
    with contextlib.suppress(httpx.HTTPError):  # it is killed before it answers
        daemon.assign("r", want=[{"count": 3}], wait=30)


@pytest.mark.timeout(3600 if FULL else 400)
def test_killed_while_it_releases(tmp_path: Path, launchpad: Launchpad, record_property: Property) -> None:
    """Between any two writes from the end of the lead to the last PPA that is free again: all of them are in the end,
    and the lease stays over.  One place of these is drawn, or with `PPA_ASSIGNER_CRASH=full` each is tried.
    """
    for number in RELEASING:
        with said_of(f"{RELEASED[number]}, PPA_ASSIGNER_SEED={SEED}"):
            _killed_while_it_releases(tmp_path, launchpad, *RELEASED[number])
    record_property("crash points", len(RELEASING))


def _killed_while_it_releases(tmp_path: Path, launchpad: Launchpad, step: int, where: str) -> None:
    daemon = configure(tmp_path, launchpad, "one", PPAS, look_every="2s")
    with running(daemon), ThreadPoolExecutor(1) as pool:
        daemon.start().wait_for_states(free=6)
        with Client(f"unix:{daemon.address}") as client:
            leases = client.assign_several("tester", want=[{"count": 3}], request_id=f"r-{step}-{where}", wait=60.0)
            launchpad.control.fault(where, method="PATCH", skip=step - 1, times=1)
            released = pool.submit(done_at_last, lambda: client.release(leases[-1]["id"]), UnknownLease)
            (held,) = launchpad.control.held(least=1, timeout=30)
            daemon.kill()
            daemon.start()
            launchpad.control.release(held["number"])
            released.result(120)
        nothing_left(launchpad, daemon, 60)
        check_history(launchpad, PPAS)
