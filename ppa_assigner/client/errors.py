"""How a call of the client can fail, and which exit code of a command that is.

Rule: one class per thing that a caller does differently; each carries the daemon's problem document, so nothing that
the daemon said is lost.  Nothing here sends anything.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from typing import Any, ClassVar

Document = dict[str, Any]


class AssignerError(Exception):
    """A call that failed.  `problem` is the daemon's problem document (RFC 9457), empty when the daemon gave none;
    `exit_code` is that of sysexits.h; `retry_after`, in seconds, is when the daemon asks to be asked again.
    """

    exit_code: ClassVar[int] = os.EX_SOFTWARE

    def __init__(
        self, message: str, problem: Mapping[str, Any] | None = None, *, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.problem: Document = dict(problem or {})
        self.retry_after = retry_after

    @property
    def permanent(self) -> bool:
        """Whether asking again soon is in vain, although the daemon does not answer."""
        return False

    @property
    def slug(self) -> str | None:
        """The last part of the problem's `type`, like `none-free`."""
        return slug(self.problem)


class Obstacle(enum.Enum):
    """Why a connection to the daemon did not come about."""

    NOBODY = "nobody listens there"
    CERTIFICATE = "its certificate is not trusted"


class Unavailable(AssignerError):  # noqa: N818 - the name says what is the case
    """The daemon or Launchpad does not answer.  `maybe_done`: what was asked may have happened nevertheless;
    `obstacle`: why there was no connection, None where there was one.
    """

    exit_code = os.EX_UNAVAILABLE

    @property
    def permanent(self) -> bool:
        """Whether asking again soon is in vain: a certificate stays as it is."""
        return self.obstacle is Obstacle.CERTIFICATE

    @property
    def pending(self) -> bool:
        """Whether the daemon has taken over what was asked, and does it when Launchpad is back, unless it is restarted
        before that.
        """
        return self.problem.get("pending") is True

    def __init__(
        self,
        message: str,
        problem: Mapping[str, Any] | None = None,
        *,
        retry_after: float | None = None,
        maybe_done: bool = True,
        obstacle: Obstacle | None = None,
    ) -> None:
        super().__init__(message, problem, retry_after=retry_after)
        self.maybe_done = maybe_done
        self.obstacle = obstacle


class NoneFree(AssignerError):  # noqa: N818 - the name says what is the case
    """No PPA was free in time, a quota is full (`quota`), or none can ever take these sources (`all-burnt`)."""

    exit_code = os.EX_TEMPFAIL


class NotAccepted(AssignerError):  # noqa: N818 - the name says what is the case
    """What is to be uploaded or promoted would be refused, or failed, as it is: asking again does not help."""

    exit_code = os.EX_DATAERR


class NotInTime(AssignerError):  # noqa: N818 - the name says what is the case
    """What was waited for is not there yet, and the time for it is up."""

    exit_code = os.EX_TEMPFAIL


class NotPermitted(AssignerError):  # noqa: N818 - the name says what is the case
    """Not allowed to this caller, or not in this state."""

    exit_code = os.EX_NOPERM


class UnknownLease(AssignerError):  # noqa: N818 - the name says what is the case
    """No PPA has a record of such a lease or request."""

    exit_code = os.EX_NOPERM


class LeaseOver(AssignerError):  # noqa: N818 - the name says what is the case
    """The lease has ended."""

    exit_code = os.EX_NOPERM


class UsageError(AssignerError):
    """The request is invalid, for the daemon or already for this client."""

    exit_code = os.EX_USAGE


class Bug(AssignerError):  # noqa: N818 - the name says what is the case
    """The daemon failed, or its response is not one of its API."""

    exit_code = os.EX_SOFTWARE


_BY_SLUG: Mapping[str, type[AssignerError]] = {
    "none-free": NoneFree,
    "all-burnt": NoneFree,
    "quota": NoneFree,
    "orig-differs": NotAccepted,
    "unfinished": NotAccepted,
    "not-newer": NotAccepted,
    "request-id-taken": NotPermitted,
    "superseded": NotPermitted,
    "wrong-state": NotPermitted,
    "forbidden": NotPermitted,
    "unauthorized": NotPermitted,
    "unknown-lease": UnknownLease,
    "unknown-request": UnknownLease,
    "lease-over": LeaseOver,
    "no-match": UsageError,
    "too-many": UsageError,
    "unknown-pool": UsageError,
    "unknown-ppa": UsageError,
    "invalid": UsageError,
    "not-found": UsageError,
    "method-not-allowed": UsageError,
    "too-large": UsageError,
    "too-many-requests": Unavailable,
    "launchpad-unavailable": Unavailable,
    "internal-error": Bug,
}
_BY_STATUS: Mapping[int, type[AssignerError]] = {
    # answers of something that stands before the daemon, or in its place: no type that we know
    400: UsageError,
    401: NotPermitted,
    403: NotPermitted,
    404: UsageError,
    405: UsageError,
    413: UsageError,
    422: UsageError,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


PENDING = (
    "not released yet: the daemon does it as soon as Launchpad is back; should the daemon be restarted before that, the"
    " lease ends by itself at its end ({})"
)


def exit_code_of(slug: str) -> int:
    """The exit code of a command that ends with this problem."""
    return _BY_SLUG[slug].exit_code


def slug(problem: Mapping[str, Any]) -> str | None:
    """The last part of a problem's `type`."""
    kind = problem.get("type")
    return kind.rstrip("/").rpartition("/")[2].rpartition(":")[2] or None if isinstance(kind, str) else None


def error_of(status: int, problem: Document, retry_after: float | None, url: str) -> AssignerError | None:
    """The error that a response of what answers at `url` means; None when it is not a failure."""
    if 200 <= status < 300:
        return None
    kind = _BY_SLUG.get(slug(problem) or "") or _BY_STATUS.get(status) or (Bug if status >= 400 else UsageError)
    message = _message(status, problem, url)
    if kind is Unavailable:
        message = PENDING.format(message) if problem.get("pending") is True else message
        return Unavailable(message, problem, retry_after=retry_after, maybe_done=status != 429)
    return kind(message, problem, retry_after=retry_after)


def _message(status: int, problem: Mapping[str, Any], url: str) -> str:
    for member in ("detail", "title"):
        text = problem.get(member)
        if isinstance(text, str) and text:
            return text
    if 300 <= status < 400:
        return f"{url}: what answers there is not a PPA assigner: it points elsewhere (HTTP status {status})"
    return f"{url}: HTTP status {status} from what stands before the daemon, or in its place; the daemon would say why"
