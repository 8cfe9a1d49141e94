"""Which PPAs a request may get: by pool, name, labels, and what it is to upload.

Rule: whoever decides which request gets which PPA asks `fits`.  What Launchpad has not told yet decides nothing: such a
PPA does not fit, and is none of those that never will.
"""

from __future__ import annotations

from ..views import AssignRequest
from .registry import ManagedPPA
from .requests import PendingRequest


def fits(request: PendingRequest, managed: ManagedPPA) -> bool:
    """Whether this request may get that PPA once it is free, for all that is known."""
    return managed.ppa not in request.burnt and may_match(request.wish, managed) is True


def may_match(wish: AssignRequest, managed: ManagedPPA) -> bool | None:
    """Whether a PPA is one that this wish asks for; None while that cannot be said."""
    if not managed.lent or managed.pool != wish.pool or wish.ppa not in (None, managed.ppa):
        return False
    return managed.labels.judge(wish.select)
