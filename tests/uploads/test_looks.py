"""What a look asks of Launchpad, and when the next one is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ppa_assigner.publications import TakenSpace
from ppa_assigner.uploads.following import LINGER_S, RETRY_S
from ppa_assigner.uploads.looks import MOST_NAMES, SPACE_KEPT, UnseenError, remember
from ppa_assigner.uploads.model import Goal, NamedSource, SourceState, Wanted

from .followed import WANTED, Place
from .seen import DONE, FINAL, GOING, HELLO, LIBFOO, NOW, WAITING, binary, build, build_url


def test_a_look_asks_no_more_than_it_needs() -> None:
    """Two requests while it is built, another when a build went on; binaries once it is built, indexes once those are
    published.
    """
    place = Place(WANTED)
    assert place.look() == ["sources"]
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING)]
    assert place.look() == ["sources", "builds", "all builds"]
    assert place.look() == ["sources", "builds"]
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", DONE)]
    assert place.look() == ["sources", "builds", "all builds", "binaries"]
    assert place.look() == ["sources", "binaries"]  # what was built stays built
    place.reports.published = [binary(HELLO, "amd64")]
    assert place.look() == ["sources", "binaries", "indexes"]


def test_while_only_the_index_is_missing_the_web_service_is_left_alone() -> None:
    """It is looked at every five seconds, all else every fifteen."""
    place = Place(WANTED)
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", DONE)]
    place.reports.published = [binary(HELLO, "amd64")]
    place.look()
    asked = []
    for _ in range(3):
        assert place.following.due == place.now + 5
        place.now = place.following.due
        asked.append(place.look())
    assert asked == [["indexes"], ["indexes"], ["sources", "binaries", "indexes"]]
    place.reports.indexed = place.reports.published
    place.now += 5
    assert place.look() == ["indexes"]
    assert place.report().reached


def test_an_index_that_is_being_written_is_looked_at_soon_again() -> None:
    """It does not fit its Release file for a moment, which is when it is waited for most."""
    place = Place(WANTED)
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", DONE)]
    place.reports.published = [binary(HELLO, "amd64")]
    place.look()
    place.now += 5
    place.reports.down = "Packages.xz is not what the Release file says"
    with pytest.raises(UnseenError):
        place.look()
    place.following.failed(place.now)
    assert place.following.due == place.now + 5


def test_the_failure_of_an_architecture_that_is_not_wanted_hides_nothing() -> None:
    """Binaries and index of the wanted one are looked at all the same."""
    place = Place(replace(WANTED, arches=("amd64",)))
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", DONE), build(HELLO, "arm64", FINAL[0])]
    place.reports.published = place.reports.indexed = [binary(HELLO, "amd64")]
    place.look()
    assert place.report().reached


@pytest.mark.parametrize("hidden", FINAL)
def test_a_failure_is_seen_that_the_summary_does_not_show(hidden: str) -> None:
    """While another build goes on, also after a while of nothing new."""
    place = Place(WANTED)
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING), build(HELLO, "arm64", hidden)]
    place.look()
    assert place.report().final
    place = Place(WANTED)
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING), build(HELLO, "arm64", "Needs building")]
    place.look()
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING), build(HELLO, "arm64", hidden)]
    place.look()
    assert place.report().final


def test_a_hidden_build_that_is_tried_again_does_not_stay_failed() -> None:
    """Somebody retried it by hand; the summary shows the other one alone."""
    place = Place(WANTED)
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING), build(HELLO, "arm64", FINAL[3])]
    place.look(NOW)
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING), build(HELLO, "arm64", DONE)]
    place.look(NOW + timedelta(seconds=59))
    assert place.report().final
    place.look(NOW + timedelta(seconds=60))
    assert not place.report().final


def test_all_who_wait_share_a_look() -> None:
    """Sources that nobody asks about cost nothing; a later goal of another makes no difference."""
    place = Place(WANTED, Wanted(Goal.BUILT, (HELLO,)), WANTED)
    other = NamedSource("other", "1")
    place.reports.uploaded = {other: [build(other, "amd64", GOING)], HELLO: [build(HELLO, "amd64", DONE)]}
    place.reports.published = [binary(HELLO, "amd64")]
    assert place.look() == ["sources", "builds", "all builds", "binaries", "indexes"]
    assert [place.report(number).reached for number in range(3)] == [False, True, False]


def test_who_comes_a_moment_later_is_told_what_was_seen() -> None:
    """For as long as no other look is due; somebody else who asks for something else has a look of its own."""
    place = Place(WANTED)
    place.look()
    place.now += 14
    assert place.join(WANTED).report is not None
    assert place.following.due == 1015
    other = place.join(Wanted(Goal.BUILT, (HELLO,)))
    assert (other.report, place.following.due) == (None, 1014)
    place.look()
    place.now = place.following.due
    assert place.join(WANTED).report is None


def test_it_is_looked_often_in_the_first_ten_minutes_after_something_new_was_asked() -> None:
    """Asked again it is not new."""
    place = Place(WANTED)
    for passed, pause in ((0, 15), (599, 15), (600, 60)):
        place.now = 1000.0 + passed
        place.join(WANTED)
        place.look()
        assert place.following.due == place.now + pause
    place.join(Wanted(Goal.BUILT, (LIBFOO,)))
    place.look()
    assert place.following.due == place.now + 15


def test_what_does_not_appear_is_given_up_when_its_time_is_over() -> None:
    """Counted from when it was first asked for, however often it is asked again; then it is asked why, once."""
    place = Place(WANTED, appear=100)
    place.look()
    place.following.leave(place.waiting[0])
    place.now += 95
    place.waiting = [place.join(WANTED, 100)]
    place.look()
    assert place.report().sources[0].state is SourceState.ABSENT
    assert place.following.due == 1100  # not a moment later
    place.now = 1100
    place.reports.refused[HELLO] = "the PPA had this version before"
    assert place.look() == ["sources", "refusal"]
    assert place.report().sources[0].state is SourceState.REJECTED
    assert place.look() == ["sources"]


def test_what_was_proved_once_is_not_told_of_what_appeared_after_all() -> None:
    """It came late, and came."""
    place = Place(WANTED, appear=0)
    place.look()
    assert place.report().sources[0].state is SourceState.LOST
    place.reports.uploaded[HELLO] = []
    place.look()
    assert place.report().sources[0].state is SourceState.ACCEPTED


def test_who_is_impatient_makes_nobody_else_so() -> None:
    """Each has a time of his own for what does not appear."""
    place = Place(WANTED, appear=1000)
    place.waiting.append(place.join(WANTED, 0))
    place.look()
    assert [place.report(number).final for number in (0, 1)] == [False, True]


def test_a_build_is_retried_once_what_it_waits_for_is_there() -> None:
    """And again after a while: Launchpad may not have seen it."""
    place = Place(Wanted(Goal.BUILT, (HELLO, LIBFOO)))
    place.reports.uploaded = {
        HELLO: [build(HELLO, "amd64", WAITING)], LIBFOO: [build(LIBFOO, "amd64", DONE)]
    }  # fmt: skip
    place.reports.published = [binary(LIBFOO, "amd64", at=NOW - timedelta(minutes=1))]
    place.look()
    assert place.following.to_retry([place.report()], place.now) == [build_url(HELLO, "amd64")]
    place.following.retried(build_url(HELLO, "amd64"), place.now)
    assert place.following.due == place.now
    assert place.following.to_retry([place.report()], place.now + RETRY_S - 1) == []
    assert place.following.to_retry([place.report()], place.now + RETRY_S) != []


def test_how_full_the_ppa_is_is_asked_where_something_is_lost() -> None:
    """Not where it is known why it was refused; and not again for a while, since it costs many requests."""
    place = Place(WANTED, appear=0)
    place.reports.refused[HELLO] = "burnt"
    assert place.look() == ["sources", "refusal"]
    place.waiting.append(place.join(Wanted(sources=(LIBFOO,)), 0))
    place.reports.space = TakenSpace(7 * 2**30, 8192)
    assert place.look() == ["sources", "refusal", "space"]
    assert "at least 7,168.0 of 8,192 MiB" in place.report(1).why
    place.waiting.append(place.join(Wanted(sources=(NamedSource("third", "1"),)), 0))
    assert place.look(NOW + SPACE_KEPT - timedelta(seconds=1)) == ["sources", "refusal"]
    assert "at least 7,168.0 of 8,192 MiB" in place.report(2).why
    place.waiting.append(place.join(Wanted(sources=(NamedSource("fourth", "1"),)), 0))
    assert place.look(NOW + SPACE_KEPT) == ["sources", "refusal", "space"]


def test_where_it_cannot_be_told_how_full_the_ppa_is_all_else_is_told() -> None:
    """Nothing else depends on it."""
    place = Place(WANTED, appear=0)
    place.reports.fails = frozenset({"space"})
    assert place.look() == ["sources", "refusal", "space"]
    assert place.report().why.endswith("cannot be checked here")


@pytest.mark.parametrize("step", ["sources", "builds", "all builds", "binaries", "indexes"])
def test_a_look_that_fails_changes_nothing(step: str) -> None:
    """Wherever it fails."""
    place = Place(WANTED)
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", DONE)]
    place.reports.published = [binary(HELLO, "amd64")]
    answer = place.reports.answer

    def failing(what: str) -> object:
        place.reports.down = "503" if what == step else None
        return answer(what)

    place.reports.answer = failing  # type: ignore[method-assign, assignment]
    with pytest.raises(UnseenError):
        place.look()
    assert place.following.known.observed is None


def test_it_is_forgotten_when_nobody_has_asked_for_long() -> None:
    """Not while somebody waits."""
    place = Place(WANTED)
    assert not place.following.forgettable(place.now + LINGER_S + 1)
    place.following.leave(place.waiting[0])
    assert not place.following.forgettable(place.now + LINGER_S)
    assert place.following.forgettable(place.now + LINGER_S + 1)


def test_only_the_source_of_a_retried_build_is_asked_for_anew() -> None:
    """The builds of others that were built stay so."""
    place = Place(WANTED, Wanted(sources=(LIBFOO,)))
    place.reports.uploaded = {HELLO: [build(HELLO, "amd64", DONE)], LIBFOO: [build(LIBFOO, "amd64", DONE)]}
    place.look()
    place.following.retried(build_url(HELLO, "amd64"), place.now)
    assert list(place.following.known.builds) == [1]


@pytest.mark.parametrize(("status", "more"), [("Published", ["binaries"]), ("Pending", [])])
def test_binaries_of_a_source_without_builds_are_looked_for_once_it_is_published(status: str, more: list[str]) -> None:
    """It may have been copied with them."""
    place = Place(replace(WANTED, goal=Goal.PUBLISHED))
    place.reports.uploaded[HELLO], place.reports.status[HELLO] = [], status
    assert place.look() == ["sources", "builds", "all builds", *more]


def test_it_is_asked_whether_the_leases_uploader_may_upload() -> None:
    """And how full the PPA is, where one of several is lost."""
    place = Place(Wanted(sources=(HELLO, LIBFOO)), appear=0)
    place.reports.refused[LIBFOO] = "burnt"
    assert place.look() == ["sources", "refusal", "refusal", "space"]
    assert place.reports.uploaders == ["~ann", "~ann"]


def test_so_much_is_remembered_and_no_more() -> None:
    """The oldest goes."""
    known: dict[int, int] = {}
    for number in range(MOST_NAMES + 1):
        assert len(known) == min(number, MOST_NAMES)
        remember(known, number, number)
    assert (len(known), 0 in known, 1 in known) == (MOST_NAMES, False, True)
