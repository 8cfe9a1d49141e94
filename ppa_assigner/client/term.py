"""How long a lease runs for certain, by this host's own clock.

Rule: the daemon hears of a touch no earlier than it was sent, so all that an answer promises counts from there.  Times
of documents are Launchpad's, and only differences between them count: no clock of another host is believed, this host's
may be wrong, and it may have slept (boot-time clock).  Nothing here sends or waits.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime

from .errors import Bug
from .shapes import Lease

MARGIN_S = 5.0
"""How long before its possible end a lease is given up, so that whoever uses the PPA has stopped by then."""
LONGEST_INTERVAL_S = 60.0
_ROUNDED_S = 1.0  # by which the times of documents are rounded down at the most
_PART = 4  # of a short time: so often it is touched, so early it is given up


def boottime() -> float:
    """Seconds since boot, sleep included where the system tells."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class Term:
    """What an answer that was asked for at `sent` (boot time) told of a lease.

    From `ends` on the daemon may have ended it.  `ahead`: the boot-time clock and so much is not behind the clock by
    which leases end.
    """

    lease: Lease
    sent: float
    ends: float
    ahead: float
    certain: bool

    @property
    def gives_up(self) -> float:
        """The boot time at which the lease is to be counted as lost unless another answer comes."""
        return self.ends - min(MARGIN_S, max(0.0, self.ends - self.sent) / _PART)

    @property
    def interval(self) -> float:
        """How often it is to be touched, in seconds: each touch can be tried again several times before the end."""
        idle = self.lease.get("idle")
        return LONGEST_INTERVAL_S if idle is None else min(LONGEST_INTERVAL_S, idle / _PART)

    @property
    def silence_ends_it(self) -> bool:
        """Whether it is silence that may end it first."""
        idle = self.lease.get("idle")
        return idle is not None and self.ends >= self.sent + idle


def assigned(lease: Lease, sent: float, received: float, *, written: bool) -> Term:
    """The term of a lease that an assign told of.  It is not `certain` where much of its time may be over: the answer
    was long in coming, or its record was not `written` for this very call and may be old.
    """
    ahead = _ahead(lease, sent) + (0.0 if written else LONGEST_INTERVAL_S)
    ends = _ends(lease, sent, ahead)
    return Term(lease, sent, ends, ahead, certain=written and received - sent <= (ends - sent) / _PART)


def touched(before: Term, lease: Lease, sent: float) -> Term:
    """The term after a touch.  Not each one is written: a `touched` that is not new says nothing about the time."""
    ahead = before.ahead if lease["touched"] == before.lease["touched"] else _ahead(lease, sent)
    return Term(lease, sent, _ends(lease, sent, ahead), ahead, certain=True)


def heard(before: Term, sent: float) -> Term:
    """The term after a touch that could not be written and that the daemon heard all the same: silence counts anew."""
    return replace(before, sent=sent, ends=_ends(before.lease, sent, before.ahead))


def _ahead(lease: Lease, sent: float) -> float:
    """The record was written after the request left."""
    return _time(lease["touched"]) + _ROUNDED_S - sent


def _ends(lease: Lease, sent: float, ahead: float) -> float:
    """Whatever ends it: its fixed end, or silence since the request left."""
    idle = lease.get("idle")
    return min(_time(lease["until"]) - ahead, sent + idle if idle is not None else float("inf"))


def _time(text: str) -> float:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()  # Python 3.10 reads no Z
    except ValueError as error:
        raise Bug(f"the daemon's lease has a time that is none: {error}") from error
