"""What can be wrong with a call, under the names that users' scripts rely on.

Rule: there is one kind for each `type` that a client tells apart.  A problem carries facts; the API adds the status.
What people are told about a kind is only here: the page at its `type` and docs/reference/problems.md are made of it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Kind(enum.Enum):
    """The kind of a problem; its value is the last part of the problem's `type`."""

    NONE_FREE = "none-free"
    ALL_BURNT = "all-burnt"
    NO_MATCH = "no-match"
    QUOTA = "quota"
    TOO_MANY_WANTED = "too-many"
    ORIG_DIFFERS = "orig-differs"
    UNFINISHED = "unfinished"
    NOT_NEWER = "not-newer"
    REQUEST_ID_TAKEN = "request-id-taken"
    SUPERSEDED = "superseded"
    UNKNOWN_POOL = "unknown-pool"
    UNKNOWN_PPA = "unknown-ppa"
    UNKNOWN_LEASE = "unknown-lease"
    UNKNOWN_REQUEST = "unknown-request"
    LEASE_OVER = "lease-over"
    WRONG_STATE = "wrong-state"
    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    INVALID = "invalid"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many-requests"
    UNAVAILABLE = "launchpad-unavailable"
    INTERNAL = "internal-error"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What people are told about a kind of problem: a short title, what it means, and what to do.

    Text between backticks is code.
    """

    title: str
    meaning: str
    action: str


EXPLANATIONS: Mapping[Kind, Explanation] = {
    Kind.NONE_FREE: Explanation(
        "No PPA is free",
        "Every PPA of the pool that could be lent is used or being cleaned, and none became free in the time that the"
        " request was willing to wait (`wait`). The answer has a `ticket`, your `position` in the line, and"
        " `next_ends`, when the next lease ends.",
        "Wait longer (`--wait 30m`), or ask again within ten minutes with the `ticket`, which keeps your place in the"
        " line. If it happens often the pool needs more PPAs, or shorter leases (`ttl`, `idle`).",
    ),
    Kind.ALL_BURNT: Explanation(
        "Every PPA of the pool had one of these sources before",
        "Launchpad never takes a version again that a PPA once had, nor, while it keeps it, a file of a name that the"
        " PPA had with other content. Each PPA of the pool had one of the sources or files that the request names"
        " (`burnt` says which), or of a request for several so many that the rest are too few, so waiting does not"
        " help.",
        "Upload a version that is new, like `1.0-1ppa2`, with the upstream tarball that was uploaded first, or ask for"
        " a PPA of another pool.",
    ),
    Kind.TOO_MANY_WANTED: Explanation(
        "More PPAs than the pool has",
        "`want` asks for more PPAs at once than the pool has (that match, where selectors are given), so waiting does"
        " not help: `wanted` and `has` say how many.",
        "Ask for fewer, spread the request over more pools, or have PPAs added to the pool.",
    ),
    Kind.NO_MATCH: Explanation(
        "No PPA of the pool can ever match the selector",
        "Every PPA of the pool that could be lent has labels, or lacks some, that the request's `select` excludes, so"
        " waiting does not help: `labels` of the configuration, or what Launchpad tells (`lp/…`).",
        "Compare the selector with the `labels` of the PPAs (`ppa-assigner status -o yaml`); `ppa-assigner status -l"
        " SELECTOR` shows which it selects. Change it, ask another pool, or have labels added.",
    ),
    Kind.QUOTA: Explanation(
        "A quota is full",
        "You have as many leases as the configuration allows your client (`max_leases`) or one owner of the pool"
        " (`max_per_owner`), or as many requests that wait (`max_waiting`). `leases` are those that fill it.",
        "Release a lease that is not needed any more, or wait until one ends: asked again with the `ticket`, the"
        " request keeps its place. `ppa-assigner line` shows what waits. An operator can raise the quota.",
    ),
    Kind.ORIG_DIFFERS: Explanation(
        "The distribution has that upstream tarball with other content",
        "Launchpad refuses an upload, in any PPA, whose `.orig.tar` has the name of one in the distribution's own"
        " archive and other content: it was made again, or packed otherwise. `file` names it, `url` is where the right"
        " one is and `sha256` its sum.",
        "Build the source package anew with the tarball at `url`, or choose another upstream version.",
    ),
    Kind.UNFINISHED: Explanation(
        "Not everything is published yet",
        "What is to be promoted is not published in the lease's PPA, with all of its binaries: Launchpad would take the"
        " copy and never make it. `detail` and `unfinished` say what is missing.",
        "Wait for it (`wait --for published`), or name what is done with `--source`. What failed has to be"
        " uploaded anew.",
    ),
    Kind.NOT_NEWER: Explanation(
        "The other PPA has a version that is newer, or the same one with other files",
        "Launchpad would not copy it, or the copy would not be what people install.",
        "Upload a version that is newer than the one that `detail` names, and promote that.",
    ),
    Kind.REQUEST_ID_TAKEN: Explanation(
        "The request id is that of another request",
        "You have asked before under this `request_id` for another owner, pool or selector. An id stands for one"
        " request, so that asking again is safe.",
        "Choose an id that nothing else has, such as the address of the build; leave it out, and one is drawn.",
    ),
    Kind.SUPERSEDED: Explanation(
        "A later attempt of the request came",
        "The same request was made again with a higher `attempt`, and the lease belongs to that one; or the request"
        " was withdrawn while this call waited.",
        "Usually nothing: the later attempt has the answer. If you made it, use its lease. A job that is started again"
        " counts `attempt` up.",
    ),
    Kind.WRONG_STATE: Explanation(
        "The PPA is in another state",
        "The action is not possible in the state that the PPA is in: only a lease that lasts can be held, and only"
        " once; only a PPA in quarantine can be resumed; only one that is `unmanaged` or `unreadable` can be adopted;"
        " with one that is deleted on Launchpad nothing can be done.",
        "Look at the PPA (`ppa-assigner status PPA`): somebody else, or the daemon itself, may have been faster.",
    ),
    Kind.UNKNOWN_POOL: Explanation(
        "There is no such pool",
        "No pool of this name is in the daemon's configuration.",
        "Look at the pools that there are: `GET /v1/pools`, or the status page.",
    ),
    Kind.UNKNOWN_PPA: Explanation(
        "There is no such PPA here",
        "The PPA is not in the daemon's configuration, or not in the pool that was asked for.",
        "Check the spelling (`~owner/ubuntu/name`) against `ppa-assigner status`. A PPA is lent only if the list"
        " names it.",
    ),
    Kind.UNKNOWN_LEASE: Explanation(
        "There is no such lease",
        "No PPA remembers this lease. It is over, and its PPA was cleaned since, or the id belongs to another daemon.",
        "Check which daemon you ask (`PPA_ASSIGNER_URL`). If the lease was yours it is over: ask for a new PPA.",
    ),
    Kind.UNKNOWN_REQUEST: Explanation(
        "There is no such request",
        "Nothing waits in the line and no PPA is lent under this request id of yours.",
        "Nothing, if you wanted to withdraw it. A request id belongs to the client that chose it: ask with the same"
        " token.",
    ),
    Kind.NOT_FOUND: Explanation(
        "Not found",
        "There is nothing at this path.",
        "Compare the path with the API at `/docs`; no path but `/` has a slash at its end.",
    ),
    Kind.METHOD_NOT_ALLOWED: Explanation(
        "Method not allowed",
        "The path is there, but not for this method; the header `Allow` says which it takes.",
        "Compare the call with the API at `/docs`.",
    ),
    Kind.LEASE_OVER: Explanation(
        "The lease is over",
        "The lease has ended: at its `until`, because nobody touched it for `idle` seconds and a margin (a quarter of"
        " that, at most 60 s), because it was released, or because its PPA was deleted. What was uploaded is being"
        " deleted.",
        "Stop using the PPA, for it may be somebody else's by now, and ask for a new one. Ask with a longer `ttl`, or"
        " touch more often (`exec` and the Python client do).",
    ),
    Kind.UNAUTHORIZED: Explanation(
        "Authentication required",
        "The daemon has clients, and this call came without a token, or with one that it does not know (any more), or"
        " that does not count: `detail` says why, where an issuer signed it.",
        "Send `Authorization: Bearer TOKEN`; for the command line set `PPA_ASSIGNER_TOKEN` or `--token-file`. An"
        " operator makes tokens with `ppa-assigner token`. A job asks its issuer for a new one.",
    ),
    Kind.FORBIDDEN: Explanation(
        "Not permitted",
        "You are known, but may not do this: the lease is somebody else's, the action is for operators, the claims of"
        " your token are no client's, or, without clients, the call seems to come from another site's page.",
        "Ask an operator, or have the client's `owners`, `role` or `claims` in the configuration changed.",
    ),
    Kind.TOO_LARGE: Explanation(
        "The request is too large",
        "A body has at most 64 KiB.",
        "Send less: shorten `note`, or name fewer `sources`.",
    ),
    Kind.INVALID: Explanation(
        "The request is not valid",
        "A member of the body or the query is missing, unknown, or has a value that is not possible; `detail` names"
        " it.",
        "Correct what `detail` names; `/docs` shows what each call takes. The same request fails again.",
    ),
    Kind.TOO_MANY: Explanation(
        "Too many requests",
        "You ask more often than the daemon allows one client (`rate`), or have too many calls open at once. Others"
        " do not notice.",
        "Wait for as many seconds as `Retry-After` says. Do not poll: let the daemon wait (`wait`), and follow"
        " `/v1/events`.",
    ),
    Kind.INTERNAL: Explanation(
        "This is a bug in the daemon",
        "The daemon failed to answer. Leases are not affected: they are kept in the PPAs themselves.",
        "Ask again with the same `request_id` and `attempt` one higher. Report it, with what the daemon's log says of"
        " it.",
    ),
    Kind.UNAVAILABLE: Explanation(
        "Launchpad or the daemon is not available",
        "Launchpad or the issuer of your token does not answer, or the daemon is starting or stopping; `detail` says"
        " which. What was asked may"
        " have happened all the same. With `pending: true` a release is done as soon as Launchpad is back.",
        "Ask again after `Retry-After`, with the same `request_id`, the `ticket` of the answer, and `attempt` one"
        " higher: you never get a second PPA. `/readyz` says since when and why; `ppa-assigner doctor` finds out what"
        " is wrong.",
    ),
}


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """A call that cannot be done.

    `detail` says why, in one sentence for people; `facts` are further members of the answer; `retry_after` is the
    number of seconds after which asking again makes sense.
    """

    def __init__(self, kind: Kind, detail: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after
        self.facts: Mapping[str, Any] = facts
