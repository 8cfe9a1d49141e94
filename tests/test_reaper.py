"""A command does not outlive the `exec` that has its PPA: real processes, and signals that nobody can handle."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ppa_assigner.cli import reaper
from tests.commandline import DEADLINE_S, PROGRAM, Running, environment, killed_at_last, started
from tests.fakedaemon import LEASE, PPA, FakeDaemon, Noted, Reply, problem
from tests.waiting import until

LEASES = "/v1/leases"
ONE = "/v1/leases/4c1f"
TOUCH = "/v1/leases/4c1f/touch"
EXEC = ("exec", "--owner", "ticket-123")
PID = "echo $$; exec sleep 1000"
# Each prints its pid and stays: beside it, in a session of its own with its parent gone, without the environment, deaf
# to SIGTERM, stopped.
FAMILY = {
    "background": f"sh -c '{PID}' & wait",
    "daemonized": f"(setsid sh -c '{PID}' &); sleep 1000",
    "without its environment": f"env -i sh -c '{PID}' & wait",
    "deaf": 'trap "" TERM; echo $$; while :; do sleep 1000; done',
    "stopped": "sh -c 'echo $$; kill -STOP $$; exec sleep 1000' & wait",
}


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """Gives a PPA to everyone, and takes it back."""
    with FakeDaemon() as fake:
        fake.on("POST", LEASES, Reply(201, LEASE)).on("DELETE", ONE, Reply(200, PPA))
        yield fake


def pid_of(process: Running) -> int:
    """What it printed."""
    assert process.stdout is not None
    return int(process.stdout.readline())


def runs(pid: int) -> bool:
    """Whether a process of this number has not ended."""
    return reaper.seen(pid, b"") is not None


@contextlib.contextmanager
def ended_at_last(pid: int) -> Iterator[None]:
    """What a test left running does not outlive it."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("script", FAMILY.values(), ids=list(FAMILY))
def test_a_killed_exec_takes_its_command_with_it(daemon: FakeDaemon, script: str) -> None:
    """And all that the command started; then nobody has its stdout any more."""
    with started(*EXEC, "--", "sh", "-c", script, url=daemon.url) as process:
        pid = pid_of(process)
        with ended_at_last(pid):
            process.send_signal(signal.SIGKILL)
            until(lambda: not runs(pid), "its end", DEADLINE_S)
            assert process.stdout is not None
            assert process.stdout.read() == ""


def test_who_is_beside_it_is_let_alone(daemon: FakeDaemon) -> None:
    """Another process of the same group, and another exec."""
    with started(*EXEC, "--", "sh", "-c", PID, url=daemon.url) as other, subprocess.Popen(["sleep", "1000"]) as beside:
        others = pid_of(other)
        with ended_at_last(beside.pid), started(*EXEC, "--", "sh", "-c", PID, url=daemon.url) as process:
            pid = pid_of(process)
            process.send_signal(signal.SIGKILL)
            until(lambda: not runs(pid), "its end", DEADLINE_S)
            assert beside.poll() is None
            assert runs(others)
        other.terminate()
        assert other.wait(DEADLINE_S) == 143


def test_the_whole_group_is_killed(daemon: FakeDaemon) -> None:
    """As runners do with a job: what the command put into a session of its own ends too."""
    process = subprocess.Popen(
        [*PROGRAM, *EXEC, "--", "sh", "-c", FAMILY["daemonized"]],
        stdout=subprocess.PIPE, text=True, env=environment(daemon.url), start_new_session=True,
    )  # fmt: skip
    with killed_at_last(process):
        pid = pid_of(process)
        with ended_at_last(pid):
            os.killpg(process.pid, signal.SIGKILL)
            until(lambda: not runs(pid), "its end", DEADLINE_S)


def test_what_a_command_leaves_running_at_its_own_end_goes_on(daemon: FakeDaemon) -> None:
    """It did so on purpose; and exec does not wait for it."""
    script = "sleep 1000 >&- 2>&- & echo $!"
    with started(*EXEC, "--", "sh", "-c", script, url=daemon.url) as process:
        pid = pid_of(process)
        with ended_at_last(pid):
            assert process.wait(DEADLINE_S) == 0
            assert runs(pid)
    assert len(daemon.calls("DELETE", ONE)) == 1


def test_what_a_command_leaves_running_ends_with_its_lease() -> None:
    """A shell that is told to stop leaves behind what it was waiting for."""
    with FakeDaemon() as daemon:
        daemon.on("POST", LEASES, Reply(201, LEASE | {"idle": 6})).on("POST", TOUCH, problem(410, "lease-over"))
        with started(*EXEC, "--", "sh", "-c", f"sh -c '{PID}'; echo on", url=daemon.url) as process:
            pid = pid_of(process)
            with ended_at_last(pid):
                assert process.wait(DEADLINE_S) == 143
                assert not runs(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_a_stopped_command_leaves_running_ends_before_the_ppa_is_given_back(number: int) -> None:
    """A job that is cancelled during an upload: the shell ends, what it waited for would go on uploading."""
    left: list[bool] = []
    with FakeDaemon() as daemon:
        daemon.on("POST", LEASES, Reply(201, LEASE))
        script = f"sh -c '{PID}'; echo on"
        with started(*EXEC, "--", "sh", "-c", script, url=daemon.url) as process:
            pid = pid_of(process)
            with ended_at_last(pid):
                daemon.on("DELETE", ONE, Noted(Reply(200, PPA), lambda: left.append(runs(pid))))
                process.send_signal(number)
                assert process.wait(DEADLINE_S) == 128 + number
    assert left == [False]


def test_a_command_whose_lease_cannot_be_kept_is_not_run(daemon: FakeDaemon, tmp_path: Path) -> None:
    """No thread can be started that would touch it: the PPA is given back, and said why."""
    code = "import sys, threading; threading.stack_size(1 << 45); from ppa_assigner.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *EXEC, "--", "touch", str(tmp_path / "ran")], check=False, text=True,
        env=environment(daemon.url), stderr=subprocess.PIPE, timeout=DEADLINE_S,
    )  # fmt: skip
    assert done.returncode == 69
    assert "no thread can be started" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "ran").exists()
    assert len(daemon.calls("DELETE", ONE)) == 1


def test_the_watcher_ends_with_exec_and_keeps_nothing_open(daemon: FakeDaemon) -> None:
    """A pipe that exec was given is at its end when exec is."""
    ours, theirs = os.pipe()
    done = subprocess.run(
        [*PROGRAM, *EXEC, "--", "sh", "-c", f"echo ${reaper.VARIABLE}"], pass_fds=[theirs], check=False,
        env=environment(daemon.url), stdout=subprocess.PIPE, text=True, timeout=DEADLINE_S,
    )  # fmt: skip
    os.close(theirs)
    assert select.select([ours], [], [], DEADLINE_S)[0]
    assert os.read(ours, 1) == b""
    os.close(ours)
    mark = done.stdout.strip()
    assert len(mark) == 32
    assert not [each for each in Path("/proc").glob("[0-9]*/cmdline") if mark in _text(each)]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def test_a_signal_is_for_the_process_that_was_looked_at() -> None:
    """Not for another one that has its number by now."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        there = reaper.seen(process.pid, b"")
        assert there is not None
        earlier = reaper.SeenProcess((process.pid, "1"), there.parent, marked=False)
        reaper.send(earlier, b"", signal.SIGKILL)
        assert process.communicate(b"\n", timeout=DEADLINE_S)
        assert process.returncode == 0
    reaper.send(there, b"", signal.SIGKILL)
    assert reaper.seen(process.pid, b"") is None


def test_only_what_is_in_the_folder_that_was_named_is_removed(tmp_path: Path) -> None:
    """Not what another put at its path, and not what is not a file of it."""
    ours, other = tmp_path / "ours", tmp_path / "other"
    for folder in (ours, other):
        folder.mkdir()
        (folder / "ppa.sources").touch()
    opened = os.open(ours, os.O_RDONLY)
    ours.rename(tmp_path / "moved")
    ours.symlink_to(other)
    reaper.remove(os.fsencode(ours), opened)
    os.close(opened)
    assert list((tmp_path / "moved").iterdir()) == []
    assert [path.name for path in other.iterdir()] == ["ppa.sources"]
