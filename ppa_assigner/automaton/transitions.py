"""The life of a PPA: which change of its record is legal, and why a record is written at all.

Rule: one table, held to at every write; the diagram in the documentation and the metrics are made from it.  A new state
needs a new version of the record: a daemon that does not know the state would take it for a record that was rolled
back, and write over it.
"""

from __future__ import annotations

import enum

from ..record import State


class WriteReason(enum.Enum):
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
LEGAL: dict[WriteReason, frozenset[tuple[State | None, State]]] = {
    WriteReason.CREATE: frozenset({(None, _DIRTY)}),
    WriteReason.TAKE_IN: frozenset({(None, _DIRTY)}),
    WriteReason.ADOPT: frozenset({(None, _DIRTY)}),
    WriteReason.ASSIGN: frozenset({(_FREE, _USED)}),
    WriteReason.RAISE: frozenset({(_USED, _USED)}),
    WriteReason.TOUCH: frozenset({(_USED, _USED)}),
    WriteReason.REPAIR: frozenset({(_USED, _USED)}),
    WriteReason.HOLD: frozenset({(_USED, _USED)}),
    WriteReason.RELEASE: frozenset({(_USED, _DIRTY)}),
    WriteReason.GIVE_UP: frozenset({(_USED, _DIRTY)}),
    WriteReason.SUPERSEDE: frozenset({(_USED, _DIRTY)}),
    WriteReason.EXPIRE: frozenset({(_USED, _DIRTY)}),
    WriteReason.FOUND: frozenset({(_FREE, _DIRTY)}),
    WriteReason.QUARANTINE: frozenset({(_FREE, _DIRTY), (_DIRTY, _DIRTY), (_USED, _USED)}),
    WriteReason.RESUME: frozenset({(_DIRTY, _DIRTY), (_USED, _USED)}),
    WriteReason.CLAIM: frozenset({(_DIRTY, _DIRTY)}),
    WriteReason.FAIL: frozenset({(_DIRTY, _DIRTY)}),
    WriteReason.FREE: frozenset({(_DIRTY, _FREE)}),
    # What stands on Launchpad is older than what is known: the states are those of the known record.
    WriteReason.RESTORE: frozenset({(_USED, _USED), (_DIRTY, _DIRTY)}),
    WriteReason.ROLLED_BACK: frozenset({(_FREE, _DIRTY)}),
    WriteReason.SETTLE: frozenset({(_FREE, _FREE), (_USED, _USED), (_DIRTY, _DIRTY)}),
}
"""From which state to which each purpose may lead: the whole life of a PPA, held to at every write."""
