"""Is the PPA disabled?  In one that is, nothing can be deleted, and it is neither lent nor cleaned.

Rule: only an answer about the PPA itself tells; a listing that lacks it, or a refusal, makes us ask.
"""

from __future__ import annotations

from dataclasses import replace

from ..port import Unavailable
from . import emptying
from .asks import CheckEnabled
from .known import Checking, Known
from .now import Now
from .writing import Step


def check(known: Known) -> Step:
    """Whether it is disabled: a listing that lacks it proves nothing, and the end of it is to be noticed soon.  Not now
    if something else is asked: the next look asks again.
    """
    if not known.disabled or known.entry is None or known.doing is not None:
        return known, []
    return replace(known, doing=Checking()), [CheckEnabled(known.entry)]


def checked(known: Known, doing: Checking, answer: bool | Unavailable, now: Now) -> Step:
    """It is, or is not; without an answer it is what it was taken for."""
    if not isinstance(answer, Unavailable):
        known = replace(known, disabled=not answer)
    if doing.refused is None or known.disabled:
        return known, []
    return emptying.refused_after_all(known, *doing.refused, now)
