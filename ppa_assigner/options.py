"""The options of a pool that decisions depend on, in plain values.

Rule: durations are numbers of seconds; nothing is parsed here.  `config` fills them in, the automaton reads them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from .times import DAY, HOUR, MINUTE


class Proof(enum.Enum):
    """What "clean" means: nothing active by the API; or also gone from the indexes; or also from the disk.

    See docs/explanation/cleaning.md#proof-levels.
    """

    ACTIVE = "active"
    INDEX = "index"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Retry:
    """Back-off between tries of a failing clean, in seconds: doubled from `first` up to `max`, with jitter."""

    first: float = 5.0
    max: float = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a PPA looks like between leases (docs/explanation/cleaning.md#baseline).  None: left alone."""

    dependencies: tuple[str, ...] | None = None
    processors: tuple[str, ...] | None = None
    publish: bool | None = None
    build_debug_symbols: bool | None = None
    publish_debug_symbols: bool | None = None
    displayname: str | None = None
    uploaders: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """The options of one pool; all durations in seconds."""

    ttl: float = 8 * HOUR
    max_ttl: float = 7 * DAY
    max_hold: float = 3 * DAY
    idle: float | None = None
    verify_age: float | None = 60.0
    settle: float = 5 * MINUTE
    proof: Proof = Proof.ACTIVE
    max_tries: int = 5
    retry: Retry = field(default_factory=Retry)
    baseline: Baseline = field(default_factory=Baseline)
    grant_upload: bool = False
    create: bool = False
