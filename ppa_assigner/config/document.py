"""The content of one configuration file, the line of each key and list item, and the mistakes in it.

Rule: each mistake is reported once, with its line; nothing here knows YAML or what a key means.
"""

from __future__ import annotations

import re
from typing import Any

from .parsers import quote_value
from .settings import ConfigError, Mistake

KeyPath = tuple[str | int, ...]
_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Document:
    """The content of one file: `data` in plain values, and the mistakes found so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.data: Any = None
        self.lines: dict[KeyPath, int] = {(): 1}
        self.names: dict[KeyPath, str] = {}  # of options that are not from the file
        self._mistakes: dict[Mistake, None] = {}  # in the order found
        self._reported: set[KeyPath] = set()

    def line(self, path: KeyPath) -> int:
        """The line of a key or item; of what contains it when it is not there."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def report(self, path: KeyPath, text: str, *beside: KeyPath) -> None:
        """Report a mistake in one key or item: at most one for each, and then none in what it contains, nor one that
        only shows together with what was reported `beside` it.
        """
        if any(part[:end] in self._reported for part in (path, *beside) for end in range(1, len(part) + 1)):
            return
        self._reported.add(path)
        name = self.names.get(path) or format_path(path)
        self.report_line(self.line(path), f"{name}: {text}" if name else text)

    def is_reported(self, path: KeyPath) -> bool:
        """Whether a mistake in exactly this key or item was reported."""
        return path in self._reported

    def report_line(self, line: int, text: str) -> None:
        """Report a mistake in a line, whatever else is reported of it."""
        self._mistakes[Mistake(self.file, line, _printable(text))] = None

    def check(self) -> None:
        """Raise ConfigError with all mistakes that were reported, if there are any."""
        if self._mistakes:
            raise ConfigError(self._mistakes)


def format_path(path: KeyPath) -> str:
    """A path as people write it: `pools.default.ppas[0]`."""
    parts = (f"[{part}]" if isinstance(part, int) else "." + _format_key(part) for part in path)
    return "".join(parts).removeprefix(".")


def _format_key(part: str) -> str:
    return part if _WORD.fullmatch(part) else quote_value(part)


def _printable(text: str) -> str:
    """The text on one line, whatever it quotes: names of files may hold control characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
