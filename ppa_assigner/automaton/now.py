"""The time at which something is decided, by all clocks there are, and what it makes of the times in a record: when a
lease ends by itself, and by which clock its times are written.

Rule: plain values and what follows from them; which clock is believed, `clock` decides.  Only while time is believed
are the times that a lying clock wrote corrected, and only what lies more than five minutes ahead; a record that is
written meanwhile by a clock that is not Launchpad's says so (`clock`).  Silence also counts for who holds a lease, by
its own clock (`client.lease`), and for how long a touch may wait for its answer (`supervisor.lease_calls`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ..backoff import SILENCE_GAP_S
from ..port import Moment
from ..record import HOST, Record, State, whole_seconds
from ..views import End, EndsBy

AGREE_S = 300.0  # clocks that differ by more do not agree
AGREE = timedelta(seconds=AGREE_S)


@dataclass(frozen=True, slots=True)
class Now:
    """The time at which an event is handled: `date` by Launchpad's clock (UTC), `boot` in seconds of the boot-time
    clock.

    `trusted` is false while time is not believed: then nothing happens by time.  `host` is this host's UTC clock (None:
    the same as Launchpad's), `carried` the time that was believed last, carried on by the boot-time clock while time is
    not believed.  `agreeing_since` is the boot time since which this daemon has seen both clocks agree without a break;
    None: they do not agree.
    """

    date: datetime
    boot: float
    trusted: bool = True
    host: datetime | None = None
    carried: datetime | None = None
    agreeing_since: float | None = 0.0

    @property
    def agreed(self) -> bool:
        """Whether Launchpad's clock and the host's agree within five minutes."""
        return self.agreeing_since is not None

    @property
    def dated(self) -> bool:
        """Whether the time can number a record that starts from nothing."""
        return self.trusted or self.agreed

    @property
    def latest(self) -> datetime:
        """The later of both clocks: a time ahead of it was written by a wrong clock."""
        return max(self.date, self.host or self.date)

    @property
    def stamp(self) -> datetime:
        """The time to write in a used record: Launchpad's clock or, while that is not believed, the latest time there
        is, so that nothing ends at once when the clock is right again.
        """
        latest = max(self.latest, self.carried or self.date)
        return latest if not self.trusted and latest - self.date > AGREE else self.date

    @property
    def by_host(self) -> bool:
        """Whether `stamp` is not the time of Launchpad's clock."""
        return self.stamp != self.date

    def earlier_at(self, moment: Moment) -> datetime:
        """The earlier of both clocks when the request left (this host's) and was answered (Launchpad's)."""
        ago = timedelta(seconds=max(0.0, self.boot - moment.started))
        return min(moment.date, whole_seconds((self.host or self.date) - ago))

    def date_of(self, boot: float) -> datetime:
        """What Launchpad's clock, as it is now, showed at this boot time."""
        return self.date - timedelta(seconds=self.boot - boot)


# -- the times of a record --------------------------------------------------------------------------------------------


def silence_allowed(idle: float) -> float:
    """How long after the last touch a lease with this `idle` ends, in seconds."""
    return idle + touch_due_after(idle)


def touch_due_after(idle: float | None) -> float:
    """How old `touched` may get before a touch is written, in seconds: the margin of `idle`."""
    return min(SILENCE_GAP_S, idle / 4) if idle is not None else SILENCE_GAP_S


def end_of(record: Record | None, heard: datetime | None, *, silence_counts: bool = True) -> End | None:
    """When and by what the lease of this record ends if nobody touches it; None where the PPA is not used.

    Silence counts from the later of the last touch written and `heard`, which only this daemon knows; it does not count
    while an operator holds the PPA, nor (`silence_counts`) while no touch could be written.
    """
    if record is None or record.state is not State.USED:
        return None
    ends = [End(record.until, EndsBy.UNTIL)] if record.until is not None else []
    if record.idle is not None and not record.held and silence_counts:
        last = max(record.touched, heard or record.touched)
        ends.append(End(last + timedelta(seconds=silence_allowed(record.idle)), EndsBy.IDLE))
    return min(ends, key=lambda end: end.at, default=None)


def touch_fields(record: Record, now: Now) -> dict[str, Any]:
    """The fields that a touch, or anything else that shows the owner alive, changes in a used record."""
    return {"touched": max(now.stamp, record.touched), "clock": HOST if now.by_host else record.clock}


def ttl_begins(record: Record, now: Now) -> datetime:
    """From when on a ttl counts that is asked for now: from the lease's beginning where that lies ahead and cannot be
    corrected yet, for the end will be moved back with it.
    """
    return max(now.stamp, record.since) if record.since > now.latest + AGREE else now.stamp


def as_written(record: Record, now: Now) -> Record:
    """A used record as it is written: while time is believed, with all its times corrected."""
    return replace(corrected(record, now), clock=None) if now.trusted else record


def corrected(record: Record, now: Now) -> Record:
    """The record without times more than five minutes ahead, which a wrong clock wrote: the last touch was now at the
    latest, and so was the beginning, whose end moves with it.  An end from before the beginning is now: moved with it,
    it could lie before all years that a record may name.
    """
    limit = _limit(record, now)
    if limit is None:
        return record
    if record.since > limit:
        until = max(now.date, record.until - (record.since - now.date)) if record.until is not None else None
        record = replace(record, since=now.date, until=until)
    return replace(record, touched=now.date) if record.touched > limit else record


def needs_correction(record: Record | None, now: Now) -> bool:
    """Whether `corrected` would change this record."""
    return record is not None and record.state is State.USED and corrected(record, now) != record


def lies_ahead(record: Record | None, now: Now) -> bool:
    """Whether the times of the record lie ahead of both clocks."""
    return record is not None and max(record.since, record.touched) > now.latest + AGREE


def _limit(record: Record, now: Now) -> datetime | None:
    """The time from which on a time is wrong: by both clocks while they agree; by Launchpad's alone, once it is
    believed, for what a host's clock wrote; else None.
    """
    if now.trusted and now.agreed:
        return now.latest + AGREE
    return now.date + AGREE if now.trusted and record.clock == HOST else None
