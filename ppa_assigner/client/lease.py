"""A lease that is held: how long it runs for certain by this host's own clock, and the touches that keep it alive.

Rule: the daemon hears of a touch no earlier than it was sent, so all that an answer promises counts from there.  Times
of documents are Launchpad's, and only differences between them count: no clock of another host is believed, this host's
may be wrong, and it may have slept (boot-time clock).  A holding touches until it is stopped or the daemon says that
the lease is over; it is lost when the daemon says so, or by that clock before the daemon may have ended it, whatever
became of the touches, and that is told once.  Nothing here releases a lease.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..backoff import TOUCH_AGAIN_S, TOUCH_LEAST_S
from ..times import boottime
from .errors import AssignerError, Bug, Document, LeaseOver, Unavailable, UnknownLease

if TYPE_CHECKING:
    from ..documents import Lease

MARGIN_S = 5.0
"""How long before its possible end a lease counts as lost, so that its user has stopped by then."""
LONGEST_INTERVAL_S = 60.0
_ROUNDED_S = 1.0  # by which the times of documents are rounded down at the most
_PART = 4  # of a short time: so often it is touched, so early it is given up
_LONGEST_TRY_S = 75.0  # the daemon's own deadline for a call is a minute unless configured otherwise
_TRIES = 3  # the part of the time left that one try may take, so that others fit in
_LEAST_TRY_S = 0.1
_LOOK_S = 1.0  # how often the boot-time clock is looked at: waits do not count the time that the host sleeps
_END_OF_THREAD_S = 1.0


class LeaseTerm(NamedTuple):
    """What an answer that was asked for at `sent` (boot time) told of a lease.

    From `ends` on the daemon may have ended it.  `ahead`: the boot-time clock and so much is not behind the clock by
    which leases end.
    """

    lease: Lease
    sent: float
    ends: float
    ahead: float
    certain: bool
    others: tuple[Lease, ...] = ()
    """The other leases of its group, which all end with this one."""
    token: str | None = None
    """What the daemon gave to touch and release it by; None where it gives none."""

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


def term_of_assign(lease: Lease, sent: float, received: float, *, written: bool) -> LeaseTerm:
    """The term of a lease that an assign told of.  It is not `certain` where much of its time may be over: the answer
    was long in coming, or its record was not `written` for this very call and may be old.
    """
    ahead = _ahead(lease, sent) + (0.0 if written else LONGEST_INTERVAL_S)
    ends = _ends(lease, sent, ahead)
    return LeaseTerm(lease, sent, ends, ahead, certain=written and received - sent <= (ends - sent) / _PART)


def term_after_touch(before: LeaseTerm, lease: Lease, sent: float) -> LeaseTerm:
    """The term after a touch.  Not each one is written: a `touched` that is not new says nothing about the time."""
    ahead = before.ahead if lease["touched"] == before.lease["touched"] else _ahead(lease, sent)
    return LeaseTerm(
        lease, sent, _ends(lease, sent, ahead), ahead, certain=True, others=before.others, token=before.token
    )


def term_after_unwritten_touch(before: LeaseTerm, sent: float) -> LeaseTerm:
    """The term after a touch that the daemon heard but could not write: silence counts from then."""
    return before._replace(sent=sent, ends=_ends(before.lease, sent, before.ahead))


def _ahead(lease: Lease, sent: float) -> float:
    """The record was written after the request left."""
    return _time(lease["touched"]) + _ROUNDED_S - sent


def _ends(lease: Lease, sent: float, ahead: float) -> float:
    """Whatever ends it: its fixed end, or silence since the request left."""
    idle = lease.get("idle")
    return min(_time(lease["until"]) - ahead, sent + idle if idle is not None else float("inf"))


def _time(text: str | None) -> float:
    try:
        return datetime.fromisoformat(text or "").timestamp()
    except ValueError as error:
        raise Bug(f"the daemon's lease has a time that is not one: {error}") from error


class Toucher(Protocol):
    """What a holding needs of the client."""

    def touch(self, lease_id: str, ttl: float | None = None, *, within: float | None = None) -> Lease:
        """Prove that the owner is still there; give up after `within` seconds."""


class Holding:
    """A lease in use.  A context manager: touched from entering to leaving.

    `lost` is None, or why the lease is, or may be, over although nobody here ended it.  `over`: the daemon said so.
    """

    def __init__(self, client: Toucher, term: LeaseTerm, on_lost: Callable[[str], None] | None = None) -> None:
        self._client = client
        self._on_lost = on_lost
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        name = f"touch {term.lease['id']}"
        self._threads = [
            threading.Thread(target=act, name=name, daemon=True) for act in (self._keep_touching, self._keep_time)
        ]
        self._term = term
        self.lost: str | None = None
        self.over = False

    @property
    def lease(self) -> Lease:
        """The lease as it was told last."""
        return self._term.lease

    @property
    def leases(self) -> list[Lease]:
        """All leases of the group, this one first: of several PPAs that were asked for by `want`."""
        return [self.lease, *self._term.others]

    @property
    def token(self) -> str | None:
        """What the daemon gave to touch and release it by; a secret."""
        return self._term.token

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
        """Raises Unavailable where this host has no thread for it; nothing touches then."""
        try:
            for thread in self._threads:
                thread.start()
        except (RuntimeError, MemoryError) as error:
            self.stop()
            what = f"no thread can be started here to keep the lease of {self.ppa}: {error}"
            raise Unavailable(what, maybe_done=False) from error
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Touch no more; what a touch on its way brings is no longer told."""
        self._stopped.set()
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(_END_OF_THREAD_S)

    def make_sure(self) -> None:
        """Before anything is done with the PPA: where much of the lease's time may be over already, touch it first.
        Raises AssignerError where that tells, or leaves it possible, that it is over.
        """
        if self._term.certain:
            return
        sent = boottime()
        try:
            self._take(sent, self._client.touch(self.id, within=min(_LONGEST_TRY_S, self._term.interval)))
        except (LeaseOver, UnknownLease):
            self.over = True
            raise
        except Unavailable:
            if boottime() >= self._term.gives_up:
                raise

    # -- touching -----------------------------------------------------------------------------------------------------

    def _keep_touching(self) -> None:
        pause = self._pause()
        while not self._stopped.wait(pause) and not self.over:
            pause = self._touch()

    def _touch(self) -> float:
        """Touch, and tell in how many seconds to do so again."""
        sent = boottime()
        try:
            self._take(sent, self._client.touch(self.id, within=self._try_for()))
        except (LeaseOver, UnknownLease) as error:
            self.over = True
            self._lose(str(error))
        except AssignerError as error:
            if error.problem.get("heard") is True:
                self._term = term_after_unwritten_touch(self._term, sent)
            return max(TOUCH_LEAST_S / 2, min(TOUCH_AGAIN_S, self._left() / _TRIES**2))
        return self._pause()

    def _take(self, sent: float, lease: Lease) -> None:
        self._term = term_after_touch(self._term, lease, sent)

    def _pause(self) -> float:
        """Near the end it is touched more often: the end may have been put off."""
        return min(self._term.interval, max(TOUCH_LEAST_S, self._left() / _TRIES))

    def _try_for(self) -> float:
        """How long one try may take; once the lease counts as lost, nothing hurries any more."""
        left = self._left()
        return max(_LEAST_TRY_S, min(_LONGEST_TRY_S, left / _TRIES if left > 0 else self._term.interval))

    def _left(self) -> float:
        return self._term.gives_up - boottime()

    # -- losing -------------------------------------------------------------------------------------------------------

    def _keep_time(self) -> None:
        """No touch that hangs, whatever it hangs in, keeps this from coming in time."""
        while not self._stopped.wait(max(0.0, min(_LOOK_S, self._left()))) and self.lost is None:
            term = self._term
            if boottime() >= term.gives_up:
                self._lose(_why(term))

    def _lose(self, reason: str) -> None:
        with self._lock:
            if self._stopped.is_set() or self.lost is not None:
                return
            self.lost = reason
        if self._on_lost is not None:
            self._on_lost(reason)


def _why(term: LeaseTerm) -> str:
    if term.silence_ends_it:
        return f"no touch was answered for {boottime() - term.sent:.0f} s, and the daemon may have ended it by now"
    return f"it ends at {term.lease['until']}"


def looks_like_lease(document: Document) -> bool:
    """Whether a 200 or 201 can be believed: what a caller passes on to a shell or to dput is there, and printable."""
    return isinstance(document, dict) and all(
        isinstance(text := document.get(member), str) and text and text.isprintable()
        for member in ("id", "request_id", "ppa", "dput", "web", "until")
    )


def token_in(document: Document) -> str | None:
    """The token of a lease, if the daemon gives one, and one that can be sent and printed."""
    token = document.get("token")
    return token if isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token else None
