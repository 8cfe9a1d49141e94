"""The wishes on their way, by client and request id: how connections share one, and how their calls end.

Rule: every call ends, by an answer or at its deadline; nothing here decides who gets which PPA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from ..problems import Kind, Problem
from ..views import AssignRequest, LeaseView
from . import line
from .keys import Key
from .line import IN_LINE, Asked, Call, Stage
from .lines import Lines
from .office import Office
from .refusals import Refusals


class Wishes:
    """Every method is called under the office's lock."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._wishes: dict[Key, Asked] = {}
        self._with_sources: dict[Key, Asked] = {}
        self.lines = Lines()
        self._number = 0
        self.refusals = Refusals(office)

    def __contains__(self, key: Key | None) -> bool:
        return key in self._wishes

    def __iter__(self) -> Iterator[Asked]:
        return iter(list(self._wishes.values()))

    def __len__(self) -> int:
        return len(self._wishes)

    def get(self, key: Key) -> Asked | None:
        """The wish of this client under this request id."""
        return self._wishes.get(key)

    def of_others(self, key: Key) -> list[Asked]:
        """The wishes of other clients under the same request id."""
        return [asked for asked in self if asked.key.request == key.request and asked.key != key]

    def with_sources(self, pool: str) -> list[Asked]:
        """Those that name what will be uploaded."""
        return [asked for asked in self._with_sources.values() if asked.wish.pool == pool]

    def lets_go_first(self, asked: Asked) -> bool:
        """Whether others before it in the line are searched for, and keep their turn."""
        boot, before = self._office.clock.boot(), (a for a in self.lines.of(asked.wish.pool) if a.place < asked.place)
        return any(each.keeps_its_turn(boot) for each in before)

    def put(self, asked: Asked, stage: Stage) -> None:
        """It is so far now: every change of its stage, for that decides whether it stands in the line."""
        asked.stage = stage
        (self.lines.add if stage in IN_LINE and self._is_here(asked) else self.lines.discard)(asked)

    def is_current(self, asked: Asked, stage: Stage) -> bool:
        """Whether this wish is still on its way, and so far."""
        return self._is_here(asked) and asked.stage is stage

    def enter(self, wish: AssignRequest, before: Asked | None = None) -> Asked:
        """A new wish, behind all others; or the one that was there `before` goes on, at its place."""
        self._number += 1
        asked = Asked(wish, wish.attempt, self._office.arrival(), self._number)
        if before is not None and not self._office.spent.is_spent(before.key, before.first):
            asked = _gone_on(before, wish) or replace(asked, first=before.first, number=before.number)
        self._wishes[asked.key] = asked
        if wish.sources:
            self._with_sources[asked.key] = asked
        self.put(asked, asked.stage)
        return asked

    def admit(self, asked: Asked, wish: AssignRequest) -> None:
        """May this wish share the place of its client's that is here under its request id?  Raises Problem if not."""
        if not asked.same_wisher(wish):
            raise self.refusals.problem(wish, Kind.REQUEST_ID_TAKEN, "a request for another owner or pool has this id")
        if wish.attempt < asked.attempt:
            detail = f"attempt {asked.attempt} of this request came before"
            raise self.refusals.problem(wish, Kind.SUPERSEDED, detail)
        if asked.withdrawn:
            raise self.refusals.soon(wish, "the request with this id is being withdrawn")

    def join(self, asked: Asked, call: Call, up: Callable[[Asked, Call], None]) -> None:
        """A connection shares the place; `up` is called when its wait and its deadline are over."""
        asked.abandoned, call.asked = False, asked
        asked.calls.append(call)
        self.placed_by(asked, [call])
        call.timers = [self._office.at(moment, partial(up, asked, call)) for moment in {call.until, call.deadline}]

    def placed_by(self, asked: Asked, calls: Iterable[Call]) -> None:
        """It has the earliest place that any of these can show."""
        asked.first = min(asked.first, *(self.refusals.first(call.wish) for call in calls))
        self.put(asked, asked.stage)

    def leave(self, asked: Asked, call: Call) -> None:
        """A connection goes; with the last one the wish does, unless a PPA is being written for it."""
        self._untime(call)
        asked.calls.remove(call)
        if not asked.calls and asked.stage is not Stage.ASSIGNING:
            self.forget(asked)
        elif not asked.calls:
            self.search_no_more(asked)

    def search_no_more(self, asked: Asked) -> None:
        """Nobody waits for the PPA that is to be lent: it is not asked on whether it may serve."""
        if asked.wish.sources:
            self._office.abandon(asked.assign)

    def end(self, asked: Asked, call: Call, problem: Problem) -> None:
        """One call has its answer."""
        self.leave(asked, call)
        self._office.later(partial(line.settle, call.future, problem))

    def answer(self, asked: Asked, result: LeaseView | Problem) -> None:
        """All calls have their answer."""
        for call in asked.calls:
            self._untime(call)
            self._office.later(partial(line.settle, call.future, result))
        asked.calls = []

    def refuse(self, asked: Asked, kind: Kind, detail: str) -> None:
        """All calls are told what is wrong."""
        self.answer(asked, self.refusals.problem(asked.wish, kind, detail))

    def forget(self, asked: Asked) -> None:
        """The wish is no longer on its way."""
        if self._is_here(asked):
            del self._wishes[asked.key]
            self._with_sources.pop(asked.key, None)
            self.lines.discard(asked)
            for token in asked.tracing.values():
                self._office.abandon(token)

    def _is_here(self, asked: Asked) -> bool:
        return self._wishes.get(asked.key) is asked

    def _untime(self, call: Call) -> None:
        for timed in call.timers:
            self._office.timer.cancel(timed)


def _gone_on(before: Asked, wish: AssignRequest) -> Asked | None:
    """The wish as if its last call had not been answered.  None when it has to be searched for afresh.

    Invariant: whoever asks next under a request id, with the next attempt, asked nobody in between: what a look showed
    for the attempt before, and what has been heard of since, tells for this one too
    (docs/explanation/protocol.md#attempts).
    """
    next_one = wish.attempt == before.attempt + 1 or wish.attempt == before.attempt == 0
    same = wish == replace(before.wish, attempt=wish.attempt, wait=wish.wait, ticket=wish.ticket)
    if not (next_one and same and before.searched == before.attempt):
        return None
    before.wish, before.attempt, before.searched = wish, wish.attempt, wish.attempt
    return before
