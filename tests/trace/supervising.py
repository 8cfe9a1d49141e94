"""What each step of the supervisor's machine must keep to, told apart from the code that decided it: rule by rule.

Rule: the machine is not asked.  Each rule follows the lines of one daemon in their order, and says in words what it
does not allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ppa_assigner.automaton.events import Assign, Command, Committed, Denied, LeadShown, LeaseShown, Refusal
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.events import AnswerCall, Asked, CallEvent, Died, Refuse, Replied, Send
from ppa_assigner.supervisor.requests import Key, key_of
from ppa_assigner.views import LeaseView

from .reading import Line


@dataclass
class Machine:
    """What the rules remember of one daemon."""

    boot: float = float("-inf")
    open: dict[int, Key | None] = field(default_factory=dict)  # calls without an answer; of an assign, whose it is
    calls: set[int] = field(default_factory=set)
    sent: dict[int, Reference] = field(default_factory=dict)  # commands, by token
    assigning: dict[int, tuple[Reference, Key]] = field(default_factory=dict)  # assigns without a last outcome
    shown: set[str | None] = field(default_factory=set)  # leases that a worker told of
    told: dict[str | None, Key] = field(default_factory=dict)  # leases, and for whose request they were told

    def take(self, line: Line) -> None:
        """Remember what happened, once the line is judged but for what was decided."""
        event = line.event
        if isinstance(event, CallEvent):
            self.open[event.call] = key_of(event.wish) if isinstance(event, Asked) else None
            self.calls.add(event.call)
        match event:
            case Replied(token=token, outcome=outcome):
                if isinstance(outcome, LeaseShown | LeadShown | Committed):
                    self.shown.add(outcome.record.lease)
                if not (isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT):
                    self.assigning.pop(token, None)
            case Died(known=known):
                self.assigning = {one: bound for one, bound in self.assigning.items() if bound[0] != known.ppa}


Rule = Callable[[Machine, Line], Iterator[str]]


def ended(line: Line) -> Iterator[tuple[int, object]]:
    """The calls that end there, and how."""
    for effect in line.effects:
        if isinstance(effect, AnswerCall):
            yield effect.call, effect.result
        elif isinstance(effect, Refuse) and isinstance(line.event, CallEvent):
            yield line.event.call, effect.problem


def time_goes_on(machine: Machine, line: Line) -> Iterator[str]:
    """The lock has one holder after the other, and each reads the clock under it."""
    if line.boot < machine.boot:
        yield f"at {line.boot}, after {machine.boot}"
    machine.boot = line.boot


def calls_end_once(machine: Machine, line: Line) -> Iterator[str]:
    """A call is new when it comes; it is answered once, or not taken."""
    if isinstance(line.event, CallEvent) and line.event.call in machine.calls:
        yield f"call {line.event.call} comes again"
    machine.take(line)
    calls = [call for call, _ in ended(line)]
    for number, call in enumerate(calls):
        if call not in machine.open or call in calls[:number]:
            yield f"call {call} is answered, and is not open"


def outcomes_of_commands(machine: Machine, line: Line) -> Iterator[str]:
    """A token names one command, and an outcome is of one that was given to that worker."""
    event = line.event
    if isinstance(event, Replied) and machine.sent.get(event.token) != event.ppa:
        yield f"an outcome of {event.ppa}, which was not given command {event.token}"
    for effect in line.effects:
        if isinstance(effect, Send) and isinstance(effect.event, Command):
            if effect.event.token in machine.sent:
                yield f"command {effect.event.token} is given again"
            machine.sent[effect.event.token] = effect.ppa


def bound_to_one(machine: Machine, line: Line) -> Iterator[str]:
    """A request is bound to one PPA, and a PPA to one request, until what became of that is known."""
    for effect in line.effects:
        if isinstance(effect, Send) and isinstance(effect.event, Assign):
            key = key_of(effect.event.wish)
            for ppa, other in machine.assigning.values():
                if ppa == effect.ppa or other == key:
                    yield f"{effect.ppa} is to be lent to {key}, and {ppa} to {other}"
            machine.assigning[effect.event.token] = (effect.ppa, key)


def told_what_was_shown(machine: Machine, line: Line) -> Iterator[str]:
    """Who asks for a PPA is told a lease that its worker told of, which is nobody else's."""
    for call, result in ended(line):
        key = machine.open.pop(call, None)
        if key is None or not isinstance(result, LeaseView):
            continue
        lease = result.record.lease
        if lease not in machine.shown:
            yield f"lease {lease} is told to {key}, and no worker told of it"
        if machine.told.setdefault(lease, key) != key:
            yield f"lease {lease} is told to {key} and to {machine.told[lease]}"


RULES: tuple[Rule, ...] = (
    time_goes_on,
    calls_end_once,
    outcomes_of_commands,
    bound_to_one,
    told_what_was_shown,
)


def broken(lines: Iterable[Line]) -> Iterator[str]:
    """Which rules are not kept, and where."""
    machines: dict[str, Machine] = {}
    for line in (line for line in lines if line.supervises and line.event is not None):
        machine = machines.setdefault(line.file, Machine())
        yield from (f"{rule.__name__}: {line}: {wrong}" for rule in RULES for wrong in rule(machine, line))
