"""A request id belongs to the client that chose it: two clients that choose one id have two wishes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ppa_assigner.access import Caller, Role
from ppa_assigner.automaton.events import Assign, Duplicate, GiveUp, ReadNow, RecordShown, Release
from ppa_assigner.problems import Kind
from ppa_assigner.record import State
from ppa_assigner.supervisor.requests import Key

from .fakecrew import Desk, lent, problem, ref
from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .waiting import until

ANN, BOB = Caller("ann", Role.CLIENT), Caller("bob", Role.CLIENT)
OPERATOR = Caller("root", Role.OPERATOR)


def desk(*names: str) -> Desk:
    """All PPAs are free."""
    made = Desk(*names)
    for minutes, name in enumerate(names):
        made[name].free(minutes)
    return made


def release(made: Desk, name: str) -> str:
    """Carry out a Release; the client whose lease it was."""
    worker = made[name]
    before, command = worker.snapshot.record, worker.take(Release)
    assert before is not None
    dirty = worker.record(State.DIRTY, lease=command.lease, request=before.request, owner="me", by=before.by)
    worker.show(dirty)
    worker.reply(command, RecordShown(dirty))
    return str(before.by)


# -- assigning ---------------------------------------------------------------------------------------------------------


def test_two_clients_with_one_id_wait_and_are_lent_apart() -> None:
    """Each has a place and a lease of its own, whatever the other's owner and attempt are."""
    made = desk("a", "b")
    one, other = made.ask(by="ann"), made.ask(by="bob", owner="you")
    for name in "ab":
        made[name].lend()
    assert [lent(call).record.by for call in (one, other)] == ["ann", "bob"]
    assert not made["a"].has(Duplicate)
    assert not made["b"].has(ReadNow)


def test_who_asks_again_is_not_shown_the_lease_of_another_client() -> None:
    """Its own is confirmed, although the other's has a higher attempt."""
    made = desk("a", "b")
    made["a"].used("r", by="ann", attempt=0)
    made["b"].used("r", by="bob", attempt=7)
    call = made.ask(by="ann", attempt=1)
    made.look()
    made["a"].confirm()
    assert (lent(call).ppa, lent(call).record.attempt) == (ref("a"), 1)


def test_who_has_none_gets_its_own() -> None:
    """Another client's lease under that id is no reason to refuse."""
    made = desk("a", "b")
    made["a"].used("r", by="ann")
    call = made.ask(by="bob", attempt=1, wait=60.0)
    made.look()
    made["b"].lend()
    assert lent(call).ppa == ref("b")


def test_a_lease_that_appears_for_another_client_is_not_asked_for() -> None:
    """A wish in the line goes on waiting."""
    made = Desk("a")
    made["a"].show(made["a"].record(State.DIRTY))
    call = made.ask(by="bob", wait=60.0)
    made["a"].used("r", by="ann")
    assert not made["a"].told
    assert not call.future.done()


def test_hanging_up_gives_up_no_other_clients_lease() -> None:
    """What was made for one client is not the other's claim."""
    made = desk("a", "b")
    one, other = made.ask(by="ann"), made.ask(by="bob")
    for name in "ab":
        made[name].lend()
    made.supervisor.hang_up(other)
    assert not made["a"].has(GiveUp)
    assert made["b"].has(GiveUp)
    assert lent(one).ppa == ref("a")


def test_a_ticket_is_its_clients_own() -> None:
    """Another client that brings it stands at the end of the line."""
    made = Desk("a")
    made["a"].used("x")
    ticket = problem(made.ask(by="ann")).facts["ticket"]
    assert made.tickets.redeem(ticket, "default", Key("ann", "r"), made.clock.epoch())
    made.ask("other", wait=60.0)
    assert problem(made.ask(by="bob", ticket=ticket)).facts["position"] == 2
    assert problem(made.ask(by="ann", ticket=ticket)).facts["position"] == 1


# -- withdrawing -------------------------------------------------------------------------------------------------------


def test_each_client_withdraws_its_own() -> None:
    """The other's wish stays in the line, and its lease is not released."""
    made = desk("a", "b")
    made["a"].used("r", by="ann")
    made["b"].used("r", by="bob")
    future = made.supervisor.withdraw("r", BOB)
    assert release(made, "b") == "bob"
    assert len(future.result(0)) == 1
    assert not made["a"].has(Release)


def test_an_operator_ends_its_own_first() -> None:
    """A program that runs with an operator's token and is interrupted ends what it asked for, and nothing else."""
    made = Desk("a", "b")
    made["a"].used("r", by="ann")
    made["b"].used("r", by="root")
    future = made.supervisor.withdraw("r", OPERATOR)
    assert release(made, "b") == "root"
    assert len(future.result(0)) == 1
    assert not made["a"].has(Release)
    waiting = made.ask("s", by="root", wait=60.0)
    made.ask("s", by="ann", wait=60.0)
    assert made.supervisor.withdraw("s", OPERATOR).result(0) == []
    assert problem(waiting).kind is Kind.SUPERSEDED
    assert [asked.wish.by for asked in made.core.requests.waiting("default")] == ["ann"]


def test_an_operator_who_has_none_ends_those_of_all_clients() -> None:
    """Leases, wishes in the line and one that is being lent: the call ends once all of them are."""
    made = desk("a", "b", "c")
    made["a"].used("r", by="ann")
    made["b"].used("x")
    made.ask("r", by="bob")
    made["c"].show(made["c"].snapshot.record)
    waiting = made.ask("r", by="eve", wait=60.0)
    future = made.supervisor.withdraw("r", OPERATOR)
    assert problem(waiting).kind is Kind.SUPERSEDED
    assert not future.done()
    made["c"].lend()
    assert {release(made, name) for name in "ac"} == {"ann", "bob"}
    assert len(future.result(0)) == 2


def test_an_operator_who_has_none_takes_away_a_kept_place() -> None:
    """The next one in the line is served at once."""
    made = Desk("a")
    made["a"].used("x")
    made.ask("r", by="ann", wait=1.0)
    behind = made.ask("behind", wait=600.0)
    made.wait(1.0)
    made["a"].free()
    assert not made["a"].has(Assign)
    made.supervisor.withdraw("r", OPERATOR)
    made["a"].lend()
    assert lent(behind).ppa == ref("a")


# -- two daemons, over HTTP --------------------------------------------------------------------------------------------

POOL = [f"~ci-pool/ubuntu/pool-{i:03}" for i in (1, 2, 3)]
TOKENS = {"ann": "a" * 64, "bob": "b" * 64, "root": "r" * 64}


def with_clients(daemon: Daemon) -> Daemon:
    """Two clients and an operator."""
    document = json.loads(daemon.config.read_text())
    document["api"]["clients"] = [
        {
            "name": name,
            "token_sha256": hashlib.sha256(token.encode()).hexdigest(),
            "role": "operator" if name == "root" else "client",
        }
        for name, token in TOKENS.items()
    ]
    daemon.config.write_text(json.dumps(document))
    return daemon


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with three empty PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "3")
    yield launchpad
    launchpad.stop()


def call(daemon: Daemon, who: str, method: str, path: str, **body: Any) -> httpx.Response:
    """A call of that client's."""
    headers = {"Authorization": f"Bearer {TOKENS[who]}"}
    return daemon.http.request(method, path, headers=headers, json=body or None)


def free(daemon: Daemon) -> int:
    """How many PPAs this daemon knows as free."""
    items = call(daemon, "root", "GET", "/v1/ppas?state=free").json()["items"]
    return len(items)


def test_two_clients_at_two_daemons_with_one_id(tmp_path: Path, launchpad: Launchpad) -> None:
    """Each keeps its lease and gets it again, from either daemon, whatever its attempt; sees and ends its own only."""
    daemons = [with_clients(configure(tmp_path, launchpad, name, POOL, look_every="1s")) for name in ("one", "two")]
    with running(*daemons):
        for daemon in daemons:
            daemon.start()
            until(lambda daemon=daemon: free(daemon) == 3, "three free PPAs", 60)  # type: ignore[misc]
        leases = {}
        for daemon, who in zip(daemons, ("ann", "bob"), strict=True):
            answer = call(daemon, who, "POST", "/v1/leases", owner=f"job of {who}", request_id="build-1")
            assert answer.status_code == 201, answer.text
            leases[who] = answer.json()
        assert leases["ann"]["ppa"] != leases["bob"]["ppa"]
        for attempt, (daemon, who) in enumerate(((d, w) for d in daemons for w in ("bob", "ann")), start=1):
            body = {"owner": f"job of {who}", "request_id": "build-1", "attempt": attempt, "wait": 5}
            again = call(daemon, who, "POST", "/v1/leases", **body)
            assert (again.status_code, again.json().get("id")) == (200, leases[who]["id"]), again.text
        listed = {who: call(daemons[0], who, "GET", "/v1/leases?request_id=build-1").json()["items"] for who in TOKENS}
        assert {who: sorted(item["by"] for item in items) for who, items in listed.items()} == {
            "ann": ["ann"], "bob": ["bob"], "root": ["ann", "bob"],
        }  # fmt: skip
        other = call(daemons[0], "ann", "POST", "/v1/leases", owner="another job", request_id="build-1")
        assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (409, "request-id-taken")
        released = call(daemons[1], "bob", "DELETE", "/v1/leases?request_id=build-1")
        assert [item["ppa"] for item in released.json()["items"]] == [leases["bob"]["ppa"]]
        assert call(daemons[1], "bob", "DELETE", "/v1/leases?request_id=build-1").status_code == 404
        kept = call(daemons[1], "ann", "GET", f"/v1/leases/{leases['ann']['id']}").json()
        assert (kept["state"], kept["by"]) == ("used", "ann")
        ended = call(daemons[1], "root", "DELETE", "/v1/leases?request_id=build-1")
        assert [item["ppa"] for item in ended.json()["items"]] == [leases["ann"]["ppa"]]
