"""Ports to listen on for those who have to know theirs beforehand; all others listen on port 0.

Rule: a port that is given stays the taker's for as long as this process lives, whether it listens at the time or not.
So it is none that the kernel gives to others, if there is one, and a name beside it, which ends with the process, tells
other tests.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

_EPHEMERAL = range(*map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()))
_OTHERS = [port for port in range(10000, 65536) if port not in _EPHEMERAL and port != _EPHEMERAL.stop]
_PORTS = _OTHERS or range(10000, 65536)  # where the kernel gives all of them, the names still keep tests apart
_claims: list[socket.socket] = []


def free_port() -> int:
    """A port of 127.0.0.1 where nobody listens, and which neither the kernel nor another test takes."""
    for port in random.sample(_PORTS, len(_PORTS)):
        if _claimed(port) and _unused(port):
            return port
    raise AssertionError("no port is free")


def _claimed(port: int) -> bool:
    """Whether it is ours from now on: an abstract name is bound once, and is free again when its process is gone."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0ppa-assigner-tests-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _unused(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
