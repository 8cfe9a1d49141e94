"""A daemon in a process of its own, whose pool grows on the stand-in, and the commands that take a PPA out of use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .commandline import cli
from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .test_daemon import check_history
from .waiting import until

FIRST, SECOND, NAMES = "~ci-pool/ubuntu/grown-1", "~ci-pool/ubuntu/grown-2", "~ci-pool/ubuntu/grown-{1..5}"


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in without any PPA."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "0")
    yield launchpad
    launchpad.stop()


def growing(folder: Path, launchpad: Launchpad, name: str = "one", **grow: Any) -> Daemon:
    """A daemon of a pool that has no list of PPAs."""
    daemon = configure(folder, launchpad, name, ppas=(), look_every="1s")
    document = json.loads(daemon.config.read_text())
    document["pools"] = {"default": {"grow": {"names": NAMES, **grow}, "settle": "1s"}}
    daemon.config.write_text(json.dumps(document))
    return daemon


def made(launchpad: Launchpad) -> int:
    """How many PPAs Launchpad created."""
    answered = launchpad.control.log(operation="createPPA", applied=True, state="any")
    return sum(entry["result"] == 201 for entry in answered)


def names(daemon: Daemon) -> list[str]:
    """The PPAs that it serves."""
    return sorted(ppa["ppa"] for ppa in daemon.ppas())


def test_a_ppa_is_made_lent_discarded_and_deleted(tmp_path: Path, launchpad: Launchpad) -> None:
    """Then the next name is made; the first one is never used again, over a restart too."""
    daemon = growing(tmp_path, launchpad, max=1)
    with running(daemon):
        daemon.start().wait_for_states(free=1)
        assert daemon.assign("one").json()["ppa"] == FIRST
        done = cli("discard", FIRST, "--delete", "--yes", "--reason", "burnt", url=f"unix:{daemon.address}")
        assert done.returncode == 0, done.stderr
        daemon.http.delete("/v1/leases?request_id=one")
        control = launchpad.control
        until(lambda: control.ppa(FIRST)["status"] == "Deleting", "it is being deleted", 30.0)
        control.run("publisher")
        second = daemon.assign("two", wait=30)
        assert second.json()["ppa"] == SECOND
        assert control.ppa(f"{FIRST}-deletedppa")["status"] == "Deleted"
        daemon.kill()
        daemon.start()
        assert daemon.assign("two", attempt=1, wait=30).json()["ppa"] == second.json()["ppa"]


@pytest.mark.parametrize("where", ["hold", "hold_after"])
def test_killed_while_it_creates(tmp_path: Path, launchpad: Launchpad, where: str) -> None:
    """Before Launchpad does it, or before it answers: the next start has as many as are wanted, by the first names;
    what lands late is no second one.
    """
    daemon = growing(tmp_path, launchpad, keep_free=2, max=2)
    launchpad.control.fault(where, operation="createPPA", times=1)
    with running(daemon):
        daemon.start()
        (held,) = launchpad.control.held(least=1, timeout=20)
        daemon.kill()
        daemon.start().wait_for_states(free=2)
        launchpad.control.release(held["number"])
        until(lambda: launchpad.control.log(since=held["number"] - 1, operation="createPPA"), "it has landed")
        assert daemon.assign("one", wait=30).json()["ppa"] == FIRST
        assert (names(daemon), made(launchpad)) == ([FIRST, SECOND], 2)
        check_history(launchpad, [FIRST, SECOND])


def test_two_daemons_grow_one_pool(tmp_path: Path, launchpad: Launchpad) -> None:
    """Both want one, and as many are there as may be: each finds what the other one made, and lends it."""
    daemons = [growing(tmp_path, launchpad, name, keep_free=1, max=2) for name in ("first", "second")]
    with running(*daemons):
        for daemon in daemons:
            daemon.launch()
        until(lambda: all(daemon.ready for daemon in daemons), "both are ready", 60)
        leases = [daemon.assign(f"r-{daemon.name}", wait=40).json() for daemon in daemons]
        assert sorted(lease["ppa"] for lease in leases) == [FIRST, SECOND]
        refused = daemons[0].assign("more")
        assert refused.status_code == 409
        until(lambda: all(names(daemon) == [FIRST, SECOND] for daemon in daemons), "both serve both")
        assert made(launchpad) == 2
        check_history(launchpad, [FIRST, SECOND])


def test_no_more_are_made_within_an_hour_than_may_be(tmp_path: Path, launchpad: Launchpad) -> None:
    """And it is said."""
    daemon = growing(tmp_path, launchpad, keep_free=3, max=3, per_hour=1)
    with running(daemon):
        daemon.start().wait_for_states(free=1)
        until(lambda: "grows no further for now" in daemon.log, lambda: daemon.log, 20)
        assert (names(daemon), made(launchpad)) == ([FIRST], 1)
