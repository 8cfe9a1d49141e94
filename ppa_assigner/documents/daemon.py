"""The documents of the daemon itself: who calls, what happens, how it is, and what went wrong.

Rule: as in `leases`.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from .leases import Lease, Source
from .ppas import Counts
from .terms import PpaName, Time, TypedDict, others_allowed, shown


class Caller(TypedDict):
    """As whom the daemon knows who calls."""

    name: Annotated[str | None, Field(description="as the configuration names it; null where it names no clients")]
    role: Literal["client", "operator"]
    owners: Annotated[list[str], Field(description="patterns of owners whose leases it may end and touch too")]


class Event(TypedDict):
    """Something that happened to a PPA; numbers start from 1 with each start of the daemon."""

    number: int
    at: Time
    ppa: PpaName
    kind: Annotated[str, Field(examples=["transition", "cleaning", "failure", "condition", "upload", "alarm"])]
    data: dict[str, Any]


Missed = Literal["restarted", "forgotten"]
"""Why events are missing: the daemon was restarted, or no longer keeps them."""


class Reset(TypedDict):
    """Events are missing here that are no longer known; the next one is `first`."""

    why: Missed
    first: int


class Liveness(TypedDict):
    """The daemon answers."""

    alive: Literal[True]


@shown({"ok": True, "since": "2026-11-25T03:14:12Z", "why": None})
class LaunchpadStatus(TypedDict):
    """Whether Launchpad answers and takes the daemon's credentials."""

    ok: bool
    since: Annotated[Time, Field(description="since when that is so")]
    why: Annotated[str | None, Field(description="what is in the way, and what to do; null where nothing is")]


class Readiness(TypedDict):
    """Every PPA was looked at."""

    ready: Literal[True]
    launchpad: LaunchpadStatus


@others_allowed
class Problem(TypedDict):
    """Problem details (RFC 9457); `type` ends in the kind."""

    type: str
    title: str
    status: int
    detail: str
    request_id: NotRequired[Annotated[str | None, Field(description="with every problem of an assign")]]
    counts: NotRequired[Annotated[Counts | None, Field(description="with `none-free`")]]
    position: NotRequired[
        Annotated[int | None, Field(description="with `none-free` and `quota`: the place in the line, from 1")]
    ]
    leases: NotRequired[Annotated[list[Lease] | None, Field(description="with `quota`: those that fill it")]]
    next_until: NotRequired[
        Annotated[Time | None, Field(description="with `none-free`: the earliest `until` of a lease")]
    ]
    next_ends: NotRequired[
        Annotated[Time | None, Field(description="with `none-free`: the earliest `ends` of a lease")]
    ]
    sources: NotRequired[Annotated[list[Source] | None, Field(description="with `all-burnt`: as asked")]]
    burnt: NotRequired[
        Annotated[
            dict[str, str] | None,
            Field(description="with `all-burnt`: which PPA had what: name and version, or a file"),
        ]
    ]
    file: NotRequired[Annotated[str | None, Field(description="with `orig-differs`: the upstream tarball")]]
    sha256: NotRequired[Annotated[str | None, Field(description="with `orig-differs`: of the right one")]]
    url: NotRequired[Annotated[str | None, Field(description="with `orig-differs`: where the right one is")]]
    unfinished: NotRequired[
        Annotated[list[dict[str, str]] | None, Field(description="with `unfinished`: each source, its state and why")]
    ]
    launchpad: NotRequired[Annotated[LaunchpadStatus | None, Field(description="with a 503 of `/readyz`")]]
    pending: NotRequired[
        Annotated[
            bool | None,
            Field(
                description="with the 503 of a release: it is carried out when Launchpad is back; a restart forgets it"
            ),
        ]
    ]
    heard: NotRequired[
        Annotated[
            bool | None,
            Field(
                description="with the 503 of a touch that could not be written: it was heard, and silence counts from"
                " then"
            ),
        ]
    ]
    ticket: NotRequired[Annotated[str | None, Field(description="bring it back within 10 minutes to keep your place")]]
