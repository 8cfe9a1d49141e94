"""Whether the PPA can be reached: how the last answer about it was.

Rule: one value, of which each case holds only what belongs to it.  That Launchpad is silent since is not part of it.
An answer that passes proves nothing: that a PPA is
gone or denied is believed after enough reads over a whole minute (docs/explanation/protocol.md#absence).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..backoff import ABSENCE_FIRST_S, ABSENCE_LASTS_S, ABSENCE_READS
from ..port import Gone, Moment


@dataclass(frozen=True, slots=True)
class ReadStreak:
    """So many (`count`) reads in a row that were answered the same.  Boot times: `begun`, when the first of them was
    answered; `left`, when the last one left; `due`, when the worker reads again by itself, however often others read.
    """

    count: int
    begun: float
    left: float
    due: float

    @property
    def lasting(self) -> bool:
        """Whether enough reads over a long enough time have said so to be believed."""
        return self.count >= ABSENCE_READS and self.left - self.begun >= ABSENCE_LASTS_S


def one_more(streak: ReadStreak | None, moment: Moment) -> ReadStreak:
    """The streak with one more read that was answered at this moment; None: this is the first one."""
    if streak is None:
        return ReadStreak(1, moment.ended, moment.started, moment.ended + ABSENCE_FIRST_S)
    return ReadStreak(streak.count + 1, streak.begun, moment.started, streak.due)


@dataclass(frozen=True, slots=True)
class Seen:
    """The last answer showed the PPA, or nothing was answered yet."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The last answer, with its `reason`, said that the PPA is gone.  `unknown_name`: it was a read of the PPA itself,
    and Launchpad knows none of this name.  `deleted`: it is there no more but as a deleted one.  `final`: it is gone
    for good.
    """

    reason: str
    streak: ReadStreak
    unknown_name: bool = False
    deleted: bool = False
    final: bool = False


@dataclass(frozen=True, slots=True)
class ReadDenied:
    """The last answer, with its `reason`, said that the PPA is not for us to see."""

    reason: str
    streak: ReadStreak


Reach = Seen | Absent | ReadDenied
SEEN = Seen()


def absent(reach: Reach, gone: Gone) -> Absent:
    """The reach after an answer that says that the PPA is gone.  What is gone for good stays so."""
    streak = reach.streak if isinstance(reach, Absent) else None
    final = isinstance(reach, Absent) and reach.final
    return Absent(gone.reason, one_more(streak, gone.moment), deleted=gone.status is None, final=final)


def read_denied(reach: Reach, reason: str, moment: Moment) -> ReadDenied:
    """The reach after an answer that says that the PPA is not for us to see."""
    return ReadDenied(reason, one_more(reach.streak if isinstance(reach, ReadDenied) else None, moment))


def of_unknown_name(reach: Reach) -> Reach:
    """The reach where that answer was to a read of the PPA itself, and Launchpad knows none of this name."""
    return replace(reach, unknown_name=True) if isinstance(reach, Absent) else reach


def gone_for_good(reach: Reach) -> Reach:
    """The reach where it is certain that the PPA, which is gone, does not come back."""
    return replace(reach, final=True) if isinstance(reach, Absent) else reach


def put_off(reach: Reach, due: float) -> Reach:
    """The reach with the worker's own next read at this boot time, where one is to come."""
    return reach if isinstance(reach, Seen) else replace(reach, streak=replace(reach.streak, due=due))


def undecided(reach: Reach) -> Absent | ReadDenied | None:
    """The last answer, where nobody knows yet whether the absence or denial that it tells of lasts."""
    match reach:
        case Absent(final=False):
            return reach
        case ReadDenied(streak=streak) if not streak.lasting:
            return reach
    return None


def is_final(reach: Reach) -> bool:
    """Whether the PPA is gone for good."""
    return isinstance(reach, Absent) and reach.final


def is_deleted(reach: Reach) -> bool:
    """Whether nothing is left of the PPA to act on: it does not come back, whenever that is believed of its lease."""
    return isinstance(reach, Absent) and (reach.deleted or reach.final)


def is_of_unknown_name(reach: Reach) -> bool:
    """Whether a read of the PPA itself was the last answer, and said that Launchpad knows none of this name."""
    return isinstance(reach, Absent) and reach.unknown_name


def why_undecided(reach: Reach, silent: str | None) -> str | None:
    """Why nobody can tell what is in the PPA, where that is so: it may hold a lease that was not seen.  `silent`: why
    Launchpad did not answer since.
    """
    if silent is not None:
        return silent
    last = undecided(reach)
    return f"{last.reason}: whether that lasts is known in a minute" if last is not None else None
