"""What tells one request, call or command from another: a request id belongs to the client that chose it.

Rule: two clients that happen to choose one id have two requests, and neither sees, hinders or ends the other's.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..record import Record
from ..views import AssignRequest


class CallId(int):
    """A call of the API that waits for its answer."""


class RequestId(int):
    """A request for a PPA, from its coming until it is forgotten; its client's name for it is in its key."""


class CommandToken(int):
    """A command that was given to a worker."""


class TimerId(int):
    """A step that is to be taken at a time."""


class ClaimId(int):
    """A lease that was made here, and that nobody may have been told of."""


@dataclass(frozen=True, slots=True)
class Key:
    """The client (None: none are configured) and its request id."""

    client: str | None
    request: str


def key_of(wish: AssignRequest) -> Key:
    """The key of a request."""
    return Key(wish.by, wish.request_id)


def key_in(record: Record | None) -> Key | None:
    """The key of the request that a record is used for, or remembers."""
    return Key(record.by, record.request) if record is not None and record.request is not None else None
