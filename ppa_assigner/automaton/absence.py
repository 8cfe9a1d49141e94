"""Reads in a row that did not show the PPA, and when they are enough to believe them.

Rule: an answer that passes proves nothing.  Only what all reads said over a whole minute is believed, and a read that
says otherwise starts the count anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..port import Moment

LASTS_S, READS = 60.0, 5
AGAIN_FIRST_S, AGAIN_S = 2.0, 12.0  # how soon after an answer it is read again, until that is decided


@dataclass(frozen=True, slots=True)
class Absence:
    """`reads` in a row said that the PPA is gone or, if `denied`, that it is not for us.  Boot times: `first`, when the
    first of them was answered; `left`, when the last left; `answered`, when that was answered.
    """

    denied: bool
    reads: int
    first: float
    left: float
    answered: float

    @property
    def lasting(self) -> bool:
        """Whether it has been so in enough reads, for long enough."""
        return self.reads >= READS and self.left - self.first >= LASTS_S

    @property
    def due(self) -> float:
        """The boot time of the next read, as long as that is not so."""
        return self.answered + (AGAIN_FIRST_S if self.reads == 1 else AGAIN_S)


def again(before: Absence | None, moment: Moment, *, denied: bool) -> Absence:
    """One more read said so, or the first one did."""
    if before is None or before.denied is not denied:
        return Absence(denied, 1, moment.ended, moment.started, moment.ended)
    return Absence(denied, before.reads + 1, before.first, moment.started, moment.ended)
