"""A try to take several PPAs at once, or to tell of those that were taken: how far it is, as a plain value.

Rule: nothing here decides.  Each try has a group id of its own, which no other try ever has †
(docs/explanation/protocol.md#groups).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from ..automaton.events import LeadShown
from ..record import Rank
from ..reference import Reference
from ..views import AssignRequest
from .requests import RequestId, TimerId


class Phase(enum.Enum):
    """How far a try is."""

    CLAIMING = "claiming"  # batch by batch; the lead is confirmed before its members
    COMMITTING = "committing"  # the lead is written used, with its members
    ROLLING = "rolling"  # its members become used
    READING = "reading"  # the lead is read again, for the group to be told
    GIVING_UP = "giving up"  # its claims are taken off
    ENDING = "ending"  # a member is lost: the lead goes to dirty


@dataclass(frozen=True, slots=True)
class ClaimOn:
    """What is claimed on a PPA, and for which group: the try's own, or one that only breaks a younger group's claim.
    `over`: such a one that it is written over.
    """

    ppa: Reference
    group: str
    lead: Reference
    over: str | None = None


@dataclass(slots=True)
class GroupTry:
    """One try of a request for several PPAs.

    `bound`: what it keeps from others.  `batches`: what is still to be claimed, each when the one before stands;
    `claims`: what stands, or may; `under_way`: the PPAs whose answer is waited for.  `shown`: the lead as it was
    committed or read, `sent`: when the commit's write left (boot time), where that is known.  `why`: what made the try
    fail.  `invalid`: what is wrong with the wish.  `renewing`: those that are claimed anew.  `own`: it was committed
    here, and nobody was told of it before.
    """

    request: RequestId
    group: str
    lead: Reference
    members: tuple[Reference, ...]
    wish: AssignRequest
    lease: str = ""
    rank: Rank = field(default_factory=lambda: Rank(0, "", ""))
    phase: Phase = Phase.CLAIMING
    bound: frozenset[Reference] = frozenset()
    batches: list[tuple[ClaimOn, ...]] = field(default_factory=list)
    claims: dict[Reference, ClaimOn] = field(default_factory=dict)
    under_way: set[Reference] = field(default_factory=set)
    renewing: set[Reference] = field(default_factory=set)
    shown: LeadShown | None = None
    sent: float | None = None
    why: str | None = None
    invalid: str | None = None
    member_lost: bool = False
    own: bool = True
    timer: TimerId | None = None

    @property
    def ppas(self) -> tuple[Reference, ...]:
        """The lead and the members."""
        return self.lead, *self.members
