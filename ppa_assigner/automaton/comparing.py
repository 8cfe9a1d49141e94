"""Is the PPA that has the name now the one that was known?  Those of its name that were deleted tell.

Invariant: nothing is written back, and no lease is given up before its time, without an answer that names them all.  A
deleted PPA keeps its description (docs/explanation/launchpad.md#deleted-ppas): one with our last record
in it was the one we knew.
"""

from __future__ import annotations

from dataclasses import replace

from ..port import Deleted, Unavailable
from ..record import Record, parse
from .asks import ReadDeleted
from .known import Before, Comparing, Known
from .learning import gone_for_good
from .writing import Step


def ask(known: Known, before: Before) -> Step:
    """Look at them first."""
    return replace(known, doing=Comparing(before)), [ReadDeleted()]


def was_another(known: Known, answer: Deleted) -> bool:
    """Whether a deleted one had the record that is known, or a later one: then whatever has the name now is new."""
    highest = known.highest
    return highest is not None and any(_is_it(record, highest, later=True) for record in _records(answer))


def given_up(known: Known, answer: Deleted | Unavailable) -> Known:
    """The name is gone: for good, if a deleted one has the very record that is known."""
    highest = known.highest
    if isinstance(answer, Unavailable) or highest is None:
        return known
    very = any(_is_it(record, highest, later=False) for record in _records(answer))
    return gone_for_good(known) if very else known


def newer(answer: Deleted) -> bool:
    """Whether a daemon of a later version wrote in one of them what this one cannot read."""
    return any(parse(description).foreign for description in answer.descriptions)


def _records(answer: Deleted) -> list[Record]:
    records = (parse(description).record for description in answer.descriptions)
    return [record for record in records if record is not None]


def _is_it(record: Record, highest: Record, *, later: bool) -> bool:
    return record.nonce == highest.nonce or (later and record.serial >= highest.serial)
