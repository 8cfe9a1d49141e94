"""A page in roff's macros for manuals (man(7)).

Rule: no text is taken for a request or an escape; what is not ASCII is written by its number.  Knows nothing of what
the page is about.
"""

from __future__ import annotations

from collections.abc import Mapping

_ESCAPES = {"\\": "\\e", "-": "\\-", "~": "\\(ti", "^": "\\(ha", "'": "\\(aq", "`": "\\(ga", '"': "\\(dq"}


class Roff:
    """One page, written from its top to its end."""

    def __init__(self, title: str, section: str, source: str, manual: str) -> None:
        parts = " ".join(f'"{self.escaped(part)}"' for part in (title, section, "", source, manual))
        self._lines = [f".TH {parts}", ".nh", ".ad l"]

    @staticmethod
    def escaped(text: str) -> str:
        """The text, and nothing but text."""
        return "".join(_ESCAPES.get(char, char if char.isascii() else f"\\[u{ord(char):04X}]") for char in text)

    def bold(self, text: str) -> str:
        """As it is typed."""
        return f"\\fB{self.escaped(text)}\\fR"

    def italic(self, text: str) -> str:
        """To be replaced by what it stands for."""
        return f"\\fI{self.escaped(text)}\\fR"

    def raw(self, line: str) -> None:
        """A line that is roff already."""
        self._lines.append(line)

    def section(self, title: str) -> None:
        """A heading."""
        self.raw(f'.SH "{self.escaped(title.upper())}"')

    def line(self, *parts: str) -> None:
        """Parts that are roff already, on one line."""
        self.raw("\\&" + " ".join(parts).replace("[ ", "[").replace(" ]", "]"))

    def text(self, text: str) -> None:
        """A paragraph."""
        self.raw(".PP")
        self.raw("\\&" + self.escaped(text))

    def item(self, term: str, text: str) -> None:
        """A term, which is roff already, and what it means."""
        self.raw(".TP")
        self.raw(term)
        self.raw("\\&" + self.escaped(text))

    def terms(self, title: str, meanings: Mapping[str, str]) -> None:
        """A section of them."""
        self.section(title)
        for term, meaning in meanings.items():
            self.item(self.bold(term), meaning)

    def finished(self) -> str:
        """All of it."""
        return "\n".join(self._lines) + "\n"
