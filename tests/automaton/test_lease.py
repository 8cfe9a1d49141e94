"""Lending: a PPA is lent when it is empty, told when it stands, and told again to whoever asks again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.automaton import WriteReason
from ppa_assigner.automaton.events import Denied, LeaseShown, Outcome, Refusal
from ppa_assigner.options import PoolOptions
from ppa_assigner.port import Lane
from ppa_assigner.record import State, compose
from ppa_assigner.selectors import EVERYTHING, parse
from ppa_assigner.views import Condition, Sight
from tests.automaton.lab import World, assign, changed, confirm, faults, kind


def why(outcome: Outcome) -> Refusal:
    """Why a command was denied."""
    assert isinstance(outcome, Denied), outcome
    return outcome.why


def lent(outcome: Outcome) -> LeaseShown:
    """The lease that was told."""
    assert isinstance(outcome, LeaseShown), outcome
    return outcome


def world(**options: object) -> World:
    """A PPA of a pool with these options."""
    return World(options=replace(PoolOptions(settle=100.0), **options))  # type: ignore[arg-type]  # options by name


# -- assign ------------------------------------------------------------------------------------------------------------


def test_a_ppa_that_was_just_proved_is_lent_with_one_request() -> None:
    """One PATCH on a connection of its own; the record says all that was asked for."""
    runner = World().free_ppa()
    outcome = lent(runner.order(assign(idle=600, note="n", ttl=90.0)))
    record = runner.world.record
    assert runner.kinds() == ["Write"]
    assert runner.asked[0].lane is Lane.ASSIGN
    assert outcome.fresh
    assert outcome.record == record
    assert (record.owner, record.lease, record.request, record.by, record.note) == (
        "job", "lease-1", "build-1", "client", "n",
    )  # fmt: skip
    assert (record.idle, record.until) == (600, record.since + timedelta(seconds=90))
    assert [(t.before, t.record.state, t.why) for t in runner.transitions] == [
        (State.FREE, State.USED, WriteReason.ASSIGN.value)
    ]


@pytest.mark.parametrize(
    ("verify_age", "wait", "asked"),
    [
        (60.0, 61.0, ["LookForNewContent", "Write"]), (60.0, 30.0, ["Write"]),
        (0.0, 0.0, ["LookForNewContent", "Write"]),
        (None, 9999.0, ["Write"]),
    ],
)  # fmt: skip
def test_a_look_is_due_when_the_last_is_old(verify_age: float | None, wait: float, asked: list[str]) -> None:
    """A look not older than verify_age counts, 0 means afresh each time, null never."""
    runner = world(verify_age=verify_age).free_ppa()
    runner.world.boot += wait
    lent(runner.order(assign()))
    assert runner.kinds() == asked


def test_the_look_reaches_back_over_the_quiet_window() -> None:
    """What began to arrive before `since` may show only now."""
    runner = world(verify_age=0.0).free_ppa()
    since = runner.world.record.since
    lent(runner.order(assign()))
    assert runner.asked[0].since == since - timedelta(seconds=100)


def test_a_look_of_this_daemon_counts_for_the_next_wish_too() -> None:
    """A write that was lost to another does not make it look again at once."""
    runner = World().free_ppa()
    runner.world.boot += 100.0
    runner.world.launchpad.fault = faults("down", of="write")
    assert why(runner.order(assign())) is Refusal.OUTAGE
    lent(runner.order(assign()))
    assert runner.kinds() == ["LookForNewContent", "Write", "Write"]


def test_another_daemons_proof_counts_by_launchpads_clock() -> None:
    """`since` of a free record is when the last look of its proof began."""
    runner = World().free_ppa()
    other = runner.world.start("other")
    other.look()
    lent(other.order(assign()))
    assert other.kinds() == ["Write"]


def test_a_ppa_that_is_not_empty_is_not_lent_but_cleaned() -> None:
    """The wish gets another candidate."""
    runner = world(verify_age=0.0).free_ppa()
    runner.world.launchpad.upload(runner.world.ppa, "stray", binary=True)
    assert why(runner.order(assign())) is Refusal.LOST
    assert runner.world.state is State.DIRTY
    assert runner.world.record.lease is None
    runner.until(lambda: runner.known.state is State.FREE)
    assert not [i for i in runner.world.launchpad.archives[runner.world.ppa].items if i.active]


@pytest.mark.parametrize(("fault", "expected"), [("down", Refusal.OUTAGE), ("gone", Refusal.OUTAGE)])
def test_without_an_answer_about_arrivals_nothing_is_lent(fault: str, expected: Refusal) -> None:
    """What is in a PPA may be denied though the PPA is there."""
    runner = world(verify_age=0.0).free_ppa()
    runner.world.launchpad.fault = faults(fault, of="new_content")
    assert why(runner.order(assign())) is expected
    assert runner.kinds() == ["LookForNewContent"]
    assert runner.known.condition is Condition.UNREACHABLE


def test_what_a_wish_leaves_open_is_as_the_pool_says() -> None:
    """Its time to live and its silence; what it says itself goes before that, and silence is kept in whole seconds."""
    for wish, ttl, idle in (
        ({"ttl": None}, 77.0, 9),
        ({"ttl": 60.0, "idle": 7.6}, 60.0, 8),
        ({"idle": 0.1}, 3600.0, 1),
    ):
        _, record = world(ttl=77.0, idle=9.0).used_ppa(**wish)
        assert (record.until, record.idle) == (record.since + timedelta(seconds=ttl), idle)


def test_a_lost_race_is_lost() -> None:
    """Of two daemons exactly one gets the PPA, and the other learns whose it is."""
    runner = World().free_ppa()
    other = runner.world.start("other")
    other.look()
    lent(other.order(assign(lease="theirs", request="their-build")))
    assert why(runner.order(assign())) is Refusal.LOST
    assert runner.known.record == runner.world.record
    assert runner.world.record.lease == "theirs"


def test_a_write_that_is_refused_keeps_the_ppa_out_for_a_while() -> None:
    """Asking again at once would not help; after ten minutes it is tried again."""
    runner = World().free_ppa()
    runner.world.launchpad.archives[runner.world.ppa].writable = False
    assert why(runner.order(assign())) is Refusal.LOST
    assert (runner.known.condition, runner.known.sight) == (Condition.UNREACHABLE, Sight.BARRED)
    assert runner.alarms == [f"{runner.world.ppa}: {runner.known.fault}"]
    runner.look()
    assert runner.known.condition is Condition.UNREACHABLE
    assert runner.tick()
    assert runner.known.forbidden is None
    assert not runner.tick()


@pytest.mark.parametrize("fault", ["gone", "down"])
def test_an_assign_that_was_not_written_is_over(fault: str) -> None:
    """Nothing is bound to the PPA."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults(fault, of="write")
    assert why(runner.order(assign())) is (Refusal.LOST if fault == "gone" else Refusal.OUTAGE)
    assert runner.known.pending is None


# -- the upload right --------------------------------------------------------------------------------------------------


def test_the_right_is_given_before_the_lease_is_told() -> None:
    """Within ten seconds of the answer that showed the lease."""
    runner = World().free_ppa()
    lent(runner.order(assign(uploader="~ann")))
    assert runner.kinds() == ["Write", "Grant"]
    assert runner.world.launchpad.archives[runner.world.ppa].uploaders == ["~ann"]
    assert runner.asked[1].not_after == runner.known.entry.moment.started + 10.0  # type: ignore[union-attr]  # seen


def test_the_right_is_given_again_before_it_is_told_again() -> None:
    """It is idempotent, and may have been lost."""
    runner, _ = World().used_ppa(uploader="~ann")
    lent(runner.order(confirm()))
    assert runner.kinds() == ["Read", "Grant"]


def test_a_right_that_could_not_be_given_in_time_is_not_told() -> None:
    """The lease stands, and asking again gives the right and tells it."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults("down", of="grant")
    assert why(runner.order(assign(uploader="~ann"))) is Refusal.UNTOLD
    assert runner.world.state is State.USED
    lent(runner.order(confirm()))


def test_a_right_that_leaves_too_late_does_not_leave() -> None:
    """A grant later than ten seconds after its fence could come to a PPA that was cleaned meanwhile."""
    runner = World().free_ppa()

    def slow(ask: object) -> None:
        if kind(ask) == "Grant":
            runner.world.boot += 11.0

    runner.crash = slow
    assert why(runner.order(assign(uploader="~ann"))) is Refusal.UNTOLD
    assert runner.world.launchpad.archives[runner.world.ppa].uploaders == []


def test_a_refused_right_ends_a_fresh_lease() -> None:
    """Nobody was told of it: there is no such person, and the PPA goes back."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults("refused", of="grant")
    assert why(runner.order(assign(uploader="~nobody"))) is Refusal.INVALID
    assert runner.world.state is State.DIRTY


def test_a_refused_right_leaves_a_lease_that_may_have_been_told() -> None:
    """Its owner may be at work in it."""
    runner, record = World().used_ppa(uploader="~ann")
    runner.world.launchpad.fault = faults("refused", of="grant")
    assert why(runner.order(confirm())) is Refusal.INVALID
    assert runner.world.record == record


@pytest.mark.parametrize("fault", ["gone", "refused"])
def test_a_person_who_cannot_be_given_the_right_ends_the_lease_and_leaves_no_trace(fault: str) -> None:
    """What is gone (410) may be the person, not the PPA: the wish is refused, and no other PPA is tried."""
    runner = World().free_ppa()
    runner.world.launchpad.fault = faults(fault, of="grant")
    assert why(runner.order(assign(uploader="~ann"))) is Refusal.INVALID
    assert runner.known.condition is Condition.OK
    assert (runner.world.record.state, runner.world.record.uploader) == (State.DIRTY, None)


# -- confirm -----------------------------------------------------------------------------------------------------------


def test_a_lease_is_told_again_after_a_read() -> None:
    """With the same attempt nothing is written."""
    runner, record = World().used_ppa()
    outcome = lent(runner.order(confirm()))
    assert (outcome.record, outcome.fresh) == (record, False)
    assert runner.kinds() == ["Read"]


def test_a_higher_attempt_is_written_before_it_is_told() -> None:
    """† A lease that is found with a higher attempt is rewritten with it before it is told."""
    runner, record = World().used_ppa()
    told: list[int] = []
    runner.crash = lambda ask: told.append(len(runner.outcomes()))
    outcome = lent(runner.order(confirm(attempt=2)))
    assert runner.kinds() == ["Read", "Write"]
    assert told == [0, 0]
    assert outcome.record.attempt == runner.world.record.attempt == 2
    assert runner.world.record.serial == record.serial + 1


def test_a_raise_that_another_write_beats_is_decided_anew() -> None:
    """Another daemon raised it further: this one may not tell it."""
    runner, record = World().used_ppa()

    def race(ask: object) -> None:
        if kind(ask) == "Write":
            runner.crash = lambda ask: None
            text = compose(None, changed(record, attempt=5))
            runner.world.launchpad.describe(runner.world.ppa, text)

    runner.crash = race
    assert why(runner.order(confirm(attempt=2))) is Refusal.SUPERSEDED
    assert runner.world.record.attempt == 5


def test_a_lower_attempt_is_superseded() -> None:
    """† A daemon that meets a higher attempt than its own writes nothing and tells nothing."""
    runner, _ = World().used_ppa(attempt=3)
    assert why(runner.order(confirm(attempt=2))) is Refusal.SUPERSEDED
    assert runner.kinds() == ["Read"]


@pytest.mark.parametrize(
    ("other", "no"),
    [
        ({"owner": "x"}, Refusal.TAKEN),
        ({"pool": "x"}, Refusal.TAKEN),
        ({"select": parse("size=big")}, Refusal.TAKEN),
        ({"by": None}, Refusal.ELSEWHERE),
        ({"by": "x"}, Refusal.ELSEWHERE),
        ({"by": "x", "owner": "x"}, Refusal.ELSEWHERE),
    ],
)
def test_a_request_id_of_another_wish(other: dict[str, Any], no: Refusal) -> None:
    """The same client's for another owner, pool or selector is taken; another client's is another wish, which is not
    here.  Whatever the attempts are, nothing is written.
    """
    runner, _ = World().used_ppa()
    for attempt in (0, 5):
        assert why(runner.order(confirm(attempt=attempt, **other))) is no
    assert runner.kinds() == ["Read", "Read"]


def test_the_selector_of_a_lease_stands_in_its_record() -> None:
    """So that who asks again has the same lease at every daemon, after every restart, and under other labels too."""
    runner, record = World().used_ppa(select=parse("team,size==big"))
    assert record.select == "size=big,team"
    assert lent(runner.order(confirm(select=parse("size in (big),team")))).record == record
    assert why(runner.order(confirm(select=EVERYTHING))) is Refusal.TAKEN


def test_a_lease_that_is_over_is_not_told() -> None:
    """Written or not."""
    runner, record = World().used_ppa()
    runner.world.boot += 3600.0
    assert why(runner.order(confirm())) is Refusal.ELSEWHERE
    assert runner.world.record == record


def test_without_an_answer_nothing_is_told() -> None:
    """A lease in memory is no proof."""
    runner, _ = World().used_ppa()
    runner.world.launchpad.fault = faults("down")
    assert why(runner.order(confirm())) is Refusal.OUTAGE
    assert runner.known.condition is Condition.UNREACHABLE
