"""Versions that a PPA once had: it is no candidate for them, and that is asked, learnt and told."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from ppa_assigner.automaton import observe
from ppa_assigner.automaton.dispatch import ABANDONED_KEPT
from ppa_assigner.automaton.events import (
    Abandoned,
    CheckBurnt,
    Denied,
    Event,
    LeaseShown,
    Looked,
    RecordShown,
    Refusal,
    Touch,
)
from ppa_assigner.options import PoolOptions
from ppa_assigner.packages import NamedFile, SourcePackage
from ppa_assigner.port import Lane, Look
from ppa_assigner.record import State, compose
from ppa_assigner.views import Condition
from tests.automaton.lab import Runner, World, assign, changed, faults

HELLO, OTHER, NEW = SourcePackage("hello", "1"), SourcePackage("other", "1"), SourcePackage("hello", "2")


def had_hello(**options: Any) -> Runner:
    """A free PPA that once had hello 1 and other 1, before this daemon knew it."""
    world = World(options=PoolOptions(settle=100.0, **options))
    for name in ("hello", "other"):
        world.launchpad.upload(world.ppa, name).active = False
    return world.free_ppa()


def denied(outcome: Any) -> tuple[Refusal, str]:
    """Why."""
    assert isinstance(outcome, Denied), outcome
    return outcome.why, outcome.detail


def check(*sources: SourcePackage) -> Any:
    """The question by itself."""
    return lambda token, deadline: CheckBurnt(token=token, deadline=deadline, sources=sources)


def test_a_ppa_that_had_a_source_is_not_lent_for_it() -> None:
    """Asked on the connections for assigning, one by one, and nothing is written."""
    runner = had_hello()
    assert denied(runner.order(assign(sources=(NEW, HELLO)))) == (Refusal.BURNT, "hello 1")
    assert runner.kinds() == ["WasPublished", "WasPublished"]
    assert runner.known.state is State.FREE


@pytest.mark.parametrize("lane", [Lane.ASSIGN, Lane.WORK])
def test_a_check_without_a_wish_takes_no_connection_of_those_who_wait(lane: Lane) -> None:
    """Each question goes over the connections that the command names."""
    runner = had_hello()
    files = (NamedFile("hello_2.dsc", "0" * 64),)
    sources = (OTHER, NEW, SourcePackage("hello", "1-2", files=files))
    for source in reversed(sources):
        runner.order(lambda t, d, one=source: CheckBurnt(token=t, deadline=d, sources=(one,), lane=lane))
    assert {ask.lane for ask in runner.asked} == {lane}
    assert set(runner.kinds()) == {"ListVersions", "ReadFiles", "WasPublished"}


def test_what_was_learnt_is_not_asked_again() -> None:
    """Nor is it looked at whether it is empty."""
    runner = had_hello(verify_age=0.0)
    runner.order(assign(sources=(HELLO,)))
    runner.forget_the_past()
    assert denied(runner.order(assign(sources=(NEW, HELLO)))) == (Refusal.BURNT, "hello 1")
    assert runner.asked == []


def test_what_is_seen_while_cleaning_is_learnt() -> None:
    """No request is needed for it."""
    runner = World().dirty_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "hello")
    runner.until(lambda: runner.known.state is State.FREE)
    runner.forget_the_past()
    assert denied(runner.order(assign(lease="lease-2", sources=(HELLO,)))) == (Refusal.BURNT, "hello 1")
    assert runner.asked == []


def test_a_ppa_that_had_none_is_lent_after_the_look() -> None:
    """The history first, for that may take long; empty then, and at once the lease."""
    runner = had_hello(verify_age=0.0)
    assert isinstance(runner.order(assign(sources=(NEW, SourcePackage("third", "1")))), LeaseShown)
    assert runner.kinds() == ["WasPublished", "WasPublished", "LookForNewContent", "Write"]


def test_others_go_between_two_questions() -> None:
    """Each question is a step of its own: a touch that came meanwhile does not wait for the last of them."""
    runner, record = World().used_ppa()
    sources = tuple(SourcePackage(f"source-{number}", "1") for number in range(3))
    search = CheckBurnt(token=1, deadline=runner.world.boot + 60.0, sources=sources)
    touch = Touch(token=2, deadline=runner.world.boot + 60.0, lease=record.lease or "")
    mailbox: deque[Event] = deque([search, touch])
    while mailbox:
        runner.turn(mailbox.popleft(), mailbox)
    assert runner.kinds() == ["WasPublished", "Read", "WasPublished", "WasPublished"]
    assert list(runner.replies) == [2, 1]


@pytest.mark.parametrize("kind", ["assign", "check"])
def test_nothing_more_is_asked_for_whom_nobody_waits(kind: str) -> None:
    """The search ends at the next step, and nothing is lent."""
    runner = had_hello()
    sources = tuple(SourcePackage(f"source-{number}", "1") for number in range(3))
    make = assign(sources=sources) if kind == "assign" else check(*sources)
    mailbox: deque[Event] = deque([make(1, runner.world.boot + 60.0), Abandoned(1)])
    while mailbox:
        runner.turn(mailbox.popleft(), mailbox)
    assert denied(runner.replies[1][-1])[0] is Refusal.LOST
    assert runner.kinds() == ["WasPublished"]
    for token in range(100):
        runner.give(Abandoned(token))
    assert len(runner.known.abandoned) == ABANDONED_KEPT


def test_what_it_had_in_another_lease_meanwhile_is_asked_anew() -> None:
    """Another daemon lent and cleaned it between two questions: the answers from before are no proof any more."""
    runner = had_hello()
    world, record = runner.world, runner.world.record
    search = assign(sources=(NEW, SourcePackage("third", "1")))(1, world.boot + 60.0)
    world.launchpad.describe(world.ppa, compose(None, changed(record)))
    look = world.launchpad.look(world.ppa.owner)
    assert isinstance(look, Look)
    mailbox: deque[Event] = deque([search, Looked(look.entries[world.ppa], look.started, 1)])
    while mailbox:
        runner.turn(mailbox.popleft(), mailbox)
    assert runner.kinds() == ["WasPublished", "WasPublished", "WasPublished", "Write"]
    assert [ask.source for ask in runner.asked[:3]] == ["hello", "hello", "third"]


def test_that_it_had_none_is_not_remembered() -> None:
    """Somebody may upload it meanwhile."""
    runner = had_hello()
    assert isinstance(runner.order(check(NEW)), RecordShown)
    assert isinstance(runner.order(check(NEW)), RecordShown)
    assert runner.kinds() == ["WasPublished", "WasPublished"]


@pytest.mark.parametrize(
    ("fault", "expected", "condition"),
    [("down", Refusal.OUTAGE, Condition.UNREACHABLE), ("gone", Refusal.OUTAGE, Condition.UNREACHABLE)],
)
def test_without_an_answer_nothing_is_lent(fault: str, expected: Refusal, condition: Condition) -> None:
    """An outage is told apart from a lost candidate."""
    runner = had_hello()
    runner.world.launchpad.fault = faults(fault, of="was_published")
    assert denied(runner.order(assign(sources=(NEW,))))[0] is expected
    assert runner.known.condition is condition


def test_a_question_that_takes_too_long_is_over_at_its_deadline() -> None:
    """Nobody waits for the lease that it might have led to."""
    runner = had_hello()
    sources = tuple(SourcePackage(f"source-{number}", "1") for number in range(100))
    assert denied(runner.order(assign(sources=sources), within=2.0)) == (Refusal.OUTAGE, "deadline exceeded")
    assert runner.kinds().count("WasPublished") <= 41
    assert "Write" not in runner.kinds()


# -- the question by itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("situation", ["free", "used", "dirty", "unmanaged"])
def test_it_can_be_asked_of_a_ppa_in_any_state(situation: str) -> None:
    """And changes nothing."""
    world = World(description="words")
    world.launchpad.upload(world.ppa, "hello").active = situation == "unmanaged"
    if situation == "unmanaged":
        runner = world.start()
        runner.look()
    else:
        makers: dict[str, Any] = {"free": world.free_ppa, "used": lambda: world.used_ppa()[0], "dirty": world.dirty_ppa}
        runner = makers[situation]()
    before = list(world.archive.history)
    assert denied(runner.order(check(NEW, HELLO))) == (Refusal.BURNT, "hello 1")
    assert isinstance(runner.order(check(NEW)), RecordShown)
    assert runner.asked[-1].source == "hello"
    assert world.archive.history == before


def test_it_is_asked_on_the_connections_for_assigning() -> None:
    """Somebody waits for the answer."""
    lanes: list[Lane] = []
    runner = had_hello()
    was_published = runner.world.launchpad.was_published

    def watched(entry: Any, source: str, version: str, lane: Lane) -> Any:
        lanes.append(lane)
        return was_published(entry, source, version, lane)

    vars(runner.world.launchpad)["was_published"] = watched
    runner.order(check(NEW))
    assert lanes == [Lane.ASSIGN]


@pytest.mark.parametrize(("fault", "expected"), [("down", Refusal.OUTAGE), ("gone", Refusal.OUTAGE)])
def test_the_question_may_stay_without_an_answer(fault: str, expected: Refusal) -> None:
    """Launchpad does not answer, or the PPA is gone."""
    runner = had_hello()
    runner.world.launchpad.fault = faults(fault, of="was_published")
    assert denied(runner.order(check(NEW)))[0] is expected


def test_a_ppa_that_was_not_seen_yet_is_read_first() -> None:
    """A daemon that has just been started."""
    runner = had_hello()
    other = runner.world.start("other")
    assert denied(other.order(check(HELLO))) == (Refusal.BURNT, "hello 1")
    assert other.kinds() == ["Read", "WasPublished"]


def test_a_missing_ppa_cannot_be_asked() -> None:
    """It is no candidate anyway, whether or not it will be there again."""
    runner = had_hello()
    runner.world.launchpad.delete_ppa(runner.world.ppa)
    runner.look()
    assert denied(runner.order(check(HELLO)))[0] is Refusal.OUTAGE
    runner.pass_time(20.0)
    assert denied(runner.order(check(HELLO)))[0] is Refusal.ELSEWHERE


def test_what_is_remembered_is_bounded() -> None:
    """Only the newest are kept: the rest can be asked for again."""
    known = had_hello().known
    many = observe.with_sources(known, ((f"source-{number}", "1") for number in range(observe.SOURCES_KEPT)))
    assert len(many.burnt) == observe.SOURCES_KEPT
    assert observe.with_sources(many, [("source-1", "1")]) is many
    more = observe.with_sources(many, [HELLO.identity])
    assert len(more.burnt) == 1
    assert observe.source_seen(more, [OTHER, HELLO]) == HELLO
    all_at_once = observe.with_sources(more, ((f"source-{number}", "1") for number in range(10 * observe.SOURCES_KEPT)))
    assert len(all_at_once.burnt) == observe.SOURCES_KEPT


def test_what_is_remembered_takes_little_memory() -> None:
    """All up to the bound; seven bytes for each, whatever its name is; and what is known already makes no copy."""
    known = observe.with_sources(had_hello().known, [HELLO.identity])
    odd = ("\ud800", "1")  # never in Launchpad, but nobody checked what a caller asked for
    both = observe.with_sources(known, [odd])
    assert len(both.burnt) == 2
    assert max(both.burnt) < 2 ** (8 * 7)
    assert observe.with_sources(both, [HELLO.identity, odd]) is both
    full = observe.with_sources(both, ((f"source-{number}", "1") for number in range(observe.SOURCES_KEPT - 2)))
    assert len(full.burnt) == observe.SOURCES_KEPT
    assert [observe.source_seen(full, [source]) for source in (HELLO, SourcePackage(*odd), NEW)] == [
        HELLO,
        SourcePackage(*odd),
        None,
    ]
