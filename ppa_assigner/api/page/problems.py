"""What the `type` of a problem leads to: a page for people, or the same as JSON, made of `ppa_assigner.problems`.

Rule: no data of the pool, so no token is needed; no text of a request but a slug that is known is shown.
"""

from __future__ import annotations

from typing import Any

from ...client.errors import exit_code_of
from ...problems import EXPLANATIONS, Kind
from .. import errors
from .html import Child, Element, Html, element, join

HTML, JSON = "text/html", "application/json"
INDEX = "/problems"
_HEAD = Html(
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark"><link rel="icon" href="/static/icon.svg" type="image/svg+xml">'
    '<link rel="stylesheet" href="/static/page.css">'
)


def explanation(kind: Kind) -> dict[str, Any]:
    """A kind of problem for programs."""
    shape, told = errors.SHAPES[kind], EXPLANATIONS[kind]
    return {
        "type": errors.type_of(kind),
        "title": told.title,
        "status": shape.status,
        "exit_code": exit_code_of(kind.value),
        "retry": shape.again,
        "meaning": told.meaning,
        "action": told.action,
    }


def explained(kind: Kind, *, open_to_all: bool) -> str:
    """A kind of problem for people.  `open_to_all`: calls need no token, nor does /docs."""
    shape, told = errors.SHAPES[kind], EXPLANATIONS[kind]
    facts: list[tuple[str, Child]] = [
        ("Slug", element("code", kind.value)),
        ("HTTP status", f"{shape.status}{', with Retry-After' if shape.again else ''}"),
        ("Exit code", str(exit_code_of(kind.value))),
    ]
    return _page(
        told.title,
        _section("What it means", _text(told.meaning)),
        _section("What to do", _text(told.action)),
        element("dl", *(join([element("dt", name), element("dd", value)]) for name, value in facts)),
        open_to_all=open_to_all,
    )


def listed(*, open_to_all: bool) -> str:
    """All kinds, each with a link."""
    kinds = (
        element("li", element("a", element("code", kind.value), href=errors.type_of(kind)), f": {told.title}")
        for kind, told in EXPLANATIONS.items()
    )
    return _page("Problems", element("ul", *kinds), open_to_all=open_to_all)


def unknown(*, open_to_all: bool) -> str:
    """For a slug that no problem has."""
    text = element("p", "The daemon answers no problem of this type.")
    return _page("There is no such problem", text, open_to_all=open_to_all)


def prefers_json(accept: str) -> bool:
    """Whether the header Accept likes JSON better than HTML.  People who say nothing, or anything, get HTML."""
    likes = dict(map(_liked, accept.split(","))) if accept.strip() else {}
    rest = likes.get("*/*", 0.0)
    html = likes.get(HTML, likes.get("text/*", rest))
    json = max(likes.get(name, likes.get("application/*", rest)) for name in (JSON, errors.MEDIA_TYPE))
    return json > html


def _liked(text: str) -> tuple[str, float]:
    """A media range and its quality; 0 for one that cannot be read."""
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return media, min(1.0, max(0.0, float(quality)))
    except ValueError:
        return media, 0.0


def _page(title: str, *content: Element, open_to_all: bool) -> str:
    """A browser sends no token: it is led only to what needs none."""
    links = [("/", "Status"), (INDEX, "All problems"), *([("/docs", "How to call the API")] if open_to_all else [])]
    shown = element(
        "body",
        element("header", element("h1", title)),
        element("main", *content),
        element("footer", element("ul", *(element("li", element("a", text, href=path)) for path, text in links))),
    )
    head = element("head", _HEAD, element("title", f"{title} · PPA assigner"))
    return f"<!doctype html>{element('html', head, shown, lang='en')}"


def _section(title: str, text: Html) -> Element:
    return element("section", element("h2", title), element("p", text))


def _text(text: str) -> Html:
    """What is between backticks is code."""
    parts = enumerate(text.split("`"))
    return join(element("code", part) if number % 2 else part for number, part in parts)
