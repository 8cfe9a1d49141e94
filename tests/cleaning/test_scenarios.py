"""Every way in which content, rights or settings can survive a lease or arrive during a clean, on real processes.

One daemon serves all pools on one stand-in; each scene has a PPA of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ppa_assigner.record import State

from ..processes import running, running_launchpad
from ..waiting import until
from .proof import assert_free_was_proved, assert_words_were_kept, state_of
from .stage import SERIES, SETTLE, Stage, staged
from .ways import WAYS

PROOFS = {"index": "index", "disk": "disk"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stand-in, and a daemon that serves all of its PPAs."""
    with running_launchpad("--owner", "ci-pool", "--ppas", "0") as launchpad:
        stage = staged(tmp_path_factory.mktemp("stage"), launchpad)
        with running(stage.daemon):
            stage.daemon.start()
            yield stage


@pytest.mark.parametrize("name", WAYS)
def test_free_is_written_only_when_all_is_gone(stage: Stage, name: str) -> None:
    """I2 and I6: in the end it is free and empty, `free` never stood too early, and people's words are kept."""
    way, scene = WAYS[name], stage.take(WAYS[name].pool)
    keepers = ["keeper"] if way.pool == "baseline" else []
    way.happen(scene)
    scene.is_freed()
    assert scene.left() == []
    assert_free_was_proved(scene.launchpad, scene.ppa, SETTLE, PROOFS.get(way.pool, "active"), keepers)
    assert_words_were_kept(scene.launchpad, scene.ppa)
    assert scene.launchpad.control.ppa(scene.ppa)["uploaders"] == keepers


# -- what does not end free --------------------------------------------------------------------------------------------


def test_a_ppa_that_is_deleted_meanwhile_is_missing(stage: Stage) -> None:
    """A write to a PPA that is being deleted is still answered 209; it is not taken for free."""
    scene = stage.take()
    scene.lend()
    with scene.held_at_a_look():
        scene.launchpad.control.remove_ppa(scene.ppa)
    scene.becomes("missing")
    assert scene.daemon.assign(pool="plain", ppa=scene.ppa).status_code == 409


def test_a_stray_package_in_a_free_ppa_is_found_before_it_is_lent(stage: Stage) -> None:
    """Another PPA is lent instead, and that one is cleaned: `used` never stands over something active."""
    scene = stage.take("stray")
    scene.upload("stray", binaries=[{"name": "stray"}])
    lent = scene.daemon.assign(pool="stray")
    assert lent.status_code == 201
    assert lent.json()["ppa"] != scene.ppa
    until(lambda: scene.left() == [], "the stray one is deleted", 20)
    scene.is_freed()
    assert_free_was_proved(scene.launchpad, scene.ppa, SETTLE)
    assert State.USED not in map(state_of, scene.launchpad.control.descriptions(scene.ppa))


def test_what_arrives_between_the_last_look_and_free_is_found_before_it_is_lent(stage: Stage) -> None:
    """No look can see it before `free` lands; the one before the next lease does."""
    scene = stage.take()
    scene.lend()
    rule = scene.fault("hold", method="PATCH", body=r'\\"state\\":\\"free\\"', times=1)
    scene.release()
    scene.caught(rule)
    scene.upload("late")
    scene.let_go(rule)
    scene.is_freed()
    assert scene.daemon.assign(pool="plain", ppa=scene.ppa).status_code == 409
    until(lambda: scene.left() == [], "the late one is deleted", 20)
    scene.is_freed()
    scene.lend()


def test_burnt_versions_are_not_lent_for(stage: Stage) -> None:
    """A PPA that ever had that very version is no candidate; when all of them had it, the answer says so at once."""
    first, second = stage.take("burnt"), stage.take("burnt")
    first.upload("hello", "9.9", status="Superseded")
    wish = {"pool": "burnt", "sources": [{"name": "hello", "version": "9.9"}]}
    lent = first.daemon.assign("burnt-1", **wish)
    assert lent.json()["ppa"] == second.ppa
    second.lease = lent.json()
    second.upload("hello", "9.9")
    second.release()
    second.is_freed()
    refused = first.daemon.assign("burnt-2", wait=60, **wish)
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("all-burnt")
    assert first.daemon.assign("burnt-3", pool="burnt", sources=[{"name": "hello", "version": "9.10"}]).is_success


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_the_requests_of_a_clean_are_pages_and_deletions_and_a_constant(stage: Stage) -> None:
    """320 publications over three series: one POST each, pages of 300, and what a clean of a single one costs too."""
    few, many = stage.take(), stage.take()
    few.lend()
    many.lend()
    few.upload("alone")
    for number, series in enumerate(SERIES):
        sources = [[f"source-{index:03}", "1.0"] for index in range(number, 320, 3)]
        many.launchpad.control.upload_many(many.ppa, sources, series=series)
    costs = []
    for scene in (few, many):
        scene.release()
        scene.is_freed()
        assert_free_was_proved(scene.launchpad, scene.ppa, SETTLE)
        requests = scene.requests()
        fences = [one for one in requests if one["method"] == "GET" and one["operation"] is None]
        assert len(fences) <= 1 + _seconds(requests) / 9
        costs.append(len(requests) - len(fences))
    assert len(many.requests("requestDeletion")) == 320
    pages = 1  # the list of the first look goes over one page; those of the other looks are empty
    assert costs[1] - costs[0] == 320 - 1 + pages
    assert costs[0] <= 40


def _seconds(requests: list[dict[str, Any]]) -> float:
    return float(max(one["ended"] for one in requests) - min(one["started"] for one in requests))
