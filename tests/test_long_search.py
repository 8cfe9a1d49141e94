"""A wish that names all that it may, while Launchpad is slow: nobody else notices, on a real daemon."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ppa_assigner.documents import SOURCES
from ppa_assigner.record import parse_time

from .processes import Daemon, Launchpad, configure, running, start_launchpad
from .waiting import until

POOL = [f"~ci-pool/ubuntu/pool-{i:03}" for i in (1, 2, 3)]
ANSWER_S = 1.0  # of Launchpad, to each question
PROMPT_S = 12.0  # a quarter of what the questions to one PPA take together
SEARCHED = [{"name": "hello", "version": f"1.{number}"} for number in range(SOURCES)]


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with three empty PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "3")
    yield launchpad
    launchpad.stop()


def questions(launchpad: Launchpad, since: int) -> int:
    """How many were asked."""
    return len(launchpad.control.log(since=since, path="source_name="))


def test_touches_releases_and_ends_do_not_wait_for_a_search(tmp_path: Path, launchpad: Launchpad) -> None:
    """All PPAs are used and asked for fifty versions, a second each: a lease is touched at once, another released, and
    the third ends at its time.
    """
    daemon = configure(tmp_path, launchpad, ppas=POOL)
    with running(daemon), ThreadPoolExecutor(1) as pool:
        daemon.start().wait_for_states(free=3)
        touched, released = (daemon.assign(f"held-{n}", ppa=POOL[n]).json()["id"] for n in (0, 1))
        ending = daemon.assign("ending", ppa=POOL[2], ttl=8).json()
        launchpad.control.fault("delay", path="source_name=", seconds=ANSWER_S)
        before = launchpad.control.last()
        search = pool.submit(daemon.assign, "search", wait=60, sources=SEARCHED)
        until(lambda: questions(launchpad, before) >= 3, "all PPAs are asked")
        began = time.monotonic()
        for _ in range(2):
            assert daemon.http.post(f"/v1/leases/{touched}/touch").status_code == 200
        assert daemon.http.post(f"/v1/leases/{touched}/touch", json={"ttl": 7200}).status_code == 200
        assert daemon.http.delete(f"/v1/leases/{released}").status_code == 200
        assert time.monotonic() - began < PROMPT_S
        dirty = _ended(daemon, ending["id"])
        assert (parse_time(dirty["since"]) - parse_time(ending["until"])).total_seconds() < PROMPT_S
        assert not search.done() or search.result().status_code == 201
        assert daemon.http.delete("/v1/leases?request_id=search").status_code == 200
        search.result(60)


def _ended(daemon: Daemon, lease: str) -> dict[str, str]:
    until(lambda: daemon.http.get(f"/v1/leases/{lease}").json()["state"] == "dirty", "its end", every=0.05)
    found: dict[str, str] = daemon.http.get(f"/v1/leases/{lease}").json()
    return found


def test_more_than_may_be_named_are_refused_at_the_door(tmp_path: Path, launchpad: Launchpad) -> None:
    """422 with the number, and Launchpad is asked nothing."""
    daemon = configure(tmp_path, launchpad, ppas=POOL)
    with running(daemon):
        daemon.start().wait_for_states(free=3)
        before = launchpad.control.last()
        refused = daemon.assign("many", sources=[*SEARCHED, {"name": "hello", "version": "2"}])
        assert refused.status_code == 422
        assert refused.json()["detail"].startswith("sources: ")
        assert str(SOURCES) in refused.json()["detail"]
        assert not questions(launchpad, before)
