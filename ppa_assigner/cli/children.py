"""The programs that `exec` runs while it has its PPA, one after the other.

Rule: from the moment that the PPA was taken, signals wait until they are passed on to the program that runs; between
two programs they may end what is waited for (`interruptibly`).  A program that needs the PPA is told to stop when the
lease is lost, whenever that is.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from ..client.errors import LeaseOver
from . import output, signals
from .child import Child, ReaperProcess
from .options import OnLost
from .signals import Interrupted, interruptible, not_ignored

CANNOT_RUN = 126
NOT_FOUND = 127
PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)
BLOCKED = {*PASSED_ON, signal.SIGCHLD}

T = TypeVar("T")


class Children:
    """`mask`: the signal mask that programs have, with which this process began; `ppa`: whose lease it is."""

    def __init__(self, reaper: ReaperProcess, mask: set[int], ppa: str, on_lost: OnLost) -> None:
        self._reaper, self._mask, self._ppa, self._on_lost = reaper, mask, ppa, on_lost
        self._marks: Mapping[str, str] | None = None
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._waiting = False
        self._reason: str | None = None
        self.stopped = False
        """Whether a program was told to end or a signal ended it, so that what it left may not go on."""

    def run(self, command: Sequence[str], environment: Mapping[str, str], *, ours: bool = False) -> int:
        """Run a program to its end; its exit code, or that which a shell has for what cannot be run.  `ours`: it is a
        step of ours, so that it reads nothing of the user's, and prints on stderr.
        """
        child = Child(command, environment, self._mask, ours=ours)
        with self._lock:
            self._child = child
        if self._reason is not None:
            self._tell(child, self._reason)
        try:
            if self._marks is None:
                self._marks = self._reaper.ready()
            self._reaper.watch(child.start(self._marks))
        except OSError as error:
            output.say(f"{child.command[0]}: {error.strerror}")
            return NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_RUN
        try:
            return child.wait(not_ignored(PASSED_ON))
        finally:
            with self._lock:
                self._child = None
            self.stopped |= child.stopped

    @contextlib.contextmanager
    def folder(self) -> Iterator[Path]:
        """A folder for this user alone, removed at the block's end, also should this process be killed."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="ppa-assigner-") as path:
            self._reaper.remove(path)
            yield Path(path)

    def interruptibly(self, wait: Callable[[], T]) -> T:
        """Wait for something outside while no program runs.  Raises Interrupted, and LeaseOver as soon as the lease is
        lost.
        """
        with interruptible(PASSED_ON):
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            try:
                self._begin()
                found = wait()
                signals.again()
            except Interrupted as interrupted:
                if interrupted.signal == signals.WAKING:
                    self.check()
                raise
            finally:
                signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)
                with self._lock:
                    self._waiting = False
        return found

    def lost(self, reason: str) -> None:
        """The lease is lost.  May be called from any thread."""
        with self._lock:
            self._reason = reason
            child = self._child
            if self._waiting:
                signals.wake()
        if child is not None:
            self._tell(child, reason)

    @property
    def why_lost(self) -> str | None:
        """Why the lease is lost, in a sentence; None while it is not."""
        return None if self._reason is None else f"the lease of {self._ppa} is lost: {self._reason}"

    def check(self) -> None:
        """Raises LeaseOver once the lease is lost."""
        if self.why_lost is not None:
            raise LeaseOver(self.why_lost)

    def _begin(self) -> None:
        with self._lock:
            self._waiting = True
        self.check()

    def _tell(self, child: Child, reason: str) -> None:
        stop = child.ours or self._on_lost is OnLost.STOP
        what = f"{child.command[0]} is told to stop" if stop else f"{child.command[0]} runs on"
        output.say(f"the lease of {self._ppa} is lost, {what}: {reason}")
        if stop:
            child.send(signal.SIGTERM)
