"""Which PPAs cannot take what a wish is about to upload: those that had one of its sources before, or other files of
the same names, burnt ones.

Invariants: `all-burnt` is told only when every PPA that the wish could get was seen to be burnt, and there is one.  No
PPA is asked twice in the same state, and none while another is known that the wish may wait for: one that is not burnt,
or cannot be asked now, may be free tomorrow; one that is out of service until a person acts is waited for by nobody.
However many wait and whatever they name, only so many PPAs are asked at a time, and a wish has so many questions; one
that has used them up waits for what it did not ask about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial

from ..automaton.events import CheckBurnt, Denied, Outcome, Refusal
from ..reference import Reference
from ..views import Condition, Sight
from .crew import Member, free_for_anyone
from .line import Asked, Stage, state_of
from .office import Office
from .wishes import Wishes

AT_ONCE = 16  # PPAs, for all wishes together
QUESTIONS = 1000  # of one wish: one a source and PPA; for the files of a source some more requests may follow
UNASKABLE = (Condition.MISSING, Condition.UNREACHABLE)


class Tracing:
    """Every method is called under the office's lock.  `bound` are the PPAs that are being lent; `learnt` is called
    when more is known of a wish that waits.
    """

    def __init__(
        self, office: Office, wishes: Wishes, bound: Collection[Reference], learnt: Callable[[Asked], None]
    ) -> None:
        self._office, self._wishes, self._bound, self._learnt = office, wishes, bound, learnt
        self._under_way = 0
        self._short: set[str] = set()
        """Pools of wishes that were to ask more than there was room for."""

    def pursue(self, asked: Asked) -> None:
        """Ask on until a PPA is known that a wish in the line may wait for; if there is none, it is told so."""
        if not asked.wish.sources or asked.stage is not Stage.WAITING or not asked.calls or self._still_hopes(asked):
            return
        left = self._left(asked)
        burnt = {ppa: asked.burnt[ppa] for ppa in sorted(asked.burnt) if self._member(asked, ppa)}
        if burnt and not left:
            self._wishes.answer(asked, self._wishes.refusals.all_burnt(asked, burnt))
            self._wishes.forget(asked)
        elif not self._any_hope(asked, left):
            self._ask(asked, left)

    def pursue_all(self, pool: str) -> None:
        """The same for all of a pool, whoever has asked least first."""
        for asked in sorted(self._wishes.with_sources(pool), key=lambda asked: asked.questions):
            self.pursue(asked)

    def undecided(self, asked: Asked) -> bool:
        """Whether an answer that is under way may show that all are burnt."""
        return bool(asked.tracing) and not self._any_hope(asked, self._left(asked))

    def burnt(self, asked: Asked, ppa: Reference, source: str) -> None:
        """A PPA that was to be lent turned out to be burnt.  Others that are free may be too: they are asked at once,
        for one after the other could take longer than the wish has time.
        """
        asked.burnt[ppa] = source
        if asked.calls:
            free = [m for m in self._left(asked) if self._free(m)]
            self._ask(asked, [m for m in free if asked.traced.get(m.worker.ppa) != state_of(m.snapshot)])

    def _ask(self, asked: Asked, members: Iterable[Member]) -> None:
        ppas = [member.worker.ppa for member in members if member.worker.ppa not in asked.tracing]
        deadline, sources = asked.deadline, asked.wish.sources
        room = max(0, AT_ONCE - self._under_way)
        if len(ppas) > room:
            self._short.add(asked.wish.pool)
        for ppa in ppas[: min(room, (QUESTIONS - asked.questions) // len(sources))]:
            asked.questions += len(sources)
            self._under_way += 1
            asked.tracing[ppa] = self._office.order(
                ppa,
                lambda token: CheckBurnt(token=token, deadline=deadline, sources=sources),
                partial(self._answered, asked, ppa),
            )

    def _answered(self, asked: Asked, ppa: Reference, outcome: Outcome) -> None:
        match outcome:
            case Denied(Refusal.IN_DOUBT):
                return
            case Denied(Refusal.BURNT, source):
                asked.burnt[ppa] = source
                asked.questions -= _unasked(asked, source)
        del asked.tracing[ppa]
        self._under_way -= 1
        self._office.soon(self._go_on)
        abandoned = isinstance(outcome, Denied) and outcome.why is Refusal.LOST
        if (member := self._office.crew.get(ppa)) is not None and not abandoned:
            asked.traced[ppa] = state_of(member.snapshot)
        if self._wishes.is_current(asked, Stage.WAITING):
            self._learnt(asked)

    def _go_on(self) -> None:
        """There is room for those who found none."""
        pools, self._short = self._short, set()
        for pool in sorted(pools):
            self.pursue_all(pool)

    def _left(self, asked: Asked) -> list[Member]:
        """Those that may serve for all that is known, and are not known to be burnt."""
        members = [m for m in self._office.crew.in_pool(asked.wish.pool) if asked.wish.ppa in (None, m.worker.ppa)]
        return [m for m in members if m.worker.ppa not in asked.burnt and not _out_of_service(m)]

    def _member(self, asked: Asked, ppa: Reference) -> Member | None:
        member = self._office.crew.get(ppa)
        return member if member is not None and member.lent and member.pool == asked.wish.pool else None

    def _any_hope(self, asked: Asked, left: Iterable[Member]) -> bool:
        """Whether there is one that it may wait for; to one that has no questions left each is."""
        asked.hope = next((member.worker.ppa for member in left if self._hope(asked, member)), None)
        return asked.hope is not None or asked.questions + len(asked.wish.sources) > QUESTIONS

    def _still_hopes(self, asked: Asked) -> bool:
        """The same without going through the pool, for this is asked at each change: where there was hope last."""
        member = self._member(asked, asked.hope) if asked.hope is not None else None
        return member is not None and member.worker.ppa not in asked.burnt and self._hope(asked, member)

    def _hope(self, asked: Asked, member: Member) -> bool:
        """Whether it may be waited for: it is free, cannot be asked, or did not say in this state that it is burnt."""
        if self._free(member) or member.snapshot.condition in UNASKABLE:
            return not _out_of_service(member)
        ppa = member.worker.ppa
        return ppa not in asked.tracing and asked.traced.get(ppa) == state_of(member.snapshot)

    def _free(self, member: Member) -> bool:
        return free_for_anyone(member.snapshot) and member.worker.ppa not in self._bound


def _unasked(asked: Asked, hit: str) -> int:
    """How many of its sources were not asked for because of this one."""
    words = hit.split(" ")
    of = (
        number
        for number, source in enumerate(asked.wish.sources)
        if hit == str(source) or words[0] in {file.name for file in source.files}
    )
    return len(asked.wish.sources) - 1 - next(of, len(asked.wish.sources) - 1)


def _out_of_service(member: Member) -> bool:
    """Whether it serves nobody before a person acts: gone for good, disabled, not ours to write to, somebody's packages
    in it, its record garbled.  One that
    is still being looked into is not, nor one that the daemon is about to create.
    """
    snapshot = member.snapshot
    if snapshot.condition is Condition.MISSING:
        return snapshot.sight is Sight.LASTING_GONE and not member.worker.known.options.create
    if snapshot.condition is Condition.DISABLED or snapshot.sight is Sight.BARRED:
        return True
    others = snapshot.condition in (Condition.UNMANAGED, Condition.UNREADABLE)
    return others and snapshot.record is None and snapshot.fault is not None
