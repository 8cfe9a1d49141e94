"""The requests for PPAs and the calls that wait for them: who asked, since when, how far each is, and the wait queues.

Rule: a queue is in the order of keys, which are when requests came unless these have a priority or a fair share; two
connections with one request id share one place, which is lost when the
last is gone.  A request id belongs to the client that chose it: two clients that happen to choose one id have two
requests, and neither sees, hinders or ends the other's.  To come, to go and to ask for a position cost no walk along a
queue: thousands may stand in it.  Plain data and what follows from it; nothing here decides who stands in a queue.
"""

from __future__ import annotations

import enum
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..backoff import SEARCH_TURN_S
from ..record import Record, State
from ..reference import Reference
from ..views import AssignRequest, Condition, Snapshot


class CallId(int):
    """A call of the API that waits for its answer."""


class RequestId(int):
    """A request for a PPA, from its coming until it is forgotten; its client's name for it is in its key."""


class CommandToken(int):
    """A command that was given to a worker."""


class TimerId(int):
    """A step that is to be taken at a time."""


class ClaimId(int):
    """A lease that was made here, and that nobody may have been told of."""


@dataclass(frozen=True, slots=True)
class Key:
    """The client (None: none are configured) and its request id."""

    client: str | None
    request: str


def key_of(wish: AssignRequest) -> Key:
    """The key of a request."""
    return Key(wish.by, wish.request_id)


def key_in(record: Record | None) -> Key | None:
    """The key of the request that a record is used for, or remembers."""
    return Key(record.by, record.request) if record is not None and record.request is not None else None


# -- requests ----------------------------------------------------------------------------------------------------------


StateOf = tuple[tuple[State | None, str | None], Condition]
Position = tuple[float, RequestId]
"""What a queue is ordered by: the key (seconds since 1970), and who came first."""


class Stage(enum.Enum):
    """How far a request is."""

    SEARCHING = "searching"  # does it have a lease already?  Not known before a look is over
    WAITING = "waiting"  # in the queue
    ASSIGNING = "assigning"  # bound to one PPA, whose worker writes
    CONFIRMING = "confirming"  # bound to the PPA that seems to hold its lease


IN_QUEUE = frozenset({Stage.SEARCHING, Stage.WAITING})
"""Those who stand in the queue: bound to no PPA."""


@dataclass(frozen=True, slots=True)
class AssignCall:
    """One connection's ask.  `until` (boot time) ends its waiting in the queue, `deadline` ends everything."""

    id: CallId
    wish: AssignRequest
    until: float
    deadline: float
    timers: tuple[TimerId, ...] = ()


@dataclass(frozen=True, slots=True)
class Avoided:
    """A PPA is passed by while its record has this nonce, until a boot time."""

    nonce: str | None
    until: float


def nonce_of(snapshot: Snapshot) -> str | None:
    """What changes with each write."""
    return snapshot.record.nonce if snapshot.record is not None else None


def state_of(snapshot: Snapshot) -> StateOf:
    """What does not change while the same lease goes on, or the same clean: what was asked of it holds so long."""
    record = snapshot.record
    return (record.state, record.lease) if record is not None else (None, None), snapshot.condition


@dataclass(slots=True)
class PendingRequest:
    """A request, until it is answered.  `first` is when it was first asked for, `rank` its place in the queue, which is
    the same unless it has a priority or a fair share: seconds since 1970, Launchpad's clock.  `admitted`: it may wait.

    `key` is what it is found by.  `searched` is the attempt for which it is known that no other lease was there;
    `search` counts the searches.  `assign` is the command that is to lend it the PPA that it is `bound` to.  `burnt`
    are the PPAs that cannot take its sources, and what they had; `asking` those that are asked, by which command;
    `asked` in which state the others answered, or failed to; `questions` how many that took at the most; `hope` one
    that may be waited for.  `trying` is the group that
    it tries to take, and before `rests_until` (boot time) it takes none.  `withdrawn` are the calls that ended it.
    """

    id: RequestId
    key: Key
    wish: AssignRequest
    attempt: int
    first: float
    rank: float | None = None
    lease: str = ""
    stage: Stage = Stage.SEARCHING
    calls: dict[CallId, AssignCall] = field(default_factory=dict)
    bound: Reference | None = None
    assign: CommandToken | None = None
    searched: int = -1
    search: int = 0
    search_since: float = 0.0
    lost: int = 0
    outage: str | None = None
    avoided: dict[Reference, Avoided] = field(default_factory=dict)
    burnt: dict[Reference, str] = field(default_factory=dict)
    asking: dict[Reference, CommandToken] = field(default_factory=dict)
    asked: dict[Reference, StateOf] = field(default_factory=dict)
    questions: int = 0
    hope: Reference | None = None
    abandoned: bool = False
    admitted: bool = False
    trying: str | None = None
    rests_until: float = 0.0
    withdrawn: list[CallId] = field(default_factory=list)
    shape: str = field(init=False)
    """What it asks for in a PPA of its pool, so that those of one shape fit the same; empty: it takes any."""

    def __post_init__(self) -> None:
        wish = self.wish
        self.shape = ""
        if wish.want:
            self.shape = "; ".join(f"{want.count} {want.pool}:{want.select}" for want in wish.want)
        elif wish.ppa is not None or wish.select.requirements:
            self.shape = f"{wish.ppa} {wish.select}"

    @property
    def place(self) -> Position:
        """What the queue is ordered by: nothing else tells who comes before whom."""
        return self.first if self.rank is None else self.rank, self.id

    @property
    def in_queue(self) -> bool:
        """Whether it waits, bound to no PPA, and not only its place is kept."""
        return self.stage in IN_QUEUE and bool(self.calls)

    def same_place(self, wish: AssignRequest) -> bool:
        """Whether the same wisher asks for what has the same place in the queue."""
        return self.same_wisher(wish) and self.wish.priority == wish.priority

    def same_wisher(self, wish: AssignRequest) -> bool:
        """Whether this is the same owner, client, pool and selector."""
        mine = self.wish
        return (mine.owner, mine.by, mine.pool, mine.want, mine.select) == (
            wish.owner,
            wish.by,
            wish.pool,
            wish.want,
            wish.select,
        )

    def keeps_its_turn(self, boot: float) -> bool:
        """Whether those behind it in the queue wait for its search to end: for a moment only."""
        return self.stage is Stage.SEARCHING and boot < self.search_since + SEARCH_TURN_S

    def may_wait(self, boot: float) -> bool:
        """Whether any of its calls has time left to let others go first."""
        return any(call.until > boot for call in self.calls.values())

    def avoids(self, snapshot: Snapshot, boot: float) -> bool:
        """Whether this PPA has just disappointed this request, and has not changed since."""
        avoided = self.avoided.get(snapshot.ppa)
        return avoided is not None and avoided.nonce == nonce_of(snapshot) and boot < avoided.until

    @property
    def deadline(self) -> float:
        """When the last of its calls must be answered (boot time)."""
        return max((call.deadline for call in self.calls.values()), default=0.0)


# -- queues ------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class WaitQueue:
    """A request stands at the place that it had when it was added."""

    _queues: dict[str, list[tuple[Position, RequestId]]] = field(default_factory=dict)
    places: dict[RequestId, tuple[str, Position]] = field(default_factory=dict)
    """The pool and the place of each that stands in a queue."""

    def add(self, request: RequestId, pool: str, place: Position) -> None:
        """Let it stand in the queue of this pool, at this place."""
        at = self.places.get(request)
        if at != (pool, place):
            if at is not None:
                self.discard(request)
            self.places[request] = (pool, place)
            insort(self._queues.setdefault(pool, []), (place, request))  # no two have the same number

    def discard(self, request: RequestId) -> None:
        """Let it stand in no queue."""
        if (at := self.places.pop(request, None)) is not None:
            pool, place = at
            del self._queues[pool][bisect_left(self._queues[pool], (place,))]

    def of(self, pool: str) -> list[RequestId]:
        """All of a pool, the first one first."""
        return [request for _, request in self._queues.get(pool, ())]

    def length(self, pool: str) -> int:
        """How many stand in it."""
        return len(self._queues.get(pool, ()))

    def ahead(self, pool: str, place: Position) -> int:
        """How many have a place before that one, at which nobody need stand."""
        return bisect_left(self._queues.get(pool, []), (place,))


@dataclass(slots=True)
class Requests:
    """The requests on their way (`current`), and those whose places are `kept` a moment longer."""

    by_id: dict[RequestId, PendingRequest] = field(default_factory=dict)
    current: dict[Key, RequestId] = field(default_factory=dict)
    with_sources: dict[Key, RequestId] = field(default_factory=dict)
    several: set[RequestId] = field(default_factory=set)
    """Those that want more than one PPA."""
    of_call: dict[CallId, RequestId] = field(default_factory=dict)
    queue: WaitQueue = field(default_factory=WaitQueue)
    kept: dict[Key, tuple[RequestId, TimerId]] = field(default_factory=dict)
    kept_queue: WaitQueue = field(default_factory=WaitQueue)
    held_up: set[RequestId] = field(default_factory=set)
    """Whose wait is over, and who are told none-free only once something is decided."""
    last: int = 0

    def __len__(self) -> int:
        return len(self.current)

    def __iter__(self) -> Iterator[PendingRequest]:
        return iter([self.by_id[one] for one in self.current.values()])

    def get(self, key: Key | None) -> PendingRequest | None:
        """The request of this client under this request id."""
        return self.by_id[self.current[key]] if key is not None and key in self.current else None

    def is_current(self, request: PendingRequest) -> bool:
        """Whether it is still on its way."""
        return self.current.get(request.key) == request.id

    def put(self, request: PendingRequest, stage: Stage) -> None:
        """Set the stage of a request, and enqueue or dequeue it accordingly."""
        request.stage = stage
        if stage in IN_QUEUE and self.is_current(request):
            self.queue.add(request.id, request.wish.pool, request.place)
        else:
            self.queue.discard(request.id)

    def is_kept(self, request: PendingRequest) -> bool:
        """Whether only its place is here."""
        return self.kept.get(request.key, (None,))[0] == request.id

    def kept_in(self, pool: str) -> list[PendingRequest]:
        """Those whose place in the queue of a pool is kept, the first one first."""
        return [self.by_id[one] for one in self.kept_queue.of(pool)]

    def waiting(self, pool: str) -> list[PendingRequest]:
        """Those that stand in the queue of a pool, the first one first."""
        return [self.by_id[one] for one in self.queue.of(pool)]
