"""The page at `/`: the template with the data in it, or bare.

Rule: where `/v1/ppas` needs a token, the page is bare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from string import Template
from typing import Any

from ... import __version__
from ...documents import Event, Pool, Ppa, WaitingRequest
from . import rows, words
from .html import Child, Element, Html, element, join
from .static import DIGEST, TEXTS

Facts = Mapping[str, Any]
"""A PPA's document, or what the script knows of it (`rows.facts`)."""
LATELY = 30
"""How many events are shown."""
WAITING = 20
"""Of those who wait, how many are shown."""
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
    pools: Sequence[Pool],
    ppas: Sequence[Ppa],
    events: Iterable[Event],
    line: Sequence[WaitingRequest],
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
        trouble=trouble,
        quiet="" if trouble else Html(" hidden"),
        alike=alike(ppas),
        count=str(len(ppas)),
        pools=rows.rows(pool_rows(pools, ppas, now)),
        ppas=rows.rows(rows.ppa(each, now, root) for each in ppas),
        events=rows.rows(lately(events, now)),
        waiting=join(waiting(line, now)),
        links=join(element("li", element("a", text, href=path)) for path, text in _API),
    )


def pool_rows(pools: Iterable[Pool], ppas: Iterable[Facts], now: datetime | None) -> list[Element]:
    """The rows of the pools; of the PPAs, their pools and when their leases end are looked at."""
    ends: dict[str, str] = {}
    for each in ppas:
        if each["ends"]:
            ends[each["pool"]] = min(each["ends"], ends.get(each["pool"], each["ends"]))
    return [rows.pool(view, ends.get(view["pool"]), now) for view in pools]


def lately(events: Iterable[Event], now: datetime | None) -> list[Element]:
    """What happened, the newest first."""
    shown = [line for happened in events if (line := rows.event(happened, now)) is not None]
    return shown[: -LATELY - 1 : -1]


def waiting(line: Sequence[WaitingRequest], now: datetime | None) -> list[Element]:
    """Who waits, in the order in which they are served; of many the first ones, and how many more there are."""
    shown = [rows.waits(one, now) for one in line[:WAITING]]
    more = len(line) - len(shown)
    return [*shown, element("li", f"and {more} more")] if more else shown


def alike(ppas: Sequence[Facts]) -> str:
    """The classes of a table in which all have the same pool or path: what is the same for all needs no room."""
    pools, paths = {each["pool"] for each in ppas}, {words.split(each["ppa"])[0] for each in ppas}
    return " ".join(name for name, found in (("one-pool", pools), ("one-path", paths)) if len(found) <= 1)


def _chips() -> Iterator[Element]:
    """The buttons by which the script filters.  Those of a trouble are shown only while a PPA has it."""
    for name in ("all", *words.STATES, "trouble", *words.CONDITIONS):
        mark = element("span", class_="mark", aria_hidden="true") if name not in ("all", "trouble") else None
        rare = "" if name not in ("all", *words.STATES) else None
        count = element("span", "0", class_="count")
        yield element("button", mark, f"{name} ", count, type="button", class_=f"chip {name}", aria_pressed="false",
                      data_show=name, data_rare=rare)  # fmt: skip


def _page(**parts: Child) -> str:
    """Absent parts are empty.  What is not markup is escaped here."""
    names = ("access", "refresh", "told", "trouble", "alike", "count", "pools", "ppas", "events", "waiting", "links",
             "hidden")  # fmt: skip
    values = {
        **dict.fromkeys(names, ""),
        "quiet": Html(" hidden"),
        "version": __version__,
        "files": DIGEST,
        "chips": join(_chips()),
        **parts,
    }
    return _TEMPLATE.substitute({name: join([value]) for name, value in values.items()})
