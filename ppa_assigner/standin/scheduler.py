"""Has Launchpad's scripts run by themselves, each at the interval that it is told: by `demo`, or a control command.

Off at first. Intervals are by the stand-in's clock; `prepare` in `demo` sets those of `make demo`, the control commands
`automatic` and `building` all others. What a script does is in the module that it is imported from here. A script that
was due while the clock jumped runs once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from .builders import retry_waiting, run_builders
from .copies import run_copies
from .door import judge
from .publisher import death_row, publish
from .world import World

LONGEST_PAUSE = 1.0  # seconds; the clock that is waited at may have been replaced meanwhile
SCRIPTS: dict[str, Callable[[World], None]] = {
    "uploads": judge,
    "copies": run_copies,
    "builders": run_builders,
    "retry_waiting": retry_waiting,
    "publisher": publish,
    "death_row": death_row,
}


def run_script(world: World, script: str) -> None:
    """Run a script once; it is finished when this returns. KeyError when there is none of that name."""
    action = SCRIPTS[script]
    with world.lock:
        action(world)


class Scheduler:
    """Runs scripts in a thread of its own. `world` returns the world to run them on, so that it can be replaced."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self._every: dict[str, float] = {}
        self._due: dict[str, datetime] = {}
        self._runs = dict.fromkeys(SCRIPTS, 0)
        self._ran = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="automatic", daemon=True)

    @property
    def every(self) -> dict[str, float]:
        """The seconds between runs, by script."""
        return dict(self._every)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop for good."""
        clock = self._world().clock
        with clock.changed:
            self._stopped = True
            clock.changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def set(self, **every: float | None) -> None:
        """Set the seconds between runs, by the stand-in's clock; None or 0 stops a script. KeyError for an
        unknown one.
        """
        clock = self._world().clock
        with clock.changed:
            for script, seconds in every.items():
                if script not in SCRIPTS:
                    raise KeyError(f"no script {script}; there are {', '.join(SCRIPTS)}")
                self._every.pop(script, None)
                self._due.pop(script, None)
                if seconds:
                    self._every[script] = seconds
                    self._due[script] = clock.now() + timedelta(seconds=seconds)
            clock.changed.notify_all()

    def _run(self) -> None:
        while not self._stopped:
            world = self._world()
            for script in self._ready(world):
                run_script(world, script)
                with self._ran:
                    self._runs[script] += 1
                    self._ran.notify_all()

    def runs(self, script: str, least: int = 0, timeout: float = 0.0) -> int:
        """How often a script ran by itself since the start; waits up to `timeout` seconds until it was `least`."""
        with self._ran:
            self._ran.wait_for(lambda: self._runs[script] >= least, timeout)
            return self._runs[script]

    def _ready(self, world: World) -> list[str]:
        """Wait until something is due or something has changed."""
        clock = world.clock
        with clock.changed:
            now = clock.now()
            ready = [s for s in SCRIPTS if s in self._due and self._due[s] <= now]
            for script in ready:
                self._due[script] = now + timedelta(seconds=self._every[script])
            if not ready and not self._stopped:
                clock.changed.wait(self._pause(now, clock.speed))
        return ready

    def _pause(self, now: datetime, speed: float) -> float:
        if not self._due or not speed:
            return LONGEST_PAUSE
        return min(LONGEST_PAUSE, max(0.0, (min(self._due.values()) - now).total_seconds() / speed))
