"""What happens to daemons and to Launchpad in a soak: kills, stops, and every fault that the stand-in has.

Rule: repeatable in what is chosen, by the seed; `calm` ends it all, and then nothing is in anybody's way.
"""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.faults import ACTIONS

from ..processes import Daemon
from .crowd import TTL_S

STOPPED_S = TTL_S + 1.5
METHODS = (None, "GET", "PATCH", "POST")
_PAUSE = threading.Event()


@dataclass
class Chaos:
    """Acts until `end` (monotonic seconds)."""

    rng: Random
    daemons: Sequence[Daemon]
    control: ControlClient
    done: Counter[str] = field(default_factory=Counter)
    stopped: dict[str, float] = field(default_factory=dict)
    away: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._actions = itertools.cycle(self.rng.sample(ACTIONS, len(ACTIONS)))

    def until(self, end: float) -> None:
        """One act after the other, with pauses."""
        while time.monotonic() < end:
            act = self.rng.choices([self.kill, self.stop, self.fault, self.peace], [4, 1, 8, 3])[0]
            act()
            _PAUSE.wait(self.rng.uniform(0.1, 0.9))
            self._come_back()
            self._let_go()

    def kill(self) -> None:
        """SIGKILL; it comes back blindly a moment later.  Mostly one that is ready, while another one is too: where
        starts are slow there would be nobody to lend anything.
        """
        present = self._present()
        ready = [daemon for daemon in present if daemon.ready]
        if self.rng.random() < 0.1:
            ready = present
        if len(ready) > 1:
            daemon = self.rng.choice(ready)
            daemon.kill()
            self.done["kill"] += 1
            self.away[daemon.name] = time.monotonic() + self.rng.uniform(0.0, 1.0)

    def stop(self) -> None:
        """SIGSTOP, for longer than a lease lasts; one at a time."""
        present = self._present()
        if len(present) > 1 and not self.stopped:
            daemon = self.rng.choice(present)
            self._signal(daemon, signal.SIGSTOP)
            self.done["stop"] += 1
            self.stopped[daemon.name] = time.monotonic() + STOPPED_S

    def fault(self) -> None:
        """The next kind, for some requests to come."""
        action = next(self._actions)
        self.done[action] += 1
        rule: dict[str, Any] = {"times": self.rng.randint(1, 4), "method": self.rng.choice(METHODS)}
        if self.rng.random() < 0.5:
            rule |= {"probability": 0.3, "seed": self.rng.randrange(2**32)}
        if action == "status":
            rule |= {"status": self.rng.choice([500, 502, 503, 429]), "apply": self.rng.random() < 0.3}
        if action in ("delay", "late", "trickle", "hold", "hold_after", "hang"):
            rule["seconds"] = self.rng.choice([0.1, 1.0, 3.0, TTL_S + 1.0])
        if action == "late":
            rule["keep_open"] = self.rng.random() < 0.5
        self.control.fault(action, **rule)

    def peace(self) -> None:
        """No faults for a moment."""
        self.control.unfault()

    def calm(self) -> None:
        """No faults, all daemons run, nothing waits."""
        self.control.unfault()
        self.control.release()
        for daemon in self.daemons:
            self.stopped.pop(daemon.name, None)
            self._signal(daemon, signal.SIGCONT)
        for name in list(self.away):
            self.away[name] = 0.0
        self._come_back()

    def _present(self) -> list[Daemon]:
        return [daemon for daemon in self.daemons if daemon.name not in self.stopped and daemon.name not in self.away]

    def _come_back(self) -> None:
        for daemon in self.daemons:
            if self.away.get(daemon.name, float("inf")) <= time.monotonic():
                del self.away[daemon.name]
                daemon.launch()
            if self.stopped.get(daemon.name, float("inf")) <= time.monotonic():
                del self.stopped[daemon.name]
                self._signal(daemon, signal.SIGCONT)

    def _let_go(self) -> None:
        if self.rng.random() < 0.2:
            self.control.release(verdict=self.rng.choice(["go", "drop"]))

    def _signal(self, daemon: Daemon, number: int) -> None:
        if daemon.process is not None:
            with suppress(ProcessLookupError):
                daemon.process.send_signal(number)
