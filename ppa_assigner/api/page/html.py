"""Elements as data: HTML for a page, or JSON from which the page's script makes the same elements.

Invariant: what is not an `Element` or `Html` is text of somebody: it is escaped, and a script makes text nodes of it.
Only this module makes `Html`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from html import escape
from typing import Any, NamedTuple

_LINK = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?", re.IGNORECASE)


class Html(str):
    """Text that is markup, and is not escaped again."""

    __slots__ = ()


class Element(NamedTuple):
    """An element.  As JSON it is `[name, attributes, children]`, and a child is an element or a text."""

    name: str
    attributes: dict[str, str]
    children: list[Any]

    def __str__(self) -> str:
        shown = "".join([f' {key}="{escape(value)}"' for key, value in self.attributes.items()])
        return f"<{self.name}{shown}>{''.join(map(_markup, self.children))}</{self.name}>"


Child = Element | str | None


def element(name: str, *children: Child, **attributes: str | int | None) -> Element:
    """An element.  None as a child or attribute is left out; `class_` is `class`, `data_x` is `data-x`."""
    shown = {_name(key): str(value) for key, value in attributes.items() if value is not None}
    return Element(name, shown, [child for child in children if child is not None])


def join(children: Iterable[Child]) -> Html:
    """Children joined one after the other as HTML, escaped unless they are markup."""
    return Html("".join([_markup(child) for child in children if child is not None]))


def _markup(child: Element | str) -> str:
    return str(child) if isinstance(child, Element | Html) else escape(child)


def linked(text: str) -> Element:
    """A text of somebody, on its own in its direction; a link if it is an address of the web and nothing else.  An
    address that names a user before its host is not linked: it looks like another host's.
    """
    shown = element("bdi", text)
    return element("a", shown, href=text, rel="noopener noreferrer") if _LINK.fullmatch(text) else shown


@cache
def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
