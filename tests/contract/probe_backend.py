"""What the probes need of a Launchpad beside its web service, done through the stand-in's control interface.

Run in the probes' own process; the address of the control interface is in STANDIN_CONTROL.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from typing import Any

from ppa_assigner.standin.control_client import ControlClient


class Standin:
    """The probes' protocol `Backend`."""

    def __init__(self) -> None:
        self._control = ControlClient(os.environ["STANDIN_CONTROL"])
        self._numbers = itertools.count(1)

    def world(self) -> dict[str, Any]:
        """Series and architectures."""
        about = self._control.about()
        return {"distribution": about["distribution"], "series": about["series"][:2], "arches": about["arches"]}

    def new_person(self) -> str:
        """Without PPAs."""
        return self._control.person(f"probe-person-{next(self._numbers)}")

    def new_ppa(self, owner: str) -> str:
        """Empty."""
        name = f"probe-{next(self._numbers):05}"
        return self._control.ppas(owner, [name], displayname="Probe", description="human text")[0]

    def upload(
        self,
        ppa: str,
        source: str,
        version: str,
        series: str | None = None,
        status: str = "Published",
        binaries: Iterable[dict[str, Any]] = (),
    ) -> None:
        """Publications come to be."""
        self._control.upload(ppa, source, version, series, status, binaries)

    def upload_many(self, ppa: str, sources: Sequence[Sequence[str]]) -> None:
        """Published sources."""
        self._control.upload_many(ppa, sources)

    def dput(self, ppa: str, source: str, version: str, series: str | None = None) -> None:
        """As users do it."""
        self._control.dput(ppa, source, version, series)

    def queue_accepted_binary_upload(self, ppa: str, source: str, version: str, binary: str) -> None:
        """The publisher has not seen it."""
        self._control.accept(ppa, source, version, binary)

    def add_build(self, ppa: str, source: str, version: str, state: str, arch: str | None = None) -> None:
        """In that state."""
        self._control.build(ppa, source, version, state, arch)

    def set_enabled(self, ppa: str, value: bool) -> None:
        """The check box."""
        self._control.settings(ppa, enabled=value)

    def suspend(self, person: str, value: bool) -> None:
        """The account."""
        self._control.suspend(person, value)

    def publish(self) -> None:
        """One cycle."""
        self._control.run("publisher")

    def death_row(self) -> None:
        """One run."""
        self._control.run("death_row")

    def run_copies(self) -> None:
        """What waits."""
        self._control.run("copies")
