"""The series of distributions: asked for once an hour, for all threads.

Rule: what is kept here decides only where to look, never whether something is there.
"""

from __future__ import annotations

import threading
import time
from urllib.parse import quote

from . import answers, contents
from .contents import Get, Missing, Series

KEPT_S = 3600.0


class Catalogue:
    """`root` is the address of the service's root.  A service that has no list of series has none."""

    def __init__(self, root: str, missing: Missing) -> None:
        self._root = root
        self._missing = missing
        self._kept: dict[str, tuple[float, tuple[Series, ...]]] = {}
        self._lock = threading.Lock()

    def series(self, distribution: str, get: Get) -> tuple[Series, ...]:
        """All of a distribution.  Raises FailedError, NotSentError, NoAnswerError."""
        with self._lock:
            until, known = self._kept.get(distribution, (0.0, ()))
        if time.monotonic() < until:
            return known
        known = self._ask(f"{self._root}{quote(distribution)}/series?ws.size={contents.PAGE}", get)
        if known:  # that there are none may be a moment's fault of the service
            with self._lock:
                self._kept[distribution] = (time.monotonic() + KEPT_S, known)
        return known

    def _ask(self, url: str, get: Get) -> tuple[Series, ...]:
        answer = contents.asked_twice(get, url)
        if self._missing.says(answer, "list of series", also_404=True):
            return ()
        first = [answer]
        return contents.all_series(lambda more: first.pop() if first else get(more), url)


def architectures(series: Series, get: Get) -> tuple[str, ...]:
    """The architectures of a series.  Raises FailedError, UnreadableError, NotSentError, NoAnswerError."""
    url = f"{series.url}/architectures?ws.size={contents.PAGE}"
    return tuple(answers.text(one, "architecture_tag") for one in contents.entries(get, url))
