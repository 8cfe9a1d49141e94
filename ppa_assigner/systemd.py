"""What systemd and the daemon tell each other: readiness, the watchdog, inherited sockets, where stderr goes.

Rule: without systemd every function does nothing and says nothing; none decides whether the daemon is well.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping

FIRST_FD = 3
_COUNT = re.compile(r"[0-9]{1,18}")


def notify(text: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send lines like `READY=1` to the service manager, and return whether they were sent.

    They are not if there is no service manager, if it does not listen, or if no file descriptor is left.
    """
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
    """Return whether what is written to this file descriptor goes to the journal."""
    try:
        status = os.fstat(file)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def watchdog_seconds(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return the longest time that the service manager allows between two `WATCHDOG=1`; None without a watchdog."""
    text, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(os.getpid()))
    if not _COUNT.fullmatch(text) or pid != str(os.getpid()):
        return None
    return int(text) / 1e6


def inherited_sockets(environ: Mapping[str, str] = os.environ) -> list[socket.socket]:
    """Return the listening sockets that the service manager opened for this process (socket activation), if any."""
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(os.getpid()) or not _COUNT.fullmatch(count):
        return []
    sockets = [socket.socket(fileno=fd) for fd in range(FIRST_FD, FIRST_FD + int(count))]
    for one in sockets:
        one.set_inheritable(False)
    return sockets
