"""Waiting across restarts: the line is stored nowhere, and whoever waits comes back to the same place in it.

What is guaranteed: those who have a ticket (who have waited for more than a second) are served in their old order as
soon as they are back, before all who came since.  Nothing is lent to one of them before a look that began after it
came, and while it is looked for those behind wait for it: that is a second or so, in which our clients, who try each
second, are all back.  Who is not back yet when a PPA is lent is passed by, and keeps its place for the next.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from ppa_assigner.client import Client, Unavailable, Wish
from ppa_assigner.client.transport import ApiTransport

from ..commandline import DEADLINE_S, Running, started
from ..processes import Daemon, Launchpad, configure, running, start_launchpad
from ..test_daemon import check_history
from ..test_exec import LISTEN, line_of
from ..waiting import until

PPAS = [f"~ci-pool/ubuntu/pool-{i:03}" for i in (1, 2)]
WAIT_S = 300
_ANSWERED_409 = re.compile(r'http_requests_total\{method="POST",route="/v1/leases",status="409"\} ([0-9.]+)')


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with two empty PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "2")
    yield launchpad
    launchpad.stop()


@pytest.fixture
def daemon(tmp_path: Path, launchpad: Launchpad) -> Iterator[Daemon]:
    """Its two PPAs are free, and quickly clean."""
    daemon = configure(tmp_path, launchpad, ppas=PPAS, verify_age=None, settle="200ms", look_every="2s")
    with running(daemon):
        daemon.start().wait_for_states(free=2)
        yield daemon
        if daemon.process is None or daemon.process.poll() is not None:
            daemon.start()  # a test that failed left it dead: the next one has the same PPAs
        # A clean that it leaves to a daemon of another name would wait for minutes.
        until(lambda: all_given_back(daemon), "free PPAs", 60, every=0.1)
        check_history(launchpad, PPAS)


def url(daemon: Daemon) -> str:
    """Where clients find it."""
    return f"unix:{daemon.address}"


def occupy(daemon: Daemon) -> list[str]:
    """All PPAs are somebody's: their leases."""
    return [daemon.assign(f"holder-{os.urandom(4).hex()}", ppa=ppa).json()["id"] for ppa in PPAS]


def release(daemon: Daemon, lease: str) -> None:
    """One PPA will be free."""
    assert daemon.http.delete(f"/v1/leases/{lease}").status_code == 200


def all_given_back(daemon: Daemon) -> bool:
    """Whether all PPAs are free; whatever is used is released, also what is lent only now to one who was in line."""
    ppas = daemon.ppas()
    for ppa in [each for each in ppas if each["state"] == "used"]:
        daemon.http.delete(f"/v1/leases/{ppa['lease']}")
    return all(ppa["state"] == "free" for ppa in ppas)


def in_line(daemon: Daemon, count: int) -> None:
    """Wait until so many wait for a PPA."""
    until(lambda: daemon.http.get("/v1/pools").json()["items"][0]["waiting"] == count, f"{count} in line", 60)


def told_none_free(daemon: Daemon) -> float:
    """How often it said so since its start: each time with a ticket."""
    found = _ANSWERED_409.search(daemon.http.get("/metrics").text)
    return float(found[1]) if found else 0.0


# -- those who wait, in three ways ------------------------------------------------------------------------------------


class CommandLine:
    """`ppa-assigner assign --wait`."""

    def __init__(self, stack: ExitStack, daemon: Daemon, owner: str) -> None:
        command = ("assign", "--owner", owner, "--wait", f"{WAIT_S}s", "--json")
        self.process: Running = stack.enter_context(started(*command, url=url(daemon)))

    def done(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def lease(self) -> str:
        """What it got, and that it said no more than that the daemon was away."""
        out, err = self.process.communicate(timeout=DEADLINE_S)
        assert (self.process.returncode, err.count("\n")) == (0, 1), err
        assert "trying again…" in err
        lease: str = json.loads(out)["id"]
        return lease


GoOn = Callable[[object], None]
"""Is called before each request but the first."""


class _GivenUpError(Exception):
    """The test is over, and this client waits no more."""


class Threaded:
    """A call that waits in a thread for a lease.  It ends with the stack, and so does its wish."""

    def __init__(self, stack: ExitStack, daemon: Daemon, request_id: str, call: Callable[[GoOn], str]) -> None:
        self._daemon, self._request_id = daemon, request_id
        self._over = threading.Event()
        pool = stack.enter_context(ThreadPoolExecutor(1))
        self.future: Future[str] = pool.submit(call, self._go_on)
        stack.callback(self._end)

    def _go_on(self, _: object = None) -> None:
        """Raises when no more requests are to be sent."""
        if self._over.is_set():
            raise _GivenUpError

    def _end(self) -> None:
        self._over.set()
        until(lambda: self.done() or self._withdrawn(), f"the end of {self._request_id}", 60, every=0.1)

    def _withdrawn(self) -> bool:
        """The request under way, if a daemon has one, ends by this; the call itself ends a moment later."""
        with contextlib.suppress(httpx.TransportError):
            if self._daemon.listens():
                self._daemon.http.delete("/v1/leases", params={"request_id": self._request_id}, timeout=5)
        return False

    def done(self) -> bool:
        """Whether it has ended."""
        return self.future.done()

    def lease(self) -> str:
        """What it got."""
        return self.future.result(DEADLINE_S)


def library(stack: ExitStack, daemon: Daemon, owner: str) -> Threaded:
    """The Python client."""
    client = stack.enter_context(Client(url(daemon)))
    wish: Wish = {"request_id": owner, "wait": WAIT_S}
    return Threaded(stack, daemon, owner, lambda go_on: client.assign(owner, on_wait=go_on, **wish)["id"])


def bare(stack: ExitStack, daemon: Daemon, owner: str) -> Threaded:
    """Who speaks HTTP, as docs/reference/http.md says how."""
    body = {"owner": owner, "request_id": owner, "wait": 1}
    return Threaded(stack, daemon, owner, lambda go_on: _bare(daemon, body, go_on))


def _bare(daemon: Daemon, body: dict[str, Any], go_on: GoOn) -> str:
    transport, ends = ApiTransport(url(daemon), None), time.monotonic() + WAIT_S
    with closing(transport):
        for attempt in itertools.count():
            assert time.monotonic() < ends
            until(partial(_listens, daemon, go_on), "the daemon listens", 60)
            try:
                answer = transport.send("POST", "/v1/leases", body | {"attempt": attempt}, read=120)
            except Unavailable:
                continue
            if answer.status in (200, 201):
                return str(answer.document["id"])
            body |= {"ticket": answer.document["ticket"], "wait": 30}
    raise AssertionError("unreachable")


def _listens(daemon: Daemon, go_on: GoOn) -> bool:
    go_on(None)
    return daemon.listens()


# -- how a daemon goes away and comes back ----------------------------------------------------------------------------


def killed(daemon: Daemon) -> int:
    """Twice, the second time while some are back already.  The number of SIGKILLs."""
    daemon.kill()
    daemon.start(ready=False)
    until(lambda: daemon.http.get("/v1/pools").json()["items"][0]["waiting"] > 0, "somebody in line", 60)
    daemon.kill()
    daemon.start(ready=False)
    return 2


def terminated(daemon: Daemon) -> int:
    """In order: who waits gets 503 and a ticket."""
    assert daemon.terminate() == 0
    daemon.start(ready=False)
    return 0


def replaced(daemon: Daemon) -> int:
    """Another daemon of the same PPAs answers in its place."""
    daemon.kill()
    daemon.config.write_text(json.dumps(json.loads(daemon.config.read_text()) | {"name": "another"}))
    daemon.start(ready=False)
    return 1


@pytest.mark.parametrize("way", [killed, terminated, replaced])
def test_the_line_outlives_the_daemon(
    daemon: Daemon, way: Callable[[Daemon], int], record_property: Callable[[str, object], None]
) -> None:
    """Six wait; after the restart they come back in another order, the first ones last, and a newcomer before them.
    They are served in the order in which they came, and the newcomer after them.
    """
    leases = occupy(daemon)
    with ExitStack() as stack:
        line: list[CommandLine | Threaded] = []
        for owner, kind in (("0", CommandLine), ("1", library), ("2", CommandLine), ("3", bare), ("4", library)):
            line.append(kind(stack, daemon, f"{owner}-{os.urandom(4).hex()}"))
            in_line(daemon, len(line))
        until(lambda: told_none_free(daemon) >= len(line), "all have tickets", 60)
        in_line(daemon, len(line))  # all have sent what follows that: whoever is stopped now finds it unanswered
        commands = [client.process for client in line if isinstance(client, CommandLine)]
        for process in commands:
            process.send_signal(signal.SIGSTOP)
        kills = way(daemon)
        in_line(daemon, len(line) - len(commands))
        line.append(library(stack, daemon, f"newcomer-{os.urandom(4).hex()}"))
        for process in reversed(commands):
            in_line(daemon, len(line) - len(commands) + commands[::-1].index(process))
            process.send_signal(signal.SIGCONT)
        in_line(daemon, len(line))
        for client in line:
            release(daemon, leases.pop(0))
            until(client.done, f"{line.index(client)} is served", 60)
            assert [other.done() for other in line] == [other in line[: line.index(client) + 1] for other in line]
            leases.append(client.lease())
    record_property("kills survived", kills)


def test_a_command_goes_on_while_its_daemon_is_killed(
    daemon: Daemon, record_property: Callable[[str, object], None]
) -> None:
    """`exec` waits over a kill, its command runs over a second, and the PPA is given back over a third; the exit code
    is the command's, and nobody noticed more than that the daemon was away once.
    """
    leases = occupy(daemon)
    with started("exec", "--owner", "x", "--wait", "5m", "--idle", "40s", "--", *LISTEN, url=url(daemon)) as process:
        in_line(daemon, 1)
        daemon.kill()
        daemon.start()
        in_line(daemon, 1)
        release(daemon, leases[0])
        assert line_of(process) == "ready\n"
        daemon.kill()
        daemon.start()
        (lease,) = [each for each in _leases(daemon) if each["owner"] == "x"]
        until(
            lambda: [e for e in _leases(daemon) if e["id"] == lease["id"] and e["touched"] > lease["touched"]], "", 60
        )
        daemon.kill()
        process.send_signal(signal.SIGUSR1)
        assert line_of(process) == "SIGUSR1\n"
        daemon.start()
        out, err = process.communicate(timeout=DEADLINE_S)
        assert (process.returncode, out) == (9, "")
        assert (err.count("\n"), "trying again…" in err) == (1, True), err
        until(lambda: all(each["owner"] != "x" for each in _leases(daemon)), "given back", 60)
    record_property("kills survived", 3)


def _leases(daemon: Daemon) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = daemon.http.get("/v1/leases").json()["items"]
    return items


def test_a_daemon_that_stays_away_is_waited_for_until_the_wait_is_over(daemon: Daemon) -> None:
    """Then it is 69, and not before: `--wait`, and five seconds at least."""
    occupy(daemon)
    began = time.monotonic()
    with started("assign", "--owner", "x", "--wait", "8s", url=url(daemon)) as process:
        in_line(daemon, 1)
        daemon.kill()
        assert process.wait(DEADLINE_S) == 69
        assert time.monotonic() - began >= 8
    daemon.start()
