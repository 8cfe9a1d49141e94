"""A machine of its own for tests: a real systemd as PID 1 in private namespaces, with journald, on files that a layout
puts together.

Rule: the host sees nothing of it: mounts, network (loopback only), process ids, host name and control groups are
private, and what it writes is gone with it.  `close` ends all of it by one pid, and so does the end of the process that
booted it.  Nothing here knows the service under test.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import shutil
import socket
import struct
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from ..waiting import until

T = TypeVar("T")
P = ParamSpec("P")

BOOT_S = 60.0
COMMAND_S = 150.0
CLIENTS = 32
GROUP = "ppa-assigner-test"
_TOOLS = ("/usr/lib/systemd/systemd", "systemctl", "journalctl", "systemd-analyze", "unshare", "nsenter", "setpriv")
_NETWORK = 0x40000000  # CLONE_NEWNET
_SET_FLAGS, _UP = 0x8914, 1  # SIOCSIFFLAGS, IFF_UP

_TIDY = """
umount -R /sys/fs/cgroup 2>/dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup && find /sys/fs/cgroup/{group} -depth -type d -exec rmdir {{}} +
"""


def lacking() -> str | None:
    """Why there can be no such machine here; None: there can."""
    if os.geteuid() != 0:
        return "needs root, for namespaces"
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return f"needs systemd and util-linux: no {', '.join(missing)}"
    tried = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "true"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return f"needs namespaces of its own: {tried.stderr.strip()}" if tried.returncode else None


class Machine:
    """It runs when it was made, on the files of a layout (see `layouts`)."""

    def __init__(self, layout: Callable[[str], str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._environment = environment
        self._group = f"{GROUP}-{os.getpid()}-{id(self)}"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--ipc", "--uts", "sh", "-c",
                 layout(self._group)],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self._log = log
        try:
            until(lambda: self._first() is not None or self._process.poll() is not None, "PID 1", BOOT_S)
            assert self._process.poll() is None, log.read_text()
            self.pid = self._first() or 0
            until(lambda: self.path("/run/systemd/private").exists(), "systemd", BOOT_S)
            state = self.run("systemctl", "is-system-running", "--wait").stdout.strip()
            assert state == "running", self.run("systemctl", "--failed").stdout + log.read_text()
        except BaseException:
            self.close()
            raise
        self._clients = ThreadPoolExecutor(CLIENTS, "inside", _enter_network, (self.pid,))
        self.inside(_loopback_up).result(10)

    def _first(self) -> int | None:
        """PID 1 as the host sees it, once it is systemd."""
        outer = self._process.pid
        try:
            children = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
            first = next((int(child) for child in children), None)
            return first if first and Path(f"/proc/{first}/comm").read_text().strip() == "systemd" else None
        except (FileNotFoundError, ProcessLookupError):
            return None

    def path(self, name: str) -> Path:
        """A file of the machine, as a path of the host."""
        return Path(f"/proc/{self.pid}/root{name}")

    def run(self, *command: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as root, to its end."""
        return self._enter("--all", command, COMMAND_S, check)

    def online(self, *command: str, timeout: float) -> subprocess.CompletedProcess[str]:
        """Run a command in it that has the host's network."""
        return self._enter("--mount --uts --ipc --pid --cgroup", command, timeout, check=False)

    def _enter(
        self, which: str, command: Sequence[str], timeout: float, check: bool
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nsenter", *which.split(), "--target", str(self.pid), *command],
            env=self._environment, capture_output=True, text=True, timeout=timeout, check=check,
        )  # fmt: skip

    def systemctl(self, *arguments: str) -> str:
        """What it printed.  Fails, with what was said, unless it exits with 0."""
        done = self.run("systemctl", *arguments)
        assert done.returncode == 0, f"systemctl {' '.join(arguments)}: {done.stderr}{self._latest()}"
        return done.stdout

    def _latest(self) -> str:
        return self.run("journalctl", "--no-pager", "--lines", "30").stdout

    def show(self, unit: str) -> dict[str, str]:
        """The properties of a unit."""
        return dict(line.split("=", 1) for line in self.systemctl("show", unit).splitlines() if "=" in line)

    def journal(self, unit: str, *arguments: str) -> str:
        """What a unit said, and what systemd said of it."""
        return self.run("journalctl", "--no-pager", "--unit", unit, "--output", "cat", *arguments, check=True).stdout

    def put(self, name: str, text: str, mode: int = 0o644) -> None:
        """Write a file of the machine."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        path.chmod(mode)
        path.write_text(text)

    def copy(self, folder: Path, into: str) -> None:
        """Copy a folder of the host into one of its folders."""
        shutil.copytree(folder, self.path(into) / folder.name)

    def inside(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Make a call in a thread that is in the machine's network."""
        return self._clients.submit(call, *args, **kwargs)

    def close(self) -> None:
        """Kill its PID 1, and with it everything in it."""
        self._process.kill()
        self._process.wait(10)
        clients = getattr(self, "_clients", None)
        if clients is not None:
            clients.shutdown(cancel_futures=True)
        pid = getattr(self, "pid", None)
        if pid is not None:
            _wait_for_end(pid)
        subprocess.run(["unshare", "--mount", "sh", "-c", _TIDY.format(group=self._group)], timeout=30, check=False)


def _wait_for_end(pid: int) -> None:
    """Until it has ended; that its new parent has not asked how yet does not count."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended, _, _ = select.select([process], [], [], 30)
    os.close(process)
    assert ended, "the machine does not end"


def _enter_network(pid: int) -> None:
    """This thread's sockets are the machine's from now on (os.setns came with Python 3.12)."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{pid}/ns/net") as namespace:
        if libc.setns(namespace.fileno(), _NETWORK) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def _loopback_up() -> None:
    """A new network has it, and it is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
