"""Who makes a call, and what the caller may do.

Rule: that is decided only from the configured client and the record; nothing here knows HTTP or reads a file.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

HIGHEST_PRIORITY = 100
"""Of a request; who waits is served earlier for it."""


class Role(enum.Enum):
    """What a caller may do: a client borrows for itself, an operator may act on every PPA."""

    CLIENT = "client"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """A client in the configuration; `owners` are shell patterns of owners whose leases it may also end and touch,
    `promote_to` of the PPAs to which it may have packages copied.

    `max_priority` is the highest priority that it may ask with, `max_leases` how many PPAs it may have at once, and
    `max_waiting` how many of its requests may wait at once (None: no limit).
    """

    name: str
    token_sha256: str
    role: Role = Role.CLIENT
    owners: tuple[str, ...] = ()
    promote_to: tuple[str, ...] = ()
    max_priority: int = 0
    max_leases: int | None = None
    max_waiting: int | None = None


class Owned(Protocol):
    """A record or a request, as far as `Caller.may_end` looks at it."""

    @property
    def owner(self) -> str | None:
        """The owner that was given when the PPA was asked for."""

    @property
    def by(self) -> str | None:
        """The name of the client that made the request; None where no clients are configured."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a call.  `name` is None where no clients are configured; then everybody is an operator."""

    name: str | None
    role: Role
    owners: tuple[str, ...] = ()
    promote_to: tuple[str, ...] = ()
    max_priority: int = 0

    def may_promote(self, to: str) -> bool:
        """Return whether the caller may have packages copied to this PPA (`~owner/ubuntu/name`); nobody may to any PPA
        unless the configuration says so.
        """
        return any(fnmatchcase(to, pattern) for pattern in self.promote_to)

    def may_end(self, lease: Owned) -> bool:
        """Return whether the caller may end or touch this lease or request.

        An operator may; a client may if it made the request, or if the owner matches one of its patterns.
        """
        if self.role is Role.OPERATOR or (self.name is not None and lease.by == self.name):
            return True
        return any(fnmatchcase(lease.owner or "", pattern) for pattern in self.owners)


EVERYBODY = Caller(None, Role.OPERATOR, max_priority=HIGHEST_PRIORITY)
