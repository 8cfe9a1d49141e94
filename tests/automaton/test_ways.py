"""Every way in which content or settings can survive a clean or arrive during it: in none does `free` stand too early.

Each row arranges one way.  As `free` lands, the world is looked at, not what the daemon believes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.options import Baseline, PoolOptions, Proof, Retry
from ppa_assigner.port import Build
from ppa_assigner.record import State, compose, parse
from ppa_assigner.views import Condition
from tests.automaton.lab import World, changed, kind
from tests.memory import Item, Request

SETTLE = 100.0
BASELINE = Baseline(
    dependencies=("~base/ubuntu/tools",), processors=("amd64",), publish=True, build_debug_symbols=True,
    publish_debug_symbols=True, displayname="Pool", uploaders=("~bot",),
)  # fmt: skip


class Scene:
    """A PPA that was lent to ~ann and has just been released; things happen to it while it is cleaned."""

    def __init__(self, **options: Any) -> None:
        options = {"settle": SETTLE, "max_tries": 3, "retry": Retry(5.0, 60.0), "grant_upload": True, **options}
        self.world = World(description="words", options=replace(PoolOptions(), **options))
        self.landed: list[float] = []
        self.too_early: list[str] = []
        self.runner = self.world.dirty_ppa(uploader="~ann")
        self.last_change = self.world.boot
        self.archive = self.world.archive
        self._watch()

    def upload(self, name: str, **how: Any) -> Item:
        """A publication comes to be; the indexes name it at once."""
        item = self.world.launchpad.upload(self.world.ppa, name, **how)
        self.archive.indexed.append(name)
        return item

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """That happens then."""
        self.world.later(seconds, act)

    def free(self, ticks: int = 3000) -> None:
        """Go on until it is free."""
        self.runner.until(lambda: self.runner.known.state is State.FREE, ticks=ticks)
        assert self.landed

    def never_free(self, seconds: float = 20_000.0) -> None:
        """However long one waits."""
        end = self.world.boot + seconds
        while self.world.boot < end:
            self.runner.pass_time(60.0)
            self.runner.look()
        assert not self.landed

    def _watch(self) -> None:
        swap = self.world.launchpad.swap

        def watched(ppa: Any, entry: Any, change: Callable[[], None], started: float) -> Any:
            before = parse(self.archive.description).record
            answer = swap(ppa, entry, change, started)
            after = parse(self.archive.description).record
            freed = before and after and (before.state, after.state) == (State.DIRTY, State.FREE)
            if freed and self.archive.status == "Active":  # any other takes no lease, whatever its text says
                self.landed.append(self.world.boot)
                self.too_early += self.left_over()
            return answer

        vars(self.world.launchpad)["swap"] = watched  # to see the world as each write lands

    def left_over(self) -> list[str]:
        """What must not be there when it is free."""
        archive, options = self.archive, self.world.options
        left = [item.publication.name for item in archive.items if item.active]
        left += [build.title for build in archive.builds] + archive.uploads
        left += [who for who in archive.uploaders if who not in (options.baseline.uploaders or ())]
        left += archive.indexed if options.proof is not Proof.ACTIVE else []
        left += [i.publication.name for i in archive.items if not i.removed] if options.proof is Proof.DISK else []
        return left


WAYS: dict[str, Callable[[Scene], None]] = {}


def way(arrange: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """A row of the table."""
    WAYS[arrange.__name__] = arrange
    return arrange


@way
def three_series(scene: Scene) -> None:
    """The same source in three series, with binaries."""
    for series in ("focal", "jammy", "noble"):
        scene.upload("hello", where=series)
        scene.upload("hello", binary=True, where=f"{series} amd64")


@way
def more_than_a_page(scene: Scene) -> None:
    """Over three hundred."""
    for number in range(320):
        scene.upload(f"source-{number}")


@way
def binaries_without_their_source(scene: Scene) -> None:
    """NBS; an architecture-independent one has a publication per architecture, each deleted by itself."""
    for architecture in ("amd64", "arm64", "riscv64"):
        scene.upload("hello-common", binary=True, where=f"noble {architecture}")


@way
def debug_symbols(scene: Scene) -> None:
    """They go with the binary that they belong to, and later than it."""
    binary = scene.upload("hello", binary=True)
    symbols = scene.upload("hello-dbgsym", binary=True, debug=True)

    def follow(ask: Any) -> None:
        if not binary.active:
            symbols.active = False

    scene.runner.crash = follow


@way
def an_accepted_upload(scene: Scene) -> None:
    """It is published at the publisher's next turn, though its source is gone."""
    scene.archive.uploads.append("hello 1")

    def publish() -> None:
        scene.archive.uploads.clear()
        scene.upload("hello", binary=True)

    scene.later(250.0, publish)


@way
def a_late_copy(scene: Scene) -> None:
    """A copy lands minutes after it was asked for, during the quiet window."""
    scene.later(60.0, lambda: scene.upload("copied"))


@way
def a_copy_at_the_end_of_the_window(scene: Scene) -> None:
    """Just before the last look."""
    scene.later(SETTLE - 1.0, lambda: scene.upload("copied", binary=True))


@way
def a_late_upload_with_rights(scene: Scene) -> None:
    """It waited in the queue; rights are checked when its turn comes, and those of the owner cannot be taken."""
    scene.later(30.0, lambda: scene.upload("late"))
    scene.later(120.0, lambda: scene.upload("later"))


@way
def a_late_upload_without_rights(scene: Scene) -> None:
    """The right was taken first of all, so its turn finds none."""

    def turn() -> None:
        if "~ann" in scene.archive.uploaders:
            scene.upload("late")

    scene.later(0.2, turn)
    scene.later(5.0, turn)


@way
def a_late_grant(scene: Scene) -> None:
    """A grant of before the release lands after the right was taken, and something is uploaded by it."""
    scene.later(40.0, lambda: scene.archive.uploaders.append("~ann"))
    scene.later(70.0, lambda: scene.upload("by-ann"))


@way
def a_late_grant_in_the_last_moment(scene: Scene) -> None:
    """It is seen by the look at the rights after the quiet window."""
    scene.later(SETTLE - 1.0, lambda: scene.archive.uploaders.append("~ann"))


@way
def a_running_build(scene: Scene) -> None:
    """Cancelled; the builder takes a while."""
    scene.upload("hello")
    scene.archive.builds.append(Build("b:1", "amd64 build of hello", "Building", True))
    cancel = scene.world.launchpad.cancel

    def slowly(build: Build, not_after: float) -> Any:
        answer = cancel(build, not_after)
        scene.archive.builds.append(replace(build, state="Cancelling build", cancellable=False))
        scene.later(200.0, scene.archive.builds.clear)
        return answer

    vars(scene.world.launchpad)["cancel"] = slowly


@way
def a_build_that_cannot_be_cancelled(scene: Scene) -> None:
    """It uploads its binaries in the end."""
    scene.archive.builds.append(Build("b:1", "amd64 build of hello", "Uploading build", False))

    def end() -> None:
        scene.archive.builds.clear()
        scene.upload("hello", binary=True)

    scene.later(400.0, end)


@way
def a_build_whose_binaries_come_later(scene: Scene) -> None:
    """Between the end of a build and the publication there is an accepted upload."""
    scene.archive.builds.append(Build("b:1", "amd64 build of hello", "Uploading build", False))

    def end() -> None:
        scene.archive.builds.clear()
        scene.archive.uploads.append("hello 1")

    def publish() -> None:
        scene.archive.uploads.clear()
        scene.upload("hello", binary=True)

    scene.later(50.0, end)
    scene.later(170.0, publish)


@way
def one_arrival_after_another(scene: Scene) -> None:
    """Each starts the window anew."""
    for number in range(12):
        scene.later(90.0 * number, lambda number=number: scene.upload(f"source-{number}"))  # type: ignore[misc]  # bound


@way
def a_person_edits_the_description(scene: Scene) -> None:
    """Each edit makes the next write fail."""

    def edit() -> None:
        scene.world.launchpad.describe(scene.world.ppa, f"new {scene.archive.description}")

    for seconds in (5.0, 95.0, SETTLE + 0.5):
        scene.later(seconds, edit)
    scene.upload("hello")


@way
def a_deletion_that_lands_late(scene: Scene) -> None:
    """Its answer was lost."""
    scene.upload("hello")
    script = ["late"]
    scene.world.launchpad.fault = lambda r: script.pop() if script and r.what == "delete" else None
    scene.later(60.0, scene.world.launchpad.land)


@way
def an_outage(scene: Scene) -> None:
    """In the midst of it."""
    for number in range(5):
        scene.upload(f"source-{number}")
    scene.later(0.3, lambda: setattr(scene.world.launchpad, "fault", lambda request: "down"))
    scene.later(500.0, lambda: setattr(scene.world.launchpad, "fault", lambda request: None))


@way
def another_daemon(scene: Scene) -> None:
    """Two of them see it dirty; one cleans, the other may take over when that one falls silent."""
    other = scene.world.start("other")
    other.look()
    scene.upload("hello")
    scene.later(20.0, other.look)
    scene.later(200.0, lambda: scene.upload("late"))


@pytest.mark.parametrize("proof", Proof)
@pytest.mark.parametrize("baseline", [Baseline(), BASELINE], ids=["left alone", "baseline"])
@pytest.mark.parametrize("name", WAYS)
def test_it_is_free_only_when_all_is_gone(name: str, baseline: Baseline, proof: Proof) -> None:
    """I2, whatever happens meanwhile, with each proof, and with settings to restore or without."""
    scene = Scene(proof=proof, baseline=baseline)
    scene.archive.dependencies.append("~left/ubuntu/over")
    WAYS[name](scene)
    publish_now_and_then(scene)
    scene.free()
    assert scene.too_early == []
    assert scene.runner.known.record == scene.world.record
    assert scene.world.record.tries == 0
    if baseline is BASELINE:
        assert settings_of(scene) == BASELINE
    else:
        assert scene.archive.dependencies == ["~left/ubuntu/over"]


def publish_now_and_then(scene: Scene) -> None:
    """The publisher brings the indexes up to date each minute or so, the death row empties the disk each hour."""

    def publish() -> None:
        scene.archive.indexed = [item.publication.name for item in scene.archive.items if item.active]
        scene.later(70.0, publish)

    def bury() -> None:
        for item in scene.archive.items:
            item.removed = not item.active
        scene.later(3600.0, bury)

    publish()
    scene.later(1800.0, bury)


def settings_of(scene: Scene) -> Baseline:
    """As the PPA stands."""
    a = scene.archive
    return Baseline(
        tuple(a.dependencies), tuple(a.processors), a.publish, a.build_debug_symbols, a.publish_debug_symbols,
        a.displayname, tuple(a.uploaders),
    )  # fmt: skip


# -- what cannot be cleaned --------------------------------------------------------------------------------------------


def test_a_package_that_cannot_be_deleted_is_a_failure_and_the_rest_goes() -> None:
    """500 on one for ever: it is tried last, told by name, and ends in quarantine."""
    scene = Scene()
    sticky = scene.upload("a-sticky")
    rest = [scene.upload(f"source-{number}") for number in range(3)]

    def fault(request: Request) -> str | None:
        return "unknown" if request.what == "delete" and request.text == "a-sticky" else None

    scene.world.launchpad.fault = fault
    scene.runner.until(lambda: scene.runner.known.condition is Condition.QUARANTINED)
    assert sticky.active
    assert not any(item.active for item in rest)
    assert scene.world.record.fault == "a-sticky 1 in noble: no answer"
    scene.never_free()


def test_a_ppa_that_was_disabled_is_a_failure() -> None:
    """Nobody can delete there; what is waiting is published all the same."""
    scene = Scene()
    scene.upload("hello")
    scene.world.launchpad.fault = lambda r: "refused" if r.what in ("delete", "cancel", "revoke", "grant") else None
    scene.never_free()
    assert scene.runner.known.condition is Condition.QUARANTINED
    assert "hello" in (scene.world.record.fault or "")


@pytest.mark.parametrize("status", ["Deleting", "Deleted"])
@pytest.mark.parametrize("seconds", [0.1, 0.3, 50.0, SETTLE - 0.5])
def test_a_ppa_that_is_deleted_meanwhile_is_missing(seconds: float, status: str) -> None:
    """A write there is still answered 209, and is none."""
    scene = Scene()
    scene.upload("hello")
    scene.later(seconds, lambda: setattr(scene.archive, "status", status))
    scene.never_free(2000.0)
    assert scene.runner.known.condition is Condition.MISSING


def test_an_upload_right_that_comes_back_again_and_again_is_a_failure() -> None:
    """Somebody gives it each time it is taken."""
    scene = Scene()

    def give(ask: Any) -> None:
        if kind(ask) == "ReadSettings":
            scene.archive.uploaders = ["~ann"]

    scene.runner.crash = give
    scene.never_free()
    assert scene.runner.known.condition is Condition.QUARANTINED
    assert scene.world.record.fault == "upload right of ~ann: it came back after it was taken away"


def test_what_is_deleted_and_is_there_again_is_a_failure() -> None:
    """Though its deletion was answered: the next look is believed, and names it."""
    scene = Scene()
    item = scene.upload("hello", where="noble amd64")

    def stand_again(ask: Any) -> None:
        item.active = True

    scene.runner.crash = stand_again
    scene.never_free()
    assert scene.world.record.fault == "hello 1 in noble amd64: still there after it was deleted"


def test_a_build_that_never_ends_is_waited_for_and_named() -> None:
    """No failure: it is said what is waited for, and the cleaner is touched."""
    scene = Scene()
    scene.archive.builds.append(Build("b:1", "amd64 build of hello", "Uploading build", False))
    scene.never_free(3000.0)
    cleaning = scene.runner.known.snapshot().cleaning
    assert cleaning is not None
    assert cleaning.step == "waiting for a build to end: amd64 build of hello"
    assert scene.world.record.tries == 0


def test_arrivals_in_a_free_ppa_are_found_before_it_is_lent() -> None:
    """By the look before each lease; then it is cleaned like any other."""
    scene = Scene(verify_age=0.0)
    scene.free()
    late = scene.upload("stray", binary=True)
    from tests.automaton.lab import assign

    outcome = scene.runner.order(assign(lease="lease-2"))
    assert "LOST" in repr(outcome)
    scene.free()
    assert not late.active
    assert scene.too_early == []


def test_a_daemon_that_wakes_up_while_another_cleans_changes_nothing() -> None:
    """Its list is of before; the fence shows it another cleaner."""
    scene = Scene()
    scene.upload("hello")
    scene.runner.until(lambda: bool(scene.runner.known.clean and scene.runner.known.clean.todo))
    record = changed(scene.world.record, cleaner="other/1-x", touched=scene.runner.clock.now().date)
    scene.world.launchpad.describe(scene.world.ppa, compose("words", record))
    scene.runner.forget_the_past()
    scene.runner.pass_time(200.0)
    assert set(scene.runner.kinds()) <= {"Read"}
