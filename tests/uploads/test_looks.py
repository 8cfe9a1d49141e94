"""What a look asks of Launchpad, and when the next one is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ppa_assigner.publications import TakenSpace
from ppa_assigner.reference import Reference
from ppa_assigner.uploads.following import LINGER_S, MOST_UNSEEN, RETRY_S, Following, Waiting
from ppa_assigner.uploads.looks import MOST_NAMES, SPACE_KEPT, FollowedLease, UnseenError, look, look_at_indexes
from ppa_assigner.uploads.model import Goal, NamedSource, Report, SourceState, Wanted

from .reports import MemoryReports
from .seen import DONE, FINAL, GOING, HELLO, LIBFOO, NOW, SINCE, WAITING, binary, build, build_url

LEASE = FollowedLease("4c1f", Reference("ci", "ubuntu", "one"), SINCE, "~ann")
WANTED = Wanted(Goal.INSTALLABLE, (HELLO,))


def final(report: Report) -> bool:
    """Who waits for the end."""
    return report.final


class Place:
    """One lease, and a clock that a test moves."""

    def __init__(self, *wanted: Wanted, appear: float = 1200.0, holder: bool = True) -> None:
        self.reports, self.following, self.now = MemoryReports(), Following(LEASE), 1000.0
        self.waiting = [self.join(one, appear, holder=holder) for one in wanted]

    def join(self, wanted: Wanted, appear: float = 1200.0, *, holder: bool = True) -> Waiting:
        """Somebody begins to wait."""
        waiting = Waiting(wanted, appear, final, holder)
        self.following.join(waiting, self.now)
        return waiting

    def look(self, now: datetime = NOW) -> list[str]:
        """Look as the follower does; gives what was asked."""
        before = len(self.reports.asked)
        question = self.following.question(self.now)
        seen = self.following.index_alone(question, self.now)
        if seen is None:
            found = look(self.reports, self.following.known, question, now)
        else:
            found = look_at_indexes(self.reports, self.following.known, question, seen)
        self.following.looked(question, found, self.now, whole=seen is None)
        return self.reports.asked[before:]

    def changes(self) -> list[tuple[str, str | None, str]]:
        """What is told to all after a look: name, state before, state."""
        found = self.following.changes(self.following.question(self.now))
        return [(one.name, before, one.state.value) for before, one in found]

    def report(self, number: int = 0) -> Report:
        """What is known to one who waits."""
        return self.following.report(self.waiting[number], self.now)


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


def test_changes_are_told_once() -> None:
    """With the state before; not that something is not there yet."""
    place = Place(WANTED)
    place.look()
    assert place.changes() == []
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING)]
    place.look()
    assert place.changes() == [("hello", None, "building")]
    assert place.changes() == []
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", DONE)]
    place.look()
    assert place.changes() == [("hello", "building", "built")]


def test_all_that_somebody_waits_for_is_told() -> None:
    """By name or not: what was deleted is only told to those who named it."""
    place = Place(WANTED, Wanted())
    place.reports.uploaded = {HELLO: [build(HELLO, "amd64", GOING)], LIBFOO: []}
    place.reports.status[HELLO] = "Deleted"
    place.look()
    assert place.changes() == [("hello", None, "failed"), ("libfoo", None, "accepted")]


def test_what_did_not_appear_is_told_when_the_holder_has_given_it_up() -> None:
    """And that it came after all."""
    place = Place(WANTED, appear=10)
    place.look()
    place.now += 10
    place.look()
    assert place.changes() == [("hello", None, "lost")]
    assert place.changes() == []
    place.reports.uploaded[HELLO] = [build(HELLO, "amd64", GOING)]
    place.look()
    assert place.changes() == [("hello", "lost", "building")]


def test_sources_that_others_invent_are_told_to_nobody_else() -> None:
    """Who may look at a lease may name anything, and give it up at once: also what its holder still waits for."""
    place = Place(WANTED, Wanted(sources=(LIBFOO,)), appear=0, holder=False)
    place.join(WANTED)
    place.look()
    assert {one.state for number in (0, 1) for one in place.report(number).sources} == {SourceState.LOST}
    assert place.changes() == []
    place.reports.uploaded[LIBFOO] = [build(LIBFOO, "amd64", GOING)]
    place.look()
    assert place.changes() == [("libfoo", None, "building")]


def test_of_one_lease_no_more_is_told_to_be_lost_than_a_call_may_name() -> None:
    """Events are for all PPAs."""
    names = [NamedSource("hello", f"{number:03}") for number in range(MOST_UNSEEN + 9)]
    place = Place(*(Wanted(sources=(one,)) for one in names), appear=0)
    place.look()
    assert len(place.changes()) == MOST_UNSEEN
    assert place.changes() == []


def test_names_that_others_invent_do_not_put_off_when_the_holders_are_given_up() -> None:
    """However many there are: their own are forgotten instead."""
    place = Place(WANTED, appear=10)
    for number in range(MOST_NAMES + 1):
        place.join(Wanted(sources=(NamedSource("hello", f"0.{number}"),)), holder=False)
    place.waiting.append(place.join(Wanted(sources=(NamedSource("hello", "0.0"),)), 10, holder=False))
    place.now += 9
    place.waiting.append(place.join(Wanted(sources=(NamedSource("new", "1"),)), 10, holder=False))
    place.now += 1
    place.look()
    assert [place.report(number).sources[0].state.value for number in range(3)] == ["lost", "lost", "absent"]


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
