"""Source versions that a PPA once had: Launchpad never accepts an upload of one again (launchpad-facts.md, D.8).

Rule: only what was seen to have been here is remembered; that it was not must be asked each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .known import Known

KEPT = 5000


def learnt(known: Known, sources: Iterable[tuple[str, str]]) -> Known:
    """These (name, version) were here.  When they grow too many, only the newest are kept: it is only a shortcut."""
    new = frozenset(sources)
    if new <= known.burnt:
        return known
    return replace(known, burnt=known.burnt | new if len(known.burnt | new) <= KEPT else new)


def hit(known: Known, sources: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """The first of these that is known to have been here."""
    return next((source for source in sources if source in known.burnt), None)
