"""SIGHUP to a daemon in a process of its own: what it takes up, what it refuses, and what needs a restart."""

from __future__ import annotations

import hashlib
import http.client
import json
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .waiting import until

PATIENCE_S = 60.0
ANN, BOB = "a" * 64, "b" * 64


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """A stand-in that all tests use, each with PPAs of its own."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "1")
    yield launchpad
    launchpad.stop()


def pool(*ppas: str, **options: Any) -> dict[str, Any]:
    """A pool that is quick to clean."""
    return {"ppas": list(ppas), "settle": "1s", **options}


def client(name: str, token: str, role: str = "operator") -> dict[str, str]:
    """As the configuration has it."""
    return {"name": name, "token_sha256": hashlib.sha256(token.encode()).hexdigest(), "role": role}


def rewrite(daemon: Daemon, **sections: Any) -> None:
    """Put these sections into the file."""
    daemon.config.write_text(json.dumps({**json.loads(daemon.config.read_text()), **sections}))


def reload(daemon: Daemon) -> str:
    """SIGHUP; what the daemon says to it."""
    before = daemon.log
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: "reloaded" in daemon.log[len(before) :], "an answer to SIGHUP", PATIENCE_S, every=0.05)
    assert daemon.process.poll() is None
    return daemon.log[len(before) :]


def change(daemon: Daemon, **sections: Any) -> str:
    """Put these sections into the file and have it read; what the daemon says to it."""
    rewrite(daemon, **sections)
    return reload(daemon)


def known(daemon: Daemon) -> dict[str, tuple[str, str | None]]:
    """The pool and the state of each PPA."""
    return {ppa["ppa"]: (ppa["pool"], ppa["state"]) for ppa in daemon.ppas()}


def seconds(lease: dict[str, Any]) -> float:
    """How long it lasts in all."""
    since, until_ = (datetime.fromisoformat(lease[key]) for key in ("since", "until"))
    return (until_ - since).total_seconds()


def test_ppas_come_and_go_also_while_they_are_used(tmp_path: Path, launchpad: Launchpad) -> None:
    """Added: lent.  Removed in use: served to its end and cleaned, with a warning.  Moved: lent from its new pool, the
    lease that it has goes on.
    """
    stays, goes, moves, comes = launchpad.control.ppas("ci-pool", names=["stays", "goes", "moves", "comes"])
    daemon = configure(tmp_path, launchpad, ppas=[stays, goes, moves])
    with running(daemon):
        daemon.start().wait_for_states(free=3, timeout=PATIENCE_S)
        gone, moved = (daemon.assign(ppa=ppa).json() for ppa in (goes, moves))
        told = change(daemon, pools={"default": pool(stays), "other": pool(comes, moves)})
        assert f"{goes} is served to the end of its lease; list it under `retire`" in told
        assert told.count("retire") == 1
        until(lambda: known(daemon).get(comes) == ("other", "free"), "the new one", PATIENCE_S, every=0.05)
        assert daemon.http.post(f"/v1/leases/{gone['id']}/touch").status_code == 200
        assert daemon.assign(ppa=goes).status_code == 404
        assert daemon.http.post(f"/v1/leases/{moved['id']}/touch").json()["id"] == moved["id"]
        assert daemon.assign(pool="other", ppa=moves).status_code == 409  # it is lent still
        for lease in (gone, moved):
            assert daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
        wanted = {stays: ("default", "free"), comes: ("other", "free"), moves: ("other", "free")}
        until(lambda: known(daemon) == wanted, "the end of the lease", PATIENCE_S, every=0.05)
        assert '"state":"free"' in (launchpad.control.description(goes) or "")
        again = daemon.assign(pool="other", ppa=moves)
        assert (again.status_code, again.json()["pool"]) == (201, "other")


def test_new_options_are_for_new_leases_and_a_broken_file_changes_nothing(tmp_path: Path, launchpad: Launchpad) -> None:
    """A lease keeps its end.  Mistakes are told with their lines; what only a restart can change is named."""
    one, two = launchpad.control.ppas("ci-pool", names=["one", "two"])
    daemon = configure(tmp_path, launchpad, ppas=[one, two], ttl="1h", verify_age=None)
    with running(daemon):
        daemon.start().wait_for_states(free=2, timeout=PATIENCE_S)
        assert "pools.default.verify_age: free PPAs are never looked at again" in daemon.log
        old = daemon.assign(ppa=one).json()
        assert "verify_age" not in change(daemon, pools={"default": pool(one, two, ttl="2h")})
        assert daemon.http.post(f"/v1/leases/{old['id']}/touch").json()["until"] == old["until"]
        new = daemon.assign(ppa=two).json()
        assert (seconds(old), seconds(new)) == (3600, 7200)
        good = daemon.config.read_text()
        daemon.config.write_text("launchpad: {}\n\nppas: [nonsense]\n")
        told = reload(daemon)
        assert "not reloaded, nothing is changed" in told
        assert f"{daemon.config}:1: launchpad.credentials" in told
        assert f"{daemon.config}:3: ppas[0]" in told
        assert known(daemon) == {one: ("default", "used"), two: ("default", "used")}
        daemon.config.write_text(good)
        said = json.loads(good)
        told = change(
            daemon, api={"listen": "127.0.0.1:1"}, launchpad={**said["launchpad"], "connections": 4}, name="another"
        )
        needing = [
            line.partition(" is changed: it needs a restart")[0] for line in told.splitlines() if "restart" in line
        ]
        assert [line.rpartition(" ")[2] for line in needing] == ["api.listen", "launchpad", "name"]
        assert daemon.http.get("/readyz").status_code == 200  # still where it was
        assert "needs a restart" not in change(daemon, **said)


def test_a_revoked_token_is_refused_at_once(tmp_path: Path, launchpad: Launchpad) -> None:
    """Also on a connection that is kept alive; streams of events end; new clients are let in."""
    (mine,) = launchpad.control.ppas("ci-pool", names=["mine"])
    daemon = configure(tmp_path, launchpad, ppas=[mine])
    listen = json.loads(daemon.config.read_text())["api"]["listen"]
    rewrite(daemon, api={"listen": listen, "clients": [client("ann", ANN)]})
    with running(daemon):
        daemon.start()
        with closing(Kept(daemon)) as kept, closing(Kept(daemon)) as stream:
            assert (kept.ask("GET", "/v1/ppas", ANN), kept.ask("GET", "/v1/ppas", BOB)) == (200, 401)
            assert stream.open("/v1/events", ANN) == 200
            change(daemon, api={"listen": listen, "clients": [client("bob", BOB)]})
            assert (kept.ask("GET", "/v1/ppas", ANN), kept.ask("GET", "/v1/ppas", BOB)) == (401, 200)
            assert kept.is_the_first
            stream.read_to_its_end()
            assert stream.open("/v1/events", ANN) == 401


def test_a_number_that_no_option_takes_changes_nothing(tmp_path: Path, launchpad: Launchpad) -> None:
    """However many digits it has: it is refused as it would be at a start, and the daemon goes on."""
    (one,) = launchpad.control.ppas("ci-pool", names=["one-number"])
    daemon = configure(tmp_path, launchpad, ppas=[one])
    good = daemon.config.read_text()
    with running(daemon):
        daemon.start()
        for option in ("ttl", "settle", "verify_age"):
            said = change(daemon, pools={"default": pool(one, **{option: int("9" * 400)})})
            assert f"pools.default.{option}: " in said
            assert "is too long; at most 3650d" in said
        daemon.config.write_text(good.replace('"settle"', f'"ttl": {"9" * 5000}, "settle"', 1))
        assert "is too large a number" in reload(daemon)
        assert list(known(daemon)) == [one]


class Kept(http.client.HTTPConnection):
    """One connection to a daemon, that is not opened again."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = str(daemon.address)
        self._opened = 0

    def connect(self) -> None:
        """To its Unix socket."""
        self._opened += 1
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(self._path)

    @property
    def is_the_first(self) -> bool:
        """Whether it was never opened again."""
        return self._opened == 1

    def ask(self, method: str, path: str, token: str) -> int:
        """One request; its status."""
        self.request(method, path, headers={"Authorization": f"Bearer {token}"})
        answer = self.getresponse()
        answer.read()
        return answer.status

    def open(self, path: str, token: str) -> int:
        """A request whose answer is not read; its status."""
        self.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        self._answer = self.getresponse()
        return self._answer.status

    def read_to_its_end(self) -> None:
        """Fails when the answer goes on for longer than patience lasts."""
        while self._answer.readline():
            pass
