"""The address of a call below the daemon's: its path and query.

Rule: a text that no address can carry is a mistake of who gave it, told before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from ..reference import Reference
from .errors import UsageError


def segment(text: str) -> str:
    """A part of a path, whatever it has in it.  Raises UsageError."""
    if text in ("", ".", ".."):
        raise UsageError(f"{text!r} names nothing")
    return quote(_carried(text), safe="~")


def ppa_path(reference: str) -> str:
    """The path of a PPA in any form.  Raises UsageError."""
    try:
        return f"/v1/ppas/{Reference.parse(reference)}"
    except ValueError as error:
        raise UsageError(str(error)) from None


def query(facts: Iterable[tuple[str, str | None]]) -> str:
    """The query with its question mark, without the facts that are None; empty where there are no others.  Raises
    UsageError.
    """
    given = [(name, _carried(value)) for name, value in facts if value is not None]
    return f"?{urlencode(given)}" if given else ""


def _carried(text: str) -> str:
    """The text, which is one that UTF-8 can say: no file name or argument in another encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{text!r} is not text in UTF-8") from None
    return text
