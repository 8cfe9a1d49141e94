"""Who makes a call, and what the caller may do.

Rule: that is decided only from the configured client and the record; nothing here knows HTTP or reads a file.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Protocol

from .identity import JOINT, ClaimError, Claims, OidcRules, Template, texts_of
from .record_values import unstorable

HIGHEST_PRIORITY = 100
"""Of a request; who waits is served earlier for it."""
LONGEST_OWNER = 256
"""In characters."""


class Role(enum.Enum):
    """What a caller may do: a client borrows for itself, an operator may act on every PPA."""

    CLIENT = "client"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """A client in the configuration; `owners` are shell patterns of owners whose leases it may also end and touch,
    `promote_to` of the PPAs to which it may have packages copied.

    It is known by the SHA-256 of its token, or (`oidc`) by tokens that an issuer signed.  Of claims of these are made
    then, where they are there, the owner of its leases (`owner`), how its request ids begin (`request`), and its role
    (`role_claim`, in place of `role`).

    `max_priority` is the highest priority that it may ask with, `max_leases` how many PPAs it may have at once, and
    `max_waiting` how many of its requests may wait at once (None: no limit).
    """

    name: str
    token_sha256: str | None
    role: Role = Role.CLIENT
    owners: tuple[str, ...] = ()
    promote_to: tuple[str, ...] = ()
    max_priority: int = 0
    max_leases: int | None = None
    max_waiting: int | None = None
    oidc: OidcRules | None = None
    owner: Template | None = None
    request: Template | None = None
    role_claim: Template | None = None

    def caller(self) -> Caller:
        """Who calls with its token."""
        return Caller(self.name, self.role, self.owners, self.promote_to, self.max_priority)

    def caller_by(self, claims: Claims) -> Caller:
        """Who calls with a token of these claims, which are as `oidc` wants them.  Raises ClaimError where something
        cannot be made of them.
        """
        return replace(
            self.caller(),
            role=self.role if self.role_claim is None else _role(self.role_claim, claims),
            owner=None if self.owner is None else _owner(self.owner, claims),
            request=None if self.request is None else self.request.unique(claims),
        )


def _role(template: Template, claims: Claims) -> Role:
    """The highest of those that the claim names."""
    (name,) = template.names
    named = texts_of(claims, name)
    found = next((role for role in (Role.OPERATOR, Role.CLIENT) if role.value in named), None)
    if found is None:
        raise ClaimError(name, "names no role: client or operator")
    return found


def _owner(template: Template, claims: Claims) -> str:
    owner = template.filled(claims)
    if len(owner) > LONGEST_OWNER or unstorable(owner):
        raise ClaimError(" and ".join(template.names), f"make no owner of at most {LONGEST_OWNER} characters")
    return owner


@dataclass(frozen=True, slots=True)
class LeaseToken:
    """What the token of a lease says: which it is of, or which group, and who made the request (`by`)."""

    lease: str
    group: str | None
    by: str | None

    def is_of(self, lease: Owned) -> bool:
        """Return whether it is the token of this lease."""
        return lease.lease == self.lease or (self.group is not None and lease.group == self.group)

    def caller(self) -> Caller:
        """Who calls by it."""
        return Caller(self.by, Role.CLIENT, lease=self)


class Owned(Protocol):
    """A record, as far as `Caller.may_end` looks at it."""

    @property
    def lease(self) -> str | None:
        """The id of the lease."""

    @property
    def group(self) -> str | None:
        """The group that the lease is of, if it is of one."""

    @property
    def owner(self) -> str | None:
        """The owner that was given when the PPA was asked for."""

    @property
    def by(self) -> str | None:
        """The name of the client that made the request; None where no clients are configured."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a call.  `name` is None where no clients are configured; then everybody is an operator.

    `owner` and `request` are made of what an issuer signed: it may only be that owner's, and its request ids begin so.
    `lease`: it calls by the token of a lease, which it may touch, follow and end, and nothing else.
    """

    name: str | None
    role: Role
    owners: tuple[str, ...] = ()
    promote_to: tuple[str, ...] = ()
    max_priority: int = 0
    owner: str | None = None
    request: str | None = None
    lease: LeaseToken | None = None

    def whole_request_id(self, given: str) -> str:
        """The id of a request of the caller's that it calls so: it begins with what is signed, if something is.  Whole
        already is one that begins so.
        """
        if self.request is None or given.startswith(self.request + JOINT):
            return given
        return f"{self.request}{JOINT}{given}"

    def may_promote(self, to: str) -> bool:
        """Return whether the caller may have packages copied to this PPA (`~owner/ubuntu/name`); nobody may to any PPA
        unless the configuration says so.
        """
        return any(fnmatchcase(to, pattern) for pattern in self.promote_to)

    def may_end(self, lease: Owned) -> bool:
        """Return whether the caller may end or touch this lease or request.

        An operator may; a client may if it made the request, or if the owner matches one of its patterns.  One whose
        owner is signed made only what has that owner: others of its client are other jobs.
        """
        if self.lease is not None:
            return self.lease.is_of(lease)
        if self.role is Role.OPERATOR:
            return True
        if self.name is not None and lease.by == self.name and self.owner in (None, lease.owner):
            return True
        return any(fnmatchcase(lease.owner or "", pattern) for pattern in self.owners)


EVERYBODY = Caller(None, Role.OPERATOR, max_priority=HIGHEST_PRIORITY)
