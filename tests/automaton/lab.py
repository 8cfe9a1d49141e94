"""Daemons without threads: gives the automaton events, carries out what it asks of a Launchpad in memory, moves time.

Rule: nothing here decides; a daemon can be killed at any request (before it left, after it was applied, or with it
landing late).  A tick that changes nothing and asks nothing is an error, for it would come again at once; so is a
denial without a reason, and a command that is neither answered nor kept.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ppa_assigner import automaton
from ppa_assigner.automaton import Daemon, Now, WorkerState
from ppa_assigner.automaton.events import (
    Alarm,
    Answered,
    AskLead,
    Assign,
    Command,
    Confirm,
    Denied,
    Event,
    LeaseShown,
    Looked,
    LookFailed,
    Operate,
    Outcome,
    Progress,
    Refusal,
    Reply,
    Requeue,
    RoundDone,
    Tick,
    Transition,
)
from ppa_assigner.automaton.requests import Apply, Request
from ppa_assigner.clock import LaunchpadClock
from ppa_assigner.options import PoolOptions
from ppa_assigner.port import Look
from ppa_assigner.record import Record, State
from ppa_assigner.reference import Reference
from ppa_assigner.views import AssignRequest, Cleaning, PpaAction
from ppa_assigner.worker import Stepper, carry_out
from tests.memory import Archive, MemoryLaunchpad

PPA = "~owner/ubuntu/ppa"
REQUEST_S = 0.05
EXPLAINED = frozenset(
    {Refusal.LOST, Refusal.OUTAGE, Refusal.INVALID, Refusal.WRONG_STATE, Refusal.BURNT, Refusal.UNTOLD}
)
"""Denials that say why, for people; what the others mean is the same each time."""


class Crashed(Exception):  # noqa: N818 - it is no error: the test wanted it
    """The daemon was killed."""


@dataclass
class World:
    """One PPA on a Launchpad in memory, and the host's boot-time clock (seconds), moved by hand."""

    boot: float = 10_000.0
    options: PoolOptions = field(default_factory=lambda: PoolOptions(settle=100.0))
    description: str | None = None
    host_skew: float = 0.0  # how far the hosts' clocks are ahead, in seconds
    launchpad: MemoryLaunchpad = field(init=False)
    ppa: Reference = field(init=False)
    coming: list[tuple[float, Callable[[], object]]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.launchpad = MemoryLaunchpad(lambda: self.boot)
        (self.ppa,) = self.launchpad.add(PPA, description=self.description)
        self._starts = itertools.count(1_000)

    def start(self, name: str = "host", *, seasoned: bool = True, **known: Any) -> Runner:
        """A daemon whose worker knows nothing yet."""
        started = next(self._starts)
        daemon = Daemon(name, started, f"s{started}")
        known = {"options": self.options, "pool": "default", **known}
        return Runner(self, WorkerState(self.ppa, daemon=daemon, seed=f"seed {started}", **known), seasoned=seasoned)

    def host(self) -> float:
        """The hosts' own clock, UTC, in seconds since 1970."""
        return self.launchpad.host() + self.host_skew

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Something that happens on Launchpad so much later, whatever the daemons do meanwhile."""
        self.coming = sorted([*self.coming, (self.boot + seconds, act)], key=lambda one: one[0])

    def move_to(self, moment: float) -> None:
        """Let time pass to there, with what happens meanwhile."""
        while self.coming and self.coming[0][0] <= moment:
            due, act = self.coming.pop(0)
            self.boot = max(self.boot, due)
            act()
        self.boot = max(self.boot, moment)

    @property
    def archive(self) -> Archive:
        """The PPA as it stands on Launchpad."""
        return self.launchpad.archives[self.ppa]

    @property
    def record(self) -> Record:
        """The record that stands."""
        record = self.launchpad.record(self.ppa)
        assert record is not None, self.launchpad.archives[self.ppa].description
        return record

    @property
    def state(self) -> State:
        """Its state."""
        return self.record.state

    def free_ppa(self, name: str = "host") -> Runner:
        """A daemon that took the PPA in, proved it clean and has it free."""
        runner = self.start(name)
        runner.look()
        runner.until(lambda: runner.known.state is State.FREE)
        runner.forget_the_past()
        return runner

    def used_ppa(self, **fields: Any) -> tuple[Runner, Record]:
        """A daemon that has lent the PPA."""
        runner = self.free_ppa()
        outcome = runner.order(assign(**fields))
        assert isinstance(outcome, LeaseShown), outcome
        runner.forget_the_past()
        return runner, self.record

    def dirty_ppa(self, **fields: Any) -> Runner:
        """A daemon whose PPA has just been released."""
        from ppa_assigner.automaton.events import Release

        runner, record = self.used_ppa(**fields)
        runner.order(Release, lease=record.lease)
        runner.forget_the_past()
        return runner


def assign(**fields: Any) -> Callable[[int, float], Assign]:
    """An Assign, given its token and deadline."""
    lease, given = fields.pop("lease", "lease-1"), wish(**{"ttl": 3600.0, **fields})
    return lambda token, deadline: Assign(token=token, deadline=deadline, lease=lease, wish=given)


def confirm(**fields: Any) -> Callable[[int, float], Confirm]:
    """A Confirm of the same request."""
    given = wish(**fields)
    return lambda token, deadline: Confirm(token=token, deadline=deadline, wish=given)


def wish(**fields: Any) -> AssignRequest:
    """A client's wish; `request` is its request id."""
    fields = {"owner": "job", "pool": "default", "by": "client", **fields}
    return AssignRequest(request_id=fields.pop("request", "build-1"), **fields)


class Runner:
    """One daemon's worker.  Everything that it told and asked is kept.  `seasoned`: its daemon has had the answers that
    make time believed.
    """

    def __init__(self, world: World, known: WorkerState, *, seasoned: bool = True) -> None:
        self.world, self.known = world, known
        self.step: Stepper = automaton.step
        self.alarms: list[str] = []
        self.clock = LaunchpadClock(lambda: world.boot, self.alarms.append, host=world.host)
        for ago in (20.0, 10.0, 0.0) if seasoned else ():
            self.clock.observe(world.launchpad.moment(ago))
        self.replies: dict[int, list[Outcome]] = {}
        self.transitions: list[Transition] = []
        self.rounds: list[RoundDone] = []
        self.progress: list[Cleaning] = []
        self.asked: list[Any] = []
        self.leads: list[AskLead] = []
        self.steps: list[tuple[WorkerState, Event, WorkerState]] = []
        self.crash: Callable[[Any], str | None] = lambda ask: None
        self.killed = False
        self.latest = 0  # the token of the last command
        self._tokens = itertools.count(1)
        self._rounds = itertools.count(1)

    # -- events --------------------------------------------------------------------------------------------------------

    def give(self, event: Event) -> None:
        """Handle an event and all that it leads to."""
        mailbox: deque[Event] = deque([event])
        while mailbox:
            self.turn(mailbox.popleft(), mailbox)

    def order(self, command: Any, *, within: float = 60.0, **fields: Any) -> Outcome:
        """Give a command, or what an operator does; its last outcome so far."""
        token, deadline = next(self._tokens), self.world.boot + within
        self.latest = token
        if isinstance(command, PpaAction):
            command, fields = Operate, {"act": command}
        self.give(command(token, deadline) if not fields and not isinstance(command, type) else
                  command(token=token, deadline=deadline, **fields))  # fmt: skip
        told = self.replies.get(token, [])
        assert told or token in self._held(), f"nobody will ever answer {command}"
        return told[-1] if told else Denied(Refusal.UNTOLD, "nothing was told")

    def _held(self) -> set[int]:
        """The commands that are to be answered later."""
        under_way = (self.known.pending, self.known.operation)
        commands = (*self.known.waiting, *(getattr(one, "command", None) for one in under_way))
        return {command.token for command in commands if command is not None}

    def outcomes(self) -> list[Outcome]:
        """All that was told, in order."""
        return [outcome for told in self.replies.values() for outcome in told]

    def look(self, *, seen: Look | None = None, compare: bool = False) -> None:
        """A bulk look, made now or given."""
        answer = seen or self.world.launchpad.look(self.world.ppa.owner, compare)
        number = next(self._rounds)
        if not isinstance(answer, Look):
            self.give(LookFailed("down", number))
            return
        entry = answer.entries.get(self.world.ppa)
        if entry is not None:
            self.clock.observe(entry.moment)
        hidden = self.world.ppa in answer.hidden if answer.hidden is not None and entry is not None else None
        self.give(Looked(entry, answer.started, number, hidden))

    def tick(self, *, limit: float | None = None) -> bool:
        """Move time to the next wake (not beyond `limit`) and tick.  False: there is nothing to wake up for."""
        due = automaton.wake(self.known, self.clock.now())
        if due is None or due == float("inf") or (limit is not None and due > limit):
            return False
        before, asked = self.known, len(self.asked)
        spun = due <= self.world.boot
        self.world.move_to(due)
        self.give(Tick())
        assert not spun or self.known != before or len(self.asked) > asked, f"a tick did nothing: {before}"
        return True

    def until(self, reached: Callable[[], bool], ticks: int = 500, look_every: float = 60.0) -> None:
        """Tick, and look every minute, until it is so."""
        next_look = self.world.boot + look_every
        for _ in range(ticks):
            if reached():
                return
            if self.world.boot >= next_look or not self.tick(limit=next_look):
                self.world.move_to(next_look)
                self.look()
                next_look = self.world.boot + look_every
        assert reached(), f"not after {ticks} ticks: {self.known.snapshot()}, {self.asked[-5:]}"

    def pass_time(self, seconds: float) -> None:
        """Let time pass with all ticks that it brings, and without looks."""
        end = self.world.boot + seconds
        while self.tick(limit=end):
            pass
        self.world.move_to(end)

    def forget_the_past(self) -> None:
        """Forget what was told and asked."""
        self.replies.clear()
        self.alarms.clear()
        self.transitions.clear()
        self.rounds.clear()
        self.progress.clear()
        self.asked.clear()
        self.steps.clear()
        self.world.launchpad.log.clear()

    def kinds(self) -> list[str]:
        """What was asked, by name."""
        return [kind(ask) for ask in self.asked]

    # -- inside --------------------------------------------------------------------------------------------------------

    def turn(self, first: Event, mailbox: deque[Event]) -> None:
        event: Event | None = first
        while event is not None:
            before = self.known
            self.known, effects = self.step(before, event, self.clock.now())
            self.steps.append((before, event, self.known))
            asks = [effect for effect in effects if isinstance(effect, Request)]
            assert len(asks) <= 1, f"two requests at once: {asks}"
            self._tell(effects, mailbox)
            event = self._ask(asks[0]) if asks else None

    def _tell(self, effects: list[Any], mailbox: deque[Event]) -> None:
        for effect in effects:
            match effect:
                case Reply():
                    assert not _unexplained(effect.outcome), effect
                    self.replies.setdefault(effect.token, []).append(effect.outcome)
                case Requeue():
                    mailbox.append(effect.command)
                case RoundDone():
                    self.rounds.append(effect)
                case Transition():
                    self.transitions.append(effect)
                case Progress():
                    self.progress.append(effect.cleaning)
                case AskLead():
                    self.leads.append(effect)
                case Alarm():
                    self.alarms.append(effect.text)

    def _ask(self, ask: Any) -> Answered:
        self.asked.append(ask)
        if (how := self.crash(ask)) is not None:
            self._killed_at(ask, how)
        self.world.move_to(self.world.boot + REQUEST_S)
        answer = self._carry_out(ask)
        if (moment := getattr(answer, "moment", None)) is not None:
            self.clock.observe(moment)
        return Answered(answer)

    def _killed_at(self, ask: Any, how: str) -> None:
        launchpad, fault = self.world.launchpad, self.world.launchpad.fault
        launchpad.fault = lambda request: "late" if how == "late" else None
        if how != "before":
            self._carry_out(ask)
        launchpad.fault = fault
        self.killed = True
        raise Crashed

    def _carry_out(self, ask: Any) -> Any:
        return carry_out(ask, self.world.ppa, self.world.launchpad, lambda: self.world.boot)


def kind(ask: Any) -> str:
    """What was asked, by name; what is to be changed, by the name of the change."""
    return type(ask.change if isinstance(ask, Apply) else ask).__name__


def faults(*script: str | None, of: str | None = None) -> Callable[[Any], str | None]:
    """The faults of the next requests (`of` that kind), one each; after them none."""
    left = deque(script)

    def fault(request: Any) -> str | None:
        if (of is not None and request.what != of) or not left:
            return None
        return left.popleft()

    return fault


def changed(record: Record, **changes: Any) -> Record:
    """The record as another daemon writes it next."""
    return replace(record, **{"serial": record.serial + 1, "nonce": f"other-{record.serial}", **changes})


def discarded(record: Record) -> Record:
    """What follows this dirty record when its PPA is not lent again."""
    return Record(
        serial=record.serial + 1, nonce="discarded", state=State.DISCARDED, since=record.since, touched=record.touched,
        pool=record.pool, by=record.by, request=record.request, leases=record.leases, why="burnt",
    )  # fmt: skip


def _unexplained(outcome: Outcome) -> bool:
    """Whether somebody is denied what he asked for, and is to know why, but is not told."""
    return isinstance(outcome, Denied) and outcome.why in EXPLAINED and not outcome.detail


def why(outcome: Outcome) -> Refusal | None:
    """Why it was denied; None if it was not."""
    return outcome.why if isinstance(outcome, Denied) else None


def lose(runner: Runner, how: str) -> None:
    """From now on the PPA is not listed, and each read of it says so."""
    runner.world.archive.listed = False
    runner.world.launchpad.fault = lambda request: how if request.what == "read" else None


def back(runner: Runner) -> None:
    """It is there again."""
    runner.world.archive.listed = True
    runner.world.launchpad.fault = faults()


def made_by_people(runner: Runner, *packages: str) -> None:
    """Somebody deletes it and makes another of that name."""
    runner.world.launchpad.delete_ppa(runner.world.ppa)
    runner.world.launchpad.add(str(runner.world.ppa), description="ours now")
    for package in packages:
        runner.world.launchpad.upload(runner.world.ppa, package)


def untrusted(now: Now) -> Now:
    """The same moment with Launchpad's clock in doubt."""
    return replace(now, trusted=False)


def is_command(event: object) -> bool:
    """Whether somebody waits for the event's outcome."""
    return isinstance(event, Command)
