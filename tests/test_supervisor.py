"""Calls about leases and PPAs, reloading, and workers that die: with workers that answer by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ppa_assigner.access import EVERYBODY, Caller, Role
from ppa_assigner.automaton.events import (
    Assign,
    Confirm,
    ContentShown,
    Denied,
    Inspect,
    LeaseShown,
    Operate,
    Reconfigured,
    RecordShown,
    Refusal,
    Release,
    Touch,
    Transition,
)
from ppa_assigner.config import Pool
from ppa_assigner.labels import NO_LABELS
from ppa_assigner.options import PoolOptions
from ppa_assigner.port import Content, Moment
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import State
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.requests import CallId
from ppa_assigner.supervisor.steps import Came, Serves
from ppa_assigner.views import (
    AdoptAction,
    Cleaning,
    Condition,
    HoldAction,
    OperatorAction,
    PpaEvent,
    QuarantineAction,
    ReleaseAction,
    ResumeAction,
    Snapshot,
)

from .fakecrew import Desk, FakeWorker, lent, problem, ref
from .memory import START
from .settings import settings
from .waiting import until

ANN = Caller("ann", Role.CLIENT, ("team-*",))


def used(**fields: object) -> tuple[Desk, FakeWorker]:
    """A desk whose PPA `a` is used under lease L."""
    made = Desk("a", "b")
    made["a"].used("r", lease="L", **fields)
    return made, made["a"]


def unlabelled(shown: Snapshot) -> Snapshot:
    """A PPA as its worker shows it."""
    return replace(shown, labels=NO_LABELS)


# -- leases -----------------------------------------------------------------------------------------------------------


def test_touch_gives_what_the_worker_confirms() -> None:
    """The command carries the lease and the ttl; the result is the record of the outcome."""
    made, a = used()
    future = made.supervisor.touch("L", 60.0, EVERYBODY)
    command = a.take(Touch)
    assert (command.lease, command.ttl) == ("L", 60.0)
    record = a.used("r", lease="L")
    a.reply(command, LeaseShown(record))
    assert (future.result(0).ppa, future.result(0).record) == (ref("a"), record)


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        (Refusal.OVER, Kind.LEASE_OVER),
        (Refusal.INVALID, Kind.INVALID),
        (Refusal.WRONG_STATE, Kind.WRONG_STATE),
        (Refusal.OUTAGE, Kind.UNAVAILABLE),
    ],
)
def test_touch_that_is_denied(why: Refusal, kind: Kind) -> None:
    """Each denial has its problem."""
    made, a = used()
    future = made.supervisor.touch("L", None, EVERYBODY)
    a.deny(Touch, Refusal.IN_DOUBT)
    assert not future.done()
    a.deny(Touch, why)
    assert problem(future).kind is kind


def test_a_touch_that_cannot_be_written_says_whether_it_was_heard() -> None:
    """By a worker that took it: then silence counts anew.  Not by one that is down, or that did not get to it."""
    made, a = used()
    future = made.supervisor.touch("L", None, EVERYBODY)
    a.hear()
    a.deny(Touch, Refusal.OUTAGE)
    assert problem(future).facts["heard"] is True
    made.wait(5.0)
    for how in ("late", "down"):
        future = made.supervisor.touch("L", None, EVERYBODY)
        if how == "late":
            made.wait(61.0)
        else:
            a.hear()
            a.die()
        assert problem(future).kind is Kind.UNAVAILABLE
        assert "heard" not in problem(future).facts


def test_a_denial_without_a_reason_still_says_something() -> None:
    """The detail is for people."""
    made, a = used()
    future = made.supervisor.release("L", EVERYBODY)
    a.deny(Release, Refusal.OUTAGE, "")
    assert "Launchpad did not answer" in problem(future).detail


def test_a_lease_that_is_unknown_is_so_after_a_look_that_began_after_the_call() -> None:
    """A look under way does not count, one that failed neither: it is looked again until one saw every PPA."""
    made = Desk("a", "b")
    made.begin_look()
    future = made.supervisor.touch("L", None, EVERYBODY)
    made.end_look()
    made.look(b="no answer")
    assert not future.done()
    made.wait(2.0)
    made.look()
    assert problem(future).kind is Kind.UNKNOWN_LEASE
    assert not made.core.open


def test_a_lease_that_could_not_be_looked_for_is_503_at_the_deadline() -> None:
    """The reason is said."""
    made = Desk("a", "b")
    future = made.supervisor.lease("L")
    made.look(b="no answer")
    made.wait(5.0)
    assert (problem(future).kind, "no answer" in problem(future).detail) == (Kind.UNAVAILABLE, True)
    late = made.supervisor.lease("L")
    made.wait(4.5)
    made.look(b="no answer")
    made.wait(3.0)
    assert problem(late).kind is Kind.UNAVAILABLE
    made.look()
    assert not made.core.expected


def test_a_lease_that_a_look_finds() -> None:
    """It was made by another daemon: found afresh, shown."""
    made = Desk("a")
    future = made.supervisor.lease("L")
    record = made["a"].used("r", lease="L")
    made.look()
    assert future.result(0).record == record


def test_a_lease_that_is_elsewhere_is_looked_for_once_more() -> None:
    """Memory was wrong: after a fresh look it is another PPA's, or nobody's."""
    made, a = used()
    future = made.supervisor.release("L", EVERYBODY)
    a.deny(Release, Refusal.ELSEWHERE)
    assert not future.done()
    made.look()
    a.deny(Release, Refusal.ELSEWHERE)
    assert problem(future).kind is Kind.UNKNOWN_LEASE


@pytest.mark.parametrize(
    ("by", "owner", "allowed"),
    [("ann", "x", True), ("bob", "team-1", True), ("bob", "x", False), (None, "x", False)],
)
def test_who_may_end_and_touch(by: str | None, owner: str, allowed: bool) -> None:
    """Its own leases, and those whose owner matches its patterns: else 403, and nothing is asked of the worker."""
    made, a = used(by=by, owner=owner)
    for future in (made.supervisor.touch("L", None, ANN), made.supervisor.release("L", ANN)):
        assert future.done() is not allowed
        if not allowed:
            assert problem(future).kind is Kind.FORBIDDEN
    assert a.has(Touch) is a.has(Release) is allowed


# -- the operator's acts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (ReleaseAction("L"), Release),
        (HoldAction("L", 5.0), Operate),
        (AdoptAction(), Operate),
        (QuarantineAction("why"), Operate),
        (ResumeAction(), Operate),
    ],
)
def test_an_operators_act(act: OperatorAction, kind: type[Release | Operate]) -> None:
    """It reaches the worker, and the PPA is shown as it is then."""
    made, a = used()
    future = made.supervisor.operate(ref("a"), act, EVERYBODY)
    command = a.take(kind)
    assert isinstance(command, Release) or command.act is act
    a.reply(command, RecordShown(None))
    assert unlabelled(future.result(0)) == a.snapshot


def test_an_operators_release_of_another_lease() -> None:
    """The PPA does not hold it: 409, with or without a reason."""
    made, a = used()
    for detail in ("", "it was removed"):
        future = made.supervisor.operate(ref("a"), ReleaseAction("other"), EVERYBODY)
        a.deny(Release, Refusal.ELSEWHERE, detail)
        assert problem(future).kind is Kind.WRONG_STATE
        assert detail in problem(future).detail


def test_what_is_not_served_is_unknown() -> None:
    """404 for acts, content and the PPA itself."""
    made = Desk("a")
    for call in (
        lambda: made.supervisor.operate(ref("x"), ResumeAction(), EVERYBODY),
        lambda: made.supervisor.content(ref("x")),
        lambda: made.supervisor.snapshot(ref("x")),
    ):
        with pytest.raises(Problem) as caught:
            call()
        assert caught.value.kind is Kind.UNKNOWN_PPA


def test_content() -> None:
    """What a clean would delete, as the worker lists it."""
    made, a = used()
    content = Content((), (), Moment(START, 0.0, 0.0))
    future = made.supervisor.content(ref("a"))
    a.reply(a.take(Inspect), ContentShown(content))
    assert future.result(0) == content


def test_an_outcome_that_cannot_be_is_a_bug_that_hurts_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    """The worker that told it goes on; the call ends at its deadline; the log has it."""
    made, a = used()
    touch, content = made.supervisor.touch("L", None, EVERYBODY), made.supervisor.content(ref("a"))
    a.reply(a.take(Touch), RecordShown(None))
    a.reply(a.take(Inspect), RecordShown(None))
    assert "could not be handled" in caplog.text
    made.wait(5.0)
    assert problem(touch).kind is problem(content).kind is Kind.UNAVAILABLE


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_pools_in_numbers() -> None:
    """States, conditions, the line, and how long the first has waited."""
    made = Desk("a", "b")
    made["a"].used("x")
    empty = made.supervisor.pools()[0]
    assert (empty.pool, empty.waiting, empty.oldest_wait) == ("default", 0, None)
    assert (empty.states["used"], empty.conditions["ok"], empty.conditions["unreachable"]) == (1, 1, 1)
    made["b"].used("y")
    made.ask("one", wait=60.0)
    made.wait(3.0)
    made.ask("two", wait=60.0)
    view = made.supervisor.pools()[0]
    assert view.waiting == 2
    assert view.oldest_wait == pytest.approx(3.0)


def test_snapshots_by_name() -> None:
    """All PPAs, in order."""
    made = Desk("b", "a")
    assert [s.ppa for s in made.supervisor.snapshots()] == [ref("a"), ref("b")]
    shown = made.supervisor.snapshot(ref("a"))
    assert unlabelled(shown) == made["a"].snapshot
    assert shown.labels.values == {"lp/owner": "team", "lp/distribution": "ubuntu"}


def test_a_worker_whose_loop_does_not_turn_is_stuck() -> None:
    """Busy and without a sign of life for longer than the patience; a dead one is being replaced, not stuck."""
    made = Desk("a", "b")
    made["a"].busy = made["b"].busy = True
    made.wait(10.0)
    made["b"].turned = made.now
    assert made.supervisor.stuck(9.0) == [str(ref("a"))]
    assert made.supervisor.stuck(11.0) == []
    made["a"].die()
    assert made.supervisor.stuck(9.0) == []


def test_transitions_and_alarms_are_events() -> None:
    """Both are written down, numbered."""
    made = Desk("a")
    seen: list[PpaEvent] = []
    made.supervisor.events.subscribe(seen.append)
    record = made["a"].record(State.DIRTY, owner="me", lease="L", request="r")
    made.listener.on_transition(ref("a"), Transition(State.USED, record, "released", START))
    made.listener.on_transition(ref("a"), Transition(None, record, "seen", START))
    made.listener.on_alarm(ref("a"), "look here")
    assert [(e.number, e.kind) for e in seen] == [(1, "transition"), (2, "transition"), (3, "alarm")]
    assert (seen[0].data["from"], seen[0].data["to"], seen[0].data["why"]) == ("used", "dirty", "released")
    assert seen[1].data["from"] is None
    assert seen[2].data == {"text": "look here"}


def test_the_progress_of_a_clean_is_an_event() -> None:
    """What it does, and how much is left."""
    made = Desk("a")
    made.listener.on_progress(ref("a"), Cleaning("delete", 7, 3, 4, START))
    (event,), _ = made.supervisor.events.since(0)
    assert (event.ppa, event.kind, event.at) == (ref("a"), "cleaning", START)
    assert event.data == {"step": "delete", "found": 7, "deleted": 3, "left": 4}


def test_many_calls_for_unknown_leases_want_one_look() -> None:
    """One wish for a look each, which one look serves."""
    made = Desk("a")
    calls = [made.supervisor.touch(f"unknown-{n}", None, EVERYBODY) for n in range(100)]
    begun = made.core.rounds.begun
    made.look()
    assert made.core.rounds.begun == begun + 1
    assert {problem(call).kind for call in calls} == {Kind.UNKNOWN_LEASE}


def test_ready_after_a_look_that_got_through_somewhere() -> None:
    """One PPA out of reach does not keep the others waiting; all of them do, and it is tried again."""
    made = Desk("a", "b", ready=False)
    assert made.supervisor.unready() == "the first look at the PPAs is not over"
    made.look(a="down", b="down")
    assert made.supervisor.unready() == "down"
    made.wait(2.0)
    made.look(a="down")
    assert made.supervisor.unready() is None


def test_no_more_looks_for_ready_once_it_stops() -> None:
    """The pause before the next first look may outlast the daemon."""
    made = Desk("a", ready=False)
    made.look(a="down")
    made.supervisor.stop(0.1)
    made.wait(2.0)
    made.supervisor.tick()
    assert made.supervisor.unready() == "the daemon is being stopped"
    made.launchpad.log.clear()
    made.look()
    assert made.launchpad.log == []


def test_calls_of_a_stopping_daemon_end_at_once() -> None:
    """Touch, release, show, acts and withdrawals: those open and those that come are 503."""
    made, a = used()
    supervisor = made.supervisor
    pending = supervisor.touch("L", None, EVERYBODY)
    supervisor.stop(0.1)
    assert problem(pending).kind is Kind.UNAVAILABLE
    for future in (
        supervisor.touch("L", None, EVERYBODY),
        supervisor.lease("unknown"),
        supervisor.operate(ref("a"), ResumeAction(), EVERYBODY),
        supervisor.withdraw("nobody", EVERYBODY),
    ):
        assert problem(future).kind is Kind.UNAVAILABLE
    assert not a.has(Operate)
    assert not made.core.open


# -- reload -----------------------------------------------------------------------------------------------------------


def reload(made: Desk, *names: str, retire: tuple[Reference, ...] = ()) -> list[str]:
    """Serve these from now on."""
    return made.supervisor.reload(settings(*(ref(name) for name in names), retire=retire))


def test_an_added_ppa_gets_a_worker_and_serves_who_waits() -> None:
    """It is looked at, and lent once it is known to be free."""
    made = Desk("a")
    call = made.ask(wait=60.0)
    assert reload(made, "a", "b") == []
    assert made["b"].running
    made["b"].free()
    made["b"].lend()
    assert lent(call).ppa == ref("b")


def test_a_removed_ppa_that_is_free_is_let_go() -> None:
    """Its worker ends, the round of looks does not wait for it, and it is no candidate."""
    made = Desk("a", "b")
    made["a"].free()
    made["b"].free(5)
    made.begin_look()
    call = made.ask("late", attempt=1)
    assert reload(made, "b") == []
    assert made["a"].ended
    made.look()
    made["b"].lend()
    assert lent(call).ppa == ref("b")
    assert [s.ppa for s in made.supervisor.snapshots()] == [ref("b")]


def test_a_removed_ppa_that_is_used_is_served_to_its_end() -> None:
    """Lease and clean first, with a warning; then it is let go.  A late word of its worker is dropped."""
    made = Desk("a", "b")
    record = made["a"].used("r", lease="L")
    warnings = reload(made, "b")
    assert len(warnings) == 1
    assert "retire" in warnings[0]
    again = made.ask("r")
    made["a"].confirm()
    assert lent(again).record == record
    made["a"].show(made["a"].record(State.DIRTY))
    assert not made["a"].ended
    made["a"].free()
    assert made["a"].ended
    made["a"].free()
    made["a"].die()
    assert made.asked() is None


def test_a_removed_ppa_that_is_being_lent_is_not_dropped() -> None:
    """It looked free when the list changed, and a lease was on its way: the lease is told and served to its end."""
    made = Desk("a", "b")
    made["a"].free()
    call = made.ask()
    reload(made, "b")
    assert not made["a"].ended
    made["a"].lend()
    assert lent(call).ppa == ref("a")
    assert not made["a"].ended
    made["a"].free()
    assert made["a"].ended


def test_a_removed_ppa_whose_assign_is_lost_is_let_go_then() -> None:
    """The answer to its last command ends it."""
    made = Desk("a", "b")
    made["a"].free()
    call = made.ask(wait=60.0)
    reload(made, "b")
    made["a"].deny(Assign, Refusal.LOST)
    assert made["a"].ended
    assert not call.future.done()


@pytest.mark.parametrize(
    ("condition", "gone"),
    [
        (Condition.UNMANAGED, True),
        (Condition.UNREADABLE, True),
        (Condition.MISSING, True),
        (Condition.UNREACHABLE, False),
    ],
)
def test_a_removed_ppa_without_a_record(condition: Condition, gone: bool) -> None:
    """Nothing of ours is in it: let go, or (never seen yet) kept until it was."""
    made = Desk("a", "b")
    made["a"].show(None, condition)
    reload(made, "b")
    assert made["a"].ended is gone


def test_a_retired_ppa_is_served_and_not_lent() -> None:
    """Listed under `retire` it keeps its worker, with the options of the pool that its record names."""
    made = Desk("a", "b")
    made["a"].free()
    assert reload(made, "b", retire=(ref("a"),)) == []
    made.ask(wait=5.0)
    assert made.asked() is None
    assert not made["a"].ended
    made["a"].free()
    assert not made["a"].ended


def test_a_ppa_comes_back() -> None:
    """Removed while used and put on the list again: lent again."""
    made = Desk("a", "b")
    made["a"].used("x")
    reload(made, "b")
    reload(made, "a", "b")
    made["a"].free()
    made.ask()
    assert made.asked() == "a"


def test_a_wish_for_a_ppa_that_is_no_longer_there() -> None:
    """The lease is in a PPA that was let go meanwhile: the confirmation goes nowhere, the next candidate comes."""
    made = Desk("a", "b")
    made["a"].used("r")
    call = made.ask()
    made.core.registry.drop(ref("a"))
    made["b"].free()
    made["a"].deny(Confirm, Refusal.ELSEWHERE)
    made["b"].lend()
    assert lent(call).ppa == ref("b")


def test_an_order_to_a_ppa_that_is_not_served() -> None:
    """It is answered, and not in the middle of the decision that gave it."""
    made = Desk("a")
    waits = Serves(CallId(1), ref("x"))
    made.core.order(ref("x"), Operate(token=made.core.token(), deadline=0.0, act=ResumeAction()), waits)
    denied = Came(waits, Denied(Refusal.ELSEWHERE, "it is no longer served"))
    assert made.core.timers.waiting()[0] == (made.now, denied)
    assert not made.core.expected


def test_who_waits_for_a_ppa_that_is_taken_off_the_list_is_told() -> None:
    """It will never be lent again: 404 now, not none-free in an hour."""
    made = Desk("a", "b")
    made["a"].used("x")
    call, other = made.ask(ppa=ref("a"), wait=3600.0), made.ask("other", wait=3600.0)
    reload(made, "b")
    assert problem(call).kind is Kind.UNKNOWN_PPA
    assert not other.future.done()


def test_options_of_a_ppa_that_stays() -> None:
    """The new options of its pool reach its worker."""
    made = Desk("a")
    made.supervisor.reload(settings(ref("a"), options=PoolOptions(ttl=5.0)))
    events = [event for event in made["a"].told if hasattr(event, "options")]
    assert events[-1].options.ttl == 5.0


def test_a_snapshot_of_a_ppa_that_changed_pools_keeps_its_lease() -> None:
    """The record's pool stays; a successor of its worker gets the options that hold now."""
    made = Desk("a", "b")
    made["a"].used("r", lease="L")
    reload(made, "b")
    made["a"].die()
    made.wait(0.0)
    assert made["a"].known.options == PoolOptions(settle=0.0)
    assert replace(made["a"].known.options, ttl=1.0) != made["a"].known.options


def test_a_ppa_that_failed_a_look_and_was_let_go_concerns_nobody() -> None:
    """The search of a later attempt does not hang on a PPA that is no longer served."""
    made = Desk("a", "b")
    made["a"].free()
    made["b"].free()
    call = made.ask(attempt=1)
    made.begin_look()
    made["a"].looked(2, "no answer")
    reload(made, "b")
    made.end_look()
    made["b"].lend()
    assert lent(call).ppa == ref("b")


def test_an_outcome_that_nobody_expects_changes_nothing() -> None:
    """It comes twice, or from a worker that was replaced."""
    made, a = used()
    made.listener.on_reply(ref("a"), 4711, LeaseShown(a.record(State.FREE)))
    made.listener.on_reply(ref("x"), 4711, LeaseShown(a.record(State.FREE)))
    assert not made.core.expected


def test_a_daemon_without_ppas_is_not_ready_and_says_why() -> None:
    """There is nothing to lend."""
    made = Desk()
    assert made.supervisor.unready() == "there is no PPA to look at"


def test_it_takes_calls_before_it_looks() -> None:
    """Without a login yet: calls wait, and the first look begins when it is told to."""
    made = Desk("a", ready=False)
    made.supervisor.start(look=False)
    try:
        assert made.launchpad.log == []
        made.supervisor.begin_to_look()
        until(lambda: made.launchpad.log, "a look")
    finally:
        made.supervisor.stop(5.0)


def test_a_removed_ppa_takes_the_options_of_the_pool_in_its_record() -> None:
    """It was moved to another pool while it was lent for the first one, and then removed."""
    options = PoolOptions(ttl=5.0)
    pools = {"default": Pool("default", (ref("b"),), options), "second": Pool("second", (ref("a"),), PoolOptions())}
    made = Desk(given=settings(pools=pools))
    made["a"].used("r", pool="default")
    made.supervisor.reload(settings(pools={**pools, "second": Pool("second", (ref("c"),), PoolOptions())}))
    moved = [event for event in made["a"].told if isinstance(event, Reconfigured)][-1]
    assert (moved.pool, moved.options.ttl) == ("default", 5.0)
    made["a"].used("r", pool="second")
    moved = [event for event in made["a"].told if isinstance(event, Reconfigured)][-1]
    assert moved.pool == "second"


def test_an_answer_about_a_ppa_that_is_gone_is_a_bug_that_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A PPA with a command under way is never let go; if it were, the call would end at its deadline."""
    made, a = used()
    future = made.supervisor.release("L", EVERYBODY)
    made.core.registry.drop(ref("a"))
    a.reply(a.take(Release), RecordShown(None))
    made.wait(5.0)
    assert problem(future).kind is Kind.UNAVAILABLE
    assert "could not be handled" in caplog.text
