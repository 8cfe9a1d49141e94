"""The documents of the line: who waits for a PPA, in the order in which they are served, and why.

Rule: as in `leases`.
"""

from typing import Annotated, Any, NotRequired

from pydantic import Field

from .terms import POOL, RequestId, Text, Time, TypedDict, shown

_WAITING: dict[str, Any] = {
    "request_id": "build-78",
    "owner": "ticket-123",
    "pool": POOL,
    "want": [{"pool": POOL, "count": 1}],
    "since": "2026-11-25T03:14:12Z",
    "priority": 0,
    "position": 1,
    "why": "waits for a PPA that fits to become free",
}


class WantedPpas(TypedDict):
    """What a request wants of a pool."""

    pool: str
    count: Annotated[int, Field(ge=1, description="how many PPAs")]
    select: NotRequired[Annotated[str, Field(description="only such as have these labels")]]


class WaitingRequest(TypedDict):
    """A request that waits in the line."""

    request_id: RequestId
    owner: Text
    pool: Annotated[str, Field(description="in whose line it is: that of the first that it wants")]
    want: list[WantedPpas]
    since: Annotated[Time, Field(description="when it was first asked for")]
    priority: int
    position: Annotated[int, Field(ge=1, description="its place in the line of the pool")]
    why: Annotated[str, Field(description="what it waits for")]


@shown({"items": [_WAITING]})
class Line(TypedDict):
    """All who wait, those who are served first at the beginning."""

    items: list[WaitingRequest]
