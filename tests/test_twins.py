"""Two leases of one request: which one ends, and which ones are only shown."""

from __future__ import annotations

from typing import Any

import pytest

from ppa_assigner.automaton.events import Denied, Duplicate, Outcome, ReadNow, RecordShown, Refusal, Supersede
from ppa_assigner.record import State
from ppa_assigner.views import Condition

from .fakecrew import Desk, ref
from .settings import settings


def twins(low: int = 0, high: int = 1, **other: Any) -> Desk:
    """`a` is used with the lower attempt, then `b` with the higher."""
    made = Desk("a", "b", "c")
    made["a"].used("r", attempt=low)
    made["b"].used("r", attempt=high, **other)
    return made


def test_the_lower_attempt_ends_once_the_higher_was_read_afresh() -> None:
    """The read begins after the lower was seen; only then the lower is superseded, by lease and attempt."""
    made = twins()
    command = made["b"].take(ReadNow)
    assert not made["a"].has(Supersede)
    made["b"].reply(command, RecordShown(made["b"].snapshot.record))
    ended = made["a"].take(Supersede)
    assert (ended.lease, ended.attempt) == ("lease-a", 0)
    made["a"].reply(ended, RecordShown(None))
    assert not made["b"].has(Supersede)


@pytest.mark.parametrize("case", ["outage", "released", "another", "lower", "stranger", "gone"])
def test_the_lower_attempt_stays_when_the_higher_does_not_stand(case: str) -> None:
    """No answer, no longer used, another lease, no higher attempt, another owner, no record: nobody ends."""
    made = twins()
    b = made["b"]
    command = b.take(ReadNow)
    given: dict[str, Any] = {
        "request": "r",
        "owner": "me",
        "lease": "lease-b",
        "until": b.snapshot.record and b.snapshot.record.until,
    }
    outcomes: dict[str, Outcome] = {
        "outage": Denied(Refusal.OUTAGE),
        "released": RecordShown(b.record(State.DIRTY, **given, attempt=1)),
        "another": RecordShown(b.record(State.USED, **{**given, "lease": "other"}, attempt=1)),
        "lower": RecordShown(b.record(State.USED, **given, attempt=0)),
        "stranger": RecordShown(b.record(State.USED, **{**given, "owner": "you"}, attempt=1)),
        "gone": RecordShown(None),
    }
    b.reply(command, outcomes[case])
    assert not made["a"].has(Supersede)
    assert not made.core.duplicates.asked


def test_it_is_asked_once_and_again_after_no_answer() -> None:
    """While the higher is being read nothing is asked twice; a later look asks again."""
    made = twins()
    record = made["a"].snapshot.record
    made["a"].show(record)
    assert sum(isinstance(event, ReadNow) for event in made["b"].told) == 1
    made["b"].deny(ReadNow, Refusal.OUTAGE)
    made["a"].show(record)
    assert made["b"].has(ReadNow)


@pytest.mark.parametrize("other", [{"owner": "you"}, {"by": "ann"}, {"pool": "second"}])
def test_leases_of_different_wishes_are_no_twins(other: dict[str, Any]) -> None:
    """The same request id of another owner, client or pool is another wish."""
    made = twins(**other)
    assert not made["b"].has(ReadNow)
    assert not made["a"].has(Duplicate)


def test_equal_attempts_are_shown_and_neither_ends() -> None:
    """Both are marked; when one ends the other is unmarked."""
    made = twins(1, 1)
    for name in "ab":
        assert made[name].take(Duplicate).found
        made[name].show(made[name].snapshot.record, Condition.DUPLICATE)
    for name in "ab":
        made[name].told.clear()
        made[name].show(made[name].snapshot.record, Condition.DUPLICATE)
        assert not made[name].told
    made["a"].free()
    assert not made["b"].take(Duplicate).found


def test_three_leases() -> None:
    """The two highest are equal and shown; the lower one ends, and is no duplicate."""
    made = twins(1, 1)
    made["c"].used("r", attempt=0)
    assert not made["c"].has(Duplicate)
    assert made["a"].has(ReadNow) or made["b"].has(ReadNow)


def test_two_wishes_with_twins_each() -> None:
    """Leases of another owner under the same id do not hide that one of ours is to end."""
    made = Desk("a", "b", "c", "d")
    made["a"].used("r", attempt=5, owner="you")
    made["b"].used("r", attempt=4, owner="you")
    made["c"].used("r", attempt=1)
    made["d"].used("r", attempt=0)
    made["c"].reply(made["c"].take(ReadNow), RecordShown(made["c"].snapshot.record))
    assert made["d"].has(Supersede)
    made["a"].reply(made["a"].take(ReadNow), RecordShown(made["a"].snapshot.record))
    assert made["b"].has(Supersede)


def test_a_successor_is_told_that_its_ppa_is_a_duplicate() -> None:
    """The mark outlives the worker."""
    made = twins(1, 1)
    made["a"].die()
    made.wait(0.0)
    record = made["b"].snapshot.record
    made["a"].told.clear()
    made["b"].show(record, Condition.DUPLICATE)
    assert made["a"].take(Duplicate).found


def test_a_twin_that_is_no_longer_served() -> None:
    """A marked PPA that was let go is not told any more, and the other is unmarked at the next look."""
    made = twins(1, 1)
    made["b"].show(made["b"].snapshot.record, Condition.DUPLICATE)
    made.supervisor.reload(settings(ref("b"), ref("c")))
    made["b"].told.clear()
    made["a"].show(None, Condition.MISSING)
    assert made["a"].ended
    assert not made["b"].take(Duplicate).found
    made["a"].told.clear()
    made["b"].show(made["b"].snapshot.record, Condition.DUPLICATE)
    assert not made["a"].told
    assert not made["b"].take(Duplicate).found
