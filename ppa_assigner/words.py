"""The words that the API uses besides a record's own: of PPAs, ends of leases, uploads and copies.

Rule: each is defined here once, for what decides by it and for the documents that say it.
"""

from __future__ import annotations

import enum


class Condition(enum.Enum):
    """How a PPA is, besides its state: whether it can be lent and cleaned, and if not why."""

    OK = "ok"
    UNMANAGED = "unmanaged"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    UNREACHABLE = "unreachable"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    DISABLED = "disabled"

    __hash__ = object.__hash__  # see record.State


class EndsBy(enum.Enum):
    """What ends a lease that nobody releases: its fixed end, or that nobody touches it."""

    UNTIL = "until"
    IDLE = "idle"


class Goal(enum.StrEnum):
    """How far the sources must get.  Each goal includes those before it."""

    ACCEPTED = "accepted"
    BUILT = "built"
    PUBLISHED = "published"
    INSTALLABLE = "installable"


class SourceState(enum.Enum):
    """How far a source is, or why it will not get further."""

    ABSENT = "absent"
    ACCEPTED = "accepted"
    BUILDING = "building"
    BUILT = "built"
    PUBLISHED = "published"
    INSTALLABLE = "installable"
    FAILED = "failed"
    REJECTED = "rejected"
    LOST = "lost"


class CopyState(enum.Enum):
    """How far a copy, or all of them, is."""

    COPYING = "copying"
    PUBLISHED = "published"
    FAILED = "failed"
