"""The threads that follow uploads: who waits is told, whatever happens, and nothing is looked at twice at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from ppa_assigner.problems import Kind, Problem
from ppa_assigner.reference import Reference
from ppa_assigner.times import boottime
from ppa_assigner.uploads import FollowedLease, Follower, Waiting
from ppa_assigner.uploads.looks import MOST_NAMES, remember
from ppa_assigner.uploads.model import Goal, Report, SourceReport, SourceState, Wanted
from tests.waiting import until

from .reports import MemoryReports
from .seen import DONE, GOING, HELLO, LIBFOO, NOW, SINCE, WAITING, binary, build

LEASE = FollowedLease("4c1f", Reference("ci", "ubuntu", "one"), SINCE)
WANTED = Wanted(Goal.PUBLISHED, (HELLO,))
TIMEOUT_S = 20.0


class Stage:
    """A follower over a Launchpad in memory."""

    def __init__(self) -> None:
        self.reports = MemoryReports()
        self.told: list[tuple[str, str | None, str]] = []
        self.follower = Follower(
            self.reports, now=lambda: NOW, boot=boottime, changed=self._changed, threads=2
        )  # fmt: skip

    def ask(self, lease: FollowedLease = LEASE) -> Waiting:
        """Somebody begins to wait for the end."""
        return self.follower.ask(lease, WANTED, 1200.0, lambda report: report.final)

    def publish(self) -> None:
        """hello is built and published."""
        self.reports.uploaded[HELLO] = [build(HELLO, "amd64", DONE)]
        self.reports.published = [binary(HELLO, "amd64")]

    def _changed(self, lease: FollowedLease, before: str | None, source: SourceReport) -> None:
        self.told.append((lease.lease, before, source.state.value))


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Stopped at the end."""
    stage = Stage()
    yield stage
    stage.reports.gate.set()
    stage.follower.stop()


def kind(future: Future[Report]) -> Kind:
    """The problem that a future ended with."""
    problem = future.exception(TIMEOUT_S)
    assert isinstance(problem, Problem)
    return problem.kind


def test_who_waits_is_told_when_the_goal_is_reached(stage: Stage) -> None:
    """At once where it is; and the change is told too."""
    stage.publish()
    assert stage.ask().done.result(TIMEOUT_S).reached
    until(lambda: stage.told == [("4c1f", None, "published")])


def test_a_hundred_who_wait_cost_one_look(stage: Stage) -> None:
    """Those who come while it is under way share the next."""
    stage.reports.gate.clear()
    waiting = [stage.ask() for _ in range(100)]
    stage.publish()
    stage.reports.gate.set()
    assert all(one.done.result(TIMEOUT_S).reached for one in waiting)
    assert len(stage.reports.asked) <= 6


def test_a_look_that_fails_is_told_and_tried_again(stage: Stage) -> None:
    """Who waits goes on waiting, and may say meanwhile what is wrong."""
    stage.reports.down = "503 Service Unavailable"
    waiting = stage.ask()
    waiting.looked.result(TIMEOUT_S)
    assert (waiting.report, waiting.trouble) == (None, "503 Service Unavailable")
    stage.reports.down = None
    stage.publish()
    assert stage.ask().done.result(TIMEOUT_S).reached
    assert waiting.done.result(TIMEOUT_S).reached


def test_a_hung_look_at_one_ppa_does_not_delay_another(stage: Stage) -> None:
    """Each has a thread."""
    stage.publish()
    hung = threading.Event()
    answer = stage.reports.sources
    other = FollowedLease("77", Reference("ci", "ubuntu", "two"), SINCE)

    def sources(ppa: Reference, since: object) -> object:
        if ppa == LEASE.ppa:
            hung.wait(TIMEOUT_S)
        return answer(ppa, SINCE)

    stage.reports.sources = sources  # type: ignore[method-assign, assignment]
    first = stage.ask()
    assert stage.ask(other).done.result(TIMEOUT_S).reached
    assert not first.done.done()
    hung.set()
    assert first.done.result(TIMEOUT_S).reached


def test_the_end_of_the_lease_ends_the_wait(stage: Stage) -> None:
    """At once."""
    waiting = stage.ask()
    waiting.looked.result(TIMEOUT_S)
    stage.follower.holds(Reference("ci", "ubuntu", "two"), None)
    stage.follower.holds(LEASE.ppa, LEASE.lease)
    assert not waiting.done.done()
    stage.follower.holds(LEASE.ppa, None)
    assert kind(waiting.done) is Kind.LEASE_OVER


def test_the_next_lease_of_the_ppa_ends_the_wait_for_the_last(stage: Stage) -> None:
    """Also where its end itself was never seen; and whoever waits for the next one goes on."""
    waiting, after = stage.ask(), stage.ask(FollowedLease("next", LEASE.ppa, SINCE))
    stage.follower.holds(LEASE.ppa, "next")
    assert kind(waiting.done) is Kind.LEASE_OVER
    assert not after.done.done()


def test_who_comes_during_a_look_at_other_sources_is_not_told_of_it(stage: Stage) -> None:
    """It asked for no builds of theirs, and those that are published would look like all that there are."""
    stage.publish()
    stage.reports.uploaded[LIBFOO] = [build(LIBFOO, "amd64", DONE), build(LIBFOO, "arm64", GOING)]
    stage.reports.published.append(binary(LIBFOO, "amd64"))
    stage.reports.gate.clear()
    first = stage.ask()
    until(lambda: stage.reports.waiting == 1)
    wanted = Wanted(Goal.PUBLISHED, (LIBFOO,))
    late = stage.follower.ask(LEASE, wanted, 1200.0, lambda report: report.final)
    stage.reports.gate.set()
    assert first.done.result(TIMEOUT_S).reached
    late.looked.result(TIMEOUT_S)
    assert late.report is not None
    assert (late.report.reached, late.report.sources[0].state) == (False, SourceState.BUILDING)


def test_who_comes_during_a_look_hears_of_its_own_reasons(stage: Stage) -> None:
    """Why an upload must have been rejected is asked before it is given up."""
    stage.reports.refused = {HELLO: "it had this version before"}
    stage.reports.gate.clear()
    stage.ask()
    until(lambda: stage.reports.waiting == 1)
    late = stage.follower.ask(LEASE, WANTED, 0.0, lambda report: report.final)
    stage.reports.gate.set()
    assert late.done.result(TIMEOUT_S).sources[0].state is SourceState.REJECTED


def test_what_is_remembered_of_names_that_nobody_uploaded_is_bounded(stage: Stage) -> None:
    """Anybody who may ask can name any."""
    known = dict[int, int]()
    for number in range(2 * MOST_NAMES):
        remember(known, number, number)
    assert list(known) == list(range(MOST_NAMES, 2 * MOST_NAMES))


def test_stopping_ends_all_waits(stage: Stage) -> None:
    """And nobody begins to wait any more."""
    stage.reports.gate.clear()
    waiting = stage.ask()
    stage.follower.stop()
    assert kind(waiting.done) is Kind.UNAVAILABLE
    with pytest.raises(Problem):
        stage.ask()


def test_lost_builders_are_retried_on_demand(stage: Stage) -> None:
    """Those alone; and what was seen before is not told again."""
    lost = build(HELLO, "amd64", "Chroot problem")
    stage.reports.uploaded = {HELLO: [lost], LIBFOO: [build(LIBFOO, "arm64", "Failed to build")]}
    assert stage.ask().done.result(TIMEOUT_S).final
    assert stage.follower.retry(LEASE).done.result(TIMEOUT_S) == ((HELLO, lost),)
    assert stage.reports.retried == [lost.url]
    waiting = stage.ask()
    waiting.looked.result(TIMEOUT_S)
    assert waiting.report is not None
    assert not waiting.report.final


def test_a_retry_that_launchpad_may_not_have_heard_of_is_repeated(stage: Stage) -> None:
    """At the next look at which it is still worth it, and not minutes later."""
    both, waits = (HELLO, LIBFOO), build(HELLO, "amd64", WAITING)
    stage.reports.uploaded = {HELLO: [waits], LIBFOO: [build(LIBFOO, "amd64", DONE)]}
    stage.reports.published = [binary(LIBFOO, "amd64")]
    stage.reports.fails = frozenset({"retry"})
    stage.follower.ask(LEASE, Wanted(Goal.PUBLISHED, both), 1200.0, lambda report: report.final)
    until(lambda: stage.reports.retried == [waits.url])
    stage.reports.fails = frozenset()
    stage.follower.ask(LEASE, Wanted(Goal.BUILT, both), 1200.0, lambda report: report.final)
    until(lambda: stage.reports.retried == [waits.url] * 2)
    until(lambda: stage.reports.uploaded[HELLO][0].state == GOING)


def test_a_retry_without_a_look_is_not_one(stage: Stage) -> None:
    """Launchpad is away."""
    stage.reports.down = "503"
    problem = stage.follower.retry(LEASE, [HELLO]).done.exception(TIMEOUT_S)
    assert isinstance(problem, Problem)
    assert stage.reports.retried == []
