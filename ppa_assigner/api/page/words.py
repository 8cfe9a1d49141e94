"""Words for what the API says in values: how long, when, what a condition means.

Rule: `static/words.js` says the same; a test holds the two together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

MINUTE, HOUR, DAY = 60, 3600, 86400
SOON_S = 15 * MINUTE
"""A lease that ends so soon is marked."""
UNLESS_TOUCHED = "unless touched"
"""With a time that is left, where silence ends the lease."""
MEANT = {
    "unmanaged": "packages of somebody, and no record; never touched before `ppa-assigner adopt`",
    "unreadable": "its record is not understood; hands off until `ppa-assigner adopt`",
    "missing": "gone or deleted; after a minute for good, which ends its lease",
    "unreachable": "Launchpad does not answer, or does not let us at it",
    "disabled": "disabled on Launchpad: neither lent nor cleaned until it is enabled on its +edit page",
    "duplicate": "another PPA is lent under the same request",
}
"""What a person has to know of a condition, where no fault or reason says more."""


def span(seconds: float) -> str:
    """A time in its two largest units, in minutes from one minute on: `3 h 12 min`."""
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


def left(seconds: float) -> str:
    """How long until an end."""
    return f"{span(seconds)} left" if seconds >= 1 else "ends now"


def within(seconds: float) -> str:
    """When an end is."""
    return f"in {span(seconds)}"


def ago(seconds: float) -> str:
    """How long since something was."""
    return f"{span(seconds)} ago"


def moment(text: str) -> datetime:
    """The time that the API wrote."""
    return datetime.fromisoformat(text)


def exact(text: str) -> str:
    """A time of the API for people: `2026-11-25 03:14:12 UTC`."""
    return text.replace("T", " ").replace("Z", " UTC")


def banner(unready: str | None, launchpad: dict[str, Any]) -> str:
    """What everybody should know first; empty where there is nothing."""
    if unready:
        return f"Nothing can be lent yet: {unready}"
    if launchpad["ok"]:
        return ""
    since = exact(launchpad["since"])
    return f"Launchpad is away since {since}, and nothing is lent or cleaned meanwhile: {launchpad['why']}"


def trouble(ppa: dict[str, object]) -> bool:
    """Whether a person should look at this PPA."""
    return ppa["condition"] != "ok"


def split(reference: str) -> tuple[str, str]:
    """What all PPAs of an owner share, and the name: `~ci-pool/ubuntu/`, `pool-001`."""
    path, slash, name = reference.rpartition("/")
    return path + slash, name
