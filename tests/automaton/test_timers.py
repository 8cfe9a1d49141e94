"""A tick out of its time: nothing is done before `wake` says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ppa_assigner import automaton
from ppa_assigner.automaton.events import Operate, Release, Tick
from ppa_assigner.automaton.requests import Survey
from ppa_assigner.options import PoolOptions
from ppa_assigner.views import ResumeAction
from tests.automaton.lab import Runner, World, untrusted
from tests.automaton.test_dispatch import LEASE, SITUATIONS, unmanaged, used


def lacking() -> Runner:
    """One that is to be created, when its time comes."""
    runner = World(options=PoolOptions(create=True)).start()
    runner.world.launchpad.archives.clear()
    runner.look()
    return runner


@pytest.mark.parametrize(
    ("situation", "dated"),
    [*((situation, True) for situation in (*SITUATIONS, "lacking")), ("unmanaged", False), ("lacking", False)],
)
def test_a_tick_before_its_time_changes_nothing(situation: str, dated: bool) -> None:
    """Whatever woke the worker: what has to wait waits, and what needs a date waits for one."""
    runner = {**SITUATIONS, "lacking": lacking}[situation]()
    now = runner.clock.now() if dated else replace(untrusted(runner.clock.now()), agreeing_since=None)
    waits = replace(runner.known, not_before=now.boot + (1000.0 if dated else 0.0))
    due = automaton.wake(waits, now)
    assert due is None or due > now.boot
    assert automaton.step(waits, Tick(), now) == (waits, [])


def test_while_a_write_is_under_way_only_what_waits_for_it_is_due() -> None:
    """Its answer comes by itself; nothing is looked for before."""
    runner = used()
    due: list[float | None] = []

    def note(ask: object) -> None:
        now = runner.clock.now()
        waits = replace(runner.known, waiting=(Operate(token=9, deadline=now.boot + 7.0, act=ResumeAction()),))
        due.extend(automaton.wake(known, now) for known in (runner.known, waits))
        assert automaton.step(runner.known, Tick(), now) == (runner.known, [])

    runner.crash = note
    boot = runner.world.boot
    runner.order(Release, lease=LEASE)
    assert due == [float("inf"), boot + 7.0]


def test_whether_an_unmanaged_ppa_is_empty_is_asked_without_what_is_only_waited_for() -> None:
    """Whatever is in there, it is left alone: the rest need not be listed."""
    runner = unmanaged()
    assert [ask.whole for ask in runner.asked if isinstance(ask, Survey)] == [False]
