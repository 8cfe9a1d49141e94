"""A real daemon with few descriptors, and one client who takes all that there are."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .processes import Daemon, configure, running, start_launchpad
from .waiting import until

DESCRIPTORS = 300
CROWD = 400
WISH = b'{"owner":"greedy","wait":120,"ppa":"~ci-pool/ubuntu/pool-001"}'
HEAD = b"POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
SAID = {
    "nothing": b"",
    "half a request": (HEAD % len(WISH)) + WISH[:-1],
    "no HTTP": b"\x16\x03\x01\x02\x00\x01",
    "wishes": (HEAD % len(WISH)) + WISH,
    "events": b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Ready, with one PPA lent and one free."""
    launchpad = start_launchpad("--ppas", "2")
    daemon = configure(tmp_path, launchpad, ppas=["~ci-pool/ubuntu/pool-{001..002}"], look_every="1s")
    daemon.descriptors = DESCRIPTORS
    try:
        with running(daemon):
            daemon.start().wait_for_states(free=2)
            yield daemon
    finally:
        launchpad.stop()


def test_one_who_takes_all_connections_is_nobodys_outage(daemon: Daemon) -> None:
    """However: others are answered, leases can be touched, Launchpad is asked, the log stays short, no core is busy."""
    lease = daemon.assign("mine", ppa="~ci-pool/ubuntu/pool-001").json()
    for what, said in SAID.items():
        lines = len(daemon.log.splitlines())
        began = time.monotonic()
        with ExitStack() as stack:
            for _ in range(CROWD):
                crowd = stack.enter_context(socket.socket(socket.AF_UNIX))
                crowd.settimeout(30)
                crowd.connect(str(daemon.address))
                with contextlib.suppress(OSError):
                    crowd.sendall(said)
            assert daemon.http.post(f"/v1/leases/{lease['id']}/touch").status_code == 200, what
            assert daemon.http.get("/v1/ppas").status_code == 200, what
            assert daemon.http.get("/readyz?launchpad=1").status_code == 200, what
            assert descriptors(daemon) < DESCRIPTORS, what
            spent = processor_seconds(daemon)
            looked = daemon.http.get("/v1/ppas").json()["items"][0]["seen"]
            until(lambda seen=looked: daemon.http.get("/v1/ppas").json()["items"][0]["seen"] > seen, "a look", 30)  # type: ignore[misc]
            assert processor_seconds(daemon) - spent < 5
        said_lines = len(daemon.log.splitlines()) - lines
        assert said_lines <= CROWD + 5 * (time.monotonic() - began + 1), (what, daemon.log[-3000:])
        if what != "wishes":  # each of these is told how it ended, which is what an operator reads the log for
            assert said_lines <= 5 * (time.monotonic() - began + 1), (what, daemon.log[-3000:])
    assert daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
    assert "Traceback" not in daemon.log


def descriptors(daemon: Daemon) -> int:
    """How many it has open."""
    assert daemon.process is not None
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def processor_seconds(daemon: Daemon) -> float:
    """What it has used of the processor."""
    assert daemon.process is not None
    user, system = Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
