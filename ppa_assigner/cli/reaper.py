"""A process that ends what is left of a command when the `exec` that ran it is gone, even if SIGKILL ended it.

Somebody else will soon have the PPA, so nothing may go on with it; nor may a login stay behind in a file.

It runs as a process in a session of its own, `python -I -S reaper.py MARK`: what ends the job's process group or its
terminal must not end this first.  It imports nothing of this package.  Its stdin is a socket whose other end `exec`
alone has.  It writes a line when it listens, and reads words, each with a NUL after it: the number of a process of the
command, the path of a folder that goes with `exec`, and at the end a `.` if what is left may go on; if the other end is
closed without that, `exec` is gone.  It recognises the command's processes by MARK in their environment and by their
parents, no matter which group or session they are in.

Rule: only the process that was looked at is signalled (pidfd), never another that has its number by then; only what is
in the folder that was named is removed, never what has its name by then.  Nothing heavy is imported, since one of these
runs with each `exec`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator

VARIABLE = "PPA_ASSIGNER_EXEC"
MAY_GO_ON = b"."
END = b"\0"
"""Comes after each word that is told: a path may have anything else in it."""
GRACE_S = 5.0
"""How long after SIGTERM comes SIGKILL."""
_PATIENCE_S = 5.0  # with what SIGKILL does not end, or what may not be signalled
_AGAIN_S = 0.05

Identity = tuple[int, str]
"""A pid, and when that process was started, which tells it from an earlier or later process with this pid."""


class SeenProcess:
    """One process as /proc showed it.

    It is not a dataclass: the import of `dataclasses` would cost more than everything else in this module.
    """

    def __init__(self, identity: Identity, parent: int, *, marked: bool) -> None:
        self.identity = identity
        self.pid = identity[0]
        self.parent = parent
        self.marked = marked


def main(mark: str) -> None:
    """Wait for the end of `exec`; then end what is left of its command, unless `exec` said that it may go on, and
    remove its folders.
    """
    _keep_only_stdin()
    os.write(0, b"\n")
    roots: set[Identity] = set()
    folders: dict[bytes, int] = {}
    for told in _told():
        if told == MAY_GO_ON:
            return
        if told.isdigit() and (command := seen(int(told), b"")) is not None:
            roots.add(command.identity)
        if told.startswith(b"/"):
            with contextlib.suppress(OSError):  # it is gone already
                folders[told] = os.open(told, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    end_all(f"{VARIABLE}={mark}".encode(), roots)
    for path, folder in folders.items():
        remove(path, folder)


def remove(path: bytes, folder: int) -> None:
    """Remove the files in an open folder, and the folder if it still is at that path."""
    with contextlib.suppress(OSError):  # `exec` removed it
        for name in os.listdir(folder):
            os.unlink(name, dir_fd=folder)
        os.rmdir(path)


def _told() -> Iterator[bytes]:
    """The words that `exec` tells, until it is gone."""
    rest = b""
    while more := _read():
        *words, rest = (rest + more).split(END)
        yield from words


def _read() -> bytes:
    try:
        return os.read(0, 4096)
    except ConnectionError:
        return b""


def _keep_only_stdin() -> None:
    """Close all other files: nobody must wait for the end of a pipe that only this process keeps open."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 0:
            with contextlib.suppress(OSError):  # that of the listing itself is closed already
                os.close(int(name))
    for _ in range(2):
        os.open(os.devnull, os.O_RDWR)


def end_all(mark: bytes, roots: set[Identity]) -> None:
    """End the marked processes, the roots and what they started: first by SIGTERM, after GRACE_S by SIGKILL.

    Returns when none is left, or after a while when some cannot be ended.
    """
    begun, asked = time.monotonic(), set[Identity]()
    while (left := found(mark, roots)) and (passed := time.monotonic() - begun) < GRACE_S + _PATIENCE_S:
        roots |= {process.identity for process in left}
        for process in left:
            if passed >= GRACE_S:
                send(process, mark, signal.SIGKILL)
            elif process.identity not in asked:
                asked.add(process.identity)
                send(process, mark, signal.SIGTERM, signal.SIGCONT)  # a stopped process would not handle it
        time.sleep(_AGAIN_S)


def found(mark: bytes, roots: set[Identity]) -> list[SeenProcess]:
    """Return the marked processes, the roots and all their descendants, as far as they still run."""
    there = list(_all(mark))
    ours = {one.pid for one in there if one.marked or one.identity in roots}
    while more := {one.pid for one in there if one.parent in ours} - ours:
        ours |= more
    return [one for one in there if one.pid in ours]


def _all(mark: bytes) -> Iterator[SeenProcess]:
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid() and (process := seen(int(name), mark)) is not None:
            yield process


def seen(pid: int, mark: bytes) -> SeenProcess | None:
    """Return the process with this pid, or None if there is none that still runs."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, parent, *rest = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if state in b"ZX" else SeenProcess((pid, rest[17].decode()), int(parent), marked=_marked(pid, mark))


def _marked(pid: int, mark: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return mark in file.read().split(b"\0")
    except OSError:  # another user's process
        return False


def send(process: SeenProcess, mark: bytes, *signals: int) -> None:
    """Send these signals to this process and no other.

    Where the system has no pidfd, a process that gets its pid in the last moment could be hit instead.
    """
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    except OSError:
        handle = None
    now = seen(process.pid, mark)
    if now is not None and now.identity == process.identity:
        for number in signals:
            with contextlib.suppress(OSError):
                os.kill(process.pid, number) if handle is None else signal.pidfd_send_signal(handle, number)
    if handle is not None:
        os.close(handle)


if __name__ == "__main__":
    main(sys.argv[1])
