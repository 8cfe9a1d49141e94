"""Whatever clients, workers and Launchpad did: once all of it is over, the supervisor keeps nothing of it."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import Future
from random import Random
from typing import Any

import pytest

from ppa_assigner.access import EVERYBODY
from ppa_assigner.automaton.events import Assign, CheckBurnt, Command, Confirm, Denied, Refusal
from ppa_assigner.packages import SourcePackage
from ppa_assigner.problems import Problem
from ppa_assigner.record import State
from ppa_assigner.supervisor.shell import Call

from .fakecrew import Desk, FakeWorker

NAMES = ("a", "b", "c")
STEPS = 400
WHYS = (Refusal.OUTAGE, Refusal.LOST, Refusal.ELSEWHERE, Refusal.IN_DOUBT, Refusal.INVALID, Refusal.BURNT)
SOURCES = (SourcePackage("hello", "1"),)


def sources_of(command: CheckBurnt | Assign) -> tuple[SourcePackage, ...]:
    """What is to be uploaded."""
    return command.sources if isinstance(command, CheckBurnt) else command.wish.sources


class Crowd:
    """Clients and workers that do anything, at random."""

    def __init__(self, seed: int) -> None:
        self.rng, self.desk = Random(seed), Desk(*NAMES)
        self.calls: list[Call] = []
        self.futures: list[weakref.ref[Future[Any]]] = []

    @property
    def worker(self) -> FakeWorker:
        return self.desk[self.rng.choice(NAMES)]

    def ask(self) -> None:
        rng = self.rng
        fields = {"wait": rng.choice((0.0, 20.0)), "attempt": rng.choice((0, 0, 1)), "idle": rng.choice((None, 60.0))}
        try:
            call = self.desk.ask(f"r{rng.randrange(5)}", sources=rng.choice(((), SOURCES)), **fields)
        except Problem:
            return
        self.calls.append(call)
        self.keep(call.future)

    def keep(self, future: Future[Any]) -> None:
        self.futures.append(weakref.ref(future))

    def hang_up(self) -> None:
        if self.calls:
            self.desk.supervisor.hang_up(self.calls.pop(self.rng.randrange(len(self.calls))))

    def on_lease(self) -> None:
        lease = self.rng.choice((f"lease-{self.rng.choice(NAMES)}", "unknown"))
        supervisor = self.desk.supervisor
        acts = (
            lambda: supervisor.touch(lease, None, EVERYBODY),
            lambda: supervisor.release(lease, EVERYBODY),
            lambda: supervisor.withdraw(f"r{self.rng.randrange(5)}", EVERYBODY),
        )
        self.keep(self.rng.choice(acts)())

    def answer(self, *whys: Refusal) -> None:
        worker = self.worker
        commands = [event for event in worker.told if isinstance(event, Command)]
        if not commands:
            return
        command = self.rng.choice(commands)
        if isinstance(command, Assign) and command is commands[0] and self.rng.random() < 0.5:
            worker.lend()
        elif isinstance(command, Confirm) and worker.snapshot.record is not None and self.rng.random() < 0.5:
            worker.told.remove(command)
            worker.told.insert(0, command)
            worker.confirm()
        else:
            why = self.rng.choice(whys or WHYS)
            if why is Refusal.BURNT and not (isinstance(command, CheckBurnt | Assign) and sources_of(command)):
                why = Refusal.LOST
            if why is not Refusal.IN_DOUBT:
                worker.told.remove(command)
            worker.reply(command, Denied(why, str(SOURCES[0]) if why is Refusal.BURNT else "because"))

    def change(self) -> None:
        worker, rng = self.worker, self.rng
        choices = (worker.free, lambda: worker.used(f"r{rng.randrange(5)}"), lambda: worker.show(None))
        rng.choice((*choices, lambda: worker.show(worker.record(State.DIRTY))))()

    def look(self) -> None:
        self.desk.look(**({self.rng.choice(NAMES): "away"} if self.rng.random() < 0.3 else {}))

    def die(self) -> None:
        self.worker.die()
        self.desk.wait(self.rng.choice((0.0, 5.0)))

    def step(self) -> None:
        acts = (self.ask, self.ask, self.hang_up, self.on_lease, self.answer, self.answer, self.change, self.look)
        self.rng.choice((*acts, lambda: self.desk.wait(self.rng.choice((0.0, 1.0, 10.0)))))()
        if self.rng.random() < 0.02:
            self.die()

    def end(self) -> None:
        """Nobody asks any more, everything is answered, and nothing is lent."""
        while self.calls:
            self.hang_up()
        for _ in range(60):
            for name in NAMES:
                self.desk[name].show(self.desk[name].record(State.DIRTY))
            while self.desk.core.expected and any(isinstance(e, Command) for n in NAMES for e in self.desk[n].told):
                self.answer(Refusal.LOST, Refusal.OVER)
            self.desk.look()
            self.desk.wait(30.0)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_kept_of_what_is_over(seed: int) -> None:
    """No request, call, claim, command, place, wait or time; and nobody waits for an answer."""
    crowd = Crowd(seed)
    for _ in range(STEPS):
        crowd.step()
    crowd.end()
    core = crowd.desk.core
    requests, unclaimed = core.requests, core.unclaimed
    tables = (
        requests.by_id, requests.current, requests.with_sources, requests.of_call, requests.kept, requests.held_up,
        unclaimed.claims, unclaimed.of_key, unclaimed.told, core.calls, core.releases.put_off, core.expected,
        core.duplicates.asked, core.duplicates.marked, core.rounds.waiting(), core.rounds.under_way(),
        core.timers.waiting(), core.registry.free_list.bound, core.effects, core.following, core.soon,
    )  # fmt: skip
    assert [table for table in tables if table] == []
    assert core.asking == 0
    gc.collect()
    assert [future for future in crowd.futures if future() is not None] == []
