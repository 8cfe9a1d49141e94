"""Whoever holds a lease and is cut off from the daemon knows it before the daemon may have ended the lease."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from ..commandline import DEADLINE_S, Running, environment, killed_at_last, started
from ..processes import Daemon, Launchpad, configure, running, start_launchpad
from ..test_exec import LISTEN, line_of
from ..waiting import until
from .blackhole import BlackHole, blackhole
from .site import lasting

NUMBERS = count()
IDLE = ("--idle", "12s", "--ttl", "10m")
# Holds a PPA by the Python client until it is told that the lease is lost.
HOLDER = """
import sys, threading
from ppa_assigner import Client
lost = threading.Event()
with Client() as client, client.lease("me", idle=12, ttl=600, on_lost=lambda _: lost.set()) as ppa:
    print("ready", flush=True)
    lost.wait()
    print("lost", ppa.lost, flush=True)
"""


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """A stand-in for all of them."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "0")
    yield launchpad
    launchpad.stop()


@pytest.fixture
def daemon(launchpad: Launchpad, tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with a PPA of its own."""
    ppas = launchpad.control.ppas("ci-pool", count=1, prefix=f"cut{next(NUMBERS)}-")
    daemon = configure(tmp_path, launchpad, ppas=ppas)
    with running(daemon):
        daemon.start().wait_for_states(free=1)
        yield daemon


def cut_off(daemon: Daemon, way: BlackHole, process: Running) -> None:
    """The way to the daemon swallows everything, some time after a lease was told."""
    assert line_of(process) == "ready\n"
    (before,) = daemon.ppas()
    until(lambda: daemon.ppas()[0]["touched"] > before["touched"], "a touch", DEADLINE_S, every=0.1)
    way.swallow()


def still_lent(daemon: Daemon) -> bool:
    """As the daemon itself tells, whom others still reach."""
    return [ppa["state"] for ppa in daemon.ppas()] == ["used"]


def lent_on(daemon: Daemon) -> None:
    """The lease ends by silence, and the PPA is another's."""
    assert daemon.assign("next", wait=60).status_code == 201


def test_the_command_stops_before_its_lease_may_end(daemon: Daemon) -> None:
    """It hears SIGTERM while the PPA is still its own."""
    with blackhole(daemon.address) as way, started("exec", "--owner", "me", *IDLE, "--", *LISTEN, url=way.url) as run:
        cut_off(daemon, way, run)
        assert line_of(run) == "SIGTERM\n"
        assert still_lent(daemon)
        _, err = run.communicate(timeout=DEADLINE_S)
        assert run.returncode == 9
        assert "no touch was answered for " in err
        lent_on(daemon)


def test_the_command_is_warned_before_its_lease_may_end(daemon: Daemon) -> None:
    """It runs on; whoever reads its log is told in time."""
    arguments = ("exec", "--owner", "me", *IDLE, "--on-lost", "warn", "--", *LISTEN)
    with blackhole(daemon.address) as way, started(*arguments, url=way.url) as run:
        cut_off(daemon, way, run)
        assert run.stderr is not None
        assert "runs on: no touch was answered for " in run.stderr.readline()
        assert still_lent(daemon)
        lent_on(daemon)
        run.send_signal(signal.SIGUSR1)
        assert run.communicate(timeout=DEADLINE_S)[0] == "SIGUSR1\n"


def test_a_python_program_is_told_before_its_lease_may_end(daemon: Daemon) -> None:
    """By `on_lost` and `lost`; leaving the block takes a few seconds at most."""
    with blackhole(daemon.address) as way, program(HOLDER, way.url) as run:
        cut_off(daemon, way, run)
        assert line_of(run).startswith("lost no touch was answered for ")
        assert still_lent(daemon)
        assert run.communicate(timeout=30) == ("", "")


def test_the_fixed_end_counts_by_the_holders_own_clock(daemon: Daemon) -> None:
    """Also for a daemon that answers to the last."""
    with started("exec", "--owner", "me", "--ttl", "8s", "--", *LISTEN, url=f"unix:{daemon.address}") as run:
        assert line_of(run) == "ready\n"
        assert line_of(run) == "SIGTERM\n"
        assert still_lent(daemon)
        assert "it ends at " in run.communicate(timeout=DEADLINE_S)[1]
    daemon.wait_for_states(free=1)


@contextmanager
def program(text: str, url: str) -> Iterator[Running]:
    """A Python program that has the client."""
    process = subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(url)
    )
    with killed_at_last(process):
        yield process


@pytest.mark.parametrize("status", [503, 404, 403, 401])
def test_launchpads_absence_alone_does_not_stop_the_command(daemon: Daemon, launchpad: Launchpad, status: int) -> None:
    """The daemon hears the touches that it cannot write, and says so: for it no silence counts meanwhile.  Nor does a
    denial that passes, or a PPA that seems to be gone for a while, end a lease.
    """
    arguments = ("exec", "--owner", "me", "--idle", "12s", "--", *LISTEN)
    with started(*arguments, url=f"unix:{daemon.address}") as run:
        assert line_of(run) == "ready\n"
        away = launchpad.control.fault("status", status=status)
        lasting(20.0)
        assert daemon.ppas()[0]["condition"] != "ok"
        launchpad.control.unfault(away)
        (before,) = daemon.ppas()
        until(lambda: daemon.ppas()[0]["touched"] > before["touched"], "a touch", DEADLINE_S, every=0.1)
        run.send_signal(signal.SIGUSR1)
        assert run.communicate(timeout=DEADLINE_S) == ("SIGUSR1\n", "")


def test_a_command_that_ends_while_launchpad_is_away_has_its_ppa_given_back_later(
    daemon: Daemon, launchpad: Launchpad
) -> None:
    """By the daemon: exec says so, and does not wait for it."""
    with started("exec", "--owner", "me", "--", *LISTEN, url=f"unix:{daemon.address}") as run:
        assert line_of(run) == "ready\n"
        away = launchpad.control.fault("status", status=503)
        run.send_signal(signal.SIGUSR1)
        out, err = run.communicate(timeout=DEADLINE_S)
        assert (run.returncode, out) == (9, "SIGUSR1\n")
        assert "not released yet: the daemon does it as soon as Launchpad is back" in err
    assert still_lent(daemon)
    launchpad.control.unfault(away)
    daemon.wait_for_states(free=1)
