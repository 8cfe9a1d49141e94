"""Who asks, and what they may do (design, section 7, Access).

Rule: decided from the configured client and the record alone; nothing here knows HTTP or reads a file.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .record import Record


class Role(enum.Enum):
    """A client lends for itself, an operator may act on every PPA."""

    CLIENT = "client"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Client:
    """A configured client; `owners` are shell patterns of the owners whose leases it may end and touch too."""

    name: str
    token_sha256: str
    role: Role = Role.CLIENT
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a call.  `name` is None where no clients are configured; then everybody is operator."""

    name: str | None
    role: Role
    owners: tuple[str, ...] = ()

    def may_end(self, record: Record) -> bool:
        """Whether the caller may end or touch the lease in this record."""
        if self.role is Role.OPERATOR or (self.name is not None and record.by == self.name):
            return True
        return any(fnmatchcase(record.owner or "", pattern) for pattern in self.owners)


EVERYBODY = Caller(None, Role.OPERATOR)
