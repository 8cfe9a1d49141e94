"""The state of the supervisor: one value that the machine changes with each event, and what is to be done about it.

Rule: no lock, thread, clock, future, random source or callback is in here; what time it is comes with each event, and
what is to be done is collected in `effects`.  No outcome comes back while a command is being given: nobody is called in
the middle of a decision.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ..automaton import Daemon
from ..automaton.events import Abandoned, Command, Denied, Outcome, Refusal
from ..automaton.now import AGREE_S
from ..config import Settings
from ..problems import Kind, Problem
from ..record import Record
from ..reference import Reference
from ..views import Snapshot, SourceCheck
from .events import AnswerCall, CallEvent, Effect, Instant, LookSoon, Say, Send
from .group_try import GroupTry
from .registry import ManagedPPA, Registry
from .requests import CallId, ClaimId, CommandToken, Key, Requests, TimerId
from .steps import Came
from .tickets import Spent, TicketOffice
from .timers import Rounds, Timers

LATE = "Launchpad did not answer in time; asking again is safe"

_NEXT_S = 1e-6  # apart as little as a float of seconds since 1970 can tell, and a ticket can say


@dataclass(slots=True)
class Claim:
    """A lease that was made here, and the connections that were told of it and have not hung up before a byte."""

    id: ClaimId
    ppa: Reference
    record: Record
    calls: set[CallId] = field(default_factory=set)
    giving_up: bool = False
    timer: TimerId | None = None


@dataclass(slots=True)
class Unclaimed:
    """All such leases, which is the last of each request (`of_key`), and what each connection was told of."""

    claims: dict[ClaimId, Claim] = field(default_factory=dict)
    of_key: dict[Key | None, ClaimId] = field(default_factory=dict)
    told: dict[CallId, ClaimId] = field(default_factory=dict)
    last: int = 0

    def __len__(self) -> int:
        return len(self.of_key)


@dataclass(slots=True)
class PutOff:
    """A release that waits for Launchpad; so many tries `failed`."""

    number: int
    ppa: Reference
    lease: str
    failed: int = 0
    trying: bool = False
    timer: TimerId | None = None


@dataclass(slots=True)
class Releases:
    """The releases that are put off, one for each PPA at the most."""

    put_off: dict[Reference, PutOff] = field(default_factory=dict)
    last: int = 0

    def __len__(self) -> int:
        return len(self.put_off)

    def __contains__(self, lease: str | None) -> bool:
        return any(each.lease == lease for each in self.put_off.values())


@dataclass(slots=True)
class OpenCall:
    """A call about a lease or a PPA that exists, from its coming until it is answered; `asked` says what it is about.

    `outage` is what it is told at its deadline; `doubt` how long it waits for the end of a doubt, in seconds, if not
    until its deadline.
    """

    id: CallId
    asked: CallEvent
    came: float
    deadline: float
    doubt: float | None = None
    timer: TimerId | None = None
    outage: str = LATE
    ppa: Reference | None = None
    """Where its lease was found."""
    elsewhere: int = 0
    """How often a worker said that the lease is not there."""
    lease: str | None = None
    """Of the lead, where it is about a member of a group."""
    over: bool = False


@dataclass(slots=True)
class Withdrawal(OpenCall):
    """The end of a request: each of its leases is released, and the call is answered when all of them are."""

    key: Key = Key(None, "")  # noqa: RUF009 - a value
    others: bool = False
    unsettled: int = 0
    certain: bool = True
    searched: bool = False
    """No request was on its way here: what it got is searched for, or it is unknown."""
    releasing: dict[Reference, str] = field(default_factory=dict)
    released: list[Snapshot] = field(default_factory=list)


@dataclass(slots=True)
class UploadCall(OpenCall):
    """What would become of an upload: every PPA is asked about every source."""

    ppas: tuple[Reference, ...] = ()
    checks: tuple[SourceCheck, ...] = ()
    burnt: dict[int, dict[Reference, str]] = field(default_factory=dict)
    unknown: dict[Reference, str] = field(default_factory=dict)
    todo: deque[tuple[int, Reference]] = field(default_factory=deque)
    under_way: set[tuple[int, Reference]] = field(default_factory=set)


@dataclass(slots=True)
class Duplicates:
    """Which pairs of leases are being compared, and which PPAs hold equal leases of one request."""

    asked: set[tuple[str | None, str | None]] = field(default_factory=set)
    marked: dict[Key, set[Reference]] = field(default_factory=dict)


@dataclass(slots=True)
class Processors:
    """In which pools it is to be known what PPAs build for; of which that is read now, and of which next."""

    pools: set[str] = field(default_factory=set)
    reading: set[Reference] = field(default_factory=set)
    due: dict[Reference, None] = field(default_factory=dict)

    def is_due(self, ppa: Reference) -> bool:
        """Whether that is being read, or will be."""
        return ppa in self.reading or ppa in self.due


@dataclass(slots=True)
class Growth:
    """What is known of a pool that grows.  Boot times: `created` of the creations within the last hour, `not_before`
    after one that was refused; `discarded` and `cleaned` of the last of these.
    """

    next: Reference | None = None
    known: bool = False  # `next` is of a look after which nothing was created
    wanted: bool = False  # a request waits for which all PPAs are burnt
    creating: Reference | None = None
    created: list[float] = field(default_factory=list)
    not_before: float = float("-inf")
    said: str | None = None
    discarded: float = float("-inf")
    cleaned: dict[Reference, float] = field(default_factory=dict)
    discarding: Reference | None = None


@dataclass(slots=True)
class Core:
    """All that the supervisor knows.  `now`, `effects`, `following` and `soon` are of the event that is handled."""

    settings: Settings
    daemon: Daemon
    tickets: TicketOffice
    total: float
    """How long a call may take beyond its `wait`, in seconds."""
    now: Instant
    registry: Registry = field(default_factory=Registry)
    requests: Requests = field(default_factory=Requests)
    unclaimed: Unclaimed = field(default_factory=Unclaimed)
    releases: Releases = field(default_factory=Releases)
    tries: dict[str, GroupTry] = field(default_factory=dict)
    """The groups that are being taken or told here, by their ids."""
    calls: dict[CallId, OpenCall] = field(default_factory=dict)
    duplicates: Duplicates = field(default_factory=Duplicates)
    to_list: frozenset[str] = frozenset()
    """Owners whose PPAs the next round lists, whatever that costs."""
    growths: dict[str, Growth] = field(default_factory=dict)
    """Of the pools that grow or discard PPAs, by name."""
    spent: Spent = field(default_factory=Spent)
    processors: Processors = field(default_factory=Processors)
    timers: Timers = field(default_factory=Timers)
    rounds: Rounds = field(default_factory=Rounds)
    expected: dict[CommandToken, tuple[Reference, object]] = field(default_factory=dict)
    """The commands that are not answered, and what waits for each."""
    ready: bool = False
    trouble: str | None = "the first look at the PPAs is not over"
    stopping: bool = False
    restarts: int = 0
    """How many workers died and were followed by another."""
    fresh_look: float = float("-inf")
    """When the last look for those who begin to wait began, or is to begin (boot time)."""
    asking: int = 0
    """How many PPAs are asked what they had, for all requests together."""
    short: set[str] = field(default_factory=set)
    """Pools of requests that were to ask more than there was room for."""
    tokens: int = 0
    came: float = 0.0
    effects: list[Effect] = field(default_factory=list)
    following: list[object] = field(default_factory=list)
    soon: list[object] = field(default_factory=list)

    @property
    def open(self) -> list[CallId]:
        """The calls about leases and PPAs that have no answer yet."""
        return [call.id for call in self.calls.values() if not call.over]

    # -- what follows ----------------------------------------------------------------------------------------------

    def then(self, step: object) -> None:
        """Take this step next, before all that waits for its turn already."""
        self.following.append(step)

    def later(self, step: object) -> None:
        """Take this step too before the event is handled, when all that is decided now stands."""
        self.soon.append(step)

    def at(self, moment: float, step: object) -> TimerId:
        """Take this step when the boot-time clock shows `moment`."""
        return self.timers.at(moment, step)

    def after(self, seconds: float, step: object) -> TimerId:
        """Take this step in so many seconds."""
        return self.timers.at(self.now.boot + seconds, step)

    # -- workers and their answers ---------------------------------------------------------------------------------

    def token(self) -> CommandToken:
        """The number of a new command."""
        self.tokens += 1
        return CommandToken(self.tokens)

    def order(self, ppa: Reference, command: Command, waits: object) -> CommandToken:
        """Give a worker a command; each of its outcomes comes, later, for what `waits`.  Its token."""
        managed, token = self.registry.ppas.get(ppa), CommandToken(command.token)
        if managed is None:
            self.at(self.now.boot, Came(waits, Denied(Refusal.ELSEWHERE, "it is no longer served")))
        elif managed.down is not None:
            self.at(self.now.boot, Came(waits, Denied(Refusal.OUTAGE, managed.down)))
        else:
            self.expected[token] = (ppa, waits)
            self.effects.append(Send(ppa, command))
        return token

    def abandon(self, token: CommandToken) -> None:
        """Nobody waits for what that command searches: its outcome may come at once."""
        expected = self.expected.get(token)
        if expected is not None and self.registry.ppas.get(expected[0]) is not None:
            self.effects.append(Send(expected[0], Abandoned(token)))

    def outcome(self, token: int, outcome: Outcome) -> None:
        """A worker's answer.  `IN_DOUBT` is not the last one."""
        last = not (isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT)
        number = CommandToken(token)
        expected = self.expected.pop(number, None) if last else self.expected.get(number)
        if expected is not None:
            self.following.append(Came(expected[1], outcome))

    def expects(self, ppa: Reference) -> bool:
        """Whether this PPA's worker has a command that it has not answered."""
        return any(where == ppa for where, _ in self.expected.values())

    def want_look(self, waits: object, *, under_way: bool = False) -> None:
        """Have `waits` told of the end of a round of looks that began after now, or is `under_way`."""
        self.rounds.wait(self.rounds.latest if under_way else self.rounds.next, waits)
        self.look()

    # -- effects ---------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Have a round of looks begin."""
        self.effects.append(LookSoon())

    def answer(self, call: CallId, result: Any) -> None:
        """End a call."""
        self.effects.append(AnswerCall(call, result))

    def say(self, text: str, ppa: Reference | None = None, level: int = logging.INFO) -> None:
        """Write a line into the log."""
        self.effects.append(Say(level, text, ppa))

    def arrival(self) -> float:
        """Now, by Launchpad's clock in seconds since 1970, and later than whatever this gave before.

        That clock is read from answers in whole seconds, so it goes back by up to one when the best is forgotten; who
        came later must be behind all the same, also by the tickets, and at the next daemon.
        """
        self.came = max(self.now.epoch, self.came + _NEXT_S)
        return self.came

    def asked_before(self, first_asked: float) -> None:
        """Somebody asked at that time, at this daemon or another, so whoever comes now is behind: a daemon that just
        started knows Launchpad's clock by few answers, and may be a second behind the one that noted the time.
        """
        if first_asked <= self.now.epoch + AGREE_S:
            self.came = max(self.came, first_asked)

    def served(self, ppa: Reference) -> ManagedPPA:
        """One that is served.  Raises Problem for any other."""
        managed = self.registry.ppas.get(ppa)
        if managed is None:
            raise Problem(Kind.UNKNOWN_PPA, f"{ppa} is not served here")
        return managed
