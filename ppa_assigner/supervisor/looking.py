"""The periodic look at all PPAs, one request per 300 of an owner, and those who wait for a look to be over.

Rule: a look that somebody waits for began after he asked; one look serves all who asked before it began, and however
many ask, looks do not follow each other without a pause.
This module decides nothing about PPAs: workers do, with what it hands them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from ..automaton.events import Looked, LookFailed
from ..backoff import LOOK_SOON_S, LOOK_SPACING_S
from ..port import Launchpad, Look, Moment, Refused, Unavailable
from ..reference import Reference

log = logging.getLogger(__name__)

OWNERS_AT_ONCE = 4
COMPARED_EVERY = 10
"""The first look and each so many-th after it asks which PPAs are hidden: the disabled ones."""
BREATH_S, BREATHS_S = 0.0001, 0.5  # between two PPAs, and between all of one owner's
Failures = Mapping[Reference, str]
LookEvent = Looked | LookFailed


@dataclass(slots=True)
class _Round:
    pending: set[Reference]
    failed: dict[Reference, str] = field(default_factory=dict)


class Rounds:
    """Which PPAs a round of looks still waits for, and who waits for the round.  Not locked: its owner does that."""

    def __init__(self) -> None:
        self.begun = 0
        self.always: Callable[[Failures], None] = lambda _: None
        """Called at the end of each round, before those who wait for it."""
        self._rounds: dict[int, _Round] = {}
        self._waiters: dict[int, list[Callable[[Failures], None]]] = {}

    @property
    def next(self) -> int:
        """The number of the round that begins next: the first that began after now."""
        return self.begun + 1

    @property
    def latest(self) -> int:
        """The number of the round that is under way, or else of the next."""
        return self.begun if self.begun in self._rounds else self.next

    def wait(self, number: int, waiter: Callable[[Failures], None]) -> None:
        """Call `waiter` once that round is over."""
        self._waiters.setdefault(number, []).append(waiter)

    def begin(self, ppas: Collection[Reference]) -> int:
        """Begin the next round."""
        self.begun += 1
        self._rounds[self.begun] = _Round(set(ppas))
        return self.begun

    def done(self, ppa: Reference, number: int, reason: str | None) -> list[Callable[[], None]]:
        """One PPA is known as of that round, or not.  Gives what is to be called if that ended the round."""
        round_ = self._rounds.get(number)
        if round_ is None:
            return []
        round_.pending.discard(ppa)
        if reason is not None:
            round_.failed[ppa] = reason
        return self.over(number)

    def over(self, number: int) -> list[Callable[[], None]]:
        """What is to be called if nothing of that round is pending."""
        round_ = self._rounds.get(number)
        if round_ is None or round_.pending:
            return []
        del self._rounds[number]
        waiters = [self.always, *(w for n in sorted(self._waiters) if n <= number for w in self._waiters.pop(n))]
        return [lambda waiter=waiter: waiter(round_.failed) for waiter in waiters]  # type: ignore[misc]  # a default binds each

    def forget(self, ppa: Reference, reason: str | None = None) -> list[Callable[[], None]]:
        """The PPA is no longer looked at, or (`reason`) whoever did that is gone."""
        pending = [number for number, round_ in self._rounds.items() if ppa in round_.pending]
        return [call for number in pending for call in self.done(ppa, number, reason)]


class Looker(threading.Thread):
    """Looks every `every` seconds, and at once when asked, but not within `spacing` seconds of the last look's begin.
    `begin` tells what to look at, `tell` gets what it saw, `observe` the moment of each answer, `heard` of
    each owner why there was none.  While `wanted` says that answers are wanted sooner, it looks again after `soon`
    seconds, whatever became of the PPAs that it told: no busy worker may delay what the others need.
    """

    def __init__(
        self,
        launchpad: Launchpad,
        begin: Callable[[], tuple[int, Collection[Reference]]],
        tell: Callable[[Reference, LookEvent], None],
        *,
        every: float,
        observe: Callable[[Moment], None],
        heard: Callable[[str, str | None, Collection[str]], None] = lambda *_: None,
        wanted: Callable[[], bool] = lambda: False,
        soon: float = LOOK_SOON_S,
        spacing: float = LOOK_SPACING_S,
    ) -> None:
        super().__init__(name="poller", daemon=True)
        self._launchpad, self._begin, self._tell, self._every = launchpad, begin, tell, every
        self._observe, self._heard, self._spacing = observe, heard, min(spacing, every)
        self._wanted, self._soon = wanted, min(soon, every)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._trouble: dict[str, str] = {}  # by owner: what was said of it last, so that it is said once
        self._answered: dict[str, float] = {}  # by owner: when the last look began that Launchpad answered
        self._owners: frozenset[str] = frozenset()
        self._looks = 0

    @property
    def oldest(self) -> float | None:
        """When the look began (boot time) in or after which every owner's PPAs were seen; None: not all of them yet."""
        begun = [self._answered.get(owner) for owner in self._owners]
        known = [each for each in begun if each is not None]
        return min(known) if known and len(known) == len(begun) else None

    @property
    def gone(self) -> bool:
        """Whether it ended without being told to."""
        return self.ident is not None and not self.is_alive() and not self._stopping.is_set()

    def look_now(self) -> None:
        """Begin a round as soon as the one under way is over and the pause after its begin."""
        self._wake.set()

    def stop(self) -> None:
        """End after the requests under way."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Look, wait, look."""
        while not self._stopping.is_set():
            next_one = time.monotonic() + self._spacing
            try:
                self.look()
            except Exception:
                log.exception("a round of looks failed")
            self._wake.wait(self._soon if self._wanted() else self._every)
            self._stopping.wait(max(0.0, next_one - time.monotonic()))
            self._wake.clear()

    def look(self) -> None:
        """One round: all owners, a few at a time."""
        number, ppas = self._begin()
        owners: dict[str, list[Reference]] = {}
        for ppa in ppas:
            owners.setdefault(ppa.owner, []).append(ppa)
        self._forget_others(owners)
        left = deque(owners)
        compare, self._looks = self._looks % COMPARED_EVERY == 0, self._looks + 1
        arguments = (left, owners, number, compare)
        others = range(1, min(OWNERS_AT_ONCE, len(owners)))
        threads = [threading.Thread(target=self._look_at_these, args=arguments, name=f"look {n}") for n in others]
        begun = [thread for thread in threads if _begun(thread)]
        self._look_at_these(left, owners, number, compare)
        for thread in begun:
            thread.join()

    def _forget_others(self, owners: Mapping[str, object]) -> None:
        """Whose PPAs are served no more."""
        self._owners = frozenset(owners)
        for kept in (self._trouble, self._answered):
            for owner in set(kept) - self._owners:
                kept.pop(owner, None)

    def _look_at_these(
        self, left: deque[str], owners: Mapping[str, list[Reference]], number: int, compare: bool
    ) -> None:
        """One after the other, while there are any that no other thread has taken."""
        while left and not self._stopping.is_set():
            try:
                owner = left.popleft()
            except IndexError:
                return
            self._look_at(owner, owners[owner], number, compare)

    def _look_at(self, owner: str, ppas: list[Reference], number: int, compare: bool = False) -> None:
        """Whatever fails, each of the PPAs is told: somebody may wait for the end of the round."""
        try:
            answer = self._launchpad.look(owner, compare)
            self._notice(owner, answer)
        except Exception:
            log.exception("~%s: the look failed", owner)
            answer = Unavailable("the look failed of a bug: the log says more")
        self._tell_all({ppa: _told(answer, ppa, number) for ppa in ppas})

    def _notice(self, owner: str, answer: Look | Refused | Unavailable) -> None:
        match answer:
            case Look():
                # Each page of the listing is one answer of Launchpad's clock, however many PPAs it shows.
                for moment in {entry.moment.started: entry.moment for entry in answer.entries.values()}.values():
                    self._observe(moment)
                self._answered[owner] = answer.started
        self._heard(owner, None if isinstance(answer, Look) else answer.reason, self._owners)
        self._say(owner, None if isinstance(answer, Look) else answer.reason)

    def _tell_all(self, events: Mapping[Reference, LookEvent]) -> None:
        """With a breath after each: threads that are all woken at once fight for the interpreter's lock.  Where others
        are busy each breath takes milliseconds, and the rest is told without.
        """
        end = time.monotonic() + BREATHS_S
        for ppa, event in events.items():
            try:
                self._tell(ppa, event)
            except Exception:
                log.exception("%s: what was seen of it could not be told", ppa)
            if time.monotonic() < end and not self._stopping.is_set():
                time.sleep(BREATH_S)

    def _say(self, owner: str, reason: str | None) -> None:
        """An outage is told when it begins, changes and ends, not at each look."""
        before = self._trouble.pop(owner, None)
        if reason is not None:
            self._trouble[owner] = reason
        if reason is not None and reason != before:
            log.warning("~%s: its PPAs cannot be looked at: %s", owner, reason)
        elif reason is None and before is not None:
            log.info("~%s: its PPAs can be looked at again", owner)


def _begun(thread: threading.Thread) -> bool:
    """Where no thread can be started, the others look at more."""
    thread.daemon = True
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


def _told(answer: Look | Refused | Unavailable, ppa: Reference, number: int) -> LookEvent:
    if not isinstance(answer, Look):
        return LookFailed(answer.reason, number)
    entry = answer.entries.get(ppa)
    if answer.hidden is None or entry is None or entry.private:  # nobody is shown a private one
        return Looked(entry, answer.started, number)
    return Looked(entry, answer.started, number, ppa in answer.hidden)
