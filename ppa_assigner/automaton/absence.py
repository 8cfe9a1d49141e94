"""Reads in a row that did not show the PPA, and when they are enough to believe them.

Rule: an answer that passes proves nothing.  Only what all reads said over a whole minute is believed, and a read that
says otherwise starts the count anew (docs/explanation/protocol.md#absence).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..backoff import ABSENCE_FIRST_S, ABSENCE_LASTS_S, ABSENCE_READS
from ..port import Moment


@dataclass(frozen=True, slots=True)
class Absence:
    """`reads` in a row said that the PPA is gone or, if `denied`, that it is not for us.  Boot times: `begun`, when the
    first of them was answered; `left`, when the last left; `due`, when the worker reads it by itself again, however
    often others ask.
    """

    denied: bool
    reads: int
    begun: float
    left: float
    due: float

    @property
    def lasting(self) -> bool:
        """Whether it has been so in enough reads, for long enough."""
        return self.reads >= ABSENCE_READS and self.left - self.begun >= ABSENCE_LASTS_S


def again(before: Absence | None, moment: Moment, *, denied: bool) -> Absence:
    """One more read said so, or the first one did."""
    if before is None or before.denied is not denied:
        return Absence(denied, 1, moment.ended, moment.started, moment.ended + ABSENCE_FIRST_S)
    return Absence(denied, before.reads + 1, before.begun, moment.started, before.due)
