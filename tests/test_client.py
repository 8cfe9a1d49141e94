"""The client against a daemon that answers by script: what it sends again, what it gives up, what it tells."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import ppa_assigner
from ppa_assigner.client import (
    AssignerError,
    Bug,
    Client,
    LeaseOver,
    NoneFree,
    NotPermitted,
    Unavailable,
    UnknownLease,
    UsageError,
)
from tests.docs.pages import page
from tests.fakedaemon import LEASE, PPA, Cut, Drop, FakeDaemon, Held, Reply, Stream, problem
from tests.ports import free_port

LEASES = "/v1/leases"
ONE = "/v1/leases/4c1f"
TOUCH = "/v1/leases/4c1f/touch"


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with FakeDaemon() as fake:
        yield fake


@pytest.fixture
def client(daemon: FakeDaemon) -> Iterator[Client]:
    with Client(daemon.url) as made:
        yield made


def bodies(daemon: FakeDaemon) -> list[dict[str, Any]]:
    return [seen.body for seen in daemon.calls("POST", LEASES)]


# -- where and as whom ----------------------------------------------------------------------------------------------


def test_importing_the_package_loads_no_client() -> None:
    """`ppa_assigner.Client` is there, and costs nothing until it is asked for."""
    there = "'ppa_assigner.client.connections' in sys.modules"
    probe = f"import sys, ppa_assigner; print({there}); ppa_assigner.Client; print({there})"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "False\nTrue\n"
    assert ppa_assigner.Client is Client


def test_importing_the_client_loads_nothing_of_the_daemon() -> None:
    """Who only borrows needs neither the daemon's libraries nor Launchpad's."""
    probe = "import sys; from ppa_assigner import Client; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=30, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"fastapi", "pydantic", "typer", "rich", "launchpadlib", "uvicorn", "yaml"}


def test_all_names_are_those_of_the_package() -> None:
    """All that the page on Python names, and all that the client has, is imported from the package itself, which
    by itself loads nothing of it.
    """
    errors = set(re.findall(r"`([A-Z]\w+)`", page("docs/how-to/python.md")))
    assert {"AssignerError", "NoneFree", "LeaseOver"} < errors
    assert errors | set(ppa_assigner.client.__all__) <= set(ppa_assigner.__all__)
    for name in sorted(errors | set(ppa_assigner.client.__all__)):
        assert getattr(ppa_assigner, name) is getattr(ppa_assigner.client, name)
    code = "import sys, ppa_assigner; print([name for name in sys.modules if name.startswith('ppa_assigner.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['ppa_assigner.version']"


def test_the_environment_says_where_and_as_whom(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """$PPA_ASSIGNER_URL and $PPA_ASSIGNER_TOKEN hold where no argument says otherwise."""
    monkeypatch.setenv("PPA_ASSIGNER_URL", daemon.url)
    monkeypatch.setenv("PPA_ASSIGNER_TOKEN", "open-sesame")
    daemon.on("GET", "/v1/pools", Reply(200, {"items": []}))
    with Client() as client:
        assert client.pools() == []
    assert daemon.requests[0].headers["Authorization"] == "Bearer open-sesame"


def test_a_unix_socket_serves_as_well(tmp_path: Path) -> None:
    """unix:/path reaches a daemon that listens on a socket in the file system."""
    with FakeDaemon(str(tmp_path / "api.sock")) as daemon, Client(f"unix:{tmp_path}/api.sock") as client:
        daemon.on("POST", LEASES, Reply(201, LEASE)).on("DELETE", ONE, Reply(200, PPA))
        assert client.assign("ticket-123")["dput"] == "ppa:ci-pool/ubuntu/pool-001"
        assert client.release("4c1f") == PPA


@pytest.mark.parametrize("url", ["ftp://host", "http://", "http://user@host", "unix:relative", "http://h:99999", "x"])
def test_an_address_that_is_none_is_said_at_once(url: str) -> None:
    """A wrong address is a mistake of the caller, not a daemon that is away."""
    with pytest.raises(UsageError):
        Client(url)


def test_a_token_cannot_smuggle_a_header() -> None:
    """A line break in a token is refused before it reaches a request."""
    with pytest.raises(UsageError):
        Client("http://127.0.0.1:1", "a\r\nX: y")


# -- assign ---------------------------------------------------------------------------------------------------------


def test_assign_sends_the_wish_and_gives_the_lease(daemon: FakeDaemon, client: Client) -> None:
    """What is not given is not sent; a request id is drawn, and the first attempt is 0."""
    daemon.on("POST", LEASES, Reply(201, LEASE))
    lease = client.assign("ticket-123", ttl=3600, sources=[{"name": "hello", "version": "2.10-3"}])
    assert lease == LEASE
    (body,) = bodies(daemon)
    assert len(body.pop("request_id")) >= 32
    assert body == {
        "owner": "ticket-123",
        "attempt": 0,
        "wait": 0.0,
        "ttl": 3600,
        "sources": [{"name": "hello", "version": "2.10-3"}],
    }


def test_what_a_newer_daemon_says_more_is_passed_on(daemon: FakeDaemon, client: Client) -> None:
    """Members that this client does not know, and words that are new to it, are no mistake."""
    lease, ppa = LEASE | {"mood": "good"}, PPA | {"state": "reserved", "mood": {"of": ["late"]}}
    daemon.on("POST", LEASES, Reply(201, lease)).on("GET", "/v1/ppas", Reply(200, {"items": [ppa], "more": True}))
    assert client.assign("ticket-123") == lease
    assert client.ppas() == [ppa]


def test_each_try_of_a_wish_has_the_same_request_id_and_a_higher_attempt(daemon: FakeDaemon, client: Client) -> None:
    """After a dropped connection, a cut answer, an answer that is no JSON, one that is no lease, and a 503."""
    daemon.on(
        "POST",
        LEASES,
        Drop(),
        Cut(201, LEASE),
        Reply(201, b"<html>"),
        Reply(201, {"id": "4c1f"}),
        problem(503, "launchpad-unavailable"),
        Reply(200, LEASE | {"attempt": 5}),
    )
    assert client.assign("ticket-123", request_id="build-77", wait=20)["attempt"] == 5
    assert [body["attempt"] for body in bodies(daemon)] == [0, 1, 2, 3, 4, 5]
    assert {body["request_id"] for body in bodies(daemon)} == {"build-77"}


def test_a_first_attempt_of_the_caller_is_counted_on(daemon: FakeDaemon, client: Client) -> None:
    """Who asked before under this request id says in how many calls, and is ahead of all requests of those."""
    daemon.on("POST", LEASES, Drop(), Reply(200, LEASE))
    client.assign("ticket-123", request_id="build-77", attempt=3)
    assert [body["attempt"] for body in bodies(daemon)] == [3_000_000, 3_000_001]


def test_a_ticket_is_brought_back(daemon: FakeDaemon, client: Client) -> None:
    """The place in the line that a none-free or a 503 names is asked for with the next try, and the newest counts."""
    daemon.on(
        "POST",
        LEASES,
        problem(409, "none-free", ticket="place-1"),
        Drop(),
        problem(503, "launchpad-unavailable", ticket="place-2"),
        Reply(201, LEASE),
    )
    client.assign("ticket-123", wait=20)
    assert [body.get("ticket") for body in bodies(daemon)] == [None, "place-1", "place-1", "place-2"]


def test_none_free_without_wait_is_final(daemon: FakeDaemon, client: Client) -> None:
    """Who does not wait asks once, and gets all that the daemon said."""
    daemon.on("POST", LEASES, problem(409, "none-free", retry_after=1, position=3, ticket="place"))
    with pytest.raises(NoneFree) as raised:
        client.assign("ticket-123")
    assert len(daemon.requests) == 1
    assert raised.value.problem["position"] == 3
    assert (raised.value.slug, raised.value.exit_code, raised.value.retry_after) == ("none-free", 75, 1.0)


@pytest.mark.parametrize(
    "wish",
    [{"wait": float("nan")}, {"wait": 10**400}, {"attempt": 10**400}, {"attempt": -1}, {"ttl": float("inf")},
     {"ttl": 10**5000}, {"idle": float("nan")}],
)  # fmt: skip
def test_numbers_that_cannot_be_sent_are_mistakes_of_the_caller(client: Client, wish: dict[str, Any]) -> None:
    """No other error, and nothing is sent."""
    with pytest.raises(UsageError):
        client.assign("ticket-123", **wish)


def test_a_long_wait_is_asked_for_in_short_ones(daemon: FakeDaemon, client: Client) -> None:
    """Who has no ticket yet asks for one soon, who has one renews it each minute: it is never too old for a restart."""
    none_free = problem(409, "none-free", retry_after=0, ticket="place")
    daemon.on("POST", LEASES, Drop(), none_free, Drop(), none_free, Reply(201, LEASE))
    client.assign("ticket-123", wait=3601.0)
    assert [body["wait"] for body in bodies(daemon)] == [1.0, 1.0, 60.0, 60.0, 60.0]
    assert [body["attempt"] for body in bodies(daemon)] == [0, 1, 2, 3, 4]


def test_what_is_left_of_the_wait_is_asked_for(daemon: FakeDaemon, client: Client) -> None:
    """The budget is over all tries: each asks to wait no longer than what remains."""
    daemon.on("POST", LEASES, problem(409, "none-free", retry_after=0, ticket="place"), Drop(), Reply(201, LEASE))
    client.assign("ticket-123", wait=50.0)
    first, second, third = (body["wait"] for body in bodies(daemon))
    assert first == 1.0
    assert 50.0 > second > third > 0


def test_who_was_waited_for_asks_again_at_once(daemon: FakeDaemon, client: Client) -> None:
    """The daemon keeps the place for a moment only: when it should be asked again is for those who do not wait."""
    held = Held(problem(409, "none-free", retry_after=1000, ticket="place"))
    daemon.on("POST", LEASES, held, Reply(201, LEASE))
    threading.Timer(1.0, held.go.set).start()
    began = time.monotonic()
    client.assign("ticket-123", wait=600.0)
    assert time.monotonic() - began < 60


def test_who_waits_is_told_how_it_goes(daemon: FakeDaemon, client: Client) -> None:
    """Before each new request, what came in place of a lease: the place in the line, or that nobody answers."""
    daemon.on("POST", LEASES, problem(409, "none-free", retry_after=0, position=3), Drop(), Reply(201, LEASE))
    told: list[AssignerError] = []
    client.assign("ticket-123", wait=20, on_wait=told.append)
    assert [type(error) for error in told] == [NoneFree, Unavailable]
    assert told[0].problem["position"] == 3


def test_the_end_of_a_wait_is_not_told_as_waiting(daemon: FakeDaemon, client: Client) -> None:
    """What is raised is not told before."""
    daemon.on("POST", LEASES, problem(409, "none-free"))
    told: list[AssignerError] = []
    with pytest.raises(NoneFree):
        client.assign("ticket-123", on_wait=told.append)
    assert told == []


def test_a_wait_ends(daemon: FakeDaemon, client: Client) -> None:
    """None free until the wait is over is none free, however often the daemon says it early."""
    daemon.on("POST", LEASES, problem(409, "none-free"))
    began = time.monotonic()
    with pytest.raises(NoneFree):
        client.assign("ticket-123", wait=0.5)
    assert 0.5 <= time.monotonic() - began < 20
    assert len(daemon.requests) > 1


def test_retry_after_is_honoured_within_the_budget(daemon: FakeDaemon, client: Client) -> None:
    """The daemon is asked again when it asked to be, not before."""
    daemon.on("POST", LEASES, problem(503, "launchpad-unavailable", retry_after=1), Reply(201, LEASE))
    began = time.monotonic()
    client.assign("ticket-123")
    assert 1.0 <= time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (problem(409, "superseded"), NotPermitted),
        (problem(409, "request-id-taken"), NotPermitted),
        (problem(409, "all-burnt"), NoneFree),
        (problem(404, "unknown-pool"), UsageError),
        (problem(404, "unknown-ppa"), UsageError),
        (problem(422, "invalid"), UsageError),
        (problem(401, "unauthorized"), NotPermitted),
        (problem(403, "forbidden"), NotPermitted),
        (problem(500, "internal-error"), Bug),
        (Reply(404, b"<html>nothing here"), UsageError),
        (Reply(301, b"", {"Location": "http://127.0.0.1:1/"}), UsageError),
    ],
)
def test_what_asking_again_cannot_change_is_asked_once(
    daemon: FakeDaemon, client: Client, answer: Reply, error: type[AssignerError]
) -> None:
    """These answers end a wish at once, however long it may wait."""
    daemon.on("POST", LEASES, answer)
    with pytest.raises(error):
        client.assign("ticket-123", wait=60)
    assert len(daemon.requests) == 1


@pytest.mark.parametrize("status", [302, 403, 404, 407, 500, 502])
def test_an_answer_that_is_not_the_daemons_says_where_it_came_from(daemon: FakeDaemon, status: int) -> None:
    """Of a proxy, or another server at that address: it is not said to be the daemon's."""
    daemon.on("POST", TOUCH, Reply(status, b"<html>log in first</html>", {"Content-Type": "text/html"}))
    with Client(daemon.url) as client, pytest.raises(AssignerError) as caught:
        client.touch("4c1f", within=5)
    said = str(caught.value)
    assert said.startswith(f"{daemon.url}: ")
    assert f"HTTP status {status}" in said
    assert "the daemon answered" not in said


def test_an_unreachable_daemon_is_tried_for_five_seconds() -> None:
    """Without a wait, too: then it is Unavailable, 69, and says which request it was."""
    began = time.monotonic()
    with Client(f"http://127.0.0.1:{free_port()}") as client, pytest.raises(Unavailable) as raised:
        client.assign("ticket-123", request_id="build-77")
    assert 5 <= time.monotonic() - began < 20
    assert raised.value.exit_code == 69
    assert raised.value.problem["request_id"] == "build-77"
    assert not raised.value.maybe_done


def test_the_client_rides_through_a_restart() -> None:
    """A daemon that listens only later is found within the budget."""
    port = free_port()
    late = FakeDaemon.__new__(FakeDaemon)
    refused = threading.Event()

    def start() -> None:
        refused.wait(30)
        late.__init__(port=port)  # type: ignore[misc] # binds the port, which must not happen earlier
        late.on("POST", LEASES, Reply(201, LEASE)).__enter__()

    thread = threading.Thread(target=start)
    thread.start()
    with Client(f"http://127.0.0.1:{port}") as client:
        threading.Timer(0.5, refused.set).start()
        assert client.assign("ticket-123")["id"] == "4c1f"
    thread.join(30)
    late.__exit__()
    assert late.requests[0].body["attempt"] >= 1


def test_an_answer_that_never_comes_is_not_waited_for(daemon: FakeDaemon) -> None:
    """Each request has a deadline of its own: what the call waits for, and a margin."""
    daemon.on("POST", LEASES, Held(Reply(201, LEASE)))
    with Client(daemon.url, answer_s=0.5) as client, pytest.raises(Unavailable, match="no answer in time"):
        client.assign("ticket-123")
    assert [body["attempt"] for body in bodies(daemon)] == list(range(len(daemon.requests)))


def test_withdraw_of_an_unknown_wish_is_done(daemon: FakeDaemon, client: Client) -> None:
    """Nothing to take back is what withdrawing is for."""
    daemon.on("DELETE", LEASES, problem(404, "unknown-request"))
    client.withdraw("build-77")
    assert daemon.requests[0].query == {"request_id": "build-77"}


# -- touch and release ------------------------------------------------------------------------------------------------


def test_touch_tells_that_a_lease_is_over(daemon: FakeDaemon, client: Client) -> None:
    """410 is LeaseOver, 404 UnknownLease; both 77."""
    daemon.on("POST", TOUCH, Reply(200, LEASE), problem(410, "lease-over"), problem(404, "unknown-lease"))
    assert client.touch("4c1f", ttl=60) == LEASE
    assert daemon.requests[0].body == {"ttl": 60}
    with pytest.raises(LeaseOver) as over:
        client.touch("4c1f")
    with pytest.raises(UnknownLease) as unknown:
        client.touch("4c1f")
    assert (over.value.exit_code, unknown.value.exit_code) == (77, 77)


def test_release_of_a_lease_that_nobody_knows(daemon: FakeDaemon, client: Client) -> None:
    """A first answer of 404 is an error."""
    daemon.on("DELETE", ONE, problem(404, "unknown-lease"))
    with pytest.raises(UnknownLease):
        client.release("4c1f")


@pytest.mark.parametrize("lost", [Drop(), Cut(200, PPA), problem(503, "launchpad-unavailable")])
def test_release_whose_answer_was_lost(daemon: FakeDaemon, client: Client, lost: Drop | Cut | Reply) -> None:
    """404 after that counts as released: the PPA may have forgotten the lease since."""
    daemon.on("DELETE", ONE, lost, problem(404, "unknown-lease"))
    assert client.release("4c1f") is None


@pytest.mark.parametrize("act", ["release", "withdraw"])
def test_what_the_daemon_does_later_is_not_asked_for_again(daemon: FakeDaemon, client: Client, act: str) -> None:
    """It is `pending`: said at once, with what that rests on."""
    pending = problem(503, "launchpad-unavailable", retry_after=5, pending=True)
    daemon.on("DELETE", ONE, pending).on("DELETE", LEASES, pending)
    with pytest.raises(Unavailable, match="as soon as Launchpad is back; should the daemon be restarted") as raised:
        getattr(client, act)("4c1f")
    assert (raised.value.pending, raised.value.exit_code, len(daemon.requests)) == (True, 69, 1)


def test_a_page_of_something_else_is_no_release(daemon: FakeDaemon, client: Client) -> None:
    """Only the daemon's own 404 tells that a lease is forgotten."""
    daemon.on("DELETE", ONE, Drop(), Reply(404, b"<html>"))
    with pytest.raises(UsageError):
        client.release("4c1f")


def test_an_operators_act_is_not_sent_twice(daemon: FakeDaemon, client: Client) -> None:
    """`hold` works once: after a lost answer it is for a person to look."""
    daemon.on("POST", "/v1/ppas/~ci-pool/ubuntu/pool-001/hold", Drop(), Reply(200, PPA))
    with pytest.raises(Unavailable) as raised:
        client.operate("ppa:ci-pool/pool-001", "hold", lease="4c1f", **{"for": 7200})
    assert raised.value.maybe_done
    assert [seen.body for seen in daemon.requests] == [{"lease": "4c1f", "for": 7200}]


# -- a lease for the time of a block ----------------------------------------------------------------------------------


def test_a_block_has_a_ppa_and_gives_it_back(daemon: FakeDaemon, client: Client) -> None:
    """Assigned before, touched within every quarter of its idle time, released after, also when the block fails."""
    daemon.on("POST", LEASES, Reply(201, LEASE | {"idle": 6})).on("DELETE", ONE, Reply(200, PPA))
    daemon.on("POST", TOUCH, Reply(200, LEASE | {"idle": 6}))
    with pytest.raises(ZeroDivisionError), client.lease("ticket-123", wait=1) as held:  # noqa: PT012 - the block is the point
        assert (held.id, held.dput) == ("4c1f", "ppa:ci-pool/ubuntu/pool-001")
        daemon.wait_for("POST", TOUCH, 2)
        raise ZeroDivisionError
    assert len(daemon.calls("DELETE", ONE)) == 1


WITHOUT_THREADS = """
import sys, threading
from ppa_assigner import Client, Unavailable
threading.stack_size(1 << 45)  # more than any address space has
try:
    with Client(sys.argv[1]) as client, client.lease("ticket-123"):
        print("entered")
except Unavailable as error:
    print(error)
print(threading.active_count())
"""


def test_a_lease_that_cannot_be_kept_is_given_back(daemon: FakeDaemon) -> None:
    """Where no thread can be started: the block is not entered, and nothing goes on touching."""
    daemon.on("POST", LEASES, Reply(201, LEASE)).on("DELETE", ONE, Reply(200, PPA))
    command = [sys.executable, "-c", WITHOUT_THREADS, daemon.url]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    assert told[0].startswith("no thread can be started here to keep the lease of ~ci-pool/ubuntu/pool-001")
    assert told[1:] == ["1"]
    assert len(daemon.calls("DELETE", ONE)) == 1


def test_a_lost_lease_is_told_once_and_not_released(daemon: FakeDaemon, client: Client) -> None:
    """410 to a touch: whoever holds the PPA next must not be disturbed."""
    daemon.on("POST", LEASES, Reply(201, LEASE | {"idle": 6})).on("DELETE", ONE, Reply(200, PPA))
    daemon.on("POST", TOUCH, problem(410, "lease-over"))
    told: list[str] = []
    lost = threading.Event()

    def on_lost(reason: str) -> None:
        told.append(reason)
        lost.set()

    with client.lease("ticket-123", on_lost=on_lost) as held:
        assert lost.wait(30)
        assert held.lost == "because of lease-over"
    assert told == ["because of lease-over"]
    assert daemon.calls("DELETE", ONE) == []


def test_a_failing_touch_loses_nothing(daemon: FakeDaemon, client: Client) -> None:
    """A daemon that is away for a while is no reason to end the work."""
    daemon.on("POST", LEASES, Reply(201, LEASE | {"idle": 6})).on("DELETE", ONE, Reply(200, PPA))
    daemon.on("POST", TOUCH, problem(503, "launchpad-unavailable"), Drop(), Reply(200, LEASE | {"idle": 6}))
    with client.lease("ticket-123") as held:
        daemon.wait_for("POST", TOUCH, 4)
        assert held.lost is None


def test_a_touch_that_hangs_leaves_time_for_others(daemon: FakeDaemon, client: Client) -> None:
    """It is given up long before the lease may end by silence."""
    short = LEASE | {"idle": 9}
    daemon.on("POST", LEASES, Reply(201, short)).on("DELETE", ONE, Reply(200, PPA))
    daemon.on("POST", TOUCH, Held(Reply(200, short)), Held(Reply(200, short)), Reply(200, short))
    with client.lease("ticket-123") as held:
        daemon.wait_for("POST", TOUCH, 4)
        assert held.lost is None


@pytest.mark.parametrize(
    "answer",
    [
        Held(Reply(200, LEASE)), Drop(), Reply(200, {}), Reply(404, b"<html>"), problem(401, "unauthorized"),
        problem(403, "forbidden"), problem(500, "internal-error"), problem(503, "launchpad-unavailable"),
    ],
)  # fmt: skip
def test_silence_and_what_says_nothing_of_the_lease_lose_it_by_the_holders_clock(
    daemon: FakeDaemon, client: Client, answer: Any
) -> None:
    """Before the daemon may have ended it, not sooner than need be, and once; it is released all the same."""
    daemon.on("POST", LEASES, Reply(201, LEASE | {"idle": 8})).on("POST", TOUCH, answer)
    daemon.on("DELETE", ONE, Reply(200, PPA))
    told: list[tuple[str, float]] = []
    lost = threading.Event()

    def on_lost(reason: str) -> None:
        told.append((reason, time.monotonic()))
        lost.set()

    asked = time.monotonic()
    with client.lease("ticket-123", on_lost=on_lost):
        begun = time.monotonic()
        assert lost.wait(30)
    ((reason, when),) = told
    assert re.match(r"no touch was answered for \d s", reason)
    assert when - asked >= 5.9
    assert when - begun < 10  # which is when the daemon ends it
    assert len(daemon.calls("DELETE", ONE)) == 1


def test_touches_that_are_heard_and_cannot_be_written_keep_it(daemon: FakeDaemon, client: Client) -> None:
    """The daemon says that for it silence counts anew: Launchpad's absence ends no work."""
    daemon.on("POST", LEASES, Reply(201, LEASE | {"idle": 8})).on("DELETE", ONE, Reply(200, PPA))
    daemon.on("POST", TOUCH, problem(503, "launchpad-unavailable", retry_after=5, heard=True))
    with client.lease("ticket-123") as held:
        daemon.wait_for("POST", TOUCH, 12)
        assert held.lost is None


def test_a_touch_comes_first_where_the_assigns_answer_was_long_in_coming(daemon: FakeDaemon, client: Client) -> None:
    """Or tells of an old lease.  Then the block begins with a lease that runs for certain, or not at all."""
    come = threading.Event()
    daemon.on("POST", LEASES, Held(Reply(201, LEASE | {"idle": 4}), come), Reply(200, LEASE))
    daemon.on("DELETE", ONE, Reply(200, PPA)).on(
        "POST", TOUCH, Reply(200, LEASE | {"idle": 4}), problem(410, "lease-over")
    )
    late = threading.Timer(1.5, come.set)
    late.start()
    with client.lease("ticket-123"):
        assert len(daemon.calls("POST", TOUCH)) == 1
    with pytest.raises(LeaseOver), client.lease("ticket-123"):
        pytest.fail("the block began")
    assert len(daemon.calls("DELETE", ONE)) == 1
    late.join()


def test_a_lease_ends_without_the_daemon_too(daemon: FakeDaemon) -> None:
    """`until` is final: when it has passed and the daemon does not answer, the lease counts as lost."""
    short = LEASE | {"until": "2026-11-25T03:14:14Z"}
    daemon.on("POST", LEASES, Reply(201, short)).on("POST", TOUCH, Drop())
    lost = threading.Event()
    with Client(daemon.url) as client, client.lease("ticket-123", on_lost=lambda _: lost.set()):
        assert lost.wait(30)


# -- listings and events ----------------------------------------------------------------------------------------------


def test_listings_ask_for_what_is_given(daemon: FakeDaemon, client: Client) -> None:
    """Only the filters that are given are sent; an answer that is no list is the daemon's mistake."""
    daemon.on("GET", "/v1/ppas", Reply(200, {"items": [PPA]})).on("GET", LEASES, Reply(200, {"items": [LEASE]}))
    daemon.on("GET", "/v1/pools", Reply(200, {"items": 3}))
    assert client.ppas(state="dirty") == [PPA]
    assert client.leases(owner="ticket 123&x") == [LEASE]
    assert [seen.query for seen in daemon.requests] == [{"state": "dirty"}, {"owner": "ticket 123&x"}]
    with pytest.raises(Bug):
        client.pools()


def event(number: int, at: str) -> bytes:
    return b'id: %d\nevent: assigned\ndata: {"number": %d, "at": "%s"}\n\n' % (number, number, at.encode())


def test_events_so_far(daemon: FakeDaemon, client: Client) -> None:
    """Pieces of any size make events; comments are none; a stream that goes quiet has told all."""
    whole = b": hello\n\n" + event(1, "a") + event(2, "b")
    daemon.on("GET", "/v1/events", Stream([whole[:31], whole[31:33], whole[33:]]))
    assert [each["number"] for each in client.events()] == [1, 2]


def test_events_over_a_restart(daemon: FakeDaemon, client: Client) -> None:
    """Following shows each event once: not again after a broken connection, and those of a daemon that began anew."""
    daemon.on(
        "GET",
        "/v1/events",
        Stream([event(1, "03:00"), event(2, "03:01")], ends=True),
        Drop(),
        Stream([event(1, "03:00"), event(2, "03:01"), event(3, "03:02")], ends=True),
        Stream([event(1, "03:05")]),
    )
    with closing(client.events(follow=True)) as stream:
        assert [next(stream)["at"] for _ in range(4)] == ["03:00", "03:01", "03:02", "03:05"]
