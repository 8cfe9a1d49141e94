"""The one rule of looking: what a look that could not read every PPA says of a request or a lease."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ppa_assigner.access import Caller, Role
from ppa_assigner.backoff import FAILING_S
from ppa_assigner.problems import Kind
from ppa_assigner.record import Record, State
from ppa_assigner.supervisor.looks import unseen
from ppa_assigner.views import Condition, Sight

from .fakecrew import Desk, problem, ref
from .memory import START


def of_r(record: Record) -> bool:
    """Whether it is of request r."""
    return record.request == "r"


def why(desk: Desk, **failed: str) -> str | None:
    """What is said of request r after a look that failed for these."""
    return unseen(desk.core, {ref(name): reason for name, reason in failed.items()}, of_r)


def test_an_outage_is_no_look() -> None:
    """However long it lasts."""
    desk = Desk("a", "b")
    desk.wait(10 * FAILING_S)
    assert why(desk) is None
    assert why(desk, b="down") == "~team/ubuntu/b: down"


@pytest.mark.parametrize("request_id", ["r", "other", None])
def test_a_lasting_denial_counts_as_looked_at_but_where_the_request_was_seen(request_id: str | None) -> None:
    """There it may still be used, until its end."""
    desk = Desk("a", "b")
    desk["a"].free()
    record = None if request_id is None else desk["b"].used(request_id)
    desk["b"].show(record, Condition.UNREACHABLE, "denied", Sight.LASTING_DENIED)
    assert why(desk) == ("~team/ubuntu/b: denied" if request_id == "r" else None)
    if record is not None:
        desk["b"].show(desk["b"].used(record.request or "", until=START), Condition.UNREACHABLE, "denied",
                       Sight.LASTING_DENIED)  # fmt: skip
        assert why(desk) is None


def test_a_lease_that_was_sent_there_may_stand_there() -> None:
    """Nobody knows what became of that write: whose lease it is gets no second PPA, and anybody else is not held up."""
    desk = Desk("a", "b")
    desk["a"].free()
    record = desk["b"].record(State.FREE)
    sent = desk["b"].record(State.USED, request="r", owner="me", lease="l", until=START + timedelta(hours=8))
    desk["b"].show(record, Condition.UNREACHABLE, "denied", Sight.LASTING_DENIED, sent=sent)
    assert why(desk) == "~team/ubuntu/b: denied"
    desk["b"].show(record, Condition.UNREACHABLE, "denied", Sight.LASTING_DENIED, sent=replace(sent, request="other"))
    assert why(desk) is None


def test_who_asks_again_is_not_held_up_by_the_same_id_of_another_client() -> None:
    """Her PPA is denied for good; it is not his."""
    desk = Desk("a", "b")
    desk["a"].free()
    record = desk["b"].used("r", by="ann")
    desk["b"].show(record, Condition.UNREACHABLE, "denied", Sight.LASTING_DENIED)
    desk.ask(attempt=1, by="bob")
    desk.look()
    assert desk.asked() == "a"


@pytest.mark.parametrize("role", [Role.CLIENT, Role.OPERATOR])
def test_a_withdrawal_is_not_held_up_by_the_same_id_of_another_client(role: Role) -> None:
    """But an operator's, who has none of that id, means hers."""
    desk = Desk("a", "b")
    desk["a"].free()
    record = desk["b"].used("r", by="ann")
    gone = desk["b"].record(State.FREE)
    desk["b"].show(gone, Condition.UNREACHABLE, "denied", Sight.LASTING_DENIED, sent=record)
    future = desk.supervisor.withdraw("r", Caller("bob", role, ("*",)))
    desk.look()
    assert future.done() is (role is Role.CLIENT)


def test_a_denial_of_all_ppas_of_an_owner_is_no_look() -> None:
    """Then it is the account that is denied."""
    desk = Desk("a", "b")
    for name in "ab":
        desk[name].show(None, Condition.UNREACHABLE, "denied", Sight.LASTING_DENIED)
    assert why(desk) == "~team/ubuntu/a: all PPAs of ~team are denied to us"
    desk["a"].free()
    assert why(desk) is None


@pytest.mark.parametrize("request_id", ["r", "other", None])
def test_a_worker_that_keeps_failing_holds_others_up_for_a_minute_only(request_id: str | None) -> None:
    """But not those whose request its PPA showed last."""
    desk = Desk("a", "b")
    if request_id is not None:
        desk["b"].used(request_id)
    desk["b"].die()
    assert why(desk, b="the worker failed") == "~team/ubuntu/b: the worker failed"
    desk.wait(FAILING_S / 2)
    desk["b"].die()
    desk.wait(FAILING_S / 2 + 1.0)
    desk["b"].die()
    held_up = request_id == "r"
    assert (why(desk, b="the worker failed") is not None) is held_up
    desk.wait(70.0)
    desk.look(b="down")
    assert why(desk, b="down") == "~team/ubuntu/b: down"  # it lives, and Launchpad is away


def test_who_asks_again_is_told_so_and_gets_no_other_ppa() -> None:
    """503 until it is certain; and then the free one."""
    desk = Desk("a", "b")
    desk["a"].free()
    record = desk["b"].used("r")
    desk["b"].show(record, Condition.UNREACHABLE, "denied", Sight.LASTING_DENIED)
    call = desk.ask(attempt=1)
    desk.look()
    assert problem(call).kind is Kind.UNAVAILABLE
    assert desk.asked() is None
    desk["b"].show(None, Condition.MISSING, "gone", Sight.LASTING_GONE)
    desk.ask(attempt=2)
    desk.wait(3.0)
    desk.look()
    assert desk.asked() == "a"


def test_a_lease_that_nobody_knows_is_unknown_only_when_all_were_looked_at() -> None:
    """A touch or a release of it waits, and is 503 in the end."""
    desk = Desk("a", "b")
    release = desk.supervisor.lease("lease-x")
    desk.look(b="404: whether that lasts is known in a minute")
    assert not release.done()
    desk.wait(3.0)
    desk.look()
    assert problem(release).kind is Kind.UNKNOWN_LEASE
