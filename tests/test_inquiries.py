"""What is asked for calls that no worker answers: it outlives no call, and who asks for a PPA never waits behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from ppa_assigner.automaton import Daemon
from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.packages import NamedFile, SourcePackage
from ppa_assigner.port import Lane, PublishedVersions, Unavailable
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.archive_calls import ArchiveCalls
from ppa_assigner.supervisor.core import Core
from ppa_assigner.supervisor.event_log import EventLog, EventWriter
from ppa_assigner.supervisor.events import InquiryEnded, Instant, Stopping
from ppa_assigner.supervisor.inquiries import AT_ONCE, Inquiries, Inquiry, go_on
from ppa_assigner.supervisor.promoting import GOES_ON_S
from ppa_assigner.supervisor.shell import Shell, WorkerThreads
from ppa_assigner.supervisor.tickets import TicketOffice
from ppa_assigner.times import boottime
from ppa_assigner.worker import Worker

from .memory import MemoryLaunchpad
from .settings import settings
from .waiting import until

TIMEOUT_S = 20.0


@pytest.fixture
def shell() -> Iterator[Shell]:
    """One whose calls take 20 seconds at the most."""
    clock = LaunchpadClock(boottime)
    time, epoch = clock.read()
    core = Core(
        settings(), Daemon("test", 1, "x"), TicketOffice(b"secret"), TIMEOUT_S, Instant(time.boot, epoch, time, 0)
    )
    nobody = WorkerThreads(MemoryLaunchpad(boottime), clock, Worker)
    writer = EventWriter(EventLog(), lambda: clock.now().date)
    shell = Shell(core, clock, nobody, writer, draw=lambda: 0)
    shell.timer.start()
    yield shell
    shell.timer.stop()


def test_what_goes_on_after_its_call_ends_at_its_next_question(shell: Shell) -> None:
    """Its thread is for others then."""
    inquiries, asked, gate = Inquiries(shell), list[int](), threading.Event()

    def read(inquiry: Inquiry[int]) -> int:
        for number in range(1000):
            go_on(inquiry)
            asked.append(number)
            gate.wait(TIMEOUT_S)
        return len(asked)

    inquiry: Inquiry[int] = inquiries.call()
    inquiries.run(partial(read, inquiry), inquiry)
    shell.do(InquiryEnded(inquiry.number, Problem(Kind.UNAVAILABLE, "nobody waits any more")))
    gate.set()
    others = [inquiries.ask(lambda: 1) for _ in range(AT_ONCE)]
    assert [one.result(TIMEOUT_S) for one in others] == [1] * AT_ONCE
    inquiries.stop(wait=True)
    assert len(asked) <= 1


@pytest.mark.parametrize("stopping", [False, True])
def test_a_promote_goes_on_for_a_while_but_not_beyond_a_shutdown(shell: Shell, stopping: bool) -> None:
    """Its reads alone may take longer than a call; asked again it is further."""
    inquiry: Inquiry[int] = Inquiries(shell).call()
    go_on(inquiry)
    shell.do(InquiryEnded(inquiry.number, 1))
    if stopping:
        shell.do(Stopping())
        with pytest.raises(Problem):
            go_on(inquiry, GOES_ON_S)
    else:
        go_on(inquiry, GOES_ON_S)
    with pytest.raises(Problem):
        go_on(inquiry)
    inquiry.deadline = boottime() - GOES_ON_S
    with pytest.raises(Problem):
        go_on(inquiry, GOES_ON_S)


def test_an_inquiry_is_answered_by_its_deadline(shell: Shell) -> None:
    """Whether it is found out by then or not."""
    inquiries, gate = Inquiries(shell), threading.Event()
    future = inquiries.ask(partial(gate.wait, TIMEOUT_S), within=0.05)
    assert isinstance(future.exception(TIMEOUT_S), Problem)
    gate.set()
    inquiries.stop(wait=True)


def test_who_asks_for_a_ppa_waits_behind_no_copies_and_histories(shell: Shell) -> None:
    """Their upstream tarballs are compared by threads of their own."""
    asked, gate = list[str](), threading.Event()

    class Slow(MemoryLaunchpad):
        def source_versions(
            self, archive: Reference | str, source: str, lane: Lane = Lane.WORK
        ) -> PublishedVersions | Unavailable:
            asked.append(source)
            gate.wait(TIMEOUT_S)
            return Unavailable("too late")

    calls = ArchiveCalls(shell, settings(), Slow(boottime), None)
    orig = SourcePackage("hello", "1-1", files=(NamedFile("hello_1.orig.tar.gz", "0" * 64),))
    others = [calls.check_upload((orig,), None) for _ in range(AT_ONCE)]
    until(lambda: len(asked) == AT_ONCE, "all are under way")
    assert calls.compare_origs((SourcePackage("hello", "1"),)).result(TIMEOUT_S) is None
    assert not any(one.done() for one in others)
    gate.set()
    calls.ask_no_more()


def test_what_is_wrong_with_a_check_is_told_at_once(shell: Shell) -> None:
    """An answer that did not come, and a bug: nobody waits for the deadline."""

    class Wrong(MemoryLaunchpad):
        def source_versions(
            self, archive: Reference | str, source: str, lane: Lane = Lane.WORK
        ) -> PublishedVersions | Unavailable:
            if source == "away":
                return Unavailable("it is away")
            raise ValueError("a bug")

    calls = ArchiveCalls(shell, settings(), Wrong(boottime), None)
    for name, kind in (("away", Kind.UNAVAILABLE), ("bug", Kind.INTERNAL)):
        orig = SourcePackage(name, "1-1", files=(NamedFile(f"{name}_1.orig.tar.gz", "0" * 64),))
        problem = calls.check_upload((orig,), None).exception(TIMEOUT_S / 2)
        assert isinstance(problem, Problem)
        assert problem.kind is kind
    calls.ask_no_more()
