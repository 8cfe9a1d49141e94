"""Killed, hung or told to end by somebody else than systemd: it is started again, and no client is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from ppa_assigner.client import Client, Lease

from ..waiting import until
from .hanging import GO
from .installed import PATIENCE_S, SERVICE, SOCKET, Answer, Assigner

pytestmark = pytest.mark.timeout(240)  # pauses between restarts that are systemd's: they begin with what is long

KILLS = 4
WAIT_S = 300.0
IMPATIENT = "[Service]\nWatchdogSec=3\n"
HANGING = "ExecStart=\nExecStart=/usr/bin/hanging {thread} run --config /etc/ppa-assigner/ppas.yaml\n"


def lend(request_id: str) -> Lease:
    """As any client does it, in the machine's network."""
    with Client("http://127.0.0.1:8020") as client:
        return client.assign("tester", request_id=request_id, wait=WAIT_S)


def killed(assigner: Assigner) -> None:
    """SIGKILL, and wait until the process is gone."""
    pid = assigner.host_pid
    assigner.signal("KILL")
    until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the process", PATIENCE_S)


def asked_meanwhile(assigner: Assigner, kill: int) -> list[Future[Answer]]:
    """Requests of clients that try once: the kernel has to hold each of them until there is a daemon again."""
    return [
        *(assigner.ask("GET", "/v1/pools") for _ in range(4)),
        *(assigner.assign(f"meanwhile-{kill}-{i}", wait=0) for i in range(2)),
    ]


def test_no_client_is_refused_however_often_it_is_killed(
    assigner: Assigner, record_property: Callable[[str, object], None]
) -> None:
    """Those in line get their PPAs as if nothing had been; those who come while it is dead wait, and get an answer on
    their first try; leases stay.  The kills follow each other without a pause: no limit is hit.
    """
    assigner.configure(assigner.new_pool(2))
    assigner.start(free=2)
    held = [assigner.assign(f"holder-{i}").result(PATIENCE_S).body for i in range(2)]
    waiting = [assigner.machine.inside(lend, f"waits-{i}") for i in range(2)]
    assigner.wait_for(lambda: assigner.waiting() == 2, "two in line")
    for kill in range(KILLS):
        killed(assigner)
        answers = [ask.result(PATIENCE_S) for ask in asked_meanwhile(assigner, kill)]
        assert [answer.status for answer in answers] == [200] * 4 + [409] * 2
        assert all(answer.body["type"].endswith("none-free") for answer in answers[4:])
    record_property("kills survived", KILLS)
    assert assigner.show("NRestarts") == str(KILLS)
    assigner.wait_for(lambda: assigner.waiting() == 2, "both in line again")
    shown = {lease["id"] for lease in assigner.get("/v1/leases").body["items"]}
    assert shown == {lease["id"] for lease in held}
    for lease in held:
        assert assigner.ask("DELETE", f"/v1/leases/{lease['id']}").result(PATIENCE_S).status == 200
    lent = [ask.result(WAIT_S) for ask in waiting]
    assert sorted(lease["ppa"] for lease in lent) == sorted(lease["ppa"] for lease in held)


def test_neither_a_restart_nor_somebodys_sigterm_is_an_end(assigner: Assigner) -> None:
    """`systemctl restart`, after an upgrade: the socket stays open, and who comes meanwhile waits.  A SIGTERM that is
    not systemd's: the daemon exits with 0, and is started again.
    """
    assigner.configure(assigner.new_pool(1))
    assigner.start(free=1)
    opened, first = assigner.show("ActiveEnterTimestampMonotonic", SOCKET), assigner.main_pid
    assigner.machine.systemctl("restart", "--no-block", SERVICE)
    answered = 0
    while assigner.main_pid in (first, 0) or assigner.show("ActiveState") != "active":
        with contextlib.suppress(ConnectionResetError):  # too late for the one that ends; who is refused is not let off
            assert assigner.get("/v1/pools").status == 200
            answered += 1
    assert answered
    assert assigner.show("ActiveEnterTimestampMonotonic", SOCKET) == opened
    assigner.signal("TERM")
    assigner.wait_for(lambda: assigner.show("NRestarts") == "1", "the restart")
    assert assigner.get("/healthz").status == 200


def start_impatient(assigner: Assigner, thread: str | None = None) -> int:
    """Start it with a watchdog that does not wait for long, and with a thread that hangs once `GO` is there."""
    assigner.drop_in(SERVICE, IMPATIENT + (HANGING.format(thread=thread) if thread else ""))
    assigner.configure(assigner.new_pool(1), timeout={"connect": "1s", "read": "2s", "total": "2s"})
    assigner.start(free=1)
    return assigner.main_pid


def started_again(assigner: Assigner, pid: int) -> str:
    """Wait until the watchdog struck and its successor serves; what the killed daemon said."""
    assigner.wait_for(lambda: assigner.show("NRestarts") == "1", "the watchdog")
    assigner.machine.path(GO).unlink(missing_ok=True)
    assert f"Killing process {pid} " in assigner.wait_for_journal("Watchdog timeout")
    assert assigner.get("/healthz").status == 200
    return assigner.said_by(pid)


def test_the_watchdog_ends_a_process_that_is_stopped(assigner: Assigner) -> None:
    """SIGSTOP: the whole process hangs, and a client gets its lease from its successor."""
    pid = start_impatient(assigner)
    assigner.signal("STOP")
    assert assigner.machine.inside(lend, "meanwhile").result(WAIT_S)["owner"] == "tester"
    assert "Fatal Python error: Aborted" in started_again(assigner, pid)


def test_the_watchdog_ends_a_daemon_whose_http_server_hangs(assigner: Assigner) -> None:
    """All other threads are well, and nobody would be answered."""
    pid = start_impatient(assigner, "http")
    assigner.machine.put(GO, "")
    told = started_again(assigner, pid)
    assert "no longer turning: the HTTP server" in told
    assert "Fatal Python error: Aborted" in told  # and where each thread was


def test_the_watchdog_ends_a_daemon_with_a_worker_that_hangs(assigner: Assigner) -> None:
    """Launchpad that gives no answer is no reason, its requests are bounded; a thread that stays in one is."""
    pid = start_impatient(assigner, "worker")
    (ppa,) = (one["ppa"] for one in assigner.get("/v1/ppas").body["items"])
    assigner.launchpad(lambda control: control.fault("hang", method="PATCH"))
    assert assigner.assign("bounded").result(PATIENCE_S).status == 503
    fed = assigner.show("WatchdogTimestampMonotonic")
    assigner.wait_for(lambda: assigner.show("WatchdogTimestampMonotonic") != fed, "another sign of life")
    assert assigner.show("NRestarts") == "0"
    assigner.machine.put(GO, "")
    assert f"no longer turning: {ppa}" in started_again(assigner, pid)
