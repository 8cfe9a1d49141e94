"""The process that outlives `exec`, to end its command should `exec` be killed: `survivors.py`, seen from `exec`.

Rule: where it cannot be started, that is said and the command runs all the same.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping

from . import output, survivors

_START_S = 10.0
_END_S = survivors.GRACE_S + 5.0


class Watcher:
    """Started at once, beside whatever is waited for; the command may start once `ready` has returned."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(16)
        self._ours: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        if os.path.isdir("/proc/self"):  # elsewhere nothing tells who belongs to the command
            try:
                self._start()
            except OSError as error:
                self._cannot(error.strerror)

    def ready(self) -> Mapping[str, str]:
        """Wait until it watches.  What the command's environment must have."""
        if self._process is not None and not self._listens():
            self._cannot("it does not start")
        return {survivors.VARIABLE: self._mark}

    def watch(self, pid: int) -> None:
        """This is the command."""
        self._tell(b"%d\n" % pid)

    def end(self, *, left_may_go_on: bool) -> None:
        """`exec` ends.  What its command left running goes on, or is ended first."""
        if left_may_go_on:
            self._tell(survivors.MAY_GO_ON)
        if self._ours is not None:
            self._ours.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)

    def _start(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._ours.settimeout(_START_S)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - no word of it is from outside
                [sys.executable, "-I", "-S", survivors.__file__, self._mark],
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    def _listens(self) -> bool:
        try:
            return self._ours is not None and self._ours.recv(1) != b""
        except OSError:
            return False

    def _tell(self, what: bytes) -> None:
        if self._ours is not None:
            with contextlib.suppress(OSError):
                self._ours.sendall(what)

    def _cannot(self, why: str | None) -> None:
        output.say(f"should this process be killed, its command will go on: nothing can watch it ({why})")
