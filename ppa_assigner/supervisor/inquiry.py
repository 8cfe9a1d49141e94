"""A call for which something is read of Launchpad, as whoever reads sees it.

Rule: what asks more than a few questions looks between them whether anybody waits for the answer still.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from ..backoff import RETRY_AFTER_S
from ..port import Unavailable
from ..problems import Kind, Problem
from .core import LATE
from .keys import CallId
from .shell import Shell

T = TypeVar("T")


class Inquiry(Generic[T]):
    """A call for which something is read; it may be over before that is done."""

    def __init__(self, shell: Shell, number: CallId, future: Future[T]) -> None:
        self.number, self.future = number, future
        self.deadline = shell.clock.boot() + shell.core.total
        self._shell = shell

    @property
    def over(self) -> bool:
        """Whether the call is answered."""
        return self.future.done()

    def over_for(self, seconds: float) -> bool:
        """Whether the call is answered, and its deadline over for so long, or the daemon is being stopped."""
        core, boot = self._shell.core, self._shell.clock.boot()
        return self.over and (core.stopping or not seconds or boot >= self.deadline + seconds)


def go_on(inquiry: Inquiry[Any], after: float = 0.0) -> None:
    """Raises Problem if the call is over (`after`: for so long): nobody hears the rest, and others want the thread."""
    if inquiry.over_for(after):
        raise Problem(Kind.UNAVAILABLE, LATE, retry_after=RETRY_AFTER_S)


def known(answer: T | Unavailable) -> T:
    """An answer of Launchpad's.  Raises Problem where there is none."""
    if isinstance(answer, Unavailable):
        raise Problem(Kind.UNAVAILABLE, answer.reason, retry_after=answer.retry_after or RETRY_AFTER_S)
    return answer
