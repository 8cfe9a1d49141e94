"""What happened to a PPA, as a short sentence: one line of `events` and `show`.

Rule: it says what a person asks: who got it, who gave it back and after how long, what a clean does, what went wrong.
What a newer daemon tells is shown as it came; what is not known is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..times import age, local_time
from .output import escaped
from .rows import Give, cells, shortened

if TYPE_CHECKING:
    from ..client import Event

_OWNER_LEAST = 8


class Sentence(NamedTuple):
    """Its parts: where it is too long, the owner in it gives way first."""

    before: str
    owner: str = ""
    after: str = ""

    def fitting(self, width: int | None) -> str:
        """The sentence, in so many cells of a terminal if a width is given."""
        before, owner, after = map(escaped, self)
        if width is None:
            return before + owner + after
        room = max(_OWNER_LEAST, width - cells(before) - cells(after))
        return shortened(before + shortened(owner, room, Give.START) + after, width)


def line_of(event: Event, width: int | None, *, ppa: bool = True) -> str:
    """A line of at most that width: when, by this host's clock and time zone, to which PPA, and what."""
    when = escaped(local_time(event.get("at")))
    place = f"{escaped(event.get('ppa', ''))}  " if ppa else ""
    begun = f"{when}  {place}"
    return begun + sentence(event).fitting(None if width is None else max(_OWNER_LEAST, width - cells(begun)))


def sentence(event: Mapping[str, Any]) -> Sentence:
    """What happened."""
    kind, data = str(event.get("kind")), event.get("data")
    facts = data if isinstance(data, Mapping) else {}
    if kind in _KINDS:
        return _KINDS[kind](facts)
    return Sentence(" ".join((kind, *(f"{key}={part}" for key, part in facts.items() if part is not None))))


# -- kinds --------------------------------------------------------------------------------------------------------


def _transition(data: Mapping[str, Any]) -> Sentence:
    before, after, owner = data.get("from"), data.get("to"), str(data.get("owner") or "somebody")
    if data.get("first"):
        return Sentence("first seen, used by ", owner) if after == "used" else Sentence(f"first seen, {after}")
    if after is None:
        return Sentence("gone for good, with the lease of ", owner) if before == "used" else Sentence("gone for good")
    if after == "used":
        return Sentence("lent to ", owner)
    if before == "used":
        begun, ended = _ENDS.get(str(data.get("why")), _ENDED)
        return Sentence(begun, owner, ended + _after(data))
    if after == "free":
        tries = data.get("tries")
        return Sentence(
            f"proved clean{_after(data)}" + (f", at try {tries + 1}" if isinstance(tries, int) and tries else "")
        )
    return Sentence(f"{after}: {data.get('why') or 'seen'}")


_ENDED = ("lease of ", " ended")
_ENDS = {
    "released": ("given back by ", ""),
    "expired": ("lease of ", " over"),
    "given up": ("lease of ", " given up"),
    "superseded": ("lease of ", " superseded"),
}


def _after(data: Mapping[str, Any]) -> str:
    lasted = data.get("lasted")
    return f" after {age(lasted)}" if isinstance(lasted, (int, float)) else ""


def _cleaning(data: Mapping[str, Any]) -> Sentence:
    count = f" {data.get('deleted')}/{data['found']}" if data.get("found") else ""
    return Sentence(f"cleaning: {data.get('step')}{count}")


def _failure(data: Mapping[str, Any]) -> Sentence:
    return Sentence(f"a clean failed, try {data.get('tries')}: {data.get('fault') or 'it is not known why'}")


def _condition(data: Mapping[str, Any]) -> Sentence:
    now, was = data.get("to"), data.get("from")
    if now == "ok":
        return Sentence("all right again" + (f", was {was}" if was else ""))
    return Sentence(f"{now}: {data['why']}" if data.get("why") else str(now))


def _upload(data: Mapping[str, Any]) -> Sentence:
    return Sentence(str(data.get("why") or f"{data.get('name')} {data.get('version')}: {data.get('to')}"))


def _alarm(data: Mapping[str, Any]) -> Sentence:
    text = str(data.get("text"))
    named, _, rest = text.partition(": ")
    return Sentence(f"ALARM: {rest if named.startswith('~') and rest else text}")


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], Sentence]] = {
    "transition": _transition,
    "cleaning": _cleaning,
    "failure": _failure,
    "condition": _condition,
    "upload": _upload,
    "alarm": _alarm,
}
