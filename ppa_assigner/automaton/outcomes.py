"""What the caller of a command is told.

Rule: as in `events`, which has these names too.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from ..port import Content
from ..record import Record


@dataclass(frozen=True, slots=True)
class LeaseShown:
    """The lease in this record is the caller's; Launchpad showed it after the call came."""

    record: Record
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class RecordShown:
    """Done, or nothing needed to be done: this is the record now (None: there is no readable one)."""

    record: Record | None


@dataclass(frozen=True, slots=True)
class Committed:
    """The lead of a group is used, with its `members`: a lease, and told once all members are used too.  `sent`: the
    boot time at which the write left (None: before that is known); `latest`: when the lease ends at the latest.
    """

    record: Record
    sent: float | None
    latest: datetime


@dataclass(frozen=True, slots=True)
class LeadShown:
    """This is the record of the PPA, by a read that began after the command came.  `latest`: when a lease in it ends at
    the latest, holds included.
    """

    record: Record
    latest: datetime


@dataclass(frozen=True, slots=True)
class LeadGone:
    """The PPA is gone for good, and with it the group that it led."""


@dataclass(frozen=True, slots=True)
class MemberShown:
    """The lease is a member's of the group in this record, which was read after the command came: its lead decides.
    The same is to be asked of the lead, for the lease that its record has while that is of this group.
    """

    record: Record


@dataclass(frozen=True, slots=True)
class ContentShown:
    """What is in the PPA."""

    content: Content


@dataclass(frozen=True, slots=True)
class ProcessorsShown:
    """What the PPA builds for, by name."""

    names: tuple[str, ...]


class Refusal(enum.Enum):
    """Why a command was not carried out.  LOST: the PPA is not free after all, try another one.  ELSEWHERE: this lease
    or request is not here.  UNTOLD: the lease stands, and may not be told yet.  BURNT: the PPA had one of the sources,
    or another file of a name that one of them has: the detail names it.  CLAIMED: a group claims the PPA, and the claim
    stands.
    """

    LOST = "lost"
    ELSEWHERE = "elsewhere"
    OVER = "over"
    SUPERSEDED = "superseded"
    TAKEN = "taken"
    WRONG_STATE = "wrong-state"
    INVALID = "invalid"
    OUTAGE = "outage"
    IN_DOUBT = "in-doubt"
    UNTOLD = "untold"
    BURNT = "burnt"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class Denied:
    """The command was not carried out.  IN_DOUBT is not final: another outcome follows once the write is settled."""

    why: Refusal
    detail: str = ""


Outcome = (
    LeaseShown | RecordShown | ContentShown | ProcessorsShown | Committed | LeadShown | LeadGone | MemberShown | Denied
)
DEADLINE_EXCEEDED = "deadline exceeded"
"""The detail of a refusal because nobody waits for the outcome any more."""
