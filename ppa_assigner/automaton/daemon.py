"""Which daemon this is, among those that may serve the same PPAs and those that ran here before it.

Rule: only names and times that are written in records; nothing is asked of another daemon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MILLISECONDS = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Daemon:
    """This daemon: its name, when it started (milliseconds since 1970) and something random to tell twins apart."""

    name: str
    started: int
    salt: str

    @property
    def cleaner(self) -> str:
        """What it writes as `cleaner`."""
        return f"{self.name}/{self.started}-{self.salt}"

    def may_clean_after(self, cleaner: str | None) -> bool:
        """Whether the clean may be taken over at once: nobody's, our own, or that of an earlier run of this daemon."""
        if cleaner is None or cleaner == self.cleaner:
            return True
        name, _, rest = cleaner.rpartition("/")
        started = rest.partition("-")[0]
        return name == self.name and _MILLISECONDS.fullmatch(started) is not None and int(started) < self.started
