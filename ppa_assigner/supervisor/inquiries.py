"""What is asked of Launchpad for a call that no worker answers: some threads, one call at a time each.

Rule: nothing here changes a PPA that is lent or its record; decisions about these are the workers' alone.  A call ends
by its deadline, whether its answer has come or not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from ..backoff import RETRY_AFTER_S
from ..port import Unavailable
from ..problems import Kind, Problem
from .office import Office
from .order import LATE, Order

log = logging.getLogger(__name__)

T = TypeVar("T")
AT_ONCE = 4


class Inquiries:
    """Every method but `stop` is called under the office's lock."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._executor = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="inquiry")

    def ask(self, read: Callable[[], T], within: float | None = None) -> Future[T]:
        """Run `read` in another thread; its result, or the Problem that it raises, in so many seconds, or the time of a
        call.
        """
        order: Order[T] = self.call(within)
        self.run(read, order)
        return order.future

    def call(self, within: float | None = None) -> Order[T]:
        """A call to `run`.  What asks more than a few questions looks at its `over` between them."""
        order: Order[T] = Order(self._office, _no_worker)
        if within is not None:
            order.within(within)
        return order

    def run(self, read: Callable[[], T], order: Order[T]) -> None:
        """The same for a call that is there already; one that is over by its turn is not read for."""
        try:
            self._executor.submit(self._read, read, order)
        except RuntimeError:  # stopped, or the host gives no thread
            order.end(Problem(Kind.UNAVAILABLE, "no thread to ask Launchpad with", retry_after=RETRY_AFTER_S))

    def stop(self, *, wait: bool = False) -> None:
        """Ask nothing more; `wait` for what is under way."""
        self._executor.shutdown(wait=wait, cancel_futures=True)

    def _read(self, read: Callable[[], T], order: Order[T]) -> None:
        if order.over:
            return
        result: T | Problem
        try:
            result = read()
        except Problem as problem:
            result = problem
        except Exception:
            log.exception("an inquiry failed")
            result = Problem(Kind.INTERNAL, "the daemon failed to find out; its log says why")
        with self._office.deciding():
            order.end(result)


def go_on(order: Order[Any], after: float = 0.0) -> None:
    """Raises Problem if the call is over (`after`: for so long): nobody hears the rest, and others want the thread."""
    if order.over_for(after):
        raise Problem(Kind.UNAVAILABLE, LATE, retry_after=RETRY_AFTER_S)


def known(answer: T | Unavailable) -> T:
    """An answer of Launchpad's.  Raises Problem where there is none."""
    if isinstance(answer, Unavailable):
        raise Problem(Kind.UNAVAILABLE, answer.reason, retry_after=answer.retry_after or RETRY_AFTER_S)
    return answer


def _no_worker(*_: object) -> T:  # type: ignore[type-var]
    raise AssertionError("no worker was asked")
