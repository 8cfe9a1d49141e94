"""A PPA that is looked into whole: to take it in if it is empty, or to show people what is in it.

Rule: a PPA without a record is somebody's until all of it was seen to be empty.
"""

from __future__ import annotations

from dataclasses import replace

from ..backoff import UNMANAGED_S
from ..port import Content, Refused, Unavailable
from . import lending, operating, writing
from .events import Inspect, Inspected, Refusal
from .known import Known, Purpose, Surveying
from .now import Now
from .writing import Step

SurveyAnswer = Content | Refused | Unavailable


def surveyed(known: Known, doing: Surveying, answer: SurveyAnswer, now: Now) -> Step:
    """Who asked for it is told; else it is taken in, or left alone."""
    if doing.command is not None:
        return _inspected(known, doing.command, answer)
    return _looked_into(known, answer, now)


def _looked_into(known: Known, answer: SurveyAnswer, now: Now) -> Step:
    """A PPA without a record: taken in if it is wholly empty, else somebody's, never touched until adopted."""
    if known.flight is not None:
        return writing.taking_in_settled(known, answer, now)
    match answer:
        case Content(empty=True):
            return operating.take_in(known, Purpose.TAKE_IN, now)
        case Content():
            return replace(known, occupied=True, not_before=now.boot + UNMANAGED_S), []
    return writing.back_off(known, now), []


def _inspected(known: Known, command: Inspect, answer: SurveyAnswer) -> Step:
    match answer:
        case Content():
            return lending.tell(known, command, Inspected(answer))
    return lending.deny(known, command, Refusal.OUTAGE, answer.reason)
