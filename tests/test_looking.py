"""Rounds of looks, who waits for them, and the thread that looks."""

from __future__ import annotations

import threading
from collections.abc import Collection
from itertools import pairwise

import pytest

from ppa_assigner.automaton.events import Looked, LookFailed
from ppa_assigner.port import Look, Moment, Refused, Unavailable
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.events import LookEvent
from ppa_assigner.supervisor.poller import Poller
from ppa_assigner.supervisor.timers import Rounds
from ppa_assigner.times import boottime

from .fakecrew import ref
from .memory import START, MemoryLaunchpad
from .waiting import until

A, B = ref("a"), ref("b")


def test_a_round_is_over_when_every_ppa_is_known_or_failed() -> None:
    """Who waited for it is given back, with those that failed, and why."""
    rounds = Rounds()
    rounds.wait(rounds.next, "one")
    rounds.wait(rounds.next, "two")
    number = rounds.begin([A, B])
    assert rounds.done(A, number, None) is None
    assert rounds.done(B, number, "down") == ({B: "down"}, ["one", "two"])
    assert rounds.done(A, number, None) is None
    assert (rounds.awaited, len(rounds)) == (0, 0)


def test_a_later_round_serves_who_waits_for_an_earlier_one_and_not_the_other_way() -> None:
    """A look that began before the ask does not count."""
    rounds = Rounds()
    first = rounds.begin([A])
    rounds.wait(rounds.next, "asked in the first")
    second = rounds.begin([A])
    rounds.wait(rounds.next, "asked in the second")
    assert rounds.done(A, first, None) == ({}, [])
    assert rounds.done(A, second, None) == ({}, ["asked in the first"])


def test_the_latest_round_is_the_one_under_way() -> None:
    """Or the next, when there is none."""
    rounds = Rounds()
    assert rounds.latest == 1
    rounds.begin([A])
    assert rounds.latest == 1
    rounds.done(A, 1, None)
    assert rounds.latest == 2


def test_a_round_over_nothing_and_a_ppa_that_is_let_go() -> None:
    """Both end; the rounds that wait for a PPA are known."""
    rounds = Rounds()
    rounds.wait(1, "waits")
    assert rounds.over(rounds.begin([])) == ({}, ["waits"])
    rounds.begin([A, B])
    rounds.begin([B])
    assert (rounds.pending(A), rounds.pending(B)) == ([2], [2, 3])
    assert rounds.over(7) is None


class Watch:
    """A poller over a Launchpad in memory, with what it told."""

    def __init__(
        self,
        launchpad: MemoryLaunchpad,
        *ppas: Reference,
        every: float = 3600.0,
        spacing: float = 0.0,
        wanted: int = 0,
    ) -> None:
        self.ppas, self.told, self.moments, self.begun = ppas, list[tuple[Reference, LookEvent]](), list[Moment](), 0
        self.times = list[float]()
        self.poller = Poller(
            launchpad, self.begin, self.tell, every=every, observe=self.moments.append, spacing=spacing,
            wanted=lambda: len(self.moments) < wanted, soon=0.01,
        )  # fmt: skip

    def begin(self) -> tuple[int, Collection[Reference]]:
        self.begun += 1
        self.times.append(boottime())
        return self.begun, self.ppas

    def tell(self, ppa: Reference, event: LookEvent) -> None:
        self.told.append((ppa, event))


def test_a_look_tells_each_ppa_and_the_clock_once() -> None:
    """One listing per owner; what is not in it is told as None; its Date is observed once."""
    launchpad = MemoryLaunchpad(boottime)
    launchpad.add(str(A), str(B))
    watch = Watch(launchpad, A, B, ref("missing"), Reference("other", "ubuntu", "x"))
    watch.poller.look()
    shown = {ppa: event.entry is not None for ppa, event in watch.told if isinstance(event, Looked)}
    assert shown == {A: True, B: True, ref("missing"): False, Reference("other", "ubuntu", "x"): False}
    assert [request.what for request in launchpad.log] == ["look", "look"]
    assert len(watch.moments) == 1


class Answering(MemoryLaunchpad):
    """Looks are answered so."""

    def __init__(self, answer: Look | Refused | Unavailable | Exception) -> None:
        super().__init__(boottime)
        self.answer = answer

    def look(self, owner: str, compare: bool = False) -> Look | Refused | Unavailable:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(Unavailable("down"), "down"), (Refused("no", Moment(START, 1.0, 2.0)), "no"), (KeyError("bug"), "bug")],
)
def test_a_look_that_fails_is_told_to_each(answer: Refused | Unavailable | Exception, reason: str) -> None:
    """No answer, a refusal, or a bug of the port: the reason reaches every PPA of the owner."""
    watch = Watch(Answering(answer), A, B)
    watch.poller.look()
    events = [event for _, event in watch.told if isinstance(event, LookFailed)]
    assert len(events) == 2
    assert all(reason in event.reason for event in events)


def test_an_owner_that_is_gone_has_no_ppas() -> None:
    """Each is told as not listed, for its worker to read it alone."""
    watch = Watch(Answering(Look({}, 1.0, 2.0)), A)
    watch.poller.look()
    assert watch.told == [(A, Looked(None, 1.0, 1))]


def test_the_thread_looks_again_and_at_once_when_asked_and_ends() -> None:
    """A wish for a look that comes during a look leads to another."""
    launchpad = MemoryLaunchpad(boottime)
    launchpad.add(str(A))
    watch = Watch(launchpad, A)
    watch.poller.start()
    for count in (1, 2, 3):
        until(lambda count=count: watch.begun == count, f"look {count}")  # type: ignore[misc]  # a default binds each
        watch.poller.look_now()
    until(lambda: watch.begun == 4)
    watch.poller.stop()
    watch.poller.join(30.0)
    assert not watch.poller.is_alive()


def test_many_who_ask_for_looks_get_them_spaced() -> None:
    """Asked all the time, it begins no two looks closer than the spacing; one that comes after a pause is not late."""
    watch = Watch(MemoryLaunchpad(boottime), A, spacing=0.3)
    watch.poller.start()

    def asked_until(count: int) -> bool:
        watch.poller.look_now()
        return watch.begun >= count

    until(lambda: asked_until(4))
    assert all(after - before >= 0.3 for before, after in pairwise(watch.times))
    idle_from = boottime() + 0.7  # what was asked for last may lead to one more look
    until(lambda: boottime() > idle_from)
    count, now = watch.begun, boottime()
    watch.poller.look_now()
    until(lambda: watch.begun > count)
    watch.poller.stop()
    watch.poller.join(30.0)
    assert watch.times[count] - now < 0.25


def test_while_answers_are_wanted_looks_follow_soon() -> None:
    """Not only once all who were told of the last one are done with it: nobody says here that they are."""
    launchpad = MemoryLaunchpad(boottime)
    watch = Watch(launchpad, *launchpad.add(str(A)), wanted=3)
    watch.poller.start()
    until(lambda: len(watch.moments) == 3)
    idle_from = boottime() + 0.3
    until(lambda: boottime() > idle_from)
    watch.poller.stop()
    watch.poller.join(30.0)
    assert watch.begun == 3


def test_a_poller_in_its_pause_ends_at_once() -> None:
    """The spacing does not hold up the daemon's end."""
    watch = Watch(MemoryLaunchpad(boottime), A, spacing=60.0)
    watch.poller.start()
    until(lambda: watch.begun == 1)
    watch.poller.look_now()
    watch.poller.stop()
    watch.poller.join(30.0)
    assert not watch.poller.is_alive()
    assert watch.begun == 1


def test_the_thread_survives_a_bug(caplog: pytest.LogCaptureFixture) -> None:
    """A round that fails is logged; the next one comes."""
    failures = [True]

    class Failing(Watch):
        def begin(self) -> tuple[int, Collection[Reference]]:
            if failures and failures.pop():
                raise KeyError("a bug")
            return super().begin()

    watch = Failing(MemoryLaunchpad(boottime), A, every=0.01)
    watch.poller.start()
    until(lambda: watch.begun > 0)
    watch.poller.stop()
    watch.poller.join(30.0)
    assert "a round of looks failed" in caplog.text


def test_stopping_in_the_middle_of_a_look(caplog: pytest.LogCaptureFixture) -> None:
    """The request under way ends; those not begun are not made; nothing is said to have failed."""
    entered, leave = threading.Event(), threading.Event()

    class Slow(MemoryLaunchpad):
        def look(self, owner: str, compare: bool = False) -> Look | Refused | Unavailable:
            entered.set()
            assert leave.wait(10.0)
            return super().look(owner, compare)

    launchpad = Slow(boottime)
    watch = Watch(launchpad, *(Reference(f"o{n}", "ubuntu", "p") for n in range(9)))
    watch.poller.start()
    assert entered.wait(30.0)
    watch.poller.stop()
    leave.set()
    watch.poller.join(30.0)
    assert not watch.poller.is_alive()
    assert len(launchpad.log) < 9
    assert "failed" not in caplog.text
