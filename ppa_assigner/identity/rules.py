"""Which tokens are a client's: the issuer, the audience, and the claims that the configuration asks for.

Rule: all of it must fit.  Whose key signed the token was verified before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .claims import ClaimRule, Claims


@dataclass(frozen=True, slots=True)
class OidcRules:
    """The tokens of a client.  `ca_file`: certificates to trust for the issuer in place of the system's."""

    issuer: str
    audience: str
    claims: tuple[ClaimRule, ...]
    ca_file: Path | None = None

    def is_for_us(self, claims: Claims) -> bool:
        """Return whether the token is for our audience and for no other: whoever it is meant for too could use it."""
        return claims.get("aud") in (self.audience, [self.audience])

    def differing(self, claims: Claims) -> str | None:
        """The name of the first claim that is not as the configuration says; None where all are."""
        return next((rule.name for rule in self.claims if not rule.fits(claims)), None)
