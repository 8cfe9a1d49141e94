"""Many PPAs at once: one that cannot be cleaned slows no other, and no clean slows an assign."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.record import Record, State, compose, whole_seconds

from ..processes import Launchpad, configure, running, start_launchpad
from .proof import assert_free_was_proved, freed, pattern
from .stage import EACH, SETTLE, Scene, free_ppas

COUNT, PACKAGES = 20, 4
SLOWER, MORE_S = 2.0, 2.0  # how much longer it may take beside the bad one: the machine is shared
IMPATIENT: dict[str, Any] = {**EACH, "max_tries": 1000, "retry": {"first": "50ms", "max": "100ms"}}


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in of its own."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "0")
    yield launchpad
    launchpad.stop()


def dirty_ppas(launchpad: Launchpad, prefix: str, count: int) -> list[str]:
    """Dirty ones with packages in them."""
    ppas = launchpad.control.ppas("ci-pool", count=count, prefix=prefix)
    now = whole_seconds(datetime.fromisoformat(launchpad.control.clock()["now"]))
    for ppa in ppas:
        record = Record(
            serial=1, nonce=secrets.token_hex(16), state=State.DIRTY, since=now, touched=now, pool="default"
        )
        launchpad.control.describe(ppa, compose(None, record))
        launchpad.control.upload_many(ppa, [[f"source-{number}", "1.0"] for number in range(PACKAGES)])
    return ppas


def cleaned_in(folder: Path, launchpad: Launchpad, prefix: str, others: list[str]) -> float:
    """How long it takes from the first request until all of the pool but the `others` are free; seconds."""
    ppas = dirty_ppas(launchpad, prefix, COUNT)
    before = launchpad.control.last()
    daemon = configure(folder, launchpad, prefix, ppas=[*others, *ppas], **IMPATIENT)
    with running(daemon):
        daemon.start().wait_for_states(free=COUNT, timeout=60)
        for ppa in ppas:
            assert_free_was_proved(launchpad, ppa, SETTLE)
    requests = {one["number"]: one for one in launchpad.control.log(since=before, state="any")}
    ends = [requests[freed(launchpad, ppa)[0]["request"]]["ended"] for ppa in ppas]
    return float(max(ends) - min(one["started"] for one in requests.values()))


def test_one_that_can_never_be_cleaned_slows_no_other(tmp_path: Path, launchpad: Launchpad) -> None:
    """Twenty are free in the time they need alone."""
    alone = cleaned_in(tmp_path, launchpad, "alone-", [])
    (bad,) = dirty_ppas(launchpad, "bad-", 1)
    launchpad.control.fault("status", operation="requestDeletion", path=pattern(bad), status=500)
    beside = cleaned_in(tmp_path, launchpad, "beside-", [bad])
    assert len(launchpad.control.log(path=pattern(bad), status=500)) >= 3  # it was busy with it all the time
    assert launchpad.control.ppa(bad)["active_sources"] == PACKAGES
    assert beside <= alone * SLOWER + MORE_S, (alone, beside)


def test_an_assign_is_not_behind_the_deletions_of_a_thousand_packages(tmp_path: Path, launchpad: Launchpad) -> None:
    """Two looks and the write, and hardly a deletion between them: it has connections of its own."""
    big, small = free_ppas(launchpad, "thousand", 2)
    daemon = configure(tmp_path, launchpad, ppas=[big, small], look_every="1h", **EACH)
    scene = Scene(launchpad, daemon, big)
    with running(daemon):
        daemon.start()
        scene.lend()
        launchpad.control.upload_many(big, [[f"source-{number:04}", "1.0"] for number in range(1000)])
        scene.release()
        assert scene.requests("requestDeletion", least=50, timeout=60)
        before = launchpad.control.last()
        assert daemon.assign("meanwhile", pool="default").json()["ppa"] == small
        after = launchpad.control.last()
        mine = launchpad.control.log(since=before, path=pattern(small))
        assert sorted(one["method"] for one in mine) == ["GET", "GET", "PATCH"]
        between = launchpad.control.log(since=before, operation="requestDeletion", state="any")
        assert len([one for one in between if one["number"] < mine[-1]["number"]]) <= 30
        assert after - before < 60
        assert launchpad.control.ppa(big)["active_sources"] > 500
