"""Priorities, quotas and the line over HTTP and by the commands: daemons as processes, on the stand-in in another."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from .commandline import PROGRAM, Done, cli, environment
from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .waiting import until

CLIENTS = {
    "ci": {"max_leases": 1, "max_waiting": 2},
    "release": {"max_priority": 50},
}


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with two empty PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "2")
    yield launchpad
    launchpad.stop()


def guarded(folder: Path, launchpad: Launchpad, name: str = "one", **options: Any) -> Daemon:
    """A daemon of two PPAs with the clients; the token of each is its name."""
    daemon = configure(folder, launchpad, name, ["~ci-pool/ubuntu/pool-{001..002}"], **options)
    document = json.loads(daemon.config.read_text())
    document["api"]["clients"] = [
        {"name": name, "token_sha256": hashlib.sha256(name.encode()).hexdigest(), **options}
        for name, options in CLIENTS.items()
    ]
    daemon.config.write_text(json.dumps(document))
    daemon.http.headers["Authorization"] = "Bearer release"
    return daemon


def by(daemon: Daemon, client: str, *arguments: str) -> Done:
    """A command of this client, to its end."""
    return cli(*arguments, url=f"unix:{daemon.address}", env={"PPA_ASSIGNER_TOKEN": client})


def ask(daemon: Daemon, client: str, request: str, **wish: Any) -> httpx.Response:
    """An assign of this client."""
    body = {"owner": client, "request_id": request, **wish}
    return daemon.http.post("/v1/leases", json=body, headers={"Authorization": f"Bearer {client}"})


def line(daemon: Daemon) -> list[dict[str, Any]]:
    """Who waits."""
    items: list[dict[str, Any]] = daemon.http.get("/v1/line").json()["items"]
    return items


def waits(daemon: Daemon, request: str) -> bool:
    """Whether it stands in the line."""
    return daemon.listens() and request in [one["request_id"] for one in line(daemon)]


def command(daemon: Daemon, client: str, *arguments: str) -> subprocess.Popen[str]:
    """A command of this client that goes on."""
    variables = environment(f"unix:{daemon.address}", PPA_ASSIGNER_TOKEN=client)
    return subprocess.Popen([*PROGRAM, *arguments], env=variables, stdout=subprocess.PIPE, text=True)


def test_the_line_in_its_order_over_a_restart(tmp_path: Path, launchpad: Launchpad) -> None:
    """Who has a higher priority is served first, by commands whose daemon is killed meanwhile too."""
    daemon = guarded(tmp_path, launchpad)
    with running(daemon):
        daemon.start().wait_for_states(free=2)
        held = [ask(daemon, "release", f"held-{n}").json() for n in range(2)]
        told = ask(daemon, "release", "x", priority=51)
        assert (told.status_code, told.json()["type"]) == (403, "/problems/forbidden")
        assigns = {}
        for request, priority in (("plain", 0), ("urgent", 50), ("some", 5)):
            options = ("--owner", request, "--request-id", request, "--wait", "2m", "--priority", str(priority))
            assigns[request] = command(daemon, "release", "assign", *options)
            until(partial(waits, daemon, request), request)
        try:
            daemon.kill()
            daemon.start(ready=False)
            until(lambda: all(waits(daemon, request) for request in assigns), "all are back", 60.0)
            assert [(one["request_id"], one["position"], one["priority"]) for one in line(daemon)] == [
                ("urgent", 1, 50), ("some", 2, 5), ("plain", 3, 0),
            ]  # fmt: skip
            shown = by(daemon, "ci", "line").stdout.splitlines()
            assert [row.split()[:2] for row in shown[1:]] == [["1", "urgent"], ["2", "some"], ["3", "plain"]]
            for request in ("urgent", "some", "plain"):
                lease = held.pop(0)
                assert daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
                assert assigns[request].wait(60) == 0
                held += daemon.http.get("/v1/leases", params={"owner": request}).json()["items"]
        finally:
            for process in assigns.values():
                process.send_signal(signal.SIGKILL)
                process.communicate()


def test_a_full_quota_is_told_with_the_leases_that_fill_it(tmp_path: Path, launchpad: Launchpad) -> None:
    """At the end of the wait, with a ticket, as exit code 75; the client goes on once it gave one back."""
    daemon = guarded(tmp_path, launchpad)
    with running(daemon):
        daemon.start().wait_for_states(free=2)
        first = ask(daemon, "ci", "first").json()
        told = ask(daemon, "ci", "second", wait=1)
        problem = told.json()
        assert (told.status_code, problem["type"]) == (409, "/problems/quota")
        assert [lease["id"] for lease in problem["leases"]] == [first["id"]]
        assert problem["ticket"]
        done = by(daemon, "ci", "assign", "--owner", "ci", "--wait", "1s")
        assert done.returncode == 75
        assert "max_leases 1 of client ci" in done.stderr
        assert ask(daemon, "release", "other").status_code == 201
        assert by(daemon, "ci", "release", first["id"]).returncode == 0
        back = ask(daemon, "ci", "second", wait=50, attempt=1, ticket=problem["ticket"])
        assert back.status_code == 201


def test_two_daemons_are_over_a_quota_by_one_each_at_most(tmp_path: Path, launchpad: Launchpad) -> None:
    """Each knows of the other's leases by looks alone."""
    daemons = [guarded(tmp_path, launchpad, name, look_every="1s") for name in ("one", "two")]
    with running(*daemons):
        for daemon in daemons:
            daemon.start()
        for daemon in daemons:
            daemon.wait_for_states(free=2)
        answers = [ask(daemon, "ci", f"r{n}").status_code for n, daemon in enumerate(daemons)]
        assert answers[0] == 201
        daemons[1].wait_for_states(used=answers.count(201))
        assert ask(daemons[1], "ci", "late").json()["type"] == "/problems/quota"
