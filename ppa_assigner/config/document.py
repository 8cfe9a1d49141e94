"""What one configuration file says, where each key and list item of it stands, and what is wrong with it.

Rule: a thing is blamed once, with its line; nothing here knows YAML or what a key means.
"""

from __future__ import annotations

import re
from typing import Any

from .parsers import shown
from .settings import ConfigError, Mistake

Place = tuple[str | int, ...]
_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Document:
    """What one file says: `data` in plain values, and the mistakes found so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.data: Any = None
        self.lines: dict[Place, int] = {(): 1}
        self.names: dict[Place, str] = {}  # of what the file did not say itself
        self._mistakes: dict[Mistake, None] = {}  # in the order found
        self._blamed: set[Place] = set()

    def line(self, place: Place) -> int:
        """The line of this key or item; of what it belongs to when it is not there."""
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]

    def section(self, *place: str | int) -> dict[str, Any]:
        """The section at this place; empty when it is absent or something else."""
        found = self.data
        for part in place:
            found = found.get(part) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def blame(self, place: Place, text: str) -> None:
        """Note what is wrong with one thing.  A thing is blamed once, and nothing in it afterwards."""
        if any(place[:end] in self._blamed for end in range(1, len(place) + 1)):
            return
        self._blamed.add(place)
        name = self.names.get(place) or spelled(place)
        self.note(self.line(place), f"{name}: {text}" if name else text)

    def blamed(self, place: Place) -> bool:
        """Whether exactly this thing was blamed."""
        return place in self._blamed

    def note(self, line: int, text: str) -> None:
        """Note what is wrong in a line, whatever else is said about it."""
        self._mistakes[Mistake(self.file, line, _printable(text))] = None

    def check(self) -> None:
        """Raise ConfigError with everything that was noted, if anything was."""
        if self._mistakes:
            raise ConfigError(self._mistakes)


def spelled(place: Place) -> str:
    """A place as people write it: `pools.default.ppas[0]`."""
    parts = (f"[{part}]" if isinstance(part, int) else "." + _word(part) for part in place)
    return "".join(parts).removeprefix(".")


def _word(part: str) -> str:
    return part if _WORD.fullmatch(part) else shown(part)


def _printable(text: str) -> str:
    """On one line whatever is quoted in it: names of files may hold control characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
