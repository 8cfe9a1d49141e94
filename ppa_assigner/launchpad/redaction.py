"""Texts from outside (Launchpad, its front ends, proxies, libraries) made fit for logs, records and people.

Rule: every such text passes here before it is shown: one short line, without keys of tokens, passwords, or the
representations of objects in memory.  Nothing here knows HTTP.
"""

from __future__ import annotations

import re
from urllib.parse import quote

LONGEST = 300
HIDDEN = "..."
"""Replaces a secret."""
_SHORTEST = 6  # anything shorter is not a secret, and may be part of any word
_CURE = "run `ppa-assigner login` and restart the daemon with the new credentials"

# Objects as Python writes them, the innermost first: <Archive>, <Person at 0x7f… ann (Ann)>, <lp.x.Y object at 0x7f…>.
_OBJECT = re.compile(r"<[A-Za-z_/!][^<>]*(?:>|$)")
_AN_OBJECT = "an object"
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+\b")
# zope's ways to say that a permission is lacking: (<object>, 'createPPA', 'launchpad.Edit'), ('x', <object>).
_PERMISSION = re.compile(r"\(\s*an object\s*,\s*u?'(?P<name>\w+)'\s*,\s*u?'(?P<needed>[\w.]+)'\s*\)")
_ATTRIBUTE = re.compile(r"\(\s*(?:an object\s*,\s*)?u?'(?P<name>\w+)'(?:\s*,\s*an object)?\s*\)")
# "Expired token (KEY).", "Unknown consumer (KEY)." (docs/explanation/launchpad.md#refused-tokens)
_NAMED_KEY = re.compile(r"\b(token|consumer|nonce|signature)\s*\([^()]*(?:\)|$)", re.IGNORECASE)
_OAUTH = re.compile(r"(\boauth_\w+)(?:[\"']?\s*(?:=|:|%3D)\s*[\"']?)[^\"',&\s]*[\"']?", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"\b((?:proxy-)?authorization\W{1,4}\w+)\s+[^\s'\"]+", re.IGNORECASE)
_PASSWORD = re.compile(r"://[^/@\s]+@")
# The texts of a 401 that mean that the credentials are at fault, not what was asked for.
_CREDENTIALS = re.compile(
    r"Expired token|Invalid (token|signature|nonce)|Unknown (access token|consumer)|Inactive account", re.IGNORECASE
)


class Secrets:
    """Our keys and secrets, to be removed from texts that may repeat them."""

    def __init__(self, *secrets: str) -> None:
        found = {form for secret in secrets if len(secret) >= _SHORTEST for form in (secret, quote(secret, safe=""))}
        self._found = re.compile("|".join(map(re.escape, sorted(found, key=len, reverse=True)))) if found else None

    def out_of(self, text: str) -> str:
        """The text without the secrets."""
        return text if self._found is None else self._found.sub(HIDDEN, text)

    def out_of_bytes(self, data: bytes) -> bytes:
        """The data, which may not be text, without the secrets."""
        return data if self._found is None else self.out_of(data.decode("latin-1")).encode("latin-1")


def redact(text: str) -> str:
    """The text without anything that looks like a key, a password or an object; a lacking permission in words."""
    text = _NAMED_KEY.sub(r"\1", text)
    text = _PASSWORD.sub("://", _AUTHORIZATION.sub(rf"\1 {HIDDEN}", _OAUTH.sub(rf"\1={HIDDEN}", text)))
    text = _without_objects(text)
    text = _PERMISSION.sub(r"- \g<name> needs \g<needed>, which our account lacks: see `ppa-assigner doctor`", text)
    return _ATTRIBUTE.sub(r"- \g<name> is not for our account", text)


def _without_objects(text: str) -> str:
    while (less := _OBJECT.sub(_AN_OBJECT, text)) != text:
        text = less
    return _ADDRESS.sub("", text)


def one_line(text: str) -> str:
    """The text for logs and people: redacted, printable, short, without line breaks."""
    seen = text[: 8 * LONGEST]
    line = redact(" ".join("".join(char if char.isprintable() else " " for char in seen).split()))
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def credentials_refusal(text: str) -> str | None:
    """What to tell people if this text of a 401 refuses the credentials; else None."""
    found = _CREDENTIALS.match(text)
    return None if found is None else f"Launchpad refuses our credentials: {found.group()}; {_CURE}"
