"""The periodic look at all PPAs, one request per 300 of an owner; and whether Launchpad answers us, as the looks tell.

Rule: however many ask for a look, looks do not follow each other without a pause.  Nothing is decided here about PPAs:
workers do that, with what they are handed.  An owner who is not there was answered; refused credentials and outages
were not.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..automaton.events import Looked, LookFailed
from ..backoff import LOOK_SOON_S, LOOK_SPACING_S
from ..port import Entry, Launchpad, Look, Moment, Refused, Unavailable
from ..reference import Reference
from ..times import boottime
from ..views import LaunchpadStatus
from .events import LookEvent, NamesSeen, Poll
from .names import NameReader, NamesFound

log = logging.getLogger(__name__)

OWNERS_AT_ONCE = 4
COMPARED_EVERY = 10
"""The first look and each so many-th after it asks which PPAs are hidden: the disabled ones."""
BREATH_S, BREATHS_S = 0.0001, 0.5  # between two PPAs, and between all of one owner's


class Poller(threading.Thread):
    """Looks every `every` seconds, and at once when asked (by `look_now`, or by whoever sets `wake`), but not within
    `spacing` seconds of the last look's begin.  `begin` tells what to look at, and `plan` of the round of that number
    which names of growing pools too; `tell` and `tell_names` get what it saw, `observe` the
    moment of each answer, `heard` of each owner why there was none.  While `wanted` says that answers are wanted
    sooner, it looks again after `soon` seconds, whatever became of the PPAs that it told: no busy worker may delay what
    the others need.
    """

    def __init__(
        self,
        launchpad: Launchpad,
        begin: Callable[[], tuple[int, Collection[Reference]]],
        tell: Callable[[Reference, LookEvent], None],
        *,
        every: float,
        observe: Callable[[Moment], None],
        wake: threading.Event | None = None,
        heard: Callable[[str, str | None, Collection[str]], None] = lambda *_: None,
        plan: Callable[[int], Poll | None] = lambda _: None,
        tell_names: Callable[[NamesSeen], None] = lambda _: None,
        wanted: Callable[[], bool] = lambda: False,
        soon: float = LOOK_SOON_S,
        spacing: float = LOOK_SPACING_S,
    ) -> None:
        super().__init__(name="poller", daemon=True)
        self._launchpad, self._begin, self._tell, self._every = launchpad, begin, tell, every
        self._plan, self._tell_names, self._names = plan, tell_names, NameReader(launchpad)
        self._cost: dict[str, int] = {}  # by owner: how many requests the last listing took
        self._observe, self._heard, self._spacing = observe, heard, min(spacing, every)
        self._wanted, self._soon = wanted, min(soon, every)
        self._wake = wake or threading.Event()
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

    def was_asked(self) -> bool:
        """Whether a round was asked for; from now on that is forgotten."""
        asked = self._wake.is_set()
        self._wake.clear()
        return asked

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
            self.was_asked()

    def look(self) -> None:
        """One round: all owners, a few at a time."""
        number, ppas = self._begin()
        owners: dict[str, list[Reference]] = {}
        for ppa in ppas:
            owners.setdefault(ppa.owner, []).append(ppa)
        plan = self._plan(number) or Poll(number, tuple(ppas))
        for owner in plan.ranges:
            owners.setdefault(owner, [])
        self._forget_others(owners)
        left = deque(owners)
        compare, self._looks = self._looks % COMPARED_EVERY == 0, self._looks + 1
        arguments = (left, owners, plan, compare)
        others = range(1, min(OWNERS_AT_ONCE, len(owners)))
        threads = [threading.Thread(target=self._look_at_these, args=arguments, name=f"look {n}") for n in others]
        begun = [thread for thread in threads if _begun(thread)]
        self._look_at_these(left, owners, plan, compare)
        for thread in begun:
            thread.join()

    def _forget_others(self, owners: Mapping[str, object]) -> None:
        """Whose PPAs are served no more."""
        self._owners = frozenset(owners)
        kept: dict[str, Any]
        for kept in (self._trouble, self._answered, self._cost):
            for owner in set(kept) - self._owners:
                kept.pop(owner, None)

    def _look_at_these(
        self, left: deque[str], owners: Mapping[str, list[Reference]], plan: Poll, compare: bool
    ) -> None:
        """One after the other, while there are any that no other thread has taken."""
        while left and not self._stopping.is_set():
            try:
                owner = left.popleft()
            except IndexError:
                return
            self._look_at(owner, owners[owner], plan, compare)

    def _look_at(self, owner: str, ppas: list[Reference], plan: Poll, compare: bool = False) -> None:
        """Whatever fails, each of the PPAs is told: somebody may wait for the end of the round."""
        listed = compare or owner in plan.listed or self._is_cheap(owner, len(ppas), owner in plan.ranges)
        try:
            answer = self._launchpad.look(owner, compare) if listed else self._probe(ppas)
            self._notice(owner, answer, listed=listed)
        except Exception:
            log.exception("~%s: the look failed", owner)
            answer = Unavailable("the look failed of a bug: the log says more")
        found = self._find_names(owner, ppas, plan, answer, listed=listed)
        told = {ppa: told_of(answer, ppa, plan.number) for ppa in ppas}
        if found is not None and isinstance(answer, Look):
            answer = replace(answer, entries={**found.entries, **answer.entries})
            told |= {ppa: told_of(answer, ppa, plan.number) for ppa in found.present if ppa not in told}
        self._tell_all(told)

    def _is_cheap(self, owner: str, ppas: int, grows: bool) -> bool:
        """Whether a listing takes no more requests than reading each PPA, and where a pool grows the next name: deleted
        PPAs are listed for ever (docs/explanation/launchpad.md#deleted-ppas).
        """
        return self._cost.get(owner, 1) <= ppas + 2 * grows

    def _probe(self, ppas: list[Reference]) -> Look | Unavailable:
        """In place of a listing: one PPA is read, which shows that Launchpad answers, and workers read the others."""
        started = boottime()
        if not ppas:
            return Look({}, started, started, requests=0)
        answer = self._launchpad.read(ppas[0])
        if isinstance(answer, Unavailable):
            return answer
        entries = {ppas[0]: answer} if isinstance(answer, Entry) else {}
        return Look(entries, answer.moment.started, answer.moment.ended)

    def _find_names(
        self, owner: str, ppas: list[Reference], plan: Poll, answer: Look | Refused | Unavailable, *, listed: bool
    ) -> NamesFound | None:
        """Read which names of growing pools the owner has, and tell it, whatever fails."""
        if owner not in plan.ranges:
            return None
        found: NamesFound | Refused | Unavailable = answer if not isinstance(answer, Look) else Unavailable("a bug")
        try:
            if isinstance(answer, Look):
                found = self._names.find(answer, plan.ranges[owner], ppas, listed=listed)
        except Exception:
            log.exception("~%s: the names of its PPAs could not be read", owner)
        names = found if isinstance(found, NamesFound) else None
        reason = None if isinstance(found, NamesFound) else found.reason
        try:
            self._tell_names(NamesSeen(owner, plan.number, names, reason))
        except Exception:
            log.exception("~%s: what names of PPAs were seen could not be told", owner)
        return names

    def _notice(self, owner: str, answer: Look | Refused | Unavailable, *, listed: bool) -> None:
        match answer:
            case Look():
                if listed:
                    self._cost[owner] = answer.requests
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


def told_of(answer: Look | Refused | Unavailable, ppa: Reference, number: int) -> LookEvent:
    """What a worker is told of the look at its owner's PPAs in this round."""
    if not isinstance(answer, Look):
        return LookFailed(answer.reason, number)
    entry = answer.entries.get(ppa)
    if answer.hidden is None or entry is None or entry.private:  # nobody is shown a private one
        return Looked(entry, answer.started, number)
    return Looked(entry, answer.started, number, ppa in answer.hidden)


# -- whether Launchpad answers -----------------------------------------------------------------------------------------


class Availability:
    """Safe for threads.  `now` is the time that is shown."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._heard: dict[str, str | None] = {}
        self.state = LaunchpadStatus(ok=False, since=now(), why="it was not asked yet")
        """As it is now."""

    def heard(self, owner: str, why: str | None, owners: Collection[str]) -> None:
        """A look at the PPAs of this owner was answered, or (`why`) was not; `owners` are all that are looked at."""
        with self._lock:
            known = {**self._heard, owner: why}
            self._heard = {one: known[one] for one in sorted(owners) if one in known}
            trouble = self._trouble()
            before, ok = self.state, trouble is None
            self.state = LaunchpadStatus(ok, before.since if before.ok is ok else self._now(), trouble)

    def _trouble(self) -> str | None:
        failed = {owner: why for owner, why in self._heard.items() if why is not None}
        for owner, why in failed.items():
            return why if len(failed) == len(self._heard) else f"~{owner}: {why}"
        return None
