"""What the rows of PPAs, leases, pools and those who wait say.

Rule: times are ages and what is left, for people; a condition that is not `ok` is said first of all remarks.  Who needs
a time stamp or all members asks for JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..times import age, local_time
from . import output
from .options import StateName
from .rows import Column, Give, Item, lines

STATES = tuple(state for state in StateName if state is not StateName.DISCARDED)
"""Those with a column of their own."""


def show_ppas(items: Sequence[Item]) -> None:
    """Print rows of PPAs, no longer than the terminal is wide."""
    for text in ppa_rows(items):
        output.line(text)


def ppa_rows(items: Sequence[Item], *, wide: bool = False, pools: bool = False) -> list[str]:
    """Rows of PPAs.  `wide`: with all columns, of any length; `pools`: with the pool of each in any case."""
    return _rows(items, _WIDE_PPAS if wide else _PPAS, wide, pools)


def lease_rows(items: Sequence[Item], *, wide: bool = False, pools: bool = False) -> list[str]:
    """Rows of leases."""
    return _rows(items, _WIDE_LEASES if wide else _LEASES, wide, pools)


def line_rows(items: Sequence[Item], *, wide: bool = False, pools: bool = False) -> list[str]:
    """Rows of those who wait."""
    return _rows(items, _LINE, wide, pools)


def pool_rows(items: Sequence[Item], *, wide: bool = False, pools: bool = True) -> list[str]:
    """Rows of pools."""
    return _rows(items, _POOLS, wide, pools)


def _rows(items: Sequence[Item], columns: Sequence[Column], wide: bool, pools: bool) -> list[str]:
    shown = [column for column in columns if wide or pools or column.head != _POOL.head]
    return lines(items, shown, datetime.now(UTC), None if wide else output.terminal_width())


# -- what a cell says ---------------------------------------------------------------------------------------------


def time_of(text: object) -> datetime | None:
    """The time that a document says, None if it says none."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def since(member: str) -> Callable[[Item, datetime], str | None]:
    """How long ago the time was that this member says."""

    def cell(item: Item, now: datetime) -> str | None:
        moment = time_of(item.get(member))
        return None if moment is None else age((now - moment).total_seconds())

    return cell


def left(item: Item, now: datetime) -> str | None:
    """How long a lease goes on if nobody touches it; `idle` where it is silence that ends it."""
    end = time_of(item.get("ends") or item.get("until"))
    if end is None or item.get("state") != "used":
        return None
    return age((end - now).total_seconds()) + (" idle" if item.get("ends_by") == "idle" else "")


def ending(item: Item, now: datetime) -> str | None:
    """When a lease ends if nobody touches it: in how long, and at which time here."""
    end, remaining = item.get("ends") or item.get("until"), left(item, now)
    if remaining is None:
        return None
    silent = item.get("ends_by") == "idle"
    return f"in {remaining.removesuffix(' idle')}, {local_time(end)}" + (", unless it is touched" if silent else "")


def cleaning(item: Item, _: datetime | None = None) -> str | None:
    """How far a clean is: how many are deleted of how many.  None in quarantine, where nothing is done."""
    found = item.get("cleaning")
    if not found or item.get("condition") == "quarantined":
        return None
    step, count = found.get("step"), found.get("found")
    return f"{step} {found.get('deleted')}/{count}" if count else str(step)


def condition(item: Item, now: datetime) -> str | None:
    """The condition, with its reason; None where all is well."""
    said, seen = item.get("condition"), since("seen")(item, now)
    if said in (None, "ok"):
        return None
    if said == "unreachable" and seen is not None:
        said = f"{said}, seen {seen} ago"
    reason = item.get("quarantined") or (None if item.get("tries") else item.get("fault"))
    return f"{said}: {reason}" if reason else str(said)


def labels(item: Item, _: datetime | None = None) -> str | None:
    """The labels, as a selector would ask for them."""
    found = item.get("labels")
    return ",".join(f"{key}={value}" if value else key for key, value in sorted(found.items())) if found else None


def trouble(item: Item, said: str | None) -> str | None:
    """What went wrong, and how often, unless it was said as the reason of a condition."""
    fault, tries = item.get("fault"), item.get("tries")
    if not fault or (said is not None and said.endswith(f": {fault}")):
        return None
    return f"{tries} {'try' if tries == 1 else 'tries'} failed: {fault}" if tries else str(fault)


def _remark(item: Item, now: datetime) -> str:
    said = condition(item, now)
    return _joined(said, _kept(item, said), cleaning(item), trouble(item, said), item.get("note"))


def _wide_remark(item: Item, _: datetime) -> str:
    return _joined(_kept(item, None), trouble(item, None), item.get("note"))


def _kept(item: Item, said: str | None) -> str | None:
    """That it is in quarantine, or will be when its lease ends, unless that was said already."""
    return f"quarantined: {item['quarantined']}" if item.get("quarantined") and said is None else None


def _joined(*parts: str | None) -> str:
    return "; ".join(part for part in parts if part)


def _member(name: str) -> Callable[[Item, datetime], object]:
    return lambda item, _: item.get(name)


def _count(kind: str, name: str) -> Callable[[Item, datetime], object]:
    return lambda item, _: _counts(item, kind).get(name)


def _counts(item: Item, kind: str) -> Mapping[str, Any]:
    counts = item.get("counts")
    found = counts.get(kind) if isinstance(counts, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _all(item: Item, _: datetime) -> int:
    return sum(_counts(item, "condition").values())


def _wanted(item: Item, _: datetime) -> int:
    return sum(each.get("count", 1) for each in item.get("want") or ())


def _oldest(item: Item, _: datetime) -> str | None:
    waited = item.get("oldest_wait")
    return None if waited is None else age(waited)


def _others(item: Item, _: datetime) -> str:
    """What has no column of its own: conditions, what is discarded, and the states of a newer daemon."""
    states = {name: count for name, count in _counts(item, "state").items() if name not in STATES}
    conditions = {name: count for name, count in _counts(item, "condition").items() if name != "ok"}
    return ", ".join(f"{count} {name}" for name, count in (states | conditions).items() if count)


_PPA = Column("PPA", _member("ppa"))
_POOL = Column("POOL", _member("pool"))
_STATE = Column("STATE", _member("state"))
_AGE = Column("AGE", since("since"))
_LEFT = Column("LEFT", left)
_OWNER = Column("OWNER", _member("owner"), Give.START)
_PPAS = (_PPA, _POOL, _STATE, _AGE, _LEFT, _OWNER, Column("REMARK", _remark, Give.END))
_WIDE_PPAS = (
    _PPA, _POOL, _STATE, Column("CONDITION", _member("condition")), _AGE, _LEFT, _OWNER,
    Column("LEASE", _member("lease")), Column("CLEANING", cleaning), Column("SEEN", since("seen")),
    Column("LABELS", labels),
    Column("REMARK", _wide_remark, Give.END),
)  # fmt: skip
_LEASE = Column("LEASE", _member("id"))
_LEASES = (_LEASE, _PPA, _POOL._replace(give=Give.WHOLE), _AGE._replace(give=Give.WHOLE), _LEFT, _OWNER)
_WIDE_LEASES = (
    _LEASE, _PPA, _POOL, _AGE, Column("TOUCHED", since("touched")), _LEFT, _OWNER,
    Column("BY", _member("by")), Column("REQUEST", _member("request_id")), Column("UPLOADER", _member("uploader")),
    Column("NOTE", _member("note"), Give.END),
)  # fmt: skip
_LINE = (
    Column("PLACE", _member("position")), Column("REQUEST", _member("request_id")), _POOL, _OWNER,
    Column("PPAS", _wanted), Column("PRIORITY", _member("priority")), Column("WAITS", since("since")),
    Column("WHY", _member("why"), Give.END),
)  # fmt: skip
_POOLS = (
    _POOL, Column("PPAS", _all), *(Column(state.value.upper(), _count("state", state.value)) for state in STATES),
    Column("WAITING", _member("waiting")), Column("OLDEST", _oldest), Column("REMARK", _others, Give.END),
)  # fmt: skip
