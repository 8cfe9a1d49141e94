"""SIGKILL between any two steps, a blind restart, and a client that asks again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from ppa_assigner.record import Record, State, compose, parse, whole_seconds

from ..cleaning.proof import pattern
from ..processes import Launchpad, configure, running, start_launchpad
from ..test_daemon import check_history, records
from ..waiting import until

PPAS = [f"~ci-pool/ubuntu/pool-{i:03}" for i in (1, 2)]


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with two empty PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "2")
    yield launchpad
    launchpad.stop()


def used(launchpad: Launchpad) -> list[str]:
    """The PPAs that are used."""
    found = {ppa: parse(launchpad.control.description(ppa)).record for ppa in PPAS}
    return [ppa for ppa, record in found.items() if record is not None and record.state is State.USED]


@pytest.mark.parametrize("action", ["hold", "hold_after", "drop_before", "drop_after"])
def test_killed_while_it_assigns(tmp_path: Path, launchpad: Launchpad, action: str) -> None:
    """Before the PATCH is applied or after, answered or not: asked again, the client gets one PPA and no more."""
    daemon = configure(tmp_path, launchpad, ppas=PPAS, verify_age=None)
    with running(daemon), ThreadPoolExecutor(1) as pool:
        daemon.start().wait_for_states(free=2)
        rule = launchpad.control.fault(action, method="PATCH", body=r'\\"state\\":\\"used\\"', times=1)
        first: Future[httpx.Response] = pool.submit(daemon.assign, "wish")
        _wait_until_met(launchpad, rule, action)
        daemon.kill()
        told = _told(first)
        launchpad.control.unfault()
        launchpad.control.release(verdict="drop")
        daemon.start()
        again = daemon.assign("wish", attempt=1)
        assert again.status_code in (200, 201)
        assert used(launchpad) == [again.json()["ppa"]]
        assert told in (None, again.json()["ppa"])  # where the answer is lost it may settle that before the kill
        assert told is None or action.startswith("drop")
        check_history(launchpad, PPAS)


def _told(first: Future[httpx.Response]) -> str | None:
    """The PPA that the first try was told of before the daemon was killed, if it was."""
    try:
        ppa: str = first.result(20).json()["ppa"]
    except httpx.TransportError:
        return None
    return ppa


def _wait_until_met(launchpad: Launchpad, rule: int, action: str) -> None:
    if action.startswith("hold"):
        assert launchpad.control.held(least=1, timeout=20)
    else:
        until(lambda: any(entry["rule"] == rule for entry in launchpad.control.log(state="any")))


def test_a_patch_of_the_killed_daemon_that_lands_late_does_no_harm(tmp_path: Path, launchpad: Launchpad) -> None:
    """It lands after the restart's look, when the client has its PPA already: that lease stays, the late one goes."""
    daemon = configure(tmp_path, launchpad, ppas=PPAS, verify_age=None, look_every="1s")
    with running(daemon), ThreadPoolExecutor(1) as pool:
        daemon.start().wait_for_states(free=2)
        launchpad.control.fault("hold", method="PATCH", body=r'\\"state\\":\\"used\\"', times=1)
        pool.submit(daemon.assign, "wish")
        (held,) = launchpad.control.held(least=1, timeout=20)
        daemon.kill()
        daemon.start()
        assert all(ppa["state"] == "free" for ppa in daemon.ppas())  # it has looked; the held PATCH has not landed
        again = daemon.assign("wish", attempt=1, ppa=_other(held["path"])).json()
        launchpad.control.release(held["number"])
        until(lambda: len([r for ppa in PPAS for r in records(launchpad, ppa) if r.state is State.USED]) == 2)
        until(lambda: used(launchpad) == [again["ppa"]], seconds=30)
        touched = daemon.http.post(f"/v1/leases/{again['id']}/touch")
        assert touched.status_code == 200
        check_history(launchpad, PPAS)


def _other(path: str) -> str:
    return next(ppa for ppa in PPAS if not path.split("?")[0].endswith(ppa.rpartition("/")[2]))


@pytest.mark.parametrize("state", ["used", "dirty"])
def test_a_blind_restart_finds_everything_as_it_was(tmp_path: Path, launchpad: Launchpad, state: str) -> None:
    """Same states, owners and ends; what is dirty goes on being cleaned."""
    daemon = configure(tmp_path, launchpad, ppas=PPAS, settle="2s")
    with running(daemon):
        daemon.start().wait_for_states(free=2)
        lease = daemon.assign("wish", owner="job-1", note="keep", ttl=3600).json()
        if state == "dirty":
            daemon.http.delete(f"/v1/leases/{lease['id']}")
        daemon.kill()
        daemon.start()
        if state == "used":
            after, token = daemon.http.get(f"/v1/leases/{lease['id']}").json(), lease.pop("token")
            assert {k: after[k] for k in lease if k != "touched"} == {k: lease[k] for k in lease if k != "touched"}
            again = daemon.assign("wish", owner="job-1", attempt=1).json()
            assert (again["id"], again["token"]) == (lease["id"], token)
        else:
            daemon.wait_for_states(free=2)
        check_history(launchpad, PPAS)


def test_after_a_start_a_lease_ends_although_another_ppa_is_busy(tmp_path: Path, launchpad: Launchpad) -> None:
    """A few answers over some seconds tell whether the time is believed.  They come, however long a request about one
    PPA is under way, and the next look would be in an hour.
    """
    daemon = configure(tmp_path, launchpad, ppas=PPAS, look_every="1h")
    document = json.loads(daemon.config.read_text())
    document["launchpad"]["timeout"] = {"read": 120, "total": 120}
    daemon.config.write_text(json.dumps(document))
    control = launchpad.control
    at = whole_seconds(datetime.fromisoformat(control.clock()["now"])) - timedelta(minutes=1)
    lent = Record(
        serial=1, nonce="0" * 32, state=State.USED, since=at, touched=at, pool="default", owner="job-1", lease="l",
        request="l", until=at + timedelta(seconds=5),
    )  # fmt: skip
    control.describe(PPAS[0], compose("", lent))
    control.fault("hold", path=pattern(PPAS[1]))
    with running(daemon):
        daemon.start()
        assert control.held(least=1, timeout=20)
        until(lambda: used(launchpad) == [], "its end", 40, every=0.2)
        assert control.held()
