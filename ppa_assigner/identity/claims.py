"""Claims of a token: finding one by its name, and comparing it with what the configuration asks for.

Rule: a claim that is absent, or is neither a text, a number, a truth value nor a list of these, matches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

Claims = Mapping[str, object]


class ClaimError(Exception):
    """A claim is not as it must be; `claim` is its name.  The text has no value of a token."""

    def __init__(self, claim: str, what: str) -> None:
        super().__init__(f"its claim {claim} {what}")
        self.claim = claim


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """What a claim must be: one of these values, or of what matches these shell patterns; of a list, an element."""

    name: str
    patterns: tuple[str, ...]

    def fits(self, claims: Claims) -> bool:
        """Return whether the claim is there and is one of them."""
        return any(fnmatchcase(text, pattern) for text in texts_of(claims, self.name) for pattern in self.patterns)


def texts_of(claims: Claims, name: str) -> tuple[str, ...]:
    """The claim of this name as texts: one, or those of a list; none where it is absent or something else.

    A name with `/` may be a path to a member of a claim (`kubernetes.io/pod/uid`).
    """
    value = _found(claims, name)
    return tuple(text for each in (value if isinstance(value, list) else [value]) if (text := _text(each)) is not None)


def _found(claims: Claims, name: str) -> object:
    """The claim that has the whole name, else the member of one whose name is the beginning of it."""
    if name in claims:
        return claims[name]
    for position in (index for index, letter in enumerate(name) if letter == "/"):
        inner = claims.get(name[:position])
        if isinstance(inner, dict) and (found := _found(inner, name[position + 1 :])) is not None:
            return found
    return None


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None
