"""Places in the line that their holders keep by tickets, so that the daemon need not; and which of these are spent.

Rule: a ticket is only ever a hint about an order; one that is forged, foreign or old counts as none
(docs/explanation/protocol.md#waiting-line).  A place serves one request, however often its ticket is brought back:
served or withdrawn here, or seen used or dirty under a key in any look, is remembered for as long as a ticket lives
after it was last seen, and a place that was first asked for before then counts no more.  What was given up before
anybody was told spent nothing.  What is remembered is bounded; without it nobody gets two PPAs, only an old place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import InitVar, asdict, dataclass, field

from ..backoff import TICKET_S
from ..record import Record, State
from .requests import Key


@dataclass(frozen=True, slots=True)
class Place:
    """Whose place it is, since when, and when it was last asked for; seconds since 1970 by Launchpad's clock.

    `key`: what the line orders it by, if that is not when it was first asked for; `want` what it asks for, if that is
    not one PPA of the pool.
    """

    pool: str
    request_id: str
    first_asked: float
    last_asked: float
    client: str | None = None
    key: float | None = None
    priority: int = 0
    want: str | None = None

    @property
    def position(self) -> float:
        """What the line orders it by."""
        return self.first_asked if self.key is None else self.key


@dataclass(frozen=True, slots=True)
class TicketOffice:
    """Signs with a key that every daemon of the pool has: it is derived from their Launchpad credentials."""

    secret: InitVar[bytes]
    _key: bytes = field(init=False, repr=False)

    def __post_init__(self, secret: bytes) -> None:
        object.__setattr__(self, "_key", hashlib.sha256(b"ppa-assigner ticket\0" + secret).digest())

    @property
    def fingerprint(self) -> str:
        """What tells this key from others, and says nothing of it."""
        return hashlib.sha256(b"fingerprint\0" + self._key).hexdigest()[:16]

    def issue(self, place: Place) -> str:
        """The text that brings this place back."""
        return self.signed(json.dumps(_said(place), sort_keys=True).encode())

    def signed(self, body: bytes, purpose: bytes = b"") -> str:
        """The text of a ticket that says this; with a `purpose`, of something else that no ticket can pass for."""
        return _text(body) + "." + _text(self._sign(purpose + body))

    def said(self, text: str, purpose: bytes = b"") -> bytes | None:
        """What a text says that was signed with this key for this purpose; None for any other."""
        try:
            body, signature = (_bytes(part) for part in text.split("."))
        except (ValueError, binascii.Error):
            return None
        return body if hmac.compare_digest(signature, self._sign(purpose + body)) else None

    def redeem(
        self, ticket: str | None, pool: str, key: Key, now: float | None, *, priority: int = 0, want: str | None = None
    ) -> Place | None:
        """The place that this ticket stands for, if it is ours, for this very wish, and not void: while the time is not
        known (None) none is.
        """
        body = self.said(ticket) if ticket is not None else None
        if body is None:
            return None
        try:
            place = Place(**json.loads(body))
        except (ValueError, TypeError):
            return None
        mine = (pool, key.client, key.request, priority, want)
        fits = (place.pool, place.client, place.request_id, place.priority, place.want) == mine
        return place if fits and (now is None or now - place.last_asked <= TICKET_S) else None

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()


_LATER: Mapping[str, object] = {"key": None, "priority": 0, "want": None}
"""What a ticket says only where it is something else: so daemons that know of none of these take the other tickets."""


def _said(place: Place) -> Mapping[str, object]:
    return {name: value for name, value in asdict(place).items() if name not in _LATER or value != _LATER[name]}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


# -- which are spent ---------------------------------------------------------------------------------------------------


KEPT_S = TICKET_S
KEYS = 50_000
LEASES = 8  # of one key that are told apart
APART_S = 2.0  # how far apart two daemons' clocks may be that both read Launchpad's, in whole seconds
_WITHDRAWN = ""


@dataclass(slots=True)
class _Mark:
    """Places first asked for up to `until` (seconds since 1970, Launchpad's clock) are spent; `seen` in boot time."""

    state: State | None
    until: float
    seen: float


@dataclass(slots=True)
class Spent:
    """`boot`: the boot time; `now`: Launchpad's clock, later with each event."""

    _marks: dict[Key, dict[str, _Mark]] = field(default_factory=dict)
    """Of each key by lease; whose was seen last is at the end."""

    def __len__(self) -> int:
        return len(self._marks)

    def told_apart(self, key: Key) -> list[str]:
        """The leases of a key that are told apart."""
        return list(self._marks.get(key, ()))

    def served(self, key: Key, record: Record, boot: float, now: float) -> None:
        """Somebody is told of this lease, which the request of this key got."""
        self._mark(key, _lease_of(record), None, now, boot, now)

    def withdrawn(self, key: Key, boot: float, now: float) -> None:
        """Its client wants no PPA for this request any more."""
        self._mark(key, _WITHDRAWN, None, now, boot, now)

    def saw(self, key: Key, record: Record, boot: float, now: float) -> bool:
        """A PPA is this, and used for the request of this key, or remembers it.  Whether a mark of the key is taken
        away, because nobody was told of the lease that it had.
        """
        if record.state is State.FREE:
            return False
        if not record.told:
            return self._marks.get(key, {}).pop(_lease_of(record), None) is not None
        self._mark(key, _lease_of(record), record.state, record.since.timestamp() + APART_S, boot, now)
        return False

    def is_spent(self, key: Key, first_asked: float, boot: float) -> bool:
        """Whether the request that asked first at that moment (seconds since 1970) had its turn."""
        marks = self._marks.get(key, {}).values()
        return any(first_asked <= mark.until and boot - mark.seen <= KEPT_S for mark in marks)

    def _mark(self, key: Key, lease: str, state: State | None, until: float, boot: float, now: float) -> None:
        """In the same state it was seen before, and its end does not move with each look."""
        marks = self._marks.pop(key, {})
        self._marks[key] = marks
        mark = marks.get(lease)
        if mark is None:
            mark = marks[lease] = _Mark(None, float("-inf"), boot)
            new = True
        else:
            new = state is None or mark.state is not state
        mark.seen = boot
        if new:
            mark.state, mark.until = state or mark.state, max(mark.until, min(until, now))
        self._forget(boot, marks)

    def _forget(self, boot: float, marks: dict[str, _Mark]) -> None:
        for lease in [lease for lease, mark in marks.items() if boot - mark.seen > KEPT_S]:
            del marks[lease]
        if len(marks) > LEASES:  # the one that was seen longest ago is not told apart any more
            oldest = marks.pop(min(marks.keys() - {_WITHDRAWN}, key=lambda lease: marks[lease].seen))
            rest = marks.setdefault(_WITHDRAWN, oldest)
            rest.until, rest.seen = max(rest.until, oldest.until), max(rest.seen, oldest.seen)
        while self._marks and (len(self._marks) > KEYS or self._is_over(next(iter(self._marks)), boot)):
            del self._marks[next(iter(self._marks))]

    def _is_over(self, key: Key, boot: float) -> bool:
        return all(boot - mark.seen > KEPT_S for mark in self._marks[key].values())


def _lease_of(record: Record) -> str:
    """The type allows a record of a lease not to name it, for a free one does not."""
    return record.lease or ""
