"""How a PPA is named: `~owner/ubuntu/name`, and the other forms that people and tools use for the same.

Rule: one PPA has one `Reference`, whatever form it was given in.  Nothing here asks Launchpad.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r"[a-z0-9][a-z0-9+.-]*"
_DISTRIBUTION = "ubuntu"
_NOT_A_NAME = "is not a PPA like ~owner/ubuntu/name or ppa:owner/name: none can have the name ubuntu"
WEB = "https://launchpad.net/"
"""Where production Launchpad's pages are."""
_FORMS = (
    re.compile(rf"(?:~|%7[Ee])(?P<owner>{_NAME})/(?P<distribution>{_NAME})/(?P<name>{_NAME})"),
    re.compile(rf"ppa:(?P<owner>{_NAME})/(?:(?P<distribution>{_NAME})/)?(?P<name>{_NAME})"),
)


def swapped(text: str) -> str | None:
    """Why `~owner/name/ubuntu` is wrong, as the end of a sentence with the right form; None for any other text."""
    first, *rest = text.split("/")
    if len(rest) == 2 and rest[1] == _DISTRIBUTION != rest[0]:
        return f"has its parts swapped; write {first}/{_DISTRIBUTION}/{rest[0]}"
    return None


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """The name of one PPA; `str()` gives the form that Launchpad's own API uses."""

    owner: str
    distribution: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """The PPA meant by `~owner/ubuntu/name`, `ppa:owner/name` or `ppa:owner/ubuntu/name`.

        Raises ValueError with a sentence for people.
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
        """The form that dput takes."""
        return f"ppa:{self.owner}/{self.distribution}/{self.name}"

    @property
    def web(self) -> str:
        """The page for people on production Launchpad; on other instances an entry's `web_link` has it."""
        return WEB + self.path

    @property
    def path(self) -> str:
        """The canonical path below a service root and version; any other is redirected and writes nothing
        (docs/explanation/launchpad.md#canonical-addresses).
        """
        return f"~{self.owner}/+archive/{self.distribution}/{self.name}"
