"""What each line of a trace must keep to, told apart from the code that decided it: rule by rule.

Rule: nothing of the automaton is asked but its table of legal moves and its bounds in seconds.  Each rule follows the
lines of one worker in their order, and says in words what it does not allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ppa_assigner.automaton import WorkerState
from ppa_assigner.automaton.events import Answered, LeaseShown, Looked, Reconfigured, Reply, Transition
from ppa_assigner.automaton.requests import Apply, Create, Grant, Write
from ppa_assigner.automaton.transitions import LEGAL, WriteReason
from ppa_assigner.backoff import FENCE_S
from ppa_assigner.options import PoolOptions
from ppa_assigner.port import Content, Done, Entry, NewContent
from ppa_assigner.record import INTEGER_MAX, Record, State, parse

from .outcome import Outcome, record_of
from .reading import Line

CLOSE_S = 0.001
AGAIN = frozenset({WriteReason.RESTORE, WriteReason.ROLLED_BACK})
"""Why the known record is written over one that is older or not ours."""
BY_NAME = {reason.value: reason for reason in WriteReason}


@dataclass
class Worker:
    """What the rules remember of one worker: what Launchpad showed it, and what it did."""

    options: PoolOptions
    shown: set[str] = field(default_factory=set)  # nonces
    sent: set[str] = field(default_factory=set)
    serial: int = 0  # the highest that it knew
    last: Record | None = None  # the record that was shown last
    seen: float = float("-inf")  # when the request left whose answer showed that
    changed: float = float("-inf")  # when a change of a clean was answered last
    boot: float = float("-inf")
    asked: str = ""  # the request that is under way, by its type
    outcome: Outcome = field(default_factory=Outcome)

    @classmethod
    def beginning(cls, known: WorkerState) -> Worker:
        """A new one, with what the one before it left."""
        worker = cls(known.options, outcome=Outcome.of(known.pending))
        worker.shown |= {known.record.nonce} if known.record is not None else set()
        worker.sent |= {one.nonce for one in known.pending.candidates} if known.pending is not None else set()
        return worker

    def take(self, line: Line) -> None:
        """Remember what the line brought, before what was decided on it is judged."""
        event = line.event
        if isinstance(event, Reconfigured):
            self.options = event.options
        entry = event.entry if isinstance(event, Looked) else line.answer
        if isinstance(entry, Entry):
            self.show(entry)
        if isinstance(line.answer, Done | Entry) and self.asked == Apply.__name__:
            self.changed = line.answer.moment.ended

    def show(self, entry: Entry) -> None:
        """Launchpad showed it so."""
        record = record_of(entry)
        if record is not None:
            self.shown.add(record.nonce)
        if entry.moment.started >= self.seen:
            self.last, self.seen = record, entry.moment.started

    def leave(self, line: Line) -> None:
        """Remember what was decided."""
        self.boot = line.boot
        self.asked = type(line.requests[0]).__name__ if line.requests else ""
        self.serial = max(self.serial, line.after.get("serial", 0))
        self.sent |= {record.nonce for _, record in written(line)}


Rule = Callable[[Worker, Line], Iterator[str]]


def written(line: Line) -> Iterator[tuple[Record | None, Record]]:
    """What each request to write would replace, and by what."""
    for request in line.requests:
        if isinstance(request, Write | Create):
            new = parse(request.description).record
            assert new is not None, f"{line}: no record is written"
            yield (record_of(request.entry) if isinstance(request, Write) else None), new


# -- the rules ---------------------------------------------------------------------------------------------------------


def one_thing_at_a_time(worker: Worker, line: Line) -> Iterator[str]:
    """One request at most; its answer is the next event, and nothing else is an answer; time does not go back."""
    if len(line.requests) > 1:
        yield f"{len(line.requests)} requests at once"
    if isinstance(line.event, Answered) is not bool(worker.asked):
        yield "an answer to nothing" if not worker.asked else "a request under way, and another event"
    if line.boot < worker.boot:
        yield f"at {line.boot}, after {worker.boot}"


def legal_moves(_: Worker, line: Line) -> Iterator[str]:
    """What is written, and what is told of it, is a move that the table of the life of a PPA has for that reason."""
    for before, record in written(line):
        pending = line.after.get("pending", {"why": WriteReason.CREATE.name, "nonces": []})
        why, start = WriteReason[pending["why"]], before.state if before is not None else None
        settles = len(pending["nonces"]) > 1 and _legal(WriteReason.SETTLE, start, record.state)
        if not settles and not _legal(why, start, record.state):
            yield f"{why.name} leads from {start} to {record.state}"
    for told in line.effects:
        if isinstance(told, Transition) and told.why not in ("seen", "gone"):
            move = (told.before, told.record.state)
            if told.why not in BY_NAME or move not in LEGAL[BY_NAME[told.why]]:
                yield f"told as {told.why!r}: from {told.before} to {told.record.state}"


def _legal(why: WriteReason, before: State | None, after: State) -> bool:
    return any(after is to and (why in AGAIN or before is start) for start, to in LEGAL[why])


def serials_grow(worker: Worker, line: Line) -> Iterator[str]:
    """A record has a higher serial than any that its worker knew, and than the one that it replaces."""
    for before, record in written(line):
        known = max(worker.serial, before.serial if before is not None else 0)
        if record.serial <= known < INTEGER_MAX:
            yield f"serial {record.serial} over {known}"


def no_write_in_doubt(worker: Worker, line: Line) -> Iterator[str]:
    """After an outcome that is unknown nothing is decided before it is settled."""
    yield from worker.outcome.follow(line)


def told_after_it_was_shown(worker: Worker, line: Line) -> Iterator[str]:
    """A lease is told once Launchpad has shown it, and as new by the daemon alone that wrote it."""
    for effect in line.effects:
        if isinstance(effect, Reply) and isinstance(effect.outcome, LeaseShown):
            record = effect.outcome.record
            if record.state is not State.USED or record.nonce not in worker.shown:
                yield f"lease {record.lease} is told, and Launchpad did not show it"
            if effect.outcome.fresh and record.nonce not in worker.sent:
                yield f"lease {record.lease} is told as new, and was not written here"


def behind_a_fence(worker: Worker, line: Line) -> Iterator[str]:
    """What cannot be conditional leaves soon after an answer that showed our record: dirty, or used for a grant."""
    for request in line.requests:
        if isinstance(request, Apply):
            lends = isinstance(request.change, Grant) and worker.last is not None and worker.last.state is State.USED
            if not lends and (worker.last is None or worker.last.state is not State.DIRTY):
                yield f"{request.change} under {worker.last}"
            if request.not_after > worker.seen + FENCE_S + CLOSE_S:
                yield f"{request.change} may leave {request.not_after - worker.seen:g} s after the record was shown"


def free_after_a_proof(worker: Worker, line: Line) -> Iterator[str]:
    """A PPA becomes free on a listing that showed nothing and began a whole quiet window after the last change."""
    for before, record in written(line):
        if record.state is State.FREE and before is not None and before.state is not State.FREE:
            content = line.answer
            if not (isinstance(content, Content) and content.empty):
                yield "it becomes free, and nothing showed that it is empty"
            elif content.moment.started - worker.changed < worker.options.settle - CLOSE_S:
                yield f"it becomes free {content.moment.started - worker.changed:g} s after the last change"


def lent_when_empty(_: Worker, line: Line) -> Iterator[str]:
    """A PPA is not lent on an answer that showed new content, nor one that was not free."""
    for before, record in written(line):
        if record.state is State.USED and line.after["pending"]["why"] == WriteReason.ASSIGN.name:
            if isinstance(line.answer, NewContent) and line.answer.count:
                yield "it is lent, and something is in it"
            if before is None or (before.state, before.lease) != (State.FREE, None):
                yield f"it is lent over {before}"


RULES: tuple[Rule, ...] = (
    one_thing_at_a_time,
    legal_moves,
    serials_grow,
    no_write_in_doubt,
    told_after_it_was_shown,
    behind_a_fence,
    free_after_a_proof,
    lent_when_empty,
)


def broken(lines: Iterable[Line]) -> Iterator[str]:
    """Which rules are not kept, and where."""
    workers: dict[str, Worker] = {}
    nonces: dict[str, str] = {}
    for line in (line for line in lines if not line.supervises):
        if isinstance(line.begins, WorkerState):
            workers[line.worker] = Worker.beginning(line.begins)
            continue
        worker = workers[line.worker]
        worker.take(line)
        yield from (f"{rule.__name__}: {line}: {wrong}" for rule in RULES for wrong in rule(worker, line))
        worker.leave(line)
        for _, record in written(line):
            if record.nonce in nonces:
                yield f"nonces_are_new: {line}: {record.nonce} was sent before, {nonces[record.nonce]}"
            nonces[record.nonce] = str(line)
