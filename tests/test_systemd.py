"""What is said to a service manager, and what is taken from it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ppa_assigner import systemd


def test_nothing_is_said_without_a_service_manager() -> None:
    """Without NOTIFY_SOCKET the daemon is silent."""
    assert systemd.notify("READY=1", {}) is False


@pytest.mark.parametrize("abstract", [False, True])
def test_a_notification_reaches_the_socket(tmp_path: Path, abstract: bool) -> None:
    """A path and an abstract address (`@`) both work."""
    name = f"@ppa-assigner-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(5)
        assert systemd.notify("READY=1", {"NOTIFY_SOCKET": name})
        assert manager.recv(100) == b"READY=1"


def test_a_manager_that_does_not_listen_is_no_error(tmp_path: Path) -> None:
    """The daemon's work does not depend on being heard."""
    assert systemd.notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "nobody")}) is False


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "x"}, None),
        ({"WATCHDOG_USEC": "9" * 400}, None),
    ],
)
def test_the_watchdog_is_fed_only_when_asked(environ: dict[str, str], expected: float | None) -> None:
    """In seconds, and only for this process."""
    assert systemd.watchdog_seconds(environ) == expected


def test_sockets_for_another_process_are_left_alone() -> None:
    """LISTEN_PID names who they are for."""
    assert systemd.inherited_sockets({"LISTEN_FDS": "1", "LISTEN_PID": "1"}) == []
    assert systemd.inherited_sockets({}) == []


INHERIT = """
import os, socket
from ppa_assigner import systemd
(one,) = systemd.inherited_sockets({"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
print(one.getsockname()[1], one.get_inheritable())
"""


def test_an_inherited_socket_is_the_one_that_was_opened() -> None:
    """File descriptor 3, not passed on to children."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        wanted = listening.getsockname()[1]
        again = f"os.execv(sys.executable, [sys.executable, '-c', {INHERIT!r}])"
        script = f"import os, sys; os.dup2({listening.fileno()}, 3); {again}"
        done = subprocess.run(
            [sys.executable, "-c", script], pass_fds=[listening.fileno()], capture_output=True, text=True, timeout=30
        )
    assert done.stdout.split() == [str(wanted), "False"], done.stderr


def test_it_is_known_whether_stderr_goes_to_the_journal(tmp_path: Path) -> None:
    """JOURNAL_STREAM names the very file; a shell that inherits it, and writes to a terminal, is not meant."""
    with (tmp_path / "stream").open("w") as stream, (tmp_path / "other").open("w") as other:
        status = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert systemd.journalled(stream.fileno(), environ)
        assert not systemd.journalled(other.fileno(), environ)
        assert not systemd.journalled(stream.fileno(), {})
        closed = os.dup(stream.fileno())
        os.close(closed)
    assert not systemd.journalled(closed, environ)
