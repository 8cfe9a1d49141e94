"""What the machine tells itself about groups: steps that follow, and what waits for an outcome.

Rule: as in `steps`: plain values; which function takes which is in the tables of `machine`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..record import Record
from ..reference import Reference
from .requests import CallId, RequestId


@dataclass(frozen=True, slots=True)
class Adopts:
    """This request has a group, whose lead was read just now: it is made whole, and told."""

    request: RequestId
    lead: Reference
    record: Record


@dataclass(frozen=True, slots=True)
class RenewClaims:
    """The claims of this try are to be written anew, if it goes on."""

    group: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A try for several PPAs is over.  `record`: the lead of the group that may be told; `untold`: why one that stands
    may not be; `invalid`: what is wrong with the wish; `alone`: the one PPA that is wanted may be lent now.
    """

    request: RequestId
    lead: Reference
    record: Record | None = None
    fresh: bool = False
    untold: str | None = None
    invalid: str | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """A try for several PPAs is to claim this one."""

    group: str
    ppa: Reference


@dataclass(frozen=True, slots=True)
class Renews:
    """A claim is written anew."""

    group: str
    ppa: Reference


@dataclass(frozen=True, slots=True)
class TakesOff:
    """A claim of a try is taken off."""

    group: str
    ppa: Reference


@dataclass(frozen=True, slots=True)
class Commits:
    """The lead of a group is to be used, and all its members with it."""

    group: str


@dataclass(frozen=True, slots=True)
class RollsForward:
    """A member is to be used as its lead says."""

    group: str
    ppa: Reference


@dataclass(frozen=True, slots=True)
class ReadsAgain:
    """All members are used: does the lead still stand?"""

    group: str


@dataclass(frozen=True, slots=True)
class EndsGroup:
    """A member is lost: the lead goes to dirty."""

    group: str


@dataclass(frozen=True, slots=True)
class ReadsLead:
    """The worker of this PPA has to know the record of its lead; its own has this nonce."""

    ppa: Reference
    nonce: str


@dataclass(frozen=True, slots=True)
class FindsLead:
    """A call about the lease of a member has to know what its lead is."""

    call: CallId
    lead: Reference
    group: str
    member: Reference
