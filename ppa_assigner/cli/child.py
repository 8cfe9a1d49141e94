"""A command that runs beside this process and gets its signals.

Rule: while it runs, the caller has the signals blocked and takes them one by one; so none is lost between two steps,
and none reaches a process that took over the number of one that has ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence

_SI_KERNEL = 0x80  # asm-generic/siginfo.h: sent by the kernel, not by a process
_ENDING = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM})
_FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
_LOOK_AGAIN_S = 1.0


class Child:
    """One run of a command in this process's group, with its files, and with the signal mask given."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], mask: Iterable[int]) -> None:
        self.command = list(command)
        self._environment = dict(environment)
        self._mask = list(mask)
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._early: list[int] = []
        self.stopped = False
        """Whether it was told to end, or a signal ended it: it did not come to its own end."""

    def start(self, more: Mapping[str, str]) -> int:
        """Its pid.  `more` is for its environment.  Raises OSError when it cannot be run."""
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # inherited; it would discard the exit code
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with self._lock:
            pid = self._pid = os.posix_spawn(
                shutil.which(self.command[0]) or self.command[0],
                self.command,
                {**self._environment, **more},
                setsigmask=self._mask,
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # which Python ignores, and a command expects to end it
            )
        for number in self._early:
            self.send(number)
        return pid

    def send(self, number: int) -> None:
        """Send it a signal, if it runs, or as soon as it does.  From any thread."""
        with self._lock:
            self.stopped |= number in _ENDING
            if self._pid is None:
                self._early.append(number)
            else:
                os.kill(self._pid, number)

    def wait(self, passed_on: Collection[signal.Signals]) -> int:
        """Pass these signals on, which are blocked and SIGCHLD too, until it ends.  Its exit code, or 128 + n when
        signal n ended it.
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
    """A terminal's Ctrl-C goes to the whole group: the command has it already."""
    return info.si_code == _SI_KERNEL and info.si_signo in _FROM_TERMINAL
