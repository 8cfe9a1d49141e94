"""HTML from small pieces.

Invariant: what is not `Html` is text of somebody and is escaped; only this module makes `Html`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

_LINK = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?", re.IGNORECASE)


class Html(str):
    """Text that is markup, and is not escaped again."""

    __slots__ = ()


def element(name: str, *children: str | None, **attributes: str | int | None) -> Html:
    """An element.  None as a child or attribute is left out; `class_` is `class`, `data_x` is `data-x`."""
    shown = "".join(f' {_name(key)}="{escape(str(value))}"' for key, value in attributes.items() if value is not None)
    return Html(f"<{name}{shown}>{join(children)}</{name}>")


def join(children: Iterable[str | None]) -> Html:
    """Children joined one after the other, escaped unless they are markup."""
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children if child is not None))


def linked(text: str) -> Html:
    """A text of somebody, on its own in its direction; a link if it is an address of the web and nothing else.  An
    address that names a user before its host is not linked: it looks like another host's.
    """
    shown = element("bdi", text)
    return element("a", shown, href=text, rel="noopener noreferrer") if _LINK.fullmatch(text) else shown


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
