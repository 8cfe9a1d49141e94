"""A lease that is kept alive in the background.

Rule: touches until it is stopped or the lease is lost, and says once that it is lost; never releases by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from .errors import AssignerError, Bug, LeaseOver, Unavailable, UnknownLease
from .shapes import Lease

LONGEST_INTERVAL_S = 60.0
_AGAIN_S = 5.0  # after a touch that failed
_LEAST_PAUSE_S = 1.0  # near the lease's end, of which this host's clock knows less than the daemon
_END_OF_THREAD_S = 1.0


class Toucher(Protocol):
    """What a holding needs of the client."""

    def touch(self, lease_id: str, ttl: float | None = None) -> Lease:
        """Prove that the owner is still there."""


class Holding:
    """A lease in use.  A context manager: touched from entering to leaving.

    `lost` is None, or why the lease is over although nobody here ended it.
    """

    def __init__(self, client: Toucher, lease: Lease, on_lost: Callable[[str], None] | None = None) -> None:
        self._client = client
        self._on_lost = on_lost
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"touch {lease['id']}", daemon=True)
        self._ends = float("inf")
        self.lease = lease
        self.lost: str | None = None
        self._take(lease)

    @property
    def id(self) -> str:
        """The lease's id."""
        return self.lease["id"]

    @property
    def ppa(self) -> str:
        """The PPA as `~owner/ubuntu/name`."""
        return self.lease["ppa"]

    @property
    def dput(self) -> str:
        """The PPA as `ppa:owner/ubuntu/name`."""
        return self.lease["dput"]

    @property
    def web(self) -> str:
        """The PPA's page for people."""
        return self.lease["web"]

    def __enter__(self) -> Holding:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Touch no more; what a touch on its way brings is no longer told."""
        self._stopped.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_END_OF_THREAD_S)

    def _take(self, lease: Lease) -> None:
        """`until` is Launchpad's time and this host's clock may be wrong: how long the lease still runs is told by
        `touched`, which is not later than now.
        """
        ends = time.monotonic() + _seconds_between(lease["touched"], lease["until"])
        self._ends = min(ends, self._ends) if lease["until"] == self.lease["until"] else ends
        self.lease = lease
        self._interval = min(LONGEST_INTERVAL_S, (lease.get("idle") or 4 * LONGEST_INTERVAL_S) / 4)

    def _keep(self) -> None:
        pause = self._interval
        while not self._stopped.wait(min(pause, max(_LEAST_PAUSE_S, self._ends - time.monotonic()))):
            pause = self._touch()
            if self.lost is not None:
                return

    def _touch(self) -> float:
        """Touch, and tell in how many seconds to do so again."""
        try:
            self._take(self._client.touch(self.id))
        except Unavailable:
            if time.monotonic() >= self._ends:
                self._lose("its time is over, and the daemon does not answer")
            return min(self._interval, _AGAIN_S)
        except (LeaseOver, UnknownLease) as error:
            self._lose(str(error))
        except AssignerError:
            return min(self._interval, _AGAIN_S)
        return self._interval

    def _lose(self, reason: str) -> None:
        if self._stopped.is_set():
            return
        self.lost = reason
        if self._on_lost is not None:
            self._on_lost(reason)


def _seconds_between(first: str, last: str) -> float:
    try:
        return (_time(last) - _time(first)).total_seconds()
    except ValueError as error:
        raise Bug(f"the daemon's lease has a time that is none: {error}") from error


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 reads no Z
