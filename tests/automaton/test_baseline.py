"""What a PPA is like between leases: restored, looked at again, and reported where Launchpad will not have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.automaton import baseline, purge, retry, verify
from ppa_assigner.automaton.events import Reconfigured
from ppa_assigner.automaton.requests import AddDependency, Grant, RemoveDependency, Revoke, SetFields, SetProcessors
from ppa_assigner.options import Baseline, PoolOptions, Retry
from ppa_assigner.port import ArchiveSettings, Entry, Unavailable
from ppa_assigner.record import State
from ppa_assigner.views import Condition
from tests.automaton.lab import Runner, World, faults, kind
from tests.memory import Archive, Request

WHOLE = Baseline(("~base/ubuntu/tools",), ("amd64",), False, True, True, "Pool", ("~bot",))
CHANGES = ("Revoke", "RemoveDependency", "AddDependency", "SetProcessors", "SetFields", "Grant", "Delete")


def dirty(baseline: Baseline, *, uploader: str | None = None, **options: Any) -> Runner:
    """A PPA of a pool with this baseline, released just now."""
    given = {"settle": 100.0, "retry": Retry(5.0, 60.0), "max_tries": 3, **options}
    world = World(description="words", options=PoolOptions(**given, baseline=baseline))
    return world.dirty_ppa(uploader=uploader)


def archive(runner: Runner) -> Archive:
    """The PPA."""
    return runner.world.archive


def freed(runner: Runner) -> None:
    """Go on until it is free."""
    runner.until(lambda: runner.known.state is State.FREE)


def changed_by(runner: Runner) -> list[str]:
    """What was changed, in order."""
    return [kind for kind in runner.kinds() if kind in CHANGES]


def tampered(a: Archive) -> None:
    """Somebody made it as it should not be."""
    a.dependencies, a.processors = ["ubuntu", "~x/ubuntu/y"], ["arm64", "riscv64"]
    a.publish, a.build_debug_symbols, a.publish_debug_symbols, a.displayname = True, False, False, "Mine"
    a.uploaders = ["~eve", "~mallory"]


def as_wanted(a: Archive) -> None:
    """It is as WHOLE says."""
    assert (a.dependencies, a.processors, a.uploaders) == (["~base/ubuntu/tools"], ["amd64"], ["~bot"])
    assert (a.publish, a.build_debug_symbols, a.publish_debug_symbols, a.displayname) == (False, True, True, "Pool")


def never_failed(runner: Runner) -> None:
    """No try was ever counted."""
    assert not [record for record in runner.world.launchpad.records(runner.world.ppa) if record.tries]


# -- what is compared --------------------------------------------------------------------------------------------------


def test_only_what_differs_is_changed() -> None:
    """Each part by itself; taking comes before giving."""
    runner = World().free_ppa()
    entry = runner.known.entry
    assert isinstance(entry, Entry)
    known = replace(runner.known, options=PoolOptions(baseline=WHOLE))
    archive_settings = ArchiveSettings(("ubuntu",), ("arm64",), ("~eve",), entry.moment)
    assert baseline.differences(known, entry, archive_settings) == (
        Revoke("~eve"), RemoveDependency("ubuntu"), AddDependency("~base/ubuntu/tools"), SetProcessors(("amd64",)),
        SetFields((("displayname", "Pool"), ("publish", False), ("build_debug_symbols", True),
                   ("publish_debug_symbols", True))),
        Grant("~bot"),
    )  # fmt: skip
    right = ArchiveSettings(("~base/ubuntu/tools",), ("amd64",), ("~bot",), entry.moment)
    fields = {"displayname": "Pool", "publish": False, "build_debug_symbols": True, "publish_debug_symbols": True}
    assert baseline.differences(known, replace(entry, **fields), right) == ()  # type: ignore[arg-type]  # by name
    alone = replace(known, options=PoolOptions())
    assert baseline.differences(alone, entry, archive_settings) == ()


def test_an_empty_list_is_not_the_same_as_none() -> None:
    """It means that there shall be none."""
    runner = World().free_ppa()
    entry = runner.known.entry
    assert isinstance(entry, Entry)
    known = replace(runner.known, options=PoolOptions(baseline=Baseline(dependencies=(), uploaders=(), processors=())))
    archive_settings = ArchiveSettings(("ubuntu",), ("arm64",), ("~eve",), entry.moment)
    assert baseline.differences(known, entry, archive_settings) == (
        Revoke("~eve"),
        RemoveDependency("ubuntu"),
        SetProcessors(()),
    )


# -- restoring ---------------------------------------------------------------------------------------------------------


def test_all_is_restored_after_it_is_empty_and_looked_at_again() -> None:
    """Rights too many go first of all, the baseline comes when nothing is active, and free last."""
    runner = dirty(WHOLE, uploader="~ann")
    tampered(archive(runner))
    archive(runner).uploaders.append("~ann")
    runner.world.launchpad.upload(runner.world.ppa, "hello")
    freed(runner)
    as_wanted(archive(runner))
    assert changed_by(runner) == [
        "Revoke", "Revoke", "Revoke", "Delete", "RemoveDependency", "RemoveDependency", "AddDependency",
        "SetProcessors", "SetFields", "Grant",
    ]  # fmt: skip
    assert runner.kinds().count("ReadSettings") == 3
    assert runner.kinds()[-3:] == ["ReadSettings", "Survey", "Write"]
    assert runner.world.launchpad.record(runner.world.ppa) == runner.known.record
    assert runner.known.text.human == "words"
    assert runner.alarms == []


def test_the_recorded_uploader_stays_if_the_baseline_says_so() -> None:
    """Who may always upload does not lose that for a lease."""
    runner = dirty(Baseline(uploaders=("~ann",)), uploader="~ann")
    freed(runner)
    assert archive(runner).uploaders == ["~ann"]
    assert changed_by(runner) == []


def test_without_a_baseline_nothing_is_asked_for_and_nothing_changed() -> None:
    """A PPA that had no uploader costs two listings."""
    runner = dirty(Baseline())
    tampered(archive(runner))
    runner.look()
    freed(runner)
    assert runner.kinds() == ["Survey", "Write", "Survey", "Write"]
    assert archive(runner).uploaders == ["~eve", "~mallory"]


def test_fields_alone_need_no_look_of_their_own() -> None:
    """The entry shows them, and the write of `free` fails if they changed."""
    runner = dirty(Baseline(displayname="Pool", publish=False))
    tampered(archive(runner))
    runner.look()
    freed(runner)
    assert runner.kinds() == ["Survey", "Read", "SetFields", "Write", "Survey", "Write"]
    assert (archive(runner).displayname, archive(runner).publish) == ("Pool", False)


def test_a_write_of_fields_gives_the_next_write_its_etag() -> None:
    """It is what is known of the PPA from then on."""
    runner = dirty(Baseline(displayname="Pool"))
    tampered(archive(runner))
    runner.look()
    runner.until(lambda: changed_by(runner) == ["SetFields"])
    known, stands = runner.known.entry, runner.world.launchpad.entry_of(runner.world.ppa, 0.0)
    assert known is not None
    assert known == replace(stands, moment=known.moment)


def test_what_was_reported_is_not_reported_again_after_a_failure() -> None:
    """Once in a clean, however often that is begun anew."""
    runner = dirty(Baseline(displayname="Pool"))
    tampered(archive(runner))
    once = faults("refused", of="delete")
    runner.world.launchpad.fault = lambda r: "refused" if r.what == "set_fields" else once(r)
    runner.world.later(50.0, lambda: runner.world.launchpad.upload(runner.world.ppa, "hello"))
    freed(runner)
    assert max(record.tries for record in runner.world.launchpad.records(runner.world.ppa)) == 1
    assert len([alarm for alarm in runner.alarms if "displayname" in alarm]) == 1


@pytest.mark.parametrize("how", ["seen by a look", "unseen"])
@pytest.mark.parametrize("seconds", [50.0, 99.9])
def test_a_field_that_somebody_changes_meanwhile_is_put_right(seconds: float, how: str) -> None:
    """And the window starts anew."""
    runner = dirty(Baseline(displayname="Pool"))

    def meddle() -> None:
        archive(runner).displayname = "Mine"
        if how == "seen by a look":
            runner.look()

    runner.world.later(seconds, meddle)
    began = runner.world.boot
    freed(runner)
    assert archive(runner).displayname == "Pool"
    assert runner.world.boot - began > 150.0


def test_a_field_that_changes_between_the_last_looks_is_put_right() -> None:
    """Seen by a bulk look while the last look at the content is due."""
    runner = dirty(Baseline(displayname="Pool"))

    def meddle(ask: Any) -> None:
        if kind(ask) == "Survey" and archive(runner).displayname == "Pool" and not runner.asked.count("done"):
            runner.asked.append("done")
            archive(runner).displayname = "Mine"
            entry = runner.world.launchpad.look("owner").entries[runner.world.ppa]  # type: ignore[union-attr]  # a look
            runner.known = replace(runner.known, entry=entry)

    runner.until(lambda: archive(runner).displayname == "Pool")
    runner.crash = meddle
    freed(runner)
    assert archive(runner).displayname == "Pool"


@pytest.mark.parametrize("fault", ["lost", "late", "unknown"])
@pytest.mark.parametrize(
    "what", ["add_dependency", "remove_dependency", "set_processors", "set_fields", "grant", "revoke"]
)
def test_a_change_without_an_answer_is_looked_at_anew(what: str, fault: str) -> None:
    """It may have been done: taking away what is not there would be an error.  The window counts from then."""
    runner = dirty(WHOLE)
    tampered(archive(runner))
    runner.world.launchpad.fault = faults(fault, of=what)
    runner.until(lambda: runner.known.clean is not None and runner.known.clean.unanswered == 1)
    began = runner.world.boot
    freed(runner)
    runner.world.launchpad.land()
    as_wanted(archive(runner))
    assert runner.world.boot - began >= 100.0
    never_failed(runner)
    assert runner.alarms == []


def test_a_request_that_was_never_sent_is_just_sent() -> None:
    """Nothing can have been changed by it."""
    runner = dirty(WHOLE)
    tampered(archive(runner))
    runner.world.launchpad.fault = faults(*["down"] * 5, of="add_dependency")
    freed(runner)
    as_wanted(archive(runner))
    assert changed_by(runner).count("AddDependency") == 6
    assert changed_by(runner).count("RemoveDependency") == 2
    never_failed(runner)


def test_a_conflict_on_a_field_is_no_failure() -> None:
    """A person edited something: read, compared and written anew."""
    runner = dirty(Baseline(displayname="Pool"))
    tampered(archive(runner))

    def meddle(ask: Any) -> None:
        if kind(ask) == "SetFields":
            runner.crash = lambda ask: None
            runner.world.launchpad.describe(runner.world.ppa, f"more {archive(runner).description}")

    runner.crash = meddle
    freed(runner)
    assert archive(runner).displayname == "Pool"
    assert runner.known.text.human == "more words"
    assert runner.kinds().count("SetFields") == 2
    assert runner.alarms == []


def test_a_field_of_a_ppa_that_is_gone_is_not_set() -> None:
    """It is missing from then on."""
    runner = dirty(Baseline(displayname="Pool"))
    tampered(archive(runner))
    runner.world.launchpad.fault = faults("gone", of="set_fields")
    runner.until(lambda: runner.known.condition is Condition.MISSING)
    runner.look()
    freed(runner)


def test_a_setting_that_is_never_answered_is_a_failure() -> None:
    """Reads are, and it is not: three times, then it counts."""
    runner = dirty(Baseline(processors=("amd64",)))
    tampered(archive(runner))
    runner.world.launchpad.fault = lambda r: "unknown" if r.what == "set_processors" else None
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    assert runner.world.record.fault == "processors amd64: no answer"
    assert changed_by(runner).count("SetProcessors") == 9


# -- what Launchpad will not have --------------------------------------------------------------------------------------

REFUSED: dict[str, Callable[[Archive], bool]] = {
    "add_dependency": lambda a: a.dependencies == [],
    "remove_dependency": lambda a: a.dependencies == ["ubuntu", "~base/ubuntu/tools", "~x/ubuntu/y"],
    "set_processors": lambda a: a.processors == ["arm64", "riscv64"],
    "grant": lambda a: a.uploaders == [],
    "set_fields": lambda a: a.displayname == "Mine",
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_setting_that_is_refused_is_reported_once_and_left(what: str) -> None:
    """No failure: the PPA is no less empty.  The rest is restored."""
    runner = dirty(WHOLE)
    tampered(archive(runner))
    runner.world.launchpad.fault = lambda r: "refused" if r.what == what else None
    freed(runner)
    assert REFUSED[what](archive(runner))
    assert runner.world.record.tries == 0
    refused = {"remove_dependency": 2, "set_fields": 4}.get(what, 1)
    assert len(runner.alarms) == len(set(runner.alarms)) == refused
    assert all("could not be set as the baseline says: 40" in alarm for alarm in runner.alarms)


def test_of_several_fields_the_one_that_is_refused_is_found() -> None:
    """They are set one by one then."""
    runner = dirty(WHOLE)
    tampered(archive(runner))

    def fault(request: Request) -> str | None:
        return "refused" if request.what == "set_fields" and "publish" in (request.text or "").split(",") else None

    runner.world.launchpad.fault = fault
    freed(runner)
    a = archive(runner)
    assert (a.publish, a.build_debug_symbols, a.publish_debug_symbols, a.displayname) == (True, True, True, "Pool")
    assert runner.alarms == [f"{runner.world.ppa}: publish False could not be set as the baseline says: 401"]


def test_a_right_that_is_refused_to_be_taken_is_a_failure() -> None:
    """Somebody could upload into the next lease."""
    runner = dirty(Baseline(uploaders=()))
    archive(runner).uploaders.append("~eve")
    runner.world.launchpad.fault = lambda r: "refused" if r.what == "revoke" else None
    runner.until(lambda: runner.known.condition is Condition.QUARANTINED)
    assert runner.world.record.fault == "upload right of ~eve: it came back after it was taken away"


def test_what_does_not_take_is_reported_and_left() -> None:
    """A right that a person has through a team is not listed as theirs: said once, not tried for ever."""
    runner = dirty(Baseline(uploaders=("~bot",)))

    def through_a_team(ask: Any) -> None:
        archive(runner).uploaders.clear()

    runner.crash = through_a_team
    freed(runner)
    assert changed_by(runner) == ["Grant", "Grant"]
    assert len(runner.alarms) == 1
    assert "upload right for ~bot" in runner.alarms[0]


@pytest.mark.parametrize("fault", ["refused", "gone", "down"])
def test_belongings_that_cannot_be_seen_are_no_proof(fault: str) -> None:
    """A failure where the PPA itself can be read, or an outage to wait for."""
    runner = dirty(WHOLE)
    runner.world.launchpad.fault = lambda r: fault if r.what == "archive_settings" else None
    runner.pass_time(3000.0)
    assert runner.known.state is State.DIRTY
    expected = {"refused": Condition.QUARANTINED, "gone": Condition.QUARANTINED, "down": Condition.OK}
    assert runner.known.condition is expected[fault]
    cleaning = runner.known.snapshot().cleaning
    assert (cleaning is None) is (fault != "down")  # in quarantine nothing is done
    if cleaning is not None:
        assert cleaning.step == "waiting for Launchpad: down"
        runner.world.launchpad.fault = faults()
        freed(runner)
        as_wanted(archive(runner))


def test_a_baseline_that_comes_during_the_clean_counts() -> None:
    """A reload of the configuration: what is looked at last is as it says then."""
    runner = dirty(Baseline())
    runner.pass_time(50.0)
    runner.give(Reconfigured("default", PoolOptions(settle=100.0, baseline=WHOLE)))
    freed(runner)
    as_wanted(archive(runner))


def test_no_answer_to_nothing() -> None:
    """A change whose clean is over in the meantime changes nothing that is known."""
    from ppa_assigner.automaton.operation import CleanStage, Purging, Verifying

    runner = World().free_ppa()
    now = runner.clock.now()
    assert purge.on_change(runner.known, Purging(Revoke("~x")), Unavailable("x", sent=True), now) == (runner.known, [])
    assert purge.leave_out(runner.known, Grant("~x"), "x") == (runner.known, [])
    content = runner.world.launchpad.content(runner.known.entry)  # type: ignore[arg-type]  # it was seen
    assert verify.on_look(runner.known, Verifying(CleanStage.LAST), content, now) == (runner.known, [])
    bare = replace(runner.known, text=replace(runner.known.text, record=None))
    assert retry.fail(bare, "x", now) == (bare, [])
