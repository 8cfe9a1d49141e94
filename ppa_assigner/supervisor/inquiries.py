"""What is asked of Launchpad for a call that no worker answers: some threads, one call at a time each.

Rule: nothing here changes a PPA that is lent or its record; decisions about these are the workers' alone.  A call ends
by its deadline, whether its answer has come or not; what asks more than a few questions looks between them whether
anybody waits for the answer still.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..archive_port import Copies, Histories, PrimaryArchives
from ..backoff import RETRY_AFTER_S
from ..port import Unavailable
from ..problems import Kind, Problem
from ..upload_port import UploadReports
from .core import LATE
from .events import Event, InquiryBegan, InquiryEnded
from .requests import CallId
from .shell import Shell


@dataclass(frozen=True, slots=True)
class Archives:
    """The ports: of the distribution's own archive, of uploads, of copies, and of the past."""

    primary: PrimaryArchives
    uploads: UploadReports
    copies: Copies
    histories: Histories


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


log = logging.getLogger(__name__)

AT_ONCE = 4


class Inquiries:
    """Safe for threads."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._executor = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="inquiry")

    def ask(self, read: Callable[[], T], within: float | None = None) -> Future[T]:
        """Run `read` in another thread; its result, or the Problem that it raises, in so many seconds, or the time of a
        call.
        """
        inquiry: Inquiry[T] = self.call(within)
        self.run(read, inquiry)
        return inquiry.future

    def call(self, within: float | None = None) -> Inquiry[Any]:
        """A call to `run`.  What asks more than a few questions looks at its `over` between them."""
        return Inquiry(self._shell, *self._shell.ask(InquiryBegan, within))

    def run(
        self, read: Callable[[], T], inquiry: Inquiry[Any], found: Callable[[CallId, T], Event] = InquiryEnded
    ) -> None:
        """The same for a call that is there already; one that is over by its turn is not read for.  What is `found` is
        told by that event, what goes wrong ends the call.
        """
        try:
            self._executor.submit(self._read, read, inquiry, found)
        except RuntimeError:  # stopped, or the host gives no thread
            self.end(inquiry, Problem(Kind.UNAVAILABLE, "no thread to ask Launchpad with", retry_after=RETRY_AFTER_S))

    def end(self, inquiry: Inquiry[T], result: T | BaseException) -> None:
        """It ends with this result, or with this Problem, unless it is over."""
        self._shell.do(InquiryEnded(inquiry.number, result))

    def stop(self, *, wait: bool = False) -> None:
        """Ask nothing more; `wait` for what is under way."""
        self._executor.shutdown(wait=wait, cancel_futures=True)

    def _read(self, read: Callable[[], T], inquiry: Inquiry[Any], found: Callable[[CallId, T], Event]) -> None:
        if inquiry.over:
            return
        try:
            event = found(inquiry.number, read())
        except Problem as problem:
            event = InquiryEnded(inquiry.number, problem)
        except Exception:
            log.exception("an inquiry failed")
            failed = Problem(Kind.INTERNAL, "the daemon failed to find out; its log says why")
            event = InquiryEnded(inquiry.number, failed)
        self._shell.do(event)
