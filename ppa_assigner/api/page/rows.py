"""Pools, PPAs, events and who waits as the page shows them, made of the API's documents: in HTML, and for its script.

Rule: nothing else makes rows.  `now` is None for the script, which tells times itself: so a row is the same until its
document changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ...documents import Cleaning, Event, Pool, Ppa, WaitingRequest, WantedPpas
from ...labels import TOLD
from . import words
from .html import Child, Element, Html, element, linked

ACTS = {"release": "Release", "hold": "Hold", "quarantine": "Quarantine", "resume": "Resume"}
FACTS = ("ppa", "pool", "state", "condition", "owner", "lease", "since", "ends", "ends_by", "note", "fault",
         "quarantined", "labels")  # fmt: skip
"""What the script knows of a PPA: by what it filters and sorts, and what its questions name."""


def pool(view: Pool, end: str | None, now: datetime | None) -> Element:
    """Return a row of the table of pools; `end` is when the first of the pool's leases ends."""
    state, condition = view["counts"]["state"], view["counts"]["condition"]
    trouble = sum(count for name, count in condition.items() if name != "ok")
    return element(
        "tr",
        element("th", element("bdi", view["pool"]), bar(state), scope="row", role="rowheader", class_="pool-name"),
        *(_count(name, state.get(name, 0)) for name in words.STATES),
        _count("trouble", trouble),
        element("td", *_line(view, end, now), role="cell", class_="line"),
        role="row", data_pool=view["pool"],
    )  # fmt: skip


def bar(state: Mapping[str, int]) -> Element:
    """Return a bar that shows which part of a pool's PPAs is in which state; the numbers beside it say the same."""
    total, parts, start = sum(state.get(name, 0) for name in words.STATES) or 1, [], 0.0
    for name in words.STATES:
        width = 100 * state.get(name, 0) / total
        parts.append(element("rect", class_=name, x=f"{start:.2f}%", width=f"{width:.2f}%", height="100%"))
        start += width
    return element("svg", *parts, class_="bar", aria_hidden="true")


def ppa(shown: Ppa, now: datetime | None, root: str) -> Element:
    """Return a row of the table of PPAs; `root` is the address below which Launchpad's pages are."""
    return element(
        "tr",
        element("th", *_name(shown, root), scope="row", role="rowheader", class_="name"),
        element("td", element("bdi", shown["pool"]), role="cell", class_="pool"),
        element("td", *_chips(shown), role="cell", class_="state"),
        element("td", *_owner(shown), role="cell", class_="owner"),
        element("td", *_age(shown, now), role="cell", class_="age"),
        element("td", *_left(shown, now), role="cell", class_="left"),
        element("td", *_doing(shown, now), role="cell", class_="doing"),
        element("td", *_acts(shown), role="cell", class_="acts") if now is None else None,
        role="row", data_ppa=shown["ppa"],
    )  # fmt: skip


def facts(shown: Ppa) -> dict[str, Any]:
    """Return what the script knows of a PPA: `FACTS`, and its place in the order by state."""
    return {**{name: member for name, member in shown.items() if name in FACTS}, "rank": words.rank(shown)}


def event(happened: Event, now: datetime | None) -> Element | None:
    """Return an entry of the list of last events.

    None for an event that only tells progress, or that tells what the daemon found when it started.
    """
    kind, data = happened["kind"], happened["data"]
    if not (kind == "alarm" or (kind == "transition" and data["from"] is not None)):
        return None
    name = words.split(happened["ppa"])[1]
    said: list[Child] = [_time(happened["at"], "ago", now), " ", element("b", name), " "]
    if kind == "alarm":
        text = str(data.get("text", "")).removeprefix(f"{happened['ppa']}: ")
        return element("li", *said, element("bdi", text), class_="fault", data_of=happened["ppa"])
    return element("li", *said, *_moved(data), data_of=happened["ppa"])


def waits(shown: WaitingRequest, now: datetime | None) -> Element:
    """Return an entry of the list of those who wait: at which place of which pool, since when, for what, and why."""
    wanted = [_wanted(want) for want in shown["want"]]
    several = f", for {', '.join(wanted)}" if wanted != [f"1 of {shown['pool']}"] else ""
    first = f", priority {shown['priority']}" if shown["priority"] else ""
    return element(
        "li",
        _time(shown["since"], "span", now), " ", element("b", f"{shown['position']} in "),
        element("b", element("bdi", shown["pool"])), " ", linked(shown["owner"]), first,
        element("bdi", several), ": ", element("bdi", shown["why"]),
    )  # fmt: skip


def _wanted(want: WantedPpas) -> str:
    return f"{want['count']} of {want['pool']}" + (f" ({want['select']})" if want.get("select") else "")


def _moved(data: Mapping[str, Any]) -> Iterator[Child]:
    yield chip(data["to"] or "missing")  # the PPA is gone, and its record with it
    yield f" {data['why']}"
    if data.get("owner"):
        yield ": " if data["to"] == "used" else "; was: "
        yield linked(data["owner"])


def chip(name: str) -> Element:
    """Return a state or a condition as a word with a mark, which the style sheet gives its colour and shape."""
    mark = element("span", class_="mark", aria_hidden="true")
    return element("span", mark, name, class_=f"chip {name.replace(' ', '-')}")


def _count(name: str, count: int) -> Element:
    shown = element("span", str(count), " ", element("span", name, class_="unit"))
    return element("td", shown, role="cell", class_=f"number {name}{'' if count else ' none'}")


def _line(view: Pool, end: str | None, now: datetime | None) -> Iterator[Child]:
    if view["waiting"]:
        yield f"{view['waiting']} waiting, the first for {words.span(view['oldest_wait'] or 0)}"
    else:
        yield "nobody waits"
    if not view["counts"]["state"].get("free") and end is not None:
        yield "; next lease ends "
        yield _time(end, "in", now)


def _name(shown: Ppa, root: str) -> Iterator[Child]:
    path, name = words.split(shown["ppa"])
    owner, distribution = path.strip("~/").split("/")
    web = f"{root}~{owner}/+archive/{distribution}/{name}"
    said = element("span", path, class_="path"), element("b", name)
    yield element("a", *said, href=web, rel="noopener noreferrer", aria_label=shown["ppa"])
    given = [f"{key}={value}" if value else key for key, value in sorted(shown["labels"].items()) if _is_given(key)]
    if given:
        yield element("div", element("bdi", ", ".join(given)), class_="note")


def _is_given(key: str) -> bool:
    """Whether a label is of the configuration: what Launchpad tells is in the name or the same almost everywhere."""
    return not key.startswith(TOLD)


def _chips(shown: Ppa) -> Iterator[Child]:
    yield chip(shown["state"] or "no record")
    if words.trouble(shown):
        yield " "
        yield chip(shown["condition"])


def _owner(shown: Ppa) -> Iterator[Child]:
    if shown["owner"]:
        past = shown["state"] != "used"
        kind = "who past" if past else "who"
        end = element("span", linked(shown["owner"]), class_="tail")
        yield element("div", "was " if past else None, end, class_=kind, title=shown["owner"])
    if shown["note"]:
        yield element("div", element("bdi", shown["note"]), class_="note", title=shown["note"])


def _age(shown: Ppa, now: datetime | None) -> Iterator[Child]:
    if shown["since"]:
        yield _time(shown["since"], "span", now)


def _left(shown: Ppa, now: datetime | None) -> Iterator[Child]:
    if shown["ends"]:
        yield _time(shown["ends"], "left", now)
        if shown["ends_by"] == "idle":
            yield element("div", words.UNLESS_TOUCHED, class_="note")


def _doing(shown: Ppa, now: datetime | None) -> Iterator[Child]:
    if shown["quarantined"]:
        later = "in quarantine when the lease ends: " if shown["state"] == "used" else ""
        yield element("div", later, element("bdi", shown["quarantined"]), class_="reason")
    if shown["fault"] and not (shown["quarantined"] or "").endswith(shown["fault"]):
        tries = f"{shown['tries']} failed: " if shown["tries"] else ""
        yield element("div", tries, element("bdi", shown["fault"]), class_="fault")
    if shown["cleaning"]:
        yield element("div", *_cleaning(shown["cleaning"]))
    elif shown["condition"] in words.MEANT and not shown["fault"]:
        yield element("div", words.MEANT[shown["condition"]])
    if shown["condition"] == "unreachable" and shown["seen"]:
        yield element("div", "seen ", _time(shown["seen"], "ago", now))
    touched, since = shown["touched"], shown["since"]
    if shown["state"] == "used" and touched and since and touched > since:
        yield element("div", "touched ", _time(touched, "ago", now), class_="note")


def _cleaning(cleaning: Cleaning) -> Iterator[Child]:
    yield element("bdi", cleaning["step"])
    if cleaning["found"]:
        yield f", {cleaning['deleted']} of {cleaning['found']} gone "
    if cleaning["deleted"] < cleaning["found"]:
        yield element("progress", value=cleaning["deleted"], max=cleaning["found"], aria_label="deleted")


def _acts(shown: Ppa) -> Iterator[Child]:
    """What an operator can do with a PPA in this state."""
    for act in _possible(shown):
        label = f"{ACTS[act]} {words.split(shown['ppa'])[1]}"
        yield element("button", ACTS[act], type="button", class_="quiet", data_act=act, aria_label=label)


def _possible(shown: Ppa) -> Iterator[str]:
    if shown["state"] == "used" and shown["lease"]:
        yield from ("release", "hold")
    if shown["quarantined"] is not None:
        yield "resume"
    elif shown["state"] is not None:
        yield "quarantine"


def _time(at: str, form: str, now: datetime | None) -> Element:
    """Return a time; `data-form` tells the script in which of `words.FORMS` to keep it up to date."""
    told, soon = None, False
    if now is not None:
        since = (now - words.moment(at)).total_seconds()
        told, soon = words.FORMS[form](since), form == "left" and -since < words.SOON_S
    return element("time", told, datetime=at, title=words.exact(at), data_form=form, class_="soon" if soon else None)


def rows(shown: Iterable[Element | None]) -> Html:
    """Join the rows, each on a line of its own; None is left out."""
    return Html("".join(f"{row}\n" for row in shown if row is not None))
