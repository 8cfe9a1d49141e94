"""`release`, `touch`, `hold` and `withdraw` by all that names a lease, on daemons that lend; and what they refuse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.commandline import DEADLINE_S, Done, cli, started
from tests.fakedaemon import PPA, FakeDaemon, Reply
from tests.processes import Daemon, Launchpad, configure, running, running_launchpad
from tests.waiting import until

ROLES = {"ann": "client", "bob": "client", "root": "operator"}
NOBODYS = "0" * 32


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """With PPAs for two daemons, and one that somebody uses."""
    with running_launchpad("--owner", "ci-pool", "--ppas", "8") as launchpad:
        (full,) = launchpad.control.ppas("ci-pool", names=["full"])
        launchpad.control.upload(full, "precious", "1.0")
        yield launchpad


def token(name: str) -> str:
    """Of one of `ROLES`."""
    return hashlib.sha256(name.encode()).hexdigest()


@pytest.fixture(scope="module")
def _daemons(tmp_path_factory: pytest.TempPathFactory, launchpad: Launchpad) -> Iterator[tuple[Daemon, Daemon]]:
    folder = tmp_path_factory.mktemp("daemons")
    ppas = ("~ci-pool/ubuntu/pool-{001..004}", "~ci-pool/ubuntu/full")
    anybody = configure(folder, launchpad, "anybody", ppas, max_hold="1h")
    guarded = configure(folder, launchpad, "guarded", ("~ci-pool/ubuntu/pool-{005..008}",))
    document = json.loads(guarded.config.read_text())
    document["api"]["clients"] = [
        {"name": name, "role": role, "token_sha256": hashlib.sha256(token(name).encode()).hexdigest()}
        for name, role in ROLES.items()
    ]
    guarded.config.write_text(json.dumps(document))
    with running(anybody, guarded):
        guarded.http.headers["Authorization"] = f"Bearer {token('root')}"
        for daemon in (anybody, guarded):
            daemon.start()
        yield anybody, guarded


@pytest.fixture
def daemon(_daemons: tuple[Daemon, Daemon]) -> Iterator[Daemon]:
    """Without clients; nothing is lent yet, nor when the test is over."""
    yield from _empty(_daemons[0])


@pytest.fixture
def guarded(_daemons: tuple[Daemon, Daemon]) -> Iterator[Daemon]:
    """With clients; likewise."""
    yield from _empty(_daemons[1])


def _empty(daemon: Daemon) -> Iterator[Daemon]:
    daemon.wait_for_states(free=4)
    yield daemon
    for lease in daemon.http.get("/v1/leases").json()["items"]:
        daemon.http.delete(f"/v1/leases/{lease['id']}")


def run(daemon: Daemon, *arguments: str, who: str | None = None, stdin: str = "", **env: str) -> Done:
    """A command, asked of this daemon by one of `ROLES`."""
    given = env if who is None else env | {"PPA_ASSIGNER_TOKEN": token(who)}
    return cli(*arguments, url=f"unix:{daemon.address}", env=given, stdin=stdin)


def lent(daemon: Daemon, request: str = "build-1", owner: str = "me", who: str | None = None) -> dict[str, Any]:
    """A lease, taken by the command."""
    done = run(daemon, "assign", "--owner", owner, "--request-id", request, "--wait", "20", "--json", who=who)
    assert done.returncode == 0, done.stderr
    lease: dict[str, Any] = json.loads(done.stdout)
    return lease


def leases(daemon: Daemon) -> set[str]:
    """The ids of those that run."""
    return {lease["id"] for lease in daemon.http.get("/v1/leases").json()["items"]}


def named(lease: dict[str, Any]) -> list[str]:
    """All that names a lease."""
    owner, distribution, name = lease["ppa"].split("/")
    return [lease["id"], lease["request_id"], lease["ppa"], f"ppa:{owner[1:]}/{name}",
            f"ppa:{owner[1:]}/{distribution}/{name}"]  # fmt: skip


def test_each_name_of_a_lease_serves(daemon: Daemon) -> None:
    """To touch and to hold it."""
    lease = lent(daemon)
    for name in named(lease):
        done = run(daemon, "touch", name)
        assert (done.returncode, done.stdout) == (0, f"{lease['until']}\n"), (name, done.stderr)
    held = [run(daemon, "hold", name, "--for", "1h").returncode for name in named(lease)]
    assert held == [0, 77, 77, 77, 77]  # once only, but always the right one
    assert daemon.http.get(f"/v1/leases/{lease['id']}").json()["until"] > lease["until"]


@pytest.mark.parametrize("which", range(5))
def test_a_lease_is_held_and_released_by_each(daemon: Daemon, which: int) -> None:
    """Which prints nothing; the others stay."""
    other = lent(daemon, "other", "somebody")
    lease = lent(daemon)
    name = named(lease)[which]
    assert run(daemon, "hold", name, "--for", "30m").returncode == 0
    done = run(daemon, "release", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert leases(daemon) == {other["id"]}


def test_hold_with_a_lease_that_its_ppa_must_have(daemon: Daemon) -> None:
    """As option or variable; another one's is refused."""
    lease = lent(daemon)
    assert run(daemon, "hold", lease["ppa"], "--lease", NOBODYS, "--for", "1h").returncode == 77
    assert run(daemon, "hold", lease["ppa"], "--for", "1h", PPA_LEASE_ID=NOBODYS).returncode == 77
    assert run(daemon, "hold", lease["ppa"], "--lease", lease["id"], "--for", "1h").returncode == 0


def test_what_names_no_lease_is_77_and_one_line(daemon: Daemon) -> None:
    """A PPA that is free, an id of nothing, all of nobody."""
    for act in (["release"], ["touch"], ["hold", "--for", "1h"]):
        for name in ("~ci-pool/ubuntu/pool-001", "build-1", NOBODYS, "--mine"):
            done = run(daemon, *act, name)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (77, "", 1), (act, name, done.stderr)
    assert "nobody has ~ci-pool/ubuntu/pool-001: it is free" in run(daemon, "release", "ppa:ci-pool/pool-001").stderr
    assert run(daemon, "release", "build-1").stderr.endswith("'build-1', and no lease that runs has that request id\n")
    assert run(daemon, "release", "~ci-pool/ubuntu/other").returncode == 64


def test_a_job_that_lost_its_ppa_does_not_end_its_successors_lease(daemon: Daemon) -> None:
    """What --export told of is the PPA with the lease that came with it."""
    lease = lent(daemon)
    own = {"PPA_LEASE_ID": lease["id"], "PPA_REFERENCE": lease["ppa"]}
    assert run(daemon, "release", lease["ppa"], **own).returncode == 0
    until(lambda: daemon.http.get(f"/v1/ppas/{lease['ppa']}").json()["state"] == "free", "clean again", DEADLINE_S)
    wish = ["assign", "--owner", "next", "--ppa", lease["ppa"], "--json"]
    successor = json.loads(run(daemon, *wish).stdout)
    for act in (["release"], ["touch"], ["hold", "--for", "1h"]):
        assert run(daemon, *act, lease["ppa"], **own).returncode == 77
    del successor["token"]  # which only the answer to an assign shows
    assert daemon.http.get(f"/v1/leases/{successor['id']}").json() == successor
    assert run(daemon, "release", lease["ppa"], PPA_LEASE_ID=lease["id"], PPA_REFERENCE="~x/ubuntu/y").returncode == 0


def test_what_is_done_is_done_to_the_lease_that_was_seen() -> None:
    """By its id: whoever has the PPA a moment later is not meant."""
    with FakeDaemon() as fake:
        fake.on("GET", f"/v1/ppas/{PPA['ppa']}", Reply(200, PPA | {"state": "used", "lease": "seen"}))
        fake.on("DELETE", "/v1/leases/seen", Reply(200, PPA))
        assert cli("release", "ppa:ci-pool/pool-001", url=fake.url).returncode == 0
        assert [(each.method, each.path) for each in fake.requests] == [
            ("GET", f"/v1/ppas/{PPA['ppa']}"),
            ("DELETE", "/v1/leases/seen"),
        ]


def test_a_request_that_is_called_like_a_lease_of_another_is_not_meant(daemon: Daemon) -> None:
    """A lease's id comes first; a request id of that form serves where no lease has it."""
    first = lent(daemon)
    lent(daemon, first["id"], "another")
    third = lent(daemon, NOBODYS)
    assert run(daemon, "release", first["id"]).returncode == 0
    assert run(daemon, "release", NOBODYS).returncode == 0
    assert len(leases(daemon)) == 1
    assert not {first["id"], third["id"]} & leases(daemon)


# -- all of one's own --------------------------------------------------------------------------------------------------


def test_mine_are_those_of_the_client(guarded: Daemon) -> None:
    """Also for an operator; another's stay."""
    anns = [lent(guarded, f"build-{n}", "job", "ann") for n in (1, 2)]
    bobs = lent(guarded, "build-1", "job", "bob")
    done = run(guarded, "touch", "--mine", who="ann")
    assert done.stdout.splitlines() == [f"{lease['ppa']}  {lease['until']}" for lease in by_ppa(anns)]
    assert run(guarded, "release", "--mine", who="root").returncode == 77
    assert run(guarded, "release", "--mine", "--owner", "other", who="ann").returncode == 77
    done = run(guarded, "release", "--mine", who="ann")
    assert (done.returncode, done.stdout.splitlines()) == (0, [lease["ppa"] for lease in by_ppa(anns)])
    assert leases(guarded) == {bobs["id"]}


def by_ppa(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the order in which they are listed."""
    return sorted(found, key=lambda lease: str(lease["ppa"]))


def test_one_that_fails_does_not_keep_the_others(guarded: Daemon) -> None:
    """It is said, and the code is its own: held twice is not permitted."""
    first = lent(guarded, "build-1", "job", "root")
    assert run(guarded, "hold", first["ppa"], "--for", "1h", who="root").returncode == 0
    second = lent(guarded, "build-2", "job", "root")
    done = run(guarded, "hold", "--mine", "--for", "1h", "--json", who="root")
    assert done.returncode == 77
    assert [ppa["ppa"] for ppa in json.loads(done.stdout)["items"]] == [second["ppa"]]
    assert done.stderr.startswith(f"ppa-assigner: {first['ppa']}: it was held before")
    done = run(guarded, "release", "--mine", "--json", who="root")
    assert (done.returncode, len(json.loads(done.stdout)["items"])) == (0, 2)


def test_without_clients_mine_needs_one_owner(daemon: Daemon) -> None:
    """Nobody ends what others have: with several owners it must be said whose."""
    mine, other = lent(daemon, "build-1", "me"), lent(daemon, "build-2", "somebody else")
    done = run(daemon, "release", "--mine")
    assert (done.returncode, done.stderr.count("\n")) == (64, 1)
    for part in ("--owner", "'me'", "'somebody else'"):
        assert part in done.stderr
    assert leases(daemon) == {mine["id"], other["id"]}
    assert run(daemon, "release", "--mine", "--owner", "me").stdout == f"{mine['ppa']}\n"
    assert leases(daemon) == {other["id"]}
    assert run(daemon, "release", "--mine").returncode == 0
    assert leases(daemon) == set()


def test_a_request_id_of_several_clients(guarded: Daemon) -> None:
    """Everyone means the own one; an operator who has none is shown which there are."""
    anns, bobs = lent(guarded, who="ann"), lent(guarded, who="bob")
    done = run(guarded, "release", "build-1", who="root")
    assert (done.returncode, done.stderr.count("\n")) == (64, 1)
    for lease in (anns, bobs):
        assert f"{lease['id']} ({lease['ppa']})" in done.stderr
    roots = lent(guarded, who="root")
    assert run(guarded, "release", "build-1", who="root").returncode == 0
    assert leases(guarded) == {anns["id"], bobs["id"]}
    assert roots["id"] not in leases(guarded)
    assert run(guarded, "release", "build-1", who="ann").returncode == 0
    assert leases(guarded) == {bobs["id"]}
    assert run(guarded, "release", bobs["ppa"], who="ann").returncode == 77
    assert leases(guarded) == {bobs["id"]}


# -- withdraw ----------------------------------------------------------------------------------------------------------


def test_withdraw_gives_back_what_the_request_got(daemon: Daemon) -> None:
    """Once; then there is no such request any more."""
    lease = lent(daemon)
    done = run(daemon, "withdraw", "build-1", "--json")
    assert done.returncode == 0
    assert [ppa["ppa"] for ppa in json.loads(done.stdout)["items"]] == [lease["ppa"]]
    assert leases(daemon) == set()
    done = run(daemon, "withdraw", "build-2")
    assert (done.returncode, done.stdout) == (77, "")
    assert done.stderr == "ppa-assigner: no request build-2 of yours waits or has a PPA\n"


def test_withdraw_takes_one_out_of_the_line(daemon: Daemon) -> None:
    """The command that waits for it ends."""
    for number in range(4):
        lent(daemon, f"build-{number}")
    wish = ("assign", "--owner", "me", "--request-id", "waiting", "--wait", "10m")
    with started(*wish, url=f"unix:{daemon.address}") as waiting:
        until(lambda: daemon.http.get("/v1/pools").json()["items"][0]["waiting"] == 1, "it waits", DEADLINE_S)
        done = run(daemon, "withdraw", "waiting")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert waiting.wait(DEADLINE_S) == 77
    assert daemon.http.get("/v1/pools").json()["items"][0]["waiting"] == 0


def test_a_daemon_whose_address_is_taken_says_what_to_do(daemon: Daemon) -> None:
    """With the address, and where another is set; the one that runs goes on."""
    done = cli("run", "--config", str(daemon.config), env={"HOME": str(daemon.folder)})
    assert done.returncode == 69
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ppa-assigner: cannot listen on unix:{daemon.address}: somebody listens there already; ")
    assert "api.listen" in last
    assert "PPA_ASSIGNER_LISTEN" in last
    assert daemon.ready


# -- adopt -------------------------------------------------------------------------------------------------------------


def test_adopt_refuses_before_it_asks(daemon: Daemon) -> None:
    """A PPA with a record is not adopted whatever is typed; one without is asked about."""
    done = run(daemon, "adopt", "ppa:ci-pool/pool-001", stdin="pool-001\n")
    assert (done.returncode, done.stderr.count("\n")) == (77, 1)
    assert "~ci-pool/ubuntu/pool-001 has a record, and is free" in done.stderr
    done = run(daemon, "adopt", "ppa:ci-pool/full", stdin="no\n")
    assert done.returncode == 64
    assert "precious" in done.stderr
