"""Values of a configuration that say which tokens of an OIDC issuer are a client's, and what is made of their claims.

Rule: each function takes what YAML may hold and gives the value meant, or raises ValueError with one sentence for
people that says what to write.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ..access import Role
from ..identity import Template
from .parsers import check_brackets, enum_member, plain_text, quote_value

LONGEST_PATTERN = 256
MOST_PATTERNS = 100
_OF_REQUEST = re.compile(r"[A-Za-z0-9._-]*")
_ROLE = enum_member(Role)


def issuer(text: str) -> str:
    """The address of an issuer, exactly as its tokens have it."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or "@" in parts.netloc or parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise ValueError(f"{quote_value(text)} is not an issuer; write what its tokens have as iss, like https://…")
    return text


def audience(text: str) -> str:
    """For whom tokens must be."""
    if not 1 <= len(text) <= LONGEST_PATTERN or not text.isprintable():
        raise ValueError("an audience has 1 to 256 printable characters; write what the jobs ask tokens for")
    return text


def claim_patterns(value: object) -> tuple[str, ...]:
    """What a claim may be: a value, a shell pattern, or a list of these."""
    items = value if isinstance(value, list) else [value]
    if not 1 <= len(items) <= MOST_PATTERNS:
        raise ValueError(f"expects a value, a pattern like acme/*, or a list of 1 to {MOST_PATTERNS} of these")
    return tuple(_pattern(item) for item in items)


def _pattern(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value) if isinstance(value, int) else plain_text(value)
    if not 1 <= len(text) <= LONGEST_PATTERN:
        raise ValueError("the pattern of a claim has 1 to 256 characters, like acme/*")
    return check_brackets(text)


def template(text: str) -> Template:
    """A text with claims in braces."""
    try:
        return Template(text)
    except ValueError as error:
        raise ValueError(f"{quote_value(text)} {error}") from None


def request(text: str) -> Template:
    """How the request ids of a job begin, which no other job's may."""
    found = template(text)
    if not _OF_REQUEST.fullmatch(found.literals):
        raise ValueError(f"{quote_value(text)} has a character that no request id has; between claims write '.'")
    if found.adjacent:
        raise ValueError(f"{quote_value(text)} has claims side by side, so two jobs may look alike; write '.' there")
    return found


def role(value: object) -> Role | Template:
    """A role, or the claim that names it."""
    if isinstance(value, str) and value.startswith("{"):
        found = template(value)
        if len(found.names) != 1 or found.literals:
            raise ValueError(f"{quote_value(value)} is not one claim in braces, which says client or operator")
        return found
    return _ROLE(value)  # type: ignore[return-value]  # it is a member of Role
