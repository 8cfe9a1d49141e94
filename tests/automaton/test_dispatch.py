"""The tables: which reason for a write may lead where, and what each command does in each state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest

from ppa_assigner import automaton
from ppa_assigner.automaton import Now, WriteReason, events, group_commands
from ppa_assigner.automaton.dispatch import ANSWERS, COMMANDS
from ppa_assigner.automaton.events import (
    Answered,
    CheckBurnt,
    Command,
    ContentShown,
    Denied,
    Duplicate,
    GiveUp,
    Inspect,
    LeaseShown,
    ListProcessors,
    Operate,
    ProcessorsShown,
    ReadNow,
    Reconfigured,
    RecordShown,
    Refusal,
    Release,
    Supersede,
    Taking,
    Tick,
    Touch,
)
from ppa_assigner.automaton.operation import Operation
from ppa_assigner.automaton.transitions import LEGAL
from ppa_assigner.automaton.write import write_record
from ppa_assigner.options import PoolOptions
from ppa_assigner.packages import SourcePackage
from ppa_assigner.record import Record, State, encode
from ppa_assigner.views import AdoptAction, Condition, HoldAction, QuarantineAction, ResumeAction
from tests.automaton import lab
from tests.automaton.lab import Runner, World, assign, confirm, faults, lose

STATES = (None, *State)


def record_of(runner: Runner, state: State) -> Record:
    """Some valid record in that state."""
    now = runner.clock.now().date
    lease: dict[str, Any] = {"owner": "o", "lease": "l", "request": "r", "until": now} if state is State.USED else {}
    return Record(serial=7, nonce="n", state=state, since=now, touched=now, pool="default", **lease)


@pytest.mark.parametrize("reason", WriteReason)
@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", State)
def test_only_what_is_legal_is_written(reason: WriteReason, before: State | None, after: State) -> None:
    """Each row of LEGAL is let through, everything else stops the worker before a request is made."""
    runner = World().start()
    runner.look()
    record = record_of(runner, before) if before is not None else None
    known = replace(runner.known, text=replace(runner.known.text, record=record), highest=record)
    wanted = record_of(runner, after)
    if (before, after) in LEGAL[reason]:
        written, effects = write_record(known, reason, wanted, runner.clock.now())
        assert len(effects) == 1
        assert written.pending is not None
        assert written.pending.record.serial == 8 if record else written.pending.record.serial > 10**9
    else:
        with pytest.raises(AssertionError):
            write_record(known, reason, wanted, runner.clock.now())


def test_the_life_of_a_ppa() -> None:
    """The pairs of states that can follow each other, and no client names one."""
    pairs = {pair for legal in LEGAL.values() for pair in legal if pair[0] is not pair[1]}
    assert pairs == {
        (None, State.DIRTY), (State.FREE, State.USED), (State.USED, State.DIRTY), (State.DIRTY, State.FREE),
        (State.FREE, State.DIRTY), (State.DIRTY, State.DISCARDED),
    }  # fmt: skip
    assert [reason for reason, legal in LEGAL.items() if (State.DIRTY, State.FREE) in legal] == [WriteReason.FREE]


def unmanaged() -> Runner:
    """Somebody's packages."""
    world = World(description="mine")
    world.launchpad.upload(world.ppa, "theirs")
    runner = world.start()
    runner.look()
    runner.tick()
    return runner


def unreadable() -> Runner:
    """A record that nobody understands."""
    runner = World(description='words\nppa-assigner: {"v":1}').start()
    runner.look()
    return runner


def foreign() -> Runner:
    """A record of a later version."""
    runner = World(description='ppa-assigner: {"v":3}').start()
    runner.look()
    return runner


def free() -> Runner:
    """Free and just proved."""
    return World().free_ppa()


def used() -> Runner:
    """Lent for an hour."""
    return World().used_ppa()[0]


def over() -> Runner:
    """Its lease has reached its end, and nobody wrote that yet."""
    runner = used()
    runner.world.boot += 3600.0
    return runner


def dirty() -> Runner:
    """Released, and not clean yet."""
    return World().dirty_ppa()


def given_up() -> Runner:
    """Released, and in quarantine."""
    runner = dirty()
    runner.order(QuarantineAction("odd"))
    runner.forget_the_past()
    return runner


def missing() -> Runner:
    """Deleted on Launchpad: for a minute nothing is said of its lease, and nobody can act on it any more."""
    runner = used()
    runner.world.launchpad.archives[runner.world.ppa].status = "Deleting"
    runner.look()
    return runner


def absent() -> Runner:
    """Launchpad knows none of its name, which may pass."""
    runner = used()
    lose(runner, "gone")
    runner.look()
    return runner


def gone() -> Runner:
    """And so it has been for a minute."""
    runner = missing()
    runner.pass_time(100.0)
    return runner


def denied() -> Runner:
    """Launchpad does not show it to us."""
    runner = used()
    runner.world.launchpad.archives[runner.world.ppa].readable = False
    runner.look()
    return runner


def discarded() -> Runner:
    """Not lent again."""
    world = dirty().world
    world.archive.description = encode(lab.discarded(world.record))
    runner = world.start()
    runner.look()
    return runner


def unseen() -> Runner:
    """Lent, and this daemon has not looked yet."""
    return used().world.start()


_SITUATIONS = (
    unmanaged, unreadable, foreign, free, used, over, dirty, given_up, missing, absent, gone, denied, unseen, discarded,
)  # fmt: skip
SITUATIONS: dict[str, Callable[[], Runner]] = {f.__name__: f for f in _SITUATIONS}
LEASE = "lease-1"
ORDERS: dict[str, Any] = {
    "assign": assign(lease="lease-2", request="build-2"),
    "confirm": confirm(),
    "touch": lambda t, d: Touch(token=t, deadline=d, lease=LEASE),
    "touch another": lambda t, d: Touch(token=t, deadline=d, lease="lease-9"),
    "release": lambda t, d: Release(token=t, deadline=d, lease=LEASE),
    "release another": lambda t, d: Release(token=t, deadline=d, lease="lease-9"),
    "give up another": lambda t, d: GiveUp(token=t, deadline=d, lease=LEASE, nonce="n"),
    "supersede": lambda t, d: Supersede(token=t, deadline=d, lease=LEASE, attempt=0),
    "supersede another": lambda t, d: Supersede(token=t, deadline=d, lease=LEASE, attempt=1),
    "hold": lambda t, d: Operate(token=t, deadline=d, act=HoldAction(LEASE, 60.0)),
    "hold too long": lambda t, d: Operate(token=t, deadline=d, act=HoldAction(LEASE, 1e6)),
    "hold another": lambda t, d: Operate(token=t, deadline=d, act=HoldAction("lease-9", 60.0)),
    "adopt": lambda t, d: Operate(token=t, deadline=d, act=AdoptAction()),
    "quarantine": lambda t, d: Operate(token=t, deadline=d, act=QuarantineAction("because")),
    "resume": lambda t, d: Operate(token=t, deadline=d, act=ResumeAction()),
    "inspect": lambda t, d: Inspect(token=t, deadline=d),
    "list processors": lambda t, d: ListProcessors(token=t, deadline=d),
    "read": lambda t, d: ReadNow(token=t, deadline=d),
    "check": lambda t, d: CheckBurnt(token=t, deadline=d, sources=(SourcePackage("theirs", "1"),)),
    "check another": lambda t, d: CheckBurnt(token=t, deadline=d, sources=(SourcePackage("theirs", "2"),)),
}
OUT_OF_SIGHT = ("missing", "absent", "gone", "denied")
E, W, L, OUT = Refusal.ELSEWHERE, Refusal.WRONG_STATE, Refusal.LOST, Refusal.OUTAGE
DELETED = {"missing": W, "gone": W}  # what becomes of an act of an operator


def row(default: Any, **others: Any) -> dict[str, Any]:
    """What comes of a command in each situation."""
    return {**dict.fromkeys(SITUATIONS, default), "missing": OUT, "absent": OUT, "denied": OUT, "gone": E, **others}


EXPECTED: dict[str, dict[str, Any]] = {
    "assign": row(L, free=State.USED, missing=L, absent=L, denied=L, gone=L),
    "confirm": row(E, used="lent", unseen="lent"),
    "touch": row(
        E, used="lent", unseen="lent", over=Refusal.OVER, dirty=Refusal.OVER, given_up=Refusal.OVER, gone=Refusal.OVER
    ),
    "touch another": row(E),
    "release": row(
        E, used=State.DIRTY, over=State.DIRTY, unseen=State.DIRTY, dirty="stands", given_up="stands",
        gone="stands",
    ),
    "release another": row(E),
    "give up another": row(E),
    "supersede": row(E, used=State.DIRTY, over=State.DIRTY, unseen=State.DIRTY),
    "supersede another": row(E),
    "hold": row(W, used=State.USED, unseen=State.USED, **DELETED),
    "hold too long": row(W, used=Refusal.INVALID, unseen=Refusal.INVALID, **DELETED),
    "hold another": row(W, **DELETED),
    "adopt": row(W, unmanaged=State.DIRTY, unreadable=State.DIRTY, foreign=State.DIRTY, **DELETED),
    "quarantine": row(
        State.DIRTY, unmanaged=W, unreadable=W, foreign=W, used=State.USED, over=State.USED, unseen=State.USED,
        discarded=W, **DELETED,
    ),
    "resume": row(W, given_up=State.DIRTY, **DELETED),
    "inspect": row("content", gone=OUT),
    "list processors": row("processors"),
    "read": row("stands"),
    "check": row("stands", unmanaged=Refusal.BURNT),
    "check another": row("stands"),
}  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("order", ORDERS)
def test_every_command_in_every_state(order: str, situation: str) -> None:
    """What is told and what is written is what the table above says; a command that is refused changes nothing, and
    where the PPA is out of sight it says why that is so.
    """
    runner, expected = SITUATIONS[situation](), EXPECTED[order][situation]
    archive = runner.world.launchpad.archives[runner.world.ppa]
    before, known = list(archive.history), runner.known
    outcome = runner.order(ORDERS[order])
    match expected:
        case Refusal():
            assert isinstance(outcome, Denied)
            assert outcome.why is expected
            assert outcome.detail == runner.known.fault or situation not in OUT_OF_SIGHT
        case State():
            assert isinstance(outcome, RecordShown | LeaseShown)
            assert runner.world.record.state is expected
            assert len(archive.history) == len(before) + 1
            return
        case "lent":
            assert isinstance(outcome, LeaseShown)
        case "stands":
            assert isinstance(outcome, RecordShown)
        case "content":
            assert isinstance(outcome, ContentShown)
        case "processors":
            assert outcome == ProcessorsShown(tuple(archive.processors))
    assert archive.history == before
    if situation not in (*OUT_OF_SIGHT, "unseen"):
        assert (runner.known.record, runner.known.condition) == (known.record, known.condition)
        assert (runner.known.pending, runner.known.operation, runner.known.clean) == (None, None, known.clean)


def test_every_kind_of_command_is_decided_on() -> None:
    """A command without a row would end the worker."""
    kinds = {
        kind
        for module in (events, group_commands)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Command)
    }
    assert set(COMMANDS) == kinds - {Command, Taking}


def test_every_kind_of_operation_has_its_answer_handled() -> None:
    """An operation without a row would end the worker when Launchpad answers."""
    assert set(ANSWERS) == set(get_args(Operation))


def test_no_command_is_carried_out_after_its_deadline() -> None:
    """Nobody waits for it, and its caller was told something else."""
    runner = used()
    outcome = runner.order(Release, within=0.0, lease=LEASE)
    assert isinstance(outcome, Denied)
    assert outcome.why is Refusal.OUTAGE
    assert runner.asked == []


def test_the_automaton_is_pure() -> None:
    """The same arguments give the same answer: nothing is read from a clock or drawn by chance."""
    runner = free()
    now = runner.clock.now()
    command = assign()(1, now.boot + 60)
    assert automaton.step(runner.known, command, now) == automaton.step(runner.known, command, now)
    hash(automaton.step(runner.known, command, now)[0])


def test_an_answer_that_nobody_asked_for_is_a_bug() -> None:
    """The shell feeds back the one answer, next."""
    runner = free()
    with pytest.raises(AssertionError):
        automaton.step(runner.known, Answered(runner.world.launchpad.read(runner.world.ppa)), runner.clock.now())


def test_a_duplicate_is_shown_and_alarmed_once_while_it_is_used() -> None:
    """Neither lease is ended; once this one is over, the PPA is cleaned as any other."""
    runner = used()
    for _ in range(2):
        runner.give(Duplicate(True))
    assert runner.known.condition is Condition.DUPLICATE
    assert len(runner.alarms) == 1
    assert runner.asked == []
    runner.world.boot += 1800.0
    assert isinstance(runner.order(Touch, lease=LEASE), LeaseShown)
    runner.order(Release, lease=LEASE)
    runner.until(lambda: runner.known.state is State.FREE)
    runner.give(Duplicate(False))
    assert not runner.known.duplicate
    assert len(runner.alarms) == 1


def test_a_duplicate_expires() -> None:
    """I9 holds for it too."""
    runner = used()
    runner.give(Duplicate(True))
    runner.until(lambda: runner.known.state is State.DIRTY)


def test_other_options_count_at_once() -> None:
    """A PPA that was moved to another pool gets its name once it is free; until then its options are found by the old
    one, after a restart too.
    """
    runner = used()
    runner.give(Reconfigured("other", PoolOptions(settle=100.0, max_hold=1.0)))
    outcome = runner.order(HoldAction(LEASE, 60.0))
    assert isinstance(outcome, Denied)
    assert outcome.why is Refusal.INVALID
    assert runner.known.snapshot().pool == "other"
    runner.order(Touch, lease=LEASE, ttl=7200.0)
    assert runner.world.record.pool == "default"
    runner.order(Release, lease=LEASE)
    assert runner.world.record.pool == "default"
    runner.until(lambda: runner.known.state is State.FREE)
    assert runner.world.record.pool == "other"


def test_a_tick_before_anything_is_known_does_nothing() -> None:
    """There is nothing to wake up for either."""
    runner = World().start()
    assert automaton.wake(runner.known, runner.clock.now()) is None
    runner.give(Tick())
    assert runner.asked == []


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_the_wake_promises_the_tick_keeps(situation: str) -> None:
    """No situation wakes the worker for nothing, over and over (the lab fails a tick that does nothing)."""
    runner = SITUATIONS[situation]()
    for _ in range(30):
        if not runner.tick():
            break
    assert runner.known.pending is None


def test_a_used_record_without_any_end_is_not_made() -> None:
    """A known record always has an end, so a wake always comes."""
    runner = used()
    assert automaton.wake(runner.known, runner.clock.now()) == pytest.approx(runner.world.boot + 3600.0, abs=2.0)


def test_a_text_that_cannot_be_stored_is_refused_and_nothing_is_sent() -> None:
    """The door should have kept it out; the worker lives on."""
    runner = free()
    for order in (assign(note="\0"), ORDERS["quarantine"]):
        command = order(1, runner.world.boot + 60)
        if isinstance(command, Operate):
            command = replace(command, act=QuarantineAction("\ud800"))
        runner.give(command)
    assert [type(outcome) for outcome in runner.outcomes()] == [Denied, Denied]
    assert all(isinstance(outcome, Denied) and outcome.why is Refusal.INVALID for outcome in runner.outcomes())
    assert runner.asked == []
    assert runner.known.pending is None


@pytest.mark.parametrize(
    ("fault", "expected"), [("down", Refusal.OUTAGE), ("refused", Refusal.OUTAGE), ("gone", Refusal.OUTAGE)]
)
def test_what_is_in_a_ppa_is_told_or_why_not(fault: str, expected: Refusal) -> None:
    """An operator's look changes nothing, whatever comes of it."""
    runner = dirty()
    record = runner.world.record
    runner.world.launchpad.fault = faults(fault, of="content")
    outcome = runner.order(ORDERS["inspect"])
    assert isinstance(outcome, Denied)
    assert outcome.why is expected
    assert runner.world.record == record


def test_a_lease_that_is_told_again_is_not_a_fresh_one() -> None:
    """Also where its record was rewritten with a higher attempt first: somebody may have been told of it before."""
    runner = used()
    assert runner.order(confirm(attempt=1)) == LeaseShown(runner.world.record, fresh=False)
    assert runner.world.record.attempt == 1


def test_moments_are_whole_seconds() -> None:
    """The clock hands out no fraction, so what is written is what is compared."""
    now: Now = used().clock.now()
    assert now.date.microsecond == 0
