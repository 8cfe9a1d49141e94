"""The daemon and the stand-in as real processes, for tests that kill them.

Rule: only processes started here are ended, by pid; every wait has a deadline.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import httpx

from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.standin import credentials_text
from ppa_assigner.trace import VARIABLE as TRACE

from . import forked
from .forked import Process
from .waiting import until

START_S = 90.0


@dataclass
class Launchpad:
    """A stand-in in a process of its own."""

    process: Process
    service_root: str
    control_url: str
    credentials: Any
    control: ControlClient

    def stop(self) -> None:
        """End it."""
        self.control.close()
        self.process.kill()
        self.process.wait(10)


def start_launchpad(*arguments: str) -> Launchpad:
    """Start a stand-in and wait until it listens."""
    ours, theirs = os.pipe()
    try:
        options = ["--port", "0", "--control-port", "0", *arguments]
        process = forked.start_without_input("standin", options, without_coverage(os.environ), theirs, 2)
    finally:
        os.close(theirs)
    try:
        with open(ours) as said:
            told = json.loads(said.readline())
    except BaseException:
        process.kill()
        raise
    return Launchpad(
        process, told["service_root"], told["control"], told["credentials"], ControlClient(told["control"])
    )


@contextmanager
def running_launchpad(*arguments: str) -> Iterator[Launchpad]:
    """A stand-in that is ended whatever happens."""
    launchpad = start_launchpad(*arguments)
    try:
        yield launchpad
    finally:
        launchpad.stop()


@dataclass
class Daemon:
    """`ppa-assigner run` in a process of its own, on a Unix socket in `folder`."""

    folder: Path
    name: str
    process: Process | None = None
    variables: dict[str, str] = field(default_factory=dict)
    """What its environment has beside the usual."""
    descriptors: int | None = None
    """How many files it may have open; None: as many as everybody."""
    covered: bool = False
    """Whether its lines count for coverage: only where it is ended by SIGTERM, for whoever is killed tells nothing."""
    anew: bool = False
    """Whether an interpreter is started for it, where the start or the memory of the daemon alone is measured."""
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        transport = httpx.HTTPTransport(uds=str(self.address))
        self.http = httpx.Client(transport=transport, base_url="http://localhost", timeout=120)

    @property
    def address(self) -> Path:
        """Where it listens."""
        return self.folder / f"{self.name}.sock"

    @property
    def config(self) -> Path:
        """Its configuration."""
        return self.folder / f"{self.name}.yaml"

    @property
    def log(self) -> str:
        """What it said."""
        return (self.folder / f"{self.name}.log").read_text()

    def start(self, ready: bool = True) -> Daemon:
        """Start it, and wait until it is ready, or only until it answers."""
        process = self.launch()
        path, wanted = ("/readyz", (200,)) if ready else ("/healthz", (200,))
        until(lambda: self._status(path) in wanted or process.poll() is not None, "the daemon", START_S)
        assert process.poll() is None, self.log
        return self

    def launch(self) -> Process:
        """Start it, and wait for nothing."""
        with (self.folder / f"{self.name}.log").open("a") as log:
            usual = environment(self.folder) if self.covered else without_coverage(environment(self.folder))
            variables, command = {**usual, **self.variables}, ["run", "--config", str(self.config)]
            if self.anew or self.descriptors is not None:
                self.process = self._interpreter(command, variables, log)
            else:
                self.process = forked.start_without_input("daemon", command, variables, log.fileno(), log.fileno())
        return self.process

    def _interpreter(self, command: list[str], variables: Mapping[str, str], log: TextIO) -> subprocess.Popen[str]:
        limited = [] if self.descriptors is None else ["prlimit", f"--nofile={self.descriptors}:{self.descriptors}"]
        command = [*limited, sys.executable, "-m", "ppa_assigner.cli", *command]
        return subprocess.Popen(command, stderr=log, stdout=log, text=True, env=variables)

    def kill(self) -> None:
        """SIGKILL: no step in between."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def terminate(self) -> int:
        """SIGTERM, and how it ended."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(80)

    def close(self) -> None:
        """End it, if it still runs."""
        self.http.close()
        if self.process is not None and self.process.poll() is None:
            if self.covered:
                self.terminate()
            else:
                self.kill()

    @property
    def ready(self) -> bool:
        """Whether its first look is done."""
        return self._status("/readyz") == 200

    def ppas(self, **query: str) -> list[dict[str, Any]]:
        """GET /v1/ppas."""
        items: list[dict[str, Any]] = self.http.get("/v1/ppas", params=query).json()["items"]
        return items

    def wait_for_states(self, timeout: float = 60.0, **counts: int) -> None:
        """Wait until so many PPAs are in each of these states."""

        def there() -> bool:
            states = [ppa["state"] for ppa in self.ppas()]
            return all(states.count(state) == count for state, count in counts.items())

        until(there, str(counts), timeout, every=0.02)  # a list of all costs the daemon more than it is worth to hurry

    def assign(self, request_id: str | None = None, **wish: Any) -> httpx.Response:
        """POST /v1/leases."""
        body = {"owner": "tester", **wish} | ({"request_id": request_id} if request_id else {})
        return self.http.post("/v1/leases", json=body)

    def _status(self, path: str) -> int | None:
        if not self.listens():
            return None
        try:
            return self.http.get(path, timeout=5).status_code
        except httpx.TransportError:
            return None

    def listens(self) -> bool:
        """httpx leaves the socket of a refused connection open, so it is not asked to find that out."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.address)) == 0


def environment(folder: Path) -> Mapping[str, str]:
    """What a process gets: nothing of the tester's own settings."""
    wanted = ("PATH", "LANG", "PYTHONPATH", "VIRTUAL_ENV", TRACE)
    kept = {k: v for k, v in os.environ.items() if k in wanted or k.startswith("COV")}  # coverage follows it
    return {**kept, "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONUNBUFFERED": "1"}


def without_coverage(variables: Mapping[str, str]) -> dict[str, str]:
    """The same environment for a process whose lines are not counted, which is quicker."""
    return {name: value for name, value in variables.items() if not name.startswith("COV")}


def configure(
    folder: Path,
    launchpad: Launchpad,
    name: str = "one",
    ppas: Sequence[str] = ("~ci-pool/ubuntu/pool-{001..010}",),
    look_every: str = "60s",
    **options: Any,
) -> Daemon:
    """A daemon for this Launchpad, with its files; `options` are those of its pool."""
    credentials = folder / "launchpad.credentials"
    if not credentials.exists():
        credentials.write_text(credentials_text(launchpad.credentials["ppa-bot"]))
    daemon = Daemon(folder, name)
    service = {"service": launchpad.service_root, "credentials": str(credentials), "look_every": look_every}
    document = {
        "pools": {"default": {"ppas": list(ppas), "settle": "1s", **options}},
        "launchpad": service,
        "api": {"listen": f"unix:{daemon.address}"},
        "name": name,
    }
    daemon.config.write_text(json.dumps(document))
    return daemon


@contextmanager
def running(*daemons: Daemon) -> Iterator[None]:
    """Daemons that are ended whatever happens."""
    try:
        yield
    finally:
        for daemon in daemons:
            daemon.close()
