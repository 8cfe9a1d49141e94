"""A clean that is taken over, by the same daemon after a kill or by another one, and PPAs that are made."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ppa_assigner.record import State, compose, parse
from ppa_assigner.standin.standin import credentials_text

from ..processes import Daemon, Launchpad, configure, running, running_launchpad
from ..waiting import until
from .proof import DESTRUCTIVE, assert_free_was_proved, state_of
from .stage import EACH, SETTLE, Scene, free_ppas

SECOND = "second"


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """A stand-in; each test makes PPAs of its own."""
    with running_launchpad("--owner", "ci-pool", "--ppas", "0") as launchpad:
        for person in ("ann", "mia"):
            launchpad.control.person(person)
        launchpad.control.member("ci-pool", "mia")
        yield launchpad


def scene_of(folder: Path, launchpad: Launchpad, name: str) -> Scene:
    """A free PPA of that name and a daemon for it."""
    (ppa,) = free_ppas(launchpad, name, 1)
    return Scene(launchpad, configure(folder, launchpad, ppas=[ppa], **EACH), ppa)


def another_daemon(folder: Path, launchpad: Launchpad, ppa: str) -> Daemon:
    """One of another name, with a token of its own, that looks often."""
    folder.mkdir()
    token = launchpad.control.token("ppa-bot", consumer=SECOND)
    (folder / "launchpad.credentials").write_text(credentials_text(token))
    return configure(folder, launchpad, "two", [ppa], look_every="300ms", **EACH)


def taken_away_by_the_second(scene: Scene) -> list[str]:
    """What it asked for of that kind."""
    return [one["operation"] for one in scene.requests(consumer=SECOND) if one["operation"] in DESTRUCTIVE]


def looks_of_the_second(scene: Scene, count: int) -> None:
    """It looks so often from now on."""
    control = scene.launchpad.control
    since = control.last()
    assert len(control.log(since=since, consumer=SECOND, path="/ppas", least=count, timeout=30)) >= count


def touched_elsewhen(scene: Scene, by: timedelta) -> None:
    """Its record says that its cleaner touched it so much later."""
    text = parse(scene.launchpad.control.description(scene.ppa))
    record = text.record
    assert record is not None
    assert record.cleaner is not None
    changed = replace(record, serial=record.serial + 1, nonce=secrets.token_hex(16), touched=record.touched + by)
    scene.launchpad.control.describe(scene.ppa, compose(text.human, changed))


def test_of_two_daemons_one_cleans(tmp_path: Path, launchpad: Launchpad) -> None:
    """While one is at it the other changes nothing; killed and started anew, the first one goes on at once."""
    scene = scene_of(tmp_path, launchpad, "twice")
    two = another_daemon(tmp_path / "two", launchpad, scene.ppa)
    with running(scene.daemon, two):
        scene.daemon.start()
        scene.lend()
        scene.upload("hello")
        rule = scene.fault("hold", operation="requestDeletion", times=1)
        scene.release()
        scene.caught(rule)
        two.start()
        looks_of_the_second(scene, 4)
        scene.daemon.kill()
        launchpad.control.release(rule=rule, verdict="drop")
        scene.daemon.start()
        scene.is_freed()
        assert taken_away_by_the_second(scene) == []
        assert_free_was_proved(launchpad, scene.ppa, SETTLE)


@pytest.mark.parametrize("days", [-1, 1])
def test_no_date_in_a_record_brings_another_daemon_in(tmp_path: Path, launchpad: Launchpad, days: int) -> None:
    """Touched long ago or far ahead: only a record that another daemon sees unchanged for five minutes does, by its own
    boot-time clock.  One of the same name, started anew, goes on at once.
    """
    scene = scene_of(tmp_path, launchpad, f"touched-{'ahead' if days > 0 else 'long-ago'}")
    two = another_daemon(tmp_path / "two", launchpad, scene.ppa)
    with running(scene.daemon, two):
        scene.daemon.start()
        scene.lend()
        scene.upload("hello")
        rule = scene.fault("hold", operation="requestDeletion", times=1)
        scene.release()
        scene.caught(rule)
        scene.daemon.kill()
        launchpad.control.release(rule=rule, verdict="drop")
        touched_elsewhen(scene, timedelta(days=days))
        two.start()
        looks_of_the_second(scene, 4)
        assert scene.requests(consumer=SECOND, method="PATCH") == []
        scene.daemon.start()
        scene.is_freed()
        assert taken_away_by_the_second(scene) == []
        assert_free_was_proved(launchpad, scene.ppa, SETTLE)


@pytest.mark.parametrize("action", ["hold", "hold_after"])
@pytest.mark.parametrize("operation", ["newComponentUploader", "deleteComponentUploader", "requestDeletion"])
def test_a_restart_leaves_no_right_behind(tmp_path: Path, launchpad: Launchpad, operation: str, action: str) -> None:
    """Killed before or after a right was given or taken, or a package deleted: in the end both are gone."""
    scene = scene_of(tmp_path, launchpad, f"{operation.lower()}-{action.replace('_', '-')}")
    wish = {"ppa": scene.ppa, "uploader": "~ann"}
    with running(scene.daemon), ThreadPoolExecutor(1) as pool:
        scene.daemon.start()
        rule = scene.fault(action, operation=operation, times=1)
        first = pool.submit(scene.daemon.assign, "wish", **wish)
        if operation != "newComponentUploader":
            scene.lease = first.result(20).json()
            scene.upload("hello")
            scene.release()
        scene.caught(rule)
        scene.daemon.kill()
        launchpad.control.release(rule=rule, verdict="drop")
        scene.daemon.start()
        if operation == "newComponentUploader":
            scene.lease = scene.daemon.assign("wish", attempt=1, **wish).json()
            assert launchpad.control.ppa(scene.ppa)["uploaders"] == ["ann"]
            scene.release()
        scene.is_freed()
        assert launchpad.control.ppa(scene.ppa)["uploaders"] == []
        assert scene.left() == []
        assert_free_was_proved(launchpad, scene.ppa, SETTLE)


# -- PPAs that are made ------------------------------------------------------------------------------------------------


def making(folder: Path, launchpad: Launchpad, prefix: str) -> tuple[Daemon, list[str]]:
    """A daemon whose list names three PPAs that there are not."""
    daemon = configure(folder, launchpad, ppas=[f"~ci-pool/ubuntu/{prefix}-{{1..3}}"], create=True, **EACH)
    return daemon, [f"~ci-pool/ubuntu/{prefix}-{number}" for number in (1, 2, 3)]


def assert_made_and_proved(launchpad: Launchpad, ppas: list[str]) -> None:
    """Dirty from its first moment on, then proved; one request made it."""
    for ppa in ppas:
        first = launchpad.control.descriptions(ppa)[0]
        assert state_of(first) is State.DIRTY
        assert_free_was_proved(launchpad, ppa, SETTLE)


def test_ppas_that_are_missing_are_made(tmp_path: Path, launchpad: Launchpad) -> None:
    """With `create` the daemon makes what its list names, and lends it once it is proved clean."""
    daemon, ppas = making(tmp_path, launchpad, "made")
    with running(daemon):
        daemon.start().wait_for_states(free=3)
        assert_made_and_proved(launchpad, ppas)
        assert daemon.assign().status_code == 201


@pytest.mark.parametrize("action", ["hold", "hold_after"])
def test_killed_while_it_makes_ppas(tmp_path: Path, launchpad: Launchpad, action: str) -> None:
    """Made or not made when it was killed: after the restart each is there once and is proved."""
    daemon, ppas = making(tmp_path, launchpad, f"half-{action.replace('_', '-')}")
    before = launchpad.control.last()
    with running(daemon):
        rule = launchpad.control.fault(action, operation="createPPA", skip=1, times=1)
        daemon.start(ready=False)
        until(lambda: any(held["rule"] == rule for held in launchpad.control.held()), "a PPA being made", 20)
        daemon.kill()
        launchpad.control.release(rule=rule, verdict="drop")
        daemon.start().wait_for_states(free=3)
        assert_made_and_proved(launchpad, ppas)
        made = [one for one in launchpad.control.log(since=before, operation="createPPA") if one["result"] == 201]
        assert len(made) == 3


def test_one_that_may_not_be_made_says_why(tmp_path: Path, launchpad: Launchpad) -> None:
    """A member of the team that is not its administrator may not make PPAs."""
    (tmp_path / "launchpad.credentials").write_text(credentials_text(launchpad.control.token("mia")))
    daemon, ppas = making(tmp_path, launchpad, "forbidden")
    with running(daemon):
        daemon.start()
        until(lambda: all("cannot be created" in (ppa["fault"] or "") for ppa in daemon.ppas()), "a fault", 20)
        assert {ppa["condition"] for ppa in daemon.ppas()} == {"missing"}
        until(lambda: all(f"{ppa}: it cannot be created" in daemon.log for ppa in ppas), "it is said", 10)
