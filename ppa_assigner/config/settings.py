"""The settings of a daemon, immutable and complete, and the mistakes that a file can have.

Rule: plain values; durations in seconds; nothing here reads a file or knows a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..access import ClientConfig
from ..options import PoolOptions
from ..reference import Reference
from ..times import MINUTE

SOCKET_MODE = 0o660
RATE = 500


@dataclass(frozen=True, slots=True)
class Pool:
    """A named list of PPAs and what holds for each of them.  `labels` are those of all, `own_labels` those of PPAs that
    have some of their own, with the pool's.
    """

    name: str
    ppas: tuple[Reference, ...]
    options: PoolOptions
    labels: Mapping[str, str] = field(default_factory=dict)
    own_labels: Mapping[Reference, Mapping[str, str]] = field(default_factory=dict)

    def labels_of(self, ppa: Reference) -> Mapping[str, str]:
        """The labels that the configuration gives this PPA."""
        return self.own_labels.get(ppa, self.labels)


@dataclass(frozen=True, slots=True)
class LaunchpadSettings:
    """Which Launchpad, and how patiently.  `service` is a web service root without the version, ending in `/`;
    `archive_root` is where apt finds its PPAs, `snapshots` where it finds them as they were; `credentials` None means
    systemd's (see `credentials_path`).
    """

    service: str
    version: str
    credentials: Path | None
    look_every: float
    connect: float
    read: float
    total: float
    connections: int
    archive_root: str = ""
    snapshots: str | None = None
    clock_alone_after: float = 15 * MINUTE


@dataclass(frozen=True, slots=True)
class Listen:
    """Where calls come in: `host` and `port`, or the `path` of a Unix socket with its `mode` and `group` (None: the
    daemon's own).
    """

    host: str | None = None
    port: int | None = None
    path: str | None = None
    mode: int = SOCKET_MODE
    group: str | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in (self.host or "") else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Tls:
    """The files, as PEM, with which an address speaks HTTPS."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Where the API listens and who may call it; without clients everybody who can connect is operator.

    `rate`: how many requests a second each client may keep up.  `promote_to`: patterns of the PPAs to which everybody
    may have packages copied while there are no clients.
    """

    listen: Listen
    clients: tuple[ClientConfig, ...]
    tls: Tls | None = None
    rate: int = RATE
    promote_to: tuple[str, ...] = ()

    def client(self, name: str | None) -> ClientConfig | None:
        """The client of that name; None where there is none."""
        return next((client for client in self.clients if client.name == name), None)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a daemon.  `name` is this daemon's, as `cleaner` in records shows it."""

    pools: Mapping[str, Pool]
    retire: tuple[Reference, ...]
    launchpad: LaunchpadSettings
    api: ApiSettings
    name: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a configuration file; the message is one line that says what to do."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class ConfigError(Exception):
    """A file that cannot be used.  `str()` has a line `FILE:LINE: message` for each mistake, in the file's order."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: mistake.line))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))
