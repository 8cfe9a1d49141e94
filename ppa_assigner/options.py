"""The options of a pool, each with its default, as plain values; among them `Proof`, the levels of proof.

Rule: durations are numbers of seconds; nothing is parsed here.  `config.schema` has the same names and makes these
objects, the automaton reads them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from .reference import Reference
from .times import DAY, HOUR, MINUTE


class Proof(enum.Enum):
    """When a PPA is clean: nothing is active according to the API, or also gone from the indexes, or also from disk.

    See docs/explanation/cleaning.md#proof-levels.
    """

    ACTIVE = "active"
    INDEX = "index"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Retry:
    """The pauses between tries of a clean that fails, in seconds: doubled from `first` up to `max`, with jitter."""

    first: float = 5.0
    max: float = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Baseline:
    """The settings that a clean restores on a PPA (docs/explanation/cleaning.md#baseline); None leaves one as it is."""

    dependencies: tuple[str, ...] | None = None
    processors: tuple[str, ...] | None = None
    publish: bool | None = None
    build_debug_symbols: bool | None = None
    publish_debug_symbols: bool | None = None
    displayname: str | None = None
    uploaders: tuple[str, ...] | None = None


class Wear(enum.Enum):
    """What PPAs are discarded for besides the number of their leases: all of a growing pool are burnt for a request,
    or cleaning one fails again and again.
    """

    BURNT = "burnt"
    STUCK = "stuck"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class AsNew:
    """When a PPA is discarded in place of being freed again: after so many leases, and when it is worn."""

    after: int | None = None
    when: frozenset[Wear] = frozenset()


@dataclass(frozen=True, slots=True)
class Grow:
    """How a pool grows: with the first name not used yet, while fewer than `keep_free` of its PPAs are free or being
    cleaned and fewer than `max` can be lent at all, at most `per_hour` times an hour.
    """

    names: tuple[Reference, ...]
    keep_free: int
    max: int
    per_hour: int = 20


@dataclass(frozen=True, slots=True)
class LineOrder:
    """What moves a request in the line, in seconds: each step of its priority is worth `age_step` of waiting, each PPA
    that its client and owner have or wait for costs `fair_step`.
    """

    age_step: float = 10 * MINUTE
    fair_step: float = 0.0


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """The options of one pool; all durations are in seconds."""

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
    removal_comment: bool = True
    grow: Grow | None = None
    as_new: AsNew = field(default_factory=AsNew)
    delete_discarded: float | None = None
    order: LineOrder = field(default_factory=LineOrder)
    max_per_owner: int | None = None
    """How many PPAs of the pool a client may have for one owner; None: as many as there are."""
