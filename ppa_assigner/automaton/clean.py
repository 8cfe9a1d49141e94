"""How far a clean is: one immutable value, part of what is known.

Rule: only what was seen and done since the record became dirty, by this daemon; a restart begins anew.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from .asks import Change, Setting


class Stage(enum.Enum):
    """What a clean looks at next, in this order.  Whatever is found to be changed is changed before the next look;
    from STILL on a look begins after the quiet window, and what it finds leads back to CONTENT.
    """

    RIGHTS = "who may upload, before anything else"
    CONTENT = "what is active or on its way: until nothing is"
    SETTINGS = "what is not as the baseline says"
    STILL = "whether it stayed empty, before what takes longer is asked for"
    DISK = "what is not removed from the disk"
    INDEX = "what the indexes still name"
    AGAIN = "rights and settings once more"
    LAST = "the content once more: if there is none, it is free"


QUIET = "waiting for the quiet window to end"
PROOF = frozenset({Stage.STILL, Stage.DISK, Stage.INDEX, Stage.AGAIN, Stage.LAST})


@dataclass(frozen=True, slots=True)
class Clean:
    """`since` is the dirty record's.  Boot times: `quiet_from`, from which the quiet window counts; `fence`, the last
    read that showed our record; `look_at`, before which nothing is looked at; `paused_until`, before which only the
    cleaner is touched.

    `todo` is what is to be changed now.  Since the last failure: `asked` are deletions and cancellations that were
    answered, `did` the changes of rights and settings and the cancellations, `waited` the answered cancellations whose
    build was still there afterwards, `unanswered` how often in a row the first of `todo` was not, `unseen` how often in
    a row a look was not, `erred` how often of these with an error of Launchpad's own.
    In the whole clean: `sticky` is what failed, and is tried last; `left_out` what Launchpad would not set.
    `seen` are the addresses of all publications that were found, `left` how many of them are still there.
    """

    since: datetime
    quiet_from: float
    stage: Stage
    todo: tuple[Change, ...] = ()
    fence: float = float("-inf")
    look_at: float = float("-inf")
    paused_until: float = float("-inf")
    asked: frozenset[Change] = frozenset()
    did: tuple[Change, ...] = ()
    waited: frozenset[Change] = frozenset()
    unanswered: int = 0
    unseen: int = 0
    erred: int = 0
    sticky: frozenset[Change] = frozenset()
    left_out: frozenset[Setting] = frozenset()
    step: str = "looking"
    seen: frozenset[str] = frozenset()
    left: int = 0

    @property
    def found(self) -> int:
        """How many publications it has found so far."""
        return len(self.seen)

    @property
    def deleted(self) -> int:
        """How many of them are gone."""
        return len(self.seen) - self.left
