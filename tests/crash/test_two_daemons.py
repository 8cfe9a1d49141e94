"""Two daemons on the same PPAs, with no other link than Launchpad."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ..processes import Launchpad, configure, running, start_launchpad
from ..test_daemon import check_history
from ..waiting import until

PPAS = [f"~ci-pool/ubuntu/pool-{i:03}" for i in (1, 2)]


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with two empty PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "2")
    yield launchpad
    launchpad.stop()


def test_what_another_daemon_lent_while_an_answer_was_on_its_way_is_found(tmp_path: Path, launchpad: Launchpad) -> None:
    """† One daemon's `free` has landed and its answer is late; the other lends that PPA; the client asks the first
    again: it gets the lease that it has, not a second one.
    """
    first = configure(tmp_path, launchpad, "first", PPAS)
    second = configure(tmp_path, launchpad, "second", PPAS, look_every="1s")
    with running(first, second), ThreadPoolExecutor(1) as pool:
        for daemon in (first, second):
            daemon.start().wait_for_states(free=2)
        lease = first.assign("before", ppa=PPAS[0]).json()
        launchpad.control.fault("hold_after", method="PATCH", body=r'\\"state\\":\\"free\\"', times=1)
        first.http.delete(f"/v1/leases/{lease['id']}")
        (held,) = launchpad.control.held(least=1, timeout=20)
        told = second.assign("wish", ppa=PPAS[0], wait=20).json()
        before = launchpad.control.last()
        again = pool.submit(first.assign, "wish", attempt=1)
        until(lambda: launchpad.control.log(since=before, path="/ppas"), "the look")
        launchpad.control.release(held["number"])
        assert again.result(60).json()["id"] == told["id"]
        check_history(launchpad, PPAS)


def test_what_another_daemon_freed_is_seen_by_who_waits(tmp_path: Path, launchpad: Launchpad) -> None:
    """The next look would be in an hour: a call that waits has one made, and gets the PPA; one that does not is told
    what is known, and why the PPA that it names is not to be had.
    """
    first, second = (configure(tmp_path, launchpad, name, PPAS[:1], look_every="1h") for name in ("first", "second"))
    with running(first, second):
        for daemon in (first, second):
            daemon.start().wait_for_states(free=1)
        lease = first.assign("before").json()["id"]
        assert second.assign("lost").status_code == 409  # a lost race tells this daemon that it is used
        first.http.delete(f"/v1/leases/{lease}")
        first.wait_for_states(free=1)
        refused = second.assign("now", ppa=PPAS[0])
        assert refused.status_code == 409
        assert refused.json()["detail"].startswith(f"{PPAS[0]} is used until ")
        assert second.assign("waits", wait=20).status_code == 201
        check_history(launchpad, PPAS[:1])
