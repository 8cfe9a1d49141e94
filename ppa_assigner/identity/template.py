"""Texts with the values of claims in them, like `{repository}/runs/{run_id}`.

Rule: what is made of two different sets of values is never the same text where that text tells jobs apart (`unique`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .claims import ClaimError, Claims, texts_of

_PART = re.compile(r"\{([^{}]+)\}|([^{}]+)")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
JOINT = "."
"""What joins the prefix that is made of claims and the client's own request id."""


@dataclass(frozen=True, slots=True)
class Template:
    """`text` has the name of a claim in each pair of braces.  Raises ValueError for a text that has none."""

    text: str

    def __post_init__(self) -> None:
        if "".join(match[0] for match in _PART.finditer(self.text)) != self.text or not self.names:
            raise ValueError("needs at least one claim in braces, like {run_id}, and no other braces")

    @property
    def names(self) -> tuple[str, ...]:
        """The claims that are in it."""
        return tuple(name for name, _ in self._parts() if name)

    @property
    def adjacent(self) -> bool:
        """Whether two claims stand side by side, so that nobody can tell where the one ends."""
        return "}{" in self.text

    @property
    def literals(self) -> str:
        """The text between the claims."""
        return "".join(literal for _, literal in self._parts())

    def filled(self, claims: Claims) -> str:
        """The text with the values.  Raises ClaimError for a claim that is absent or is not one value."""
        return "".join(_one(claims, name) if name else literal for name, literal in self._parts())

    def unique(self, claims: Claims) -> str:
        """Like `filled`, for a request id: also raises ClaimError for a value that a request id cannot have, or with a
        character of the text between the claims or JOINT, so that other values cannot make the same text.
        """
        ends = set(self.literals) | {JOINT}
        for name in self.names:
            value = _one(claims, name)
            if not _PLAIN.fullmatch(value) or ends & set(value):
                raise ClaimError(name, "cannot be part of a request id; one that is a number or a plain id can")
        return self.filled(claims)

    def _parts(self) -> Iterator[tuple[str, str]]:
        return ((match[1] or "", match[2] or "") for match in _PART.finditer(self.text))


def _one(claims: Claims, name: str) -> str:
    found = texts_of(claims, name)
    if len(found) != 1 or not found[0]:
        raise ClaimError(name, "is missing" if not found else "is not one value")
    return found[0]
