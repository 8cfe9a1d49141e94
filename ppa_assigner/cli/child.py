"""The processes that `exec` starts: its command, and the reaper, which ends the command should `exec` be killed, and
removes its folders.

Rule: while the command runs, the caller blocks the signals and takes them one by one; so none is lost between two
steps, and none reaches a process that has the pid of one that has ended.  If the reaper cannot be started, that is said
and the command runs all the same.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence

from . import output, reaper

_SI_KERNEL = 0x80  # asm-generic/siginfo.h: sent by the kernel, not by a process
_ENDING = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM})
_FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
_OURS = ((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, 2, 1))
_LOOK_AGAIN_S = 1.0
_START_S = 10.0
_END_S = reaper.GRACE_S + 5.0


class Child:
    """One run of a command, in this process's group and with its open files, with this environment and signal mask."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], mask: Iterable[int], *, ours: bool = False
    ) -> None:
        """`ours`: not the user's, so that it reads nothing and prints on stderr."""
        self.command = list(command)
        self.ours = ours
        self._environment = dict(environment)
        self._mask = list(mask)
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._early: list[int] = []
        self.stopped = False
        """Whether the command was told to end or a signal ended it, so that it did not end by itself."""

    def start(self, more: Mapping[str, str]) -> int:
        """Start the command, with `more` added to its environment; return its pid.  Raises OSError if it cannot run."""
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # inherited; it would discard the exit code
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with self._lock:
            pid = self._pid = os.posix_spawn(
                shutil.which(self.command[0]) or self.command[0],
                self.command,
                {**self._environment, **more},
                setsigmask=self._mask,
                file_actions=_OURS if self.ours else (),
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # which Python ignores, and which end other programs
            )
        for number in self._early:
            self.send(number)
        return pid

    def send(self, number: int) -> None:
        """Send the command a signal, now or as soon as it runs.  May be called from any thread."""
        with self._lock:
            self.stopped |= number in _ENDING
            if self._pid is None:
                self._early.append(number)
            else:
                os.kill(self._pid, number)

    def wait(self, passed_on: Collection[signal.Signals]) -> int:
        """Wait until the command ends, and pass these signals on to it; they and SIGCHLD must be blocked.

        Returns its exit code, or 128 + n if signal n ended it.
        """
        while True:
            info = signal.sigtimedwait({*passed_on, signal.SIGCHLD}, _LOOK_AGAIN_S)
            if info is not None and info.si_signo in passed_on:
                self.stopped |= info.si_signo in _ENDING
                if not _came_from_terminal(info):
                    self.send(info.si_signo)
            if (code := self._reaped()) is not None:
                self.stopped |= code < 0
                return code if code >= 0 else 128 - code

    def _reaped(self) -> int | None:
        with self._lock:
            pid, status = os.waitpid(self._pid or 0, os.WNOHANG)
            if pid == 0:
                return None
            self._pid = None
        return os.waitstatus_to_exitcode(status)


def _came_from_terminal(info: signal.struct_siginfo) -> bool:
    """Return whether the signal is a terminal's (Ctrl-C), which goes to the whole group: the command has it already."""
    return info.si_code == _SI_KERNEL and info.si_signo in _FROM_TERMINAL


class ReaperProcess:
    """The process that ends the command, and removes folders, should `exec` be killed.

    It is started at once, so that it is there when the wait for a PPA is over; the command may start once `ready` has
    returned.
    """

    def __init__(self) -> None:
        self._mark = secrets.token_hex(16)
        self._ours: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        if os.path.isdir("/proc/self"):  # elsewhere nothing tells which processes are the command's
            try:
                self._start()
            except OSError as error:
                self._cannot(error.strerror)

    def ready(self) -> Mapping[str, str]:
        """Wait until the reaper listens; return what must be in the command's environment."""
        if self._process is not None and not self._listens():
            self._cannot("it does not start")
        return {reaper.VARIABLE: self._mark}

    def watch(self, pid: int) -> None:
        """Tell the reaper the pid of the command."""
        self._tell(b"%d" % pid)

    def remove(self, folder: str) -> None:
        """Have the reaper remove this folder, with the files in it, should `exec` be killed."""
        self._tell(os.fsencode(os.path.abspath(folder)))

    def end(self, *, left_may_go_on: bool) -> None:
        """End the reaper because `exec` ends; what the command left running may go on, or is ended first."""
        if left_may_go_on:
            self._tell(reaper.MAY_GO_ON)
        if self._ours is not None:
            self._ours.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)

    def _start(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._ours.settimeout(_START_S)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - none of the arguments is from outside
                [sys.executable, "-I", "-S", reaper.__file__, self._mark],
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
                self._ours.sendall(what + reaper.END)

    def _cannot(self, why: str | None) -> None:
        output.say(f"should this process be killed, its command will go on: nothing can watch it ({why})")
