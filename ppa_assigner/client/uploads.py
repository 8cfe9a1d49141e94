"""What is waited for of uploads, and how a long wait for it is asked for in short ones.

Rule: whoever waits is told of each change once; an outage of the daemon or of Launchpad delays that and is no verdict.
How long something may take to appear is counted here too, so that a daemon that is restarted does not begin anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from ..backoff import CALL_PATIENCE_S
from ..times import boottime
from .addresses import query
from .errors import Unavailable, error_of
from .retry import RetryBudget
from .transport import ApiTransport

if TYPE_CHECKING:
    from ..documents import Source, Uploads

APPEAR_S = 1200.0
_WAIT_S = 60.0
_NOT_MODIFIED = 304


class WantedUploads(NamedTuple):
    """What is waited for: the sources (none: all that came since the lease began, at least one) and architectures
    (none: those that each source has builds for) that must be as far as `goal` says: `accepted`, `built`, `published`
    or `installable`.  `appear`: seconds after which a source that has not appeared counts as rejected or lost.
    """

    sources: Sequence[Source] = ()
    goal: str = "published"
    arches: Sequence[str] = ()
    appear: float = APPEAR_S


def path_of(lease: str, wanted: WantedUploads, wait: float) -> str:
    """The path and query of one call."""
    facts = [("source", f"{each['name']}={each['version']}") for each in wanted.sources]
    facts += [("arch", each) for each in wanted.arches]
    facts += [("for", wanted.goal), ("appear", f"{wanted.appear:.3f}"), ("wait", f"{wait:.3f}")]
    return f"/v1/leases/{lease}/uploads{query(facts)}"


def reports(
    transport: ApiTransport,
    lease: str,
    wanted: WantedUploads,
    within: float | None,
    answer_s: float,
    check: Callable[[], object],
) -> Iterator[Uploads]:
    """What became of the uploads, at each change, until it is final or `within` seconds are over.  `check` is called
    before each request.

    Raises what the daemon's refusals mean; Unavailable where there is no answer at the beginning, or in the end.
    """
    began, tag = boottime(), ""
    ends = None if within is None else began + within
    budget = RetryBudget(CALL_PATIENCE_S, read=answer_s)
    while True:
        check()
        wait = _wait(began, ends, wanted.appear)
        asked = wanted._replace(appear=0.0) if boottime() - began >= wanted.appear else wanted
        headers = {"If-None-Match": tag} if tag else None
        try:
            response = transport.send(
                "GET", path_of(lease, asked, wait if tag else 0.0), None, read=wait + answer_s, headers=headers
            )
            error = None if response.status == _NOT_MODIFIED else error_of(*response[:3], transport.url)
            if error is not None:
                raise error
        except Unavailable as error:
            if error.permanent or not budget.pause(error.retry_after) or _over(ends):
                raise
            continue
        budget = RetryBudget(float("inf") if ends is None else ends - boottime(), read=answer_s)
        if response.status != _NOT_MODIFIED:
            tag = response.tag
            found = cast("Uploads", response.document)
            yield found
            if found["final"]:
                return
        if _over(ends):
            return


def _wait(began: float, ends: float | None, appear: float) -> float:
    """How long one call may wait: not beyond the end, nor beyond when something should have appeared."""
    now, due = boottime(), began + appear
    moments = [now + _WAIT_S] + ([] if ends is None else [ends]) + ([due] if now < due else [])
    return max(0.0, min(moments) - now)


def _over(ends: float | None) -> bool:
    return ends is not None and boottime() >= ends
