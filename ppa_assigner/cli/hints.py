"""What is said of an error beside its own words: what a person can set about it, or how the pool stands.

Rule: it is added on the same line; what went wrong is the error's own to say.
"""

from __future__ import annotations

from ..client.errors import AssignerError, Obstacle, Unavailable

_BY_OBSTACLE = {
    Obstacle.NOBODY: "is the daemon running there?  --url or PPA_ASSIGNER_URL says where it is",
    Obstacle.CERTIFICATE: "--ca-file or PPA_ASSIGNER_CA names a file with the certificates to trust",
}
_BY_SLUG = {
    "unauthorized": "PPA_ASSIGNER_TOKEN, or --token-file with a file that has it, gives the token, --oidc a CI job's",
}


def with_hint(error: AssignerError) -> str:
    """The error's line, and what to set where that helps; where none is free, counts, place and the earliest end."""
    if error.slug == "none-free":
        from .waiting import standing

        told = standing(error.problem)
        return f"{error} ({told})" if told else str(error)
    hint = _BY_SLUG.get(error.slug or "")
    if isinstance(error, Unavailable) and error.obstacle is not None:
        hint = _BY_OBSTACLE[error.obstacle]
    return str(error) if hint is None else f"{error}; {hint}"
