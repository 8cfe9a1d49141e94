"""What a build that waits for a dependency means, and in which words it is said what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ppa_assigner.publications import BinaryPublication, SourceBuild
from ppa_assigner.uploads.model import (
    ANY_SOURCE,
    Goal,
    NamedSource,
    Observed,
    Overdue,
    SourceState,
    Wanted,
)
from ppa_assigner.uploads.verdict import HELP, judge

from .seen import (
    BOTH,
    DONE,
    FINAL,
    GOING,
    HELLO,
    LIBFOO,
    NOW,
    PUBLISHED,
    WAITING,
    binary,
    build,
    build_url,
    failed,
    not_yet,
    observed,
    state,
)

NEEDS = "libfoo-dev (>= 3)"


# -- dependency waits ---------------------------------------------------------------------------------------------


def waiting(other: list[SourceBuild], binaries: list[BinaryPublication] | None = None) -> Observed:
    """hello waits for libfoo."""
    return observed({HELLO: [build(HELLO, "amd64", WAITING, NEEDS)], LIBFOO: other}, binaries or [])


def test_a_dependency_wait_is_final_where_nothing_else_comes() -> None:
    """Nobody brings what it waits for."""
    report = judge(PUBLISHED, observed({HELLO: [build(HELLO, "amd64", WAITING, NEEDS)]}))
    assert failed(report)
    assert NEEDS in report.why


def test_a_dependency_wait_is_not_final_while_another_named_source_comes() -> None:
    """Absent, without builds, building, or built and not published."""
    absent = observed({HELLO: [build(HELLO, "amd64", WAITING)]})
    for seen in (
        absent,
        waiting([]),
        waiting([build(LIBFOO, "amd64", GOING)]),
        waiting([build(LIBFOO, "amd64", DONE)]),
    ):
        report = judge(BOTH, seen)
        assert not_yet(report)
        assert report.retry == ()


def test_one_that_was_deleted_helps_nobody() -> None:
    """Though its builds go on."""
    seen = waiting([build(LIBFOO, "amd64", GOING)])
    deleted = [replace(one, status="Deleted") if one.name == "libfoo" else one for one in seen.sources]
    assert state(judge(BOTH, replace(seen, sources=tuple(deleted)))) is SourceState.FAILED


def test_what_is_for_all_architectures_does_not_stand_for_what_is_still_to_be_published() -> None:
    """The build for arm64 brings more than the package that the one for amd64 made, and that is out long since."""
    long_ago = NOW - HELP
    builds = [build(LIBFOO, "amd64", DONE), build(LIBFOO, "arm64", DONE)]
    out = [binary(LIBFOO, "amd64", at=long_ago), binary(LIBFOO, "arm64", by="amd64", at=long_ago)]
    assert not_yet(judge(BOTH, waiting(builds, out)))
    unknown = [replace(one, build=None) for one in out]
    assert failed(judge(BOTH, waiting(builds, unknown)))
    everything = [*out, binary(LIBFOO, "arm64", at=long_ago)]
    assert failed(judge(BOTH, waiting(builds, everything)))


def test_nothing_is_retried_where_another_source_has_failed() -> None:
    """It would be for nobody."""
    third = NamedSource("third", "1")
    builds = {HELLO: [build(HELLO, "amd64", WAITING)], LIBFOO: [build(LIBFOO, "amd64", DONE)],
              third: [build(third, "amd64", FINAL[0])]}  # fmt: skip
    seen = observed(builds, [binary(LIBFOO, "amd64")])
    assert judge(BOTH, seen).retry != ()
    report = judge(replace(BOTH, sources=(HELLO, LIBFOO, third)), seen)
    assert failed(report)
    assert report.retry == ()


def test_another_source_that_was_not_named_helps_nobody() -> None:
    """Only what is waited for is known to come."""
    assert failed(judge(PUBLISHED, waiting([build(LIBFOO, "amd64", GOING)])))


def test_a_retry_is_worth_it_once_the_other_was_published() -> None:
    """For half an hour."""
    for age, helps in ((timedelta(0), True), (HELP - timedelta(seconds=1), True), (HELP, False)):
        seen = waiting([build(LIBFOO, "amd64", DONE)], [binary(LIBFOO, "amd64", at=NOW - age)])
        report = judge(BOTH, seen)
        assert not_yet(report) is helps
        assert report.retry == ((build_url(HELLO, "amd64"),) if helps else ())


def test_two_that_wait_for_each_other_end() -> None:
    """A source whose builds all wait brings nothing."""
    seen = waiting([build(LIBFOO, "amd64", WAITING)])
    assert failed(judge(BOTH, seen))


def test_one_that_will_not_come_helps_nobody() -> None:
    """It did not appear in time."""
    seen = observed({HELLO: [build(HELLO, "amd64", WAITING)]}, overdue={LIBFOO: Overdue()})
    assert state(judge(BOTH, seen)) is SourceState.FAILED


# -- words --------------------------------------------------------------------------------------------------------

BUILT = [build(HELLO, "amd64", DONE), build(HELLO, "arm64", DONE)]


@pytest.mark.parametrize(
    ("wanted", "seen", "why"),
    [
        (Wanted(), observed({}), "no source has appeared yet"),
        (Wanted(), observed({}, overdue={ANY_SOURCE: Overdue()}), "no source was uploaded in time"),
        (BOTH, observed({}), "hello 1.0 has not appeared yet (and 1 more)"),
        (PUBLISHED, observed({HELLO: BUILT}, status="Deleted"), "hello 1.0 is deleted"),
        (PUBLISHED, observed({HELLO: [BUILT[0], build(HELLO, "arm64", GOING)]}),
         "hello 1.0 is being built: arm64 (Currently building)"),
        (PUBLISHED, observed({HELLO: [build(HELLO, "amd64", FINAL[0])]}),
         "hello 1.0: Failed to build for amd64: https://log.example/hello/amd64"),
        (PUBLISHED, observed({HELLO: [replace(build(HELLO, "amd64", FINAL[1]), log=None)]}),
         "hello 1.0: Failed to upload for amd64"),
        (PUBLISHED, observed({HELLO: [build(HELLO, "amd64", WAITING)]}),
         "hello 1.0: the build for amd64 waits for a dependency, which nothing here brings"),
        (PUBLISHED, observed({HELLO: BUILT}), "hello 1.0 is built and not published yet for amd64, arm64"),
        (PUBLISHED, observed({HELLO: BUILT}, [binary(HELLO, "arm64")]),
         "hello 1.0 is built and not published yet for amd64"),
        (PUBLISHED, observed({HELLO: BUILT}, [binary(HELLO, "arm64"), binary(HELLO, "amd64", by="arm64")]),
         "hello 1.0 is built and not published yet"),
        (replace(PUBLISHED, goal=Goal.INSTALLABLE), observed({HELLO: BUILT[:1]}, [binary(HELLO, "amd64")]),
         "hello 1.0 is published; the index for amd64 does not have hello yet"),
        (PUBLISHED, observed({HELLO: BUILT[:1]}, [binary(HELLO, "amd64")]), "published: all that was waited for"),
    ],
)  # fmt: skip
def test_it_is_said_what_is_missing(wanted: Wanted, seen: Observed, why: str) -> None:
    """Of the first source that ended, else of the first that is not there yet."""
    assert judge(wanted, seen).why == why
