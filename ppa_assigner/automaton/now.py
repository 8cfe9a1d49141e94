"""The time at which something is decided, by all clocks there are, and how far it may be believed.

Rule: plain values and what follows from them; which clock is believed, `clock` decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..port import Moment
from ..record import whole_seconds

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
