"""Follows the uploads of leases for all who wait for them.

Rule: a few threads, whatever the number of PPAs and of those who wait; they make requests outside the lock, each with
its deadline, over connections that nothing else needs.  Who waits is told by futures, outside the lock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime

from ..journal import about
from ..port import Done, Unavailable
from ..problems import Kind, Problem
from ..reference import Reference
from ..upload_port import UploadReports
from .following import Enough, Following, Retrying, Waiting
from .looks import FollowedLease, Question, UnseenError, look, look_at_indexes
from .model import NamedSource, Report, SourceReport, Wanted

log = logging.getLogger(__name__)

THREADS = 8
LEAVE_WITHIN_S = 30.0
"""How long a retry may wait for a connection."""
STOPPING = "the daemon is being stopped"
Changed = Callable[[FollowedLease, str | None, SourceReport], None]
"""Called with a source whose state changed, and its state before (None: it is seen for the first time)."""


class Follower:
    """Safe for threads.  `now` is Launchpad's time, `boot` the boot-time clock in seconds; `changed` is told of each
    source whose state is another than at the last look.
    """

    def __init__(
        self,
        reports: UploadReports,
        *,
        now: Callable[[], datetime],
        boot: Callable[[], float],
        changed: Changed = lambda *_: None,
        threads: int = THREADS,
    ) -> None:
        self._reports, self._now, self._boot, self._changed = reports, now, boot, changed
        self._most = threads
        self._condition = threading.Condition()
        self._followed: dict[str, Following] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = False

    # -- calls --------------------------------------------------------------------------------------------------------

    def ask(
        self, lease: FollowedLease, wanted: Wanted, appear: float, enough: Enough, *, holder: bool = True
    ) -> Waiting:
        """Begin to wait; `leave` must follow.  `holder`: as in Waiting.  Raises Problem when it is being stopped, or
        has no thread.
        """
        waiting = Waiting(wanted, appear, enough, holder)
        with self._condition:
            self._following(lease).join(waiting, self._boot())
            self._condition.notify()
        return waiting

    def leave(self, lease: str, waiting: Waiting) -> None:
        """The call is over."""
        with self._condition:
            if (following := self._followed.get(lease)) is not None:
                following.leave(waiting)

    def retry(self, lease: FollowedLease, sources: Iterable[NamedSource] = ()) -> Retrying:
        """Have builds of these sources (none: of all since the lease began) tried again that failed for a lost builder,
        after a new look.  Raises Problem like `ask`.
        """
        retrying = Retrying(tuple(sources))
        with self._condition:
            following = self._following(lease)
            following.retrying.append(retrying)
            following.latest_call = following.due = self._boot()
            self._condition.notify()
        return retrying

    def holds(self, ppa: Reference, lease: str | None) -> None:
        """The PPA has this lease, or none: all that it had before are over, and so are those who wait for them."""
        with self._condition:
            over = [one for one in self._followed.values() if one.lease.ppa == ppa and one.lease.lease != lease]
            for following in over:
                del self._followed[following.lease.lease]
            calls = [call for following in over for call in following.calls]
        _end(calls, Problem(Kind.LEASE_OVER, f"the lease of {ppa} is over"))

    def stop(self) -> None:
        """Look no more, and tell all who wait.  Requests under way end by their deadline."""
        with self._condition:
            self._stopping = True
            calls = [call for following in self._followed.values() for call in following.calls]
            self._followed.clear()
            self._condition.notify_all()
        _end(calls, Problem(Kind.UNAVAILABLE, STOPPING, retry_after=1.0))

    def _following(self, lease: FollowedLease) -> Following:
        if self._stopping:
            raise Problem(Kind.UNAVAILABLE, STOPPING, retry_after=1.0)
        self._forget()
        self._have_thread()
        return self._followed.setdefault(lease.lease, Following(lease))

    def _forget(self) -> None:
        now = self._boot()
        for lease in [lease for lease, one in self._followed.items() if one.forgettable(now)]:
            del self._followed[lease]

    def _have_thread(self) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) >= min(self._most, len(self._followed) + 1):
            return
        thread = threading.Thread(target=self._work, name=f"uploads {len(self._threads)}", daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError) as error:
            if not self._threads:
                why = f"no thread can be started to look at uploads: {error}"
                raise Problem(Kind.UNAVAILABLE, why, retry_after=1.0) from None
            return
        self._threads.append(thread)

    # -- threads ------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (following := self._next()) is not None:
            try:
                self._look(following)
            except Exception:
                log.exception("the uploads to %s could not be looked at, by a bug", following.lease.ppa)
                self._failed(following, self._boot(), "the daemon failed to look at the uploads; its log says more")
            finally:
                with self._condition:
                    following.looking = False
                    self._condition.notify()

    def _next(self) -> Following | None:
        """The next that is due, when it is; None: stop."""
        with self._condition:
            while not self._stopping:
                now = self._boot()
                due = [one for one in self._followed.values() if one.wanted and not one.looking]
                first = min(due, key=lambda one: one.due, default=None)
                if first is not None and first.due <= now:
                    first.looking = True
                    return first
                self._condition.wait(_LONGEST_S if first is None else min(first.due - now, _LONGEST_S))
            return None

    def _look(self, following: Following) -> None:
        began = self._boot()
        with self._condition:
            question = following.question(began)
            seen = following.index_alone(question, began)
            retrying = list(following.retrying)
        try:
            if seen is None:
                found = look(self._reports, following.known, question, self._now())
            else:
                found = look_at_indexes(self._reports, following.known, question, seen)
        except UnseenError as failed:
            self._failed(following, began, str(failed))
            return
        with self._condition:
            following.looked(question, found, began, whole=seen is None)
            reports = self._reports_to(following, question, began)
            changes = following.changes(question)
            following.taken(retrying)
        for before, source in changes:  # first: who is told may look for the event
            self._changed(following.lease, before, source)
        for waiting, report in reports:
            waiting.told(report)
        self._retry(following, [report for _, report in reports], retrying)

    def _reports_to(self, following: Following, question: Question, began: float) -> list[tuple[Waiting, Report]]:
        """A report for each who waits for what that look was about; those who wait for the same share one."""
        told, made = following.covered(question, began), dict[tuple[Wanted, float], Report]()
        for waiting in told:
            key = (waiting.wanted, waiting.appear)
            if key not in made:
                made[key] = following.report(waiting, began)
        return [(waiting, made[waiting.wanted, waiting.appear]) for waiting in told]

    def _failed(self, following: Following, began: float, why: str) -> None:
        ppa = following.lease.ppa
        log.info("%s: its uploads could not be looked at: %s", ppa, why, extra=about(ppa=ppa))
        with self._condition:
            following.failed(began)
            waiting = list(following.waiting)
            retrying, following.retrying = following.retrying, []
        for one in waiting:
            one.failed(why)
        _end(retrying, Problem(Kind.UNAVAILABLE, f"{ppa}: {why}", retry_after=1.0))

    # -- retries ------------------------------------------------------------------------------------------------------

    def _retry(self, following: Following, reports: list[Report], retrying: list[Retrying]) -> None:
        with self._condition:
            urls = following.to_retry(reports, self._boot())
        try:
            for url in urls:
                self._retry_one(following, url)
            for each in retrying:
                builds = following.lost_builders(each.sources)
                each.tried(tuple(one for one in builds if self._retry_one(following, one[1].url)))
        finally:
            _end(retrying, Problem(Kind.INTERNAL, "the daemon failed to retry builds; its log says why"))

    def _retry_one(self, following: Following, url: str) -> bool:
        answer = self._reports.retry(url, self._boot() + LEAVE_WITHIN_S)
        if not isinstance(answer, Unavailable):  # else the next look tells whether it is to be asked for again
            with self._condition:
                following.retried(url, self._boot())
        if not isinstance(answer, Done):
            log.info("%s: the build %s could not be retried: %s", following.lease.ppa, url, answer.reason)
            return False
        log.info("%s: asked for another try of the build %s", following.lease.ppa, url)
        return True


_LONGEST_S = 60.0  # a wait does not count the time that the host sleeps


def _end(calls: Iterable[Waiting | Retrying], problem: Problem) -> None:
    for call in calls:
        call.over(problem)
