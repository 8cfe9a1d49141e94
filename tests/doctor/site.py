"""A stand-in's world, the files of a daemon for it, and what `doctor` says of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.cli import main
from ppa_assigner.record import Record, State, parse_time
from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.standin import credentials_text

from ..apart import Apart

POOL = "~ci-pool/ubuntu/pool-{001..005}"
FIRST = "~ci-pool/ubuntu/pool-001"
SINCE = parse_time("2026-11-25T03:14:12Z")
USED = Record(
    serial=7, nonce="a", state=State.USED, since=SINCE, touched=SINCE, until=SINCE, pool="default", owner="ticket-1",
    lease="4c1f", request="r",
)  # fmt: skip
DIRTY = replace(USED, state=State.DIRTY, until=None)
FREE = Record(serial=7, nonce="a", state=State.FREE, since=SINCE, touched=SINCE, pool="default")


@dataclass
class Site:
    """A stand-in's world and the files of a daemon for it."""

    standin: Apart
    folder: Path
    capsys: pytest.CaptureFixture[str]
    pool: dict[str, Any] = field(default_factory=lambda: {"ppas": [POOL], "settle": "1s"})
    launchpad: dict[str, Any] = field(default_factory=dict)
    api: dict[str, Any] = field(default_factory=dict)

    @property
    def control(self) -> ControlClient:
        return self.standin.control

    @property
    def credentials(self) -> Path:
        return self.folder / "launchpad.credentials"

    def act_as(self, token: dict[str, str]) -> None:
        self.credentials.write_text(credentials_text(token))
        self.credentials.chmod(0o600)

    @property
    def config(self) -> Path:
        """The configuration, written anew."""
        document = {
            "pools": {"default": self.pool},
            "launchpad": {"service": self.standin.service_root, "credentials": str(self.credentials), **self.launchpad},
            "api": {"listen": f"unix:{self.folder}/none.sock", **self.api},
            "name": "one",
        }
        path = self.folder / "ppas.yaml"
        path.write_text(json.dumps(document))
        return path

    def doctor(self) -> Told:
        """What it finds, as JSON."""
        code = main(["doctor", "--config", str(self.config), "--json"])
        document = json.loads(self.capsys.readouterr().out)
        assert (document["exit_code"], document["ok"]) == (code, code == 0)
        return Told(code, document["items"])


@dataclass
class Told:
    """An exit code and the findings."""

    code: int
    items: list[dict[str, str]]

    def graded(self, grade: str) -> list[str]:
        """The lines of that grade."""
        return [f"{one['check']}: {one['found']} -> {one['todo']}" for one in self.items if one["grade"] == grade]

    def expect(self, grade: str, *words: str) -> None:
        """One line of that grade has all these words."""
        lines = self.graded(grade)
        assert any(all(word in line for word in words) for line in lines), self.items
