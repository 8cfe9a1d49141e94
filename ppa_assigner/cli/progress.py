"""What people see on stderr while a request waits for its PPA.

Rule: a terminal shows the place in the line, or that the daemon does not answer, on one line that is wiped at the end.
Where stderr is not a terminal it gets one line, the first time that the daemon does not answer, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..client.errors import AssignerError, Unavailable
from . import output, signals

if TYPE_CHECKING:
    from ..client import Client

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

_REFRESH_S = 2.0
_WIDTH = 80  # of a terminal that does not tell its own
_REWRITE_LINE = "\r\x1b[K"


class WaitProgress:
    """The wait of one request.  `away` says whether the daemon did not answer when it was asked last."""

    def __init__(self, client: Client, pool: str | None) -> None:
        self.away = False
        self._client = client
        self._pool = pool or "default"
        self._terminal = sys.stderr.isatty()
        self._said = False
        self._place: int | None = None
        self._over = threading.Event()
        self._lock = threading.Lock()

    def on_wait(self, error: AssignerError) -> None:
        """Note the error that came instead of a PPA, and show it; the client is about to ask again.

        Raises Interrupted if a signal came.
        """
        signals.again()
        trouble = isinstance(error, Unavailable)
        self.away = trouble and not error.problem.get("type")
        if not trouble:
            self._place = error.problem.get("position")
        elif self._terminal:
            self._show(_trying_again(error))
        elif not self._said:
            self._said = True
            output.say(_trying_again(error))

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show on a terminal, while the block runs, how the wait goes."""
        if not self._terminal:
            yield
            return
        thread = threading.Thread(target=self._keep_shown, daemon=True)
        thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._over.set()
                _rewrite("")

    def _keep_shown(self) -> None:
        # Signals are for the main thread: this one may still run when signals must not end the process any more.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while not self._over.wait(_REFRESH_S):
            try:
                waiting = next((each["waiting"] for each in self._client.pools() if each["pool"] == self._pool), None)
            except (AssignerError, KeyError) as error:
                self._show(_trying_again(error))
                continue
            if waiting:
                self._show(f"waiting ({self._of(waiting)})")

    def _of(self, waiting: int) -> str:
        """Describe the place in the line; requests before it may have gone since the daemon told it."""
        return f"{waiting} in line" if self._place is None else f"place {min(self._place, waiting)} of {waiting}"

    def _show(self, text: str) -> None:
        with self._lock:
            if not self._over.is_set():
                _rewrite(text)


def _trying_again(error: Exception) -> str:
    silent = not (isinstance(error, AssignerError) and error.problem.get("type"))
    what = "the daemon does not answer" if silent else "the daemon cannot lend now"
    return f"{what}; trying again… ({error})"


def _rewrite(text: str) -> None:
    """Replace the line by the text, cut to the terminal's width: a second line could not be wiped."""
    with contextlib.suppress(OSError, ValueError):
        width = os.get_terminal_size(sys.stderr.fileno()).columns or _WIDTH
        sys.stderr.write(_REWRITE_LINE + output.escaped(text)[: width - 1])
        sys.stderr.flush()
