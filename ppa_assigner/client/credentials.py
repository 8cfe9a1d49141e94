"""As whom a client calls: by its own token, or by that of the lease that a call is about.

Rule: a token that was given counts for everything.  One that a CI system signs for a job ends within minutes, so a
lease that was taken with it is touched, followed and released by the lease's own.  Nothing here shows a token.
"""

from __future__ import annotations

import os
from typing import Protocol

from .errors import UsageError

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

_OF_A_LEASE = {("POST", "touch"), ("GET", "uploads"), ("DELETE", "")}


class Renewable(Protocol):
    """A token that ends, and of which there are new ones."""

    def get(self) -> str:
        """One that is good now.  Raises AssignerError."""

    def refused(self, token: str) -> bool:
        """Note that the daemon does not take this one; whether there is another."""


class Credentials:
    """The tokens of one client.  Safe for threads."""

    def __init__(self, own: str | Renewable | None) -> None:
        """Raises UsageError for a text that cannot be a token."""
        self._own = checked(own) if isinstance(own, str) else own
        self._leases: dict[str, str] = {}

    @property
    def may_say_owner(self) -> bool:
        """Whether an issuer may have signed whose the client's leases are."""
        return self._own is not None and (not isinstance(self._own, str) or self._own.count(".") == 2)

    def keep(self, lease_id: str, token: str) -> None:
        """Note the token of a lease."""
        self._leases[lease_id] = token

    def token(self, method: str, path: str) -> str | None:
        """By which token to make this call.  Raises AssignerError where one that is needed cannot be had."""
        if isinstance(self._own, str):
            return self._own
        of_lease = self._leases.get(_lease_in(method, path))
        if of_lease is not None or self._own is None:
            return of_lease
        return checked(self._own.get())

    def refused(self, token: str | None) -> bool:
        """Note that the daemon does not know this token (any more); whether there is another to call by."""
        if token is None or isinstance(self._own, str):
            return False
        of_leases = [lease for lease, kept in self._leases.items() if kept == token]
        for lease in of_leases:
            del self._leases[lease]
        if of_leases:
            return self._own is not None
        return self._own is not None and self._own.refused(token)


def own_token(token: str | None, audience: str | None) -> str | Renewable | None:
    """What was given comes first, then what the environment has.  Raises UsageError."""
    if token is None and audience is None:
        token = os.environ.get("PPA_ASSIGNER_TOKEN") or None
    if token is not None:
        return token
    audience = audience or os.environ.get("PPA_ASSIGNER_OIDC") or None
    if audience is None and not any(name.startswith("PPA_ASSIGNER_ID_TOKEN") for name in os.environ):
        return None
    from .job_token import job_token

    return job_token(audience)


def checked(token: str) -> str:
    """The token, if it can be one.  Raises UsageError."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("this is not a token: it must be printable ASCII without spaces")
    return token


def _lease_in(method: str, path: str) -> str:
    """The lease that a call is about which its own token is good for; empty for any other call."""
    _, _, *rest = path.partition("?")[0].split("/")
    if len(rest) in (2, 3) and rest[0] == "leases" and (method, "".join(rest[2:])) in _OF_A_LEASE:
        return rest[1]
    return ""
