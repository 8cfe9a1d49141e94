"""The ways in which content, rights or settings can survive a lease or arrive during a clean: one row each.

Each row arranges one way, from a PPA that is lent to one that is being cleaned, and holds what is special about it.
What must hold of all of them is asserted by the test that walks the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ppa_assigner.record import State, compose, parse
from ppa_assigner.standin.control_client import Rejected

from ..waiting import until
from .proof import record_of
from .stage import BASELINE, SERIES, SETTLE, Scene

WAITING_BUILD, WAITING_UPLOAD = "waiting for a build to end", "waiting for an upload to be published"


@dataclass(frozen=True)
class Way:
    """A row: how it is arranged, in which pool, and whether it was lent before, to whom."""

    arrange: Callable[[Scene], None]
    pool: str = "plain"
    uploader: str | None = None
    lent: bool = True

    def happen(self, scene: Scene) -> None:
        """All of it."""
        if self.lent:
            scene.lend(**({"uploader": self.uploader} if self.uploader else {}))
        self.arrange(scene)


WAYS: dict[str, Way] = {}


def way(
    pool: str = "plain", uploader: str | None = None, lent: bool = True
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """A row of the table."""

    def add(arrange: Callable[[Scene], None]) -> Callable[[Scene], None]:
        WAYS[arrange.__name__] = Way(arrange, pool, uploader, lent)
        return arrange

    return add


# -- what was left by the lease ----------------------------------------------------------------------------------------


@way()
def three_series(scene: Scene) -> None:
    """The same source and its binaries in each series: not one series is forgotten."""
    for series in SERIES:
        scene.upload("hello", series=series, binaries=[{"name": "hello"}, {"name": "hello", "arch": "arm64"}])
    scene.release()


@way()
def binaries_of_a_superseded_source(scene: Scene) -> None:
    """NBS: the newer source no longer makes that binary, so that deleting it leaves the old one published."""
    scene.upload("hello", "1.0", binaries=[{"name": "libhello1"}])
    scene.upload("hello", "2.0", binaries=[{"name": "libhello2"}])
    scene.launchpad.control.run("publisher")
    packages = scene.launchpad.control.packages(scene.ppa)
    assert [source["status"] for source in packages["sources"]] == ["Superseded", "Published"]
    assert [binary["status"] for binary in packages["binaries"]] == ["Published", "Published"]
    scene.release()


@way()
def binaries_copied_to_another_series(scene: Scene) -> None:
    """Their source is in one series only; deleting it takes what is in that one."""
    scene.upload("hello", binaries=[{"name": "hello", "series": ["noble", "jammy"]}])
    scene.release()
    scene.is_freed()
    assert len(scene.requests("requestDeletion")) == 2


@way()
def debug_symbols(scene: Scene) -> None:
    """They go with their binary and are never deleted by themselves, which Launchpad refuses."""
    scene.upload("hello", binaries=[{"name": "hello", "debug": True, "series": ["noble", "jammy"]}])
    scene.release()
    scene.is_freed()
    assert {request["status"] for request in scene.requests("requestDeletion")} == {200}


@way()
def an_architecture_independent_binary(scene: Scene) -> None:
    """It has a publication for each architecture; a deletion takes only the one that it names."""
    scene.upload("hello", binaries=[{"name": "hello-doc", "arch": "all", "series": ["jammy"]}])
    assert len(scene.launchpad.control.packages(scene.ppa)["binaries"]) == 2
    scene.release()
    scene.is_freed()
    assert len([one for one in scene.requests("requestDeletion") if "+binarypub" in one["path"]]) == 2


@way()
def pending_as_well_as_published(scene: Scene) -> None:
    """The publisher has not run yet, and runs in the midst of the clean."""
    rule = scene.fault("hold", operation="requestDeletion", times=1)
    scene.upload("hello", status="Pending", binaries=[{"name": "hello", "status": "Pending"}])
    scene.upload("world")
    scene.release()
    scene.caught(rule)
    scene.launchpad.control.run("publisher")
    scene.let_go(rule)


# -- what is on its way ------------------------------------------------------------------------------------------------


@way()
def an_accepted_upload(scene: Scene) -> None:
    """The next publisher run publishes it though its source is gone; until then it is waited for."""
    scene.upload("hello")
    scene.launchpad.control.accept(scene.ppa, "hello", "1.0", "hello-bin")
    scene.release()
    scene.reaches(WAITING_UPLOAD)
    assert scene.state is State.DIRTY
    scene.launchpad.control.run("publisher")


@way()
def a_late_copy_by_a_member_of_the_team(scene: Scene) -> None:
    """Asked for before the release; nothing shows it until its job runs, at the end of the quiet window."""
    scene.copy_as("mia")
    with scene.held_at_a_look():
        scene.launchpad.control.run("copies")
        assert "tool" in scene.left()


@way(uploader="~ann")
def a_late_copy_by_the_uploader(scene: Scene) -> None:
    """The job looks at rights when it runs: it lands nothing once the right is taken, which is done first."""
    scene.copy_as("ann")
    scene.release()
    scene.asked("deleteComponentUploader")
    scene.launchpad.control.run("copies")
    assert scene.launchpad.control.packages(scene.ppa)["sources"] == []


@way(uploader="~ann")
def an_upload_in_the_queue_without_a_right(scene: Scene) -> None:
    """It is looked at after the right was taken, and refused."""
    scene.release()
    scene.asked("deleteComponentUploader")
    with pytest.raises(Rejected, match="no upload rights"):
        scene.launchpad.control.dput(scene.ppa, "hello", "1.0", signer="ann")


@way()
def an_upload_in_the_queue_with_a_right(scene: Scene) -> None:
    """A member of the team needs no right that could be taken: it lands, with its builds, and is cleaned away."""
    with scene.held_at_a_look():
        scene.launchpad.control.dput(scene.ppa, "hello", "1.0", signer="mia")
    scene.is_freed()
    assert {build["state"] for build in scene.launchpad.control.packages(scene.ppa)["builds"]} == {"Cancelled build"}


@way()
def a_running_build(scene: Scene) -> None:
    """It is cancelled, and waited for until the builder has let go of it."""
    number = scene.launchpad.control.build(scene.ppa, "hello", "1.0", "Currently building")
    scene.release()
    scene.reaches(WAITING_BUILD)
    builds = scene.launchpad.control.packages(scene.ppa)["builds"]
    assert [(build["id"], build["state"]) for build in builds] == [(number, "Cancelling build")]
    scene.launchpad.control.run("builders")


@way()
def a_build_that_cannot_be_cancelled(scene: Scene) -> None:
    """Its binaries are being uploaded: they are accepted, then published, and then deleted."""
    control = scene.launchpad.control
    number = control.build(scene.ppa, "hello", "1.0", "Uploading build")
    scene.release()
    scene.reaches(WAITING_BUILD)
    control.accept(scene.ppa, "hello", "1.0", "hello-bin")
    control.build_state(number, "Successfully built")
    scene.reaches(WAITING_UPLOAD)
    control.run("publisher")
    scene.is_freed()
    assert scene.requests("cancel") == []


@way()
def a_recipe_build(scene: Scene) -> None:
    """No list shows it; what it makes is uploaded in its owner's name, in several series, and begins to build."""
    control = scene.launchpad.control
    with scene.held_at_a_look():
        for series in ("noble", "jammy"):
            control.dput(scene.ppa, "made", f"1.0~{series}1", series=series, signer="ppa-bot")
        control.build_state(control.packages(scene.ppa)["builds"][0]["id"], "Currently building")
    scene.reaches(WAITING_BUILD)
    control.run("builders")


# -- what arrives during the clean -------------------------------------------------------------------------------------


@way()
def an_arrival_during_the_quiet_window(scene: Scene) -> None:
    """It is found by the last look; then the window starts anew, and there is another last look."""
    with scene.held_at_a_look():
        scene.upload("late", binaries=[{"name": "late"}])
    scene.is_freed()
    looks = [one for one in scene.requests("getPublishedSources", method="GET") if "status=Pending" in one["path"]]
    assert len(looks) == 4
    (deletion,) = scene.requests("requestDeletion")
    assert looks[1]["number"] < deletion["number"] < looks[2]["number"]
    assert looks[3]["started"] - deletion["ended"] >= SETTLE - 0.1


@way()
def arrivals_in_a_row(scene: Scene) -> None:
    """Each starts the window anew."""
    rules = [
        scene.fault("hold", r".*getPublishedSources.*status=Pending", method="GET", skip=skip, times=1)
        for skip in (1, 2, 2)  # a rule does not count what another one took
    ]
    scene.release()
    for number, rule in enumerate(rules):
        scene.caught(rule)
        scene.upload(f"late-{number}")
        scene.let_go(rule)


@way()
def an_arrival_between_two_deletions(scene: Scene) -> None:
    """It is in no list that the deletions go by."""
    scene.upload("hello")
    scene.upload("world")
    rule = scene.fault("hold", operation="requestDeletion", skip=1, times=1)
    scene.release()
    scene.caught(rule)
    scene.upload("late", series="jammy")
    scene.let_go(rule)


@way()
def an_arrival_between_two_pages_of_a_look(scene: Scene) -> None:
    """The sources were listed already; its binaries are not yet."""
    rule = scene.fault("hold", r".*getPublishedBinaries.*status=Pending", method="GET", skip=1, times=1)
    scene.release()
    scene.caught(rule)
    scene.upload("late", binaries=[{"name": "late"}])
    scene.let_go(rule)


# -- people ------------------------------------------------------------------------------------------------------------


@way()
def a_person_edits_the_description(scene: Scene) -> None:
    """Their words are kept; what was to be written over them is refused, and all is looked at anew."""
    with scene.held_at_a_look():
        record = parse(scene.launchpad.control.description(scene.ppa)).record
        assert record is not None
        scene.launchpad.control.describe(scene.ppa, compose("New words.", record))
    scene.is_freed()
    assert parse(scene.launchpad.control.description(scene.ppa)).human == "New words."
    refused = [request for request in scene.requests(method="PATCH") if request["status"] == 412]
    assert len(refused) == 1


@way()
def a_person_brings_the_ended_lease_back(scene: Scene) -> None:
    """An old web form writes the old text: it is dirty again at once, and that lease is never alive."""
    old = scene.launchpad.control.description(scene.ppa)
    with scene.held_at_a_look():
        scene.launchpad.control.describe(scene.ppa, old)
    scene.is_freed()
    history = scene.launchpad.control.descriptions(scene.ppa)
    stale = max(number for number, entry in enumerate(history) if entry["by"] is None)
    brought, restored = record_of(history[stale]), record_of(history[stale + 1])
    assert brought is not None
    assert restored is not None
    assert (brought.state, restored.state) == (State.USED, State.DIRTY)
    assert restored.serial > brought.serial + 1
    assert scene.daemon.http.post(f"/v1/leases/{scene.lease['id']}/touch").status_code in (404, 410)


@way()
def a_person_empties_the_description(scene: Scene) -> None:
    """The daemon that knows its record writes it back; it is no stranger's PPA now."""
    scene.upload("hello")
    rule = scene.fault("hold", operation="requestDeletion", times=1)
    scene.release()
    scene.caught(rule)
    scene.launchpad.control.describe(scene.ppa, "")
    scene.let_go(rule)


# -- rights ------------------------------------------------------------------------------------------------------------


@way(uploader="~ann")
def an_uploader(scene: Scene) -> None:
    """Granted before the lease was told; taken before anything else."""
    assert scene.launchpad.control.ppa(scene.ppa)["uploaders"] == ["ann"]
    scene.launchpad.control.dput(scene.ppa, "hello", "1.0", signer="ann")
    scene.release()
    scene.is_freed()
    changes = [request["operation"] for request in scene.requests(method="POST")]
    assert changes[0] == "deleteComponentUploader"
    assert set(changes[1:]) == {"cancel", "requestDeletion"}


@way(lent=False)
def a_grant_that_lands_late(scene: Scene) -> None:
    """Its answer was lost, the next one was answered; it lands after the right was taken, and is seen and taken."""
    rule = scene.fault("late", operation="newComponentUploader", times=1)
    wish = {"pool": scene.pool, "ppa": scene.ppa, "uploader": "~ann"}
    assert scene.daemon.assign("late-grant", **wish).status_code == 503
    answer = scene.daemon.assign("late-grant", attempt=1, **wish)
    assert answer.status_code in (200, 201)
    scene.lease = answer.json()
    hold = scene.fault("hold", r"/dependencies", method="GET", times=1)
    scene.release()
    scene.caught(hold)
    assert scene.launchpad.control.ppa(scene.ppa)["uploaders"] == []
    scene.let_go(rule)
    until(lambda: scene.launchpad.control.ppa(scene.ppa)["uploaders"] == ["ann"], "the late grant")
    scene.let_go(hold)
    scene.is_freed()
    assert len(scene.requests("deleteComponentUploader")) == 2


# -- Launchpad fails ---------------------------------------------------------------------------------------------------


@way()
def a_deletion_whose_answer_is_lost(scene: Scene) -> None:
    """Once it was applied, once not; once it lands later than its repetition."""
    for name in ("one", "two", "three"):
        scene.upload(name)
    scene.fault("drop_after", operation="requestDeletion", times=1)
    scene.fault("drop_before", operation="requestDeletion", skip=1, times=1)
    scene.fault("late", operation="requestDeletion", skip=1, times=1, seconds=0.3)
    scene.release()


@way()
def an_outage(scene: Scene) -> None:
    """Nothing is answered for a while: nothing is concluded from that."""
    scene.upload("hello")
    rule = scene.fault("status", method="GET", status=503)
    scene.release()
    until(lambda: scene.requests(status=503), "a look that failed", 20)
    assert scene.state is State.DIRTY
    scene.launchpad.control.unfault(rule)


@way()
def a_package_that_cannot_be_deleted(scene: Scene) -> None:
    """500 for ever: all others go, the fault names it, then quarantine; another PPA is cleaned meanwhile.  Resumed
    once it can be, it is cleaned to the end."""
    for name in ("a-bad", "b-good", "c-good"):
        scene.upload(name)
    bad = scene.launchpad.control.packages(scene.ppa)["sources"][0]["id"]
    rule = scene.fault("status", rf"/\+sourcepub/{bad}$", operation="requestDeletion", status=500)
    scene.release()
    scene.becomes("quarantined")
    assert scene.left() == ["a-bad"]
    assert scene.shown["tries"] == 2
    assert scene.shown["fault"].startswith("a-bad 1.0 in noble: ")
    scene.launchpad.control.unfault(rule)
    scene.resume()


@way()
def a_ppa_that_is_disabled(scene: Scene) -> None:
    """Nobody can delete there: it says so, and what to do, and is not a failure; enabled it is cleaned from the next
    look on, for which nobody waits here until it is due."""
    scene.upload("hello")
    scene.launchpad.control.settings(scene.ppa, enabled=False)
    scene.release()
    scene.becomes("disabled")
    assert scene.left() == ["hello"]
    assert "enable it on its +edit page" in scene.shown["fault"]
    assert scene.shown["tries"] == 0
    scene.launchpad.control.settings(scene.ppa, enabled=True)
    scene.is_looked_at()


# -- settings ----------------------------------------------------------------------------------------------------------


@way(pool="baseline", uploader="~ann")
def settings_that_the_lessee_changed(scene: Scene) -> None:
    """Dependencies, processors, flags, title and uploaders are as the baseline says before it is free."""
    _change_settings(scene)
    scene.release()
    scene.is_freed()
    after = scene.launchpad.control.ppa(scene.ppa)
    assert after | BASELINE == after | {"uploaders": ["~keeper"]}


@way(pool="baseline")
def a_setting_that_is_refused(scene: Scene) -> None:
    """Said once; the PPA is no less empty, and all other settings are restored."""
    _change_settings(scene)
    scene.fault("status", operation="setProcessors", status=400, text="No.")
    scene.release()
    scene.is_freed()
    after = scene.launchpad.control.ppa(scene.ppa)
    assert (after["processors"], after["displayname"], after["publish"]) == (["arm64"], "Pool", True)
    said = [line for line in scene.daemon.log.splitlines() if scene.ppa in line and "processors amd64" in line]
    assert len(said) == 1, said


def _change_settings(scene: Scene) -> None:
    scene.launchpad.control.settings(scene.ppa, publish=False, displayname="Mine", build_debug_symbols=True)
    scene.launchpad.control.uploader(scene.ppa, "stranger")
    scene.as_("mia", "setProcessors", processors=f'["{scene.url("+processors/arm64")}"]')
    other = scene.url("debian/+archive/primary")
    scene.as_("mia", "addArchiveDependency", dependency=other, pocket="Release", component="main")


# -- stricter proofs ---------------------------------------------------------------------------------------------------


@way(pool="index")
def what_the_indexes_still_name(scene: Scene) -> None:
    """Deleted packages stay in the indexes that apt reads until the publisher has run."""
    _published_in_three_series(scene)
    scene.release()
    scene.reaches("waiting for the indexes: ")
    assert scene.left() == []
    assert scene.state is State.DIRTY
    scene.launchpad.control.run("publisher")


@way(pool="disk")
def what_is_not_removed_from_the_disk(scene: Scene) -> None:
    """Files stay until the publisher has run, and the death row after it."""
    _published_in_three_series(scene)
    scene.release()
    scene.reaches("waiting for the disk: ")
    scene.launchpad.control.run("publisher")
    scene.reaches("waiting for the disk: ")
    assert scene.state is State.DIRTY
    scene.launchpad.control.run("death_row")


@way(pool="index")
def an_arrival_while_the_indexes_are_waited_for(scene: Scene) -> None:
    """The content is looked at again and again meanwhile."""
    _published_in_three_series(scene)
    scene.release()
    scene.reaches("waiting for the indexes: ")
    scene.upload("late", binaries=[{"name": "late"}])
    until(lambda: scene.left() == [], "the late one is deleted", 20)
    scene.launchpad.control.run("publisher")


def _published_in_three_series(scene: Scene) -> None:
    for series in SERIES:
        scene.upload("hello", series=series, binaries=[{"name": "hello", "arch": "all"}])
    scene.launchpad.control.run("publisher")
