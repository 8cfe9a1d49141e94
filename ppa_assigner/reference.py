"""How a PPA is named: `~owner/ubuntu/name`, and the other forms that people and tools use.

Rule: one PPA has one `Reference`, no matter in which form it was given.  Nothing here asks Launchpad.  There are no
regular expressions: to compile them takes as long as a tenth of all that a command of the client does.
"""

from __future__ import annotations

from typing import NamedTuple

_INITIALS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_CHARACTERS = _INITIALS | {"+", ".", "-"}
_DISTRIBUTION = "ubuntu"
_DPUT = "ppa:"
_OWNER = ("~", "%7E", "%7e")
_NOT_A_NAME = "is not a PPA like ~owner/ubuntu/name or ppa:owner/name: none can have the name ubuntu"
WEB = "https://launchpad.net/"
"""The address below which the pages of production Launchpad are."""


def swapped(text: str) -> str | None:
    """Return why `~owner/name/ubuntu` is wrong, as the end of a sentence with the right form; None for other texts."""
    first, *rest = text.split("/")
    if len(rest) == 2 and rest[1] == _DISTRIBUTION != rest[0]:
        return f"has its parts swapped; write {first}/{_DISTRIBUTION}/{rest[0]}"
    return None


class Reference(NamedTuple):
    """The name of one PPA; `str()` gives the form that Launchpad's own API uses."""

    owner: str
    distribution: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Return the PPA that `~owner/ubuntu/name`, `ppa:owner/name` or `ppa:owner/ubuntu/name` names.

        Raises ValueError, with a sentence for people, for any other text.
        """
        parts = _parts(text)
        if len(parts) != len(cls._fields) or not all(_is_name(part) for part in parts):
            raise ValueError(f"{text!r} is not a PPA like ~owner/ubuntu/name or ppa:owner/name")
        found = cls(*parts)
        if found.name == _DISTRIBUTION:  # a name that Launchpad gives to no PPA
            raise ValueError(f"{text!r} {swapped(text) or _NOT_A_NAME}")
        return found

    def __str__(self) -> str:
        return f"~{self.owner}/{self.distribution}/{self.name}"

    @property
    def dput(self) -> str:
        """The PPA's name in the form that dput takes."""
        return f"ppa:{self.owner}/{self.distribution}/{self.name}"

    @property
    def web(self) -> str:
        """The address of the PPA's page on production Launchpad; for other instances see an entry's `web_link`."""
        return WEB + self.path

    @property
    def path(self) -> str:
        """The PPA's canonical path below a service root and version.

        Launchpad redirects every other path, and a write that is redirected does nothing
        (docs/explanation/launchpad.md#canonical-addresses).
        """
        return f"~{self.owner}/+archive/{self.distribution}/{self.name}"


def _parts(text: str) -> list[str]:
    """Owner, distribution and name, if that many; what begins as none of the forms has none."""
    if text.startswith(_DPUT):
        owner, *rest = text.removeprefix(_DPUT).split("/")
        return [owner, *rest] if len(rest) != 1 else [owner, _DISTRIBUTION, *rest]
    mark = next((mark for mark in _OWNER if text.startswith(mark)), None)
    return [] if mark is None else text.removeprefix(mark).split("/")


def _is_name(part: str) -> bool:
    return part[:1] in _INITIALS and _CHARACTERS.issuperset(part)
