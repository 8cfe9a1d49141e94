"""A PPA of a pool that grows, from its creation to its deletion, and a daemon that is killed at any request of it.

`PPA_ASSIGNER_CRASH=full` tries all of these requests; else one is drawn, by `PPA_ASSIGNER_SEED`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

import pytest

from ppa_assigner.client import Client, NotPermitted, Unavailable, UnknownLease, UsageError
from ppa_assigner.record import State

from ..cleaning.proof import state_of
from ..processes import Daemon, Launchpad, configure, running, running_launchpad
from ..test_daemon import check_history
from ..waiting import until
from .lives import PATIENCE_S, asked_again, done_at_last
from .trial import said_of

FIRST, SECOND = (f"~ci-pool/ubuntu/grown-{number}" for number in (1, 2))
ABOUT = r"ubuntu(/|%2F)grown-1(-deletedppa\d*)?(?![\w-])"
SEED = int(os.environ.get("PPA_ASSIGNER_SEED", SystemRandom().randrange(2**32)))
FULL = os.environ.get("PPA_ASSIGNER_CRASH") == "full"


@dataclass(frozen=True)
class Point:
    """The request of a number (0: the creation), held before it is carried out or before it is answered."""

    number: int
    where: str


def growing(folder: Path, launchpad: Launchpad) -> Daemon:
    """A daemon whose pool has one PPA at a time."""
    folder.mkdir()
    daemon = configure(folder, launchpad, ppas=(), look_every="1s")
    document = json.loads(daemon.config.read_text())
    grow = {"names": "~ci-pool/ubuntu/grown-{1..5}", "max": 1}
    document["pools"] = {"default": {"grow": grow, "settle": "300ms"}}
    daemon.config.write_text(json.dumps(document))
    return daemon


def live(launchpad: Launchpad, daemon: Daemon) -> None:
    """It is lent, released, discarded and deleted; who asks does so until it is done."""
    with Client(f"unix:{daemon.address}") as client:
        lease = asked_again(lambda: client.assign("job", request_id="one", wait=PATIENCE_S))
        assert lease["ppa"] == FIRST
        done_at_last(lambda: client.release(lease["id"]), UnknownLease)
        until(lambda: _discarded(launchpad, client), "it is discarded", PATIENCE_S, every=0.2)
        until(lambda: launchpad.control.ppa(FIRST)["status"] != "Active", "it is deleted", PATIENCE_S, every=0.1)
    until(lambda: daemon.ready and _is_free(daemon, SECOND), "the next one is free", PATIENCE_S, every=0.1)


def _discarded(launchpad: Launchpad, client: Client) -> bool:
    with suppress(Unavailable, NotPermitted, UsageError):  # it was done, and the answer lost
        client.operate(FIRST, "discard", reason="used up", delete=True)
    return state_of(launchpad.control.descriptions(FIRST)[-1]) is State.DISCARDED


def _is_free(daemon: Daemon, ppa: str) -> bool:
    return (ppa, "free") in [(one["ppa"], one["state"]) for one in daemon.ppas()]


def uncrashed(folder: Path) -> list[Point]:
    """All points of a life without a kill."""
    with running_launchpad("--owner", "ci-pool", "--ppas", "0") as launchpad:
        daemon = growing(folder, launchpad)
        with running(daemon):
            daemon.start()
            live(launchpad, daemon)
            asked = launchpad.control.log(path=ABOUT, state="any")
        deleted = next(number for number, one in enumerate(asked, 1) if one["method"] == "DELETE")
    return [Point(number, where) for number in range(deleted + 1) for where in ("hold", "hold_after")]


def crashed(folder: Path, point: Point) -> None:
    """The daemon is killed there, and started blindly; what was held lands then."""
    with running_launchpad("--owner", "ci-pool", "--ppas", "0") as launchpad, ThreadPoolExecutor(1) as pool:
        control, daemon = launchpad.control, growing(folder, launchpad)
        if point.number:
            control.fault(point.where, path=ABOUT, skip=point.number - 1, times=1)
        else:
            control.fault(point.where, operation="createPPA", times=1)
        with running(daemon):
            daemon.start()
            lived = pool.submit(live, launchpad, daemon)
            until(lambda: control.held() or lived.done(), "it is there", PATIENCE_S, every=0.05)
            if not lived.done():
                daemon.kill()
                daemon.start()
                control.release()
            lived.result(2 * PATIENCE_S)
            assert_right(launchpad)


def assert_right(launchpad: Launchpad) -> None:
    """It was lent once, deleted once it was discarded, and nothing was written then but who deletes it."""
    check_history(launchpad, [FIRST, SECOND])
    states = [state_of(entry) for entry in launchpad.control.descriptions(FIRST)]
    assert states[-1] is State.DISCARDED, states
    assert list(dict.fromkeys(states)) == [State.DIRTY, State.FREE, State.USED, State.DISCARDED], states
    created = launchpad.control.log(operation="createPPA", applied=True, state="any")
    assert sum(one["result"] == 201 for one in created) == 2, created


def _chosen(points: list[Point]) -> Iterator[Point]:
    yield from points if FULL else [Random(SEED).choice(points)]


@pytest.mark.timeout(3600 if FULL else 400)
def test_killed_at_a_request_of_a_ppa_that_was_grown(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Created, proved, lent, released, discarded, deleted: once each, and the next name follows."""
    tried = 0
    for tried, point in enumerate(_chosen(uncrashed(tmp_path / "uncrashed")), 1):
        with said_of(f"{point}, PPA_ASSIGNER_SEED={SEED}"):
            crashed(tmp_path / str(tried), point)
    record_property("crash points", tried)
