"""Random walks: two daemons, clients, uploads, people, faults, kills and late landings; the invariants after each step.

People keep within the stated limits: they put an old text back only while a daemon that knows better is there.
A walk is its seed: the one that fails can be run again alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.automaton.events import (
    Assign,
    CheckBurnt,
    Denied,
    Duplicate,
    GiveUp,
    LeaseShown,
    Operate,
    Outcome,
    ReadNow,
    RecordShown,
    Refusal,
    Release,
    Supersede,
    Touch,
)
from ppa_assigner.automaton.transitions import LEGAL
from ppa_assigner.options import Baseline, PoolOptions, Proof, Retry
from ppa_assigner.packages import SourcePackage
from ppa_assigner.port import Build
from ppa_assigner.record import Record, State, Text, parse
from ppa_assigner.views import AdoptAction, Condition, HoldAction, QuarantineAction, ResumeAction
from tests.automaton.lab import Crashed, Runner, World, assign, confirm, faults
from tests.memory import Archive, Request

PAIRS = {pair for legal in LEGAL.values() for pair in legal}
FAULTS = ("down", "unknown", "lost", "late", "late", "gone", "refused", "resent")
OPTIONS = PoolOptions(
    settle=100.0, ttl=600.0, max_ttl=3000.0, max_hold=500.0, max_tries=3, verify_age=30.0, retry=Retry(5.0, 60.0)
)
BASELINES = (
    Baseline(), Baseline(displayname="Pool"), Baseline(uploaders=("~bot",)),
    Baseline(("ubuntu",), ("amd64",), True, True, None, "Pool", ()),
)  # fmt: skip
STEPS = 60


class Walk:
    """One PPA, two daemons that can be killed, and everybody else who may do something to it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.words: str | None = self.rng.choice([None, "", "words", "a\r\nb\n"])
        options = replace(OPTIONS, proof=self.rng.choice(list(Proof)), baseline=self.rng.choice(BASELINES))
        self.world = World(options=options, description=self.words)
        self.daemons: dict[str, Runner] = {}
        self.texts: list[Text] = []
        self.put_back: set[int] = set()
        self.adopted = False
        self.landing = False
        self.rights_changed = 0
        self.number = 0
        self._watch()
        if self.rng.random() < 0.2:
            self.world.launchpad.upload(self.world.ppa, "stray")

    def run(self) -> None:
        """Take the steps, and check after each."""
        acts = [act for act, weight in ACTS.items() for _ in range(weight)]
        for _ in range(STEPS):
            self.rng.choice(acts)(self)
            self.check()
        self.all_ends_well()
        self.check()

    # -- who is there --------------------------------------------------------------------------------------------------

    @property
    def archive(self) -> Archive:
        """The PPA as it stands on Launchpad."""
        return self.world.launchpad.archives[self.world.ppa]

    @property
    def standing(self) -> Record | None:
        """The record that stands."""
        return self.world.launchpad.record(self.world.ppa)

    def daemon(self) -> Runner:
        """One of the two, started if need be."""
        name = self.rng.choice(["one", "two"])
        if name not in self.daemons:
            self.daemons[name] = self.world.start(name)
            self.attempt(self.daemons[name].look)
        return self.daemons.setdefault(name, self.world.start(name))

    def attempt(self, act: Callable[[], Any]) -> Any:
        """Let a daemon do something; it may be killed by it."""
        try:
            return act()
        except Crashed:
            killed = [name for name, daemon in self.daemons.items() if daemon.killed]
            for name in killed:
                del self.daemons[name]
            return None

    def new(self, what: str) -> str:
        """A name that was never used."""
        self.number += 1
        return f"{what}-{self.number}"

    # -- daemons -------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """The periodic look."""
        self.attempt(self.daemon().look)

    def tick(self) -> None:
        """Time passes to where this daemon has something to do."""
        daemon = self.daemon()
        for _ in range(self.rng.randint(1, 5)):
            self.attempt(lambda: daemon.tick(limit=self.world.boot + 400.0))

    def work(self) -> None:
        """A good time: no faults, looks every minute."""
        self.world.launchpad.fault = faults()
        daemon = self.daemon()
        for _ in range(self.rng.randint(1, 30)):
            if daemon.killed:
                return
            if not self.attempt(lambda: daemon.tick(limit=self.world.boot + 60.0)):
                self.world.boot += 60.0
                self.attempt(daemon.look)

    def pause(self) -> None:
        """Nobody does anything."""
        self.world.boot += self.rng.choice([0.5, 5.0, 31.0, 61.0, 400.0])

    def kill_soon(self) -> None:
        """This daemon is killed at one of its next requests."""
        how, left = self.rng.choice(["before", "after", "late"]), [self.rng.randint(0, 5)]

        def crash(ask: Any) -> str | None:
            left[0] -= 1
            return how if left[0] < 0 else None

        self.daemon().crash = crash

    def restart(self) -> None:
        """Blindly."""
        self.daemons.pop(self.rng.choice(["one", "two"]), None)
        self.daemon()

    # -- Launchpad -----------------------------------------------------------------------------------------------------

    def land(self) -> None:
        """What was under way arrives."""
        self.landing = True
        self.world.launchpad.land()
        self.landing = False
        self.rights_changed = len(self.world.launchpad.log)

    def break_down(self) -> None:
        """The next requests of any kind go wrong."""
        fault, left = self.rng.choice(FAULTS), [self.rng.randint(1, 6)]

        def rule(request: Request) -> str | None:
            if not left[0] or (fault == "gone" and request.what not in ("read", "write", "content", "new_content")):
                return None
            left[0] -= 1
            return "down" if fault == "resent" and request.what != "write" else fault

        self.world.launchpad.fault = rule

    def break_write(self) -> None:
        """The next write goes wrong, and so do some of the reads after it."""
        if self.rng.random() < 0.5:
            self.world.launchpad.fault = faults()
            return
        fault, writes, reads = self.rng.choice(FAULTS), [self.rng.randint(1, 2)], [self.rng.randint(0, 3)]

        def rule(request: Request) -> str | None:
            if request.what == "write" and writes[0]:
                writes[0] -= 1
                return fault
            if request.what == "read" and not writes[0] and reads[0]:
                reads[0] -= 1
                return "down"
            return None

        self.world.launchpad.fault = rule

    # -- clients, supervisors, operators -------------------------------------------------------------------------------

    def lend(self) -> None:
        """A wish that is matched with this PPA as soon as it is free."""
        daemon, name = self.daemon(), self.new("lease")
        while not daemon.killed and daemon.known.state is not State.FREE and self.rng.random() < 0.95:
            self.attempt(lambda: daemon.tick(limit=self.world.boot + 400.0))
        self.break_write()
        idle, uploader = self.rng.choice([None, 40]), self.rng.choice([None, "~ann"])
        sources = self.rng.choice([(), (), (SourcePackage("package-1", "2"),), (SourcePackage("package-1", "1"),)])
        order = assign(
            lease=name, request=name, attempt=self.rng.randint(0, 1), idle=idle, uploader=uploader, ttl=600.0,
            sources=sources,
        )  # fmt: skip
        self.told(self.attempt(lambda: None if daemon.killed else daemon.order(order)), name)

    def command(self) -> None:
        """Something that is asked of a lease, mostly of the one that stands, sometimes of one long gone."""
        records = [text.record for text in self.texts if text.record and text.record.lease]
        lease, request, attempt, nonce = "x", "x", 0, "x"
        for record in records[-self.rng.choice([1, 1, 1, 1, 2, 3, 9]) :][:1]:
            lease, request, attempt, nonce = str(record.lease), str(record.request), record.attempt, record.nonce
        order: Any = self.rng.choice([
            lambda t, d: Touch(token=t, deadline=d, lease=lease),
            lambda t, d: Touch(token=t, deadline=d, lease=lease, ttl=700.0),
            lambda t, d: Release(token=t, deadline=d, lease=lease),
            lambda t, d: Operate(token=t, deadline=d, act=HoldAction(lease, 300.0)),
            lambda t, d: GiveUp(token=t, deadline=d, lease=lease, nonce=nonce),
            lambda t, d: Supersede(token=t, deadline=d, lease=lease, attempt=attempt),
            lambda t, d: Operate(token=t, deadline=d, act=QuarantineAction("odd")),
            lambda t, d: Operate(token=t, deadline=d, act=ResumeAction()),
            lambda t, d: ReadNow(token=t, deadline=d),
            lambda t, d: CheckBurnt(token=t, deadline=d, sources=(SourcePackage("package-1", "1"),)),
            confirm(request=request, attempt=attempt),
            confirm(request=request, attempt=attempt + 1),
        ])  # fmt: skip
        self.break_write()
        daemon = self.daemon()
        outcome = self.attempt(lambda: daemon.order(order))
        self.told(outcome, lease)
        if isinstance(outcome, RecordShown) and isinstance(order(0, 0.0), Release):
            assert outcome.record is not None
            assert outcome.record.state is State.DIRTY

    def told(self, outcome: Outcome | None, lease: str) -> None:
        """I1 and I7: a lease that is told is the one that was asked for, and stands at that moment."""
        if isinstance(outcome, LeaseShown):
            assert self.standing is not None
            assert (outcome.record.state, outcome.record.lease) == (State.USED, lease)
            assert self.standing == outcome.record

    def adopt(self) -> None:
        """An operator's wish."""
        self.adopted = True
        daemon = self.daemon()
        self.attempt(lambda: daemon.order(AdoptAction()))

    def duplicate(self) -> None:
        """What the supervisor tells of it."""
        self.daemon().give(Duplicate(self.rng.random() < 0.3))

    # -- uploaders and people ------------------------------------------------------------------------------------------

    def upload(self) -> None:
        """At any time, by anybody who may; builds and uploads on their way too."""
        if self.standing is None:
            return
        match self.rng.randrange(5):
            case 0:
                self.archive.builds.append(Build(self.new("build"), "b", "Building", self.rng.random() < 0.5))
            case 1:
                self.archive.uploads.append(self.new("upload"))
            case 2:
                self.archive.builds.clear()
                self.archive.uploads.clear()
            case kind:
                self.world.launchpad.upload(self.world.ppa, self.new("package"), binary=kind == 3)

    def publish(self) -> None:
        """The publisher and the death row do their work."""
        self.archive.indexed = [item.publication.name for item in self.archive.items if item.active]
        for item in self.archive.items:
            item.removed = item.removed or (not item.active and self.rng.random() < 0.8)

    def tamper(self) -> None:
        """People and uploaders change what the PPA is like."""
        archive = self.archive
        match self.rng.randrange(4):
            case 0:
                archive.displayname = self.new("title")
            case 1:
                archive.dependencies = [self.new("~x/ubuntu/y")]
            case 2:
                archive.processors = self.rng.choice([["amd64"], ["arm64"], []])
            case 3:
                archive.uploaders = self.rng.choice([[], ["~eve"], ["~ann", "~bot"]])
                self.rights_changed = len(self.world.launchpad.log)

    def jump(self) -> None:
        """Launchpad's clock is set."""
        self.world.launchpad.skew += self.rng.choice([-7200.0, -100.0, 100.0, 7200.0])

    def edit(self) -> None:
        """A person edits the text, above or below the record."""
        text, words = self.archive.description or "", self.rng.choice(["", "new\n", "é\r\n\n", "x"])
        above, newline, line = text.rpartition("\n")
        if not line.startswith("ppa-assigner:"):
            edited = words
        elif self.rng.random() < 0.5:
            edited = f"{text}\n{words}"
        else:
            edited = f"{words}{above}{newline or chr(10)}{line}"
        if parse(edited).record == parse(text).record:
            self.put(edited)

    def restore(self) -> None:
        """A person puts an old text back, or garbles it, while every daemon there knows the newest; then they look."""
        self.world.launchpad.fault = faults()
        for daemon in self.daemons.values():
            daemon.crash = lambda ask: None
            daemon.look()
        newest, daemons = self.standing, list(self.daemons.values())
        knowing = [d for d in daemons if d.known.record == newest and not d.known.pending and not d.known.suspect]
        if newest is None or not knowing or knowing != daemons or self.world.launchpad.late:
            return
        old = self.rng.choice(self.archive.history)
        if self.rng.random() < 0.3:
            old = (self.archive.description or "")[:-2]
        if old != self.archive.description and "ppa-assigner" in (old or ""):
            self.put(old)
        for daemon in daemons:
            daemon.look()
            daemon.look()

    def put(self, text: str | None) -> None:
        """Store a person's text."""
        self.world.boot += 0.5
        self.words = parse(text).human
        self.put_back.add(len(self.archive.history))
        self.world.launchpad.describe(self.world.ppa, text)

    # -- invariants ----------------------------------------------------------------------------------------------------

    def active(self) -> list[Any]:
        """What is active or on its way."""
        return [*(item for item in self.archive.items if item.active), *self.archive.builds, *self.archive.uploads]

    def unproved(self) -> list[str]:
        """What the pool's proof does not allow in a PPA that becomes free, and rights that nobody may have then.

        Rights that came after they were looked at last are not counted: no daemon can have seen them.
        """
        archive, options = self.archive, self.world.options
        left = archive.indexed[:] if options.proof is not Proof.ACTIVE else []
        if options.proof is Proof.DISK:
            left += [item.publication.name for item in archive.items if not item.removed]
        looked = [n for n, request in enumerate(self.world.launchpad.log) if request.what == "archive_settings"]
        if not looked or looked[-1] < self.rights_changed:
            return left
        stays, record = options.baseline.uploaders, self.standing
        given = record.uploader if record is not None else None
        return left + [who for who in archive.uploaders if (who not in stays if stays is not None else who == given)]

    def _watch(self) -> None:
        write = self.world.launchpad.write_now

        def watched(*args: Any) -> Any:
            before, length = parse(self.archive.description), len(self.archive.history)
            active, unproved = self.active(), self.unproved()
            answer = write(*args)
            if len(self.archive.history) > length:
                after = parse(self.archive.description).record
                self._written(before, after, active)
                self._proved(before, after, active, unproved)
            return answer

        vars(self.world.launchpad)["write_now"] = watched  # to see the world as each write lands

    def _written(self, before: Text, after: Record | None, active: list[Any]) -> None:
        assert after is not None
        if before.record is None and before.fault is None and not self.put_back and not self.adopted:
            assert not active, "I5: a PPA without our record was not empty"

    def _proved(self, before: Text, after: Record | None, active: list[Any], unproved: list[str]) -> None:
        if before.record is None or after is None or (before.record.state, after.state) != (State.DIRTY, State.FREE):
            return
        if self.landing:  # nobody was there to look again: what came since is found by the look before a lease
            assert all(item.created >= after.since for item in self.archive.items if item.active), "I2"
            return
        assert not active, "I2: it was not clean when it became free"
        assert not unproved, "I2: more was promised"

    def check(self) -> None:
        """What must be so at any time."""
        self._check_history()
        assert parse(self.archive.description).human == self.words, "I6"
        for daemon in self.daemons.values():
            assert daemon.known.operation is None
            for outcome in daemon.outcomes():
                assert not isinstance(outcome, Denied) or isinstance(outcome.why, Refusal)

    def _check_history(self) -> None:
        """Serials grow by one, nonces are new, states follow each other as LEGAL says; people's acts aside."""
        history, texts = self.archive.history, self.texts
        for index in range(len(texts), len(history)):
            texts.append(parse(history[index]))
            before, after = texts[index - 1].record, texts[index].record
            if not index or index in self.put_back:
                continue
            assert after is not None
            earlier = [text.record for text in texts[:index] if text.record]
            highest = max((record.serial for record in earlier), default=0)
            assert after.nonce not in {record.nonce for record in earlier}
            if before is not None and highest == before.serial:
                assert after.serial == before.serial + 1
                assert (before.state, after.state) in PAIRS
                self._check_lease(before, after)
            else:
                assert after.serial > highest

    def _check_lease(self, before: Record, after: Record) -> None:
        """I1: one lease follows another only through dirty and free; its attempt and its end never go back."""
        if State.FREE not in (before.state, after.state):
            assert before.lease == after.lease
        if (before.state, after.state) == (State.USED, State.USED):
            assert before.until is not None
            assert after.until is not None
            assert after.until - after.since >= before.until - before.since  # put right, it goes along
            assert after.attempt >= before.attempt
        if after.state is State.FREE:
            assert (after.lease, after.owner, after.cleaner, after.tries, after.fault) == (None, None, None, 0, None)

    def all_ends_well(self) -> None:
        """I9: without faults everything is free at last, or waits for an operator, who lets it go on."""
        self.world.launchpad.fault, self.world.launchpad.skew = faults(), 0.0
        self.land()
        self.archive.builds.clear()
        self.archive.uploads.clear()
        daemon = self.daemon()
        daemon.crash = lambda ask: None
        self.publish_for_ever()
        self.daemons = {"last": daemon}
        daemon.give(Duplicate(False))
        daemon.look()
        for _ in range(4):
            daemon.until(lambda: daemon.known.pending is None and self._rests(daemon), ticks=3000)
            if self.standing is None:
                self.adopted = True
                daemon.order(AdoptAction())
            elif self.standing.quarantined is not None:
                daemon.order(ResumeAction())
        assert self.world.state is State.FREE
        assert daemon.known.record == self.standing

    def publish_for_ever(self) -> None:
        """The publisher runs now and then, and the death row in the end."""
        self.publish()
        self.world.later(60.0, self.publish_for_ever)

    def _rests(self, daemon: Runner) -> bool:
        condition = daemon.known.condition
        resting = condition in (Condition.QUARANTINED, Condition.UNREADABLE, Condition.UNMANAGED)
        return resting or (condition is Condition.OK and daemon.known.state is State.FREE)


ACTS: dict[Callable[[Walk], None], int] = {
    Walk.look: 4, Walk.tick: 5, Walk.work: 3, Walk.pause: 3, Walk.kill_soon: 1, Walk.restart: 1, Walk.land: 3,
    Walk.break_down: 2, Walk.break_write: 3, Walk.lend: 6, Walk.command: 12, Walk.adopt: 1, Walk.duplicate: 1,
    Walk.upload: 3, Walk.publish: 2, Walk.tamper: 1, Walk.edit: 2, Walk.restore: 2, Walk.jump: 1,
}  # fmt: skip


@pytest.mark.parametrize("seed", range(250))
def test_a_walk_keeps_all_invariants(seed: int) -> None:
    """I1, I2, I5, I6, I7 and I9, sound history, no exception, and one request at a time."""
    Walk(seed).run()


def test_an_assign_is_told_once_or_not_at_all() -> None:
    """The last outcome of an assign in doubt ends it: nothing follows."""
    for seed in range(20):
        walk = Walk(1000 + seed)
        walk.run()
        for daemon in walk.daemons.values():
            asked = [event for _, event, _ in daemon.steps if isinstance(event, Assign)]
            for command in asked:
                final = [o for o in daemon.replies.get(command.token, []) if o != Denied(Refusal.IN_DOUBT)]
                assert len(final) <= 1
