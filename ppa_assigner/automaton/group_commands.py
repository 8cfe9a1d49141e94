"""The commands by which a group of leases is taken and ended: one PPA each, decided by its worker.

Rule: plain frozen values.  The order in which they are given makes a group whole or nothing: the lead's claim is
confirmed before any member is claimed, all members before the lead is committed, and all members are rolled forward
before anybody is told (docs/explanation/protocol.md#groups).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..packages import SourcePackage
from ..port import PublishedVersion
from ..record import Rank
from ..reference import Reference
from ..views import AssignRequest
from .events import Command, LeadShown, Taking


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPpa(Taking):
    """Claim this PPA for a try of the wish, if it could be lent; `lead` decides what becomes of the claim, and is this
    PPA itself where it leads.  What is claimed for that `group` already is claimed anew: whoever still wants it does so
    every CLAIM_RENEWED_S.  So is what is claimed for the group `over`, the same wish's own, by which it broke another's
    claim.  `RecordShown`: the claim stands.  The other fields are as in Assign.
    """

    group: str
    lead: Reference
    rank: Rank
    wish: AssignRequest
    over: str | None = None
    left: tuple[SourcePackage, ...] | None = None
    unread: tuple[PublishedVersion, ...] = ()
    nonce: str | None = None

    @property
    def sources(self) -> tuple[SourcePackage, ...]:
        """What is to be uploaded."""
        return self.wish.sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclaim(Command):
    """Take the claim of this group off, or that of the group `over` which was to be written over; `RecordShown`: it is
    off, or was not there.
    """

    group: str
    over: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit(Taking):
    """Make this PPA, whose own claim of that group stands, the lead of a group with these members: the one write by
    which all of them are lent.  `Committed`: it was; then they are rolled forward, also if nobody waits any more.
    """

    group: str
    lease: str
    wish: AssignRequest
    members: tuple[Reference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollForward(Command):
    """Make this PPA used as its lead says, which was `shown` after the claim was.  `LeaseShown`: it is, with its upload
    right.  LOST: it is not claimed for that group, nor used by it; then the group is to be ended.
    """

    lead: Reference
    shown: LeadShown


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLead(Command):
    """Read this PPA for the worker of one that it may lead.  `LeadShown`, `LeadGone`, or `Denied`, which says nothing
    of it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class TellLead(ReadLead):
    """The same before the group is told: where the lead is used by one, its uploader has the right by then.  A right
    that cannot be given is INVALID, and ends the group if that is `fresh`, told to nobody.
    """

    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EndGroup(Command):
    """End the lease of this PPA while it leads that group, since a member is lost; `told` as in Record."""

    group: str
    told: bool = True
