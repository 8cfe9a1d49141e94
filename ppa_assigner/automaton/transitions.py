"""The life of a PPA: which change of its record is legal, and why a record is written at all.

Rule: one table, held to at every write; the diagram in the documentation and the metrics are made from it.  A new state
needs a new version of the record: a daemon that does not know the state would take it for a record that was rolled
back, and write over it.
"""

from __future__ import annotations

import enum

from ..record import State


class Purpose(enum.Enum):
    """Why a record is written."""

    CREATE = "created"
    TAKE_IN = "taken in"
    ADOPT = "adopted"
    ASSIGN = "assigned"
    RAISE = "told again"
    TOUCH = "touched"
    REPAIR = "put right"
    HOLD = "held"
    RELEASE = "released"
    GIVE_UP = "given up"
    SUPERSEDE = "superseded"
    EXPIRE = "expired"
    FOUND = "found not empty"
    QUARANTINE = "quarantined"
    RESUME = "resumed"
    CLAIM = "cleaning"
    FAIL = "clean failed"
    FREE = "proved clean"
    RESTORE = "restored"
    ROLLED_BACK = "rolled back"
    SETTLE = "settled"


_FREE, _USED, _DIRTY = State.FREE, State.USED, State.DIRTY
LEGAL: dict[Purpose, frozenset[tuple[State | None, State]]] = {
    Purpose.CREATE: frozenset({(None, _DIRTY)}),
    Purpose.TAKE_IN: frozenset({(None, _DIRTY)}),
    Purpose.ADOPT: frozenset({(None, _DIRTY)}),
    Purpose.ASSIGN: frozenset({(_FREE, _USED)}),
    Purpose.RAISE: frozenset({(_USED, _USED)}),
    Purpose.TOUCH: frozenset({(_USED, _USED)}),
    Purpose.REPAIR: frozenset({(_USED, _USED)}),
    Purpose.HOLD: frozenset({(_USED, _USED)}),
    Purpose.RELEASE: frozenset({(_USED, _DIRTY)}),
    Purpose.GIVE_UP: frozenset({(_USED, _DIRTY)}),
    Purpose.SUPERSEDE: frozenset({(_USED, _DIRTY)}),
    Purpose.EXPIRE: frozenset({(_USED, _DIRTY)}),
    Purpose.FOUND: frozenset({(_FREE, _DIRTY)}),
    Purpose.QUARANTINE: frozenset({(_FREE, _DIRTY), (_DIRTY, _DIRTY), (_USED, _USED)}),
    Purpose.RESUME: frozenset({(_DIRTY, _DIRTY), (_USED, _USED)}),
    Purpose.CLAIM: frozenset({(_DIRTY, _DIRTY)}),
    Purpose.FAIL: frozenset({(_DIRTY, _DIRTY)}),
    Purpose.FREE: frozenset({(_DIRTY, _FREE)}),
    # What stands on Launchpad is older than what is known: the states are those of the known record.
    Purpose.RESTORE: frozenset({(_USED, _USED), (_DIRTY, _DIRTY)}),
    Purpose.ROLLED_BACK: frozenset({(_FREE, _DIRTY)}),
    Purpose.SETTLE: frozenset({(_FREE, _FREE), (_USED, _USED), (_DIRTY, _DIRTY)}),
}
"""From which state to which each purpose may lead: the whole life of a PPA, held to at every write."""
