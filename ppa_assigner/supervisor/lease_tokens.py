"""Tokens of leases: whoever has one may touch, follow and end that lease, or its group, and nothing else.

Rule: a token says which lease it is of and is kept nowhere; every daemon with the same Launchpad credentials reads it,
and nobody without them can make one.  That it is over is the lease's to say.
"""

from __future__ import annotations

import json

from ..access import LeaseToken
from ..record import Record
from .tickets import TicketOffice

PREFIX = "lease_"
"""How each begins, so that it can be found where it should not be."""
_PURPOSE = b"lease\0"


class LeaseTokens:
    """Signs tokens of leases with the key of the tickets, and reads them back."""

    def __init__(self, office: TicketOffice) -> None:
        self._office = office

    def issue(self, lease: Record) -> str:
        """The token of this lease, the same each time; of a group's lead it is the group's."""
        said = {"lease": lease.lease, "group": lease.group, "by": lease.by}
        return PREFIX + self._office.signed(json.dumps(said, separators=(",", ":")).encode(), _PURPOSE)

    def read(self, text: str) -> LeaseToken | None:
        """Which lease a token is of; None for one that is not ours."""
        body = self._office.said(text.removeprefix(PREFIX), _PURPOSE) if text.startswith(PREFIX) else None
        return None if body is None else LeaseToken(**json.loads(body))
