"""What tells one wish from another: a request id belongs to the client that chose it.

Rule: two clients that happen to choose one id have two wishes, and neither sees, hinders or ends the other's.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..record import Record
from ..views import AssignRequest


@dataclass(frozen=True, slots=True)
class Key:
    """The client (None: none are configured) and its request id."""

    client: str | None
    request: str


def key_of(wish: AssignRequest) -> Key:
    """The key of a wish."""
    return Key(wish.by, wish.request_id)


def key_in(record: Record | None) -> Key | None:
    """The key of the wish that a record is used for, or remembers."""
    return Key(record.by, record.request) if record is not None and record.request is not None else None
