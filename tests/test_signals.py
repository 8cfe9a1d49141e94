"""Signals that end a wait: where it waits, also one whose exception Python dropped, and never inside a library."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys

import pytest

from ppa_assigner.cli import signals
from tests.commandline import DEADLINE_S


class Cleared:
    """The signal comes while it is cleared away: what is raised there goes no further."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._theirs.send(b"x")
        self._file = self._ours.makefile("rb", 0)

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        read(self._file)


def read(file: socket.SocketIO) -> bytes | None:
    return file.read(1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_was_dropped_is_found_in_the_next_turn() -> None:
    """And is forgotten with the block."""
    with signals.interruptible():
        signals.again()
        Cleared()
        with pytest.raises(signals.Interrupted) as told:
            signals.again()
    assert told.value.signal == signal.SIGTERM
    signals.again()


class Torn(queue.LifoQueue[int]):
    """The signal comes while its lock is held."""

    def _get(self) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return super()._get()


def test_a_signal_is_kept_until_something_is_waited_for() -> None:
    """The step of the library is done as a whole; the wait that comes next does not begin."""
    ours, theirs = socket.socketpair()
    items = Torn()
    items.put(7)
    with ours, theirs, signals.interruptible():
        ours.settimeout(DEADLINE_S)
        assert items.get() == 7
        with pytest.raises(signals.Interrupted):
            ours.makefile("rb").read(1)
    assert items.empty()
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


RANDOM_MOMENTS = """
import random, signal, socket, sys, threading, time
import urllib3
from ppa_assigner.cli import signals

def strike(go, main):
    while True:
        go.acquire()
        end = time.perf_counter() + random.random() * 0.0005
        while time.perf_counter() < end:
            pass
        signal.pthread_kill(main, signal.SIGTERM)

go = threading.Semaphore(0)
threading.Thread(target=strike, args=(go, threading.get_ident()), daemon=True).start()
sys.setswitchinterval(1e-5)
ours, theirs = socket.socketpair()
file = ours.makefile("rb")
for _ in range(200):
    pool = urllib3.HTTPConnectionPool("localhost", maxsize=4)
    try:
        with signals.interruptible():
            go.release()
            for _ in range(20):
                pool._put_conn(pool._get_conn())
            while True:
                theirs.send(b"x")
                file.read(1)
    except signals.Interrupted as interrupted:
        print(interrupted.signal)
    pool.close()
"""


def test_no_moment_of_a_signal_leaves_a_lock_held() -> None:
    """With one left held, the process would stand still when it next takes a connection, or closes the pool."""
    done = subprocess.run(
        [sys.executable, "-c", RANDOM_MOMENTS], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(int(signal.SIGTERM))] * 200
