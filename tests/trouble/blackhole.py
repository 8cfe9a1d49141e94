"""A way to the daemon that can begin to swallow everything: what is sent is taken, nothing comes back, nothing breaks.

Rule: passes bytes on and knows nothing of HTTP.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PIECE = 1 << 16


class BlackHole:
    """Listens on loopback and passes on to a Unix socket, until it swallows."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        self._swallows = threading.Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def swallow(self) -> None:
        """From now on nothing passes, in either direction, on no connection."""
        self._swallows.set()

    def accept(self) -> None:
        """Until it is closed."""
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                self._open += [near, far]
                far.connect(str(self._target))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                if not self._swallows.is_set():
                    sink.sendall(data)
            if not self._swallows.is_set():
                sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End all connections."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def blackhole(target: Path) -> Iterator[BlackHole]:
    """It runs, and ends."""
    made = BlackHole(target)
    thread = threading.Thread(target=made.accept, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join(10)
