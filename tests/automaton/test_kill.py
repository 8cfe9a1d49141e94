"""I4: killed at each request of a whole life, in each of three ways, a blind restart goes on as if nothing had been."""

from __future__ import annotations

from typing import Any

import pytest

from ppa_assigner.automaton.events import Denied, LeaseShown, Outcome, Refusal, Release, Touch
from ppa_assigner.options import Baseline, PoolOptions, Proof
from ppa_assigner.packages import SourcePackage
from ppa_assigner.record import Record, State
from tests.automaton.lab import Crashed, Runner, World, assign, confirm, kind
from tests.memory import Archive

BASELINE = Baseline(dependencies=("ubuntu",), processors=("amd64",), displayname="Pool", uploaders=("~bot",))
OPTIONS = PoolOptions(settle=100.0, proof=Proof.DISK, baseline=BASELINE)


class Life:
    """A PPA is taken in, lent with an upload right, raised, touched, released, emptied, restored and free again.

    While it is lent, its settings are changed.
    """

    def __init__(self, at: int, how: str | None) -> None:
        self.world = World(description="words", options=OPTIONS)
        self.left = at
        self.how = how
        self.requests = 0
        self.told: list[Record] = []
        self.released = False
        self.runner = self.world.start()

    @property
    def archive(self) -> Archive:
        """The PPA."""
        return self.world.launchpad.archives[self.world.ppa]

    def run(self) -> bool:
        """Live until the end or the kill; whether it was killed."""
        self.runner.crash = self._crash
        try:
            self._live()
        except Crashed:
            return True
        return False

    def _crash(self, ask: Any) -> str | None:
        self.requests += 1
        return self.how if self.requests == self.left else None

    def _live(self) -> None:
        self.runner.look()
        self.runner.until(lambda: self.runner.known.state is State.FREE)
        self.world.boot += 100.0
        self.hear(self.runner.order(assign(uploader="~ann", idle=600, sources=(SourcePackage("source", "2"),))))
        self.archive.dependencies, self.archive.processors, self.archive.uploaders = ["~x/ubuntu/y"], [], ["~eve"]
        self.archive.displayname = "Mine"
        self.world.later(300.0, self.publish)
        self.world.launchpad.upload(self.world.ppa, "source")
        self.world.launchpad.upload(self.world.ppa, "binary", binary=True)
        self.hear(self.runner.order(confirm(attempt=1)))
        self.world.boot += 100.0
        self.hear(self.runner.order(Touch, lease="lease-1", ttl=7200.0))
        self.runner.order(Release, lease="lease-1")
        self.released = True
        self.runner.until(lambda: self.runner.known.state is State.FREE)

    def publish(self) -> None:
        """The death row empties the disk now and then."""
        for item in self.archive.items:
            item.removed = not item.active
        self.world.later(300.0, self.publish)

    def hear(self, outcome: Outcome) -> None:
        """The client is told."""
        assert isinstance(outcome, LeaseShown)
        self.told.append(outcome.record)


def lived() -> int:
    """How many requests a whole life takes."""
    life = Life(0, None)
    assert not life.run()
    return life.requests


def test_a_life_without_a_kill() -> None:
    """The life that the others are measured by is a whole one."""
    life = Life(0, None)
    assert not life.run()
    assert life.world.state is State.FREE
    assert {kind(ask) for ask in life.runner.asked} == {
        "Survey", "ReadDeleted", "Write", "LookForNewContent", "WasPublished", "Grant", "Read", "Revoke", "Delete",
        "ReadSettings", "RemoveDependency",
        "AddDependency", "SetProcessors", "SetFields", "ReadDisk", "ReadIndexes",
    }  # fmt: skip


@pytest.mark.parametrize("how", ["before", "after", "late"])
@pytest.mark.parametrize("at", range(1, lived() + 1))
def test_killed_anywhere(at: int, how: str) -> None:
    """Same state, owner and end; the client that asks again gets its lease or none; all is free and empty at last."""
    life = Life(at, how)
    assert life.run()
    stood = life.world.launchpad.record(life.world.ppa)
    second = life.world.start()
    second.look()
    if stood is not None:
        assert second.known.record == stood
    if how == "late":
        life.world.launchpad.land()
    if stood is not None and stood.state is State.USED and not life.released:
        asked_again(life, second)
    second.look()
    second.until(lambda: second.known.state is State.FREE)
    assert not [item for item in life.archive.items if item.active]
    as_wanted(life)
    assert second.known.text.human == "words"
    serials = [record.serial for record in life.world.launchpad.records(life.world.ppa)]
    assert serials == list(range(serials[0], serials[0] + len(serials)))


def as_wanted(life: Life) -> None:
    """All settings are the baseline's, and what Launchpad still had to do is done."""
    archive = life.archive
    assert (archive.dependencies, archive.processors) == (["ubuntu"], ["amd64"])
    assert (archive.displayname, archive.uploaders) == ("Pool", ["~bot"])
    assert all(item.removed for item in archive.items)


def asked_again(life: Life, second: Runner) -> None:
    """The client raises its attempt with each ask; what it was told stands."""
    outcome = second.order(confirm(attempt=2))
    if outcome == Denied(Refusal.ELSEWHERE):
        assert life.world.state is not State.USED
        return
    assert isinstance(outcome, LeaseShown)
    assert outcome.record.lease == "lease-1"
    assert outcome.record.attempt == 2
    if life.told:
        assert outcome.record.since == life.told[-1].since
        assert outcome.record.until is not None
        assert life.told[-1].until is not None
        assert outcome.record.until >= life.told[-1].until
    assert "~ann" in life.archive.uploaders
