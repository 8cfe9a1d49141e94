"""Who asks, and what they may do.

Rule: decided from the configured client and the record alone; nothing here knows HTTP or reads a file.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol


class Role(enum.Enum):
    """What a caller may do: a client borrows for itself, an operator may act on every PPA."""

    CLIENT = "client"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """A configured client; `owners` are shell patterns of the owners whose leases it may end and touch too."""

    name: str
    token_sha256: str
    role: Role = Role.CLIENT
    owners: tuple[str, ...] = ()


class Owned(Protocol):
    """A record or a wish, as far as access looks at it."""

    @property
    def owner(self) -> str | None:
        """Whose it is."""

    @property
    def by(self) -> str | None:
        """The client that made it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a call.  `name` is None where no clients are configured; then everybody is operator."""

    name: str | None
    role: Role
    owners: tuple[str, ...] = ()

    def may_end(self, lease: Owned) -> bool:
        """Whether the caller may end or touch this lease or wish: its own, or one whose owner matches its patterns."""
        if self.role is Role.OPERATOR or (self.name is not None and lease.by == self.name):
            return True
        return any(fnmatchcase(lease.owner or "", pattern) for pattern in self.owners)


EVERYBODY = Caller(None, Role.OPERATOR)
