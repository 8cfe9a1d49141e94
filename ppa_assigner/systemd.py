"""What systemd and the daemon tell each other: readiness, the watchdog, inherited sockets, where stderr goes.

Rule: silent and harmless without systemd; nothing here decides whether the daemon is well.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping

FIRST_FD = 3
_COUNT = re.compile(r"[0-9]{1,18}")


def notify(text: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send lines like `READY=1` to the service manager.  False without one, when it does not listen, or when
    no descriptor is left."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto(text.encode(), address)
    except OSError:
        return False
    return True


def journalled(file: int, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether what is written to this file descriptor goes to the journal."""
    try:
        status = os.fstat(file)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def watchdog_seconds(environ: Mapping[str, str] = os.environ) -> float | None:
    """The longest time between two `WATCHDOG=1` that the service manager allows; None: it has no watchdog."""
    text, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(os.getpid()))
    if not _COUNT.fullmatch(text) or pid != str(os.getpid()):
        return None
    return int(text) / 1e6


def inherited_sockets(environ: Mapping[str, str] = os.environ) -> list[socket.socket]:
    """The listening sockets that the service manager opened for this process (socket activation), else none."""
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(os.getpid()) or not _COUNT.fullmatch(count):
        return []
    sockets = [socket.socket(fileno=fd) for fd in range(FIRST_FD, FIRST_FD + int(count))]
    for one in sockets:
        one.set_inheritable(False)
    return sockets
