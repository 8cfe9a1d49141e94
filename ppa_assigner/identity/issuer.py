"""The keys of one issuer as they were read last, and when they are to be read again.

Rule: good keys are never replaced by nothing.  A key that is not known may mean that the issuer has new ones: they are
read again for it, but no more often than once a minute, whatever tokens come.  Times are of the boot-time clock.
"""

from __future__ import annotations

from ..backoff import ISSUER, ISSUER_KEYS_AGAIN_S, ISSUER_KEYS_FRESH_S, ISSUER_KEYS_LAST_S
from .keys import IssuerKey, IssuerKeys


class KeyCache:
    """Not for several threads at once."""

    def __init__(self) -> None:
        self._keys: IssuerKeys = {}
        self._read = float("-inf")
        self._next = float("-inf")
        self._failures = 0
        self.trouble: str | None = None
        """Why they could not be read when that was tried last."""

    def key(self, kid: str, now: float) -> IssuerKey | None:
        """The key of this id; None where it is not known, or all were read too long ago to be believed."""
        return self._keys.get(kid) if self.has_keys(now) else None

    def has_keys(self, now: float) -> bool:
        """Whether there are keys that are believed."""
        return bool(self._keys) and now - self._read < ISSUER_KEYS_LAST_S

    def is_old(self, now: float) -> bool:
        """Whether the keys should be read again, although those that are known are still used."""
        return now - self._read >= ISSUER_KEYS_FRESH_S

    def again_in(self, now: float) -> float:
        """In how many seconds the issuer may be asked for its keys again; 0: now."""
        return max(0.0, self._next - now)

    def told(self, keys: IssuerKeys, now: float) -> None:
        """The issuer was asked, and has these keys, which are some."""
        self._keys, self._read, self._failures, self.trouble = keys, now, 0, None
        self._next = now + ISSUER_KEYS_AGAIN_S

    def failed(self, why: str, now: float) -> None:
        """The issuer was asked, and its keys could not be read."""
        self._next = now + (ISSUER_KEYS_AGAIN_S if self.has_keys(now) else ISSUER.pause(self._failures))
        self._failures, self.trouble = self._failures + 1, why
