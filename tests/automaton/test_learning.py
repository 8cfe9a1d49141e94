"""What follows from an answer or from a time, each rule for itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ppa_assigner import automaton
from ppa_assigner.automaton import Now, WorkerState, expiry, observe
from ppa_assigner.automaton.expiry import end_of
from ppa_assigner.backoff import TIME_AGAIN_S
from ppa_assigner.port import AccessDenied, Gone, Moment
from ppa_assigner.record import HOST, Record, State
from tests.automaton.lab import World, assign, untrusted

T0 = datetime(2026, 11, 25, 3, 14, 12, tzinfo=UTC)
USED = Record(serial=1, nonce="n", state=State.USED, since=T0, touched=T0, pool="default", owner="me", lease="l")


def free() -> WorkerState:
    """A PPA that is shown and free."""
    return World().free_ppa().known


@pytest.mark.parametrize("clock", [None, HOST])
def test_a_touch_says_by_which_clock_it_is_written(clock: str | None) -> None:
    """The host's while Launchpad's is not believed and behind; else what the record said before stays."""
    record = replace(USED, clock=clock)
    doubtful = Now(T0, 0.0, trusted=False, host=T0 + timedelta(hours=1))
    assert expiry.touch_fields(record, doubtful) == {"touched": T0 + timedelta(hours=1), "clock": HOST}
    assert expiry.touch_fields(record, Now(T0, 0.0)) == {"touched": T0, "clock": clock}


def test_what_is_written_says_nothing_of_clocks_only_while_time_is_believed() -> None:
    """Till then, who reads it must know that a host's clock may have written it."""
    record = replace(USED, clock=HOST)
    assert expiry.as_written(record, Now(T0, 0.0)).clock is None
    assert expiry.as_written(record, Now(T0, 0.0, trusted=False)) is record


def test_a_lease_without_an_end_has_none() -> None:
    """Somebody wrote it by hand."""
    assert end_of(USED, None) is None


def test_a_denial_takes_the_place_of_whatever_was_known_of_reaching_the_ppa() -> None:
    """Gone, final, lacking or silent: it is none of them now; and what is known is as new as the newest answer."""
    known = replace(free(), absent="gone", final=True, lacking=True, unreachable="down", asof=50.0, basis=40.0)
    denied = observe.with_denial(known, AccessDenied("no", Moment(T0, 60.0, 70.0)))
    assert (denied.denied, denied.absent, denied.final, denied.lacking, denied.unreachable) == (
        "no", None, False, False, None,
    )  # fmt: skip
    assert (denied.basis, denied.asof) == (60.0, 70.0)
    late = observe.with_denial(known, AccessDenied("no", Moment(T0, 20.0, 30.0)))
    assert (late.basis, late.asof) == (40.0, 50.0)


@pytest.mark.parametrize(("status", "kept"), [(404, False), (410, True), (None, True)])
def test_only_a_ppa_that_launchpad_does_not_know_has_no_history(status: int | None, kept: bool) -> None:
    """What burnt its versions, and that it was proved clean, are of one that was made under the name before."""
    known = replace(free(), burnt=frozenset({1}), verified=5.0)
    gone = observe.with_nothing_there(known, Gone("gone", Moment(T0, 60.0, 70.0), status))
    assert gone.lacking is not kept
    assert bool(gone.burnt) is kept
    assert (gone.verified is not None) is kept


def test_what_is_gone_for_good_is_not_hurried() -> None:
    """What had to wait waits; a PPA that is another one under the name begins anew."""
    known = replace(free(), not_before=77.0)
    assert observe.with_ppa_gone(known).not_before == 77.0
    assert observe.without_ppa(known).not_before == float("-inf")


def test_the_end_of_a_lease_is_waited_for_or_asked_for_again() -> None:
    """While time is believed, its very moment; else in five seconds, however far or near it is."""
    runner = World().free_ppa()
    runner.order(assign())
    known, now = runner.known, runner.clock.now()
    record = known.record
    assert record is not None
    assert record.until is not None
    for left in (2.0, 1000.0):
        near = replace(now, date=record.until - timedelta(seconds=left))
        assert automaton.wake(known, near) == near.boot + left
        assert automaton.wake(known, untrusted(near)) == near.boot + TIME_AGAIN_S
