"""When something is tried again, and how long anything is waited for, between clients, the daemon and Launchpad.

Rule: all of these are here, each with its reason, in seconds of the clock that goes on while the host sleeps.
Nothing here waits or draws a random number: the caller brings the jitter.  What a person may choose is an option of the
configuration; what one module alone needs, like the deadlines of a connection, stands in that module.
"""

from __future__ import annotations

from typing import NamedTuple, Self

_DOUBLINGS = 64
"""More than lead from any first pause to any cap: the power stays a number that a float can hold."""


class _Bounds(NamedTuple):
    first: float
    cap: float


class Backoff(_Bounds):
    """Pauses that double from `first` to `cap`.  Raises ValueError unless 0 < first <= cap."""

    __slots__ = ()

    def __new__(cls, first: float, cap: float) -> Self:
        if not 0 < first <= cap:
            raise ValueError(f"a back-off from {first} s to {cap} s")
        return super().__new__(cls, first, cap)

    def pause(self, failures: int, jitter: float | None = None) -> float:
        """The pause before the next try when so many have failed in a row before this one: `first` for 0.

        With `jitter`, a number in [0, 1), it is between half and one and a half of that, so that those who failed
        together do not come back together; it is never shorter than `first` and never longer than `cap`.
        """
        pause = min(self.cap, self.first * 2.0 ** min(max(failures, 0), _DOUBLINGS))
        if jitter is None:
            return pause
        shortest, longest = max(self.first, pause * 0.5), min(self.cap, pause * 1.5)
        return min(longest, shortest + (longest - shortest) * jitter)

    def within(self, cap: float) -> Backoff:
        """The same, but never longer than this cap (above 0)."""
        return Backoff(min(self.first, cap), min(self.cap, cap))


def jitter_of(name: str) -> float:
    """A number in [0, 1) that looks random and is always the same for this name: a jitter that can be replayed."""
    from hashlib import sha256  # slow to load, and the command line needs none of it

    return int.from_bytes(sha256(name.encode()).digest()[:4]) / 2**32


# -- pauses that grow --------------------------------------------------------------------------------------------------

SETTLING = Backoff(0.5, 30.0)
"""Between reads that settle a write whose answer was lost: a caller may wait for it, and nothing else is decided."""
OWN_WORK = Backoff(1.0, 60.0)
"""Before a PPA's own work (a clean, a taking-in) goes on after a request that failed: an outage passes by itself, and a
minute after its end all is back at work.
"""
FORBIDDEN = Backoff(5.0, 600.0)
"""Before a PPA is written again that Launchpad refused to let us write: it may have been a moment's trouble with the
account; where it was not, a person has to act.
"""
PUT_OFF_RELEASE = Backoff(2.0, 30.0)
"""Between tries of a release that Launchpad's absence put off: the PPA is wanted by others."""
WORKER_START = Backoff(1.0, 60.0)
"""Before a worker that died or could not be started has a successor, which the first time it has at once.  Only
this host is asked, one by one, so without jitter.
"""
LOGIN = Backoff(1.0, 30.0)
"""Between tries of the daemon to log in to Launchpad after its start: nothing can be lent before."""
ISSUER = Backoff(1.0, 30.0)
"""Before an issuer of tokens is asked for its keys again while there are none: its callers are told to come back."""
CALL = Backoff(0.1, 2.0)
"""Between tries of a client's call that the daemon did not answer: a restart of the daemon takes about a second."""
IN_LINE = CALL.within(1.0)
"""The same while a PPA is waited for: so soon after a restart of the daemon all who wait are there again, in their
order.
"""

# -- how soon it is looked again ---------------------------------------------------------------------------------------

LOOK_FIRST_S = 2.0
"""Before the next look while there was none yet that showed anything: nothing can be lent before."""
LOOK_SOON_S = 5.0
"""Between two looks while a caller waits for something that a look may show."""
LOOK_SPACING_S = 1.0
"""Between two looks, however often one is asked for: each is a request for each owner."""
LOOK_FRESH_S = 5.0
"""Between two looks that are made only because somebody would otherwise be told that all is taken."""
SEARCH_AGAIN_S = 2.0
"""Before a lease is searched for again while not every PPA could be looked at."""
SEARCH_TURN_S = 5.0
"""How long those behind it in the line wait for an earlier attempt's search to end."""
ABSENCE_FIRST_S = 2.0
"""Before a PPA is read again that was said for the first time to be gone, or not for us: most such answers pass."""
ABSENCE_AGAIN_S = 12.0
"""Before each further read while that goes on being said: `ABSENCE_READS` of them take about `ABSENCE_LASTS_S`."""
ABSENCE_LASTS_S = 60.0
"""For how long that must be said before it is believed."""
ABSENCE_READS = 5
"""How many reads in a row must say it in that time: a few answers that are wrong prove nothing."""
UNMANAGED_S = 600.0
"""Before a PPA that holds somebody's packages is looked into again: only a person empties or adopts it."""
TIME_AGAIN_S = 5.0
"""How often it is asked whether time is believed now, by what waits for that."""
LOGGED_IN_POLL_S = 2.0
"""How often `login` asks Launchpad whether the person has decided in the browser."""
WORKER_IDLE_S = 3600.0
"""After which a worker with nothing to wait for turns all the same, to be seen alive."""
ACCEPT_AGAIN_S = 0.5
"""For how long no connection is accepted where this host has no descriptor left for one."""
STREAM_AGAIN_S = 0.5
"""Before a client follows the events again after the connection ended."""
TOUCH_LEAST_S = 0.2
"""The shortest pause between touches in the background, which come closer together as the end of a lease comes near;
after one that failed, half of it.
"""
TOUCH_AGAIN_S = 5.0
"""The longest pause before a touch in the background that failed is tried again."""
CONTENT_POLL_S = 30.0
"""Before a clean that found something in the PPA lists it again: what was deleted has to go, builds and uploads have to
end, within minutes.
"""
INDEX_POLL_S = 30.0
"""Before a clean looks again into indexes that still name something: Launchpad publishes new ones within minutes."""
DISK_POLL_S = 300.0
"""Before a clean asks again for files that are still on Launchpad's disk: they are removed within hours."""
POLL_LEAST_S = 1.0
"""The least of the three pauses before this one, which are no longer than the quiet window of the pool."""

# -- how long something holds ------------------------------------------------------------------------------------------

ISSUER_KEYS_AGAIN_S = 60.0
"""Between two readings of an issuer's keys while there are some, whatever keys tokens name."""
ISSUER_KEYS_FRESH_S = 3600.0
"""After which an issuer's keys are read again, while those that are known are used on: it may have withdrawn one."""
ISSUER_KEYS_LAST_S = 86400.0
"""After which keys that could not be read again are believed no longer."""
ISSUER_ANSWER_S = 10.0
"""How long an issuer may take for its discovery document and its keys together: callers wait for it."""
DELETE_SPREAD_S = 3600.0
"""Over how long the deletions of PPAs are spread that are due at one moment."""
FENCE_S = 10.0
"""How soon after a read that showed our record a request must leave that cannot be made conditional."""
REQUEST_ENDS_S = 90.0
"""After which a request can have no effect any more, and the least `settle`: Launchpad ends its own at 65 s."""
CLEANER_TOUCH_S = 60.0
"""How often a cleaner writes that it is at work."""
CLEANER_SILENCE_S = 300.0
"""After how much silence of a cleaner another daemon takes its clean over: four such writes may fail."""
GROUP_AGAIN = Backoff(first=0.25, cap=8.0)
"""Before a request tries again to take several PPAs, of which another request claimed one first."""
TOLD_AFTER_COMMIT_S = 10.0
"""How long after its commit was sent a group may be told without another read of its lead."""
CLAIM_RENEWED_S = 60.0
"""How often a claim is written anew that is still wanted."""
CLAIM_SILENCE_S = 120.0
"""After which a lead's claim that stands unchanged is taken off: nobody wants it any more."""
LEAD_FIRST_S = 20.0
"""Before the lead of a member's claim is read that nobody asked for: most claims become leases within seconds."""
LEAD_AGAIN_S = 60.0
"""Before it is read again, and how long such a read is waited for."""
SILENCE_GAP_S = 60.0
"""The longest margin of `idle`, which is a quarter of it where that is less: so old may `touched` get before it is
written, so that a daemon which only reads it ends a lease so much later than after `idle`.
"""
AVOID_S = 10.0
"""For how long a PPA that could not be lent is passed by, unless it changes."""
PLACE_KEPT_S = 2.0
"""For how long a place in the line is kept for a client that comes back at once."""
TICKET_S = 600.0
"""For how long a ticket holds after it was last used, and it is remembered which ones were served."""
UNCLAIMED_S = 300.0
"""After which a lease that nobody was told of is given up: until then its client may ask again, and get it."""
UNCLAIMED_AGAIN_S = 30.0
"""Before that is tried again, while somebody waits under its request id or Launchpad does not answer."""
IN_DOUBT_S = 5.0
"""How long a caller of a release waits for a write in doubt: it is carried out whether or not it waits."""
ORIGS_S = 5.0
"""How long an assign waits to learn of the distribution's upstream tarballs, before it goes on without."""
FAILING_S = 60.0
"""After which one PPA that cannot be read for its own reasons holds up nobody's search any longer."""
LONG_ALIVE_S = 600.0
"""After which a worker that dies did not die of its start: its successor comes at once again."""

DOWN_S = 120.0
"""After which a PPA without a worker counts as stuck: one whose worker dies again and again has the next one sooner."""
STUCK_S = 10.0
"""How much longer than the deadline of a request a worker may take to turn before it counts as stuck."""
CALL_PATIENCE_S = 5.0
"""How long a client tries to reach a daemon that does not answer, for a call."""
RELEASE_PATIENCE_S = 30.0
"""The same for a release at the end of a program's lease: the PPA is wanted by others."""
FOLLOW_PATIENCE_S = 60.0
"""The same while it follows the events."""

# -- what callers are told ---------------------------------------------------------------------------------------------

RETRY_AFTER_S = 5.0
"""The Retry-After of answers where nothing tells a better time: Launchpad's short outages last some seconds."""
RETRY_SOON_S = 1.0
"""The same where only this daemon was not ready for it."""
