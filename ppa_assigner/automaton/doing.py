"""What a worker waits for: the one request that is under way, and what it was sent for.

Rule: plain frozen values; whoever sent a request finds in here all that its answer is judged by.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ..port import Refused, Unknown
from .asks import Change
from .clean import Stage
from .events import Assign, CheckBurnt, Command, Confirm, Inspect


class Why(enum.Enum):
    """What a read or a survey is for."""

    LOOK = "look"
    SETTLE = "settle"
    COMMAND = "command"
    FENCE = "fence"
    AGAIN = "again"
    TAKE_IN = "take in"


@dataclass(frozen=True, slots=True)
class Reading:
    """Doing: one read."""

    why: Why
    command: Command | None = None
    round: int | None = None


@dataclass(frozen=True, slots=True)
class Writing:
    """Doing: the write in `flight`."""


@dataclass(frozen=True, slots=True)
class Verifying:
    """Doing: looking whether a free PPA is empty before it is lent."""

    command: Assign


@dataclass(frozen=True, slots=True)
class Tracing:
    """Doing: asking whether it ever had this source."""

    command: Assign | CheckBurnt
    source: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Granting:
    """Doing: giving the uploader his right before the lease is told."""

    command: Assign | Confirm
    fresh: bool
    refused: Refused | None = None  # then a read tells whether that was said of the person or of the PPA


@dataclass(frozen=True, slots=True)
class Surveying:
    """Doing: listing what is in the PPA."""

    why: Why
    command: Inspect | None = None


@dataclass(frozen=True, slots=True)
class Examining:
    """Doing: one look of a clean."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Emptying:
    """Doing: one request of a clean that changes something."""

    change: Change


@dataclass(frozen=True, slots=True)
class Creating:
    """Doing: making the PPA with this nonce in its record; or, when that had this outcome, reading what is there."""

    nonce: str
    outcome: Refused | Unknown | None = None


class Before(enum.Enum):
    """What the deleted PPAs of this name are looked at for: before anything of it, they tell whether the PPA that was
    known is one of them.
    """

    WRITE_BACK = "what was lost is written back"
    SETTLE = "it is written back once more, for nobody knows what became of that"
    GIVE_UP = "the lease of one that is gone is given up"
    CREATE = "it is made"


@dataclass(frozen=True, slots=True)
class Comparing:
    """Doing: reading the deleted PPAs of this name."""

    before: Before
    command: Command | None = None


@dataclass(frozen=True, slots=True)
class Checking:
    """Doing: asking whether it is disabled; `refused` is the change, and the answer to it, that made us ask."""

    refused: tuple[Change, Refused] | None = None


Doing = (
    Reading
    | Writing
    | Verifying
    | Tracing
    | Granting
    | Surveying
    | Examining
    | Emptying
    | Creating
    | Comparing
    | Checking
)
