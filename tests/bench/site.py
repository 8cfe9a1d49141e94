"""Where is measured: a stand-in with PPAs that are free or dirty already, and daemons on it.

Rule: what is arranged here is not measured; the stand-in answers at once until `slow()`.
"""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ppa_assigner.config import load
from ppa_assigner.launchpad.http import connections_by_lane
from ppa_assigner.port import Lane
from ppa_assigner.record import Record, State, compose, whole_seconds

from ..processes import Daemon, Launchpad, configure, running, start_launchpad
from ..waiting import until
from .processtable import let_pass

__all__ = ["OWNER", "Launchpad", "Site", "assigned", "connections", "eventually", "pid", "site", "stand_in"]

OWNER = "ci-pool"
UNBOUNDED = 1_000_000
POLL_S = 0.2
AT_REST = "1h"
"""Between two looks: none comes in between."""


@dataclass
class Site:
    """A fresh world, and the folder of all that runs on it."""

    launchpad: Launchpad
    folder: Path
    delay: float
    stack: ExitStack

    def ppas(self, pool: str, count: int, state: State = State.FREE) -> list[str]:
        """New PPAs with a record, as a daemon would find them."""
        control = self.launchpad.control
        since = whole_seconds(datetime.fromisoformat(control.clock()["now"])) - timedelta(hours=1)
        record = Record(
            serial=1, nonce=secrets.token_hex(16), state=state, since=since, touched=since, pool="default"
        )  # fmt: skip
        return control.ppas(OWNER, count=count, prefix=f"{pool}-", description=compose("A PPA.", record))

    def daemon(
        self,
        name: str,
        ppas: list[str],
        look_every: str = AT_REST,
        pools: dict[str, list[str]] | None = None,
        **options: Any,
    ) -> Daemon:
        """A daemon that serves these, and more `pools` with the same options; it is ended with the site."""
        daemon = configure(self.folder, self.launchpad, name, ppas, look_every, **options)
        daemon.anew = True
        document = json.loads(daemon.config.read_text())
        for pool, more in (pools or {}).items():
            document["pools"][pool] = {**document["pools"]["default"], "ppas": more}
        document["api"]["rate"] = UNBOUNDED  # to the daemon, all clients of the bench are one
        daemon.config.write_text(json.dumps(document))
        self.stack.enter_context(running(daemon))
        return daemon

    def constant(self, size: int) -> tuple[Path, int]:
        """Socket and process of a server with nothing behind it (see `constant`); it is ended with the site."""
        address = self.folder / "constant.sock"
        server = subprocess.Popen([sys.executable, "-m", "tests.bench.constant", str(address), str(size)])
        self.stack.callback(server.wait, 10)
        self.stack.callback(server.kill)
        until(lambda: _listens(address), "the server with nothing behind it", 30.0)
        return address, server.pid

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Each request takes as long as one to Launchpad."""
        self.launchpad.control.delay(self.delay)
        try:
            yield
        finally:
            self.launchpad.control.delay(0)


@contextmanager
def stand_in() -> Iterator[Launchpad]:
    """One process for all tables: each begins with a fresh world."""
    launchpad = start_launchpad("--owner", OWNER, "--ppas", "0")
    try:
        yield launchpad
    finally:
        launchpad.stop()


@contextmanager
def site(launchpad: Launchpad, delay: float) -> Iterator[Site]:
    """A fresh world, which all that was there before is gone from."""
    launchpad.credentials = launchpad.control.reset(owner=OWNER)["credentials"]
    launchpad.control.delay(0)
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        yield Site(launchpad, Path(folder), delay, stack)


def _listens(address: Path) -> bool:
    """A socket is there before it listens."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(address)) == 0


def pid(daemon: Daemon) -> int:
    """Of one that runs."""
    assert daemon.process is not None
    return daemon.process.pid


def connections(daemon: Daemon, lane: str) -> int:
    """How many a daemon has to Launchpad for assigning (`assign`), or for all else (`work`)."""
    return connections_by_lane(load(daemon.config).launchpad.connections)[Lane(lane)]


def eventually(condition: Callable[[], object], what: str, seconds: float) -> None:
    """Wait for it, and ask so seldom that the asking is no part of what is measured."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            raise RuntimeError(f"not in {seconds:g} s: {what}")
        let_pass(POLL_S)


def assigned(daemon: Daemon, **wish: Any) -> dict[str, Any]:
    """A lease.  Raises RuntimeError when there is none."""
    answer = daemon.assign(**wish)
    if answer.status_code != 201:
        raise RuntimeError(answer.text)
    lease: dict[str, Any] = json.loads(answer.content)
    return lease
