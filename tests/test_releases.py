"""A release that comes while Launchpad is away is taken over, and carried out when it is back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from ppa_assigner.access import EVERYBODY, Caller, Role
from ppa_assigner.automaton.events import Assign, Confirm, Denied, Operate, RecordShown, Refusal, Release
from ppa_assigner.backoff import PUT_OFF_RELEASE
from ppa_assigner.problems import Kind
from ppa_assigner.record import State
from ppa_assigner.views import Condition, HoldAction, ReleaseAction

from .fakecrew import Desk, lent, problem, ref
from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .test_daemon import check_history
from .waiting import until

LEASE = "lease-a"
Ask = Callable[[Desk], Future[Any]]
ASKS: dict[str, Ask] = {
    "release": lambda made: made.supervisor.release(LEASE, EVERYBODY),
    "withdraw": lambda made: made.supervisor.withdraw("r", EVERYBODY),
    "act": lambda made: made.supervisor.operate(ref("a"), ReleaseAction(LEASE), EVERYBODY),
}


def used() -> Desk:
    """One PPA with a lease, one that is free."""
    made = Desk("a", "b")
    made["a"].used("r", lease=LEASE)
    made["b"].free()
    return made


def away(made: Desk) -> None:
    """Launchpad does not answer for it."""
    made["a"].show(made["a"].snapshot.record, Condition.UNREACHABLE, "no answer")


def back(made: Desk) -> None:
    """A look shows it as it was."""
    made["a"].show(made["a"].snapshot.record)


def carried_out(made: Desk) -> None:
    """The worker's Release."""
    command, record = made["a"].take(Release), made["a"].snapshot.record
    assert command.lease == LEASE
    assert record is not None
    dirty = replace(record, state=State.DIRTY, nonce="dirty")
    made["a"].show(dirty)
    made["a"].reply(command, RecordShown(dirty))


def put_off(made: Desk, ask: Ask) -> Desk:
    """The release was answered with 503, and that it is pending."""
    away(made)
    future = ask(made)
    made["a"].deny(Release, Refusal.OUTAGE, "no answer")
    told = problem(future)
    assert (told.kind, told.facts["pending"]) == (Kind.UNAVAILABLE, True)
    assert len(made.core.releases) == 1
    return made


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
def test_it_is_carried_out_when_launchpad_is_back(ask: Ask) -> None:
    """At the first look that shows the PPA again, without anybody asking; then nothing is kept."""
    made = put_off(used(), ask)
    assert not made["a"].has(Release)
    back(made)
    carried_out(made)
    assert not len(made.core.releases)
    made.wait(2 * PUT_OFF_RELEASE.cap)
    assert not made["a"].has(Release)
    assert not len(made.core.timers)


def test_it_is_tried_by_itself_too() -> None:
    """No look need tell: with pauses that grow, one try at a time, until it is done."""
    made = put_off(used(), ASKS["release"])
    for _ in range(10):
        made.wait(PUT_OFF_RELEASE.cap)
        assert made["a"].has(Release)
        made["a"].deny(Release, Refusal.OUTAGE)
        assert not made["a"].has(Release)
    made.wait(PUT_OFF_RELEASE.cap)
    carried_out(made)
    assert not len(made.core.releases)


def test_looks_that_lead_to_a_try_do_not_add_up() -> None:
    """Launchpad is read, and writes nothing: each look shows the PPA, and the release is tried in vain."""
    made = put_off(used(), ASKS["release"])
    for _ in range(20):
        made.wait(0.1)
        back(made)
        made["a"].deny(Release, Refusal.OUTAGE)
        away(made)
    tries = 0
    for _ in range(60):
        made.wait(PUT_OFF_RELEASE.cap / 10)
        if made["a"].has(Release):
            made["a"].deny(Release, Refusal.OUTAGE)
            tries += 1
    assert tries <= 12  # each pause is half of the cap at the least
    assert len(made.core.timers) == 1


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
def test_no_answer_until_the_deadline_is_the_same(ask: Ask) -> None:
    """The write is in doubt: pending, and done once it is settled."""
    made = used()
    future = ask(made)
    made["a"].deny(Release, Refusal.IN_DOUBT)
    made.wait(5.0)
    assert problem(future).facts["pending"] is True
    carried_out(made)
    assert not len(made.core.releases)


def test_a_second_one_adds_nothing() -> None:
    """It is tried, and told the same."""
    made = put_off(used(), ASKS["release"])
    for ask in ASKS.values():
        put_off(made, ask)
    back(made)
    carried_out(made)
    assert not made["a"].has(Release)


def test_the_lease_is_over_from_then_on() -> None:
    """No touch, no hold; who asks again under the request id gets another PPA, not the one that will be cleaned."""
    made = put_off(used(), ASKS["release"])
    touched = problem(made.supervisor.touch(LEASE, None, EVERYBODY))
    assert touched.kind is Kind.LEASE_OVER
    stranger = problem(made.supervisor.touch(LEASE, None, Caller("eve", Role.CLIENT)))
    assert stranger.kind is Kind.FORBIDDEN
    held = problem(made.supervisor.operate(ref("a"), HoldAction(LEASE, 60.0), EVERYBODY))
    assert held.kind is Kind.WRONG_STATE
    assert not made["a"].has(Operate)
    again = made.ask("r")
    assert not made["a"].has(Confirm)
    made["b"].lend()
    assert lent(again).ppa == ref("b")


@pytest.mark.parametrize("change", ["ended", "another", "dropped"])
def test_a_lease_that_is_over_anyway_is_forgotten(change: str) -> None:
    """It ended by its time, the PPA is somebody else's, or the worker says that it is not there."""
    made = put_off(used(), ASKS["release"])
    record = made["a"].snapshot.record
    assert record is not None
    if change == "ended":
        made["a"].show(replace(record, state=State.DIRTY))
    elif change == "another":
        made["a"].used("x", lease="other")
    else:
        made.wait(PUT_OFF_RELEASE.cap)
        made["a"].show(None, Condition.UNMANAGED)
        made["a"].deny(Release, Refusal.ELSEWHERE)
    assert not len(made.core.releases)
    made.wait(2 * PUT_OFF_RELEASE.cap)
    assert not made["a"].has(Release)


def test_what_is_not_known_is_not_taken_over() -> None:
    """Whether a PPA holds that lease cannot be seen: 503, and it is said that nothing was taken over."""
    made = used()
    future = made.supervisor.release("unknown", EVERYBODY)
    made.look(a="no answer")
    made.wait(5.0)
    told = problem(future)
    assert (told.kind, told.facts["pending"]) == (Kind.UNAVAILABLE, False)
    assert "not taken over" in told.detail
    act = made.supervisor.operate(ref("a"), ReleaseAction("unknown"), EVERYBODY)
    made["a"].deny(Release, Refusal.OUTAGE)
    assert problem(act).facts["pending"] is False
    assert not len(made.core.releases)


def test_a_daemon_that_is_stopped_takes_nothing_over() -> None:
    """It would be forgotten."""
    made = used()
    futures = [ask(made) for ask in ASKS.values()]
    made.supervisor.stop(0.1)
    for future in futures:
        assert problem(future).facts["pending"] is False


def test_a_withdrawn_wish_in_doubt_is_pending_too() -> None:
    """What it got is released once that is known, also when it was asked for again meanwhile."""
    made = Desk("a")
    made["a"].free()
    made.ask("r")
    made["a"].deny(Assign, Refusal.IN_DOUBT)
    made.ask("r", attempt=1, wait=60.0)
    future = made.supervisor.withdraw("r", EVERYBODY)
    made.wait(5.0)
    assert problem(future).facts["pending"] is True
    record = made["a"].lend()
    made["a"].reply(made["a"].take(Release), Denied(Refusal.OUTAGE))
    assert record.lease in made.core.releases


# -- on a real daemon --------------------------------------------------------------------------------------------------

POOL = [f"~ci-pool/ubuntu/pool-{i:03}" for i in (1, 2, 3)]


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with three empty PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "3")
    yield launchpad
    launchpad.stop()


def told(answer: httpx.Response) -> tuple[int, Any]:
    """Status, and whether it is pending."""
    return answer.status_code, answer.json().get("pending")


def test_released_while_launchpad_is_away(tmp_path: Path, launchpad: Launchpad) -> None:
    """By its id, by its request id and by an operator: 503 and pending, well before the deadline; a touch is 410; when
    Launchpad is back all three PPAs are cleaned within a look, although nobody asks again.
    """
    daemon = configure(tmp_path, launchpad, ppas=POOL, look_every="2s", settle="200ms", verify_age=None)
    with running(daemon):
        daemon.start().wait_for_states(free=3)
        leases = [daemon.assign(f"r{n}", ppa=POOL[n]).json()["id"] for n in range(3)]
        launchpad.control.fault("status", status=503)
        asks: list[Callable[[Daemon], httpx.Response]] = [
            lambda daemon: daemon.http.delete(f"/v1/leases/{leases[0]}"),
            lambda daemon: daemon.http.delete("/v1/leases?request_id=r1"),
            lambda daemon: daemon.http.post(f"/v1/ppas/{POOL[2]}/release", json={"lease": leases[2]}),
        ]
        began = time.monotonic()
        for _ in range(2):
            with ThreadPoolExecutor(len(asks)) as pool:
                assert [told(answer) for answer in pool.map(lambda ask: ask(daemon), asks)] == [(503, True)] * 3
        assert time.monotonic() - began < 45  # one that waited for its deadline took a minute
        for lease in leases:
            over = daemon.http.post(f"/v1/leases/{lease}/touch")
            assert (over.status_code, over.json()["type"].rpartition("/")[2]) == (410, "lease-over")
        launchpad.control.unfault()
        daemon.wait_for_states(free=3, timeout=20)
        check_history(launchpad, POOL)


def test_a_restart_forgets_it(tmp_path: Path, launchpad: Launchpad) -> None:
    """As it is said: then the lease runs on, and whoever asks again releases it."""
    daemon = configure(tmp_path, launchpad, ppas=POOL, look_every="2s")
    with running(daemon):
        daemon.start().wait_for_states(free=3)
        lease = daemon.assign("r0").json()["id"]
        rule = launchpad.control.fault("status", status=503)
        assert told(daemon.http.delete(f"/v1/leases/{lease}")) == (503, True)
        daemon.kill()
        launchpad.control.unfault(rule)
        daemon.start()
        until(lambda: daemon.http.get(f"/v1/leases/{lease}").json()["state"] == "used", "the lease")
        assert daemon.http.post(f"/v1/leases/{lease}/touch").status_code == 200
        assert daemon.http.delete(f"/v1/leases/{lease}").status_code == 200
