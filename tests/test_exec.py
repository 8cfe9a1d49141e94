"""`exec`: a command with a PPA of its own, as processes that get real signals."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commandline import DEADLINE_S, PROGRAM, Running, cli, environment, killed_at_last, started
from tests.fakedaemon import LEASE, PPA, Drop, FakeDaemon, Held, Reply, problem

LEASES = "/v1/leases"
ONE = "/v1/leases/4c1f"
TOUCH = "/v1/leases/4c1f/touch"
EXEC = ("exec", "--owner", "ticket-123")

# Says that it runs, then waits for a signal and tells which came; stdin is no part of it.
LISTENER = """
import signal, sys
wanted = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
print("ready", flush=True)
print(signal.Signals(signal.sigwait(wanted)).name, flush=True)
sys.exit(9)
"""
LISTEN = (sys.executable, "-c", LISTENER)


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """Gives a PPA to everyone, and takes it back."""
    with FakeDaemon() as fake:
        fake.on("POST", LEASES, Reply(201, LEASE)).on("DELETE", ONE, Reply(200, PPA))
        yield fake


def line_of(process: Running) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_the_command_has_its_ppa(daemon: FakeDaemon) -> None:
    """Four variables, the rest of the environment, stdin and stdout; released afterwards; nothing else is printed."""
    script = 'cat; echo "$PPA|$PPA_REFERENCE|$PPA_LEASE_ID|$PPA_WEB|$OTHER"'
    done = cli(*EXEC, "--", "sh", "-c", script, url=daemon.url, env={"OTHER": "kept"}, stdin="typed\n")
    web = "https://launchpad.net/~ci-pool/+archive/ubuntu/pool-001"
    assert done.stdout == f"typed\nppa:ci-pool/ubuntu/pool-001|~ci-pool/ubuntu/pool-001|4c1f|{web}|kept\n"
    assert (done.returncode, done.stderr) == (0, "")
    assert [seen.method for seen in daemon.requests] == ["POST", "DELETE"]


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 3", 3), ("exit 75", 75), ("kill -9 $$", 137)])
def test_the_exit_code_is_the_commands(daemon: FakeDaemon, script: str, code: int) -> None:
    """128 + n when signal n ended it; the PPA is given back each time."""
    done = cli(*EXEC, "--", "sh", "-c", script, url=daemon.url)
    assert (done.returncode, done.stderr) == (code, "")
    assert len(daemon.calls("DELETE", ONE)) == 1


def test_options_of_the_command_are_its_own(daemon: FakeDaemon) -> None:
    """What follows COMMAND is not read, with and without `--` before it."""
    assert cli(*EXEC, "--", "echo", "--owner", "--json", url=daemon.url).stdout == "--owner --json\n"
    assert cli(*EXEC, "echo", "--json", url=daemon.url).stdout == "--json\n"


def test_a_command_that_cannot_run_takes_no_ppa(daemon: FakeDaemon, tmp_path: Path) -> None:
    """127 when it is not there, 126 when it is no program; the daemon is not even asked."""
    (tmp_path / "text").write_text("no program")
    assert cli(*EXEC, "--", "no-such-command", url=daemon.url).returncode == 127
    assert cli(*EXEC, "--", str(tmp_path / "none"), url=daemon.url).returncode == 127
    assert cli(*EXEC, "--", str(tmp_path / "text"), url=daemon.url).returncode == 126
    assert cli(*EXEC, "--", str(tmp_path), url=daemon.url).returncode == 126
    assert daemon.requests == []


def test_a_program_that_the_kernel_refuses_gives_its_ppa_back(daemon: FakeDaemon, tmp_path: Path) -> None:
    """Executable, but no format that can be run: 126, and the PPA is free again."""
    (tmp_path / "odd").write_bytes(b"\x00\x01odd")
    (tmp_path / "odd").chmod(0o755)
    assert cli(*EXEC, "--", str(tmp_path / "odd"), url=daemon.url).returncode == 126
    assert len(daemon.calls("DELETE", ONE)) == 1


def test_none_free_runs_nothing(daemon: FakeDaemon, tmp_path: Path) -> None:
    """The code is that of assign."""
    with FakeDaemon() as full:
        full.on("POST", LEASES, problem(409, "none-free"))
        done = cli(*EXEC, "--", "touch", str(tmp_path / "ran"), url=full.url)
    assert (done.returncode, (tmp_path / "ran").exists()) == (75, False)


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGTERM"])
def test_signals_are_passed_on(daemon: FakeDaemon, name: str) -> None:
    """The command decides what they mean; exec waits for its end, and gives the PPA back."""
    with started(*EXEC, "--", *LISTEN, url=daemon.url) as process:
        assert line_of(process) == "ready\n"
        process.send_signal(signal.Signals[name])
        assert process.communicate(timeout=DEADLINE_S) == (f"{name}\n", "")
    assert process.returncode == 9
    assert len(daemon.calls("DELETE", ONE)) == 1


def test_a_command_ended_by_a_signal_passed_on(daemon: FakeDaemon) -> None:
    """The command starts with signals unblocked and at their defaults, SIGPIPE too."""
    with started(*EXEC, "--", "sh", "-c", "echo ready; exec sleep 1000", url=daemon.url) as process:
        assert line_of(process) == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 143
    state = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    assert cli(*EXEC, "--", sys.executable, "-c", state, url=daemon.url).stdout == "set()\n"
    ignored = cli(*EXEC, "--", "grep", "SigIgn", "/proc/self/status", url=daemon.url).stdout
    assert int(ignored.split()[1], 16) & 1 << signal.SIGPIPE - 1 == 0


def test_ctrl_c_of_a_terminal_comes_once(daemon: FakeDaemon) -> None:
    """The terminal sends it to the command itself: exec does not send it again."""
    counter = """
import signal
wanted = {signal.SIGINT, signal.SIGUSR1}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
print("ready", flush=True)
came = []
while signal.SIGUSR1 not in came:
    came.append(signal.sigwait(wanted))
    print("got", flush=True)
print("count", came.count(signal.SIGINT), flush=True)
"""
    ours, theirs = pty.openpty()
    take_terminal = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    to_foreground = take_terminal + "; os.execv(sys.argv[1], sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", to_foreground, *PROGRAM, *EXEC, "--", sys.executable, "-c", counter],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(daemon.url),
        start_new_session=True,
    )
    os.close(theirs)
    with killed_at_last(process), os.fdopen(ours, "r+b", buffering=0) as terminal:
        assert b"ready" in _until(ours, b"ready")
        terminal.write(b"\x03")
        assert b"got" in _until(ours, b"got")
        process.send_signal(signal.SIGUSR1)  # passed on after any SIGINT that would have been passed on
        assert b"count 1" in _until(ours, b"count")
        assert process.wait(DEADLINE_S) == 0


def _until(terminal: int, text: bytes) -> bytes:
    shown = b""
    while text not in shown or not shown.endswith(b"\n"):
        assert select.select([terminal], [], [], DEADLINE_S)[0], f"only this came: {shown!r}"
        shown += os.read(terminal, 1024)
    return shown


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGQUIT, 131)])
def test_a_signal_while_waiting_takes_the_wish_back(number: signal.Signals, code: int) -> None:
    """The command never runs, and no PPA stays behind."""
    with FakeDaemon() as daemon:
        daemon.on("POST", LEASES, Held(Reply(201, LEASE))).on("DELETE", LEASES, Reply(200))
        with started(*EXEC, "--wait", "1h", "--", "echo", "ran", url=daemon.url) as process:
            (asked,) = daemon.wait_for("POST", LEASES)
            process.send_signal(number)
            assert process.communicate(timeout=DEADLINE_S) == ("", "")
        assert process.returncode == code
        assert [seen.query for seen in daemon.calls("DELETE", LEASES)] == [{"request_id": asked.body["request_id"]}]


def test_what_was_ignored_stays_ignored(daemon: FakeDaemon) -> None:
    """Under nohup, a hangup ends neither exec nor its command."""
    script = "echo ready; read line; echo $line"
    shell = f"trap \"\" HUP; exec {PROGRAM[0]} -c '{PROGRAM[2]}' {' '.join(EXEC)} -- sh -c '{script}'"
    process = subprocess.Popen(
        ["sh", "-c", shell],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(daemon.url),
    )
    with killed_at_last(process):
        assert line_of(process) == "ready\n"
        process.send_signal(signal.SIGHUP)
        assert process.communicate("on\n", timeout=DEADLINE_S)[0] == "on\n"
    assert process.returncode == 0


def test_it_touches_while_the_command_runs(daemon: FakeDaemon) -> None:
    """Within every quarter of the lease's idle time; a daemon that fails for a while is no matter."""
    short = LEASE | {"idle": 6}
    with FakeDaemon() as other:
        other.on("POST", LEASES, Reply(201, short)).on("DELETE", ONE, Reply(200, PPA))
        other.on("POST", TOUCH, Drop(), problem(503, "launchpad-unavailable"), Reply(200, short))
        with started(*EXEC, "--", *LISTEN, url=other.url) as process:
            other.wait_for("POST", TOUCH, 5)
            assert line_of(process) == "ready\n"
            process.send_signal(signal.SIGUSR1)
            assert process.communicate(timeout=DEADLINE_S) == ("SIGUSR1\n", "")


@pytest.mark.parametrize("answer", [problem(410, "lease-over"), problem(404, "unknown-lease")])
def test_a_lost_lease_stops_the_command(answer: Reply) -> None:
    """It gets SIGTERM, people a line, and the exit code is its own; the PPA, maybe another's now, is let alone."""
    with FakeDaemon() as daemon:
        daemon.on("POST", LEASES, Reply(201, LEASE | {"idle": 24})).on("POST", TOUCH, answer)
        done = cli(*EXEC, "--", *LISTEN, url=daemon.url)
        assert (done.returncode, done.stdout) == (9, "ready\nSIGTERM\n")
        assert "the lease of ~ci-pool/ubuntu/pool-001 is lost" in done.stderr
        assert daemon.calls("DELETE", ONE) == []


def test_a_lost_lease_may_only_warn() -> None:
    """With --on-lost warn the command runs on."""
    with FakeDaemon() as daemon:
        daemon.on("POST", LEASES, Reply(201, LEASE | {"idle": 6})).on("POST", TOUCH, problem(410, "lease-over"))
        with started(*EXEC, "--on-lost", "warn", "--", *LISTEN, url=daemon.url) as process:
            assert process.stderr is not None
            assert "runs on" in process.stderr.readline()
            assert line_of(process) == "ready\n"
            process.send_signal(signal.SIGUSR2)
            assert process.communicate(timeout=DEADLINE_S) == ("SIGUSR2\n", "")
        assert process.returncode == 9


def test_the_fixed_end_counts_without_the_daemon(daemon: FakeDaemon) -> None:
    """When `until` has passed and nobody answers, the lease is lost all the same."""
    with FakeDaemon() as away:
        away.on("POST", LEASES, Reply(201, LEASE | {"until": "2026-11-25T03:14:20Z"})).on("POST", TOUCH, Drop())
        done = cli(*EXEC, "--", *LISTEN, url=away.url)
    assert (done.returncode, done.stdout) == (9, "ready\nSIGTERM\n")


def test_a_daemon_that_comes_back_gets_its_ppa() -> None:
    """The release is tried again, through drops and restarts; then all is well and nothing is said."""
    with FakeDaemon() as daemon:
        daemon.on("POST", LEASES, Reply(201, LEASE))
        daemon.on("DELETE", ONE, Drop(), problem(503, "launchpad-unavailable"), problem(404, "unknown-lease"))
        done = cli(*EXEC, "--", "sh", "-c", "exit 4", url=daemon.url)
    assert (done.returncode, done.stderr) == (4, "")


def test_a_release_that_the_daemon_does_later_is_said_and_not_waited_for() -> None:
    """Launchpad is away at the command's end; the code stays the command's."""
    with FakeDaemon() as daemon:
        pending = problem(503, "launchpad-unavailable", retry_after=5, pending=True)
        daemon.on("POST", LEASES, Reply(201, LEASE)).on("DELETE", ONE, pending)
        done = cli(*EXEC, "--", "sh", "-c", "exit 4", url=daemon.url)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("ppa-assigner: ~ci-pool/ubuntu/pool-001: not released yet: the daemon does it")
    assert len(daemon.calls("DELETE", ONE)) == 1


def test_a_daemon_that_stays_away_costs_a_warning() -> None:
    """For half a minute at most, whatever signals come meanwhile; the code stays the command's."""
    with FakeDaemon() as daemon:
        released = threading.Event()
        daemon.on("POST", LEASES, Reply(201, LEASE)).on("DELETE", ONE, Held(Reply(200, PPA), go=threading.Event()))
        daemon.after("DELETE", ONE, 1, released)
        with started(*EXEC, "--", "sh", "-c", "exit 4", url=daemon.url) as process:
            assert released.wait(DEADLINE_S)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, out) == (4, "")
    assert "ends by itself at 2026-11-25T11:14:12Z" in err
