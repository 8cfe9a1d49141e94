"""A network of its own, loopback only, for what listens where it always does: on port 8020.

Rule: no test asks at that port on the host, where somebody's demo or daemon may listen.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from . import needs

_UP = "ip link set lo up && echo up && exec cat"


@dataclass(frozen=True)
class Network:
    """It is there as long as its process is."""

    enter: tuple[str, ...]
    """Before a command: the command is run in it."""


@contextmanager
def network() -> Iterator[Network]:
    """A new one, until the block ends."""
    for program, package in (("unshare", "util-linux"), ("nsenter", "util-linux"), ("ip", "iproute2")):
        needs.program(program, package)
    mapped = () if os.geteuid() == 0 else ("--map-root-user",)
    with subprocess.Popen(
        ["unshare", *mapped, "--net", "sh", "-c", _UP],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as keeper:  # fmt: skip
        try:
            assert keeper.stdin is not None
            assert keeper.stdout is not None
            assert keeper.stderr is not None
            if keeper.stdout.readline() != "up\n":
                needs.lacking(f"needs a network namespace: {keeper.stderr.read().strip()}")
            user = ("--user", "--preserve-credentials") if mapped else ()
            yield Network(("nsenter", *user, "--net", "--target", str(keeper.pid)))
        finally:
            keeper.kill()
