"""The shape of a client in the configuration file: by what it is known, and what it may do.

Rule: one option is judged by itself; what only shows when several are seen together is for `checks`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from ..access import HIGHEST_PRIORITY, Role
from ..identity import Template
from . import identities, parsers
from .forms import Parsed, form, text
from .section import Empty, EmptyList, Glob, Many, PathText, PpaGlobs, Section

ClientName = Annotated[str, text(parsers.client_name, minLength=1, maxLength=128)]
Digest = Annotated[
    str,
    form("[0-9A-Fa-f]{64}", "SHA-256; write the 64 hexadecimal digits that `ppa-assigner token` prints", str.lower),
]
Issuer = Annotated[str, text(identities.issuer, pattern="^https://")]
Audience = Annotated[str, text(identities.audience, minLength=1, maxLength=identities.LONGEST_PATTERN)]
_SCALAR = {"type": ["string", "integer", "boolean"]}
_CLAIM = [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1, "maxItems": identities.MOST_PATTERNS}]
ClaimPatterns = Annotated[tuple[str, ...], Parsed(identities.claim_patterns, anyOf=_CLAIM)]
OfClaims = Annotated[Template, text(identities.template, pattern="\\{[^{}]+\\}")]
RequestOfClaims = Annotated[Template, text(identities.request, pattern="\\{[^{}]+\\}")]
_ROLES: list[dict[str, Any]] = [
    {"enum": [role.value for role in Role]},
    {"type": "string", "pattern": "^\\{[^{}]+\\}$"},
]
RoleOrClaim = Annotated[Role | Template, Parsed(identities.role, anyOf=_ROLES)]


class OidcSection(Section):
    """The tokens of an OpenID Connect issuer that are a client's: those of CI jobs, for example."""

    issuer: Issuer
    """The issuer, exactly as its tokens have it as iss."""
    audience: Audience
    """For whom tokens must be, and for nobody else."""
    claims: Annotated[dict[str, ClaimPatterns], Empty] = {}
    """What the claims of a token must be, all of them: a value, a shell pattern, or a list of these; needed."""
    ca_file: PathText | None = None
    """Certificates (PEM) to trust for the issuer in place of the system's; relative to this file's folder."""


class ClientSection(Section):
    """Who may call the API."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["token_sha256"]}, {"required": ["oidc"]}]})

    name: ClientName
    """What the record calls the client."""
    token_sha256: Digest | None = None
    """The SHA-256 of its token, as `ppa-assigner token` prints it."""
    oidc: OidcSection | None = None
    """In place of that: tokens of an issuer by which it is known.  Of several clients the first that fits counts."""
    owner: OfClaims | None = None
    """With oidc: whose its leases are, made of claims: {repository}/runs/{run_id}; null: it says so itself."""
    request: RequestOfClaims | None = None
    """With oidc: how its request ids begin, made of claims that tell jobs apart; null: it chooses them."""
    role: RoleOrClaim = Role.CLIENT
    """An operator may act on every PPA; with oidc also the claim that says it, in braces."""
    owners: Annotated[list[Glob], EmptyList] = []
    """Shell patterns of the owners whose leases it may end and touch besides its own."""
    promote_to: PpaGlobs = []
    """Shell patterns of the PPAs, like ~acme/ubuntu/*, to which it may have packages of its leases copied."""
    max_priority: int = Field(default=0, ge=0, le=HIGHEST_PRIORITY)
    """The highest priority that it may ask with."""
    max_leases: Many | None = None
    """How many PPAs it may have at once; null: as many as there are."""
    max_waiting: Many | None = None
    """How many of its requests may wait at once; null: as many as come."""
