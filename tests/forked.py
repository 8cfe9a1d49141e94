"""Processes that begin with their modules loaded: forks of a process that has loaded them and done nothing else.

Rule: each is a process of its own, with the arguments, variables and files that it is given and nothing of the tests';
it does all that `python -m` does but load modules, for which hundreds of processes would need half of their time.
What tests the start itself, or measures, starts an interpreter.
"""

from __future__ import annotations

import gc
import io
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self, TextIO, cast

ROOT = Path(__file__).parent.parent
LARGEST = 1 << 17  # bytes of a message, with the environment
STANDARD = 3  # files: input, output, errors


class Forked:
    """A process, as subprocess.Popen shows one."""

    def __init__(self, command: Sequence[str], report: int) -> None:
        self.args = list(command)
        self.stdout: TextIO | None = None  # of what was started with pipes
        self.stderr: TextIO | None = None
        self.returncode: int | Any = None  # None while it runs
        self._lock = threading.Lock()
        self._report = os.fdopen(report, "rb", buffering=0)
        self._said = select.poll()  # `select` takes no more than the first thousand files
        self._said.register(self._report, select.POLLIN)
        self.pid = int(self._line())

    def __del__(self) -> None:
        self._report.close()

    def _line(self) -> str:
        """What its parent says of it next: its pid, and how it ended."""
        said = b""
        while not said.endswith(b"\n"):
            part = self._report.read(1)
            if not part:
                raise ChildProcessError(f"nobody knows what became of {self.args}")
            said += part
        return said.decode()

    def poll(self) -> int | None:
        """How it ended; None: it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What is left of what it says, and its end."""
        with ThreadPoolExecutor(2) as pool:
            said = [pool.submit(_rest, pipe) for pipe in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
                out, err = (text.result(timeout) for text in said)
            except BaseException:
                self.kill()
                raise
        return out, err

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()
        self.wait()

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and self._said.poll(None if seconds is None else seconds * 1000):
            with self._lock:
                if self.returncode is None:  # another thread may have asked meanwhile
                    self.returncode = int(self._line())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """As long as it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _rest(pipe: TextIO | None) -> str:
    return "" if pipe is None or pipe.closed else pipe.read()


Process = subprocess.Popen[str] | Forked


@dataclass(frozen=True)
class Task:
    """What a fork is to do: `python -m MODULE ARGUMENTS`, with these files as its input, output and errors."""

    module: str
    arguments: Sequence[str]
    variables: dict[str, str]
    folder: str
    session: bool
    """Whether it is the first of a session of its own."""
    files: Sequence[int]

    def perform(self) -> None:
        """As the process that it is to be."""
        for number, file in enumerate(self.files):
            os.dup2(file, number)
            os.close(file)
        if self.session:
            os.setsid()
        _open_anew()
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.variables)
        time.tzset()
        sys.argv[1:] = self.arguments
        runpy.run_module(self.module, run_name="__main__", alter_sys=True)


class Parent:
    """The process that forks, with some modules loaded.  It ends with the tests."""

    def __init__(self, prepared: str, variables: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno()), prepared]
            self._process = subprocess.Popen(command, cwd=ROOT, env=variables, pass_fds=[theirs.fileno()])

    def start(self, task: Task) -> Forked:
        """What is to be done, with the task's files."""
        ours, theirs = os.pipe()
        message = json.dumps({name: value for name, value in vars(task).items() if name != "files"}).encode()
        try:
            socket.send_fds(self._socket, [message], [*task.files, theirs])
        finally:
            os.close(theirs)
        return Forked([task.module, *task.arguments], ours)

    def close(self) -> None:
        """End it; what it forked goes on."""
        self._socket.close()
        self._process.wait(60)


_AT_START = ("PYTHON", "COV", "LANG", "LC_")
"""Variables that an interpreter, or what measures coverage, reads when it starts."""
_parents: dict[tuple[tuple[str, str], ...], Parent] = {}
_lock = threading.Lock()


def start(
    prepared: str,
    arguments: Sequence[str],
    variables: Mapping[str, str],
    *files: int,
    session: bool = False,
    folder: Path | None = None,
) -> Forked:
    """`daemon`, `command` or `standin` (see `PREPARED`), with these files as its input, output and errors."""
    at_start = {name: value for name, value in variables.items() if name.startswith(_AT_START)}
    key = (("", prepared), *sorted(at_start.items()))
    with _lock:
        if key not in _parents:
            _parents[key] = Parent(prepared, variables)
    place = str(folder or Path.cwd())
    return _parents[key].start(Task(PREPARED[prepared].module, arguments, dict(variables), place, session, files))


def start_without_input(
    prepared: str, arguments: Sequence[str], variables: Mapping[str, str], output: int, errors: int
) -> Forked:
    """The same where nothing is read."""
    with open(os.devnull, "rb") as nothing:
        return start(prepared, arguments, variables, nothing.fileno(), output, errors)


def close() -> None:
    """At the end of all tests."""
    with _lock:
        while _parents:
            _parents.popitem()[1].close()


def start_with_pipes(prepared: str, arguments: Sequence[str], variables: Mapping[str, str]) -> Forked:
    """In a session of its own and without input; what it says is in `stdout` and `stderr`."""
    (out, output), (err, errors) = os.pipe(), os.pipe()
    with open(os.devnull, "rb") as nothing:
        process = start(prepared, arguments, variables, nothing.fileno(), output, errors, session=True)
    for end in (output, errors):
        os.close(end)
    process.stdout, process.stderr = os.fdopen(out), os.fdopen(err)
    return process


# -- in the process that forks -----------------------------------------------------------------------------------------


def _open_anew() -> None:
    """The standard files as an interpreter opens them: each remembers whether it can be sought, or is a terminal."""
    unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        before = getattr(sys, f"__{name}__")
        raw = io.FileIO(number, "w" if number else "r", closefd=False)
        binary = io.BufferedReader(raw) if not number else raw if unbuffered else io.BufferedWriter(raw)
        text = io.TextIOWrapper(
            cast("BinaryIO", binary), before.encoding, before.errors, None,
            line_buffering=raw.isatty() or name == "stderr", write_through=bool(number) and unbuffered,
        )  # fmt: skip
        setattr(sys, name, text)
        setattr(sys, f"__{name}__", text)


class Forking:
    """Forks for each message, and says what became of it."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._reports: dict[int, int] = {}
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def until_forked(self) -> Task | None:
        """In each fork its task; in the process that forks nothing, once nobody is there who would ask for more."""
        while True:
            ready, _, _ = select.select([self._control.fileno(), self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._report_ends()
            if self._control.fileno() in ready:
                message, files, _, _ = socket.recv_fds(self._control, LARGEST, STANDARD + 1)
                if not message:
                    return None
                if not self._forked(files):
                    return Task(**json.loads(message), files=files[:STANDARD])

    def _forked(self, files: list[int]) -> int:
        """The process id of the fork; 0 in it."""
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            for file in (self._woken, self._wake, files[STANDARD], *self._reports.values()):
                os.close(file)
            return 0
        for file in files[:STANDARD]:
            os.close(file)
        self._reports[child] = files[STANDARD]
        self._tell(child, child)
        return child

    def _report_ends(self) -> None:
        for child in list(self._reports):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                self._tell(child, os.waitstatus_to_exitcode(status))
                os.close(self._reports.pop(child))

    def _tell(self, child: int, number: int) -> None:
        with suppress(BrokenPipeError):  # nobody wants to know
            os.write(self._reports[child], f"{number}\n".encode())


def _load_daemon() -> None:
    """All that `ppa-assigner run` loads."""
    from ppa_assigner.api import app, server
    from ppa_assigner.cli import daemon

    _ = app, server, daemon


def _load_standin() -> None:
    """The stand-in, with the description of its service made: it is the same in each."""
    from ppa_assigner.standin.clock import Clock
    from ppa_assigner.standin.messages import HttpRequest
    from ppa_assigner.standin.service import WebService
    from ppa_assigner.standin.world import Spec, World

    service = WebService(World(Clock(1.0), Spec()), ("127.0.0.1", 1))
    described = service.apply(HttpRequest("GET", "/devel/", {"accept": "application/vnd.sun.wadl+xml"}))
    assert described.status == 200


def _load_command() -> None:
    """What all commands of a client load."""
    from ppa_assigner.cli import app, output
    from ppa_assigner.client import client

    _ = app, output, client


@dataclass(frozen=True)
class Prepared:
    """A module that can be run, and how what it needs is loaded."""

    module: str
    load: Callable[[], None]


PREPARED = {
    "daemon": Prepared("ppa_assigner.cli", _load_daemon),
    "command": Prepared("ppa_assigner.cli", _load_command),
    "standin": Prepared("ppa_assigner.standin", _load_standin),
}


def main() -> None:
    """`python -m tests.forked SOCKET PREPARED`."""
    PREPARED[sys.argv[2]].load()
    assert threading.active_count() == 1  # a fork has this thread alone
    gc.freeze()  # what all forks share is looked through by none
    with socket.socket(fileno=int(sys.argv[1])) as control:
        task = Forking(control).until_forked()
    if task is not None:
        task.perform()


if __name__ == "__main__":
    main()
