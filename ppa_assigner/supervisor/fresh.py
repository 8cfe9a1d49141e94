"""A look for those who begin to wait: another daemon may have freed a PPA since the last one.

Rule: whoever is willing to wait is told none-free only after a look that began after it came, where its wait leaves the
time; one look serves all who came before it began, and such looks leave a pause between them.
"""

from __future__ import annotations

from ..backoff import LOOK_FRESH_S
from .office import Office


class Fresh:
    """Every method is called under the office's lock."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._begins = float("-inf")
        """When the last of these looks began, or is to begin (boot time)."""

    def look(self, until: float) -> None:
        """Have one begin before that boot time, unless one is to begin anyway."""
        boot = self._office.clock.boot()
        begins = max(boot, self._begins + LOOK_FRESH_S)
        if self._begins > boot or begins >= until:
            return
        self._begins = begins
        if begins > boot:
            self._office.at(begins, self._now)
        else:
            self._now()

    def _now(self) -> None:
        self._office.later(self._office.look_now)
