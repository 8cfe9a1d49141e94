"""Two sources of the time: Launchpad's clock, by the Date headers of its answers, and this host's UTC clock.

Rule: time is Launchpad's, so that all daemons agree about an end, and it is believed only while both clocks agree
within five minutes, or (a host whose own clock is wrong) when Launchpad's alone has gone on steadily for long enough
and never jumped (docs/explanation/protocol.md#clocks).  Both are compared with the boot-time clock, by which
all waits go.  This module decides nothing: `Now` says what may be believed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from .automaton import Now
from .automaton.now import AGREE_S
from .port import Moment
from .times import MINUTE, boottime

log = logging.getLogger(__name__)

ALONE_AFTER_S = 15 * MINUTE
ANSWERS, ANSWERS_OVER_S = 3, 10.0  # how many answers must agree, over how long, after a start
SPREAD = 3.0  # "spread over all of it": no pause between two answers is longer than this part of the time
WATCH_GAP_S = 300.0  # two answers further apart do not show that the clocks agreed meanwhile
REMEMBERED = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Evidence(NamedTuple):
    """On what it rests whether time is believed (boot times): whether there was an answer; how many in a row the clocks
    agreed in, and the first of them; since when they have agreed without a break, and the last answer.
    """

    answered: bool
    answers: int
    first: float
    since: float | None
    last: float


class LaunchpadClock:
    """Shared by all workers; safe for threads.  `host` is this host's clock, UTC, in seconds since 1970; `alone_after`
    is how long Launchpad's must have gone on steadily to be believed alone (seconds).
    """

    def __init__(
        self,
        boot: Callable[[], float] = boottime,
        alarm: Callable[[str], object] = log.warning,
        *,
        host: Callable[[], float] = time.time,
        alone_after: float = ALONE_AFTER_S,
    ) -> None:
        self.boot = boot
        self._host, self._alarm, self._lock = host, alarm, threading.Lock()
        self._offset = _Offset()
        self._start = _Start()
        self._steady = _Steady(alone_after)
        self._agreement = _Agreement()
        self._believed: float | None = None  # Launchpad's clock less boot time, when it was believed last
        self._alarmed = False

    def observe(self, moment: Moment) -> None:
        """Take the Date of an answer into account."""
        with self._lock:
            jumped = self._offset.take(moment)
            agree = self._agree(self.boot(), self._host())
            self._start.take(moment, agree)
            self._steady.take(moment, jumped)
            self._agreement.take(moment, agree)
            trusted = self._is_believed(agree)
            said = self._alarm_due(agree, trusted)
        if said is not None:
            self._alarm(said)

    @property
    def alarm(self) -> bool:
        """Whether the two clocks disagree and time is not believed.  The first seconds after a start are no alarm."""
        with self._lock:
            agree = self._agree(self.boot(), self._host())
            return self._doubtful(agree, self._is_believed(agree))

    @property
    def starting(self) -> bool:
        """Whether both agree, and only more answers are missing for time to be believed."""
        with self._lock:
            agree = self._agree(self.boot(), self._host())
            return agree and not self._is_believed(agree)

    def evidence(self) -> Evidence:
        """What the answers have shown so far."""
        with self._lock:
            start, agreement = self._start, self._agreement
            return Evidence(self._offset.offset is not None, start.count, start.first, agreement.since, agreement.last)

    def now(self) -> Now:
        """The time by Launchpad's clock; before its first answer that of this host, and not trusted."""
        return self.read()[0]

    def epoch(self) -> float:
        """Seconds since 1970, for an order finer than a second.  It does not follow a clock that is wrong: while time
        is not believed, the time that was believed last is carried on by the boot-time clock.
        """
        return self.read()[1]

    def read(self) -> tuple[Now, float]:
        """`now` and `epoch` of one moment."""
        with self._lock:
            boot, host, offset = self.boot(), self._host(), self._offset.offset
            trusted = self._is_believed(self._agree(boot, host))
            carried = None if trusted else self._believed
            date, since = _date(int(host if offset is None else boot + offset)), self._agreement.since
            believed = None if carried is None else _date(int(boot + carried))
            now = Now(date, boot, trusted, _date(int(host)), believed, since)
            ahead = offset if carried is None else carried
            return now, host if ahead is None else boot + ahead

    # -- under the lock ------------------------------------------------------------------------------------------------

    def _agree(self, boot: float, host: float) -> bool:
        """Whether both clocks agree now.  If not, the period of agreement ends."""
        offset = self._offset.offset
        agree = offset is not None and abs(host - boot - offset) <= AGREE_S
        if not agree:
            self._agreement.end()
        return agree

    def _is_believed(self, agree: bool) -> bool:
        believed = (agree and self._start.over) or self._steady.alone
        if believed:
            self._believed = self._offset.offset
        return believed

    def _doubtful(self, agree: bool, trusted: bool) -> bool:
        first = self._offset.first
        return not (agree or trusted) and first is not None and self.boot() - first >= ANSWERS_OVER_S

    def _alarm_due(self, agree: bool, trusted: bool) -> str | None:
        """The alarm that is due, if any: each is given once."""
        if trusted and self._alarmed:
            self._alarmed = False
            log.info("time is believed again")
        if self._alarmed or not self._doubtful(agree, trusted):
            return None
        self._alarmed = True
        return (
            f"Launchpad's clock and this host's differ by {abs(self._apart()):.0f} s: no lease ends by time until they "
            f"agree{self._steady.hope()}; set this host's clock by NTP"
        )

    def _apart(self) -> float:
        return self._host() - self.boot() - (self._offset.offset or 0.0)


@lru_cache(maxsize=8)
def _date(second: int) -> datetime:
    return _EPOCH + timedelta(seconds=second)


class _Offset:
    """The offset of Launchpad's clock from boot time, by the answers.

    A Date is rounded down and has travelled: the offset lies between that of the answer's end and that of its start.
    So the largest of several lower bounds is the best estimate, and an answer that took long (the host slept meanwhile)
    is not a jump.
    """

    def __init__(self) -> None:
        self.offset: float | None = None
        self.first: float | None = None  # boot time of the first answer
        self._bounds: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)

    def take(self, moment: Moment) -> bool:
        """Use this answer at once; return whether it is more than five minutes off the last ones."""
        low, high = bounds(moment)
        jumped = bool(self._bounds) and _jumped_from(low, high, self._bounds)
        if jumped:
            self._bounds.clear()
        self._bounds.append((low, high))
        self.offset = max(low for low, _ in self._bounds)
        self.first = moment.ended if self.first is None else self.first
        return jumped


def bounds(moment: Moment) -> tuple[float, float]:
    """Lower and upper bound of how far the clock that wrote this Date is ahead of boot time, in seconds."""
    told = moment.date.timestamp()
    return told - moment.ended, told + 1.0 - moment.started


def _jumped_from(low: float, high: float, known: deque[tuple[float, float]]) -> bool:
    lowest = max(each for each, _ in known)
    highest = max(lowest, min(each for _, each in known))
    return low - highest > AGREE_S or lowest - high > AGREE_S


class _Start:
    """Whether both clocks have agreed in several answers over some seconds since the start: a first answer may be
    wrong.
    """

    def __init__(self) -> None:
        self.over = False
        self.first, self.count = 0.0, 0

    def take(self, moment: Moment, agree: bool) -> None:
        if not agree:
            self.count = 0
            return
        self.first = moment.ended if not self.count else self.first
        self.count += 1
        self.over = self.over or (self.count >= ANSWERS and moment.ended - self.first >= ANSWERS_OVER_S)


class _Steady:
    """Whether Launchpad's clock may be believed alone: once it has gone on steadily for long enough, in answers spread
    over all of that time, until it jumps; never after a jump.
    """

    def __init__(self, after: float) -> None:
        self.alone, self._jumped = False, False
        self._after = after
        self._from, self._last = float("inf"), float("-inf")
        self._low, self._high = float("-inf"), float("inf")

    def take(self, moment: Moment, jumped: bool) -> None:
        low, high = bounds(moment)
        self._jumped = self._jumped or jumped
        self._low, self._high = max(self._low, low), min(self._high, high)
        if moment.started - self._last > self._after / SPREAD or self._low - self._high > AGREE_S:
            self._from, self._low, self._high = moment.ended, low, high
        self._last = max(self._last, moment.ended)
        long_enough = moment.ended - self._from >= self._after
        self.alone = not self._jumped and (self.alone or long_enough)

    def hope(self) -> str:
        """What could end the doubt other than agreement, for people."""
        return "" if self._jumped else f", or Launchpad's has gone on steadily for {self._after:g} s"


class _Agreement:
    """Since when (boot time) both clocks have been seen to agree without a break."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.last = float("-inf")

    def take(self, moment: Moment, agree: bool) -> None:
        if agree and (self.since is None or moment.started - self.last > WATCH_GAP_S):
            self.since = moment.ended
        self.last = max(self.last, moment.ended)

    def end(self) -> None:
        self.since = None
