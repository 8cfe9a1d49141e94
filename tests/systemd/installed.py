"""The daemon as its users install it, on a machine of its own: the shipped units as they are, the command in /usr/bin,
the list and the credentials in /etc/ppa-assigner, and a stand-in for Launchpad on the machine's loopback.

Rule: the units are never edited; what a test needs otherwise is a drop-in, and gone after it.  Interpreter, libraries
and source are seen below /srv, where a user without rights can read them wherever they are on the host.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.standin import credentials_text

from ..waiting import until
from .layouts import PLACE, of_host
from .machine import Machine

T = TypeVar("T")

ROOT = Path(__file__).parent.parent.parent
SERVICE, SOCKET = "ppa-assigner.service", "ppa-assigner.socket"
UNITS = "/etc/systemd/system"
CONFIG = "/etc/ppa-assigner/ppas.yaml"
CREDENTIALS = "/etc/ppa-assigner/launchpad"
HOST, PORT = "127.0.0.1", 8020
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.2

# An interpreter that was built with a shared library looks for it where the service may not look.
_COMMAND = f"""\
#!/bin/sh
LD_LIBRARY_PATH={PLACE}/python/lib exec {PLACE}/python/bin/{{python}} -IS {PLACE}/bin/{{name}}.py "$@"
"""
_PROGRAM = f"""\
import sys
sys.path[:0] = ["{PLACE}/source", "{PLACE}/libraries"]
import site
site.addsitedir("{PLACE}/libraries")
from {{module}} import main
sys.exit(main())
"""
_PROGRAMS = {"ppa-assigner": "ppa_assigner.cli", "hanging": "tests.systemd.hanging"}


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP."""

    status: int
    body: Any


class Assigner:
    """It is installed on a machine and not started.  `close` ends it with its machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        command = [
            "nsenter", "--net", "--target", str(machine.pid),
            sys.executable, "-m", "ppa_assigner.standin", "--owner", "ci-pool",
        ]  # fmt: skip
        self._standin = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._standin.stdout is not None
        told = json.loads(self._standin.stdout.readline())
        self._service_root, self._control = told["service_root"], ControlClient(told["control"])
        self._credentials = credentials_text(told["credentials"]["ppa-bot"])
        self._pools = 0
        self._drop_ins: list[str] = []

    def close(self) -> None:
        """End the stand-in and the machine."""
        self._standin.kill()
        self._standin.wait(10)
        if self._standin.stdout is not None:
            self._standin.stdout.close()
        self._control.close()
        self.machine.close()

    # -- what is installed ----------------------------------------------------------------------------------------

    def new_pool(self, count: int) -> list[str]:
        """So many PPAs that no test has had."""
        self._pools += 1
        prefix = f"pool{self._pools}-"
        return self.launchpad(lambda control: control.ppas("ci-pool", count=count, prefix=prefix))

    def configure(self, ppas: list[str], **launchpad: Any) -> None:
        """The list of PPAs; credentials are where systemd hands them over."""
        document = {
            "pools": {"default": {"ppas": ppas, "settle": "1s"}},
            "launchpad": {"service": self._service_root, **launchpad},
        }
        self.machine.put(CONFIG, json.dumps(document))
        self.machine.put(CREDENTIALS, self._credentials, 0o600)

    def drop_in(self, unit: str, text: str) -> None:
        """Change a unit until the end of the test."""
        self.machine.put(f"{UNITS}/{unit}.d/test.conf", text)
        self._drop_ins.append(f"{UNITS}/{unit}.d/test.conf")
        self.machine.systemctl("daemon-reload")

    def clear(self) -> None:
        """Everything ends, and is as it was installed."""
        self.launchpad(lambda control: control.unfault())
        self.machine.run("systemctl", "kill", "--kill-whom=main", "--signal=CONT", SERVICE)
        self.machine.run("systemctl", "stop", SOCKET, SERVICE)
        self.machine.run("systemctl", "reset-failed")
        if self._drop_ins:
            for name in self._drop_ins:
                self.machine.path(name).unlink()
            self._drop_ins.clear()
            self.machine.systemctl("daemon-reload")

    # -- systemd --------------------------------------------------------------------------------------------------

    def start(self, free: int) -> None:
        """Start it as docs/how-to/systemd.md says, and wait until so many PPAs are free."""
        self.machine.systemctl("start", SOCKET, SERVICE)
        self.wait_for_free(free)

    def show(self, name: str, unit: str = SERVICE) -> str:
        """One property of the unit."""
        return self.machine.show(unit)[name]

    @property
    def main_pid(self) -> int:
        """Of the daemon, in the machine's count; 0: it does not run."""
        return int(self.show("MainPID"))

    @property
    def host_pid(self) -> int:
        """Of the daemon, as the host counts."""
        (pid,) = self.machine.path(f"/sys/fs/cgroup/system.slice/{SERVICE}/cgroup.procs").read_text().split()
        return int(pid)

    def process(self, file: str) -> str:
        """A file of the daemon in /proc."""
        return Path(f"/proc/{self.host_pid}/{file}").read_text()

    def as_service(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as the daemon's user, with the files that it sees."""
        found = re.findall(r"^[UG]id:\s+(\d+)", self.process("status"), re.MULTILINE)
        user, group = found
        enter = ["nsenter", "--mount", "--pid", "--target", str(self.host_pid)]
        drop = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--bounding-set=-all"]
        return subprocess.run([*enter, *drop, *command], capture_output=True, text=True, timeout=30, check=False)

    def signal(self, name: str) -> None:
        """Send the daemon alone a signal, as anybody's `kill` would."""
        self.machine.systemctl("kill", "--kill-whom=main", f"--signal={name}", SERVICE)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Wait until this holds, without keeping the machine busy by asking."""
        until(condition, what, PATIENCE_S, LOOK_EVERY_S)

    def said_by(self, pid: int | str, *arguments: str) -> str:
        """What one process of it said; once it has ended, all."""
        return self.machine.journal(SERVICE, f"_PID={pid}", *arguments)

    def wait_for_journal(self, text: str) -> str:
        """Wait until the daemon said that; all that it said."""
        self.wait_for(lambda: text in self.machine.journal(SERVICE), f"{text!r} in the journal")
        return self.machine.journal(SERVICE)

    # -- clients --------------------------------------------------------------------------------------------------

    def launchpad(self, act: Callable[[ControlClient], T]) -> T:
        """Drive the stand-in."""
        return self.machine.inside(act, self._control).result(PATIENCE_S)

    def ask(self, method: str, path: str, body: Any = None, timeout: float = 120.0) -> Future[Answer]:
        """One request on a connection of its own, without a second try."""
        return self.machine.inside(_ask, method, path, body, timeout)

    def get(self, path: str) -> Answer:
        """GET."""
        return self.ask("GET", path).result(PATIENCE_S)

    def assign(self, request_id: str, wait: float = 0, **wish: Any) -> Future[Answer]:
        """POST /v1/leases."""
        return self.ask("POST", "/v1/leases", {"owner": "tester", "request_id": request_id, "wait": wait, **wish})

    def states(self) -> list[str | None]:
        """Of all PPAs."""
        return [ppa["state"] for ppa in self.get("/v1/ppas").body["items"]]

    def wait_for_free(self, count: int) -> None:
        """Wait until so many PPAs are free."""
        self.wait_for(lambda: self.states().count("free") == count, f"{count} free PPAs")

    def waiting(self) -> int:
        """How many requests are in line."""
        return int(self.get("/v1/pools").body["items"][0]["waiting"])


def installed_from_checkout(folder: Path) -> Assigner:
    """The units and the program of this checkout on a machine that is like the host."""
    programs = folder / "bin"
    programs.mkdir()
    for name, module in _PROGRAMS.items():
        _program(programs, name, module)
    programs.chmod(0o755)
    places = {
        "bin": programs,
        "python": Path(sys.base_prefix),
        "libraries": Path(sysconfig.get_path("purelib")),
        "source": ROOT,
    }
    machine = Machine(of_host(places), folder / "machine.log")
    try:
        for unit in (SERVICE, SOCKET):
            machine.put(f"{UNITS}/{unit}", (ROOT / "config" / unit).read_text())
        return Assigner(machine)
    except BaseException:
        machine.close()
        raise


def _program(folder: Path, name: str, module: str) -> None:
    """A command that runs `main` of a module."""
    python = Path(os.path.realpath(sys.executable)).name
    (folder / f"{name}.py").write_text(_PROGRAM.format(module=module))
    (folder / name).write_text(_COMMAND.format(python=python, name=name))
    (folder / name).chmod(0o755)


def _ask(method: str, path: str, body: Any, timeout: float) -> Answer:
    connection = http.client.HTTPConnection(HOST, PORT, timeout=timeout)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return Answer(response.status, json.loads(response.read()))
    finally:
        connection.close()
