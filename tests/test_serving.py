"""A worker that dies of a bug: what it was asked, what it knew, and who comes after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.automaton import WorkerState
from ppa_assigner.automaton.events import Assign, Confirm, GiveUp, LeaseShown, Looked, Touch
from ppa_assigner.automaton.operation import Candidate, Granting, PendingWrite, Writing
from ppa_assigner.automaton.transitions import WriteReason
from ppa_assigner.port import Entry, Moment
from ppa_assigner.problems import Kind
from ppa_assigner.record import Record, State, Text
from ppa_assigner.views import Condition

from .fakecrew import Desk, lent, problem, ref
from .memory import START
from .settings import settings

RECORD = Record(serial=1, nonce="n", state=State.DIRTY, since=START, touched=START, pool="default")
ENTRY = Entry("memory:x", "etag", None, Moment(START, 0.0, 0.0))


def bound() -> tuple[Desk, Assign]:
    """A desk where `a` is being lent."""
    made = Desk("a", "b")
    made["a"].free()
    made.ask(wait=60.0)
    return made, next(event for event in made["a"].told if isinstance(event, Assign))


def test_what_a_dead_worker_was_asked_is_answered() -> None:
    """A touch in its mailbox is 503, an assign goes to the next candidate."""
    made = Desk("a", "b")
    made["a"].used("x", lease="L")
    made["b"].free()
    touch = made.supervisor.touch("L", None, EVERYBODY)
    call = made.ask(wait=60.0)
    made["b"].die()
    made["a"].die()
    assert problem(touch).kind is Kind.UNAVAILABLE
    assert not call.future.done()
    assert not made.core.registry.free_list.bound
    made.wait(0.0)
    made["a"].free()
    made["a"].lend()
    assert lent(call).ppa == ref("a")


def test_a_successor_knows_the_highest_record_and_the_unsettled_write() -> None:
    """The request stays bound; its outcome comes from the successor."""
    made, command = bound()
    record = made["a"].record(State.USED, lease=command.lease, request="r", owner="me")
    known = made["a"].known
    pending = PendingWrite(WriteReason.ASSIGN, ENTRY, record, (Candidate("n", True),), command)
    waits = Touch(token=99, deadline=0.0, lease="L")
    known = replace(
        known, pending=pending, operation=Writing(), highest=record, entry=ENTRY, waiting=(waits,), heard=START
    )
    old = made["a"]
    old.die(known)
    assert ref("a") in made.core.registry.free_list.bound
    made.wait(0.0)
    heir = made["a"].known
    assert heir.pending is not None
    assert heir.pending.unsettled
    assert (heir.highest, heir.waiting, heir.entry, heir.heard) == (record, (waits,), ENTRY, START)
    assert heir.seed != known.seed
    made["a"].told.append(command)
    made["a"].lend()
    assert made["a"] is not old
    assert not made.core.registry.free_list.bound


def test_a_lease_that_stood_when_the_worker_died_is_not_made_twice() -> None:
    """It died while it gave the upload right: the lease stands, so the caller is told 503 and asks again."""
    made, command = bound()
    call = made.ask()
    made["a"].take(Assign)
    record = made["a"].used("r", lease=command.lease)
    made["b"].free()
    known = replace(made["a"].known, text=Text(None, record), operation=Granting(command, True, LeaseShown(record)))
    made["a"].die(known)
    assert problem(call).kind is Kind.UNAVAILABLE
    assert made.asked() is None
    made.wait(0.0)
    assert made["a"].known.text.record == record
    made["a"].snapshot = replace(made["a"].snapshot, record=record, condition=Condition.OK)
    again = made.ask()
    made["a"].confirm()
    assert lent(again).ppa == ref("a")
    assert not made["a"].has(GiveUp)


def test_while_there_is_no_worker_nothing_is_lost() -> None:
    """No assign is bound to it, commands are answered, looks count it as not seen, it shows as out of reach."""
    made = Desk("a")
    made["a"].used("x", lease="L")
    for _ in range(2):
        made["a"].die()
        made.wait(0.0)
    assert made.supervisor.snapshot(ref("a")).condition is Condition.UNREACHABLE
    touch = made.supervisor.touch("L", None, EVERYBODY)
    call = made.ask("r", attempt=1)
    made.look()
    assert problem(call).kind is Kind.UNAVAILABLE
    made.supervisor.tick()
    assert "the worker failed" in problem(touch).detail
    dead = made["a"]
    made.wait(1.0)
    assert made["a"] is not dead
    assert made["a"].running


def test_a_round_of_looks_does_not_count_a_ppa_whose_worker_died_over_it() -> None:
    """A search of a later attempt that rests on that round fails: the lease may be there."""
    made = Desk("a", "b")
    made["b"].free()
    call = made.ask(attempt=1)
    made.begin_look()
    made["a"].die()
    made["a"].told.clear()
    made.end_look()
    assert problem(call).kind is Kind.UNAVAILABLE


def test_pauses_grow_and_a_long_life_resets_them() -> None:
    """The first successor comes at once, later ones after longer pauses; a worker that lived long starts anew."""
    made = Desk("a")
    for pause in (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0):
        hired = len(made.hired)
        made["a"].die()
        made.wait(pause - 0.1 if pause else 0.0)
        assert len(made.hired) == hired + (pause == 0.0)
        made.wait(0.1)
        assert len(made.hired) == hired + 1
    made.wait(700.0)
    hired = len(made.hired)
    made["a"].die()
    made.wait(0.0)
    assert len(made.hired) == hired + 1


def test_no_successor_for_what_is_not_served_or_not_running() -> None:
    """Let go meanwhile, replaced already, or the daemon stops: nobody is hired."""
    made = Desk("a", "b")
    made["a"].free()
    made["a"].die()
    made["b"].die()
    made.core.registry.drop(ref("a"))
    made.supervisor.stop(0.1)
    made.wait(0.0)
    assert len(made.hired) == 2
    made["b"].die()
    assert len(made.hired) == 2


def test_a_late_word_of_a_dead_worker_changes_nothing() -> None:
    """The old worker of a PPA that has a new one dies: the new one stays."""
    made = Desk("a")
    old = made["a"]
    old.die()
    made.wait(0.0)
    old.die(WorkerState(old.ppa, "default", old.known.options, old.known.daemon, "seed"))
    made.wait(100.0)
    assert len(made.hired) == 2


def test_a_retired_ppa_gets_the_options_of_the_pool_in_its_record() -> None:
    """First those of some pool; once its record is seen, those of the pool it names, for its successors too."""
    made = Desk(given=settings(ref("a"), retire=(ref("z"),)))
    made["z"].show(made["z"].record(State.DIRTY, pool="gone"))
    assert made.supervisor.snapshot(ref("z")).record is not None
    made["z"].die()
    made.wait(0.0)
    assert made["z"].known.pool == "default"


@pytest.mark.parametrize("kind", [Looked, Confirm])
def test_nothing_is_told_to_the_dead(kind: type[Looked] | type[Confirm]) -> None:
    """Neither looks nor commands reach a mailbox that nobody empties."""
    made = Desk("a")
    made["a"].used("r")
    made["a"].die()
    made["a"].die()
    dead = made["a"]
    dead.told.clear()
    made.begin_look()
    made.ask("r", wait=1.0)
    assert not dead.has(kind)
    assert not dead.has(Assign)


def test_a_ppa_let_go_before_its_successor_came_gets_none() -> None:
    """It was dropped in the pause."""
    made = Desk("a", "b")
    made["a"].die()
    made.core.registry.drop(ref("a"))
    made.wait(1.0)
    assert len(made.hired) == 2


@pytest.mark.parametrize(
    ("name", "value"), [("over", RECORD), ("floor", 7), ("disabled", True), ("vanished", True), ("heard_at", 5.0)]
)
def test_a_successor_knows_what_became_of_the_ppa(name: str, value: object) -> None:
    """What ended stays over, what was gone is not written back into, no serial is used twice, none disabled is lent."""
    made = Desk("a")
    made["a"].die(replace(made["a"].known, **{name: value}))  # type: ignore[arg-type]  # one field, whichever it is
    made.wait(0.0)
    assert len(made.hired) == 2
    assert getattr(made["a"].known, name) == value
