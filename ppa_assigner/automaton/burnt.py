"""Source versions that a PPA once had: Launchpad never accepts an upload of one again.

See docs/explanation/launchpad.md#burnt-versions.

Rule: only what was seen to have been here is remembered; that it was not must be asked each time.  So few are enough:
what is forgotten costs one request when somebody is about to upload it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import blake2b
from itertools import islice

from .known import Known

KEPT = 500
DIGEST_BYTES = 7  # an integer of 32 bytes of memory, where name and version take hundreds


def learnt(known: Known, sources: Iterable[tuple[str, str]]) -> Known:
    """These (name, version) were here.  When they grow too many, only the newest are kept: it is only a shortcut."""
    new = frozenset(_digest(source) for source in islice(sources, KEPT))
    if new <= known.burnt:
        return known
    return replace(known, burnt=known.burnt | new if len(known.burnt | new) <= KEPT else new)


def hit(known: Known, sources: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """The first of these that is known to have been here."""
    return next((source for source in sources if _digest(source) in known.burnt), None) if known.burnt else None


def _digest(source: tuple[str, str]) -> int:
    return int.from_bytes(blake2b(" ".join(source).encode(errors="replace"), digest_size=DIGEST_BYTES).digest(), "big")
