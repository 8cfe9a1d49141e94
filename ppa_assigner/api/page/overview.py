"""The page at `/`: the template with the data in it, or bare.

Rule: where `/v1/ppas` needs a token, the page is bare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from string import Template
from typing import Any

from ... import __version__
from . import rows, words
from .html import Html, element, join
from .static import TEXTS

Document = dict[str, Any]

LATELY = 30
"""How many events are shown."""
_TEMPLATE = Template(TEXTS["page.html"])
_REFRESH = Html('<noscript><meta http-equiv="refresh" content="30"></noscript>')
_WITHOUT_SCRIPT = "This page is reloaded every half minute. With JavaScript it is live, and can be filtered and sorted."
_BARE = (
    "This daemon lets in only those who have a token, and without JavaScript this page cannot send yours. "
    "In a terminal: "
)
_COMMAND = "ppa-assigner status --url ADDRESS --token-file FILE"
_API = (
    ("/docs", "How to call it"), ("/problems", "What an error means"), ("/openapi.json", "OpenAPI"),
    ("/readyz", "Ready?"), ("/metrics", "Metrics"),
)  # fmt: skip


def bare() -> str:
    """Without data: clients are configured, and this needs no token."""
    told = element("p", _BARE, element("code", _COMMAND))
    return _page(access="token", refresh="", told=told, hidden=Html(" hidden"))


def full(
    pools: Sequence[Document],
    ppas: Sequence[Document],
    events: Iterable[Document],
    *,
    trouble: str,
    root: str,
    now: datetime,
) -> str:
    """With all that is known, for everybody who reaches the daemon; `trouble` is what everybody should know first,
    `root` where Launchpad's pages are.
    """
    return _page(
        access="open",
        refresh=_REFRESH,
        told=element("p", _WITHOUT_SCRIPT),
        trouble=element("span", trouble) if trouble else "",
        quiet="" if trouble else Html(" hidden"),
        alike=_alike(ppas),
        count=str(len(ppas)),
        pools=rows.rows(rows.pool(view, _ends(ppas, view["pool"]), now) for view in pools),
        ppas=rows.rows(rows.ppa(each, now, root) for each in ppas),
        events=rows.rows(_lately(events, now)),
        links=join(element("li", element("a", text, href=path)) for path, text in _API),
    )


def _lately(events: Iterable[Document], now: datetime) -> list[Html]:
    """The newest first."""
    shown = [line for happened in events if (line := rows.event(happened, now)) is not None]
    return shown[: -LATELY - 1 : -1]


def _alike(ppas: Sequence[Document]) -> str:
    """What is the same for all needs no room in each row."""
    pools, paths = {each["pool"] for each in ppas}, {words.split(each["ppa"])[0] for each in ppas}
    return " ".join(name for name, found in (("one-pool", pools), ("one-path", paths)) if len(found) <= 1)


def _ends(ppas: Iterable[Document], pool: str) -> list[str]:
    return [each["ends"] for each in ppas if each["pool"] == pool and each["ends"]]


def _page(**parts: str) -> str:
    """Absent parts are empty.  What is no `Html` is escaped here."""
    names = ("access", "refresh", "told", "trouble", "alike", "count", "pools", "ppas", "events", "links", "hidden")
    values = {**dict.fromkeys(names, ""), "quiet": Html(" hidden"), "version": __version__, **parts}
    return _TEMPLATE.substitute({name: join([value]) for name, value in values.items()})
