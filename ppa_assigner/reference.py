"""How a PPA is named: `~owner/ubuntu/name`, and the other forms that people and tools use.

Rule: one PPA has one `Reference`, no matter in which form it was given.  Nothing here asks Launchpad.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = r"[a-z0-9][a-z0-9+.-]*"
_DISTRIBUTION = "ubuntu"
_NOT_A_NAME = "is not a PPA like ~owner/ubuntu/name or ppa:owner/name: none can have the name ubuntu"
WEB = "https://launchpad.net/"
"""The address below which the pages of production Launchpad are."""
_FORMS = (
    re.compile(rf"(?:~|%7[Ee])(?P<owner>{_NAME})/(?P<distribution>{_NAME})/(?P<name>{_NAME})"),
    re.compile(rf"ppa:(?P<owner>{_NAME})/(?:(?P<distribution>{_NAME})/)?(?P<name>{_NAME})"),
)


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
        for form in _FORMS:
            if match := form.fullmatch(text):
                if match["name"] == _DISTRIBUTION:  # a name that Launchpad gives to no PPA
                    raise ValueError(f"{text!r} {swapped(text) or _NOT_A_NAME}")
                return cls(match["owner"], match["distribution"] or _DISTRIBUTION, match["name"])
        raise ValueError(f"{text!r} is not a PPA like ~owner/ubuntu/name or ppa:owner/name")

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
