"""What can be wrong with a call, by the names that users' scripts rely on.

Rule: one kind per `type` that a client tells apart; a problem carries facts, and who answers it adds the status.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any


class Kind(enum.Enum):
    """The last part of a problem's `type`."""

    NONE_FREE = "none-free"
    ALL_BURNT = "all-burnt"
    REQUEST_ID_TAKEN = "request-id-taken"
    SUPERSEDED = "superseded"
    UNKNOWN_POOL = "unknown-pool"
    UNKNOWN_PPA = "unknown-ppa"
    UNKNOWN_LEASE = "unknown-lease"
    UNKNOWN_REQUEST = "unknown-request"
    LEASE_OVER = "lease-over"
    WRONG_STATE = "wrong-state"
    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    INVALID = "invalid"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many-requests"
    UNAVAILABLE = "launchpad-unavailable"
    INTERNAL = "internal-error"


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """A call that cannot be done, and why, in one sentence for people; `facts` are further members of the answer.

    `retry_after` in seconds: when asking again makes sense.
    """

    def __init__(self, kind: Kind, detail: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after
        self.facts: Mapping[str, Any] = facts
