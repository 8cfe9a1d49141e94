"""The API's values in words: how long something takes, when it is, what a condition means.

Rule: the forms of a time are in `static/words.js` too, where they go on by themselves; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ...documents import LaunchpadStatus, Ppa

MINUTE, HOUR, DAY = 60, 3600, 86400
SOON_S = 15 * MINUTE
"""A lease with less time left is marked."""
UNLESS_TOUCHED = "unless touched"
"""Shown with the time that a lease has left, if the lease ends because nobody touches it."""
STATES = ("free", "used", "dirty", "discarded")
CONDITIONS = ("quarantined", "duplicate", "unreachable", "missing", "disabled", "unreadable", "unmanaged")
"""All but `ok`, in the order in which a person should look at them."""
MEANT = {
    "unmanaged": "packages of somebody, and no record; never touched before `ppa-assigner adopt`",
    "unreadable": "its record is not understood; hands off until `ppa-assigner adopt`",
    "missing": "gone or deleted; after a minute for good, which ends its lease",
    "unreachable": "Launchpad does not answer, or does not let us at it",
    "disabled": "disabled on Launchpad: neither lent nor cleaned until it is enabled on its +edit page",
    "duplicate": "another PPA is lent under the same request",
}
"""What a person must know about a PPA's condition, shown where no fault or reason says more."""


def span(seconds: float) -> str:
    """Return a duration in its two largest units, like `3 h 12 min`; seconds are shown only below one minute."""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    units = (whole // HOUR, "h", whole % HOUR // MINUTE, "min")
    if whole >= DAY:
        units = (whole // DAY, "d", whole % DAY // HOUR, "h")
    count, unit, more, smaller = units
    return f"{count} {unit} {more} {smaller}" if more else f"{count} {unit}"


FORMS: Mapping[str, Callable[[float], str]] = {
    "span": span,
    "ago": lambda since: f"{span(since)} ago",
    "in": lambda since: f"in {span(-since)}",
    "left": lambda since: f"{span(-since)} left" if -since >= 1 else "ends now",
}
"""How a time is told of which `since` seconds have passed: how old it is, when it was, when it will be, or how long it
is until a lease ends."""


def moment(text: str) -> datetime:
    """Return the time that a text of the API stands for."""
    return datetime.fromisoformat(text)


def exact(text: str) -> str:
    """Return a time of the API in a form for people: `2026-11-25 03:14:12 UTC`."""
    return text.replace("T", " ").replace("Z", " UTC")


def banner(unready: str | None, launchpad: LaunchpadStatus) -> str:
    """Return what stands at the top of the page when PPAs cannot be lent; empty when they can."""
    if unready:
        return f"Nothing can be lent yet: {unready}"
    if launchpad["ok"]:
        return ""
    since = exact(launchpad["since"])
    return f"Launchpad is away since {since}, and nothing is lent or cleaned meanwhile: {launchpad['why']}"


def trouble(ppa: Ppa) -> bool:
    """Return whether a person should look at this PPA."""
    return ppa["condition"] != "ok"


def rank(ppa: Ppa) -> int:
    """Return the place of a PPA in the order by state: what a person should look at first, what is free last."""
    return (*CONDITIONS, "used", "dirty", "free", "discarded", None).index(
        ppa["condition"] if trouble(ppa) else ppa["state"]
    )


def split(reference: str) -> tuple[str, str]:
    """Split a reference into what all PPAs of an owner share and the name: `~ci-pool/ubuntu/`, `pool-001`."""
    path, slash, name = reference.rpartition("/")
    return path + slash, name
