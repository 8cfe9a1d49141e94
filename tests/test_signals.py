"""Signals that end a wait: where it waits, also one whose exception Python dropped, and never inside a library."""

from __future__ import annotations

import importlib
import os
import queue
import signal
import socket
import subprocess
import sys
from pathlib import Path

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


def test_what_waits_exists() -> None:
    """A name that is misspelt would keep a signal for as long as that waits."""
    for name, functions in signals.LIBRARIES.items():
        module = importlib.import_module(name)
        classes = [kind for kind in vars(module).values() if isinstance(kind, type)]
        assert functions <= {each for there in (module, *classes) for each in vars(there)}


def test_what_sleeps_for_a_command_may_be_left() -> None:
    """A module that pauses and does not say so would keep a signal for as long as that."""
    package = Path(signals.__file__).parent.parent
    modules = {path: path.read_text() for part in ("cli", "client") for path in (package / part).rglob("*.py")}
    pausing = {path for path, text in modules.items() if "time.sleep(" in text}
    marked = {path for path, text in modules.items() if f"\n{signals.MARK} = True\n" in text}
    assert {"retry.py", "events.py"} <= {path.name for path in pausing}
    assert {path.name for path in pausing - marked} == {"reaper.py"}  # a process of its own, which no signal ends
    assert {"transport.py", "sockets.py", "operator.py"} <= {path.name for path in marked}


def test_a_signal_that_comes_while_others_are_held_raises_later() -> None:
    """What is done then is done to its end."""
    ours, theirs = socket.socketpair()
    with ours, theirs, signals.interruptible():
        ours.settimeout(DEADLINE_S)
        theirs.send(b"x")
        with signals.held():
            os.kill(os.getpid(), signal.SIGTERM)
            assert ours.makefile("rb").read(1) == b"x"
        with pytest.raises(signals.Interrupted):
            ours.makefile("rb").read(1)


def script(text: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, which may die of a signal."""
    command = [sys.executable, "-c", text]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


STRIKE = """
import os, signal, socket, sys
from ppa_assigner.cli import signals

class Strike:
    "Strikes once, at so many lines of these functions."
    def __init__(self, functions, lines, strike):
        self.codes, self.left, self.strike = [function.__code__ for function in functions], lines, strike
    def __enter__(self):
        sys.settrace(self.trace)
    def __exit__(self, *_):
        sys.settrace(None)
    def trace(self, frame, event, _):
        if event == "call":
            return self.trace if frame.f_code in self.codes else None
        self.left -= event == "line"
        if self.left == 0:
            self.strike(frame)
        return self.trace
"""

AT_EACH_LINE = (
    STRIKE
    + """
def struck(number):
    strike = Strike([signals.interruptible.__wrapped__], number, lambda _: os.kill(os.getpid(), signal.SIGTERM))
    with strike, signals.interruptible():
        pass
    return strike.left <= 0

signal.signal(signal.SIGTERM, lambda *_: None)
number = 1
while struck(number):
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0), number
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL, number
    number += 1
print(number)
"""
)


def test_a_signal_at_any_line_of_the_blocks_begin_or_end_leaves_no_alarm() -> None:
    """Of which the process would die a moment later."""
    done = script(AT_EACH_LINE)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 10


WHILE_AN_ANSWER_IS_MADE = (
    STRIKE
    + """
import warnings
from ppa_assigner.client import connections, http1

warnings.simplefilter("error", ResourceWarning)
HEAD = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n"
steps = (connections.ConnectionPool.send, http1.request, http1.answer, http1.Answer.__init__)

def as_python_does(frame):
    signal.getsignal(signal.SIGTERM)(signal.SIGTERM, frame)

def struck(number):
    strike = Strike(steps, number, as_python_does)
    ours, theirs = socket.socketpair()
    pool = connections.ConnectionPool("localhost", lambda _: ours)
    theirs.send(HEAD)
    with theirs:
        try:
            with signals.interruptible():
                with strike:
                    answer = pool.send("GET", "/", None, {}, connect=5, read=30)
                if strike.left <= 0:
                    answer.whole()
        except signals.Interrupted:
            assert ours.fileno() == -1
            return True
        answer.close()
    return False

number = 1
while struck(number):
    number += 1
print(number)
"""
)


def test_an_answer_is_not_left_half_made() -> None:
    """The signal waits until the answer is waited for, and then the connection is closed: Python warns of no socket."""
    done = script(WHILE_AN_ANSWER_IS_MADE)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 20


ANOTHERS_ALARM = """
import os, signal, socket, sys
from ppa_assigner.cli import signals

ours, theirs = socket.socketpair()
ours.settimeout(30)
signal.signal(signal.SIGALRM, {handler})
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    with signals.interruptible():
        if {handler} is signal.SIG_IGN:
            signal.sigtimedwait([], 0.2)
            os.kill(os.getpid(), signal.SIGTERM)
        ours.makefile("rb").read(1)
except signals.Interrupted as interrupted:
    print(interrupted.signal)
"""


@pytest.mark.parametrize(("handler", "ends"), [("SIG_DFL", signal.SIGALRM), ("SIG_IGN", signal.SIGTERM)])
def test_an_alarm_that_a_parent_set_ends_the_wait_unless_it_was_ignored(handler: str, ends: signal.Signals) -> None:
    """As any other signal does."""
    done = script(ANOTHERS_ALARM.format(handler=f"signal.{handler}"))
    assert (done.stderr, done.stdout.split()) == ("", [str(int(ends))])


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
    done = script(RANDOM_MOMENTS)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(int(signal.SIGTERM))] * 200
