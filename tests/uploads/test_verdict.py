"""What uploads that were seen mean: every rule of docs/explanation/uploads.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ppa_assigner.publications import SourcePublication, TakenSpace
from ppa_assigner.uploads.model import (
    ANY_SOURCE,
    Goal,
    NamedSource,
    Observed,
    Overdue,
    SourceState,
    Wanted,
)
from ppa_assigner.uploads.verdict import BUILDS, BuildStage, judge, lost_builder

from .seen import (
    BOTH,
    DONE,
    FINAL,
    GOING,
    HELLO,
    LIBFOO,
    NOW,
    PUBLISHED,
    SINCE,
    WAITING,
    binary,
    build,
    failed,
    not_yet,
    observed,
    state,
)

# -- what counts --------------------------------------------------------------------------------------------------


def test_a_source_that_was_there_before_the_lease_does_not_count() -> None:
    """Its name was used by an earlier lease."""
    report = judge(PUBLISHED, observed({HELLO: [build(HELLO, "amd64", DONE)]}, created=SINCE - timedelta(seconds=1)))
    assert not_yet(report)
    assert state(report) is SourceState.ABSENT


def test_another_version_does_not_count() -> None:
    """1.0 is waited for, and 1.1 is there."""
    other = NamedSource("hello", "1.1")
    seen = observed({other: [build(other, "amd64", DONE)]}, [binary(other, "amd64")])
    assert not_yet(judge(PUBLISHED, seen))


def test_what_was_not_named_does_not_count() -> None:
    """A failure of another source is not this one's."""
    seen = observed({LIBFOO: [build(LIBFOO, "amd64", FINAL[0])], HELLO: [build(HELLO, "amd64", GOING)]})
    report = judge(PUBLISHED, seen)
    assert not_yet(report)
    assert [one.name for one in report.sources] == ["hello"]


def test_without_names_there_must_be_one() -> None:
    """An empty PPA has not reached anything."""
    assert not_yet(judge(Wanted(Goal.ACCEPTED), observed({})))
    assert judge(Wanted(Goal.ACCEPTED), observed({HELLO: []})).reached


def test_without_names_all_count_that_are_active() -> None:
    """The old version of a source that was uploaded twice is superseded, and nobody waits for it."""
    new = replace(HELLO, version="1.1")
    seen = observed({new: [build(new, "amd64", DONE)]}, [binary(new, "amd64")])
    old = SourcePublication(99, "hello", "1.0", "noble", "Superseded", SINCE)
    assert judge(Wanted(Goal.PUBLISHED), replace(seen, sources=(*seen.sources, old))).reached
    second = SourcePublication(98, "libfoo", "3", "noble", "Pending", SINCE)
    assert not_yet(judge(Wanted(Goal.PUBLISHED), replace(seen, sources=(*seen.sources, second))))


# -- builds -------------------------------------------------------------------------------------------------------


def test_no_builds_yet_is_not_yet() -> None:
    """Launchpad makes them a moment after it accepted the source."""
    report = judge(PUBLISHED, observed({HELLO: []}))
    assert not_yet(report)
    assert state(report) is SourceState.ACCEPTED


@pytest.mark.parametrize("final", FINAL)
def test_these_states_of_a_build_are_final(final: str) -> None:
    """One of them fails the source, whatever the others do, and tells the log."""
    report = judge(PUBLISHED, observed({HELLO: [build(HELLO, "amd64", GOING), build(HELLO, "arm64", final)]}))
    assert failed(report)
    assert state(report) is SourceState.FAILED
    assert "https://log.example/hello/arm64" in report.why
    assert final in report.why


@pytest.mark.parametrize(
    "going", [state for state, means in BUILDS.items() if means is BuildStage.GOING] + ["New word"]
)
def test_these_states_of_a_build_are_not_final(going: str) -> None:
    """Also one that Launchpad will have some day."""
    report = judge(PUBLISHED, observed({HELLO: [build(HELLO, "amd64", going)]}))
    assert not_yet(report)
    assert state(report) is SourceState.BUILDING


def test_a_failure_for_an_architecture_that_nobody_wants_is_none() -> None:
    """`arch` names those that count."""
    builds = {HELLO: [build(HELLO, "amd64", DONE), build(HELLO, "riscv64", FINAL[0])]}
    seen = observed(builds, [binary(HELLO, "amd64")])
    assert judge(replace(PUBLISHED, arches=("amd64",)), seen).reached
    assert failed(judge(PUBLISHED, seen))


# -- publication --------------------------------------------------------------------------------------------------


def test_published_is_a_published_binary_for_every_architecture_that_it_has_builds_for() -> None:
    """One that is missing, or still Pending, is not yet."""
    builds = {HELLO: [build(HELLO, "amd64", DONE), build(HELLO, "arm64", DONE)]}
    amd64, arm64 = binary(HELLO, "amd64"), binary(HELLO, "arm64")
    assert not_yet(judge(PUBLISHED, observed(builds, [amd64])))
    assert not_yet(judge(PUBLISHED, observed(builds, [amd64, replace(arm64, status="Pending")])))
    assert judge(PUBLISHED, observed(builds, [amd64, arm64])).reached


def test_a_row_of_an_independent_package_does_not_stand_for_the_build_of_that_architecture() -> None:
    """The packages for all architectures are published there before those of its own build."""
    builds = {HELLO: [build(HELLO, "amd64", DONE), build(HELLO, "arm64", DONE)]}
    of_amd64 = [binary(HELLO, "amd64"), binary(HELLO, "amd64", name="hello-doc")]
    independent = binary(HELLO, "arm64", by="amd64", name="hello-doc")
    assert not_yet(judge(PUBLISHED, observed(builds, [*of_amd64, independent])))
    assert judge(PUBLISHED, observed(builds, [*of_amd64, independent, binary(HELLO, "arm64")])).reached


def test_an_independent_package_has_a_row_for_each_architecture() -> None:
    """It is built for one only, and wanted for another."""
    wanted = replace(PUBLISHED, arches=("arm64",))
    builds = {HELLO: [build(HELLO, "amd64", DONE)]}
    assert not_yet(judge(wanted, observed(builds, [binary(HELLO, "amd64")])))
    assert judge(wanted, observed(builds, [binary(HELLO, "arm64", by="amd64")])).reached
    assert not_yet(judge(wanted, observed({HELLO: [build(HELLO, "amd64", GOING)]})))
    assert failed(judge(wanted, observed({HELLO: [build(HELLO, "amd64", FINAL[0])]})))


def test_an_architecture_without_a_build_does_not_want_the_builds_of_all_others() -> None:
    """What is published for both is enough, though a third was built too."""
    wanted = replace(PUBLISHED, arches=("amd64", "riscv64"))
    builds = {HELLO: [build(HELLO, "amd64", DONE), build(HELLO, "arm64", DONE)]}
    assert judge(wanted, observed(builds, [binary(HELLO, "amd64"), binary(HELLO, "riscv64", by="amd64")])).reached


@pytest.mark.parametrize("made_by", ["{}", "{}/", "https://api.launchpad.example/1.0/elsewhere/{}"])
def test_a_build_is_the_same_however_its_address_is_written(made_by: str) -> None:
    """By the last part of it."""
    amd64, arm64 = (replace(build(HELLO, arch, DONE), url=f"https://h/x/y/{arch}/") for arch in ("amd64", "arm64"))
    binaries = [
        replace(
            binary(HELLO, one.arch), build=made_by.format(one.arch if "else" in made_by else f"https://h/{one.arch}")
        )
        for one in (amd64, arm64)
    ]
    assert judge(PUBLISHED, observed({HELLO: [amd64, arm64]}, binaries)).reached
    other = [binaries[0], replace(binaries[1], build=binaries[0].build)]
    assert not_yet(judge(PUBLISHED, observed({HELLO: [amd64, arm64]}, other)))


def test_each_series_has_builds_and_binaries_of_its_own() -> None:
    """A source that is in two is two."""
    seen = observed({HELLO: [build(HELLO, "amd64", DONE)]}, [binary(HELLO, "amd64")])
    jammy = replace(seen.sources[0], number=2, series="jammy")
    seen = replace(seen, sources=(*seen.sources, jammy), builds={1: seen.builds[1], 2: seen.builds[1]})
    report = judge(PUBLISHED, seen)
    found = [(one.series, one.state.value, [each.series for each in one.binaries]) for one in report.sources]
    assert found == [("jammy", "built", []), ("noble", "published", ["noble"])]
    assert not_yet(report)


def test_debug_symbols_do_not_count() -> None:
    """They are in an index of their own, or in none."""
    debug = replace(binary(HELLO, "amd64", name="hello-dbgsym", status="Pending"), debug=True)
    builds = {HELLO: [build(HELLO, "amd64", DONE)]}
    assert judge(PUBLISHED, observed(builds, [binary(HELLO, "amd64"), debug])).reached
    assert not_yet(judge(PUBLISHED, observed(builds, [replace(debug, status="Published")])))


def test_what_was_copied_with_its_binaries_needs_no_builds() -> None:
    """It has none in this PPA."""
    seen = observed({HELLO: []}, [binary(HELLO, "amd64")])
    assert judge(PUBLISHED, seen).reached


@pytest.mark.parametrize("goal", [Goal.BUILT, Goal.PUBLISHED, Goal.INSTALLABLE])
def test_what_was_copied_for_one_architecture_is_not_built_for_another(goal: Goal) -> None:
    """Its build has not been made yet."""
    seen = observed({HELLO: []}, [binary(HELLO, "amd64")], indexed=[binary(HELLO, "amd64")])
    report = judge(replace(PUBLISHED, goal=goal, arches=("amd64", "arm64")), seen)
    assert not_yet(report)
    assert report.why == "hello 1.0 has no builds yet"


@pytest.mark.parametrize("status", ["Superseded", "Deleted", "Obsolete"])
def test_a_source_that_was_withdrawn_is_not_published(status: str) -> None:
    """Deleted or superseded; that it was accepted remains true."""
    seen = observed({HELLO: [build(HELLO, "amd64", DONE)]}, [binary(HELLO, "amd64")], status=status)
    assert failed(judge(PUBLISHED, seen))
    assert status.lower() in judge(PUBLISHED, seen).why
    assert judge(replace(PUBLISHED, goal=Goal.ACCEPTED), seen).reached


def test_installable_is_in_the_index_of_each_architecture() -> None:
    """Published and not in the index yet is not installable."""
    wanted = replace(PUBLISHED, goal=Goal.INSTALLABLE)
    builds = {HELLO: [build(HELLO, "amd64", DONE), build(HELLO, "arm64", DONE)]}
    rows = [binary(HELLO, "amd64"), binary(HELLO, "arm64")]
    report = judge(wanted, observed(builds, rows, indexed=rows[:1]))
    assert not_yet(report)
    assert state(report) is SourceState.PUBLISHED
    assert "arm64" in report.why
    report = judge(wanted, observed(builds, rows, indexed=rows))
    assert report.reached
    assert report.final
    assert state(report) is SourceState.INSTALLABLE


# -- what does not appear -----------------------------------------------------------------------------------------


def test_what_did_not_appear_in_time_is_lost_or_where_it_can_be_proved_rejected() -> None:
    """It is over for it; what did appear is not concerned."""
    lost = judge(PUBLISHED, observed({}, overdue={HELLO: Overdue()}))
    assert failed(lost)
    assert state(lost) is SourceState.LOST
    assert "signature" in lost.why
    rejected = judge(PUBLISHED, observed({}, overdue={HELLO: Overdue("this PPA had that version before")}))
    assert failed(rejected)
    assert state(rejected) is SourceState.REJECTED
    assert "before" in rejected.why
    assert not_yet(judge(PUBLISHED, observed({HELLO: []}, overdue={HELLO: Overdue()})))


@pytest.mark.parametrize(
    ("taken", "limit", "told"),
    [
        (12.5, 8192, "of what the ppa may hold, at least 12.5 of 8,192 mib are taken"),
        (79.9, 100, "of what the ppa may hold, at least 79.9 of 100 mib are taken"),
        (80, 100, "the ppa may be full: at least 80.0 of 100 mib are taken, by deleted packages too"),
        (9000, 8192, "the ppa may be full: at least 9,000.0 of 8,192 mib are taken"),
        (0, 0, "the ppa may be full: at least 0.0 of 0 mib"),
    ],
)
def test_of_what_is_lost_it_is_told_how_full_the_ppa_is(taken: float, limit: int, told: str) -> None:
    """It may be why; of what was rejected it is known why."""
    space = TakenSpace(int(taken * 2**20), limit)
    lost = judge(PUBLISHED, observed({}, overdue={HELLO: Overdue(space=space)}))
    assert told in lost.why.lower()
    assert "signature cannot be checked here. " in lost.why
    rejected = judge(PUBLISHED, observed({}, overdue={HELLO: Overdue("burnt", space)}))
    assert rejected.why == "hello 1.0 was rejected: burnt"


def test_nothing_at_all_in_time_is_over() -> None:
    """For those who named nothing."""
    report = judge(Wanted(), observed({}, overdue={ANY_SOURCE: Overdue()}))
    assert failed(report)
    assert report.sources == ()


def test_one_that_failed_beyond_the_goal_is_not_over_for_the_others() -> None:
    """It was accepted, which is all that is waited for."""
    report = judge(replace(BOTH, goal=Goal.ACCEPTED), observed({HELLO: [build(HELLO, "amd64", FINAL[0])]}))
    assert not_yet(report)
    assert report.why == f"{LIBFOO} has not appeared yet"


def test_a_lost_builder_leaves_no_log() -> None:
    """A chroot problem is not the source's fault either; a failure with a log is."""
    assert lost_builder(build(HELLO, "amd64", "Chroot problem"))
    assert lost_builder(replace(build(HELLO, "amd64", "Failed to build"), log=None))
    assert not lost_builder(build(HELLO, "amd64", "Failed to build"))
    assert not lost_builder(replace(build(HELLO, "amd64", "Cancelled build"), log=None))


# -- what holds for whatever is seen ------------------------------------------------------------------------------

SOURCES = (HELLO, LIBFOO, NamedSource("bar", "1"))
ARCHES = ("amd64", "arm64")


@st.composite
def anything(draw: Any) -> Observed:
    """Some sources with some builds and binaries, of which the index has some, and some that did not appear."""
    there = draw(st.lists(st.sampled_from(SOURCES), unique=True))
    builds = {
        one: [
            build(one, arch, draw(st.sampled_from([*BUILDS, "New"]))) for arch in draw(st.sets(st.sampled_from(ARCHES)))
        ]
        for one in there
    }
    ages = st.integers(0, 60).map(lambda minutes: NOW - timedelta(minutes=minutes))
    rows = [
        binary(one, arch, status=draw(st.sampled_from(["Pending", "Published"])), at=draw(ages))
        for one in there
        for arch in draw(st.sets(st.sampled_from(ARCHES)))
    ]
    indexed = draw(st.lists(st.sampled_from(rows))) if rows else []
    overdue = draw(st.dictionaries(st.sampled_from([*SOURCES, None]), st.just(Overdue())))
    return observed(
        builds, rows, indexed=indexed, overdue=overdue,
        status=draw(st.sampled_from(["Pending", "Published", "Deleted"])),
        created=draw(st.sampled_from([SINCE, SINCE - timedelta(1)])),
    )  # fmt: skip


wishes = st.builds(
    Wanted,
    st.sampled_from(Goal),
    st.lists(st.sampled_from(SOURCES), unique=True).map(tuple),
    st.lists(st.sampled_from(ARCHES), unique=True).map(tuple),
)


@given(wishes, anything())
def test_what_is_reached_is_final(wanted: Wanted, seen: Observed) -> None:
    """And never fails too."""
    report = judge(wanted, seen)
    assert report.final or not report.reached


@given(wishes, anything())
def test_a_later_goal_is_reached_only_with_those_before_it(wanted: Wanted, seen: Observed) -> None:
    """accepted, built, published, installable."""
    reached = [judge(replace(wanted, goal=goal), seen).reached for goal in Goal]
    assert reached == sorted(reached, reverse=True)


@given(wishes, anything())
def test_every_name_is_reported(wanted: Wanted, seen: Observed) -> None:
    """Whatever became of it; and nothing else where there are names."""
    reported = {NamedSource(one.name, one.version) for one in judge(wanted, seen).sources}
    assert reported == set(wanted.sources) or not wanted.sources


@given(wishes, anything(), st.sampled_from(SOURCES))
def test_one_more_name_never_helps(wanted: Wanted, seen: Observed, more: NamedSource) -> None:
    """Reached with it is reached without it."""
    if wanted.sources and judge(replace(wanted, sources=(*wanted.sources, more)), seen).reached:
        assert judge(wanted, seen).reached


@given(wishes, anything())
def test_one_more_architecture_never_helps(wanted: Wanted, seen: Observed) -> None:
    """Reached for both is reached for each."""
    if judge(replace(wanted, arches=ARCHES), seen).reached:
        assert all(judge(replace(wanted, arches=(arch,)), seen).reached for arch in ARCHES)


@given(wishes, anything())
def test_nothing_of_a_build_that_goes_on_is_built(wanted: Wanted, seen: Observed) -> None:
    """Nor of one that failed."""
    report = judge(replace(wanted, goal=Goal.BUILT, arches=()), seen)
    if report.reached:
        assert all(BUILDS.get(build.state) is BuildStage.DONE for one in report.sources for build in one.builds)


@given(wishes, anything())
def test_only_builds_that_wait_are_tried_again(wanted: Wanted, seen: Observed) -> None:
    """Each of them belongs to what is waited for, and none where it is over."""
    report = judge(wanted, seen)
    waits = {build.url for one in report.sources for build in one.builds if build.state == WAITING}
    assert set(report.retry) <= waits
