"""What can be done to the stand-in from outside its web service: the acts of the control interface.

Every public method is an act; arguments and results are JSON. PPAs are named `~owner/ubuntu/name`; times are ISO 8601.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from .automatic import run
from .faults import Faults
from .gates import Gates
from .journal import Filter, Journal
from .packing import Packing
from .peopling import Peopling
from .world import Spec, World

if TYPE_CHECKING:
    from .standin import Standin


class Acts(Peopling, Packing):
    """All acts. They may be called from any thread."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin

    @property
    def _world(self) -> World:
        return self._standin.service.world

    @property
    def _journal(self) -> Journal:
        return self._standin.exchange.journal

    @property
    def _faults(self) -> Faults:
        return self._standin.exchange.faults

    @property
    def _gates(self) -> Gates:
        return self._standin.exchange.gates

    # the stand-in as a whole

    def about(self) -> dict[str, Any]:
        """Where it listens, what its world has, which persons have tokens."""
        spec = self._world.spec
        return {
            "service_root": self._standin.service_root,
            "control": self._standin.control_url,
            "distribution": self._world.ubuntu.name,
            "series": list(spec.series),
            "arches": list(spec.arches),
            "credentials": self._standin.credentials(),
        }

    def reset(self, spec: dict[str, Any] | None = None, owner: str | None = None, ppas: int = 0) -> dict[str, Any]:
        """A fresh world: nothing in it but what `spec` says (else as at the start), no log, no faults, what waited
        dropped, scripts off, and the clock back at real time and speed. With `owner` the ready-made persons and
        PPAs."""
        self._faults.remove()
        self._gates.release(None, "drop")
        self._journal.clear()
        self._standin.renew(Spec(**spec) if spec else None)
        if owner:
            self._standin.populate(owner, ppas)
        return self.about()

    def delay(self, seconds: float) -> None:
        """Let every request of the web service take so much longer."""
        self._standin.exchange.delay = seconds

    # time

    def clock(self, at: str | None = None, step: float | None = None, speed: float | None = None) -> dict[str, Any]:
        """Set, step (seconds) or speed up the clock; without arguments read it."""
        clock = self._world.clock
        if at is not None:
            clock.set(datetime.fromisoformat(at))
        if step is not None:
            clock.step(step)
        if speed is not None:
            clock.run(speed)
        return {"now": clock.now().isoformat(), "speed": clock.speed}

    def run(self, script: str, times: int = 1) -> None:
        """Run `publisher`, `death_row`, `copies` or `builders`; finished when this returns."""
        for _ in range(times):
            run(self._world, script)

    def automatic(self, **every: float | None) -> dict[str, float]:
        """Run scripts every so many seconds of the stand-in's clock (None: no more); returns what runs how often."""
        self._standin.automatic.set(**every)
        return self._standin.automatic.every

    def runs(self, script: str, least: int = 0, timeout: float = 0.0) -> int:
        """How often a script ran by itself since the start; waits up to `timeout` seconds until it was `least`."""
        return self._standin.automatic.runs(script, least, timeout)

    # faults

    def fault(self, **rule: Any) -> int:
        """Add a rule (see `faults.Rule`); returns its id."""
        return self._faults.add(**rule).id

    def faults(self) -> list[dict[str, Any]]:
        """All rules with how often they matched and were met."""
        return self._faults.show()

    def unfault(self, number: int | None = None) -> int:
        """Remove a rule, or all. Requests that wait because of it go on waiting."""
        return self._faults.remove(number)

    def held(self, least: int = 0, timeout: float = 0.0) -> list[dict[str, Any]]:
        """Requests that wait; waits up to `timeout` seconds until `least` do."""
        return self._gates.held(least, timeout)

    def release(self, number: int | None = None, verdict: str = "go", rule: int | None = None) -> int:
        """Let a request (or all, or those of a rule) go on; verdict `drop` closes its connection instead."""
        if verdict not in ("go", "drop"):
            raise ValueError("verdict must be go or drop")
        return self._gates.release(number, verdict, rule)

    # log

    def log(
        self,
        since: int = 0,
        method: str | None = None,
        path: str | None = None,
        operation: str | None = None,
        consumer: str | None = None,
        status: int | None = None,
        state: str = "done",
        applied: bool | None = None,
        least: int = 0,
        timeout: float = 0.0,
    ) -> list[dict[str, Any]]:
        """Requests after number `since`; waits up to `timeout` seconds until `least` of them fit."""
        return self._journal.find(
            Filter(since, method, path, operation, consumer, status, state, applied), least, timeout
        )

    def last(self) -> int:
        """The number of the last request that came."""
        return self._journal.last()

    def forget(self) -> None:
        """Empty the log; numbers go on."""
        self._journal.clear()
