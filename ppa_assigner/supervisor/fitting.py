"""Which PPAs a request may get: by pool, name, labels, and what it is to upload; and what PPAs build for, which is
asked of Launchpad where somebody selects by it.

Rule: whoever decides which request gets which PPA asks `FreePpas`.  What Launchpad has not told yet decides nothing:
such a PPA does not fit, and is none of those that never will.  What a PPA builds for is read once, and again after each
clean, for who had it may have changed it; only so many PPAs are read at a time, and after a failure not before the next
look.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..automaton.events import Denied, ListProcessors, Outcome, ProcessorsShown, Refusal
from ..labels import ARCH
from ..record import State
from ..reference import Reference
from ..selectors import Selector
from ..views import AssignRequest, Condition, Snapshot, Want
from .core import Core
from .events import ProcessorsWanted
from .registry import ManagedPPA, free_for_anyone
from .requests import PendingRequest
from .steps import ListsProcessors, Relabelled, WaitsAreOver

AT_ONCE = 4
"""PPAs that are read at a time: their workers do nothing else meanwhile."""
_UNREADABLE = frozenset({Condition.MISSING, Condition.UNREACHABLE})


def possible(core: Core, pool: str, select: Selector) -> Sequence[ManagedPPA]:
    """The PPAs of a pool that a selector selects, or may."""
    in_pool = core.registry.in_pool(pool)
    if not select.requirements:
        return in_pool
    selected, unsure = core.registry.labels(pool).judge(select)
    return [managed for number, managed in enumerate(in_pool) if (selected | unsure) >> number & 1]


class FreePpas:
    """The free PPAs of some pools, to be found by what is asked of them, however many ask for something else each."""

    def __init__(self, core: Core, ppas: Sequence[Reference]) -> None:
        self.ppas = ppas
        self._core = core
        self._in_pool: dict[str, list[tuple[int, Reference]]] = {}
        self._bits: dict[str, int] = {}

    def fit(self, request: PendingRequest, want: Want) -> list[Reference]:
        """Those that may be lent to this request as this, in the same order."""
        found = self._selected(want)
        if request.wish.ppa is None and not request.burnt and not request.avoided:
            return found
        managed, boot = self._core.registry.ppas, self._core.now.boot
        named = [ppa for ppa in found if request.wish.ppa in (None, ppa) and ppa not in request.burnt]
        return [ppa for ppa in named if not request.avoids(managed[ppa].told, boot)]

    def _selected(self, want: Want) -> list[Reference]:
        in_pool = self._of(want.pool)
        if not want.select.requirements or not in_pool:
            return [ppa for _, ppa in in_pool]
        selected = self._core.registry.labels(want.pool).judge(want.select)[0] & self._bits[want.pool]
        return [ppa for number, ppa in in_pool if selected >> number & 1] if selected else []

    def _of(self, pool: str) -> list[tuple[int, Reference]]:
        """Those of a pool, each with its number there."""
        if (found := self._in_pool.get(pool)) is None:
            numbers = self._core.registry.numbers(pool)
            found = self._in_pool[pool] = [(numbers[ppa], ppa) for ppa in self.ppas if ppa in numbers]
            self._bits[pool] = sum(1 << number for number, _ in found)
        return found


def may_match(wish: AssignRequest, managed: ManagedPPA) -> bool | None:
    """Whether a PPA is one that this wish asks for; None while that cannot be said."""
    if not managed.lent or managed.pool != wish.pool or wish.ppa not in (None, managed.ppa):
        return False
    return managed.labels.judge(wish.select)


def undecided(core: Core, wish: AssignRequest) -> bool:
    """Whether an answer that is under way may show that a free PPA is one that this wish asks for."""
    return any(core.processors.is_due(one.ppa) for one in unjudged(core, wish))


def unjudged(core: Core, wish: AssignRequest) -> list[ManagedPPA]:
    """The free PPAs of which it cannot be said whether this wish asks for them."""
    if wish.want:
        choosy = [want for want in wish.want if want.select.asks_about(ARCH)]
        found = ((one, want.select) for want in choosy for one in core.registry.free(want.pool))
        return [one for one, select in found if one.labels.judge(select) is None]
    if not wish.select.asks_about(ARCH):
        return []
    return [one for one in core.registry.free(wish.pool, wish.ppa) if may_match(wish, one) is None]


# -- what PPAs build for -----------------------------------------------------------------------------------------------


def find_out(core: Core, pool: str) -> None:
    """From now on it is to be known what the PPAs of this pool build for; of the free ones first."""
    if pool in core.processors.pools:
        return
    core.processors.pools.add(pool)
    for managed in sorted(core.registry.in_pool(pool), key=lambda one: not free_for_anyone(one.snapshot)):
        consider(core, managed)


def on_wanted(core: Core, _: ProcessorsWanted) -> None:
    """Somebody selects by what PPAs build for, in whatever pool."""
    for pool in core.settings.pools:
        find_out(core, pool)


def forget_after_clean(managed: ManagedPPA, snapshot: Snapshot) -> None:
    """Who had a PPA may have changed what it builds for, and so may the clean."""
    before, record = managed.told.record, snapshot.record
    if record is not None and record.state is State.FREE and before is not None and before.state is not State.FREE:
        managed.processors = None


def consider(core: Core, managed: ManagedPPA) -> None:
    """Have this PPA read if that is wanted, not known, and may be had."""
    if _is_to_be_read(core, managed):
        core.processors.due[managed.ppa] = None
        _go_on(core)


def on_answer(core: Core, waits: ListsProcessors, outcome: Outcome) -> None:
    """What a PPA builds for, or why that is not known."""
    if isinstance(outcome, Denied) and outcome.why is Refusal.IN_DOUBT:
        return
    core.processors.reading.discard(waits.ppa)
    if (managed := core.registry.ppas.get(waits.ppa)) is not None:
        match outcome:
            case ProcessorsShown(names):
                managed.processors, managed.unread = names, None
                core.registry.indexed(managed)
            case Denied(_, detail):
                managed.unread = f"what it builds for could not be read: {detail}"
                managed.unread_since = managed.told.seen
        core.then(Relabelled(managed.pool))
        core.later(WaitsAreOver(managed.pool))
    _go_on(core)


def _go_on(core: Core) -> None:
    processors, deadline = core.processors, core.now.boot + core.total
    while processors.due and len(processors.reading) < AT_ONCE:
        ppa = next(iter(processors.due))
        del processors.due[ppa]
        managed = core.registry.ppas.get(ppa)
        if managed is not None and _is_to_be_read(core, managed):
            processors.reading.add(ppa)
            core.order(ppa, ListProcessors(token=core.token(), deadline=deadline), ListsProcessors(ppa))


def _is_to_be_read(core: Core, managed: ManagedPPA) -> bool:
    wanted = managed.lent and managed.processors is None and managed.pool in core.processors.pools
    if not wanted or managed.ppa in core.processors.reading or managed.told.private is None:
        return False  # a PPA that no answer has shown yet would be read for this
    failed = managed.unread is not None and managed.unread_since == managed.told.seen
    return not failed and managed.snapshot.condition not in _UNREADABLE
