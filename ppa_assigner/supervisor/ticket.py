"""Tickets: a place in the line that its holder keeps, so that the daemon need not.

Rule: a ticket is only ever a hint about an order; one that is forged, foreign or old counts as none
(docs/explanation/protocol.md#waiting-line).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import InitVar, asdict, dataclass, field

from ..backoff import TICKET_S
from .keys import Key


@dataclass(frozen=True, slots=True)
class Place:
    """Whose place it is, since when, and when it was last asked for; seconds since 1970 by Launchpad's clock."""

    pool: str
    request_id: str
    first_asked: float
    last_asked: float
    client: str | None = None


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
        return self.signed(json.dumps(asdict(place), sort_keys=True).encode())

    def signed(self, body: bytes) -> str:
        """The text of a ticket that says this."""
        return _text(body) + "." + _text(self._sign(body))

    def redeem(self, ticket: str | None, pool: str, key: Key, now: float | None) -> Place | None:
        """The place that this ticket stands for, if it is ours, for this wish, and not void: while the time is not
        known (None) none is.
        """
        try:
            body, signature = (_bytes(part) for part in (ticket or "").split("."))
            if not hmac.compare_digest(signature, self._sign(body)):
                return None
            place = Place(**json.loads(body))
        except (ValueError, TypeError, binascii.Error):
            return None
        fits = (place.pool, place.client, place.request_id) == (pool, key.client, key.request)
        return place if fits and (now is None or now - place.last_asked <= TICKET_S) else None

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
