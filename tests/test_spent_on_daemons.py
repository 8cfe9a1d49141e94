"""On real daemons: a place in the line serves one wish, however often its ticket is brought back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .test_daemon import check_history
from .waiting import until

PPA = "~ci-pool/ubuntu/pool-001"


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with one empty PPA."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "1")
    yield launchpad
    launchpad.stop()


def waiting(daemon: Daemon) -> int:
    """How many wait there."""
    count: int = daemon.http.get("/v1/pools").json()["items"][0]["waiting"]
    return count


@pytest.mark.parametrize("elsewhere", [False, True])
def test_one_client_with_its_first_ticket_does_not_starve_the_others(
    tmp_path: Path, launchpad: Launchpad, elsewhere: bool
) -> None:
    """It is served by its ticket; then it brings it again, here or at the other daemon, where three have waited all the
    time: each of them is served before it is again.
    """
    options: dict[str, Any] = {"ppas": [PPA], "settle": "200ms", "verify_age": None, "look_every": "1s"}
    greedy, fair = (configure(tmp_path, launchpad, name, **options) for name in ("greedy", "fair"))
    with ThreadPoolExecutor(4) as pool, running(greedy, fair):
        if not elsewhere:
            greedy = fair
        for daemon in {greedy.name: greedy, fair.name: fair}.values():
            daemon.start().wait_for_states(free=1)
        holder = greedy.assign("holder").json()["id"]
        ticket = greedy.assign("greedy", owner="greedy").json()["ticket"]
        greedy.http.delete(f"/v1/leases/{holder}")
        lease = greedy.assign("greedy", owner="greedy", attempt=1, ticket=ticket, wait=60).json()["id"]
        until(lambda: fair.ppas()[0]["lease"] == lease, "the lease is seen", every=0.05)
        asks: list[Future[httpx.Response]] = []
        for number in range(3):
            asks.append(pool.submit(fair.assign, f"fair-{number}", owner=f"fair-{number}", wait=300))
            until(lambda number=number: waiting(fair) == number + 1, "in line", every=0.05)  # type: ignore[misc]
        greedy.http.delete(f"/v1/leases/{lease}")
        leases = [asks[0].result(60).json()["id"]]
        again = pool.submit(fair.assign, "greedy", owner="greedy", attempt=2, ticket=ticket, wait=300)
        until(lambda: waiting(fair) == 3, "the greedy one waits again", every=0.05)
        for ask in asks[1:]:
            fair.http.delete(f"/v1/leases/{leases[-1]}")
            until(lambda ask=ask: ask.done() or again.done(), "somebody is served", 60)  # type: ignore[misc]
            assert not again.done(), again.result().text
            leases.append(ask.result(1).json()["id"])
        fair.http.delete(f"/v1/leases/{leases[-1]}")
        assert again.result(60).status_code == 201
        check_history(launchpad, [PPA])
