"""What all explored worlds share: the clock and the Launchpad that daemons are given, which are those of the world that
is played just now; and what is drawn by lot, which the explorer decides.

Rule: no state of a world is kept here.  `wrong` collects what the world that is played did against the rules.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ppa_assigner.port import Unavailable
from ppa_assigner.record import parse
from ppa_assigner.reference import Reference

if TYPE_CHECKING:
    from .world import World


class Stage:
    """The port, the boot-time clock and the lots of whatever world stands on it."""

    world: World

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.given: Any = None
        self.script: tuple[int, ...] = ()
        self.drawn: list[int] = []
        self.told: list[Any] = []
        """What machines were told in the move that is played, and when."""

    def boot(self) -> float:
        """Boot-time clock, seconds; one for both hosts."""
        return self.world.boot

    def host(self) -> float:
        """The clock of both hosts: it is right."""
        return self.world.launchpad.host()

    def choice(self, choices: Sequence[Any]) -> Any:
        """As random.choice: which it is, the script says; beyond its end the first, and how many there were is kept."""
        number = self.script[len(self.drawn)] if len(self.drawn) < len(self.script) else 0
        self.drawn.append(len(choices))
        return choices[number]

    # -- the port: Launchpad as it is in this world --------------------------------------------------------------------

    def look(self, owner: str, compare: bool = False) -> Any:
        """The listing, or the answer to it that was under way."""
        return self.given if self.given is not None else self.world.launchpad.look(owner, compare)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world.launchpad, name)


class Complaints(logging.Handler):
    """What the supervisor logs as a bug of its own is one."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(logging.ERROR)
        self._stage = stage

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._stage.wrong.append(f"an exception: {record.getMessage()}: {error!r}")


parsed = lru_cache(maxsize=4096)(parse)
DOWN = Unavailable("down")


def ref(number: int) -> Reference:
    """The PPAs are p0, p1."""
    return Reference("team", "ubuntu", f"p{number}")
