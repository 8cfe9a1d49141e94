"""The daemon as it is, and one of its threads hangs on demand: for what a watchdog is there for.

Run as `PROGRAM THREAD ARGUMENTS…`: the command line gets the ARGUMENTS.  Once the file GO is there, the first thread
whose name starts with THREAD, and that is at work, gets a signal whose handler is the C library's own pause(): it
stays in the kernel for good and holds no lock of Python's, while all other threads go on.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from types import FrameType

GO = "/etc/ppa-assigner/go"
_AT_WORK = {"worker": "_send", "http": "run"}
"""The function in which a thread must be: a worker that waits for its mailbox has nothing to do."""


def main() -> int:
    """Run the command line in the main thread."""
    from ppa_assigner.cli import main

    name = sys.argv[1]
    threading.Thread(target=_watch, args=(name,), daemon=True).start()
    return main(sys.argv[2:])


def _watch(name: str) -> None:
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal(signal.SIGUSR2, ctypes.cast(libc.pause, ctypes.c_void_p))
    pause = threading.Event()
    while not (os.path.exists(GO) and _hang(name)):
        pause.wait(0.02)


def _hang(name: str) -> bool:
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if thread.name.startswith(name) and thread.ident and _is_in(frames.get(thread.ident), _AT_WORK[name]):
            signal.pthread_kill(thread.ident, signal.SIGUSR2)
            return True
    return False


def _is_in(frame: FrameType | None, function: str) -> bool:
    while frame is not None:
        if frame.f_code.co_name == function:
            return True
        frame = frame.f_back
    return False
